"""Favourites: given and taken back (surroundings C8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from stentor import errors
from stentor.actions.notify import notify, retract
from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.statuses import LoadedStatuses
from stentor.store import favourites, readable_statuses, statuses
from stentor.store.database import Database
from stentor.streaming.bus import Bus
from stentor.together import Together

#: Favourites that are given in one transaction at most.
MOST = 64


async def favourite(
    db: Database, bus: Bus, *, account_id: int, status_id: int | None, now: int
) -> LoadedStatuses:
    """Favourites a status, or what a reblog reblogs; a second time nothing happens.

    The status as the account sees it afterwards. Raises NotFound if it cannot be read, NotAllowed
    if the account blocks its author.
    """
    if status_id is None:
        raise errors.NotFound
    with gone_is_not_found():
        outcome = await giving(db, bus).together(Wish(account_id, status_id, now))
    if isinstance(outcome, errors.PublicError):
        raise outcome
    return outcome


class Wish(NamedTuple):
    """Somebody wants to favourite a status, or what it reblogs."""

    account_id: int
    status_id: int
    now: int


class Favourite(NamedTuple):
    """What somebody may give."""

    account_id: int
    status_id: int
    author_id: int
    now: int


Outcome = LoadedStatuses | errors.PublicError


class Giving:
    """Gives favourites, those that are wanted at the same moment in one transaction."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self.bus = bus
        self.together: Together[Wish, Outcome] = Together(partial(_grant, db, bus), most=MOST)


def giving(db: Database, bus: Bus) -> Giving:
    """The one who gives favourites in that database; all who use it share him."""
    found: Giving | None = db.together.get("favourites")
    if found is None or found.bus is not bus:
        found = db.together["favourites"] = Giving(db, bus)
    return found


async def _grant(db: Database, bus: Bus, wishes: Sequence[Wish]) -> list[Outcome]:
    """Gives those that may be given; for each what its account sees, or why it may not.

    What is answered is read here too, and not by each for himself: for many at once it costs
    little, and on SQLite the next transaction would make all of them read from the disk.
    Raises RecordNotFound if a status goes meanwhile, and then none is given.
    """
    asked = [(wish.status_id, wish.account_id) for wish in wishes]
    refused: dict[int, errors.PublicError] = {}
    given: list[Favourite] = []
    for number, found in enumerate(await readable_statuses.find_each(db, asked)):
        if found is None:
            refused[number] = errors.NotFound()
        elif found.blocking:
            refused[number] = errors.NotAllowed()
        else:
            account_id, _, now = wishes[number]
            target = found.original
            given.append(Favourite(account_id, target.id, target.account_id, now))
    if given:
        await _give(db, bus, given)
    now = max(wish.now for wish in wishes)
    seen = await statuses.load_each(
        db, [one for number, one in enumerate(asked) if number not in refused], now=now
    )
    views = iter(seen)
    return [refused[n] if n in refused else next(views) for n in range(len(wishes))]


async def _give(db: Database, bus: Bus, wanted: Sequence[Favourite]) -> None:
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
