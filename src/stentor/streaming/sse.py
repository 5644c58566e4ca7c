"""One server-sent event stream: what the hub says, as lines, with ids to come back with (9.4)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

from stentor.domain import paging, streams
from stentor.domain.streams import Closing, Subscription
from stentor.store.database import StorageProblem
from stentor.streaming import replay
from stentor.streaming.connections import HELD, OVERFLOW, Connection, Listener
from stentor.streaming.events import Event
from stentor.streaming.hub import Hub

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Under this name an ASGI scope's extensions may hold what cuts the connection at once.
ABORT = "stentor.abort"
#: Seconds between two signs of life.
HEARTBEAT = 15.0
#: Seconds that whoever does not read is given before the connection is cut.
GRACE = 10.0
HELLO = b":)\n"
THUMP = b":thump\n"
#: Said before the end to whoever cannot be told everything that he missed.
GAP = b": too much was missed, read your timelines\n"


class Place(NamedTuple):
    """How far a client has heard: the highest notification, and when the last status was said."""

    notification_id: int
    time: int

    def line(self) -> bytes:
        """The ``id`` of an event."""
        return b"id: %d-%d\n" % self


def place(text: str | None) -> Place | None:
    """What a ``Last-Event-ID`` says; None for one that is none of ours."""
    first, dash, second = (text or "").partition("-")
    notification_id, time = paging.parse_id(first), paging.parse_id(second)
    if not dash or notification_id is None or time is None:
        return None
    return Place(notification_id, time)


class EventStream(Connection):
    """An SSE connection as the hub sees it: a bounded queue, and a task that sends."""

    __slots__ = ("_bell", "_bytes", "_closing", "_hub", "_queue", "known", "writer")
    transport = "sse"

    def __init__(self, hub: Hub, listener: Listener) -> None:
        super().__init__(listener)
        self._hub = hub
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._bell = asyncio.Event()
        self._closing: Closing | None = None
        #: The highest notification that the client is known to have, while it is held.
        self.known = 0
        self.writer: asyncio.Task[None] | None = None

    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        if self._closing is not None or not any(labels):
            return 0
        # While it is held, notifications that were missed are still to come.
        known = self.known if self.position == HELD else self.position
        lines = event.lines() + Place(known, self._hub.horizon()).line() + b"\n"
        if len(self._queue) >= streams.QUEUED_EVENTS:
            return OVERFLOW
        self._queue.append(lines)
        self._bytes += len(lines)
        if self._bytes > streams.QUEUED_BYTES:
            return OVERFLOW
        self._bell.set()
        return 1

    def end(self, closing: Closing) -> None:
        if self._closing is not None:
            return
        self._closing = closing
        self._bell.set()
        if closing is Closing.SLOW and self.writer is not None:
            self.writer.cancel()

    async def write(
        self, send: Send, first: AsyncIterator[bytes], abort: Callable[[], None] | None
    ) -> None:
        """Sends what comes first, then what the hub says, until the end.

        Whoever does not read in spite of that is given a while, and then cut off.
        """
        try:
            try:
                async for lines in first:
                    await _send(send, lines)
                await self._write(send)
            except replay.TooMuchError:
                await _send(send, GAP + Place(await self._newest(), self._hub.now()).line())
                await _send(send, b"\n", more=False)
            except StorageProblem:
                await _send(send, b"", more=False)
        except asyncio.CancelledError:
            if self._closing is not Closing.SLOW:
                raise
            try:
                await asyncio.wait_for(_send(send, b"", more=False), GRACE)
            except TimeoutError:
                if abort is not None:
                    abort()

    async def _newest(self) -> int:
        return await self._hub.newest(self.listener.account_id)

    async def _write(self, send: Send) -> None:
        while True:
            if self._queue:
                lines, size = b"".join(self._queue), self._bytes
                self._queue.clear()
                await _send(send, lines)
                self._bytes -= size
            elif self._closing is not None:
                await _send(send, b"", more=False)
                return
            else:
                self._bell.clear()
                try:
                    await asyncio.wait_for(self._bell.wait(), HEARTBEAT)
                except TimeoutError:
                    await _send(send, THUMP)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


class Opening(NamedTuple):
    """How a stream begins.

    ``last`` is where the client was; ``announce`` says at once where it is now, which is for
    clients that can come back with it. ``abort`` cuts a connection that nobody reads.
    """

    wanted: Subscription
    last: Place | None = None
    announce: bool = False
    abort: Callable[[], None] | None = None


async def run(
    hub: Hub, listener: Listener, opening: Opening, *, receive: Receive, send: Send
) -> None:
    """Serves a stream whose head has been sent, until either side ends it."""
    stream = EventStream(hub, listener)
    hub.join(stream)
    try:
        first = _first(hub, stream, opening)
        stream.writer = asyncio.create_task(stream.write(send, first, opening.abort))
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        hub.leave(stream)
        if stream.writer is not None:
            if not stream.writer.done():
                stream.writer.cancel()
            await asyncio.gather(stream.writer, return_exceptions=True)


async def _first(hub: Hub, stream: EventStream, opening: Opening) -> AsyncIterator[bytes]:
    """The greeting, and what was missed.

    What happens to statuses meanwhile waits in the queue; notifications are read from the table
    afterwards, from where this ends.
    """
    yield HELLO
    account_id, wanted, last = stream.listener.account_id, opening.wanted, opening.last
    hears = streams.hears_notifications(wanted.stream, stream.listener.scopes)
    newest = await hub.newest(account_id)
    stream.known = newest if last is None else min(last.notification_id, newest)
    stream.position = HELD
    begun = hub.horizon()
    hub.subscribe(stream, wanted)
    if opening.announce and last is None:
        yield Place(newest, begun).line() + b"\n"
    if last is not None:
        if wanted.stream.name != streams.NOTIFICATIONS:
            async for time, event in replay.missed_statuses(
                hub.db, hub.links, account_id, wanted.stream, last.time, now=hub.now()
            ):
                yield event.lines() + Place(stream.known, min(time, begun)).line() + b"\n"
        if hears:
            async for number, event in replay.missed_notifications(
                hub.db, hub.links, account_id, stream.known, newest, now=hub.now()
            ):
                stream.known = number
                yield event.lines() + Place(number, begun).line() + b"\n"
        stream.known = newest
    hub.resume(stream, newest)
