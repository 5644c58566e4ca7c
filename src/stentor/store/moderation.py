"""What moderators and operators do to an account: marks that come and go, and its removal."""

from __future__ import annotations

from enum import Enum

from stentor.store.database import Transaction


class Mark(Enum):
    """A moment kept in ``accounts``: since when it holds, or null."""

    LIMITED = "silenced_at"
    SENSITIZED = "sensitized_at"
    SUSPENDED = "suspended_at"


async def set_mark(tx: Transaction, account_id: int, mark: Mark, since: int | None) -> bool:
    """Sets or lifts a mark; a mark that holds already keeps its moment. False: no such account."""
    column = mark.value
    value = "NULL" if since is None else f"COALESCE({column}, $2)"
    values = (account_id,) if since is None else (account_id, since)
    return bool(await tx.run(f"UPDATE accounts SET {column} = {value} WHERE id = $1", *values))


# A page of a domain's accounts, along their index.
MARK_DOMAIN = """
    UPDATE accounts SET {column} = $2 WHERE id IN (
      SELECT id FROM accounts WHERE domain = $1 AND id > $4 AND {column} IS NULL
      ORDER BY id LIMIT $3)
    RETURNING id
"""
UNMARK_DOMAIN = """
    UPDATE accounts SET {column} = NULL WHERE id IN (
      SELECT id FROM accounts WHERE domain = $1 AND id > $4 AND {column} = $2
      ORDER BY id LIMIT $3)
    RETURNING id
"""


async def mark_domain(
    tx: Transaction, domain: str, mark: Mark, since: int, *, lift: bool, after: int, limit: int
) -> list[int]:
    """Sets a mark on some of a domain's accounts that have none, or lifts those of that moment.

    Their ids, all above ``after``.
    """
    sql = UNMARK_DOMAIN if lift else MARK_DOMAIN
    rows = await tx.fetch(sql.format(column=mark.value), domain, since, limit, after)
    return [row[0] for row in rows]


async def approve(tx: Transaction, account_id: int) -> bool:
    """Lets a person in who waits for it. False: nobody waits under that id."""
    sql = "UPDATE users SET approved = TRUE WHERE account_id = $1 AND NOT approved"
    return bool(await tx.run(sql, account_id))


async def set_disabled(tx: Transaction, account_id: int, *, disabled: bool) -> bool:
    """Freezes or frees the sign-in of a local account. False: no such person."""
    return bool(
        await tx.run("UPDATE users SET disabled = $2 WHERE account_id = $1", account_id, disabled)
    )


async def hold(tx: Transaction, account_id: int) -> bool:
    """Locks the account's row until the commit. False: no such account."""
    sql = "SELECT id FROM accounts WHERE id = $1 FOR UPDATE"
    return await tx.fetch_value(sql, account_id) is not None


# By the index on the sender.
TOLD = "SELECT DISTINCT account_id FROM notifications WHERE from_account_id = $1"


async def told_by(tx: Transaction, account_id: int) -> list[int]:
    """Whose notifications come from that account, in order of their ids."""
    return sorted(row[0] for row in await tx.fetch(TOLD, account_id))


async def told_by_any(tx: Transaction, account_ids: list[int]) -> list[int]:
    """Like `told_by`, for many at once."""
    sql = TOLD.replace("= $1", "= ANY($1)")
    return sorted(row[0] for row in await tx.fetch(sql, account_ids))


# Its own statuses, and the reblogs of them, which go with them.
STATUSES = """
    SELECT s.id FROM statuses s WHERE s.account_id = $1
    UNION
    SELECT r.id FROM statuses r JOIN statuses s ON s.id = r.reblog_of_id WHERE s.account_id = $1
"""


async def statuses_of(tx: Transaction, account_id: int) -> list[int]:
    """The ids of all statuses that disappear together with an account."""
    return [row[0] for row in await tx.fetch(STATUSES, account_id)]


# What others' rows count, less what will be gone; the rows themselves go by cascade.
UNCOUNT = (
    """
    UPDATE accounts SET followers_count = followers_count - 1
    WHERE id IN (SELECT target_account_id FROM follows WHERE account_id = $1)
    """,
    """
    UPDATE accounts SET following_count = following_count - 1
    WHERE id IN (SELECT account_id FROM follows WHERE target_account_id = $1)
    """,
    """
    UPDATE accounts SET statuses_count = statuses_count - (
      SELECT count(*) FROM statuses r JOIN statuses s ON s.id = r.reblog_of_id
      WHERE s.account_id = $1 AND r.account_id = accounts.id)
    WHERE id IN (
      SELECT r.account_id FROM statuses r JOIN statuses s ON s.id = r.reblog_of_id
      WHERE s.account_id = $1)
    """,
    """
    UPDATE statuses SET favourites_count = favourites_count - 1
    WHERE id IN (SELECT status_id FROM favourites WHERE account_id = $1)
    """,
    """
    UPDATE statuses SET reblogs_count = reblogs_count - 1
    WHERE id IN (
      SELECT reblog_of_id FROM statuses WHERE account_id = $1 AND reblog_of_id IS NOT NULL)
    """,
    """
    UPDATE statuses SET replies_count = replies_count - (
      SELECT count(*) FROM statuses r
      WHERE r.in_reply_to_id = statuses.id AND r.account_id = $1
        AND r.visibility IN ('public', 'unlisted'))
    WHERE id IN (
      SELECT in_reply_to_id FROM statuses WHERE account_id = $1 AND in_reply_to_id IS NOT NULL)
    """,
    """
    UPDATE statuses SET quotes_count = quotes_count - (
      SELECT count(*) FROM quotes q WHERE q.quoted_status_id = statuses.id
        AND q.account_id = $1 AND q.state = 'accepted')
    WHERE id IN (
      SELECT quoted_status_id FROM quotes WHERE account_id = $1 AND state = 'accepted')
    """,
    """
    UPDATE account_conversations SET last_status_id = (
      SELECT max(s.id) FROM statuses s
      WHERE s.conversation_id = account_conversations.conversation_id AND s.account_id <> $1)
    WHERE conversation_id IN (SELECT conversation_id FROM statuses WHERE account_id = $1)
      AND last_status_id IN (SELECT id FROM statuses WHERE account_id = $1)
    """,
)


async def remove(tx: Transaction, account_id: int) -> None:
    """Removes the account with all it has; what others count stays right."""
    for statement in UNCOUNT:
        await tx.run(statement, account_id)
    await tx.run("DELETE FROM accounts WHERE id = $1", account_id)
