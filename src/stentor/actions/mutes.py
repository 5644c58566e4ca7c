"""Mute and unmute, for a while or for good (surroundings B2.2, C14)."""

from __future__ import annotations

from stentor.actions import forgetting
from stentor.actions.relationships import pair
from stentor.domain.relationships import Mute, Relationship, mute_end
from stentor.store import conversations, mutes
from stentor.store.database import Database


async def mute(
    db: Database,
    account_id: int,
    target_id: int | None,
    *,
    notifications: bool,
    duration: int,
    now: int,
) -> Relationship:
    """Hides somebody for so many seconds, 0 for good; again changes the mute that holds.

    With ``notifications`` what came from him goes too, and no more comes. Of oneself it does
    nothing. Raises RecordNotFound.
    """
    async with pair(db, account_id, target_id, now=now) as both:
        if both.same:
            return both.relationship
        wanted = Mute(notifications, mute_end(duration, now))
        await mutes.set_mute(both.tx, account_id, both.target.id, wanted, now=now)
        rest = None
        if notifications:
            rest = await forgetting.begin(both.tx, account_id, both.target.id, now=now)
            await conversations.forget(both.tx, account_id, both.target.id)
        found = await both.read()
    await forgetting.finish(db, rest)
    return found


async def unmute(db: Database, account_id: int, target_id: int | None, *, now: int) -> Relationship:
    """Ends the mute; nothing that it took comes back. Raises RecordNotFound."""
    async with pair(db, account_id, target_id, now=now) as both:
        await mutes.remove(both.tx, account_id, both.target.id)
        return await both.read()


async def sweep(db: Database, *, now: int) -> int:
    """Removes up to a thousand mutes that have ended; how many it was."""
    async with db.transaction() as tx:
        return await mutes.sweep(tx, now=now)
