"""Durable jobs: added with what causes them, worked off in steps, each step one transaction."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from stentor.store.database import Reader, Transaction


class Job(NamedTuple):
    """A row of ``jobs``; ``payload`` is JSON that the kind's handler understands."""

    id: int
    kind: str
    key: str
    payload: str
    attempts: int


ADD = """
    INSERT INTO jobs (kind, key, account_id, payload, run_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (kind, key) DO NOTHING
"""


async def add(
    tx: Transaction,
    kind: str,
    key: str,
    payload: dict[str, Any],
    *,
    run_at: int,
    account_id: int | None = None,
) -> None:
    """Promises that work, due at ``run_at``; one job for each kind and key.

    ``account_id`` is whom it is about: the job goes with the account.
    """
    await tx.run(ADD, kind, key, account_id, json.dumps(payload), run_at)


PUT = ADD.replace(
    "DO NOTHING",
    "DO UPDATE SET account_id = excluded.account_id, payload = excluded.payload,"
    " run_at = excluded.run_at, attempts = 0, problem = '', failed_at = NULL",
)


async def put(
    tx: Transaction,
    kind: str,
    key: str,
    payload: dict[str, Any],
    *,
    run_at: int,
    account_id: int,
) -> None:
    """Promises that work anew: an earlier promise, wherever it has got to, is replaced."""
    await tx.run(PUT, kind, key, account_id, json.dumps(payload), run_at)


async def hold(tx: Transaction, kinds: list[str], key: str) -> None:
    """Waits for a step of these jobs that is under way, and lets none begin until the end."""
    await tx.fetch(
        "SELECT id FROM jobs WHERE kind = ANY($1) AND key = $2 ORDER BY id FOR UPDATE", kinds, key
    )


async def cancel(tx: Transaction, kind: str, key: str) -> None:
    """Takes a promise back, if there is one."""
    await tx.run("DELETE FROM jobs WHERE kind = $1 AND key = $2", kind, key)


async def pending(db: Reader, kind: str, account_id: int) -> bool:
    """True if an account has work of that kind before it."""
    found = await db.fetch_value(
        "SELECT 1 FROM jobs WHERE account_id = $1 AND kind = $2 AND failed_at IS NULL LIMIT 1",
        account_id,
        kind,
    )
    return found is not None


# The lock lasts as long as the step's transaction: no two processes take the same job.
CLAIM = """
    SELECT id, kind, key, payload, attempts FROM jobs
    WHERE failed_at IS NULL AND run_at <= $1 ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


async def claim(tx: Transaction, now: int) -> Job | None:
    """The job that has been due longest, held until the transaction ends."""
    row = await tx.fetch_row(CLAIM, now)
    return None if row is None else Job._make(row)


async def advance(tx: Transaction, job: Job, payload: dict[str, Any] | None, *, now: int) -> None:
    """Stores how far a job has come and puts it at the end of the queue; None: it is done."""
    if payload is None:
        await tx.run("DELETE FROM jobs WHERE id = $1", job.id)
        return
    await tx.run(
        "UPDATE jobs SET payload = $2, attempts = 0, run_at = $3 WHERE id = $1",
        job.id,
        json.dumps(payload),
        now,
    )


async def postpone(
    tx: Transaction, job_id: int, *, problem: str, run_at: int, give_up_at: int | None
) -> None:
    """Notes a failed attempt; with ``give_up_at`` it is not tried again but kept to be seen."""
    await tx.run(
        "UPDATE jobs SET attempts = attempts + 1, problem = $2, run_at = $3,"
        " failed_at = $4::bigint WHERE id = $1",
        job_id,
        problem[:500],
        run_at,
        give_up_at,
    )
