"""Works off durable jobs, one step in one transaction at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from stentor.domain import times
from stentor.store import jobs
from stentor.store.database import Database, StorageProblem, Transaction
from stentor.store.jobs import Job
from stentor.streaming.bus import Bus

log = structlog.get_logger("stentor.jobs")

#: One step: transaction, bus, payload, now. The payload of the next step, or None at the end.
Step = Callable[[Transaction, Bus, dict[str, Any], int], Awaitable[dict[str, Any] | None]]

#: Every kind of job. Each noun adds its own where its action is defined.
STEPS: dict[str, Step] = {}

#: Seconds between two looks when nothing is due.
IDLE = 0.25
#: Seconds between two steps, at most: as long as the one before took.
REST = 0.005
#: After so many failures in a row a job is left for a person to look at.
ATTEMPTS = 12


def step(kind: str) -> Callable[[Step], Step]:
    """Registers the handler of a kind."""

    def register(handler: Step) -> Step:
        STEPS[kind] = handler
        return handler

    return register


async def work(db: Database, bus: Bus, *, now: int) -> bool:
    """Does one step of the job that is due; False if none is.

    A step that fails is rolled back and tried again later, ever more rarely; others go on.
    Raises StorageProblem if the database cannot be written.
    """
    job: Job | None = None
    try:
        async with db.transaction() as tx:
            job = await jobs.claim(tx, now)
            if job is None:
                return False
            payload = await STEPS[job.kind](tx, bus, json.loads(job.payload), now)
            await jobs.advance(tx, job, payload, now=now)
    except StorageProblem:
        raise
    except Exception as problem:
        if job is None:
            raise
        log.exception("job failed", kind=job.kind, key=job.key)
        await _postpone(db, job, problem, now)
    return True


async def _postpone(db: Database, job: Job, problem: Exception, now: int) -> None:
    last = job.attempts + 1 >= ATTEMPTS
    async with db.transaction() as tx:
        await jobs.postpone(
            tx,
            job.id,
            problem=repr(problem),
            run_at=now + min(times.SECOND * 2**job.attempts, times.HOUR),
            give_up_at=now if last else None,
        )


async def run(db: Database, bus: Bus, *, now: Callable[[], int]) -> None:
    """Works for ever: a step and a short rest while something is due, else a look every so often.

    A job added by another process is seen within `IDLE` seconds.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            busy = await work(db, bus, now=now())
        except StorageProblem:
            log.warning("jobs wait for the database")
            busy = False
        # Whoever asks for something meanwhile waits for one step, not for one after the other.
        await asyncio.sleep(min(loop.time() - began, REST) if busy else IDLE)


async def work_off(db: Database, bus: Bus, *, now: int) -> int:
    """Does everything that is due at ``now``; how many steps that took."""
    steps = 0
    while await work(db, bus, now=now):
        steps += 1
    return steps
