"""Power cuts, thousands of them, on what SQLite really wrote while people used the server.

`python -m tests.chaos.power_cuts --cuts 10000` runs a campaign and prints what came of it; `make
chaos` does that. People act over HTTP, many at once, on a server whose every write, sync and
change of a name is recorded (`recordings`, `recorders`). Then the power is cut at any point of
that: the disk is made as it could look then (`disks`), opened by the code that always opens it,
and looked at.

- It must be, byte for byte, the database as it was after a commit, and none before the last that
  had returned when the power went. So whatever was committed is there whole, and nothing else.
- What people had been told by then must be so (`witnesses`).
- SQLite must find it sound, and the rules of the notification tables must hold (`invariants`).

Some cuts, and some kills of the process at the same points, are followed by a cut while the
database is opened again, written to and closed. With `--control` the server does not wait for the
disk, and the cuts must show it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import shutil
import tempfile
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from stentor.actions import jobs
from stentor.store.database import Database, StorageProblem, open_database
from stentor.store.sqlite import SqliteDatabase
from tests import invariants
from tests.chaos import findings
from tests.chaos.disks import Disk, Synced, Written
from tests.chaos.findings import Findings
from tests.chaos.recorders import Recorder, lay_out, recorder
from tests.chaos.recordings import FILE, Plan, Recording, content, opened, record
from tests.chaos.witnesses import Subject, facts
from tests.factories import NOW
from tests.fixtures import RecordingBus, something_is_committed
from tests.servers import memory

#: Bytes with which SQLite's log begins, each time that it begins anew.
HEADER = 32
#: So many cuts are made in one recording.
CUTS = 1000
#: After how many pages the log goes into the file, in one recording after the other; None: as the
#: server has it, which is seldom.
CHECKPOINTS = (200, None, 40)
#: One cut in so many is followed by another.
AGAIN = 5


class Harm(StrEnum):
    """What a cut may do to those who trusted us."""

    LOST = "a commit that had returned is not there"
    BROKEN = "an answer was not kept"
    STRANGE = "never committed, but there"
    UNREADABLE = "cannot be opened"
    UNTRUE = "unsound, or groups and counts are wrong"


@dataclass
class Found(Findings):
    """What a campaign has found: of each kind of harm the cuts that did it."""

    cuts: int = 0
    second: int = 0
    judged: int = 0
    harms: dict[Harm, list[str]] = field(default_factory=lambda: {kind: [] for kind in Harm})
    #: What was recorded.
    recordings: int = 0
    answers: int = 0
    commits: int = 0
    writes: int = 0
    restarts: int = 0

    def count(self, recording: Recording) -> None:
        """What was recorded."""
        self.recordings += 1
        self.answers += recording.ledger.answers
        self.commits += len({one.content for one in recording.commits})
        writes = [event for event in recording.log.events if isinstance(event, Written)]
        self.writes += len(writes)
        self.restarts += sum(one.at == 0 and len(one.data) == HEADER for one in writes)

    @property
    def faults(self) -> list[Any]:
        return [f"{kind}: {place}" for kind, places in self.harms.items() for place in places]

    @property
    def line(self) -> str:
        harms = ", ".join(f"{kind}: {len(places)}" for kind, places in self.harms.items())
        return (
            f"{self.cuts} cuts and {self.second} second ones in"
            f" {self.seconds:.0f} s, in {self.recordings} recordings of {self.answers} answers,"
            f" {self.commits} commits, {self.writes} writes and {self.restarts} beginnings of the"
            f" log; {self.judged} answers judged; {harms}"
        )


class Looked(NamedTuple):
    """What was seen in a database that was opened after a cut."""

    facts: frozenset[Subject]
    untrue: str


async def look(db: Database, quiet: list[int]) -> Looked:
    """What there is, and whether it is sound and agrees with itself once promises are kept."""
    for check in ("integrity_check", "foreign_key_check"):
        found = [tuple(row) for row in await db.fetch(f"PRAGMA {check}")]
        if found not in ([], [("ok",)]):
            return Looked(frozenset(), f"{check}: {found[:3]}")
    await db.migrate()
    there = await facts(db)
    try:
        # Whoever is let in is heard by a job.
        await jobs.work_off(db, RecordingBus(), now=NOW + 10**10)
        await invariants.check_everything(db)
        await invariants.check_told(db, quiet)
    except AssertionError as problem:
        return Looked(there, str(problem).partition("\n")[0] or "a rule is broken")
    return Looked(there, "")


class Judge:
    """Opens what cuts have left of one recording."""

    def __init__(self, recording: Recording, found: Found, name: str) -> None:
        self.recording, self.found, self.name = recording, found, name
        self._positions = [one.position for one in recording.commits]
        #: The last commit after which the database was so; one before the recording is -1.
        self._numbers = {one.content: -1 for one in recording.before}
        self._numbers |= {one.content: at for at, one in enumerate(recording.commits)}
        #: The same bytes look the same.
        self._looked: dict[bytes, Looked] = {}

    async def judge(self, folder: Path, cut: int) -> None:
        """Opens a folder as it may be after a cut at that position, and notes what it finds."""
        harms, name = self.found.harms, f"{self.name}, cut at {cut}"
        try:
            now, looked = await self._open(folder)
        except (StorageProblem, apsw.Error) as problem:
            harms[Harm.UNREADABLE].append(f"{name}: {problem.__cause__ or problem}")
            return
        if looked.untrue:
            harms[Harm.UNTRUE].append(f"{name}: {looked.untrue}")
        number = self._numbers.get(now)
        if number is None:
            harms[Harm.STRANGE].append(name)
        elif number < bisect_right(self._positions, cut) - 1:
            harms[Harm.LOST].append(name)
        said = self.recording.ledger.judge(looked.facts, cut)
        self.found.judged += said.judged
        harms[Harm.BROKEN] += [f"{name}: {subject}" for subject in said.broken]

    async def _open(self, folder: Path) -> tuple[bytes, Looked]:
        db = await open_database(f"sqlite:{folder / FILE}")
        assert isinstance(db, SqliteDatabase)
        try:
            now = content(db)
            if now not in self._looked:
                self._looked[now] = await look(db, self.recording.quiet)
            return now, self._looked[now]
        finally:
            await db.close()


class Campaign:
    """One run; `run` gives what was found."""

    def __init__(self, layer: Recorder, folder: Path, plan: Plan) -> None:
        self._layer, self._folder, self._plan = layer, folder, plan
        self._luck = random.Random(plan.seed)
        self._folders = itertools.count(1)
        self.found = Found(plan.seed)

    async def run(self, cuts: int) -> Found:
        """So many cuts, in as many recordings as that takes."""
        begun = time.monotonic()
        for number, first in enumerate(range(0, cuts, CUTS)):
            checkpoint = self._plan.checkpoint or CHECKPOINTS[number % len(CHECKPOINTS)]
            plan = self._plan._replace(seed=self._luck.getrandbits(32), checkpoint=checkpoint)
            await self._cut_often(plan, min(CUTS, cuts - first))
        self.found.seconds = time.monotonic() - begun
        return self.found

    async def _cut_often(self, plan: Plan, cuts: int) -> None:
        recording = await record(self._layer, self._new_folder(), plan)
        self.found.count(recording)
        judge = Judge(recording, self.found, f"recording {plan.seed}")
        disk, events, done = Disk(), recording.log.events, 0
        for cut in self._moments(recording, cuts):
            disk.follow(events[done:cut])
            done = cut
            found = disk.after_cut(self._luck)
            await self._judge(judge, found, cut)
            self.found.cuts += 1
            if self.found.cuts % AGAIN == 0:
                # After a cut the disk has what it has; after a kill still unsynced writes, too.
                again = self._luck.choice((Disk(found), disk.copy()))
                await self._cut_again(again, recording, f"{judge.name}, {cut}")

    def _moments(self, recording: Recording, count: int) -> list[int]:
        """Points of the log: any, those before a sync, and those at which a commit returned."""
        events = recording.log.events
        kinds = (
            range(len(events) + 1),
            [at for at, event in enumerate(events) if isinstance(event, Synced)],
            [one.position for one in recording.commits],
        )
        return sorted(self._luck.choice(self._luck.choice(kinds)) for _ in range(count))

    async def _cut_again(self, disk: Disk, before: Recording, name: str) -> None:
        """Opens, writes and closes, and cuts at any point of that."""
        folder = self._new_folder()
        log = self._layer.follow(folder, disk)
        recording = Recording(log, before.plan, quiet=before.quiet, before=before.commits)
        with contextlib.suppress(StorageProblem, apsw.Error):  # whoever opens it next will tell
            db = opened(folder, recording)
            await db.migrate()
            await something_is_committed(db)
            await db.close()
        self._layer.leave(folder)
        shutil.rmtree(folder)
        cut = self._luck.randint(0, recording.log.position)
        disk.follow(recording.log.events[:cut])
        await self._judge(Judge(recording, self.found, name), disk.after_cut(self._luck), cut)
        self.found.second += 1

    async def _judge(self, judge: Judge, found: dict[str, bytes], cut: int) -> None:
        folder = self._new_folder()
        lay_out(folder, found)
        await judge.judge(folder, cut)
        shutil.rmtree(folder)

    def _new_folder(self) -> Path:
        return self._folder / str(next(self._folders))


async def campaign(cuts: int, *, seed: int | None = None, **plan: Any) -> Found:
    """Cuts the power so often; without a seed at random."""
    plan = Plan(random.randrange(2**32) if seed is None else seed, **plan)
    # In memory a sync costs nothing; what it means is up to `disks`.
    with tempfile.TemporaryDirectory(dir=memory()) as folder, recorder() as layer:
        return await Campaign(layer, Path(folder), plan).run(cuts)


def main() -> None:
    """The command line."""
    options = findings.options(__doc__)
    options.add_argument("--cuts", type=int, default=10_000)
    options.add_argument("--control", choices=("OFF", "NORMAL"), help="a server that waits less")
    given = options.parse_args()
    found = asyncio.run(campaign(given.cuts, seed=given.seed, synchronous=given.control))
    findings.tell(found, control=bool(given.control))


if __name__ == "__main__":
    main()
