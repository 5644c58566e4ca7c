"""Kill -9 of server and worker, again and again, while people write and a push service listens.

`python -m tests.chaos.kills --kills 200` runs a campaign and prints what came of it; `make chaos`
does that. A server (that sends nothing itself), a worker and a push service run as processes of
their own; a writer sends statuses that mention somebody, each with an idempotency key, and sends
again what was not answered. Server or worker are killed at random moments, or just when the
push service has got a message, which is the moment between its answer and our commit.

In the end everything that was acknowledged must be in the list and must have arrived at the push
service. What arrived twice must have done so on two sides of a kill of the worker, under the same
topic. And a client that keeps an event stream open, and comes back with the last id that it has,
must have heard of everything that is in the list, in order; of nothing twice, unless the server
was killed in between. So must one on a WebSocket, who reads what is newer when he comes back.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import findings
from tests.chaos.people import Writer
from tests.chaos.pushes import END_LEASES, Pushed, PushService
from tests.chaos.streams import Careless, EventStream, Listener, Socket, Streamed
from tests.serving import Served

WRITERS = 2
#: Statuses that are written at least, however few kills there are.
LEAST = 30
PATIENCE = 120.0
MODULE = "stentor"
CONTROLS: dict[str, dict[str, Any]] = {
    "leases": {"module": "tests.chaos.forgetful"},
    "places": {"server": "tests.chaos.placeless"},
    "reading": {"socket": Careless},
}


@dataclass
class Found(Pushed, Streamed):
    """What a campaign has found."""

    kills: int = 0
    acknowledged: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[Any]:
        return [*super().faults, *self.push_faults, *self.missing]

    @property
    def line(self) -> str:
        return (
            f"{self.kills} kills in {self.seconds:.0f} s,"
            f" {self.acknowledged} acknowledged, {len(self.missing)} not in the list,"
            f" {self.pushes}, {self.streams}"
        )


class Process:
    """A child that is started again and again."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", *self._command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
            )  # fmt: skip

    @property
    def said(self) -> str:
        """Everything, over all its lives."""
        return self._log.read_text()

    def stop(self, number: int) -> int:
        if self._child is None:
            return 0
        self._child.send_signal(number)
        return self._child.wait(30)


class Campaign:
    """One run; `run` gives what was found."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        module: str = MODULE,
        server: str = MODULE,
        socket: type[Socket] = Socket,
    ) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self._pauses = random.Random(seed)
        self.found = Found(seed)
        self.service = PushService(folder / "pushes.jsonl")
        #: Of the worker, and of the server.
        self.kill_times: list[float] = []
        self.server_kill_times: list[float] = []
        self.listeners: list[Listener] = []
        self._kinds: tuple[type[Listener], ...] = (EventStream, socket)
        self.served = Served(folder, worker="off", push_allow_private="on", log_level="warning")
        self.served.module = server
        self.worker = Process([module, "worker"], self.served.environment, folder / "worker.log")

    def run(self, kills: int) -> Found:
        """Kills so often, then waits until all is quiet, and counts."""
        begun = time.monotonic()
        with self.service:
            writers = self._begin()
            for _ in range(kills):
                self._kill()
            self._wait_until_enough_is_written(writers)
            self._end(writers)
        self.found.seconds = time.monotonic() - begun
        return self.found

    def _begin(self) -> list[Writer]:
        self.served.start()
        self.worker.start()
        for name in ("alice", "bob"):
            self.served.account(name)
        alice, bob = self.served.token("alice"), self.served.token("bob")
        self.service.subscribe(self.served.base, alice, "mention")
        for kind in self._kinds:
            listener = kind(alice, lambda: self.served.base, lambda: self._random_rest())
            listener.start()
            assert listener.here.wait(PATIENCE)
            self.listeners.append(listener)
        writers = [Writer(f"w{n}", bob, lambda: self.served.base) for n in range(WRITERS)]
        for one in writers:
            one.start()
        return writers

    def _kill(self) -> None:
        """Kills one of them at a moment of our choice, and starts it again."""
        before = self.service.size()
        time.sleep(self.random.uniform(0.02, 0.5))
        if self.random.random() < 0.5:  # just when a message has come
            deadline = time.monotonic() + 2
            while self.service.size() == before and time.monotonic() < deadline:
                time.sleep(0.0005)
        victim = self.random.choice(["server", "worker", "worker"])
        if victim == "server":
            self.served.stop(signal.SIGKILL)
            self.server_kill_times.append(time.time())
        else:
            self.worker.stop(signal.SIGKILL)
            self.kill_times.append(time.time())
            if self.random.random() < 0.7:  # what it had claimed is due again
                self._time_passes()
        self.found.kills += 1
        if victim == "server":
            self.served.start()
        else:
            self.worker.start()

    def _time_passes(self) -> None:
        """Ends the leases of a worker that is dead, instead of waiting half a minute each time."""
        with sqlite3.connect(self.served.data / "stentor.db", timeout=20) as db:
            db.execute(END_LEASES)
        db.close()

    def _wait_until_enough_is_written(self, writers: list[Writer]) -> None:
        deadline = time.monotonic() + PATIENCE
        while sum(len(one.written) for one in writers) < LEAST and time.monotonic() < deadline:
            time.sleep(0.01)

    def _end(self, writers: list[Writer]) -> None:
        for one in writers:
            one.enough.set()
        for one in writers:
            one.join(PATIENCE)
        if self.found.kills:
            self.worker.stop(signal.SIGKILL)
            self.kill_times.append(time.time())
            self._time_passes()
            self.worker.start()
        self._send_out()
        kept = {row[0] for row in self._read("SELECT id FROM notifications")}
        for one in self.listeners:
            one.hear_out(kept)
        code = self.worker.stop(signal.SIGTERM)
        if code != 0:
            self.found.problems.append(f"the worker ended with {code}")
        self.served.stop()
        self._count(writers)

    def _send_out(self) -> None:
        """Waits until nothing is to be sent, or nothing has been sent for a while."""
        least, deadline = 0, 0.0
        while waiting := self._read("SELECT COUNT(*) FROM push_deliveries")[0][0]:
            if not least or waiting < least:
                least, deadline = waiting, time.monotonic() + PATIENCE
            elif time.monotonic() > deadline:
                self.found.problems.append("some are still waiting")
                return
            time.sleep(0.1)

    def _random_rest(self) -> float:
        return self._pauses.uniform(0.0, 0.4)

    def _read(self, sql: str) -> list[Any]:
        db = sqlite3.connect(
            f"file:{self.served.data / 'stentor.db'}?mode=ro", uri=True, timeout=20
        )
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def _count(self, writers: list[Writer]) -> None:
        found = self.found
        written = [one for writer in writers for one in writer.written]
        found.problems += [one for writer in writers for one in writer.wrong]
        kept = {
            str(status): number
            for number, status in self._read(
                "SELECT id, status_id FROM notifications WHERE type = 'mention'"
            )
        }
        found.acknowledged = len(written)
        found.missing = [one for one in written if one not in kept]
        found.compare_pushes(self.service, set(kept.values()), self.kill_times)
        for one in self.listeners:
            found.compare(one, set(kept.values()), self.server_kill_times)


def campaign(kills: int, *, seed: int | None = None, **others: Any) -> Found:
    """A whole run in a folder of its own; with ``others`` than a campaign has, if wanted."""
    seed = random.randrange(2**32) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="stentor-chaos-") as folder:
        return Campaign(Path(folder), seed=seed, **others).run(kills)


def main() -> None:
    """The command line."""
    options = findings.options(__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument(
        "--control", choices=CONTROLS, help="a worker, server or client that forgets"
    )
    given = options.parse_args()
    found = campaign(given.kills, seed=given.seed, **CONTROLS.get(given.control, {}))
    findings.tell(found, control=bool(given.control))


if __name__ == "__main__":
    main()
