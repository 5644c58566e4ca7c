"""Favourites: given and taken back (surroundings C8)."""

from __future__ import annotations

from stentor import errors
from stentor.actions.notify import notify, retract
from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.domain.notifications import Event, NotificationType
from stentor.store import favourites, statuses
from stentor.store.database import Database
from stentor.streaming.bus import Bus


async def favourite(
    db: Database, bus: Bus, *, account_id: int, status_id: int | None, now: int
) -> None:
    """Favourites a status, or what a reblog reblogs; a second time nothing happens.

    Raises NotFound if it cannot be read, NotAllowed if the account blocks its author.
    """
    found = await get_readable(db, status_id, account_id)
    if found.blocking:
        raise errors.NotAllowed
    target = found.original
    with gone_is_not_found():
        async with db.transaction() as tx:
            # Counted first: see the order of locks at `actions.statuses`.
            await statuses.count(tx, target.id, "favourites_count", 1)
            favourite_id = await favourites.add(tx, account_id, target.id, now=now)
            if favourite_id is None:
                await statuses.count(tx, target.id, "favourites_count", -1)
                return
            if target.account_id != account_id:
                event = Event(
                    NotificationType.FAVOURITE,
                    activity_id=favourite_id,
                    from_account_id=account_id,
                    recipients=(target.account_id,),
                    created_at=now,
                    status_id=target.id,
                )
                await notify(tx, bus, event, now=now)


async def unfavourite(db: Database, *, account_id: int, status_id: int | None) -> None:
    """Takes a favourite back, and what its author was told; without one nothing happens.

    Raises NotFound if the status cannot be read.
    """
    target = (await get_readable(db, status_id, account_id)).original
    async with db.transaction() as tx:
        await statuses.lock(tx, [target.id])
        favourite_id = await favourites.remove(tx, account_id, target.id)
        if favourite_id is None:
            return
        await statuses.count(tx, target.id, "favourites_count", -1)
        await retract(
            tx,
            account_id=target.account_id,
            type=NotificationType.FAVOURITE,
            activity_id=favourite_id,
        )
