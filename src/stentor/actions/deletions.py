"""Deleting a status, with its reblogs and whatever anybody was told about it.

Few of those go in the transaction that deletes it. Many go before it in steps, which a job is
promised to finish: the answer waits for all of them, and a kill in between leaves nothing half
done for long.
"""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import fan_outs, quotes
from stentor.actions import jobs as work
from stentor.actions.notify import forget_statuses, retract
from stentor.domain import statuses as domain
from stentor.domain.notifications import NotificationType
from stentor.domain.statuses import LoadedStatuses, Status
from stentor.store import conversations, jobs, notifications, status_changes, statuses
from stentor.store import quotes as quotes_store
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus, News

DELETION = "delete_status"


async def delete(
    db: Database, bus: Bus, *, account_id: int, status_id: int | None, now: int
) -> LoadedStatuses:
    """Deletes an own status with its reblogs and whatever anybody was told about it.

    Returns it as it was. Raises NotFound for a missing one and for somebody else's.
    """
    status = await statuses.find(db, status_id)
    if status is None or status.account_id != account_id:
        raise errors.NotFound
    if await statuses.much_hangs_on(db, status.id, notifications.STEP):
        return await _delete_in_steps(db, bus, status, now=now)
    async with db.transaction() as tx:
        return await _delete(tx, bus, status, now=now)


async def _delete_in_steps(db: Database, bus: Bus, status: Status, *, now: int) -> LoadedStatuses:
    """`delete` of one that many hang on. The job may overtake us: the status is gone all the same.

    The job's row is held before the status, as the job itself does.
    """
    loaded = await statuses.load(db, [status.id], status.account_id, now=now)
    key = str(status.id)
    more = True
    while more:
        async with db.transaction() as tx:
            await jobs.add(tx, DELETION, key, {"status_id": status.id}, run_at=now)
            await jobs.hold(tx, [DELETION], key)
            more = await _strip(tx, status.id)
    try:
        async with db.transaction() as tx:
            await jobs.hold(tx, [DELETION], key)
            await _delete(tx, bus, status, now=now)
            await jobs.cancel(tx, DELETION, key)
    except errors.NotFound:
        pass
    return loaded


@work.step(DELETION)
async def _go_on(
    tx: Transaction, bus: Bus, payload: dict[str, Any], now: int
) -> dict[str, Any] | None:
    """Some more of a deletion that was begun; at last the status itself.

    That in a step of its own: it locks earlier statuses first.
    """
    if not payload.get("last"):
        return payload | {"last": not await _strip(tx, payload["status_id"])}
    status = await statuses.find(tx, payload["status_id"])
    if status is not None:
        await _delete(tx, bus, status, now=now)
    return None


async def _strip(tx: Transaction, status_id: int) -> bool:
    """Takes some of what hangs on a status away; False when little is left."""
    if not await statuses.lock(tx, [status_id]):
        return False
    reblogs = await statuses.lock_reblogs(tx, status_id, notifications.STEP)
    authors = [account_id for _, account_id in reblogs]
    await statuses.lock_authors(tx, authors)
    more = await notifications.remove_about_step(tx, status_id)
    await statuses.remove_reblogs(tx, status_id, [reblog_id for reblog_id, _ in reblogs])
    await statuses.count_removed(tx, authors)
    return more or len(reblogs) == notifications.STEP


async def _delete(tx: Transaction, bus: Bus, status: Status, *, now: int) -> LoadedStatuses:
    """Deletes it within a transaction. Raises NotFound if somebody else was faster."""
    await fan_outs.hold(tx, status.id)
    if status.visibility == "direct":
        await statuses.lock_conversation(tx, status.conversation_id)
    before = [one for one in (status.in_reply_to_id, status.reblog_of_id) if one]
    before += await quotes.quoted_ids(tx, status)
    if status.id not in await statuses.lock(tx, [*before, status.id]):
        raise errors.NotFound
    loaded = await statuses.load(tx, [status.id], status.account_id, now=now)
    await status_changes.add_deletion(tx, status.id, now=now)
    if status.reblog_of_id is not None:
        await remove_reblog(
            tx,
            reblog_id=status.id,
            account_id=status.account_id,
            original=loaded.statuses[status.reblog_of_id],
        )
    else:
        await _remove(tx, loaded.statuses[status.id])
    tx.after_commit(bus.publish, News(status.account_id, "status_deleted", status.id))
    return loaded


async def _remove(tx: Transaction, status: Status) -> None:
    quote = await quotes_store.find(tx, status.id) if status.has_quote else None
    losing = await statuses.lock_dependants(tx, status.id)
    await statuses.lock_authors(tx, [status.account_id, *losing])
    if status.visibility == "direct":
        await conversations.forget_status(tx, status.id, status.conversation_id)
    await fan_outs.cancel(tx, status.id)
    await forget_statuses(tx, [status.id])
    await statuses.remove(tx, status.id)
    if status.in_reply_to_id is not None and domain.counted_as_reply(status.visibility):
        await statuses.count(tx, status.in_reply_to_id, "replies_count", -1)
    if quote is not None:
        await quotes.uncount(tx, quote)
    if domain.counted(status.visibility):
        await statuses.count_removed(tx, [status.account_id])
    await statuses.count_removed(tx, losing)


async def remove_reblog(
    tx: Transaction, *, reblog_id: int, account_id: int, original: Status
) -> None:
    """Removes an account's reblog and what the author was told; the original is locked."""
    await statuses.lock_authors(tx, [account_id])
    await retract(
        tx, account_id=original.account_id, type=NotificationType.REBLOG, activity_id=reblog_id
    )
    await statuses.remove(tx, reblog_id)
    await statuses.count(tx, original.id, "reblogs_count", -1)
    await statuses.count_removed(tx, [account_id])
