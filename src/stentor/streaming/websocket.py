"""One WebSocket: pumps what the client says into its session, and what the hub says out (9.5).

There is one task for each socket, and it only listens: what is said is written by the hub, which
never waits. Where the server lets us (`stentor.commands.websockets`), frames that were made once
go straight to the transport; on any other ASGI server a second task sends them.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

from stentor import telemetry
from stentor.domain import streams
from stentor.domain.streams import Closing, Wish
from stentor.store import lists
from stentor.store.database import StorageProblem
from stentor.streaming.connections import OVERFLOW, Connection, Listener
from stentor.streaming.events import Event, text_frame
from stentor.streaming.hub import Hub
from stentor.streaming.session import NOTHING, Outcome, Session
from stentor.telemetry import Metric

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Under this name an ASGI scope's extensions may hold a `Wire`.
WIRE = "stentor.wire"


class Wire(Protocol):
    """A WebSocket connection that takes frames as they are to be sent, at once."""

    #: More waits in memory than the transport likes.
    choked: bool

    def write(self, frame: bytes) -> None:
        """Sends a whole frame, or keeps it until the peer reads on."""

    def waiting(self) -> int:
        """How many bytes wait in memory."""

    def hang_up(self, code: int, reason: str) -> None:
        """Sends a close frame; whoever has not answered a while later is cut off."""


class Socket(Connection):
    """A WebSocket as the hub sees it."""

    __slots__ = ()
    transport = "websocket"

    @abstractmethod
    def answer(self, text: bytes) -> None:
        """Says something to this client alone."""


class WiredSocket(Socket):
    """A socket whose frames go straight to the transport."""

    __slots__ = ("_open", "_pending", "_wire")

    def __init__(self, listener: Listener, wire: Wire) -> None:
        super().__init__(listener)
        self._wire = wire
        self._open = True
        self._pending = 0

    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        if not self._open:
            return 0
        wire, said = self._wire, 0
        for label in labels:
            wire.write(event.frame(label))
            said += 1
        if not wire.choked:
            self._pending = 0
            return said
        self._pending += said
        if self._pending > streams.QUEUED_EVENTS or wire.waiting() > streams.QUEUED_BYTES:
            return OVERFLOW
        return said

    def answer(self, text: bytes) -> None:
        if self._open:
            self._wire.write(text_frame(text))

    def end(self, closing: Closing) -> None:
        if self._open:
            self._open = False
            self._wire.hang_up(closing.code, closing.reason)


class QueuedSocket(Socket):
    """A socket on an ASGI server that knows nothing of us: a task sends what waits."""

    __slots__ = ("_bell", "_bytes", "_closing", "_queue")

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._bell = asyncio.Event()
        self._closing: Closing | None = None

    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        if self._closing is not None:
            return 0
        said = 0
        for label in labels:
            self.answer(event.text(label))
            said += 1
        if len(self._queue) > streams.QUEUED_EVENTS or self._bytes > streams.QUEUED_BYTES:
            self._queue.clear()
            return OVERFLOW
        return said

    def answer(self, text: bytes) -> None:
        self._queue.append(text)
        self._bytes += len(text)
        self._bell.set()

    def end(self, closing: Closing) -> None:
        if self._closing is None:
            self._closing = closing
            self._bell.set()

    async def write(self, send: Send) -> None:
        """Sends what waits until the end."""
        while True:
            while self._queue:
                text = self._queue.popleft()
                await send({"type": "websocket.send", "text": text.decode()})
                self._bytes -= len(text)
            if self._closing is not None:
                code, reason = self._closing.code, self._closing.reason
                await send({"type": "websocket.close", "code": code, "reason": reason})
                return
            self._bell.clear()
            await self._bell.wait()


async def run(
    hub: Hub,
    listener: Listener,
    wish: Wish,
    *,
    wire: Wire | None,
    receive: Receive,
    send: Send,
) -> None:
    """Serves an accepted socket until it is closed. ``wish`` names its first stream, or none."""
    if wire is not None:
        await _pump(hub, WiredSocket(listener, wire), wish, receive)
        return
    socket = QueuedSocket(listener)
    writer = asyncio.create_task(socket.write(send))
    try:
        await _pump(hub, socket, wish, receive)
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def _pump(hub: Hub, socket: Socket, wish: Wish, receive: Receive) -> None:
    session = Session(socket.listener.scopes)
    hub.join(socket)
    try:
        if wish.name:
            await _obey(hub, socket, session, session.subscribe(wish))
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            text = message.get("text")
            outcome = session.hear_bytes() if text is None else session.hear(text, now=hub.now())
            if outcome is not NOTHING:
                await _obey(hub, socket, session, outcome)
    finally:
        hub.leave(socket)


async def _obey(hub: Hub, socket: Socket, session: Session, outcome: Outcome) -> None:
    """Does what the session says."""
    listener = socket.listener
    try:
        if outcome.asks is not None:
            list_id = int(outcome.asks.stream.parameter)
            owned = await lists.find(hub.db, listener.account_id, list_id) is not None
            outcome = session.owns(outcome.asks, owned=owned)
        if outcome.opened is not None:
            if not socket.notified and streams.hears_notifications(
                outcome.opened.stream, listener.scopes
            ):
                socket.position = await hub.newest(listener.account_id)
            hub.subscribe(socket, outcome.opened)
    except StorageProblem:
        outcome = Outcome(close=Closing.FAULT)
    if outcome.answer is not None:
        socket.answer(outcome.answer)
    if outcome.ended is not None:
        hub.unsubscribe(socket, outcome.ended)
    if outcome.close is not None:
        telemetry.count(Metric.STREAMS_ENDED, reason=outcome.close.name.lower())
        socket.end(outcome.close)
        hub.leave(socket)
