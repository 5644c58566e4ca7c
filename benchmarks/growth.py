"""What becomes of the costs as the database grows: they should not grow with it.

Servers over all sizes run at the same time and are asked in turn, so that each round sees one
machine. At every size as many people do as much, and where they are the same people the same: what
differs is how much else there is. No request is the same as another, so nothing is answered from
what was remembered of an answer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import psutil

from benchmarks.cases import PAGE, UNREAD, favouring, favourites, get
from benchmarks.effort import Effort
from benchmarks.measure import CONNECTIONS, WRITERS
from benchmarks.processes import Load, Result, Server
from benchmarks.seed import Site
from stentor.keys import load_or_create
from stentor.store.database import open_database

#: How many people ask, and how many of their statuses are favourited.
VIEWERS, STATUSES = 200, 400
#: What the largest may cost, in what the smallest costs.
FLAT = 1.5
PAGES, FAVOURITES, UNREADS = "page of 40", "favourite", "unread_count"
# As many are counted as everybody has at every size.
PATHS = {PAGES: PAGE, UNREADS: f"{UNREAD}?limit=40"}
#: Seconds that a round may take.
PATIENCE = 30.0


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
    server: Server
    requests: dict[str, list[str]]
    rounds: dict[str, list[Result]] = field(default_factory=lambda: defaultdict(list))

    def ask(self, load: Load, name: str, plan: dict[str, object]) -> Result:
        """One round."""
        where = {"host": "127.0.0.1", "port": self.server.port, "requests": self.requests[name]}
        return load.run(self.server.pids, where | plan)


async def measure(sites: Sequence[Site], people: int, effort: Effort) -> list[Point]:
    """One point for each site, which are written to; the smallest first.

    So many of a site's people, the first, are those who may be asked.
    """
    with ExitStack() as stack:
        load = stack.enter_context(Load())
        subjects = []
        for site in sites:
            load_or_create(site.data / "keys.json")
            requests = await _requests(site, people, effort)
            server = stack.enter_context(Server(site.data, site.url, more_pids=site.pids))
            subjects.append(_Subject(site, server, requests))
        for name, count in _each(effort).items():
            connections = WRITERS if name == FAVOURITES else CONNECTIONS
            plan = {"seconds": PATIENCE, "most": count, "once": True, "connections": connections}
            # The first round is not counted.
            for number in range(effort.turns + 1):
                for one in subjects:
                    done = one.ask(load, name, {**plan, "first": number * count})
                    if number and done.answers:
                        one.rounds[name].append(done)
        return [_point(one, subjects[0]) for one in subjects]


def _each(effort: Effort) -> dict[str, int]:
    """Requests of a round by what is asked for, in the order in which it is."""
    return {PAGES: effort.pages, UNREADS: effort.unreads, FAVOURITES: effort.favourites}


async def _requests(site: Site, people: int, effort: Effort) -> dict[str, list[str]]:
    """All requests by what they ask for, each once."""
    several, turns = site.seed.people[:people], effort.turns + 1
    viewers = random.Random(3).sample(several, min(VIEWERS, len(several)))
    db = await open_database(site.url)
    try:
        pairs = await favourites(db, viewers, effort.favourites * turns, statuses=STATUSES)
    finally:
        await db.close()
    reading = {
        name: [
            get(viewers[number % len(viewers)], f"{path}&_={number}")
            for number in range(_each(effort)[name] * turns)
        ]
        for name, path in PATHS.items()
    }
    return reading | {FAVOURITES: favouring(pairs)}


def _point(one: _Subject, smallest: _Subject) -> Point:
    costs = {}
    for name, rounds in one.rounds.items():
        micros = [1e6 / done.per_cpu_second for done in rounds]
        times = [
            other.per_cpu_second / done.per_cpu_second
            for done, other in zip(rounds, smallest.rounds[name], strict=False)
        ]
        costs[name] = Cost(median(micros), (min(micros), max(micros)), median(times))
    memory = psutil.Process(one.server.process.pid).memory_info().rss
    return Point(one.site.seed.notifications, costs, memory, one.site.seed.bytes)
