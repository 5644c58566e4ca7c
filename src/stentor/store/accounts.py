"""Accounts by id and by handle."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.accounts import Account, User
from stentor.store.database import Reader

COLUMNS = ", ".join(f"a.{name}" for name in Account._fields)
USER_COLUMNS = ", ".join(f"u.{name}" for name in User._fields)

# By primary key.
LOAD = f"SELECT {COLUMNS} FROM accounts a WHERE a.id = ANY($1)"


async def load(db: Reader, ids: Iterable[int]) -> dict[int, Account]:
    """The accounts with those ids; unknown ones are left out."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {row[0]: Account._make(row) for row in await db.fetch(LOAD, wanted)}


async def find(db: Reader, account_id: int | None) -> Account | None:
    """One account, suspended ones included."""
    if account_id is None:
        return None
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM accounts a WHERE a.id = $1", account_id)
    return None if row is None else Account._make(row)


# By the unique handle; a local account only if its person is confirmed and approved.
FIND_BY_HANDLE = f"""
    SELECT {COLUMNS} FROM accounts a
    LEFT JOIN users u ON u.account_id = a.id
    WHERE lower(a.username) = lower($1) AND lower(a.domain) = lower($2)
      AND (a.domain <> '' OR (u.confirmed_at IS NOT NULL AND u.approved))
"""


async def find_by_handle(db: Reader, username: str, domain: str) -> Account | None:
    """The account of a handle, in any case; '' is the local domain (surroundings C4, C6.3)."""
    row = await db.fetch_row(FIND_BY_HANDLE, username, domain)
    return None if row is None else Account._make(row)


async def find_user(db: Reader, account_id: int) -> User | None:
    """The person behind a local account."""
    row = await db.fetch_row(
        f"SELECT {USER_COLUMNS} FROM users u WHERE u.account_id = $1", account_id
    )
    return None if row is None else User._make(row)
