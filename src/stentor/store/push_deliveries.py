"""Push deliveries: what is promised to devices, kept until the push service has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain.push_deliveries import TEST
from stentor.store.database import Reader, Transaction


class Promise(NamedTuple):
    """That one device is to be told of one notification; also the key of its row."""

    account_id: int
    notification_id: int
    subscription_id: int


# By the primary key: what is promised already stays as it is.
ADD = """
    INSERT INTO push_deliveries
        (account_id, notification_id, subscription_id, origin, run_at, created_at)
    SELECT $1::bigint, $2::bigint, s.id, s.origin, $4::bigint, $4::bigint
    FROM push_subscriptions s WHERE s.account_id = $1 AND s.id = $3
    ON CONFLICT DO NOTHING
"""


async def add(tx: Transaction, promises: Sequence[Promise], *, now: int) -> None:
    """Promises them, in the transaction of the notifications themselves; repeats do nothing."""
    if promises:
        await tx.run_many(ADD, [(*one, now) for one in promises])


class Claimed(NamedTuple):
    """A delivery that is ours until its lease ends; ``attempts`` counts this one, too."""

    account_id: int
    notification_id: int
    subscription_id: int
    origin: str
    attempts: int
    smaller: bool
    created_at: int

    @property
    def promise(self) -> Promise:
        """Its key."""
        return Promise(*self[:3])


class Due(NamedTuple):
    """An origin that something is due for; ``on_trial``: it was closed, and is asked but once."""

    origin: str
    on_trial: bool


# From one origin to the next by the index, so that it costs the same whether something or a
# million rows wait for each of them.
DUE = """
    WITH RECURSIVE origins (origin) AS (
      SELECT MIN(d.origin) FROM push_deliveries d WHERE d.origin > $1
      UNION ALL
      SELECT (SELECT MIN(d.origin) FROM push_deliveries d WHERE d.origin > o.origin)
      FROM origins o WHERE o.origin IS NOT NULL
    )
    SELECT o.origin, c.origin IS NOT NULL FROM origins o
    LEFT JOIN push_origins c ON c.origin = o.origin
    WHERE o.origin IS NOT NULL
      AND EXISTS (SELECT 1 FROM push_deliveries d WHERE d.origin = o.origin AND d.run_at <= $2)
      AND (c.closed_until IS NULL OR c.closed_until <= $2)
    LIMIT $3
"""


async def due(db: Reader, *, after: str, now: int, limit: int) -> list[Due]:
    """Some of the open origins that something is due for, in order, after that one."""
    rows = await db.fetch(DUE, after, now, limit)
    return [Due(origin, bool(on_trial)) for origin, on_trial in rows]


# Nobody waits for anybody: what another worker is about to take is passed over.
CLAIM = """
    WITH picked AS (
      SELECT account_id, notification_id, subscription_id FROM push_deliveries
      WHERE origin = $1 AND run_at <= $2 ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED
    )
    UPDATE push_deliveries SET run_at = $4, attempts = attempts + 1
    WHERE (account_id, notification_id, subscription_id) IN
      (SELECT account_id, notification_id, subscription_id FROM picked)
    RETURNING account_id, notification_id, subscription_id, origin, attempts, smaller, created_at
"""


async def claim(tx: Transaction, origin: str, *, now: int, until: int, limit: int) -> list[Claimed]:
    """Takes what has been due longest for an origin, until a time; then it is due again."""
    rows = await tx.fetch(CLAIM, origin, now, limit, until)
    found = [Claimed._make(row) for row in rows]
    return sorted(found, key=lambda one: (one.created_at, one.notification_id))


async def remove(tx: Transaction, promises: Sequence[Promise]) -> None:
    """They are done, or nobody wants them any more."""
    if promises:
        await tx.run_many(
            "DELETE FROM push_deliveries"
            " WHERE account_id = $1 AND notification_id = $2 AND subscription_id = $3",
            promises,
        )


# Whoever has claimed it since decides himself.
POSTPONE = """
    UPDATE push_deliveries SET run_at = $5, smaller = $6
    WHERE account_id = $1 AND notification_id = $2 AND subscription_id = $3 AND attempts = $4
"""


async def postpone(tx: Transaction, claimed: Sequence[tuple[Claimed, int, bool]]) -> None:
    """Each is due again at that time; True: with less in it."""
    if claimed:
        rows = [(*one.promise, one.attempts, at, smaller) for one, at, smaller in claimed]
        await tx.run_many(POSTPONE, rows)


RELEASE = """
    UPDATE push_deliveries SET run_at = $5, attempts = attempts - 1
    WHERE account_id = $1 AND notification_id = $2 AND subscription_id = $3 AND attempts = $4
"""


async def release(tx: Transaction, claimed: Sequence[Claimed], *, now: int) -> None:
    """Gives back what was claimed and not tried."""
    if claimed:
        await tx.run_many(RELEASE, [(*one.promise, one.attempts, now) for one in claimed])


async def put_aside(tx: Transaction, subscription_id: int, *, until: int) -> None:
    """Nothing waiting for that subscription is tried before then."""
    await tx.run(
        "UPDATE push_deliveries SET run_at = $2 WHERE subscription_id = $1 AND run_at < $2",
        subscription_id,
        until,
    )


async def bring_forward(
    tx: Transaction, subscription_ids: Sequence[int], *, now: int, beyond: int
) -> None:
    """What those subscriptions wait for is due now, unless it is due before ``beyond`` anyway."""
    await tx.run(
        "UPDATE push_deliveries SET run_at = $2 WHERE subscription_id = ANY($1) AND run_at > $3",
        list(subscription_ids),
        now,
        beyond,
    )


# A new test takes the place of one that still waits.
ADD_TEST = """
    INSERT INTO push_deliveries
        (account_id, notification_id, subscription_id, origin, run_at, created_at)
    SELECT s.account_id, $2::bigint, s.id, s.origin, $3::bigint, $3::bigint
    FROM push_subscriptions s WHERE s.access_token_id = $1
    ON CONFLICT (account_id, notification_id, subscription_id) DO UPDATE SET
        run_at = excluded.run_at, created_at = excluded.created_at
    RETURNING subscription_id
"""


async def add_test(tx: Transaction, access_token_id: int, *, now: int) -> int | None:
    """Promises a test to the token's subscription; its id, None if there is none."""
    found: int | None = await tx.fetch_value(ADD_TEST, access_token_id, TEST, now)
    return found


async def waiting(db: Reader) -> int:
    """How many are promised and not done."""
    found: int = await db.fetch_value("SELECT COUNT(*) FROM push_deliveries")
    return found
