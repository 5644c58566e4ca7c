"""What people do with their notifications: dismiss one, clear all."""

from __future__ import annotations

from stentor.errors import RecordNotFound
from stentor.store import notifications
from stentor.store.database import Database


async def dismiss(db: Database, account_id: int, notification_id: int | None) -> None:
    """Removes one for good, filtered or not. Raises RecordNotFound if it is not theirs."""
    if notification_id is None:
        raise RecordNotFound
    async with db.transaction() as tx:
        if not await notifications.remove_one(tx, account_id, notification_id):
            raise RecordNotFound


async def dismiss_many(db: Database, account_id: int, ids: list[int]) -> None:
    """Removes those that are theirs; unknown and foreign ones are passed over."""
    if ids:
        async with db.transaction() as tx:
            await notifications.remove_many(tx, account_id, ids)


async def clear(db: Database, account_id: int) -> None:
    """Removes all there are at this moment, filtered ones and their requests included.

    In steps, so that a long list holds nobody up; what arrives meanwhile stays.
    """
    newest = await notifications.newest_id(db, account_id)
    if newest is None:
        return
    more = True
    while more:
        async with db.transaction() as tx:
            more = await notifications.remove_step(tx, account_id, newest)


async def dismiss_group(
    db: Database, account_id: int, group_key: str, *, notification_id: int | None
) -> None:
    """Removes a group of that account, or the one notification that stands alone.

    Unknown and foreign keys remove nothing. In steps, since a group can be large.
    """
    if notification_id is not None:
        async with db.transaction() as tx:
            await notifications.remove_one(tx, account_id, notification_id)
        return
    more = True
    while more:
        async with db.transaction() as tx:
            more = await notifications.remove_group_step(tx, account_id, group_key)
