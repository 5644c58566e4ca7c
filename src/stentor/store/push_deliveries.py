"""Push deliveries: what is promised to devices, kept until the push service has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.store.database import Transaction


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
    FROM push_subscriptions s WHERE s.id = $3
    ON CONFLICT DO NOTHING
"""


async def add(tx: Transaction, promises: Sequence[Promise], *, now: int) -> None:
    """Promises them, in the transaction of the notifications themselves; repeats do nothing."""
    if promises:
        await tx.run_many(ADD, [(*one, now) for one in promises])
