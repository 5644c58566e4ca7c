"""The load generator: a process of its own, so that its CPU time is not the server's.

Reads one plan a line (JSON) from its standard input and answers each with one line. Knows just
enough HTTP/1.1 for any server's answers: with a length, in chunks, or until it hangs up.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import time
from typing import Any

import uvloop

PATIENCE = 30.0


class Round:
    """What one plan asks for, and what came of it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.where = (plan["host"], plan["port"])
        self.tls = ssl.create_default_context() if plan.get("tls") else None
        self.requests = [text.encode("latin-1") for text in plan["requests"]]
        self.once: bool = plan.get("once", False)
        self.next = plan.get("first", 0)
        #: Seconds between two requests of a connection that do not wait for each other's answers.
        self.pause: float = plan.get("pause", 0.0)
        self.until = time.perf_counter() + plan["seconds"]
        self.most: int = plan.get("most") or sys.maxsize
        self.taken = 0
        self.bytes = 0
        self.statuses: dict[int, int] = {}
        self.times: list[float] = []
        self.good: list[int] = []
        #: That of the last answer.
        self.etag = ""

    def take(self) -> int | None:
        """The index of the next request; None when the round is over."""
        if self.taken >= self.most or time.perf_counter() >= self.until:
            return None
        if self.once and self.next >= len(self.requests):
            return None
        index = self.next
        self.next += 1
        self.taken += 1
        return index % len(self.requests)

    def answered(self, index: int, status: int, size: int, seconds: float) -> None:
        """Counts one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.bytes += size
        self.times.append(seconds)
        if self.once and status == 200:
            self.good.append(index)

    async def connection(self, number: int, of: int) -> None:
        """Asks for one thing after the other; connects anew whenever the server hangs up."""
        loop = asyncio.get_running_loop()
        # Connections that pause take turns.
        due = time.perf_counter() + self.pause * number / of
        answers: Answers | None = None
        while (index := self.take()) is not None:
            if self.pause:
                await asyncio.sleep(due - time.perf_counter())
            else:
                due = time.perf_counter()
            request = self.requests[index]
            try:
                if answers is None or answers.over:
                    raise ConnectionResetError
                status, size = await answers.ask(request)
            except ConnectionError:  # also if it hung up on a connection that was kept
                _, answers = await loop.create_connection(Answers, *self.where, ssl=self.tls)
                status, size = await answers.ask(request)
            self.etag = answers.etag
            # Whoever is late counts from when he was due.
            self.answered(index, status, size, time.perf_counter() - due)
            due += self.pause
        if answers is not None:
            answers.transport.close()


#: A chunk of a body: its size in hexadecimal digits, perhaps extensions.
CHUNK = re.compile(rb"([0-9A-Fa-f]+)[^\r]*\r\n")
ETAG = re.compile(rb"\r\netag: *([^\r]+)\r\n", re.IGNORECASE)


class Answers(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.over = False
        self.etag = ""
        self._waiting: asyncio.Future[tuple[int, int]] | None = None
        self._data = b""
        self._left: int | None = None
        self._status = self._size = 0
        self._chunked = False

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, int]]:
        """Sends a request; the answer's status and the size of its body."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._data, self._left, self._size, self._chunked = b"", None, 0, False
        self.transport.write(request)
        return self._waiting

    def connection_made(self, transport: Any) -> None:
        """Ready."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Head first; of the body only its size is looked at."""
        if self._left is None:
            self._data += data
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._data[end + 4 :]
            found = ETAG.search(self._data, 0, end + 2)
            self.etag = found[1].decode("latin-1") if found else ""
            self._begin(self._data[: end + 2].lower())
            self._data = b""
        if self._chunked:
            self._data += data
            self._chunks()
        else:
            self._left -= len(data)  # type: ignore[operator]  # known when the head is
        if self._left == 0:
            self._answered()

    def _begin(self, head: bytes) -> None:
        """What the head says of the body; one without a size lasts until the server hangs up."""
        self._status = int(head[9:12])
        self.over = b"\r\nconnection: close\r\n" in head
        length = head.find(b"\r\ncontent-length:")
        self._chunked = b"\r\ntransfer-encoding: chunked\r\n" in head
        if self._status in (204, 304):
            self._left = self._size = 0
        elif self._chunked:
            self._left = 1
        elif length >= 0:
            self._left = self._size = int(head[length + 17 :].split(b"\r\n", 1)[0])
        else:
            self._left, self.over = sys.maxsize, True

    def _chunks(self) -> None:
        while (found := CHUNK.match(self._data)) is not None:
            size = int(found[1], 16)
            whole = found.end() + size + 2
            if len(self._data) < whole:
                return
            self._size += size
            self._data = self._data[whole:]
            if size == 0:
                self._left = 0
                return

    def _answered(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result((self._status, self._size))

    def connection_lost(self, exc: Exception | None) -> None:
        """Hung up: the end of an answer that has no size, else an accident."""
        self.over = True
        if self._left is not None and self._left > sys.maxsize // 2:
            self._size = sys.maxsize - self._left
            self._answered()
        elif self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("no answer"))


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """One round."""
    round_ = Round(plan)
    began = time.perf_counter()
    async with asyncio.timeout(plan["seconds"] + PATIENCE):
        count = plan["connections"]
        await asyncio.gather(*(round_.connection(number, count) for number in range(count)))
    seconds = time.perf_counter() - began
    times = sorted(round_.times) or [0.0]
    return {
        "answers": len(round_.times),
        "seconds": seconds,
        "bytes": round_.bytes,
        "statuses": round_.statuses,
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "good": round_.good,
        "next": round_.next,
        "etag": round_.etag,
    }


def main() -> None:
    """Plans in, results out, until the input ends."""
    for line in sys.stdin:
        print(json.dumps(uvloop.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
