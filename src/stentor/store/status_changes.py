"""Statuses that were edited or deleted lately: what streams tell of them, and to whom."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from stentor.domain import times
from stentor.store import statuses
from stentor.store.database import Reader, Row, Transaction

#: How long they are kept: whoever was away for longer reads his timelines anew.
KEPT = 3 * times.DAY
# Reblogs that a deletion takes along, and that are told of one by one.
REBLOGS = 1000


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One edit or deletion. The rest is known of deletions only."""

    id: int
    status_id: int
    account_id: int
    deleted: bool
    visibility: str
    local: bool
    #: The author and whom the status mentions.
    people: frozenset[int]
    tags: frozenset[str]
    created_at: int


EDITED = """
    INSERT INTO status_changes (status_id, root_id, account_id, deleted, created_at)
    VALUES ($1, $1, $2, FALSE, $3)
"""


async def add_edit(tx: Transaction, status_id: int, account_id: int, *, now: int) -> None:
    """A status says something else now."""
    await tx.run(EDITED, status_id, account_id, now)


# The status and its reblogs, which go with it. What names nobody is that of the status.
DELETED = """
    INSERT INTO status_changes
        (status_id, root_id, account_id, deleted, visibility, local, people, tags, created_at)
    SELECT s.id, $1, s.account_id, TRUE, s.visibility, a.domain = '', $2::text, $3::text, $4::bigint
    FROM statuses s JOIN accounts a ON a.id = s.account_id
    WHERE s.id = $1 OR s.reblog_of_id = $1 ORDER BY s.id LIMIT $5
"""


async def add_deletion(tx: Transaction, status_id: int, *, now: int) -> None:
    """A status is about to be removed, and its reblogs with it; call it while it is there."""
    rows = await tx.fetch(statuses.MENTIONS_AND_TAGS, [status_id])
    people = sorted(row[1] for row in rows if not row[3])
    tags = sorted(row[3] for row in rows if row[3])
    await tx.run(
        DELETED,
        status_id,
        msgspec.json.encode(people).decode(),
        msgspec.json.encode(tags).decode(),
        now,
        REBLOGS,
    )


COLUMNS = "id, status_id, account_id, deleted, visibility, local, people, tags, created_at"


def _change(row: Row) -> StatusChange:
    number, status_id, account_id, deleted, visibility, local, people, tags, created_at = row
    return StatusChange(
        number,
        status_id,
        account_id,
        bool(deleted),
        visibility,
        bool(local),
        frozenset((*msgspec.json.decode(people, type=list[int]), account_id)),
        frozenset(msgspec.json.decode(tags, type=list[str])),
        created_at,
    )


async def deletions(db: Reader, status_id: int) -> list[StatusChange]:
    """What went with a deleted status, itself first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM status_changes WHERE root_id = $1 AND deleted ORDER BY id",
        status_id,
    )
    return [_change(row) for row in rows]


async def since(db: Reader, time: int, limit: int) -> list[StatusChange]:
    """Changes after that time in their order, at most so many."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM status_changes WHERE created_at > $1"
        " ORDER BY created_at, id LIMIT $2",
        time,
        limit,
    )
    return [_change(row) for row in rows]


async def sweep(tx: Transaction, *, now: int) -> int:
    """Forgets some of those that are older than KEPT; how many."""
    return await tx.run(
        "DELETE FROM status_changes WHERE id IN"
        " (SELECT id FROM status_changes WHERE created_at < $1 ORDER BY created_at LIMIT 1000)",
        now - KEPT,
    )
