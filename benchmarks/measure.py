"""Rounds of a case and of the static answer in turn, so that both see the same machine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.cases import (
    AS_GOOD,
    FIRST,
    SMALL,
    Case,
    favouring,
    favourites,
    reading,
    request,
    with_header,
)
from benchmarks.community import Person
from benchmarks.effort import Effort
from benchmarks.processes import Load, Result, Server
from benchmarks.seed import Site
from benchmarks.serve import STATIC
from stentor.keys import load_or_create
from stentor.store.database import Database, open_database

CONNECTIONS = 8
WRITERS = 32
#: Rounds of writing before those that count.
SETTLING = 4
#: Favourites a second in the case of a page that others write beside.
WRITTEN = 20
Pairs = list[tuple[Person, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target, in words, and whether it is reached."""

    text: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. Rates are medians, for each second of the server's CPU time."""

    name: str
    rate: float = 0.0
    spread: tuple[float, float] = (0.0, 0.0)
    bytes: int = 0
    static: float | None = None
    #: Of each round.
    ratios: tuple[float, ...] = ()
    wanted: tuple[Wanted, ...] = ()

    @property
    def ratio(self) -> float | None:
        """How fast it is, where a static answer is 1."""
        return median(self.ratios) if self.ratios else None


@dataclass(frozen=True, slots=True)
class _Measured:
    """A case, how it is asked, and what its rounds brought."""

    case: Case
    requests: list[str]
    expected: int
    warm: Result
    own: list[Result] = field(default_factory=list)
    still: list[Result] = field(default_factory=list)

    @property
    def static(self) -> list[str]:
        """Requests of a static answer of the same size."""
        size = self.case.static
        if size is None:
            size = self.warm.bytes // self.warm.answers
        return [request("GET", f"{STATIC}{size}")]


class Bench:
    """One served database, and the load against it."""

    def __init__(self, server: Server, load: Load, effort: Effort) -> None:
        self.server = server
        self.load = load
        self.effort = effort
        #: What was measured so far, by its name.
        self.lines: dict[str, Line] = {}

    def plan(self, requests: Sequence[str], seconds: float, **plan: object) -> dict[str, object]:
        """What the load generator is told."""
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "requests": list(requests),
            "connections": CONNECTIONS,
            "seconds": seconds,
            **plan,
        }

    def round(
        self, requests: Sequence[str], seconds: float, *, expected: int = 200, **plan: object
    ) -> Result:
        """One round."""
        asked = self.plan(requests, seconds, **plan)
        return self.load.run(self.server.pids, asked, expected=expected)

    def read(self, cases: Sequence[Case]) -> None:
        """Cases and the static answers of their sizes, all in turn."""
        measured = [one for case in cases if (one := self._begun(case)) is not None]
        for _ in range(self._rounds(cases)):
            for one in measured:
                # Goes on where the last round ended: all accounts have their turn.
                first = one.own[-1].next if one.own else 0
                one.own.append(
                    self.round(
                        one.requests, self.effort.seconds, first=first, expected=one.expected
                    )
                )
                one.still.append(self.round(one.static, self.effort.static))
        for one in measured:
            if len(one.requests) > 1 and not one.case.written:
                first_time = Case(one.case.name + FIRST, one.requests)
                self._noted(_compared(first_time, [one.warm], one.still[:1], {}))
            self._noted(_compared(one.case, one.own, one.still, self.lines))

    def _rounds(self, cases: Sequence[Case]) -> int:
        """Twice as many where one is to cost no more than another: chance is to decide less."""
        close = any(one.than and one.most <= AS_GOOD for one in cases)
        return self.effort.rounds * (2 if close else 1)

    def _begun(self, case: Case) -> _Measured | None:
        """What is asked of it, once it is warm; None if it cannot be asked, which is noted."""
        requests, expected = case.requests, 200
        if case.unchanged:
            etag = self.round(requests, self.effort.seconds, most=1).etag
            if not etag:
                wanted = Wanted(f"{case.target}: no ETag came", reached=False)
                self._noted(Line(case.name, wanted=(wanted,)))
                return None
            requests = [with_header(one, "If-None-Match", etag) for one in requests]
            expected = 304
        return _Measured(case, requests, expected, self._warm(case, requests, expected))

    def _warm(self, case: Case, requests: Sequence[str], expected: int) -> Result:
        """Requests that nobody has made before: some, or a page of each account."""
        if len(requests) == 1:
            return self.round(requests, self.effort.warm, expected=expected)
        seconds = self.effort.meanwhile if case.written else self.effort.everybody
        return self.round(requests, seconds, most=len(requests), expected=expected)

    def read_while(self, cases: Sequence[Case], pairs: Pairs) -> None:
        """The same, while those pairs favourite what they do, `WRITTEN` a second."""
        effort = self.effort
        rounds = self._rounds(cases) * (effort.seconds + effort.static)
        seconds = len(cases) * (effort.warm + effort.meanwhile + rounds)
        plan = self.plan(favouring(pairs), seconds, once=True, connections=1, pause=1 / WRITTEN)
        with Load() as writing:
            writing.begin(plan)
            self.read(cases)
            writing.end()

    def write(self, pairs: Pairs, target: int) -> Pairs:
        """Favourites by many at once; those that were answered 200.

        Beside each round goes one of small static answers, which tell how fast the machine is. The
        first rounds are not counted: indexes that were built sorted are full to the brim,
        unlike those of a server that has lived, and make room where they are first written to.
        """
        requests = favouring(pairs)
        still = [request("GET", f"{STATIC}{SMALL}")]
        results: list[Result] = []
        statics: list[Result] = []
        answered: Pairs = []
        first = 0
        for _ in range(SETTLING + self.effort.writes):
            results.append(
                self.round(
                    requests, self.effort.writing, once=True, first=first, connections=WRITERS
                )
            )
            statics.append(self.round(still, self.effort.static))
            first = results[-1].next
            answered += [pairs[index] for index in results[-1].good]
            if first >= len(requests):
                break
        results, statics = results[SETTLING:] or results, statics[SETTLING:] or statics
        rates = [one.per_cpu_second for one in results]
        self._noted(
            Line(
                f"favourites that became durable notifications, {WRITERS} at once",
                median(rates),
                (min(rates), max(rates)),
                results[-1].bytes // max(1, results[-1].answers),
                median(one.per_cpu_second for one in statics),
                _ratios(results, statics),
                wanted=(Wanted(f"{target:,}", median(rates) >= target),),
            )
        )
        return answered

    def _noted(self, line: Line) -> None:
        self.lines[line.name] = line


def _compared(
    case: Case, own: list[Result], still: list[Result], known: Mapping[str, Line]
) -> Line:
    """The line of a case, from its rounds and those of the static answer."""
    rates = [one.per_cpu_second for one in own]
    ratios = _ratios(own, still)
    wanted = []
    if case.target is not None:
        wanted.append(Wanted(str(case.target), median(ratios) >= case.target))
    if case.than:
        times = _times(known[case.than].ratios, ratios)
        text = f"×{times:.2f} of “{case.than}”, at most ×{case.most:g}"
        wanted.append(Wanted(text, times <= case.most))
    return Line(
        case.name,
        median(rates),
        (min(rates), max(rates)),
        own[-1].bytes // own[-1].answers,
        median(one.per_cpu_second for one in still),
        ratios,
        tuple(wanted),
    )


def _times(some: Sequence[float], others: Sequence[float]) -> float:
    """How much dearer the others were: round by round, if they were as many."""
    if len(some) != len(others):
        return median(some) / median(others)
    return median(one / other for one, other in zip(some, others, strict=True))


def _ratios(own: list[Result], still: list[Result]) -> tuple[float, ...]:
    """How fast each round was, where the static answers of the same round are 1."""
    return tuple(a.per_cpu_second / b.per_cpu_second for a, b in zip(own, still, strict=True))


async def run(site: Site, effort: Effort) -> list[Line]:
    """All lines for a seeded database, which is written to."""
    seed, data = site.seed, site.data
    load_or_create(data / "keys.json")
    db = await open_database(site.url)
    try:
        cases = await reading(db, seed)
        pairs = await favourites(db, seed.people, 60_000)
        newest = await db.fetch_value("SELECT max(id) FROM notifications")
        async with db.transaction() as tx:
            # Everybody has been here today: once a day it is written down, and after whatever is
            # written nothing that was answered before is given again.
            await tx.run("UPDATE access_tokens SET last_used_at = $1", int(time.time() * 1000))
        # Pairs for the cases that are written beside come from the end.
        slow = min(WRITTEN * 30, len(pairs) // 8)
        with Server(data, site.url, more_pids=site.pids) as server, Load() as load:
            bench = Bench(server, load, effort)
            for together in cases:
                if together[0].written:
                    bench.read_while(together, [pairs.pop() for _ in range(slow)])
                else:
                    bench.read(together)
            answered = bench.write(pairs, 1200 if db.engine == "sqlite" else 700)
        await _check_kept(db, answered, newest)
        return list(bench.lines.values())
    finally:
        await db.close()


async def _check_kept(db: Database, answered: Pairs, newest: int) -> None:
    """Raises AssertionError unless each answered favourite is one notification, and no more."""
    rows = await db.fetch(
        "SELECT from_account_id, status_id FROM notifications WHERE id > $1 AND type = 'favourite'",
        newest,
    )
    kept = [(row[0], row[1]) for row in rows]
    wanted = {(person.account_id, status_id) for person, status_id in answered}
    if len(kept) != len(set(kept)):
        raise AssertionError("a favourite was told twice")
    if wanted - set(kept):
        raise AssertionError(f"{len(wanted - set(kept))} answered favourites are not kept")
