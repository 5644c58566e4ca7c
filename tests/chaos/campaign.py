"""One run of people who act while something goes wrong, and what is compared in the end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import statistics
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stentor.outside import expect_keys
from stentor.store.database import Database, open_database
from tests import invariants
from tests.chaos.people import Actor, Admirer, Alice, Person, Reader, Thing, World
from tests.chaos.streams import EventStream, Listener, Streamed
from tests.factories import Person as Account
from tests.factories import make_account
from tests.serving import Served

ADMIRERS = 8
#: Of Alice's; and those of them whose favourites come and go.
STATUSES, CHANGING = 150, 6
#: So many changes are acknowledged at least between two faults.
BETWEEN = 5
PATIENCE = 120.0
MODULE = "stentor"


@dataclass
class Found(Streamed):
    """What a campaign has found."""

    what: str = ""
    strikes: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    refused: int = 0
    lost: list[Thing] = field(default_factory=list)
    #: In the list though it was taken back or dismissed, or was never there.
    left: list[Thing] = field(default_factory=list)
    doubled: list[Thing] = field(default_factory=list)
    #: Seconds until it was ready again, and until something was acknowledged again.
    ready: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)

    @property
    def faults(self) -> list[Any]:
        return [*super().faults, *self.lost, *self.left, *self.doubled]

    @property
    def line(self) -> str:
        return (
            f"{self.strikes} {self.what} in {self.seconds:.0f} s,"
            f" {self.acknowledged} acknowledged, {self.unanswered} not answered,"
            f" {self.refused} refused, {len(self.lost)} lost, {len(self.left)} left over,"
            f" {len(self.doubled)} doubled, ready again after {_span(self.ready)},"
            f" acknowledging after {_span(self.served)}, {self.streams}"
        )


def _span(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{statistics.median(ordered):.2f} s (95 %: {late:.2f} s, at most {ordered[-1]:.2f} s)"


class Campaign(ABC):
    """One run; `run` gives what was found. What goes wrong is a matter of the subclasses.

    On an empty PostgreSQL database if its URL is given, else on SQLite; in a folder of its own.
    """

    what: ClassVar[str]
    #: How many admire, and whom they mention.
    crowd: ClassVar[int] = ADMIRERS
    named: ClassVar[str] = "@alice"

    def __init__(self, home: Path, *, seed: int, url: str = "", module: str = MODULE) -> None:
        self.data = home / "data"
        self.served = Served(home, log_level="warning", worker="off", database_url=url)
        self.served.module = module
        self.random = random.Random(seed)
        self.found = Found(seed, what=self.what)
        #: When the server was killed, by the clock.
        self.kills: list[float] = []
        self.url = url or f"sqlite:{self.data / 'stentor.db'}"
        self._pauses = random.Random(seed)
        self.people: list[Actor] = []
        self.observer = Person("", lambda: self.served.base)

    @abstractmethod
    def strike(self) -> None:
        """Lets something go wrong, and mends it."""

    def run(self, times: int) -> Found:
        """Strikes so often, then waits until all is quiet, and counts."""
        begun = time.monotonic()
        try:
            self.begin(asyncio.run(self.prepare()))
            for _ in range(times):
                enough = self._acknowledged() + BETWEEN
                self.strike()
                self.found.strikes += 1
                self.wait(lambda least=enough: self._acknowledged() >= least, "nothing is done")
            self._end()
        finally:
            self.served.stop(signal.SIGKILL)
        asyncio.run(self.audit())
        self.found.seconds = time.monotonic() - begun
        return self.found

    @contextlib.contextmanager
    def acknowledged_again(self) -> Iterator[None]:
        """Around a fault and its end: notes how long it took until something was acknowledged."""
        counts = [len(one.acknowledged) for one in self.people]
        begun = time.monotonic()
        yield
        mended = time.monotonic()
        if self.wait(lambda: any(self._since(mended, counts)), "nothing is acknowledged again"):
            self.found.served.append(min(self._since(mended, counts)) - begun)

    def _acknowledged(self) -> int:
        return sum(len(one.acknowledged) for one in self.people)

    def _since(self, moment: float, counts: list[int]) -> list[float]:
        fresh = zip(self.people, counts, strict=True)
        return [at for one, count in fresh for at in one.acknowledged[count:] if at > moment]

    def wait(self, holds: Callable[[], object], problem: str, seconds: float = PATIENCE) -> bool:
        """Waits until it holds, and says so; it is a problem if that takes longer."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                self.found.problems.append(problem)
                return False
            time.sleep(0.002)
        return True

    # --- how it begins

    async def prepare(self) -> list[Account]:
        """A database with keys and accounts; the accounts, Alice first."""
        self.data.mkdir(mode=0o700)
        db = await open_database(self.url)
        await db.migrate()
        await expect_keys(self.data / "keys.json", db)
        names = ["alice", *(f"admirer{n}" for n in range(self.crowd))]
        made = [await make_account(db, name) for name in names]
        await db.close()
        return made

    def begin(self, accounts: list[Account]) -> None:
        """Starts server and people."""
        self.start()
        alice, *others = accounts
        written = self._write(alice.token)
        world = World(str(alice.id), written[:CHANGING], written[CHANGING:], self.named)
        self.listener = self.listen(alice.token)
        self.alice = Alice(alice.token, self.base(), world=world, seed=self.found.seed)
        self.admirers = [
            Admirer(one, self.base(), world=world, seed=self.found.seed + number)
            for number, one in enumerate(others)
        ]
        self.reader = Reader(alice.token, self.base())
        self.people = [self.alice, self.reader, *self.admirers]
        for one in self.people:
            one.start()

    def start(self) -> None:
        """Starts what the people use."""
        self.served.start()

    def base(self) -> Callable[[], str]:
        """Says to one of the people where to connect to, each time anew."""
        return lambda: self.served.base

    def listen(self, token: str, kind: type[Listener] = EventStream) -> Listener:
        """Somebody who has a stream open from now on."""
        listener = kind(token, self.base(), lambda: self._pauses.uniform(0.0, 0.2))
        listener.start()
        assert listener.here.wait(PATIENCE)
        return listener

    def _write(self, token: str) -> list[str]:
        author = Person(token, self.base())
        written = [
            author.do("POST", "/api/v1/statuses", {"status": f"status {n}"})["id"]
            for n in range(STATUSES)
        ]
        author.hang_up()
        self.found.problems += author.wrong
        return written

    # --- how it ends

    def _end(self) -> None:
        for one in self.people:
            one.enough.set()
        self.wait(
            lambda: not any(one.is_alive() for one in self.people), "something is never answered"
        )
        for one in self.people:
            one.given_up.set()
        answers = sum((one.answers for one in self.people), Counter[int]())
        self.found.acknowledged = self._acknowledged()
        self.found.unanswered, self.found.refused = answers[0], answers[503]
        self.found.problems += [one for person in self.people for one in person.wrong]
        page = self._listed()
        self._compare(page)
        self.hear_out(self.listener, {int(one["id"]) for one in page})
        self.found.compare(self.listener, {int(one["id"]) for one in page}, self.kills)
        for one in (self.alice, self.observer):
            one.hang_up()
        if (code := self.served.stop()) != 0:
            self.found.problems.append(f"the server ended with {code}")

    def hear_out(self, listener: Listener, kept: set[int]) -> None:
        """Lets them hear what they shall still be told of what is kept."""
        listener.hear_out(kept)

    def _compare(self, page: list[Any]) -> None:
        listed = Counter(Thing.of(one) for one in page)
        expected = {
            thing for one in self.admirers for thing, holds in one.standing.items() if holds
        }
        expected -= self.alice.dismissed
        self.found.lost = sorted(expected - listed.keys(), key=repr)
        self.found.left = sorted(listed.keys() - expected, key=repr)
        self.found.doubled = [one for one, count in listed.items() if count > 1]

    def _listed(self) -> list[Any]:
        """Alice's whole list; looks on the way whether everything else that is shown agrees."""
        ids = self.alice.pages("/api/v1/notifications?limit=80")
        groups = self.alice.pages(
            "/api/v2/notifications?limit=80", lambda page: page["notification_groups"]
        )
        # A group with members beyond its page comes again on the next one, with the rest of them.
        members = {one["group_key"]: one["notifications_count"] for one in reversed(groups)}
        marker = self.alice.do("GET", "/api/v1/markers?timeline[]=notifications")
        read = int(marker.get("notifications", {}).get("last_read_id", "0"))
        unread = self.alice.do("GET", "/api/v1/notifications/unread_count?limit=1000")["count"]
        for what, shown, expected in (
            ("in groups", sum(members.values()), len(ids)),
            ("marker", read, self.alice.read_up_to),
            ("unread", unread, min(1000, sum(int(one["id"]) > read for one in ids))),
        ):
            if shown != expected:
                self.found.problems.append(f"{what}: {shown} instead of {expected}")
        return ids

    async def audit(self) -> None:
        """Looks at the rows themselves."""
        db = await open_database(self.url)
        try:
            await invariants.check(db)
            await invariants.check_activities(db)
            twice = await db.fetch(
                "SELECT text, count(*) FROM statuses WHERE reblog_of_id IS NULL"
                " GROUP BY account_id, text HAVING count(*) > 1"
            )
            self.found.problems += [f"written twice: {row[0]}" for row in twice]
            if db.engine == "sqlite" and (said := await _integrity(db)) != "ok":
                self.found.problems.append(said)
        except AssertionError as problem:
            self.found.problems.append(f"a row is wrong: {problem!r}"[:500])
        finally:
            await db.close()


async def _integrity(db: Database) -> str:
    return "; ".join(str(row[0]) for row in await db.fetch("PRAGMA integrity_check"))
