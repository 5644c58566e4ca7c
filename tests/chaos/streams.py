"""Somebody who keeps a stream open through whatever happens, and what became of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.chaos.findings import Findings

#: Seconds without a word after which a stream is taken for dead; a heartbeat comes every 15.
SILENCE = 60.0
#: Seconds that somebody stays away, unless something happens before.
MEANWHILE = 10.0
#: Seconds in which the last notification must have come.
PATIENCE = 120.0


class Heard(NamedTuple):
    """A notification as it came over the stream, or was read when that was open again."""

    id: int
    at: float
    connection: int


class Listener(threading.Thread, ABC):
    """Keeps a stream of notifications open, and connects again when it ends."""

    def __init__(self, token: str, base: Callable[[], str], rest: Callable[[], float]) -> None:
        super().__init__(daemon=True)
        self._base, self._rest = base, rest
        self._token = {"Authorization": f"Bearer {token}"}
        self.heard: list[Heard] = []
        self.connections = 0
        #: What should not have been said.
        self.wrong: list[str] = []
        self.here = threading.Event()
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, WebSocketException):
                address = self._base().rpartition("//")[2].replace("localhost", "127.0.0.1")
                self._miss_something(address)
                self._listen(address)
            time.sleep(self._rest())

    @abstractmethod
    def _listen(self, address: str) -> None:
        """Listens at that host and port until it is over."""

    def _hear(self, number: int) -> None:
        self.heard.append(Heard(number, time.time(), self.connections))

    @property
    def _last(self) -> int:
        return self.heard[-1].id if self.heard else 0

    def _miss_something(self, address: str) -> None:
        """Does not come back before there is something new: whoever forgets his place misses it."""
        deadline = time.monotonic() + MEANWHILE
        while self.connections and time.monotonic() < deadline and not self.enough.is_set():
            if self._newer(address):
                return
            time.sleep(0.01)

    def _newer(self, address: str) -> list[int]:
        """A page of the list: what comes after the last that was heard. Raises OSError."""
        line = http.client.HTTPConnection(address, timeout=SILENCE)
        try:
            path = f"/api/v1/notifications?limit=80&min_id={self._last}"
            line.request("GET", path, headers=self._token)
            answer = line.getresponse()
            text = answer.read()
        finally:
            line.close()
        if answer.status != 200:
            raise ConnectionError(answer.status)
        return sorted(int(one["id"]) for one in json.loads(text))

    def hear_out(self, kept: set[int]) -> None:
        """Waits until the last that is kept was heard, or gives it up; and ends.

        All others come before it: what has not come by then is lost.
        """
        last = max(kept, default=0)
        deadline = time.monotonic() + PATIENCE
        while last and time.monotonic() < deadline and last not in {one.id for one in self.heard}:
            time.sleep(0.1)
        self.enough.set()


class EventStream(Listener):
    """Server-sent events, as a browser takes them: comes back with the last id that it has."""

    def __init__(self, token: str, base: Callable[[], str], rest: Callable[[], float]) -> None:
        super().__init__(token, base, rest)
        self._headers = self._token | {"Accept": "text/event-stream"}

    def _listen(self, address: str) -> None:
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
                self._hear(int(json.loads(fields["data"])["id"]))
            fields = {}
            if self.enough.is_set():
                return


class Socket(Listener):
    """A WebSocket: when it is open again, what was missed is read from the list.

    On each socket ids must rise, and none be left out.
    """

    def _listen(self, address: str) -> None:
        url = f"ws://{address}/api/v1/streaming?stream=user:notification"
        with connect(url, additional_headers=self._token, close_timeout=1) as line:
            self.connections += 1
            self._read_what_was_missed(address)
            self.here.set()
            latest = 0
            while not self.enough.is_set():
                try:
                    event = json.loads(line.recv(timeout=1))
                except TimeoutError:
                    continue
                if event["event"] != "notification":
                    continue  # after a gap clients are told to look at their lists
                number = int(json.loads(event["payload"])["id"])
                if number <= latest:
                    self.wrong.append(f"a socket said {number} after {latest}")
                latest = number
                if number > self._last:  # else it was read already
                    self._hear(number)

    def _read_what_was_missed(self, address: str) -> None:
        while page := self._newer(address):
            for number in page:
                self._hear(number)


class Careless(Socket):
    """The control: one that reads nothing when it comes back."""

    def _read_what_was_missed(self, address: str) -> None:
        pass


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
        self.problems += listener.wrong
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
