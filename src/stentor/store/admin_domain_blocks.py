"""Domains that the server itself limits or suspends."""

from __future__ import annotations

from collections.abc import Sequence

from stentor.domain.admin_domain_blocks import DomainBlock
from stentor.domain.paging import Cursor
from stentor.store.database import Reader, Transaction

COLUMNS = ", ".join(f"b.{name}" for name in DomainBlock._fields)

ADD = """
    INSERT INTO domain_blocks (domain, severity, reject_media, reject_reports, private_comment,
        public_comment, obfuscate, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (domain) DO NOTHING RETURNING id
"""


async def add(tx: Transaction, domain: str, columns: Sequence[object], *, now: int) -> int | None:
    """A block; its id, None if that domain (in lower case) has one."""
    block_id: int | None = await tx.fetch_value(ADD, domain, *columns, now)
    return block_id


async def change(tx: Transaction, block_id: int, columns: Sequence[object]) -> None:
    """Other terms for it."""
    await tx.run(
        "UPDATE domain_blocks SET severity = $2, reject_media = $3, reject_reports = $4,"
        " private_comment = $5, public_comment = $6, obfuscate = $7 WHERE id = $1",
        block_id,
        *columns,
    )


async def remove(tx: Transaction, block_id: int) -> None:
    """It is as if it had never been."""
    await tx.run("DELETE FROM domain_blocks WHERE id = $1", block_id)


async def find(db: Reader, block_id: int | None) -> DomainBlock | None:
    """By primary key."""
    if block_id is None:
        return None
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM domain_blocks b WHERE b.id = $1", block_id)
    return None if row is None else DomainBlock._make(row)


async def hold(tx: Transaction, block_id: int | None) -> DomainBlock | None:
    """Like `find`, and nobody else changes it before the commit."""
    if block_id is None:
        return None
    row = await tx.fetch_row(
        f"SELECT {COLUMNS} FROM domain_blocks b WHERE b.id = $1 FOR UPDATE", block_id
    )
    return None if row is None else DomainBlock._make(row)


async def of_domain(db: Reader, domain: str) -> DomainBlock | None:
    """By the unique key."""
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM domain_blocks b WHERE b.domain = $1", domain)
    return None if row is None else DomainBlock._make(row)


PAGE = f"""
    SELECT {COLUMNS} FROM domain_blocks b WHERE b.id > $1 AND b.id < $2
    ORDER BY b.id DESC LIMIT $3
"""


async def page(db: Reader, cursor: Cursor) -> list[DomainBlock]:
    """Newest first."""
    sql = PAGE.replace(" DESC LIMIT", " ASC LIMIT") if cursor.ascending else PAGE
    rows = await db.fetch(sql, cursor.after, cursor.before, cursor.limit)
    found = [DomainBlock._make(row) for row in rows]
    return found[::-1] if cursor.ascending else found
