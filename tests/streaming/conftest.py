"""A Stentor behind real sockets, in the tests' own process and on each database in turn."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from stentor import app
from stentor.actions import statuses as statuses_actions
from stentor.actions.notify import notify
from stentor.api.services import Services
from stentor.commands import server
from stentor.commands.websockets import PING_SECONDS, PONG_SECONDS, StreamProtocol
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.statuses import Draft
from stentor.store.database import Database
from stentor.streaming.bus import LocalBus
from tests.factories import Person, make_favourite
from tests.fixtures import make_services
from tests.helpers import Clock
from tests.streaming.said import check_frame, check_lines

PATIENCE = 60.0


async def eventually(holds: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Waits until something holds; fails if it never does."""
    async with asyncio.timeout(patience):
        while not holds():  # noqa: ASYNC110  # what it waits for happens elsewhere
            await asyncio.sleep(0.01)


class Events:
    """An open event stream, read in the background: what came, block by block."""

    def __init__(self, status: int, headers: dict[str, str], reader: Any, writer: Any) -> None:
        self.path = ""
        self.status = status
        self.headers = headers
        self.reader, self.writer = reader, writer
        self.text = ""
        self.ended = False
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        chunked = self.headers.get("transfer-encoding") == "chunked"
        try:
            if not chunked:
                self.text = (await self.reader.read()).decode()
            while chunked:
                size = int(await self.reader.readline(), 16)
                self.text += (await self.reader.readexactly(size + 2))[:-2].decode()
                if size == 0:
                    break
        except (ValueError, OSError, asyncio.IncompleteReadError):
            pass
        self.ended = True

    @property
    def events(self) -> list[dict[str, str]]:
        """Whole events, as fields."""
        found = []
        for block in self.text.split("\n\n")[:-1]:
            lines = [one for one in block.split("\n") if one and not one.startswith(":")]
            fields = dict(line.split(": ", 1) for line in lines)
            if "event" in fields:
                found.append(fields)
        return found

    @property
    def notifications(self) -> list[int]:
        """The ids of the notifications that came."""
        return [
            int(json.loads(one["data"])["id"])
            for one in self.events
            if one["event"] == "notification"
        ]

    @property
    def last_id(self) -> str:
        """What a browser would come back with."""
        ids = [line for line in self.text.split("\n") if line.startswith("id: ")]
        return ids[-1].removeprefix("id: ") if ids else ""

    async def close(self) -> None:
        """Goes away."""
        self._task.cancel()
        self.writer.close()
        await asyncio.gather(self._task, return_exceptions=True)


class Frames:
    """An open WebSocket, read in the background."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Any] = []
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self.socket:
            self.frames.append(json.loads(text))

    def named(self, event: str, stream: str | None = None) -> list[Any]:
        """The payloads of those events."""
        return [
            json.loads(one["payload"])
            for one in self.frames
            if one.get("event") == event and stream in (None, one["stream"][0])
        ]

    async def say(self, **message: Any) -> None:
        """Sends a message."""
        await self.socket.send(json.dumps(message))

    async def closed(self) -> int | None:
        """Waits for the end; the close code."""
        async with asyncio.timeout(PATIENCE):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def close(self) -> None:
        """Goes away."""
        await self.socket.close()
        await asyncio.gather(self._task, return_exceptions=True)


class Live:
    """The served application, with what tests do to it."""

    def __init__(self, services: Any, port: int) -> None:
        self.services = services
        self.hub = services.hub
        self.db: Database = services.db
        self.port = port
        #: Whether what was said is looked at in the end, field by field.
        self.checked = True
        self._open: list[Events | Frames] = []

    async def sse(self, path: str, token: str | None = None, **headers: str) -> Events:
        """GET /api/v1/streaming/PATH."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {"Host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        lines = [f"GET /api/v1/streaming/{path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        got = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        if "content-length" in got:
            body = (await reader.readexactly(int(got["content-length"]))).decode()
            writer.close()
            reader = asyncio.StreamReader()
            reader.feed_data(body.encode())
            reader.feed_eof()
        events = Events(int(first.split()[1]), got, reader, writer)
        events.path = path
        self._open.append(events)
        if got.get("content-type") == "text/event-stream":
            await eventually(lambda: events.text.startswith(":)\n"))
        else:
            await eventually(lambda: events.ended)
        return events

    def url(self, **query: str) -> str:
        """The address of the multiplexed stream."""
        return f"ws://127.0.0.1:{self.port}/api/v1/streaming?{urlencode(query)}"

    async def socket(self, token: str, stream: str = "", **query: str) -> Frames:
        """An open WebSocket."""
        given = {"stream": stream, **query} if stream else query
        opened = await connect(
            self.url(**given), additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None, ping_interval=None, max_size=None,
        )  # fmt: skip
        frames = Frames(opened)
        self._open.append(frames)
        if stream:
            await eventually(lambda: any(self.listening(stream)))
        return frames

    def listening(self, name: str) -> list[Any]:
        """The connections that listen to streams of that name."""
        return [
            connection
            for stream, accounts in self.hub._channels.items()
            if stream.name == name
            for connections in accounts.values()
            for connection in connections
        ]

    async def favourited(self, author: Person, by: Person, status_id: int) -> None:
        """Somebody favourites a status, and its author is told."""
        at = await make_favourite(self.db, by.id, status_id)
        event = Event(
            NotificationType.FAVOURITE, at, by.id, (author.id,), self.services.now(), status_id
        )
        async with self.db.transaction() as tx:
            await notify(tx, self.services.bus, event, now=self.services.now())

    async def post(self, author: Person, text: str = "hello", **draft: Any) -> int:
        """Somebody posts."""
        services = self.services
        return await statuses_actions.post(
            services.db, services.bus, ids=services.ids, links=services.links,
            account_id=author.id, draft=Draft(text=text, **draft), now=services.now(),
        )  # fmt: skip

    async def close(self) -> None:
        """Closes all streams."""
        for one in self._open:
            await one.close()

    def check(self) -> None:
        """Raises WrongShape if anything was said that clients cannot read."""
        for one in self._open if self.checked else ():
            if isinstance(one, Frames):
                for frame in one.frames:
                    check_frame(frame)
            else:
                for fields in one.events:
                    check_lines(one.path, fields)


@asynccontextmanager
async def serving(services: Any, **options: Any) -> AsyncIterator[Live]:
    """A server that works off its news as it does in life; with other options of uvicorn."""
    given = {
        "http": server.LimitedProtocol, "ws": StreamProtocol, "lifespan": "off",
        "log_config": None, "access_log": False, "ws_max_size": 65536,
        "ws_per_message_deflate": False, "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PONG_SECONDS, "timeout_graceful_shutdown": 1, **options,
    }  # fmt: skip
    config = uvicorn.Config(app.build(services), **given)
    config.load()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    served = uvicorn.Server(config)
    served.capture_signals = _no_signals  # type: ignore[method-assign]  # the tests keep theirs
    tasks = [
        asyncio.create_task(served.serve(sockets=[listener])),
        asyncio.create_task(services.hub.run()),
    ]
    await eventually(lambda: served.started)
    one = Live(services, listener.getsockname()[1])
    yield one
    await one.close()
    served.should_exit = served.force_exit = True
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    one.check()


@pytest.fixture
def said_services(db: Database, clock: Clock, features: dict[str, Any], tmp_path: Path) -> Services:
    """Services whose hub hears what their bus is told."""
    bus = LocalBus()
    services = make_services(db, clock, bus, features, tmp_path)  # type: ignore[arg-type]  # a real bus
    bus.listen(services.hub.hear, services.hub.missed)
    return services


@pytest.fixture
async def live(said_services: Services) -> AsyncIterator[Live]:
    """A server as `stentor serve` runs it."""
    async with serving(said_services) as one:
        yield one


class _no_signals:  # noqa: N801  # stands in for a context manager function
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
