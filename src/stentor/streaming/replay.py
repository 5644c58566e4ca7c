"""What was said while somebody was away, said again: notifications exactly, statuses generously."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from stentor.domain import ids, streams, times
from stentor.domain.links import Links
from stentor.domain.paging import Anchor, Cursor
from stentor.domain.streams import Stream
from stentor.store import (
    conversations,
    lists,
    notifications,
    status_changes,
    timelines,
)
from stentor.store.database import Reader
from stentor.store.status_changes import StatusChange
from stentor.streaming import notifications as notices
from stentor.streaming import statuses
from stentor.streaming.events import Event

#: Milliseconds that a status may take from its id to its news: so much is said twice rather
#: than a status left out.
OVERLAP = 10 * times.SECOND
# Notifications that are rendered together.
STEP = 50


class TooMuchError(Exception):
    """More was missed than is said again."""


class _Missed(NamedTuple):
    """When something happened, to which status; the change if it is not simply new."""

    time: int
    status_id: int
    change: StatusChange | None


async def missed_statuses(
    db: Reader, links: Links, account_id: int, stream: Stream, since: int, *, now: int
) -> AsyncIterator[tuple[int, Event]]:
    """What a stream said after that time, in order, with the time of each.

    As it is now: a status that was edited meanwhile comes in its last wording. Raises
    TooMuchError before anything is yielded.
    """
    since -= OVERLAP
    if since <= now - status_changes.KEPT:
        raise TooMuchError
    changes = await status_changes.since(db, since, streams.REPLAYED + 1)
    created = await _created(db, account_id, stream, since, now=now)
    if len(changes) > streams.REPLAYED or len(created) > streams.REPLAYED:
        raise TooMuchError
    everything = [_Missed(ids.time_of(one), one, None) for one in created]
    everything += [_Missed(one.created_at, one.status_id, one) for one in changes]
    interest = statuses.Interest({stream: {account_id: ()}})
    for one in sorted(everything, key=lambda missed: missed.time):
        for told in await _again(db, links, interest, account_id, one, now=now):
            event = told.events.get(account_id)
            if told.stream == stream and event is not None:
                yield one.time, event


async def _again(
    db: Reader,
    links: Links,
    interest: statuses.Interest,
    account_id: int,
    missed: _Missed,
    *,
    now: int,
) -> list[statuses.Told]:
    change = missed.change
    if change is not None and change.deleted:
        return await statuses.deletion(db, interest, change)
    direct = Stream(streams.DIRECT)
    if change is None and interest.accounts(direct):
        event = await statuses.conversation(db, links, account_id, missed.status_id, now=now)
        return [statuses.Told(direct, {account_id: event})] if event else []
    return await statuses.status(
        db, links, interest, missed.status_id, edited=change is not None, now=now
    )


async def _created(
    db: Reader, account_id: int, stream: Stream, since: int, *, now: int
) -> list[int]:
    """The statuses that a stream showed since then, as its timeline has them."""
    cursor = Cursor(streams.REPLAYED + 1, after=ids.snowflake(since, 0) - 1, anchor=Anchor.OLDEST)
    name = stream.name
    if name == streams.USER:
        return await timelines.home(db, account_id, cursor, now=now)
    if name == streams.LIST:
        found = await lists.find(db, account_id, int(stream.parameter))
        if found is None:
            return []
        return await timelines.of_list(
            db, account_id, cursor, list_id=found.id, replies_policy=found.replies_policy, now=now
        )
    if name == streams.DIRECT:
        return [one.last_status_id for one in await conversations.page(db, account_id, cursor)]
    if name in streams.PUBLIC_STREAMS:
        origin = streams.PUBLIC_STREAMS[name]
        return await timelines.public(db, account_id, cursor, origin=origin, now=now)
    if name in streams.HASHTAG_STREAMS:
        wanted = timelines.TagQuery([stream.parameter])
        origin = streams.HASHTAG_STREAMS[name]
        return await timelines.tagged(db, account_id, cursor, wanted, origin=origin, now=now)
    return []


async def missed_notifications(
    db: Reader, links: Links, account_id: int, position: int, up_to: int, *, now: int
) -> AsyncIterator[tuple[int, Event]]:
    """An account's notifications between two ids, each once and in order.

    Raises TooMuchError before anything is yielded.
    """
    rows = await notifications.after(db, account_id, position, streams.REPLAYED + 1)
    if len(rows) > streams.REPLAYED:
        raise TooMuchError
    rows = [one for one in rows if one.row.id <= up_to]
    for first in range(0, len(rows), STEP):
        part = rows[first : first + STEP]
        events = await notices.events(db, links, account_id, part, now=now)
        for one in part:
            if one.row.id in events:
                yield one.row.id, events[one.row.id]
