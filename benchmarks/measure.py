"""Rounds of a case and of the static answer in turn, so that both see the same machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

from benchmarks.cases import Case, favourites, reading, request
from benchmarks.community import Person
from benchmarks.processes import Load, Result, Server
from benchmarks.seed import Seed
from benchmarks.serve import STATIC
from stentor.keys import load_or_create
from stentor.store.database import Database, open_database

CONNECTIONS = 8
WRITERS = 32


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often each thing is measured, in seconds."""

    rounds: int = 5
    seconds: float = 1.2
    warm: float = 1.0
    writing: float = 3.0


QUICK = Effort(rounds=2, seconds=0.05, warm=0.05, writing=0.3)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. Rates are medians, for each second of the server's CPU time."""

    name: str
    rate: float
    spread: tuple[float, float]
    bytes: int
    static: float | None = None
    ratio: float | None = None
    ratio_spread: tuple[float, float] = (0.0, 0.0)
    target: Fraction | int | None = None
    later: Fraction | int | None = None
    p99: float = 0.0

    def reached(self, target: Fraction | int | None) -> bool | None:
        """Whether it is at least that; None without a target."""
        if target is None:
            return None
        value = self.rate if isinstance(target, int) else self.ratio
        return (value or 0.0) >= target


class Bench:
    """One served database, and the load against it."""

    def __init__(self, server: Server, load: Load, effort: Effort) -> None:
        self.server = server
        self.load = load
        self.effort = effort

    def round(self, requests: Sequence[str], seconds: float, **plan: object) -> Result:
        """One round."""
        return self.load.run(
            self.server.pids,
            {
                "host": "127.0.0.1",
                "port": self.server.port,
                "requests": list(requests),
                "connections": CONNECTIONS,
                "seconds": seconds,
                **plan,
            },
        )

    def read(self, case: Case) -> Line:
        """A case and the static answer, in turn."""
        warm = self.round(case.requests, self.effort.warm, most=2 * len(case.requests))
        size = case.static or warm.bytes // warm.answers
        static = [request("GET", f"{STATIC}{size}")]
        own: list[Result] = []
        still: list[Result] = []
        first = 0
        for _ in range(self.effort.rounds):
            # Goes on where the last round ended: all accounts have their turn.
            own.append(self.round(case.requests, self.effort.seconds, first=first))
            first = own[-1].next
            still.append(self.round(static, self.effort.seconds))
        rates = [one.per_cpu_second for one in own]
        ratios = [a.per_cpu_second / b.per_cpu_second for a, b in zip(own, still, strict=True)]
        return Line(
            case.name,
            median(rates),
            (min(rates), max(rates)),
            own[-1].bytes // own[-1].answers,
            median(one.per_cpu_second for one in still),
            median(ratios),
            (min(ratios), max(ratios)),
            case.target,
            case.later,
            median(one.p99 for one in own),
        )

    def write(
        self, pairs: list[tuple[Person, int]], later: int
    ) -> tuple[Line, list[tuple[Person, int]]]:
        """Favourites by many at once; also those that were answered 200."""
        requests = [
            request("POST", f"/api/v1/statuses/{status_id}/favourite", person.token)
            for person, status_id in pairs
        ]
        results: list[Result] = []
        answered: list[tuple[Person, int]] = []
        first = 0
        for _ in range(self.effort.rounds):
            results.append(
                self.round(
                    requests, self.effort.writing, once=True, first=first, connections=WRITERS
                )
            )
            first = results[-1].next
            answered += [pairs[index] for index in results[-1].good]
            if first >= len(requests):
                break
        rates = [one.per_cpu_second for one in results]
        size = results[-1].bytes // max(1, results[-1].answers)
        line = Line(
            f"favourites that became durable notifications, {WRITERS} at once",
            median(rates),
            (min(rates), max(rates)),
            size,
            later=later,
            p99=median(one.p99 for one in results),
        )
        return line, answered


async def run(
    url: str, data: Path, seed: Seed, effort: Effort, *, more_pids: Sequence[int] = ()
) -> list[Line]:
    """All lines for a seeded database that may be written to."""
    load_or_create(data / "keys.json")
    db = await open_database(url)
    try:
        cases = await reading(db, seed)
        pairs = await favourites(db, seed, 40_000)
        newest = await db.fetch_value("SELECT max(id) FROM notifications")
        with Server(data, url, more_pids=more_pids) as server, Load() as load:
            bench = Bench(server, load, effort)
            lines = [bench.read(case) for case in cases]
            line, answered = bench.write(pairs, 1200 if db.engine == "sqlite" else 700)
        await _check_kept(db, answered, newest)
        return [*lines, line]
    finally:
        await db.close()


async def _check_kept(db: Database, answered: list[tuple[Person, int]], newest: int) -> None:
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
