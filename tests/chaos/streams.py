"""Somebody who keeps an event stream open through whatever happens, and what became of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.chaos.findings import Findings

#: Seconds without a word after which a stream is taken for dead; a heartbeat comes every 15.
SILENCE = 60.0
#: Seconds in which the last notification must have come.
PATIENCE = 120.0


class Heard(NamedTuple):
    """A notification as it came over the event stream."""

    id: int
    at: float
    connection: int


class Listener(threading.Thread):
    """Keeps an event stream open, as a browser does: comes back with the last id that it has."""

    def __init__(self, token: str, base: Callable[[], str], rest: Callable[[], float]) -> None:
        super().__init__(daemon=True)
        self._base, self._rest = base, rest
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        self.heard: list[Heard] = []
        self.connections = 0
        self.here = threading.Event()
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._listen()
            time.sleep(self._rest())

    def hear_out(self, kept: set[int]) -> None:
        """Waits until the last that is kept was heard, or gives it up; and ends.

        All others come before it: what has not come by then is lost.
        """
        last = max(kept, default=0)
        deadline = time.monotonic() + PATIENCE
        while last and time.monotonic() < deadline and last not in {one.id for one in self.heard}:
            time.sleep(0.1)
        self.enough.set()

    def _listen(self) -> None:
        address = self._base().rpartition("//")[2].replace("localhost", "127.0.0.1")
        line = http.client.HTTPConnection(address, timeout=SILENCE)
        try:
            line.request("GET", "/api/v1/streaming/user/notification", headers=self._headers)
            answer = line.getresponse()
            if answer.status == 200:
                self.connections += 1
                self._read(answer)
        finally:
            line.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        for raw in answer:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            # Only what has come whole counts, and only then its id.
            if "id" in fields:
                self._headers["Last-Event-ID"] = fields["id"]
                self.here.set()
            if fields.get("event") == "notification":
                number = int(json.loads(fields["data"])["id"])
                self.heard.append(Heard(number, time.time(), self.connections))
            fields = {}
            if self.enough.is_set():
                return


@dataclass
class Streamed(Findings):
    """What a campaign has found, and found out about streams."""

    streamed: int = 0
    connections: int = 0
    not_streamed: list[int] = field(default_factory=list)
    streamed_twice: int = 0
    streamed_twice_without_kill: list[int] = field(default_factory=list)

    @property
    def faults(self) -> list[Any]:
        return [*self.not_streamed, *self.streamed_twice_without_kill, *super().faults]

    @property
    def streams(self) -> str:
        """The end of the line that is printed."""
        return (
            f"{self.streamed} streamed over {self.connections} connections,"
            f" {len(self.not_streamed)} not streamed, {self.streamed_twice} streamed twice after a"
            f" kill, {len(self.streamed_twice_without_kill)} without, {len(self.problems)} faulty"
        )

    def compare(self, listener: Listener, kept: set[int], kills: Sequence[float]) -> None:
        """Holds what was heard against what is in the list, and the times of the kills."""
        heard = listener.heard
        self.connections += listener.connections
        self.streamed += len({one.id for one in heard})
        self.not_streamed += sorted(kept - {one.id for one in heard})
        last: dict[int, Heard] = {}
        highest = 0
        for one in heard:
            before = last.get(one.id)
            if before is not None:
                self.streamed_twice += 1
                killed = any(before.at - 0.1 <= kill <= one.at for kill in kills)
                if before.connection == one.connection or not killed:
                    self.streamed_twice_without_kill.append(one.id)
            elif one.id < highest:
                self.problems.append(f"{one.id} was streamed after {highest}")
            highest = max(highest, one.id)
            last[one.id] = one
