"""Whose notifications pass an account's policy, whatever that says (notifications.md 6.5)."""

from __future__ import annotations

from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.store import accounts
from stentor.store.accounts import AVAILABLE
from stentor.store.database import Reader, Transaction


async def add(tx: Transaction, account_id: int, from_account_id: int, *, now: int) -> None:
    """Exempts a sender from every policy option from now on."""
    await tx.run(
        "INSERT INTO notification_permissions (account_id, from_account_id, created_at)"
        " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        account_id,
        from_account_id,
        now,
    )


async def remove(tx: Transaction, account_id: int, from_account_id: int) -> None:
    """The policy is asked about that sender again; without a permission nothing happens."""
    await tx.run(
        "DELETE FROM notification_permissions WHERE account_id = $1 AND from_account_id = $2",
        account_id,
        from_account_id,
    )


# By the primary key.
PAGE = f"""
    SELECT p.from_account_id, p.created_at, {accounts.COLUMNS} FROM notification_permissions p
    JOIN accounts a ON a.id = p.from_account_id
    WHERE p.account_id = $1 AND p.from_account_id > $2 AND p.from_account_id < $3 AND {AVAILABLE}
    ORDER BY p.from_account_id DESC LIMIT $4
"""


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[tuple[int, Account]]:
    """A page of who has a permission and since when (ms), the highest account id first."""
    rows = await accounts.page_rows(db, PAGE, account_id, cursor)
    found = await accounts.with_moved(db, (Account(*row[2:]) for row in rows))
    return [(row[1], account) for row, account in zip(rows, found, strict=True)]
