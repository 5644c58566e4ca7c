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
    INSERT INTO push_deliveries (account_id, notification_id, subscription_id, run_at, created_at)
    VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING
"""


async def add(tx: Transaction, promises: Sequence[Promise], *, now: int) -> None:
    """Promises them, in the transaction of the notifications themselves; repeats do nothing."""
    if promises:
        await tx.run_many(ADD, [(*one, now) for one in promises])
