"""Blocks: who wants to have nothing to do with whom."""

from __future__ import annotations

from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.store import accounts
from stentor.store.accounts import AVAILABLE
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO blocks (account_id, target_account_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, target_account_id) DO NOTHING
"""


async def add(tx: Transaction, account_id: int, target_id: int, *, now: int) -> None:
    """A block; one that is there already stays as it is."""
    await tx.run(ADD, account_id, target_id, now)


async def remove(tx: Transaction, account_id: int, target_id: int) -> None:
    """Ends a block, if there is one."""
    await tx.run(
        "DELETE FROM blocks WHERE account_id = $1 AND target_account_id = $2",
        account_id,
        target_id,
    )


# By the index of the blocks of an account.
PAGE = f"""
    SELECT b.id, {accounts.COLUMNS} FROM blocks b JOIN accounts a ON a.id = b.target_account_id
    WHERE b.account_id = $1 AND b.id > $2 AND b.id < $3 AND {AVAILABLE}
    ORDER BY b.id DESC LIMIT $4
"""


async def page(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Account]]:
    """A page of whom an account blocks, newest first: the blocks' ids, and who is blocked."""
    return await accounts.page(db, PAGE, account_id, cursor)
