"""What the server tidies up by itself, every minute, a little at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from stentor.store import (
    email_deliveries,
    housekeeping,
    mutes,
    notification_decisions,
    push_attempts,
    push_origins,
    rate_counts,
    status_changes,
)
from stentor.store.database import Database, StorageProblem

log = structlog.get_logger("stentor.housekeeping")

#: Seconds between two rounds.
PAUSE = 60.0
# Calls of one chore in one round: a backlog is worked off over several rounds.
CALLS = 10
# The chore that reads a whole table is done in one round of so many.
RARELY = 30

Chore = Callable[..., Awaitable[int]]
CHORES: tuple[Chore, ...] = (
    mutes.sweep,
    notification_decisions.sweep,
    rate_counts.sweep,
    status_changes.sweep,
    housekeeping.old_idempotency_keys,
    housekeeping.ended_grants,
    housekeeping.idle_sessions,
    housekeeping.old_touches,
    email_deliveries.old_email_problems,
    push_attempts.old_push_attempts,
    push_origins.old_push_origins,
)
RARE_CHORES: tuple[Chore, ...] = (housekeeping.unused_applications,)


async def tidy(db: Database, chores: tuple[Chore, ...], *, now: int) -> dict[str, int]:
    """One round: what each chore has removed. Raises StorageProblem."""
    done: dict[str, int] = {}
    for chore in chores:
        name: str = getattr(chore, "__name__", "chore")
        for _ in range(CALLS):
            async with db.transaction() as tx:
                removed = await chore(tx, now=now)
            done[name] = done.get(name, 0) + removed
            if not removed:
                break
            await asyncio.sleep(0)
    return done


async def run(db: Database, *, now: Callable[[], int], pause: float = PAUSE) -> None:
    """Tidies for ever. A failure is logged, and the next round tries again."""
    turn = 0
    while True:
        await asyncio.sleep(pause)
        turn += 1
        chores = CHORES + RARE_CHORES if turn % RARELY == 0 else CHORES
        await _attempt(db, chores, now())


async def _attempt(db: Database, chores: tuple[Chore, ...], now: int) -> None:
    try:
        done: dict[str, Any] = await tidy(db, chores, now=now)
    except StorageProblem as problem:
        log.warning("housekeeping failed", problem=str(problem))
    except Exception:
        log.exception("housekeeping failed")
    else:
        log.debug("housekeeping", **done)
