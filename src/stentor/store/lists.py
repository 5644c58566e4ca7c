"""Lists and who is on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stentor.domain import limits
from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.store import accounts
from stentor.store.database import Reader, Transaction

REPLIES_POLICIES = ("followed", "list", "none")


class List(NamedTuple):
    """A row of ``lists``. ``replies_policy`` is one of REPLIES_POLICIES."""

    id: int
    title: str
    replies_policy: str
    exclusive: bool


COLUMNS = ", ".join(f"l.{name}" for name in List._fields)


async def of_account(db: Reader, account_id: int) -> list[List]:
    """All lists of an account, oldest first; there are never more than fifty."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM lists l WHERE l.account_id = $1 ORDER BY l.id", account_id
    )
    return [List._make(row) for row in rows]


async def find(db: Reader, account_id: int, list_id: int | None) -> List | None:
    """A list of that account; somebody else's is as good as none."""
    if list_id is None:
        return None
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM lists l WHERE l.id = $1 AND l.account_id = $2", list_id, account_id
    )
    return None if row is None else List._make(row)


# The unique key (list, account) answers for each list of the owner.
CONTAINING = f"""
    SELECT {COLUMNS} FROM lists l JOIN list_accounts la ON la.list_id = l.id
    WHERE l.account_id = $1 AND la.account_id = $2 ORDER BY l.id
"""


async def containing(db: Reader, account_id: int, member_id: int) -> list[List]:
    """The account's lists that hold a certain member, oldest first."""
    rows = await db.fetch(CONTAINING, account_id, member_id)
    return [List._make(row) for row in rows]


ADD = """
    INSERT INTO lists (account_id, title, replies_policy, exclusive, created_at)
    VALUES ($1, $2, $3, $4, $5) RETURNING id
"""


async def add(
    tx: Transaction, account_id: int, *, title: str, replies_policy: str, exclusive: bool, now: int
) -> List | None:
    """Makes a list; None if the account has as many as it may have.

    The account's row is locked, so that two requests at once cannot make one too many.
    """
    await tx.fetch("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    if await tx.fetch_value("SELECT count(*) FROM lists WHERE account_id = $1", account_id) >= (
        limits.LISTS
    ):
        return None
    list_id = await tx.fetch_value(ADD, account_id, title, replies_policy, exclusive, now)
    return List(list_id, title, replies_policy, exclusive)


async def update(tx: Transaction, changed: List) -> None:
    """Keeps title, replies policy and exclusiveness."""
    await tx.run(
        "UPDATE lists SET title = $2, replies_policy = $3, exclusive = $4 WHERE id = $1", *changed
    )


async def delete(tx: Transaction, account_id: int, list_id: int) -> bool:
    """Removes a list of that account with its memberships; False if there was none."""
    return bool(
        await tx.run("DELETE FROM lists WHERE id = $1 AND account_id = $2", list_id, account_id)
    )


# Along the index of a list's memberships, newest or oldest first.
_MEMBERS = f"""
    SELECT la.id, {accounts.COLUMNS} FROM list_accounts la JOIN accounts a ON a.id = la.account_id
    WHERE la.list_id = $1 AND la.id > $2 AND la.id < $3
      AND a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
    ORDER BY la.id %s LIMIT $4
"""
MEMBERS = {False: _MEMBERS % "DESC", True: _MEMBERS % "ASC"}
# Memberships end with the follow, so no list is longer than the most one may follow, which is
# raised by followers: this is far beyond both.
ALL = 1_000_000


async def members(
    db: Reader, list_id: int, cursor: Cursor, *, everybody: bool = False
) -> tuple[list[int], list[Account]]:
    """A page of a list's members, newest first, and the rows' ids, which are its cursors."""
    rows = await db.fetch(
        MEMBERS[cursor.ascending],
        list_id,
        cursor.after,
        cursor.before,
        ALL if everybody else cursor.limit,
    )
    if cursor.ascending:
        rows = rows[::-1]
    found = await accounts.with_moved(db, (Account(*tuple(row)[1:]) for row in rows))
    return [row[0] for row in rows], found


# Those of the accounts ($2) that the owner ($1) follows or has asked to follow, and himself.
ELIGIBLE = """
    SELECT target_account_id FROM follows WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION SELECT target_account_id FROM follow_requests
      WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION SELECT id FROM accounts WHERE id = $1 AND id = ANY($2)
"""


async def eligible(db: Reader, account_id: int, member_ids: Sequence[int]) -> set[int]:
    """Those whom the account may put on its lists."""
    return {row[0] for row in await db.fetch(ELIGIBLE, account_id, list(member_ids))}


async def add_members(tx: Transaction, list_id: int, member_ids: Iterable[int]) -> None:
    """Puts accounts on a list. Raises DuplicateRecord if one is on it already."""
    await tx.run_many(
        "INSERT INTO list_accounts (list_id, account_id) VALUES ($1, $2)",
        [(list_id, member_id) for member_id in member_ids],
    )


async def on_list(db: Reader, list_id: int, member_ids: Sequence[int]) -> set[int]:
    """Those of the accounts that are on the list."""
    rows = await db.fetch(
        "SELECT account_id FROM list_accounts WHERE list_id = $1 AND account_id = ANY($2)",
        list_id,
        list(member_ids),
    )
    return {row[0] for row in rows}


async def remove_members(tx: Transaction, list_id: int, member_ids: Sequence[int]) -> None:
    """Takes accounts off a list; those who are not on it stay off."""
    await tx.run(
        "DELETE FROM list_accounts WHERE list_id = $1 AND account_id = ANY($2)",
        list_id,
        list(member_ids),
    )


# By the index of memberships, each checked against its list's owner.
FORGET = """
    DELETE FROM list_accounts WHERE account_id = $2
      AND list_id IN (SELECT id FROM lists WHERE account_id = $1)
"""


async def forget(tx: Transaction, account_id: int, target_id: int) -> None:
    """Takes somebody off all lists of an account: membership ends with the follow."""
    await tx.run(FORGET, account_id, target_id)
