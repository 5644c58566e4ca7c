"""Accepting and dismissing notification requests (notifications.md 6.5, 6.6)."""

from __future__ import annotations

from typing import Any

from stentor.actions import jobs as work
from stentor.errors import RecordNotFound
from stentor.store import (
    conversations,
    jobs,
    notification_inboxes,
    notification_permissions,
    notification_requests,
    notifications,
)
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus, News

MERGE = "merge_notifications"


async def accept(db: Database, account_id: int, request_ids: list[int], *, now: int) -> int:
    """Lets these senders in for good; how many of the requests were the account's.

    What they have sent is unfiltered by a job, so that it survives whatever happens meanwhile.
    """
    async with db.transaction() as tx:
        # What is being told at this moment is decided before we begin, or sees the permission.
        await notification_inboxes.hold(tx, [account_id])
        found = await notification_requests.take(tx, account_id, request_ids)
        for from_account_id in found:
            await notification_permissions.add(tx, account_id, from_account_id, now=now)
            await jobs.add(
                tx,
                MERGE,
                f"{account_id}-{from_account_id}",
                {"account_id": account_id, "from_account_id": from_account_id},
                run_at=now,
                account_id=account_id,
            )
    return len(found)


async def dismiss(db: Database, account_id: int, request_ids: list[int]) -> int:
    """Removes these requests with all that was filtered of their senders, of any type.

    In steps; a request whose notifications are half gone is still there, to be dismissed again.
    """
    senders = await notification_requests.senders(db, account_id, request_ids)
    for from_account_id in senders:
        more = True
        while more:
            async with db.transaction() as tx:
                more = await notifications.remove_filtered_step(tx, account_id, from_account_id)
                if not more:
                    await notification_requests.remove(tx, account_id, from_account_id)
    return len(senders)


def one_of(count: int) -> None:
    """Raises RecordNotFound if a call that names one request found none."""
    if count == 0:
        raise RecordNotFound


@work.step(MERGE)
async def _merge(
    tx: Transaction,
    bus: Bus,
    payload: dict[str, Any],
    now: int,  # noqa: ARG001  # every step is called with it
) -> dict[str, Any] | None:
    """Unfilters some of a sender's notifications; says once when the last merge is done."""
    account_id, from_account_id = payload["account_id"], payload["from_account_id"]
    rows = await notifications.unfilter_step(tx, account_id, from_account_id)
    for status_id in await notifications.direct_mentions(tx, account_id, rows):
        await conversations.add_direct_mention(tx, account_id, status_id)
        tx.after_commit(bus.publish, News(account_id, "conversation", status_id))
    if len(rows) == notifications.STEP:
        return payload
    if not await notification_requests.other_merges(
        tx, account_id, f"{account_id}-{from_account_id}"
    ):
        tx.after_commit(bus.publish, News(account_id, "notifications_merged", 1))
    return None
