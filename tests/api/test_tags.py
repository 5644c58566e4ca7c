"""Hashtags: looked at, followed, featured."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.domain import limits, times
from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_status, make_token
from tests.fixtures import query_budget
from tests.helpers import Client


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who asks."""
    return await make_account(db, "ann")


async def tagged(db: Database, account_id: int, tag: str, **columns: Any) -> int:
    """A status with a hashtag, by its rows."""
    await _tag(db, tag)
    status_id = await make_status(db, account_id, **columns)
    tag_id = await db.fetch_value("SELECT id FROM tags WHERE name = $1", tag)
    await insert(db, "status_tags", status_id=status_id, tag_id=tag_id)
    return status_id


async def _tag(db: Database, name: str) -> None:
    async with db.transaction() as tx:
        await tx.run(
            "INSERT INTO tags (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, NOW
        )


async def test_an_unheard_hashtag_is_shown_all_the_same(client: Client, ann: Person) -> None:
    one = (await client.get("/api/v1/tags/%23Unheard")).json
    day = {"uses": "0", "accounts": "0"}
    assert [{k: v for k, v in d.items() if k != "day"} for d in one.pop("history")] == [day] * 7
    assert one == {"id": "", "name": "unheard", "url": "https://stentor.example/tags/unheard"}
    one = (await client.get("/api/v1/tags/unheard", ann)).json
    assert (one["following"], one["featuring"]) == (False, False)
    assert await client.db.fetch_value("SELECT count(*) FROM tags") == 0


@pytest.mark.parametrize("name", ["12", "a-b", "%20", "%23", "a%20b", "x" * 501])
@pytest.mark.parametrize("verb", ["", "/follow", "/unfollow", "/feature", "/unfeature"])
async def test_what_is_no_hashtag_is_not_found(
    client: Client, ann: Person, name: str, verb: str
) -> None:
    method = "POST" if verb else "GET"
    answer = await client.request(method, f"/api/v1/tags/{name}{verb}", ann)
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})


async def test_the_history_counts_public_uses_of_seven_days(client: Client, ann: Person) -> None:
    bob = await make_account(client.db, "bob")
    for ago, visibility, author in [
        (0, "public", ann), (0, "public", ann), (0, "public", bob), (0, "private", bob),
        (1, "unlisted", bob), (6, "public", bob), (7, "public", bob), (400, "public", bob),
    ]:  # fmt: skip
        at = NOW - ago * times.DAY
        await tagged(client.db, author.id, "bread", at=at, visibility=visibility)
    one = (await client.get("/api/v1/tags/bread")).json
    assert [(d["uses"], d["accounts"]) for d in one["history"]] == [
        ("3", "2"), *[("0", "0")] * 5, ("1", "1"),
    ]  # fmt: skip
    assert one["history"][0]["day"] == str((NOW - NOW % times.DAY) // 1000)


async def test_following_can_be_repeated_and_undone(client: Client, ann: Person) -> None:
    for _ in range(2):
        one = (await client.post("/api/v1/tags/Bread/follow", ann)).json
        assert (one["name"], one["following"]) == ("bread", True)
    assert one["id"].isdigit()
    await client.post("/api/v1/tags/%E6%97%A5%E6%9C%AC/follow", ann)
    shown = (await client.get("/api/v1/followed_tags", ann)).json
    assert [tag["name"] for tag in shown] == ["日本", "bread"]
    assert {tag["following"] for tag in shown} == {True}
    for _ in range(2):
        one = (await client.post("/api/v1/tags/bread/unfollow", ann)).json
        assert one["following"] is False
    assert len((await client.get("/api/v1/followed_tags", ann)).json) == 1
    assert (await client.get("/api/v1/followed_tags", await make_account(client.db))).json == []


@pytest.mark.parametrize("typed", ["Bread", "#Bread", "＃Bread", " Bread"])
async def test_a_featured_hashtag_keeps_how_it_was_typed(
    client: Client, ann: Person, typed: str
) -> None:
    await tagged(client.db, ann.id, "bread", at=NOW - times.DAY)
    await tagged(client.db, ann.id, "bread", at=NOW - 2 * times.DAY, visibility="unlisted")
    await tagged(client.db, ann.id, "bread", visibility="private")
    await tagged(client.db, (await make_account(client.db)).id, "bread")
    answer = await client.post("/api/v1/featured_tags", ann, json={"name": typed})
    assert answer.status == 200
    one = answer.json
    assert one == {
        "id": one["id"],
        "name": "Bread",
        "url": "https://stentor.example/@ann/tagged/bread",
        "statuses_count": "2",
        "last_status_at": "2026-05-31",
    }
    assert (await client.get("/api/v1/featured_tags", ann)).json == [one]
    assert (await client.get(f"/api/v1/accounts/{ann.id}/featured_tags")).json == [one]
    assert (await client.get("/api/v1/tags/bread", ann)).json["featuring"] is True


async def test_featuring_twice_is_the_same_row(client: Client, ann: Person) -> None:
    answers = await asyncio.gather(
        *(client.post("/api/v1/featured_tags", ann, json={"name": "x"}) for _ in range(3))
    )
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.json["id"] for answer in answers}) == 1
    assert answers[0].json["last_status_at"] is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Name can't be blank"),
        ({"name": ""}, "Name can't be blank"),
        ({"name": ["x"]}, "Name can't be blank"),
        ({"name": "two words"}, "Name is invalid"),
        ({"name": "12"}, "Name is invalid"),
        ({"name": "x" * 5000}, "Name is invalid"),
    ],
)
async def test_what_is_no_hashtag_cannot_be_featured(
    client: Client, ann: Person, body: dict[str, Any], text: str
) -> None:
    answer = await client.post("/api/v1/featured_tags", ann, json=body)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {text}"})


async def test_ten_hashtags_are_featured_and_not_one_more(client: Client, ann: Person) -> None:
    for n in range(limits.FEATURED_TAGS - 1):
        await client.post(f"/api/v1/tags/x{n}/feature", ann)
    answers = await asyncio.gather(
        *(client.post(f"/api/v1/tags/y{n}/feature", ann) for n in range(3))
    )
    assert sorted(answer.status for answer in answers) == [200, 422, 422]
    assert len((await client.get("/api/v1/featured_tags", ann)).json) == limits.FEATURED_TAGS
    assert (await client.post("/api/v1/tags/x1/feature", ann)).json["featuring"] is True


async def test_featuring_ends(client: Client, ann: Person) -> None:
    await client.post("/api/v1/tags/Bread/feature", ann)
    assert (await client.post("/api/v1/tags/bread/unfeature", ann)).json["featuring"] is False
    one = (await client.post("/api/v1/featured_tags", ann, json={"name": "bread"})).json
    bob = await make_account(client.db)
    for wrong in (f"{one['id']}9", "x", str(2**63)):
        assert (await client.delete(f"/api/v1/featured_tags/{wrong}", ann)).status == 404
    foreign = await client.delete(f"/api/v1/featured_tags/{one['id']}", bob)
    assert (foreign.status, foreign.json) == (404, {"error": "Record not found"})
    gone = await client.delete(f"/api/v1/featured_tags/{one['id']}", ann)
    assert (gone.status, gone.json) == (200, {})
    assert (await client.get("/api/v1/featured_tags", ann)).json == []


async def test_a_suspended_account_features_nothing_and_an_unknown_one_is_not_found(
    client: Client, ann: Person
) -> None:
    await client.post("/api/v1/tags/bread/feature", ann)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $2 WHERE id = $1", ann.id, NOW)
    assert (await client.get(f"/api/v1/accounts/{ann.id}/featured_tags")).json == []
    assert (await client.get("/api/v1/accounts/1/featured_tags")).status == 404


async def test_suggestions_are_what_was_used_most_and_is_not_featured(
    client: Client, ann: Person
) -> None:
    for name, times_used in (("rare", 1), ("common", 3), ("shown", 5)):
        for _ in range(times_used):
            await tagged(client.db, ann.id, name)
    await tagged(client.db, ann.id, "secret", visibility="private")
    await client.post("/api/v1/tags/shown/feature", ann)
    found = (await client.get("/api/v1/featured_tags/suggestions", ann)).json
    assert [tag["name"] for tag in found] == ["common", "rare"]
    assert found[0]["history"][0]["uses"] == "3"


async def test_a_page_of_followed_hashtags_costs_three_queries(client: Client, ann: Person) -> None:
    for n in range(60):
        await client.post(f"/api/v1/tags/x{n}/follow", ann)
    with query_budget(client.db, 3):
        assert len((await client.get("/api/v1/followed_tags", ann)).json) == 60


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("follow", "POST", "tags/x/follow", 200),
        ("write:follows", "POST", "tags/x/unfollow", 200),
        ("write:accounts", "POST", "tags/x/follow", 403),
        ("write:accounts", "POST", "tags/x/feature", 200),
        ("follow", "POST", "tags/x/feature", 403),
        ("read:follows", "GET", "followed_tags", 200),
        ("read:accounts", "GET", "featured_tags", 200),
        ("read:lists", "GET", "featured_tags", 403),
    ],
)
async def test_scopes(
    client: Client, ann: Person, scope: str, method: str, path: str, status: int
) -> None:
    token = await make_token(client.db, ann.id, scope)
    assert (await client.request(method, f"/api/v1/{path}", token)).status == status
