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
from stentor.store import favourites, status_views, statuses
from stentor.store.database import Database
from stentor.store.favourites import Counted
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
        self.together: Together[Wish, Outcome] = Together(
            partial(_grant, db, bus), most=MOST, linger=db.linger
        )


def giving(db: Database, bus: Bus) -> Giving:
    """The one who gives favourites in that database; all who use it share him."""
    found: Giving | None = db.together.get("favourites")
    if found is None or found.bus is not bus:
        found = db.together["favourites"] = Giving(db, bus)
    return found


async def _grant(db: Database, bus: Bus, wishes: Sequence[Wish]) -> list[Outcome]:
    """Gives those that may be given; for each what its account sees, or why it may not.

    Whether they may and what they see is read for all at once, and only before: what their
    favourites change of it is known. Raises RecordNotFound if a status goes meanwhile, and then
    none is given.
    """
    asked = [(wish.status_id, wish.account_id) for wish in wishes]
    now = max(wish.now for wish in wishes)
    outcomes: list[Outcome] = []
    given: list[tuple[LoadedStatuses, Favourite]] = []
    for wish, view in zip(wishes, await status_views.load_each(db, asked, now=now), strict=True):
        loaded = view.loaded
        if not loaded.may_show(wish.status_id):
            outcomes.append(errors.NotFound())
            continue
        status = loaded.statuses[wish.status_id]
        target = loaded.statuses[status.reblog_of_id or status.id]
        if target.account_id in view.blocking:
            outcomes.append(errors.NotAllowed())
            continue
        outcomes.append(loaded)
        given.append(
            (loaded, Favourite(wish.account_id, target.id, target.account_id, wish.now))
        )  # fmt: skip
    if given:
        counts = await _give(db, bus, [one for _, one in given])
        for loaded, one in given:
            loaded.favourited(one.status_id, counts[one.status_id].favourites_count)
    return outcomes


async def _give(db: Database, bus: Bus, wanted: Sequence[Favourite]) -> dict[int, Counted]:
    """Keeps favourites that are new and tells of them; all of them or none.

    What each of the statuses has then. Raises RecordNotFound if one has gone.
    """
    now = max(one.now for one in wanted)
    async with db.transaction() as tx:
        # Counted first: see the order of locks at `actions.statuses`.
        counts = await favourites.count(tx, [one.status_id for one in wanted])
        ids = await favourites.add(tx, [one[:2] for one in wanted], now=now)
        events = []
        for one in wanted:
            # Taken out, so that of two who are the same the second counts as a repetition.
            favourite_id = ids.pop(one[:2], None)
            if favourite_id is None:
                await statuses.count(tx, one.status_id, "favourites_count", -1)
                had, version, since = counts[one.status_id]
                counts[one.status_id] = Counted(had - 1, version + 1, since)
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
    for status_id, counted in counts.items():
        statuses.recounted(db, status_id, *counted)
    return counts


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
