"""Accounts that an account shows on its profile."""

from __future__ import annotations

from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.store import accounts
from stentor.store.accounts import AVAILABLE
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO endorsements (account_id, target_account_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, target_account_id) DO NOTHING
"""


async def add(tx: Transaction, account_id: int, target_id: int, *, now: int) -> None:
    """Endorses somebody; again changes nothing."""
    await tx.run(ADD, account_id, target_id, now)


async def remove(tx: Transaction, account_id: int, target_id: int) -> None:
    """Takes an endorsement back, if there is one; it ends with the follow too."""
    await tx.run(
        "DELETE FROM endorsements WHERE account_id = $1 AND target_account_id = $2",
        account_id,
        target_id,
    )


# By the index of the endorsements of an account.
PAGE = f"""
    SELECT e.id, {accounts.COLUMNS}
    FROM endorsements e JOIN accounts a ON a.id = e.target_account_id
    WHERE e.account_id = $1 AND e.id > $2 AND e.id < $3 AND {AVAILABLE}
    ORDER BY e.id DESC LIMIT $4
"""


async def page(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Account]]:
    """A page of whom an account endorses, newest first: the rows' ids, and who is endorsed."""
    return await accounts.page(db, PAGE, account_id, cursor)
