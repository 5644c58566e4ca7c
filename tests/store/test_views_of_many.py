"""Single statuses for many viewers at once are what each would have loaded for himself."""

from __future__ import annotations

import dataclasses
from itertools import product
from typing import Any

import pytest

from stentor.domain.links import Links
from stentor.domain.statuses import LoadedStatuses
from stentor.entities.statuses import encoded
from stentor.store import readable_statuses, status_views, statuses
from stentor.store.database import Database
from stentor.store.postgres import PostgresDatabase
from tests.factories import NOW, Person, make_account, make_favourite, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Client

LINKS = Links("https", "stentor.example")


@pytest.fixture
async def everybody(db: Database) -> list[Person]:
    """An author, a follower with a filter, one who is blocked, one who is named."""
    return [await make_account(db, name) for name in ("ann", "bob", "cyd", "dan")]


@pytest.fixture
async def all_kinds(client: Client, db: Database, everybody: list[Person]) -> list[int]:
    """Statuses of Ann's in all visibilities, reblogs, a poll, quotes; the last is none."""
    ann, bob, cyd, dan = everybody
    await make_follow(db, bob.id, ann.id)
    assert (await client.post(f"/api/v1/accounts/{cyd.id}/block", ann)).status == 200
    assert (await client.post(f"/api/v1/accounts/{ann.id}/block", dan)).status == 200
    phrase = {"phrase": "tea", "context[]": "home"}
    assert (await client.post("/api/v1/filters", bob, form=phrase)).status == 200
    made = [
        await make_status(db, ann.id, f"tea {one}", visibility=one, mentions=[dan.id])
        for one in ("public", "unlisted", "private", "direct")
    ]
    made.append(await make_status(db, dan.id, reblog_of_id=made[0]))
    made.append(await make_status(db, ann.id, reblog_of_id=made[2], visibility="private"))
    for person in (bob, dan):
        await make_favourite(db, person.id, made[0])
    poll: Any = {"status": "?", "poll": {"options": ["a", "b"], "expires_in": 300}}
    quote = {"status": "!", "quoted_status_id": str(made[0])}
    for asked in (poll, quote, {"status": "#tea @dan"}):
        answer = await client.post("/api/v1/statuses", ann, json=asked)
        made.append(int(answer.json["id"]))
    return [*made, 1]


def shown(loaded: LoadedStatuses, status_id: int) -> dict[str, Any]:
    """Everything that a load says of one status."""
    said = {
        one.name: getattr(loaded, one.name)
        for one in dataclasses.fields(loaded)
        if one.name not in ("accounts", "mentions", "tags")
    }
    said["json"] = bytes(encoded(loaded, status_id, LINKS)) if loaded.may_show(status_id) else None
    return said


async def test_each_sees_what_he_would_have_seen_alone(
    db: Database, everybody: list[Person], all_kinds: list[int]
) -> None:
    asked = [(status_id, one.id) for status_id, one in product(all_kinds, everybody)]
    together = await status_views.load_each(db, asked, now=NOW)
    shows = blocked = 0
    for (status_id, viewer_id), (loaded, blocking) in zip(asked, together, strict=True):
        alone = await statuses.load(db, [status_id], viewer_id, now=NOW)
        found = await readable_statuses.find(db, status_id, viewer_id)
        assert (found is not None) == loaded.may_show(status_id)
        if found is not None:
            assert found.blocking == (found.original.account_id in blocking)
            blocked += found.blocking
        assert shown(loaded, status_id) == shown(alone, status_id)
        shows += loaded.may_show(status_id)
    assert shows not in (0, len(asked))
    assert blocked
    assert await status_views.load_each(db, [], now=NOW) == []


async def test_many_cost_no_more_trips_than_one(db: Database, everybody: list[Person]) -> None:
    ann = everybody[0]
    made = [await make_status(db, ann.id) for _ in range(30)]
    asked = [(status_id, one.id) for status_id, one in product(made, everybody)]
    # SQLite makes no trips: there the marks of each are a statement.
    with query_budget(db, 6 + (len(asked) if db.engine == "sqlite" else 0)):
        await status_views.load_each(db, asked, now=NOW)


async def test_what_many_need_besides_is_asked_for_at_the_same_moment(
    client: Client, db: Database, everybody: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL that is few trips; elsewhere there are none."""
    poll: Any = {"status": "?", "poll": {"options": ["a", "b"], "expires_in": 300}}
    asked = int((await client.post("/api/v1/statuses", everybody[0], json=poll)).json["id"])
    phrase = {"phrase": "tea", "context[]": "home"}
    people = [await make_account(db, f"reader{number}") for number in range(30)]
    for one in people:
        assert (await client.post("/api/v1/filters", one, form=phrase)).status == 200
    trips = 0
    if isinstance(db, PostgresDatabase):
        lend = db._connection

        def counted() -> Any:
            nonlocal trips
            trips += 1
            return lend()

        monkeypatch.setattr(db, "_connection", counted)
    found = await status_views.load_each(db, [(asked, one.id) for one in people], now=NOW)
    assert all(one.loaded.filters and one.loaded.polls for one in found)
    # One after the other they would take three each.
    assert trips < 2 * len(people)
