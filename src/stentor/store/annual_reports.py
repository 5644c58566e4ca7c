"""Annual reports: that there is one of an account and a year."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO annual_reports (account_id, year, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, year) DO NOTHING RETURNING id
"""


async def add(tx: Transaction, account_id: int, year: int, *, now: int) -> int | None:
    """Its id; None if there is one of that year already."""
    report_id: int | None = await tx.fetch_value(ADD, account_id, year, now)
    return report_id


async def load(db: Reader, ids: Iterable[int], account_id: int) -> dict[int, int]:
    """The years of those of the reports that are that account's."""
    rows = await db.fetch(
        "SELECT id, year FROM annual_reports WHERE id = ANY($1) AND account_id = $2",
        list(set(ids)),
        account_id,
    )
    return {row[0]: int(row[1]) for row in rows}
