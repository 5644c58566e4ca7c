"""Forgetting old notifications, where the operator wants that: a little at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from stentor.domain import times
from stentor.store import notifications
from stentor.store.database import Database, StorageProblem

log = structlog.get_logger("stentor.retention")

#: Seconds between two rounds over all accounts.
PAUSE = 3600.0
#: Accounts that are looked up at once.
ACCOUNTS = 200


async def forget(db: Database, *, kept_days: int, now: int) -> int:
    """Removes everybody's notifications that are older, filtered ones too; how many accounts.

    Their groups, counts and requests are put right, and nothing is announced, as with any
    removal. Each step is a short transaction; one that is interrupted is taken up again in the
    next round. Raises StorageProblem.
    """
    before = now - kept_days * times.DAY
    after, touched = 0, 0
    while page := await notifications.oldest(db, after, ACCOUNTS):
        for account_id, oldest_at in page:
            if oldest_at < before:
                touched += 1
                await _forget_of(db, account_id, before)
        after = page[-1][0]
        await asyncio.sleep(0)
    return touched


async def _forget_of(db: Database, account_id: int, before: int) -> None:
    while True:
        up_to = await notifications.oldest_step(db, account_id, before)
        if up_to is None:
            return
        async with db.transaction() as tx:
            await notifications.remove_step(tx, account_id, up_to)
        await asyncio.sleep(0)


async def run(
    db: Database, *, kept_days: int, now: Callable[[], int], pause: float = PAUSE
) -> None:
    """Forgets for ever. A failure is logged, and the next round tries again."""
    while True:
        try:
            touched = await forget(db, kept_days=kept_days, now=now())
        except StorageProblem as problem:
            log.warning("forgetting failed", problem=str(problem))
        except Exception:
            log.exception("forgetting failed")
        else:
            log.debug("old notifications are forgotten", accounts=touched)
        await asyncio.sleep(pause)
