"""The load generator: a process of its own, so that its CPU time is not the server's.

Reads one plan a line (JSON) from its standard input and answers each with one line. Knows just
enough HTTP/1.1 for answers that carry a Content-Length.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

PATIENCE = 30.0


class Round:
    """What one plan asks for, and what came of it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.requests = [text.encode("latin-1") for text in plan["requests"]]
        self.once: bool = plan.get("once", False)
        self.next = plan.get("first", 0)
        self.until = time.perf_counter() + plan["seconds"]
        self.most: int = plan.get("most") or sys.maxsize
        self.taken = 0
        self.bytes = 0
        self.statuses: dict[int, int] = {}
        self.times: list[float] = []
        self.good: list[int] = []

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


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, round_: Round) -> None:
        self.round = round_
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.head = b""
        self.left = -1
        self.status = self.size = self.index = 0
        self.sent = 0.0
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begins."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """The next request, or the end."""
        index = self.round.take()
        if index is None:
            self.transport.close()
            return
        self.index, self.sent, self.head, self.left = index, time.perf_counter(), b"", -1
        self.transport.write(self.round.requests[index])

    def data_received(self, data: bytes) -> None:
        """Head first; of the body only its length is looked at."""
        if self.left < 0:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self.head[:end].lower()
            self.status = int(lines[9:12])
            at = lines.index(b"content-length:") + 15
            self.size = int(lines[at:].split(b"\r\n", 1)[0])
            self.left = self.size - (len(self.head) - end - 4)
        else:
            self.left -= len(data)
        if self.left == 0:
            seconds = time.perf_counter() - self.sent
            self.round.answered(self.index, self.status, self.size, seconds)
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        if self.done.done():
            return
        if exc is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(exc)


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """One round."""
    loop = asyncio.get_running_loop()
    round_ = Round(plan)
    began = time.perf_counter()
    made = await asyncio.gather(
        *(loop.create_connection(lambda: Connection(round_), plan["host"], plan["port"])
          for _ in range(plan["connections"]))
    )  # fmt: skip
    async with asyncio.timeout(plan["seconds"] + PATIENCE):
        await asyncio.gather(*(connection.done for _, connection in made))
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
    }


def main() -> None:
    """Plans in, results out, until the input ends."""
    for line in sys.stdin:
        print(json.dumps(uvloop.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
