"""Muting a conversation: no more notifications of it, whoever writes (surroundings B2.1)."""

from __future__ import annotations

from stentor.actions.statuses import get_readable
from stentor.store import conversation_mutes
from stentor.store.database import Database


async def mute(db: Database, *, account_id: int, status_id: int | None, now: int) -> None:
    """Mutes the conversation of a status. Raises NotFound if the status cannot be read."""
    target = (await get_readable(db, status_id, account_id)).original
    async with db.transaction() as tx:
        await conversation_mutes.add(tx, account_id, target.conversation_id, now=now)


async def unmute(db: Database, *, account_id: int, status_id: int | None) -> None:
    """Unmutes the conversation of a status. Raises NotFound if the status cannot be read."""
    target = (await get_readable(db, status_id, account_id)).original
    async with db.transaction() as tx:
        await conversation_mutes.remove(tx, account_id, target.conversation_id)
