"""The HTTP server round the application: limits on what a peer may send, signals, draining."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from asyncio import TimerHandle
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from weakref import ref

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from stentor.api.whole_answers import GIVE
from stentor.app import Application
from stentor.commands import hangups
from stentor.commands.common import UNAVAILABLE, Failure
from stentor.commands.websockets import PING_SECONDS, PONG_SECONDS, StreamProtocol
from stentor.config import ConfigProblem, Settings
from stentor.domain import limits
from stentor.streaming.sse import ABORT

BACKLOG = 4096
# How long a peer may take to say what it wants, and how slowly it may send a body (T62).
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
BYTES_PER_SECOND = limits.KIB
_HEAD_BYTES = limits.REQUEST_LINE_BYTES + limits.REQUEST_HEADERS_BYTES
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
KEEP_ALIVE_SECONDS = 75
# How long a server that ends waits for the first request of a connection that it has accepted.
LATE_SECONDS = 1.0
DRAIN_SECONDS = 10


async def _head_too_large(_: Any, __: Any, send: Any) -> None:
    await _refuse(send, 431, b'{"error":"Request header fields too large"}')


async def _bad_host(_: Any, __: Any, send: Any) -> None:
    await _refuse(send, 400, b'{"error":"Bad Request"}')


async def _refuse(send: Any, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _give(answered: ref[RequestResponseCycle], status: int, lines: bytes, body: bytes) -> bool:
    """Writes an answer at once (`stentor.api.whole_answers`), unless something is in its way."""
    cycle = answered()
    if cycle is None or cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    cycle.response_started = cycle.response_complete = True
    head = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        head += (name, b": ", value, b"\r\n")
    head.append(lines)
    head.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    if cycle.scope["method"] == "HEAD":
        body = b""
    cycle.transport.writelines((b"".join(head), body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with bounds on a request: the size of its head, and how long it may take."""

    # Whether a head or a body is on its way, and how much of it has come since the clock began.
    _in_head = False
    _in_body = False
    _bytes = 0
    _clock: TimerHandle | None = None
    _draining = False

    def connection_made(self, transport: Any) -> None:
        """The peer has a while to send its first request."""
        super().connection_made(transport)
        self._clock = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Sees to it that what is begun is ended: a head in time, a body at some speed."""
        super().data_received(data)
        if not (self._in_head or self._in_body) or self.transport.get_protocol() is not self:
            return
        self._bytes += len(data)
        if self._in_head and self._bytes > _HEAD_BYTES:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._clock is None:
            seconds = HEAD_SECONDS if self._in_head else BODY_SECONDS
            self._clock = self.loop.call_later(seconds, self._too_slow)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head is there: refused if it is too much, or says two hosts (T61)."""
        self._in_head, self._in_body, self._bytes = False, True, 0
        self._stop_clock()
        # Whoever reads nothing cannot be told that his stream ends.
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a plain dict with our key
        extensions = scope["extensions"] = {ABORT: self.transport.abort}
        size, hosts = 0, 0
        for name, value in self.headers:
            size += len(name) + len(value)
            hosts += name == b"host"
        app = self.app
        if (
            size > limits.REQUEST_HEADERS_BYTES
            or len(self.headers) > limits.REQUEST_HEADERS
            or len(self.url) > limits.REQUEST_LINE_BYTES
        ):
            self.app = _head_too_large
        elif hosts > 1:
            self.app = _bad_host
        before = self.cycle
        super().on_headers_complete()
        self.app = app
        if self.cycle is not before:
            # The application is called in the loop's next turn. A cycle has its scope, and one that
            # had itself by it would wait for the collector.
            extensions[GIVE] = partial(_give, ref(self.cycle))
        if self._draining and self._begun():
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The body is there."""
        self._in_body = False
        self._stop_clock()
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server ends. Whoever has just come is heard: what he asks may be on its way."""
        if self._begun():
            super().shutdown()
        else:
            self._draining = True
            self.loop.call_later(LATE_SECONDS, self._silent)

    def _begun(self) -> bool:
        cycle: object = self.cycle  # None until the first request, whatever uvicorn's types say
        return cycle is not None

    def _silent(self) -> None:
        if not self._begun() and self.transport.get_protocol() is self:
            self.transport.close()

    def _too_slow(self) -> None:
        self._clock = None
        if self._in_head or self._bytes < BODY_SECONDS * BYTES_PER_SECOND:
            self.transport.close()
            return
        self._bytes = 0
        self._clock = self.loop.call_later(BODY_SECONDS, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


class Server(uvicorn.Server):
    """uvicorn, which exits 0 after a signal and tells when it is ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], Awaitable[None]],
        drain: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then says so."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            await self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens no more, ends the streams one after the other, then the rest."""
        for server in self.servers:
            server.close()
        if self._drain is not None and not self.force_exit:
            await self._drain()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002 - the signature of a handler
        """The first signal drains, the second does not wait for it."""
        self.force_exit = self.should_exit
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A socket with that address, not listening yet; port 0 finds a free one. Raises Failure."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as problem:
        raise Failure(
            f"cannot listen on {host} port {port}: {problem.strerror or problem}", UNAVAILABLE
        ) from problem
    return listener


#: What there is to say when a server is ready.
Announcement = Callable[[Application], Awaitable[str]]


class Inherited(NamedTuple):
    """What a worker has from its parent, who holds the lock of the data folder."""

    listener: socket.socket
    #: Can be read, and holds nothing, when the parent is gone.
    lifeline: int


async def serve(
    settings: Settings,
    ready: Callable[[Application], Awaitable[None]],
    inherited: Inherited | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. ``ready`` is called once it listens.

    SIGHUP reads the certificate anew (`stentor.commands.hangups`). One of several workers leaves
    SIGINT and SIGHUP to its parent and ends with it.
    Raises Failure, ConfigProblem, AlreadyRunning, KeysProblem or StorageProblem.
    """
    listener = inherited.listener if inherited else None
    if settings.port == 0:  # the address is part of what clients are told, so it comes first
        listener = bind(settings.host, 0)
        settings = replace(settings, port=listener.getsockname()[1])
    app = Application(settings, locked=inherited is not None)

    async def tell() -> None:
        await ready(app)

    async def drain() -> None:
        if app.services is not None:
            await app.services.hub.drain()

    config = _config(settings, app)
    server = Server(config, tell, drain)
    if inherited is None:
        signal.signal(signal.SIGINT, server.handle_exit)
        hangups.obey(
            lambda: hangups.certificate(config.ssl, settings.tls_cert, settings.tls_key),
            lambda: server.handle_exit(signal.SIGHUP, None),
        )
    else:
        _end_with_parent(server, inherited.lifeline)
    signal.signal(signal.SIGTERM, server.handle_exit)
    await app.start()
    # A page makes some thousand short-lived objects; looking for cycles after each 700 of them was
    # about a quarter of its cost (measured with the collector off).
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        listener = listener or bind(settings.host, settings.port)
        await server.serve(sockets=[listener])
    finally:
        await asyncio.wait_for(app.stop(), DRAIN_SECONDS)


def _end_with_parent(server: Server, lifeline: int) -> None:
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(lifeline)
        server.handle_exit(signal.SIGTERM, None)

    loop.add_reader(lifeline, orphaned)


def _config(settings: Settings, app: Application) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws=StreamProtocol,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_max_size=limits.WEBSOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # a bomb of compressed frames, and 64 KiB a socket (T58)
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as problem:
        raise ConfigProblem(f"tls_cert or tls_key cannot be used: {problem}") from problem
    return config
