"""Block and unblock (surroundings B2.2, C14)."""

from __future__ import annotations

from stentor.actions import forgetting
from stentor.actions.relationships import pair
from stentor.domain.relationships import Relationship
from stentor.store import (
    blocks,
    conversations,
    notification_inboxes,
    notification_permissions,
)
from stentor.store.database import Database


async def block(db: Database, account_id: int, target_id: int | None, *, now: int) -> Relationship:
    """Wants nothing more to do with somebody: nothing of what came from him is left.

    Follows and requests are cut both ways; of what the target has, only what he was told of
    those goes. Of oneself it does nothing. Raises RecordNotFound.
    """
    async with pair(db, account_id, target_id, now=now) as both:
        if both.same:
            return both.relationship
        local = [one.id for one in (both.account, both.target) if one.local]
        await notification_inboxes.touch(both.tx, local)
        await both.cut()
        await blocks.add(both.tx, account_id, both.target.id, now=now)
        await notification_permissions.remove(both.tx, account_id, both.target.id)
        rest = await forgetting.begin(both.tx, account_id, both.target.id, now=now)
        await conversations.forget(both.tx, account_id, both.target.id)
        found = await both.read()
    await forgetting.finish(db, rest)
    return found


async def unblock(
    db: Database, account_id: int, target_id: int | None, *, now: int
) -> Relationship:
    """Ends the block; nothing that it took comes back. Raises RecordNotFound."""
    async with pair(db, account_id, target_id, now=now) as both:
        await blocks.remove(both.tx, account_id, both.target.id)
        return await both.read()
