"""Pins: the statuses that stand on top of a profile."""

from __future__ import annotations

from stentor.store import marks
from stentor.store.database import Reader, Transaction


async def add(tx: Transaction, account_id: int, status_id: int, *, now: int) -> int | None:
    """Keeps a pin; its id, or None if it was there. Raises RecordNotFound."""
    return await marks.add(tx, "status_pins", account_id, status_id, now=now)


async def remove(tx: Transaction, account_id: int, status_id: int) -> int | None:
    """Removes a pin; its id, or None if there was none."""
    return await marks.remove(tx, "status_pins", account_id, status_id)


async def of_account(db: Reader, account_id: int) -> list[int]:
    """The ids of the statuses an account has pinned, the last pinned first."""
    rows = await db.fetch(
        "SELECT status_id FROM status_pins WHERE account_id = $1 ORDER BY id DESC", account_id
    )
    return [row[0] for row in rows]


async def lock(tx: Transaction, account_id: int) -> None:
    """Lets one transaction at a time change an account's pins, so that counting them is exact."""
    await tx.fetch("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
