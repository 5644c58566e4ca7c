"""Timelines over HTTP: who may read them, and what their parameters mean."""

from __future__ import annotations

import pytest

from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_follow,
    make_status,
    make_token,
)
from tests.helpers import Answer, Client, Clock

HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who reads."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database, ann: Person) -> Person:
    """Whom ann follows."""
    person = await make_account(db, "bob")
    await make_follow(db, ann.id, person.id)
    return person


def ids(answer: Answer) -> list[int]:
    """The statuses on a page."""
    assert answer.status == 200, answer
    return [int(one["id"]) for one in answer.json]


@pytest.mark.parametrize("path", [HOME, "/api/v1/timelines/direct", "/api/v1/timelines/list/1"])
async def test_personal_timelines_need_a_person(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 401
    app = await make_token(client.db, None)
    assert (await client.get(path, app)).status == 422


@pytest.mark.parametrize("path", [PUBLIC, "/api/v1/timelines/tag/x"])
async def test_public_timelines_need_nobody(client: Client, path: str) -> None:
    assert (await client.get(path)).json == []
    assert (await client.get(path, "no such token")).json == []
    assert (await client.get(path, await make_token(client.db, None))).json == []


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("read:statuses", HOME, 200),
        ("read:lists", HOME, 403),
        ("read:statuses", PUBLIC, 200),
        ("write", PUBLIC, 403),
        ("read:lists", "/api/v1/timelines/list/1", 404),
        ("read:statuses", "/api/v1/timelines/list/1", 403),
    ],
)
async def test_scopes(client: Client, ann: Person, scope: str, path: str, status: int) -> None:
    token = await make_token(client.db, ann.id, scope)
    assert (await client.get(path, token)).status == status


async def test_home_shows_statuses_as_the_reader_sees_them(
    client: Client, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id, "hello", visibility="private")
    await insert(client.db, "favourites", account_id=ann.id, status_id=status_id, created_at=NOW)
    [one] = (await client.get(HOME, ann)).json
    assert (one["id"], one["content"], one["favourited"]) == (str(status_id), "<p>hello</p>", True)
    assert one["account"]["acct"] == "bob"


async def test_an_unfollowed_persons_statuses_are_not_at_home(client: Client, ann: Person) -> None:
    stranger = await make_account(client.db)
    await make_status(client.db, stranger.id, mentions=[ann.id])
    assert ids(await client.get(HOME, ann)) == []


async def test_a_reblog_of_the_own_private_status_is_only_for_followers(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, bob.id, visibility="private")
    wrapper = await make_status(client.db, bob.id, visibility="private", reblog_of_id=original)
    assert ids(await client.get(HOME, ann)) == [wrapper, original]


async def test_the_public_timeline_has_no_limited_account_unless_it_is_followed(
    client: Client, ann: Person, bob: Person
) -> None:
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET silenced_at = $2 WHERE id = $1", bob.id, NOW)
    status_id = await make_status(client.db, bob.id)
    assert ids(await client.get(PUBLIC)) == []
    assert ids(await client.get(PUBLIC, await make_account(client.db))) == []
    assert ids(await client.get(PUBLIC, ann)) == [status_id]
    assert ids(await client.get(PUBLIC, bob)) == [status_id]


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, {"here", "there"}),
        ({"local": "true"}, {"here"}),
        ({"local": "False"}, {"here", "there"}),
        ({"remote": "1"}, {"there"}),
        ({"local": "1", "remote": "1"}, {"here", "there"}),
        ({"only_media": "1"}, set()),
        ({"only_media": "0"}, {"here", "there"}),
    ],
)
@pytest.mark.parametrize("path", [PUBLIC, "/api/v1/timelines/tag/%23Bread"])
async def test_local_remote_and_media(
    client: Client, ann: Person, path: str, params: dict[str, str], shown: set[str]
) -> None:
    far = await make_account(client.db, "far", domain="far.example")
    await insert(client.db, "tags", id=1, name="bread", created_at=NOW)
    made = {
        "here": await make_status(client.db, ann.id),
        "there": await make_status(client.db, far.id),
    }
    for status_id in made.values():
        await insert(client.db, "status_tags", status_id=status_id, tag_id=1)
    assert set(ids(await client.get(path, params=params))) == {made[name] for name in shown}


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ("", "b bc bd"),
        ("any[]=cheese", "b bc bd c"),
        ("any[]=%23CHEESE&any[]=dill", "b bc bd c d"),
        ("all[]=cheese", "bc"),
        ("all=cheese", "bc"),
        ("all[]=cheese&all[]=dill", ""),
        ("none[]=cheese", "b bd"),
        ("any[]=dill&none[]=bread", "d"),
        ("any[]=!!&all[]=&none[]=%20", "b bc bd"),
        ("none[]=unheard", "b bc bd"),
        ("all[]=unheard", ""),
    ],
)
async def test_a_hashtag_with_others(client: Client, ann: Person, params: str, shown: str) -> None:
    known = {"b": 1, "c": 2, "d": 3}
    for number, name in enumerate(("bread", "cheese", "dill"), 1):
        await insert(client.db, "tags", id=number, name=name, created_at=NOW)
    made = {}
    for name in ("b", "c", "d", "bc", "bd"):
        made[name] = await make_status(client.db, ann.id)
        for letter in name:
            await insert(client.db, "status_tags", status_id=made[name], tag_id=known[letter])
    answer = await client.get("/api/v1/timelines/tag/bread", params=params)
    assert set(ids(answer)) == {made[name] for name in shown.split()}


@pytest.mark.parametrize("name", ["unheard", "12", "a b", "%21", "x" * 3000, "a%00b"])
async def test_a_hashtag_that_is_none_is_an_empty_timeline(client: Client, name: str) -> None:
    answer = await client.get(f"/api/v1/timelines/tag/{name}".replace(" ", "%20"))
    assert (answer.status, answer.json) == (200, [])


async def test_statuses_with_a_followed_hashtag_come_home(client: Client, ann: Person) -> None:
    stranger = await make_account(client.db)
    await insert(client.db, "tags", id=1, name="bread", created_at=NOW)
    shown = await make_status(client.db, stranger.id)
    hidden = await make_status(client.db, stranger.id, visibility="unlisted")
    for status_id in (shown, hidden):
        await insert(client.db, "status_tags", status_id=status_id, tag_id=1)
    assert ids(await client.get(HOME, ann)) == []
    await client.post("/api/v1/tags/Bread/follow", ann)
    assert ids(await client.get(HOME, ann)) == [shown]
    await client.post("/api/v1/tags/bread/unfollow", ann)
    assert ids(await client.get(HOME, ann)) == []


async def test_an_expired_mute_is_none(
    client: Client, clock: Clock, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id)
    await insert(
        client.db, "mutes", account_id=ann.id, target_account_id=bob.id, created_at=NOW,
        expires_at=NOW + 1000,
    )  # fmt: skip
    assert ids(await client.get(HOME, ann)) == []
    clock.advance(seconds=1)
    assert ids(await client.get(HOME, ann)) == [status_id]


@pytest.mark.parametrize("list_id", ["1", "2", "0", "x", str(2**63), "1%20"])
async def test_anothers_list_and_no_list_are_the_same(
    client: Client, ann: Person, bob: Person, list_id: str
) -> None:
    await insert(client.db, "lists", id=1, account_id=bob.id, title="x", created_at=NOW)
    answer = await client.get(f"/api/v1/timelines/list/{list_id}", ann)
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})


async def test_there_is_no_timeline_of_links(client: Client) -> None:
    answer = await client.get("/api/v1/timelines/link", params={"url": "https://a.example/"})
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})
