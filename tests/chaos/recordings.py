"""Recordings of a server at work: what it did to its disk, and what it promised when.

People act over HTTP, many at once, on a server in this process whose database lies in a recorded
folder. The same seed leads to the same record, but for tokens and ids that are made by chance.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from falcon import testing

from stentor import app
from stentor.actions import jobs
from stentor.store.sqlite import SqliteDatabase
from tests.chaos.disks import Disk
from tests.chaos.recorders import Log, Recorder
from tests.chaos.witnesses import Ledger, Witnesses
from tests.factories import Person, make_account
from tests.fixtures import RecordingBus, make_services
from tests.helpers import Client, Clock

FILE = "stentor.db"
BUSY = tuple(f"busy{number}" for number in range(16))
#: They write, and take nothing back: whatever happens to their statuses they are told of.
QUIET = tuple(f"quiet{number}" for number in range(4))
#: How often each thing is done, for one clearing of everything.
VERBS = {
    "favourite": 40, "post": 20, "unfavourite": 6, "reblog": 6, "follow": 12, "unfollow": 4,
    "block": 2, "unblock": 2, "hide": 2, "unhide": 2, "dismiss": 8, "dismiss_group": 2,
    "accept": 6, "dismiss_request": 2, "policy": 4, "marker": 4, "ask": 2, "vote": 4, "edit": 4,
    "delete": 2, "clear": 1,
}  # fmt: skip
TO_PEOPLE = ("follow", "unfollow", "block", "unblock", "hide", "unhide")
AT_ONCE = 24


class Plan(NamedTuple):
    """What a recording is made from."""

    seed: int
    rounds: int = 12
    #: Each life of the server ends with a stop, and the next one opens what it left.
    lives: int = 2
    #: None: as the server has it.
    synchronous: str | None = None
    #: After how many pages the log goes into the file; None: as the server has it.
    checkpoint: int | None = None


class Commit(NamedTuple):
    """What the database showed from that position of the log on: a commit had returned."""

    position: int
    content: bytes


@dataclass
class Recording:
    """What the server did, and what it promised."""

    log: Log
    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    commits: list[Commit] = field(default_factory=list)
    #: Those of the recording that went before, at whose positions nobody may look any more.
    before: list[Commit] = field(default_factory=list)
    quiet: list[int] = field(default_factory=list)

    def note(self, db: SqliteDatabase) -> None:
        """From now on somebody may know of it."""
        self.commits.append(Commit(self.log.position, content(db)))


class Observed(SqliteDatabase):
    """The server's own database, each of whose commits is noted."""

    recording: Recording

    async def _commit(self, batch: Any) -> None:
        await super()._commit(batch)
        self.recording.note(self)


def content(db: SqliteDatabase) -> bytes:
    """A digest of all pages as they are now; empty if there is no table yet."""
    if not db.reader.execute("SELECT COUNT(*) FROM sqlite_schema").get:
        return b""
    return hashlib.blake2b(db.reader.serialize("main"), digest_size=16).digest()


def opened(folder: Path, recording: Recording) -> Observed:
    """Opens a database to be recorded."""
    db, plan = Observed.open(str(folder / FILE)), recording.plan
    assert isinstance(db, Observed)
    db.recording = recording
    for connection in (db.writer, db.reader):
        if plan.synchronous is not None:
            connection.execute(f"PRAGMA synchronous = {plan.synchronous}")
        if plan.checkpoint is not None:
            connection.execute(f"PRAGMA wal_autocheckpoint = {plan.checkpoint}")
    recording.note(db)
    return db


def some_act(luck: random.Random) -> tuple[Any, ...]:
    """Something that somebody does, as `Community.act` takes it."""
    verb, who = luck.choices(tuple(VERBS), tuple(VERBS.values()))[0], luck.choice(BUSY)
    whom = luck.choice(BUSY + QUIET)
    if verb == "post":
        return verb, who, whom, luck.choice(("public", "public", "direct")), luck.randrange(1000)
    if verb in TO_PEOPLE:
        return verb, who, whom
    if verb == "policy":
        return verb, who, "for_not_following", luck.choice(("accept", "filter", "drop"))
    return (verb, who) if verb == "clear" else (verb, who, luck.randrange(1000))


async def record(layer: Recorder, folder: Path, plan: Plan) -> Recording:
    """Lets people use a server in an empty folder."""
    luck, clock, bus = random.Random(plan.seed), Clock(), RecordingBus()
    recording = Recording(layer.follow(folder, Disk()), plan)
    people: dict[str, Person] = {}
    written: list[tuple[str, str]] = []
    for _ in range(plan.lives):
        db = opened(folder, recording)
        await db.migrate()
        services = make_services(db, clock, bus, {}, folder.with_name("media"))
        async with testing.ASGIConductor(app.build(services)) as conductor:
            people = people or {name: await make_account(db, name) for name in BUSY + QUIET}
            community = Witnesses(Client(conductor, services), people, recording.ledger)
            community.position, community.statuses = lambda: recording.log.position, written
            for _ in range(plan.rounds):
                acts = [some_act(luck) for _ in range(AT_ONCE)]
                acts += [("post", one, luck.choice(BUSY), "public", 1) for one in QUIET[:1]]
                await asyncio.gather(*(community.act(*act) for act in acts))
                clock.advance(seconds=luck.uniform(0, 3600))
                await jobs.work_off(db, bus, now=clock() + 300_000)
            await community.check()
        await db.close()
    layer.leave(folder)
    recording.quiet = [people[name].id for name in QUIET]
    return recording
