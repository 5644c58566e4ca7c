"""What people were told has happened stays so, whatever becomes of server, database and disk.

`python -m tests.chaos.crashes kills|restarts|disks` runs a campaign and prints what came of it; so
does `make chaos`. Eight people favourite, reblog, mention and follow somebody and take back some
of it, each repeating what was not answered; she reads and dismisses. Meanwhile, again and again,
the server is killed (``kills``), PostgreSQL crashes and comes back (``restarts``), or the disk is
full for a while (``disks``).

In the end her list must hold exactly what was acknowledged and neither taken back nor dismissed,
each once; groups, counts and unread counts must be those of the rows; and a client that keeps an
event stream open must have heard of everything in the list, of nothing twice without a kill.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from tests.chaos import findings, small_disks
from tests.chaos.campaign import MODULE, PATIENCE, Campaign, Found
from tests.factories import Person as Account
from tests.servers import Postgres, wait_for
from tests.serving import Served

#: The controls: servers that answer before their commit or believe any, and a database that does.
HASTY = "tests.chaos.hasty"
GULLIBLE = "tests.chaos.gullible"
FORGETFUL = {"synchronous_commit": "off", "wal_writer_delay": "10s"}


class Kills(Campaign):
    """kill -9 of the server at any moment."""

    what = "kills of the server"

    def strike(self) -> None:
        time.sleep(self.random.uniform(0.05, 0.5))
        self.served.stop(signal.SIGKILL)
        self.kills.append(time.time())
        self.served.base = ""
        with self.acknowledged_again():
            begun = time.monotonic()
            self.served.start()
            self.found.ready.append(time.monotonic() - begun)


class Restarts(Campaign):
    """PostgreSQL is shut down at once, or one of its processes is killed and takes all with it."""

    what = "crashes of PostgreSQL"

    def __init__(self, home: Path, postgres: Postgres, *, seed: int) -> None:
        super().__init__(home, seed=seed, url=wait_for(postgres.new_database()))
        self._postgres = postgres

    def begin(self, accounts: list[Account]) -> None:
        super().begin(accounts)
        wait_for(self._checkpoint())  # what there was before is not what this is about

    async def _checkpoint(self) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute("CHECKPOINT")
        await connection.close()

    def strike(self) -> None:
        time.sleep(self.random.uniform(0.05, 0.5))
        with self.acknowledged_again():
            if self.random.random() < 0.7:
                self._restart()
            else:
                self._kill_a_session()

    def _restart(self) -> None:
        begun = time.monotonic()
        self._postgres.stop(signal.SIGQUIT)  # what `pg_ctl restart -m immediate` sends
        self._postgres.start()
        self.found.ready.append(time.monotonic() - begun)

    def _kill_a_session(self) -> None:
        """PostgreSQL ends all others then, and comes back by itself."""
        sessions = [
            one
            for one in psutil.Process(self._postgres.pid).children()
            if "stentor" in " ".join(one.cmdline())
        ]
        self.random.choice(sessions).kill()
        time.sleep(0.05)  # what others are told meanwhile is from before


class FullDisks(Campaign):
    """The disk is full for a while: nothing is written, everything can be read."""

    what = "times without room on the disk"

    def __init__(
        self, home: Path, disk: small_disks.Disk, *, seed: int, patience: float = PATIENCE
    ) -> None:
        super().__init__(home, seed=seed, module=disk.module)
        self._disk, self._patience = disk, patience
        self.served = Served(
            disk.outside, data=str(disk.inside / "data"), log_level="warning", worker="off"
        )
        self.served.module, self.served.prefix = disk.module, disk.prefix

    async def prepare(self) -> list[Account]:
        made = await super().prepare()
        shutil.move(self.data, self._disk.outside / "data")
        return made

    async def audit(self) -> None:
        shutil.copytree(self._disk.outside / "data", self.data)
        await super().audit()

    def strike(self) -> None:
        time.sleep(self.random.uniform(0.1, 0.4))
        refused = self._refused()
        before = self.reader.answers.copy()
        self._disk.fill()
        self.wait(
            lambda: self._refused() > refused + 20, "a full disk is not noticed", self._patience
        )
        if (said := self._health()) != "degraded":
            self.found.problems.append(f"/health says {said}")
        time.sleep(self.random.uniform(0.0, 0.3))
        self.wait(
            lambda: sum((self.reader.answers - before).values()) > 10, "nothing is read any more"
        )
        reads = self.reader.answers - before
        if reads.keys() != {200}:
            self.found.problems.append(f"reading was answered {reads}")
        with self.acknowledged_again():
            self._disk.free()
        self.wait(lambda: self._health() == "OK", "/health does not recover")

    def _refused(self) -> int:
        return sum(one.answers[503] for one in self.people)

    def _health(self) -> str:
        status, said = self.observer.once("GET", "/health")
        return said.decode() if status == 200 else str(status)


@contextlib.contextmanager
def postgres_for(*, quick: bool, settings: Mapping[str, str] = {}) -> Iterator[Postgres]:
    """A PostgreSQL that keeps its promises through crashes of its own, not of the machine if quick.

    What a process has written survives it without any sync. On a disk, PostgreSQL comes back after
    seconds, as it syncs all its files then; in memory at once.
    """
    kept = {"synchronous_commit": "on", "full_page_writes": "on"} if quick else {}
    with Postgres(durable=not quick, settings=kept | dict(settings)) as postgres:
        yield postgres


def kills(times: int, *, seed: int, module: str = MODULE, postgres: bool = False) -> Found:
    """Kills the server so often, on SQLite or on PostgreSQL."""
    with contextlib.ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="stentor-chaos-")))
        url = ""
        if postgres:
            url = wait_for(opened.enter_context(postgres_for(quick=True)).new_database())
        return Kills(home, seed=seed, url=url, module=module).run(times)


def restarts(
    times: int, *, seed: int, quick: bool = False, settings: Mapping[str, str] = {}
) -> Found:
    """Lets a PostgreSQL of our own crash so often."""
    with (
        tempfile.TemporaryDirectory(prefix="stentor-chaos-") as home,
        postgres_for(quick=quick, settings=settings) as postgres,
    ):
        return Restarts(Path(home), postgres, seed=seed).run(times)


def full_disks(
    times: int,
    *,
    seed: int,
    tight: bool = False,
    module: str = "",
    patience: float = PATIENCE,
) -> Found:
    """Fills the server's disk so often; by SQLite's file layer alone, if so asked.

    It may take so many seconds until somebody is refused.
    """
    with (
        tempfile.TemporaryDirectory(prefix="stentor-chaos-") as home,
        small_disks.small_disk(Path(home) / "disk", tight=tight) as disk,
    ):
        disk.module = module or disk.module
        return FullDisks(Path(home), disk, seed=seed, patience=patience).run(times)


CAMPAIGNS: dict[str, Callable[..., Found]] = {
    "kills": kills,
    "kills-on-postgres": partial(kills, postgres=True),
    "restarts": restarts,
    "disks": full_disks,
    "tight-disks": partial(full_disks, tight=True),
}
CONTROLS: dict[str, dict[str, Any]] = {
    "kills": {"module": HASTY},
    "restarts": {"settings": FORGETFUL},
    "disks": {"module": GULLIBLE, "patience": 8.0},
}


def main() -> None:
    """The command line."""
    options = findings.options(__doc__)
    options.add_argument("campaign", choices=CAMPAIGNS)
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--quick", action="store_true", help="PostgreSQL in memory")
    options.add_argument("--control", action="store_true", help="with what it watches taken away")
    given = options.parse_args()
    more = CONTROLS[given.campaign] if given.control else {}
    if given.quick:
        more = {**more, "quick": True}
    found = CAMPAIGNS[given.campaign](given.times, seed=given.seed, **more)
    findings.tell(found, control=given.control)


if __name__ == "__main__":
    main()
