"""Pins: what an account puts on top of its profile (surroundings C8, D1)."""

from __future__ import annotations

from stentor import errors
from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.domain import statuses as domain
from stentor.store import status_pins, statuses
from stentor.store.database import Database


async def pin(db: Database, *, account_id: int, status_id: int | None, now: int) -> None:
    """Pins an own status; a second time nothing happens.

    Raises NotFound if it cannot be read, ValidationFailed with every reason against it.
    """
    status = (await get_readable(db, status_id, account_id)).status
    with gone_is_not_found():
        async with db.transaction() as tx:
            await statuses.lock(tx, [status.id])
            await status_pins.lock(tx, account_id)
            pinned = await status_pins.of_account(tx, account_id)
            if status.id in pinned:
                return
            problems = domain.pin_problems(status, account_id, pinned=len(pinned))
            if problems:
                raise errors.ValidationFailed(*problems)
            await status_pins.add(tx, account_id, status.id, now=now)


async def unpin(db: Database, *, account_id: int, status_id: int | None) -> None:
    """Unpins a status, if it was pinned. Raises NotFound if it cannot be read."""
    status = (await get_readable(db, status_id, account_id)).status
    async with db.transaction() as tx:
        await status_pins.remove(tx, account_id, status.id)
