"""What happens to an account as a whole, each time in one transaction.

Limit, suspend, disable and delete are what moderators and the operator do: all take an account's
id and raise RecordNotFound if there is none; doing one again changes nothing.
"""

from __future__ import annotations

from stentor.actions import notify
from stentor.errors import RecordNotFound
from stentor.store import moderation, notification_inboxes
from stentor.store.database import Database, Transaction
from stentor.store.moderation import Mark
from stentor.streaming.bus import Bus, News


async def limit(db: Database, account_id: int, *, now: int) -> None:
    """Keeps an account out of what strangers see; its follows become requests (C15)."""
    async with db.transaction() as tx:
        await _mark(tx, account_id, Mark.LIMITED, now)


async def unlimit(db: Database, account_id: int) -> None:
    """Takes back `limit`."""
    async with db.transaction() as tx:
        await _mark(tx, account_id, Mark.LIMITED, None)


async def suspend(db: Database, bus: Bus, account_id: int, *, now: int) -> None:
    """Hides an account and shuts its person out; nothing is removed (C15)."""
    async with db.transaction() as tx:
        await _mark(tx, account_id, Mark.SUSPENDED, now)
        tx.after_commit(bus.publish, News(account_id, "account_suspended", account_id))


async def unsuspend(db: Database, account_id: int) -> None:
    """Takes back `suspend`: what was hidden is seen again."""
    async with db.transaction() as tx:
        await _mark(tx, account_id, Mark.SUSPENDED, None)


async def disable(db: Database, bus: Bus, account_id: int) -> None:
    """Freezes the sign-in of a local account; its tokens answer 403 (C0.4)."""
    async with db.transaction() as tx:
        if not await moderation.set_disabled(tx, account_id, disabled=True):
            raise RecordNotFound
        tx.after_commit(bus.publish, News(account_id, "account_disabled", account_id))


async def enable(db: Database, account_id: int) -> None:
    """Takes back `disable`."""
    async with db.transaction() as tx:
        if not await moderation.set_disabled(tx, account_id, disabled=False):
            raise RecordNotFound


async def delete(db: Database, bus: Bus, account_id: int) -> None:
    """Removes an account with everything it has done; others' counters stay right."""
    async with db.transaction() as tx:
        if not await moderation.hold(tx, account_id):
            raise RecordNotFound
        told = await moderation.told_by(tx, account_id)
        await notification_inboxes.touch(tx, told)
        for recipient in told:
            await notify.forget_sender(tx, account_id=recipient, from_account_id=account_id)
        await notify.forget_statuses(tx, await moderation.statuses_of(tx, account_id))
        await moderation.remove(tx, account_id)
        tx.after_commit(bus.publish, News(account_id, "account_suspended", account_id))


async def _mark(tx: Transaction, account_id: int, mark: Mark, since: int | None) -> None:
    """Sets or lifts it. Whoever has notifications from that account lists something else now."""
    if not await moderation.set_mark(tx, account_id, mark, since):
        raise RecordNotFound
    await notification_inboxes.touch(tx, await moderation.told_by(tx, account_id))
