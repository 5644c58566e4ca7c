"""What becomes of the costs as the database grows: they should not grow with it.

Servers over all sizes run at the same time and are asked in turn, so that each round sees one
machine. At every size as many people read, and as many favourite as many statuses: what differs
is how much else there is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import psutil

from benchmarks.cases import PAGE, UNREAD, favouring, favourites, get
from benchmarks.measure import WRITERS, Bench, Effort
from benchmarks.processes import Load, Result, Server
from benchmarks.seed import Site
from stentor.keys import load_or_create
from stentor.store.database import open_database

#: How many people ask, and how many of their statuses are favourited.
VIEWERS, STATUSES = 200, 400
#: What the largest may cost, in what the smallest costs.
FLAT = 1.5
PAGES, FAVOURITES, UNREADS = "page of 40", "favourite", "unread_count"


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU time for one, with the least and the most of all rounds.

    ``times`` is how often that is what the smallest database costs in the same round.
    """

    micros: float
    spread: tuple[float, float]
    times: float


@dataclass(frozen=True, slots=True)
class Point:
    """One size: costs by what was asked for; bytes of the server's memory and of the database."""

    notifications: int
    costs: dict[str, Cost]
    memory: int
    database: int


@dataclass(slots=True)
class _Subject:
    """One size that is being measured."""

    site: Site
    bench: Bench
    requests: dict[str, list[str]]
    rounds: dict[str, list[Result]]
    first: int = 0


async def measure(sites: Sequence[Site], effort: Effort) -> list[Point]:
    """One point for each site, which are written to; the smallest first."""
    with ExitStack() as stack:
        load = stack.enter_context(Load())
        subjects = []
        for site in sites:
            load_or_create(site.data / "keys.json")
            requests = await _requests(site)
            server = stack.enter_context(Server(site.data, site.url, more_pids=site.pids))
            subjects.append(_Subject(site, Bench(server, load, effort), requests, {}))
        for name in (PAGES, UNREADS):
            _in_turn(subjects, name, effort, lambda one, requests: one.bench.round(
                requests, effort.seconds
            ))  # fmt: skip
        _in_turn(subjects, FAVOURITES, effort, _favourite)
        return [_point(one, subjects[0]) for one in subjects]


async def _requests(site: Site) -> dict[str, list[str]]:
    people = site.seed.people
    viewers = random.Random(3).sample(people, min(VIEWERS, len(people)))
    db = await open_database(site.url)
    try:
        pairs = await favourites(db, viewers, 40 * STATUSES, statuses=STATUSES)
    finally:
        await db.close()
    return {
        PAGES: [get(one, PAGE) for one in viewers],
        UNREADS: [get(one, UNREAD) for one in viewers],
        FAVOURITES: favouring(pairs),
    }


def _in_turn(
    subjects: list[_Subject],
    name: str,
    effort: Effort,
    work: Callable[[_Subject, list[str]], Result],
) -> None:
    """As many rounds of one thing at every size; the first is not counted."""
    for number in range(effort.rounds + 1):
        for one in subjects:
            done = work(one, one.requests[name])
            if number:
                one.rounds.setdefault(name, []).append(done)


def _favourite(one: _Subject, requests: list[str]) -> Result:
    done = one.bench.round(
        requests, one.bench.effort.seconds, once=True, first=one.first, connections=WRITERS
    )
    one.first = done.next
    return done


def _point(one: _Subject, smallest: _Subject) -> Point:
    costs = {}
    for name, rounds in one.rounds.items():
        micros = [1e6 / done.per_cpu_second for done in rounds if done.answers]
        times = [
            other.per_cpu_second / done.per_cpu_second
            for done, other in zip(rounds, smallest.rounds[name], strict=True)
            if done.answers and other.answers
        ]
        costs[name] = Cost(median(micros), (min(micros), max(micros)), median(times))
    memory = psutil.Process(one.bench.server.process.pid).memory_info().rss
    return Point(one.site.seed.notifications, costs, memory, one.site.seed.bytes)
