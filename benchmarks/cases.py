"""What is asked of the server: the requests of each case, as bytes would go over the wire."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlencode

from benchmarks.community import Person
from benchmarks.seed import Seed
from stentor.store.database import Database

PAGE = "/api/v1/notifications?limit=40"
GROUPS = "/api/v2/notifications?limit=40"
UNREAD = "/api/v1/notifications/unread_count"
#: No notification has a higher id.
MAX_ID = 2**53 - 1
#: Bytes of the static answer that an answer without news is compared with.
SMALL = 200


SAME = "page of 40, the same each time"
OTHERS = "page of 40, another account's each time"
SAME_GROUPS = "page of 40 groups, the same each time"
OTHERS_GROUPS = "page of 40 groups, another account's each time"
OTHERS_POLL = "poll that finds nothing new, another account's each time"
#: Of a name: nothing that was answered before is good any more.
WRITTEN = ", while others write"
#: Of a name: statuses and accounts, too, are looked at for the first time.
FIRST = ", for the first time"
#: Wherever a page is, it may cost half as much again as an ordinary one.
FLAT = 1.5
#: Groups are to cost what single notifications do, both counted in static answers of their own
#: size. Runs of the same differ: eight, one after the other, came to ×0.84 to ×1.15.
AS_GOOD = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that are sent again and again, and what is wanted of them.

    ``target`` is the least share of a static answer's speed; ``static`` the size of that answer,
    None for the case's own. ``than`` names a case before: this one may cost ``most`` times as
    much, both counted in static answers of their own size.
    """

    name: str
    requests: list[str]
    target: Fraction | None = None
    than: str = ""
    most: float = FLAT
    static: int | None = None
    #: Sends the ETag of a first answer with the rest, which must then be 304.
    unchanged: bool = False
    #: Somebody else writes meanwhile.
    written: bool = False


def request(
    method: str,
    path: str,
    token: str = "",
    host: str = "localhost",
    form: Mapping[str, str] | None = None,
) -> str:
    """One HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: */*", "User-Agent: benchmark"]
    body = urlencode(form or {})
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if form:
        lines.append("Content-Type: application/x-www-form-urlencoded")
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", body])


def with_header(text: str, name: str, value: str) -> str:
    """A request without a body, and with one more header."""
    return f"{text[:-2]}{name}: {value}\r\n\r\n"


def get(person: Person, path: str) -> str:
    """A GET by somebody."""
    return request("GET", path, person.token)


async def reading(db: Database, seed: Seed) -> list[tuple[Case, ...]]:
    """The cases that read; what is to be compared closely is measured in turn, in one tuple.

    The one person is an ordinary one; the first has the famous status.
    """
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
    half, newest, middle = own[len(own) // 2], own[0], crowd[len(crowd) // 2]
    oldest = [(person, f"&max_id={ends[person.account_id]}") for person in shuffled]
    page, deep, poll = Fraction(1, 4), Fraction(1, 7), Fraction(1, 2)
    return [
        (
            Case(SAME, [get(one, PAGE)], page),
            Case(SAME_GROUPS, [get(one, GROUPS)], page, SAME, AS_GOOD),
        ),
        (Case("page of 40, half way down", [get(one, f"{PAGE}&max_id={half}")], deep, SAME),),
        (
            Case(
                "page of 40 amid the favourites of a famous status",
                [get(star, f"{PAGE}&max_id={middle}")],
                None,
                SAME,
            ),
        ),
        (
            Case(
                "page of 40 groups, half way down",
                [get(one, f"{GROUPS}&max_id={half}")],
                deep,
                SAME_GROUPS,
            ),
        ),
        (
            Case(
                "page of groups amid the favourites of a famous status",
                [get(star, f"{GROUPS}&max_id={middle}")],
                None,
                SAME_GROUPS,
            ),
        ),
        (Case("one notification", [get(one, f"/api/v1/notifications/{newest}")]),),
        (Case("unread_count", [get(one, UNREAD)]),),
        # Not at once: a server that has just started listens for others on its bus.
        (
            Case(OTHERS, [get(person, PAGE) for person in shuffled], deep),
            Case(OTHERS_GROUPS, [get(person, GROUPS) for person in shuffled], deep, OTHERS,
                 AS_GOOD),
        ),
        (
            Case(
                "the oldest page of 40, another account's each time",
                [get(person, PAGE + end) for person, end in oldest],
                deep,
                OTHERS,
            ),
        ),
        (
            Case(
                "the oldest page of 40 groups, another account's each time",
                [get(person, GROUPS + end) for person, end in oldest],
                deep,
                OTHERS_GROUPS,
            ),
        ),
        (
            Case("poll that finds nothing new", [get(one, f"{PAGE}&since_id={newest}")], poll,
                 static=SMALL),
        ),
        (
            Case("page of 40 that is as it was (If-None-Match)", [get(one, PAGE)], poll,
                 static=SMALL, unchanged=True),
        ),
        # The last, as nothing new may come to the others.
        (Case(SAME + WRITTEN, [get(one, PAGE)], written=True),),
        (
            Case(OTHERS + WRITTEN, [get(person, PAGE) for person in shuffled], deep, written=True),
            Case(OTHERS_GROUPS + WRITTEN, [get(person, GROUPS) for person in shuffled], deep,
                 OTHERS + WRITTEN, AS_GOOD, written=True),
        ),
        (
            Case(OTHERS_POLL + WRITTEN,
                 [get(person, f"{PAGE}&since_id={MAX_ID}") for person in shuffled],
                 static=SMALL, written=True),
        ),
    ]  # fmt: skip


async def _ids(db: Database, person: Person) -> list[int]:
    rows = await db.fetch(
        "SELECT id FROM notifications WHERE account_id = $1 ORDER BY id DESC", person.account_id
    )
    return [row[0] for row in rows]


async def favourites(
    db: Database, people: Sequence[Person], count: int, *, statuses: int = 2000
) -> list[tuple[Person, int]]:
    """Who of these people shall favourite which status of another of them; all of it is new."""
    authors = {
        row[0]: row[1]
        for row in await db.fetch(
            "SELECT id, account_id FROM statuses WHERE reblog_of_id IS NULL"
            " AND account_id = ANY($1) ORDER BY id DESC LIMIT $2",
            [person.account_id for person in people],
            statuses,
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
        for person in random.Random(status_id).sample(people, min(40, len(people)))
        if person.account_id != author and (person.account_id, status_id) not in given
    ]
    random.Random(2).shuffle(pairs)
    return pairs[:count]


def favouring(pairs: Iterable[tuple[Person, int]]) -> list[str]:
    """The requests of those favourites."""
    return [
        request("POST", f"/api/v1/statuses/{status_id}/favourite", person.token)
        for person, status_id in pairs
    ]
