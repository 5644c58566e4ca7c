"""Statuses that many are told of: fifty by name, and a hundred thousand who want to be told.

While the hundred thousand are told, others read their pages; what that costs them is compared
with what the same requests took before.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import people
from benchmarks.cases import PAGE, get, request
from benchmarks.community import Person
from benchmarks.effort import Effort
from benchmarks.processes import Load, Server
from benchmarks.seed import Seed
from stentor.store.database import Database

MENTIONS = 50
#: Milliseconds in which a status that names them is to be answered.
WITHIN = 50.0
#: So many are not counted: indexes that were built sorted make room where they are first written.
SETTLING = 5
#: How many read meanwhile, and the seconds from one page to the next of each of them.
READERS, PAUSE = 8, 0.08
#: Ids of the followers: beyond those of any community.
FIRST = 2**62
#: How many are added at once: a statement has five seconds.
STEP = 5000


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, but for ``told``: recipients for each second while others read.

    ``mentions_most`` holds for 19 of 20 such statuses; of others' pages the median and the p99.
    """

    mentions: float
    mentions_most: float
    followers: int
    posted: float
    before: tuple[float, float]
    meanwhile: tuple[float, float]
    told: float


async def follow(db: Database, seed: Seed, effort: Effort) -> None:
    """That many local people follow the second person, and want to be told of what he writes."""
    star, now = seed.people[1], time.time_ns() // 1_000_000
    for first in range(FIRST, FIRST + effort.followers, STEP):
        ids = range(first, min(first + STEP, FIRST + effort.followers))
        async with db.transaction() as tx:
            await people.add(tx, ((one, f"follower{one - FIRST}") for one in ids), now=now)
            await tx.run_many(
                "INSERT INTO follows (account_id, target_account_id, notify, created_at)"
                " VALUES ($1, $2, TRUE, $3)",
                [(one, star.account_id, now) for one in ids],
            )


async def told(db: Database) -> int:
    """How many of them have been told."""
    counted: int = await db.fetch_value(
        "SELECT count(*) FROM notifications WHERE account_id >= $1 AND type = 'status'", FIRST
    )
    return counted


def post(person: Person, text: str) -> str:
    """The request of somebody who writes that."""
    return request("POST", "/api/v1/statuses", person.token, form={"status": text})


class _Tries:
    """Requests against one server, from two processes."""

    def __init__(self, server: Server, writing: Load, reading: Load) -> None:
        self._where = {"host": "127.0.0.1", "port": server.port}
        self._writing, self._reading = writing, reading

    def write(self, text: str) -> float:
        """Milliseconds until the answer."""
        self._writing.begin(
            {**self._where, "requests": [text], "connections": 1, "seconds": 30.0, "most": 1}
        )
        return float(self._writing.end()["p50"]) * 1000

    def read(self, requests: Sequence[str], seconds: float) -> None:
        """Readers who come as often as they do, however long they wait."""
        self._reading.begin(
            {**self._where, "requests": list(requests), "connections": READERS,
             "seconds": seconds, "pause": PAUSE}
        )  # fmt: skip

    def took(self) -> tuple[float, float]:
        """Milliseconds of their answers: the median, and 99 of 100."""
        answer = self._reading.end()
        return answer["p50"] * 1000, answer["p99"] * 1000


async def measure(db: Database, server: Server, seed: Seed, effort: Effort) -> Figures:
    """All of it, against a server over that database; `follow` must have been called."""
    # So many do not come within seconds. Else whoever syncs first would wait for all of them.
    os.sync()
    named = seed.people[2 : 2 + MENTIONS]
    star, reading = seed.people[1], seed.people[2 + MENTIONS :] or seed.people
    pages = [get(person, PAGE) for person in reading[:200]]
    everybody = " ".join(f"@{person.username}" for person in named)
    with Load() as writing, Load() as others:
        tries = _Tries(server, writing, others)
        mentions = [
            tries.write(post(reading[0], f"{everybody} {number}"))
            for number in range(SETTLING + effort.mentions)
        ][SETTLING:]
        tries.read(pages, effort.reading / 4)  # warm
        tries.took()
        tries.read(pages, effort.reading)
        before = tries.took()
        posted = tries.write(post(star, "good morning everybody"))
        began, count = time.perf_counter(), await told(db)
        tries.read(pages, effort.reading)
        meanwhile = tries.took()
        rate = (await told(db) - count) / (time.perf_counter() - began)
    slow = sorted(mentions)[math.ceil(len(mentions) * 0.95) - 1]
    return Figures(median(mentions), slow, effort.followers, posted, before, meanwhile, rate)
