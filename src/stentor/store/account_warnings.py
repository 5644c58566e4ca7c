"""Strikes: what was held against an account, and with which consequence."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.moderation import AccountWarning, Sanction
from stentor.store.database import Reader, Transaction

COLUMNS = ", ".join(f"w.{name}" for name in AccountWarning._fields)

ADD = """
    INSERT INTO account_warnings
      (account_id, target_account_id, report_id, action, text, status_ids, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
"""


async def add(tx: Transaction, sanction: Sanction, *, status_ids: str | None, now: int) -> int:
    """Keeps a strike; its id. ``status_ids`` are those of the report that led to it."""
    warning_id: int = await tx.fetch_value(
        ADD,
        sanction.by,
        sanction.target_id,
        sanction.report_id,
        sanction.action.value,
        sanction.text,
        status_ids,
        now,
    )
    return warning_id


async def load(db: Reader, ids: Iterable[int], target_id: int) -> dict[int, AccountWarning]:
    """Those of the strikes that are that account's."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM account_warnings w"
        " WHERE w.id = ANY($1) AND w.target_account_id = $2",
        list(set(ids)),
        target_id,
    )
    return {row[0]: AccountWarning._make(row) for row in rows}
