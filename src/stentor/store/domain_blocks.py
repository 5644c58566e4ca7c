"""Domains that one account wants to hear nothing from."""

from __future__ import annotations

from stentor.domain.paging import Cursor
from stentor.store import accounts
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO account_domain_blocks (account_id, domain, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, domain) DO NOTHING RETURNING id
"""


async def add(tx: Transaction, account_id: int, domain: str, *, now: int) -> bool:
    """Blocks a domain (in lower case); False if it is blocked already."""
    return await tx.fetch_value(ADD, account_id, domain, now) is not None


async def remove(tx: Transaction, account_id: int, domain: str) -> None:
    """Ends the block of a domain, if there is one."""
    await tx.run(
        "DELETE FROM account_domain_blocks WHERE account_id = $1 AND domain = $2",
        account_id,
        domain,
    )


# By the index of the domain blocks of an account.
PAGE = """
    SELECT d.id, d.domain FROM account_domain_blocks d
    WHERE d.account_id = $1 AND d.id > $2 AND d.id < $3 ORDER BY d.id DESC LIMIT $4
"""


async def page(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[str]]:
    """A page of blocked domains, newest first, and the ids of their rows."""
    rows = await accounts.page_rows(db, PAGE, account_id, cursor)
    return [row[0] for row in rows], [row[1] for row in rows]
