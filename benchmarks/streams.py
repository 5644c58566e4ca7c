"""Streams: events said per CPU-second, memory of an idle WebSocket, and how late a favourite comes.

`python -m benchmarks.streams` prints them for SQLite. The listeners are in this process, the
server in its own; only the server's time and memory count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import psutil

from benchmarks import people
from benchmarks.effort import QUICK, Effort
from benchmarks.processes import Server, cpu_seconds
from benchmarks.report import mark
from stentor.keys import load_or_create
from stentor.store.database import open_database

EVENTS_TARGET = 40_000
MEMORY_TARGET = 30 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; the spread is the slowest and the fastest round."""

    events: float
    spread: tuple[float, float]
    bytes: int
    memory: float
    p50: float
    p99: float


class Listener(asyncio.Protocol):
    """A WebSocket that counts frames and notes when the last one came."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._buffer = b""
        self.open = asyncio.get_running_loop().create_future()
        self.frames = 0
        self.size = 0
        self.at = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        """Counts whole frames."""
        data = self._buffer + data
        if not self.open.done():
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(RuntimeError(head.decode()))
                return
            self.open.set_result(None)
        at = 0
        while len(data) - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                length, start = int.from_bytes(data[start : start + wide], "big"), start + wide
            if len(data) < start + length:
                break
            self.frames += data[at] == 0x81
            self.size = length
            at = start + length
        self.at = time.perf_counter()
        self._buffer = data[at:]


class Crowd:
    """Listeners at one server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.listeners: list[Listener] = []

    async def add(self, token: str, stream: str = "") -> Listener:
        """One more."""
        query = urlencode({"stream": stream} if stream else {})
        head = (
            f"GET /api/v1/streaming?{query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        loop = asyncio.get_running_loop()
        _, one = await loop.create_connection(lambda: Listener(head), "127.0.0.1", self._port)
        await one.open
        self.listeners.append(one)
        return one

    async def hear(self, frames: int) -> None:
        """Waits until each has heard so many."""
        async with asyncio.timeout(60):
            while any(one.frames < frames for one in self.listeners):  # noqa: ASYNC110  # it counts
                await asyncio.sleep(0.005)

    async def leave(self) -> None:
        """Closes them all."""
        for one in self.listeners:
            one.transport.abort()
        self.listeners.clear()
        await asyncio.sleep(0.5)


class Poster:
    """One HTTP connection that posts forms."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def at(cls, port: int) -> Poster:
        """Connects."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def leave(self) -> None:
        """Disconnects."""
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, path: str, token: str, **form: str) -> bytes:
        """The body of the answer. Raises RuntimeError unless it is 200."""
        body = urlencode(form).encode()
        self._writer.write(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        return await self._reader.readexactly(int(sizes[0].split(b":")[1]))


async def _people(url: str, data: Path, count: int) -> list[str]:
    """Tokens of so many fresh accounts."""
    load_or_create(data / "keys.json")
    db = await open_database(url)
    await db.migrate()
    now = time.time_ns() // 1_000_000
    numbers = range(1, count + 1)
    try:
        async with db.transaction() as tx:
            await people.add(tx, ((one, f"listener{one}") for one in numbers), now=now)
            return await people.tokens(tx, numbers, now=now)
    finally:
        await db.close()


async def _delivered(server: Server, tokens: list[str], effort: Effort) -> tuple[list[float], int]:
    """Events said per CPU-second in each round: everybody hears each public status."""
    crowd, poster = Crowd(server.port), await Poster.at(server.port)
    for token in tokens[: effort.listeners]:
        await crowd.add(token, "public")
    said, rates = 0, []
    for _ in range(effort.turns):
        before = cpu_seconds(server.pids)
        for _ in range(effort.statuses):
            await poster.post("/api/v1/statuses", tokens[0], status=f"good morning {said}")
            said += 1
        await crowd.hear(said)
        used = max(cpu_seconds(server.pids) - before, 0.01)
        rates.append(effort.statuses * len(crowd.listeners) / used)
    size = crowd.listeners[0].size
    await crowd.leave()
    await poster.leave()
    return rates, size


async def _memory(server: Server, tokens: list[str], effort: Effort) -> float:
    """Bytes of an idle socket that listens to its account's stream."""
    process = psutil.Process(server.process.pid)
    crowd = Crowd(server.port)
    for token in tokens[:50]:  # what is made once is not counted
        await crowd.add(token, "user")
    await asyncio.sleep(1)
    before = process.memory_info().rss
    for number in range(effort.idle):
        await crowd.add(tokens[number % len(tokens)], "user")
    await asyncio.sleep(3)
    after = process.memory_info().rss
    await crowd.leave()
    return (after - before) / effort.idle


async def _late(server: Server, tokens: list[str], effort: Effort) -> list[float]:
    """Milliseconds from the answer to a favourite until its event is here; it may come first."""
    crowd, poster = Crowd(server.port), await Poster.at(server.port)
    listener = await crowd.add(tokens[0], "user:notification")
    found = []
    status_id = ""
    for number in range(effort.awaited):
        which = number % (len(tokens) - 1)
        if which == 0:
            body = await poster.post("/api/v1/statuses", tokens[0], status=f"again {number}")
            status_id = body.split(b'"')[3].decode()
        heard = listener.frames
        await poster.post(f"/api/v1/statuses/{status_id}/favourite", tokens[1 + which])
        answered = time.perf_counter()
        async with asyncio.timeout(10):
            while listener.frames == heard:  # noqa: ASYNC110  # it counts
                await asyncio.sleep(0)
        found.append((listener.at - answered) * 1000)
    await crowd.leave()
    await poster.leave()
    return sorted(found)


async def measure(effort: Effort) -> Figures:
    """All of it, on a fresh SQLite database."""
    folder = Path(tempfile.mkdtemp(prefix="stentor-streams-"))
    try:
        url = f"sqlite:{folder / 'stentor.db'}"
        tokens = await _people(url, folder, max(effort.listeners, 50))
        with Server(folder, url) as server:
            memory = await _memory(server, tokens, effort)
            rates, size = await _delivered(server, tokens, effort)
            late = await _late(server, tokens, effort)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    p99 = late[min(len(late) - 1, int(len(late) * 0.99))]
    return Figures(median(rates), (min(rates), max(rates)), size, memory, median(late), p99)


def text(found: Figures, effort: Effort) -> str:
    """The table."""
    low, high = found.spread
    events = mark(f"{EVENTS_TARGET:,}", reached=found.events >= EVENTS_TARGET)
    memory = mark(f"{MEMORY_TARGET // 1024} KiB", reached=found.memory <= MEMORY_TARGET)
    return "\n".join(
        [
            f"Streams ({os.cpu_count()} CPUs, SQLite, {effort.listeners} listeners)",
            f"  events delivered to WebSockets per CPU-second: {found.events:,.0f}"
            f" ({low:,.0f} to {high:,.0f}; {found.bytes:,} bytes each): {events}",
            f"  memory per idle WebSocket: {found.memory / 1024:.1f} KiB: {memory}",
            "  from a favourite's answer to its event:"
            f" p50 {found.p50:.2f} ms, p99 {found.p99:.2f} ms",
        ]
    )


def main(given: list[str] | None = None) -> str:
    """Measures, and prints what it returns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see that it runs; no figures")
    effort = QUICK if parser.parse_args(given).quick else Effort()
    table = text(asyncio.run(measure(effort)), effort)
    print(table)
    return table


if __name__ == "__main__":
    main()
