"""Favourites: given and taken back (surroundings C8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from stentor import errors
from stentor.actions.notify import notify, retract
from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.domain.notifications import Event, NotificationType
from stentor.store import favourites, statuses
from stentor.store.database import Database
from stentor.streaming.bus import Bus
from stentor.together import Together

#: Favourites that are given in one transaction at most.
MOST = 64


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
        await giving(db, bus).together(Favourite(account_id, target.id, target.account_id, now))


class Favourite(NamedTuple):
    """What somebody wants to give."""

    account_id: int
    status_id: int
    author_id: int
    now: int


class Giving:
    """Gives favourites, those that are wanted at the same moment in one transaction."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self.bus = bus
        self.together: Together[Favourite, None] = Together(partial(_give, db, bus), most=MOST)


def giving(db: Database, bus: Bus) -> Giving:
    """The one who gives favourites in that database; all who use it share him."""
    found: Giving | None = db.together.get("favourites")
    if found is None or found.bus is not bus:
        found = db.together["favourites"] = Giving(db, bus)
    return found


async def _give(db: Database, bus: Bus, wanted: Sequence[Favourite]) -> list[None]:
    """Keeps favourites that are new and tells of them; all of them or none.

    Raises RecordNotFound if a status has gone.
    """
    now = max(one.now for one in wanted)
    async with db.transaction() as tx:
        # Counted first: see the order of locks at `actions.statuses`.
        await favourites.count(tx, [one.status_id for one in wanted])
        ids = await favourites.add(tx, [one[:2] for one in wanted], now=now)
        events = []
        for one in wanted:
            # Taken out, so that of two who are the same the second counts as a repetition.
            favourite_id = ids.pop(one[:2], None)
            if favourite_id is None:
                await statuses.count(tx, one.status_id, "favourites_count", -1)
            elif one.author_id != one.account_id:
                events.append(
                    Event(
                        NotificationType.FAVOURITE,
                        activity_id=favourite_id,
                        from_account_id=one.account_id,
                        recipients=(one.author_id,),
                        created_at=one.now,
                        status_id=one.status_id,
                    )
                )
        await notify(tx, bus, *events, now=now)
    return [None] * len(wanted)


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
