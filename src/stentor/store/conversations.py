"""Conversations: one person's view of the direct messages with certain others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stentor.domain.paging import Cursor
from stentor.store.database import Reader, Transaction


def pack(participant_ids: Iterable[int], account_id: int) -> str:
    """What is kept of who takes part: the others' ids in order, one's own if there are none."""
    others = sorted(set(participant_ids) - {account_id}) or [account_id]
    return ",".join(map(str, others))


def unpack(participants: str) -> list[int]:
    """The ids that `pack` has packed."""
    return [int(part) for part in participants.split(",") if part]


class Conversation(NamedTuple):
    """A row of ``account_conversations``; its last status exists."""

    id: int
    participants: str
    last_status_id: int
    unread: bool


COLUMNS = ", ".join(f"c.{name}" for name in Conversation._fields)
# A conversation whose last status went with its author is not shown; see `forget_status`.
_WITH_STATUS = "EXISTS (SELECT 1 FROM statuses s WHERE s.id = c.last_status_id)"

# Along the index of one person's conversations by their last status.
_PAGE = f"""
    SELECT {COLUMNS} FROM account_conversations c
    WHERE c.account_id = $1 AND c.last_status_id > $2 AND c.last_status_id < $3 AND {_WITH_STATUS}
    ORDER BY c.last_status_id %s LIMIT $4
"""
PAGE = {False: _PAGE % "DESC", True: _PAGE % "ASC"}


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[Conversation]:
    """A page of conversations, the one with the newest status first."""
    rows = await db.fetch(
        PAGE[cursor.ascending], account_id, cursor.after, cursor.before, cursor.limit
    )
    found = [Conversation._make(row) for row in rows]
    return found[::-1] if cursor.ascending else found


async def find(db: Reader, account_id: int, conversation_id: int | None) -> Conversation | None:
    """A conversation of that person; somebody else's is as good as none."""
    if conversation_id is None:
        return None
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM account_conversations c"
        f" WHERE c.id = $1 AND c.account_id = $2 AND {_WITH_STATUS}",
        conversation_id,
        account_id,
    )
    return None if row is None else Conversation._make(row)


async def set_unread(tx: Transaction, conversation_id: int, *, unread: bool) -> None:
    """Marks a conversation as unread, or as read."""
    await tx.run(
        "UPDATE account_conversations SET unread = $2 WHERE id = $1", conversation_id, unread
    )


async def delete(tx: Transaction, account_id: int, conversation_id: int) -> bool:
    """Removes it from that person's sight, the messages stay; False if there was none."""
    return bool(
        await tx.run(
            "DELETE FROM account_conversations WHERE id = $1 AND account_id = $2",
            conversation_id,
            account_id,
        )
    )


# Ids hold digits only, so that nothing in the pattern is a wildcard by accident.
FORGET = """
    DELETE FROM account_conversations WHERE account_id = $1
      AND ',' || participants || ',' LIKE '%,' || $2::text || ',%'
"""


async def forget(tx: Transaction, account_id: int, target_id: int) -> None:
    """Removes an account's conversations in which somebody takes part (block, mute)."""
    await tx.run(FORGET, account_id, str(target_id))


# How far back `forget_status` looks for the status before the last one.
LOOK_BACK = 200

LAST_IN = """
    SELECT c.id, c.account_id, c.conversation_id, c.participants FROM account_conversations c
    WHERE c.last_status_id = $1 AND c.conversation_id = $2
"""
# The newest direct messages of a conversation that are left, with whom each reaches.
EARLIER = """
    SELECT s.id, s.account_id, m.account_id
    FROM (
      SELECT id, account_id FROM statuses
      WHERE conversation_id = $1 AND visibility = 'direct' AND id <> $2
      ORDER BY id DESC LIMIT $3
    ) s
    LEFT JOIN mentions m ON m.status_id = s.id AND NOT m.silent
    ORDER BY s.id DESC
"""


async def forget_status(tx: Transaction, status_id: int, conversation_id: int) -> None:
    """Before a direct message is deleted: conversations show the one before it, or are gone."""
    affected = await tx.fetch(LAST_IN, status_id, conversation_id)
    if not affected:
        return
    reached: dict[int, set[int]] = {}
    for earlier_id, author_id, mentioned_id in await tx.fetch(
        EARLIER, conversation_id, status_id, LOOK_BACK
    ):
        people = reached.setdefault(earlier_id, {author_id})
        if mentioned_id is not None:
            people.add(mentioned_id)
    for row_id, owner_id, _, participants in affected:
        last = _newest(reached, owner_id, participants)
        if last is None:
            await tx.run("DELETE FROM account_conversations WHERE id = $1", row_id)
        else:
            await tx.run(
                "UPDATE account_conversations SET last_status_id = $2 WHERE id = $1", row_id, last
            )


def _newest(reached: dict[int, set[int]], owner_id: int, participants: str) -> int | None:
    """The first of those statuses that is between the owner and exactly these others."""
    for status_id, people in reached.items():
        if owner_id in people and pack(people, owner_id) == participants:
            return status_id
    return None


def everybody(conversations: Sequence[Conversation]) -> set[int]:
    """Whoever takes part in any of them."""
    return {one for conversation in conversations for one in unpack(conversation.participants)}


# The newest status counts, whatever the order in which they come in.
ADD_DIRECT = """
    INSERT INTO account_conversations
        (account_id, conversation_id, participants, last_status_id, unread)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account_id, conversation_id, participants) DO UPDATE SET
        last_status_id = CASE
            WHEN account_conversations.last_status_id > excluded.last_status_id
            THEN account_conversations.last_status_id ELSE excluded.last_status_id END,
        unread = excluded.unread
"""


async def add_direct(
    tx: Transaction,
    *,
    account_id: int,
    conversation_id: int,
    participants: Iterable[int],
    status_id: int,
    unread: bool,
) -> None:
    """Puts a direct status into one person's conversations; ``participants`` may name him too."""
    others = pack(participants, account_id)
    await tx.run(ADD_DIRECT, account_id, conversation_id, others, status_id, unread)


async def add_direct_mention(tx: Transaction, account_id: int, status_id: int) -> None:
    """Puts a direct status into the conversations of somebody it mentions; two queries."""
    rows = await tx.fetch(
        "SELECT s.conversation_id, s.account_id, m.account_id FROM statuses s"
        " JOIN mentions m ON m.status_id = s.id AND NOT m.silent WHERE s.id = $1",
        status_id,
    )
    if rows:
        await add_direct(
            tx,
            account_id=account_id,
            conversation_id=rows[0][0],
            participants=[rows[0][1], *(row[2] for row in rows)],
            status_id=status_id,
            unread=True,
        )
