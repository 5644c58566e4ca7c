"""Accounts by id and by handle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import starmap

from stentor.domain.accounts import Account, User
from stentor.domain.paging import Cursor
from stentor.store.changes import ACCOUNT, looked_at
from stentor.store.database import Database, Reader, Row, Transaction

#: What is kept of an account: all of `Account` but ``moved_to``, which `with_moved` fills in.
FIELDS = Account._fields[:-1]
COLUMNS = ", ".join(f"a.{name}" for name in FIELDS)
USER_COLUMNS = ", ".join(f"u.{name}" for name in User._fields)
#: Neither suspended nor about to be deleted.
AVAILABLE = "a.suspended_at IS NULL AND a.deletion_requested_at IS NULL"
#: A local account exists for others only when its person is confirmed and approved (C14).
LET_IN = "(a.domain <> '' OR (u.confirmed_at IS NOT NULL AND u.approved))"

# By primary key.
LOAD = f"SELECT a.version, {COLUMNS} FROM accounts a WHERE a.id = ANY($1)"
VERSIONS = "SELECT id, version FROM accounts WHERE id = ANY($1)"


async def load(db: Reader, ids: Iterable[int]) -> dict[int, Account]:
    """The accounts with those ids as they are now; unknown ones are left out.

    At most two queries: which versions they have, and those that are not known in that version;
    none for those that were looked at since the last commit of anybody. The same again for
    where they moved to, if any of them has moved.
    Inside a transaction, where a row may never be committed, one query and nothing remembered.
    """
    known = await _load(db, ids)
    for one in known.values():
        if one.moved_to_id is not None:
            return {one.id: one for one in await with_moved(db, known.values())}
    return known


async def with_moved(db: Reader, accounts: Iterable[Account]) -> list[Account]:
    """The same accounts in their order; those who moved know the account that they moved to.

    No query if none of them has moved. Of those who are suspended nothing is told.
    """
    found = list(accounts)
    wanted = {
        one.moved_to_id for one in found if one.moved_to_id is not None and one.suspended_at is None
    }
    if not wanted:
        return found
    targets = await _load(db, wanted)
    return [
        one._replace(moved_to=targets.get(one.moved_to_id)) if one.moved_to_id in wanted else one
        for one in found
    ]


async def _load(db: Reader, ids: Iterable[int]) -> dict[int, Account]:
    wanted = list(set(ids))
    if not wanted:
        return {}
    if not isinstance(db, Database):
        return {row[1]: Account(*row[1:]) for row in await db.fetch(LOAD, wanted)}
    looked_at(ACCOUNT, wanted)
    generation = db.generation()
    known, unsure = db.accounts.unchanged(wanted, generation)
    if not unsure:
        return known
    current, unknown = db.accounts.current(await db.fetch(VERSIONS, unsure), generation)
    known |= current
    if unknown:
        for version, *columns in await db.fetch(LOAD, unknown):
            account = Account(*columns)
            db.accounts.keep(account.id, version, account, generation)
            known[account.id] = account
    return known


async def find(db: Reader, account_id: int | None) -> Account | None:
    """One account, suspended ones included."""
    if account_id is None:
        return None
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM accounts a WHERE a.id = $1", account_id)
    return None if row is None else (await with_moved(db, [Account(*row)]))[0]


# By the unique handle; a local account only if its person is confirmed and approved.
FIND_BY_HANDLE = f"""
    SELECT {COLUMNS} FROM accounts a
    LEFT JOIN users u ON u.account_id = a.id
    WHERE lower(a.username) = lower($1) AND lower(a.domain) = lower($2) AND {LET_IN}
"""


async def find_by_handle(db: Reader, username: str, domain: str) -> Account | None:
    """The account of a handle, in any case; '' is the local domain (surroundings C4, C6.3)."""
    row = await db.fetch_row(FIND_BY_HANDLE, username, domain)
    return None if row is None else (await with_moved(db, [Account(*row)]))[0]


async def find_user(db: Reader, account_id: int) -> User | None:
    """The person behind a local account."""
    row = await db.fetch_row(
        f"SELECT {USER_COLUMNS} FROM users u WHERE u.account_id = $1", account_id
    )
    return None if row is None else User._make(row)


# By primary key, the person along.
LOAD_SHOWN = f"""
    SELECT {COLUMNS} FROM accounts a LEFT JOIN users u ON u.account_id = a.id
    WHERE a.id = ANY($1) AND {LET_IN}
"""


async def load_shown(db: Reader, ids: Iterable[int]) -> dict[int, Account]:
    """Those of the accounts that others can know of; suspended ones included (C14)."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    found = starmap(Account, await db.fetch(LOAD_SHOWN, wanted))
    return {one.id: one for one in await with_moved(db, found)}


async def find_shown(db: Reader, account_id: int | None) -> Account | None:
    """One account if others can know of it; suspended ones included (C14)."""
    if account_id is None:
        return None
    return (await load_shown(db, [account_id])).get(account_id)


# Both rows, in order of their ids, so that two who hold the same pair cannot wait for each
# other; weaker than FOR UPDATE, which would stop every row that merely refers to them.
HOLD = LOAD_SHOWN + " ORDER BY a.id FOR NO KEY UPDATE OF a"


async def hold(tx: Transaction, ids: Iterable[int]) -> dict[int, Account]:
    """Like `load_shown`, and nobody else changes these rows before the commit."""
    rows = await tx.fetch(HOLD, list(set(ids)))
    return {row[0]: Account(*row) for row in rows}


async def page(
    db: Reader, sql: str, account_id: int, cursor: Cursor
) -> tuple[list[int], list[Account]]:
    """A page of a relation of that account: the ids of its rows, and the accounts; newest first.

    ``sql`` selects a row id and the account's columns, given the account $1, the open interval
    ($2, $3) and the limit $4, newest first.
    """
    rows = await page_rows(db, sql, account_id, cursor)
    found = await with_moved(db, (Account(*row[1:]) for row in rows))
    return [row[0] for row in rows], found


async def page_rows(db: Reader, sql: str, account_id: int, cursor: Cursor, *more: int) -> list[Row]:
    """The rows of such a page as they are; ``more`` are $5 and on."""
    if cursor.ascending:
        sql = sql.replace(" DESC LIMIT", " ASC LIMIT")
    rows = await db.fetch(sql, account_id, cursor.after, cursor.before, cursor.limit, *more)
    return rows[::-1] if cursor.ascending else rows
