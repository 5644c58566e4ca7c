"""Forgetting what one account has from another: little of it at once, the rest in steps.

A job is promised to finish them if we do not. What comes later than the wish to forget stays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stentor.actions import jobs as work
from stentor.domain.ids import LARGEST
from stentor.store import jobs, notification_inboxes, notification_requests, notifications
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus

FORGET = "forget_sender"


class Rest(NamedTuple):
    """What is left to be forgotten: of which account, from whom, and up to which id."""

    account_id: int
    from_account_id: int
    up_to: int

    @property
    def key(self) -> str:
        """Of its job; another wish has another one."""
        return f"{self.account_id}-{self.from_account_id}-{self.up_to}"


async def begin(tx: Transaction, account_id: int, from_account_id: int, *, now: int) -> Rest | None:
    """Removes the request and the newest notifications from a sender; what is left, if anything.

    Give that to `finish` after the commit.
    """
    # Taken even if it is empty: who tells of something at this moment waits, and sees the block.
    await notification_inboxes.touch(tx, [account_id])
    more = await notifications.remove_from_step(tx, account_id, from_account_id, LARGEST)
    await notification_requests.remove(tx, account_id, from_account_id)
    newest = await notifications.newest_id(tx, account_id) if more else None
    if newest is None:
        return None
    rest = Rest(account_id, from_account_id, newest)
    await jobs.add(tx, FORGET, rest.key, rest._asdict(), run_at=now)
    return rest


async def finish(db: Database, rest: Rest | None) -> None:
    """Removes what is left, so that it is gone when that is said."""
    while rest is not None:
        async with db.transaction() as tx:
            await jobs.hold(tx, [FORGET], rest.key)
            if not await notifications.remove_from_step(tx, *rest):
                await jobs.cancel(tx, FORGET, rest.key)
                rest = None


@work.step(FORGET)
async def _go_on(
    tx: Transaction,
    bus: Bus,  # noqa: ARG001  # every step is called with them
    payload: dict[str, Any],
    now: int,  # noqa: ARG001  # the same
) -> dict[str, Any] | None:
    """Some more of it."""
    return payload if await notifications.remove_from_step(tx, *Rest(**payload)) else None
