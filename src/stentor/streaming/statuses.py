"""Who is told of a status, and how each of them sees it (surroundings C5, reliability T18).

Whatever belongs to a person (home, lists, direct messages) is rendered for that person; those to
whom it looks the same share one rendering. Public streams share an anonymous one, to which the
listener's own ``filtered`` is joined.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from stentor.domain import filters as filter_rules
from stentor.domain import streams
from stentor.domain.links import Links
from stentor.domain.paging import Cursor
from stentor.domain.statuses import LoadedStatuses
from stentor.domain.streams import Stream
from stentor.entities import conversations as conversation_entities
from stentor.entities import filters as filter_entities
from stentor.entities import statuses as entities
from stentor.entities.accounts import encoder
from stentor.store import conversations, filters, live_timelines, status_changes, statuses
from stentor.store.database import Reader
from stentor.store.live_timelines import About
from stentor.store.status_changes import StatusChange
from stentor.streaming.bus import News
from stentor.streaming.events import Event

#: Kinds of news that are about a status.
CREATED, EDITED, DELETED, CONVERSATION = (
    "status_created", "status_edited", "status_deleted", "conversation",
)  # fmt: skip
KINDS = frozenset({CREATED, EDITED, DELETED, CONVERSATION})

_Connection = TypeVar("_Connection")
#: What is listened to: by account, its connections and how each calls that stream.
Channels = dict[Stream, dict[int, dict[_Connection, tuple[bytes, ...]]]]

_USER = Stream(streams.USER)
_NOTIFICATIONS = Stream(streams.NOTIFICATIONS)
_DIRECT = Stream(streams.DIRECT)


class Told(NamedTuple):
    """What is to be said on a stream, to which accounts."""

    stream: Stream
    events: Mapping[int, Event]


class Interest:
    """Who listens to what at this moment."""

    __slots__ = ("_channels",)

    def __init__(self, channels: Mapping[Stream, Mapping[int, Any]]) -> None:
        self._channels = channels

    def accounts(self, stream: Stream) -> list[int]:
        """Whoever listens to a stream."""
        return list(self._channels.get(stream, ()))

    def lists(self) -> dict[int, Stream]:
        """The lists that somebody listens to."""
        return {int(one.parameter): one for one in self._channels if one.name == streams.LIST}

    def open(self, names: Collection[str], parameters: Collection[str] = ("",)) -> list[Stream]:
        """The streams of those names that somebody listens to."""
        wanted = (Stream(name, parameter) for name in names for parameter in parameters)
        return [one for one in wanted if one in self._channels]


async def told(db: Reader, links: Links, interest: Interest, news: News, *, now: int) -> list[Told]:
    """What one piece of news means to those who listen. Raises StorageProblem."""
    if news.kind == DELETED:
        return [
            one
            for change in await status_changes.deletions(db, news.id)
            for one in await deletion(db, interest, change)
        ]
    if news.kind == CONVERSATION:
        if news.account_id not in interest.accounts(_DIRECT):
            return []
        event = await conversation(db, links, news.account_id, news.id, now=now)
        return [Told(_DIRECT, {news.account_id: event})] if event else []
    return await status(db, links, interest, news.id, edited=news.kind == EDITED, now=now)


async def status(
    db: Reader, links: Links, interest: Interest, status_id: int, *, edited: bool, now: int
) -> list[Told]:
    """A new status, or one that says something else now, for everybody who is to see it."""
    loaded = await statuses.load(db, [status_id], None, now=now)
    row = loaded.statuses.get(status_id)
    if row is None or loaded.accounts[row.account_id].unavailable:
        return []
    name = "status.update" if edited else "update"
    about = live_timelines.about(loaded, status_id)
    seen = await live_timelines.home(db, interest.accounts(_USER), about, now=now)
    lists = interest.lists()
    owners = [one for stream in lists.values() for one in interest.accounts(stream)]
    listed = await live_timelines.on_lists(db, owners, list(lists), about, now=now)
    mentioned: set[int] = set()
    if edited:
        mentioned = await _mentioned(db, interest, loaded, about, now=now)
    viewers = seen | mentioned | {owner for _, owner in listed}
    events = await _for_each(db, links, loaded, status_id, viewers, name=name, now=now)
    found = [
        Told(_USER, _only(events, seen | mentioned)),
        Told(_NOTIFICATIONS, _only(events, mentioned)),
        *(Told(lists[list_id], _only(events, {owner})) for list_id, owner in listed),
        *await _public(db, links, interest, loaded, status_id, name=name, now=now),
    ]
    if edited and row.visibility == "direct":
        found += await _again(db, links, interest, loaded, status_id, now=now)
    return found


def _only(events: Mapping[int, Event], accounts: Collection[int]) -> dict[int, Event]:
    return {one: events[one] for one in accounts if one in events}


async def _mentioned(
    db: Reader, interest: Interest, loaded: LoadedStatuses, about: About, *, now: int
) -> set[int]:
    """Whom an edited status names and who wants to hear of its author (3.3, 9.4)."""
    listening = {*interest.accounts(_USER), *interest.accounts(_NOTIFICATIONS)}
    named = listening.intersection(loaded.mentions.get(about.status_id, ())) - {about.author_id}
    return await live_timelines.at_all(db, named, about.author_id, now=now)


async def _for_each(
    db: Reader,
    links: Links,
    loaded: LoadedStatuses,
    status_id: int,
    viewers: Collection[int],
    *,
    name: str,
    now: int,
) -> dict[int, Event]:
    """The status as each viewer sees it; rendered once for those to whom it looks the same."""
    events: dict[int, Event] = {}
    for alike in await live_timelines.alike(db, viewers, loaded, status_id, now=now):
        seen = await statuses.load(db, [status_id], alike[0], now=now)
        if seen.may_show(status_id):
            event = Event(name, entities.encoded(seen, status_id, links))
            events.update(dict.fromkeys(alike, event))
        await asyncio.sleep(0)
    return events


async def _public(
    db: Reader,
    links: Links,
    interest: Interest,
    loaded: LoadedStatuses,
    status_id: int,
    *,
    name: str,
    now: int,
) -> list[Told]:
    row = loaded.statuses[status_id]
    if row.visibility != "public" or row.reblog_of_id is not None:
        return []
    local = loaded.accounts[row.account_id].local
    tags = loaded.tags.get(status_id, ())
    wanted = interest.open(_names(streams.HASHTAG_STREAMS, local=local), tags)
    if row.in_reply_to_account_id in (None, row.account_id):
        wanted += interest.open(_names(streams.PUBLIC_STREAMS, local=local))
    viewers = {account_id for one in wanted for account_id in interest.accounts(one)}
    if not viewers or not loaded.may_show(status_id):
        return []
    shown = await live_timelines.unasked(db, viewers, row.account_id, now=now)
    events = await _with_filters(db, links, loaded, status_id, shown, name=name, now=now)
    return [Told(one, _only(events, interest.accounts(one))) for one in wanted]


def _names(origins: Mapping[str, str], *, local: bool) -> list[str]:
    return [
        name for name, origin in origins.items() if origin == "all" or (origin == "local") == local
    ]


async def _with_filters(
    db: Reader,
    links: Links,
    loaded: LoadedStatuses,
    status_id: int,
    viewers: Collection[int],
    *,
    name: str,
    now: int,
) -> dict[int, Event]:
    """The anonymous rendering, with ``filtered`` as each viewer's own filters have it (T18)."""
    start = bytes(entities.encoded(loaded, status_id, links))[:-1] + b',"filtered":'
    events = dict.fromkeys(viewers, Event(name, start + b"[]}"))
    texts = loaded.texts_of(status_id)
    for viewer in sorted(await live_timelines.with_filters(db, viewers, now=now)):
        active = await filters.active(db, viewer, [status_id], now=now)
        results = filter_rules.results(active, texts, {status_id})
        if results:
            encoded = filter_entities.encoded_results(results)
            events[viewer] = Event(name, start + encoded + b"}")
    return events


async def _again(
    db: Reader,
    links: Links,
    interest: Interest,
    loaded: LoadedStatuses,
    status_id: int,
    *,
    now: int,
) -> list[Told]:
    """A direct message that was edited is told where it is the last one of a conversation."""
    row = loaded.statuses[status_id]
    people = {row.account_id, *loaded.mentions.get(status_id, ())}
    events = {}
    for account_id in people.intersection(interest.accounts(_DIRECT)):
        event = await conversation(db, links, account_id, status_id, now=now)
        if event is not None:
            events[account_id] = event
    return [Told(_DIRECT, events)]


async def conversation(
    db: Reader, links: Links, account_id: int, status_id: int, *, now: int
) -> Event | None:
    """A person's conversation of which that is the last message; None if there is none."""
    last = Cursor(1, after=status_id - 1, before=status_id + 1)
    found = await conversations.page(db, account_id, last)
    if not found:
        return None
    everybody = {*conversations.everybody(found), account_id}
    loaded = await statuses.load(db, [status_id], account_id, now=now, with_accounts=everybody)
    if not loaded.may_show(status_id):
        return None
    rendered = conversation_entities.render(
        loaded,
        found[0].id,
        conversations.unpack(found[0].participants),
        status_id,
        links,
        unread=found[0].unread,
    )
    return Event("conversation", encoder.encode(rendered))


async def deletion(db: Reader, interest: Interest, change: StatusChange) -> list[Told]:
    """That a status is gone, for those who may have seen it, and for nobody who may not have."""
    event = Event("delete", str(change.status_id).encode())
    home = change.people.intersection(interest.accounts(_USER))
    found = [Told(_DIRECT, _all(event, change.people.intersection(interest.accounts(_DIRECT))))]
    if change.visibility != "direct":
        everybody = interest.accounts(_USER)
        tags = change.tags if change.visibility == "public" else ()
        home |= await live_timelines.concerned(db, everybody, change.account_id, tags)
    found.append(Told(_USER, _all(event, home)))
    lists = interest.lists()
    if lists:
        for list_id in await live_timelines.holding(db, list(lists), change.account_id):
            seen: Collection[int] = interest.accounts(lists[list_id])
            if change.visibility == "direct":
                seen = change.people.intersection(seen)
            found.append(Told(lists[list_id], _all(event, seen)))
    if change.visibility == "public":
        names = _names(streams.HASHTAG_STREAMS, local=change.local)
        wanted = interest.open(names, change.tags)
        wanted += interest.open(_names(streams.PUBLIC_STREAMS, local=change.local))
        found += [Told(one, _all(event, interest.accounts(one))) for one in wanted]
    return found


def _all(event: Event, accounts: Collection[int]) -> dict[int, Event]:
    return dict.fromkeys(accounts, event)
