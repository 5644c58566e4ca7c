"""What is asked of the server: the requests of each case, as bytes would go over the wire."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.community import Person
from benchmarks.seed import Seed
from stentor.store.database import Database

PAGE = "/api/v1/notifications?limit=40"
GROUPS = "/api/v2/notifications?limit=40"


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that are sent again and again, and the least share of a static answer's speed.

    ``static`` is the size of that answer; None for the same size as the case's own.
    """

    name: str
    requests: list[str]
    target: Fraction | None = None
    later: Fraction | None = None
    static: int | None = None


def request(method: str, path: str, token: str = "", host: str = "localhost") -> str:
    """One HTTP/1.1 request without a body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: */*", "User-Agent: benchmark"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if method == "POST":
        lines.append("Content-Length: 0")
    return "\r\n".join([*lines, "", ""])


def get(person: Person, path: str) -> str:
    """A GET by somebody."""
    return request("GET", path, person.token)


async def reading(db: Database, seed: Seed) -> list[Case]:
    """The cases that read. The one person is an ordinary one; the first has the famous status."""
    people = seed.people[1:] or seed.people
    one, star = people[len(people) // 2], seed.people[0]
    shuffled = random.Random(1).sample(people, len(people))
    own = await _ids(db, one)
    ends = {
        person.account_id: await db.fetch_value(
            "SELECT id FROM notifications WHERE account_id = $1 AND NOT filtered"
            " ORDER BY id LIMIT 1 OFFSET 40",
            person.account_id,
        )
        for person in people
    }
    crowd = [
        row[0]
        for row in await db.fetch(
            "SELECT id FROM notifications WHERE account_id = $1 AND status_id = $2 ORDER BY id",
            star.account_id,
            seed.famous_id,
        )
    ]
    inside = crowd[len(crowd) // 2]
    return [
        Case("page of 40, the same each time", [get(one, PAGE)], Fraction(1, 10), Fraction(1, 4)),
        Case(
            "page of 40, another account's each time",
            [get(person, PAGE) for person in shuffled],
            Fraction(1, 15),
            Fraction(1, 7),
        ),
        Case(
            "page of 40, half way down",
            [get(one, f"{PAGE}&max_id={own[len(own) // 2]}")],
            None,
            Fraction(1, 7),
        ),
        Case(
            "the oldest page of 40, another account's each time",
            [get(person, f"{PAGE}&max_id={ends[person.account_id]}") for person in shuffled],
            None,
            Fraction(1, 7),
        ),
        Case(
            "page of 40 amid the favourites of a famous status",
            [get(star, f"{PAGE}&max_id={inside}")],
        ),
        Case("page of 40 groups, the same each time", [get(one, GROUPS)]),
        Case(
            "page of 40 groups, another account's each time",
            [get(person, GROUPS) for person in shuffled],
            None,
            Fraction(1, 7),
        ),
        Case(
            "page of groups amid the favourites of a famous status",
            [get(star, f"{GROUPS}&max_id={inside}")],
        ),
        Case("one notification", [get(one, f"/api/v1/notifications/{own[0]}")]),
        Case("unread_count", [get(one, "/api/v1/notifications/unread_count")]),
        Case(
            "poll that finds nothing new",
            [get(one, f"{PAGE}&since_id={own[0]}")],
            None,
            Fraction(1, 2),
            static=200,
        ),
    ]


async def _ids(db: Database, person: Person) -> list[int]:
    rows = await db.fetch(
        "SELECT id FROM notifications WHERE account_id = $1 ORDER BY id DESC", person.account_id
    )
    return [row[0] for row in rows]


async def favourites(db: Database, seed: Seed, count: int) -> list[tuple[Person, int]]:
    """Who shall favourite which status: pairs that are new, each status by somebody here."""
    here = [person.account_id for person in seed.people]
    authors = {
        row[0]: row[1]
        for row in await db.fetch(
            "SELECT id, account_id FROM statuses WHERE reblog_of_id IS NULL"
            " AND account_id = ANY($1) ORDER BY id DESC LIMIT $2",
            here,
            max(1000, count // 20),
        )
    }
    given = {
        (row[0], row[1])
        for row in await db.fetch(
            "SELECT account_id, status_id FROM favourites WHERE status_id = ANY($1)", list(authors)
        )
    }
    pairs = [
        (person, status_id)
        for status_id, author in authors.items()
        for person in random.Random(status_id).sample(seed.people, min(40, len(seed.people)))
        if person.account_id != author and (person.account_id, status_id) not in given
    ]
    random.Random(2).shuffle(pairs)
    return pairs[:count]
