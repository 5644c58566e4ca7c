"""Lists: made, changed, filled and emptied, by their owner alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.domain import limits
from stentor.store import lists
from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_follow
from tests.helpers import Client

PATH = "/api/v1/lists"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose lists they are."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database, ann: Person) -> Person:
    """Whom ann follows."""
    person = await make_account(db, "bob")
    await make_follow(db, ann.id, person.id)
    return person


async def made(client: Client, owner: Person, **params: Any) -> dict[str, Any]:
    """A list."""
    answer = await client.post(PATH, owner, json={"title": "Friends", **params})
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.json
    return body


async def on(client: Client, owner: Person, list_id: str) -> list[str]:
    """The user names on a list."""
    answer = await client.get(f"{PATH}/{list_id}/accounts", owner, params={"limit": "0"})
    return [one["username"] for one in answer.json]


async def test_a_list_is_made_shown_changed_and_deleted(client: Client, ann: Person) -> None:
    assert (await client.get(PATH, ann)).json == []
    one = await made(client, ann)
    assert one == {
        "id": one["id"], "title": "Friends", "replies_policy": "list", "exclusive": False,
    }  # fmt: skip
    assert (await client.get(PATH, ann)).json == [one]
    assert (await client.get(f"{PATH}/{one['id']}", ann)).json == one
    changed = await client.put(
        f"{PATH}/{one['id']}", ann, form={"replies_policy": "none", "exclusive": "1"}
    )
    assert changed.json == {**one, "replies_policy": "none", "exclusive": True}
    changed = await client.put(f"{PATH}/{one['id']}", ann, form={"title": " Enemies "})
    assert changed.json["title"] == "Enemies"
    assert changed.json["exclusive"] is True
    gone = await client.delete(f"{PATH}/{one['id']}", ann)
    assert (gone.status, gone.json) == (200, {})
    assert (await client.get(PATH, ann)).json == []
    assert (await client.delete(f"{PATH}/{one['id']}", ann)).status == 404


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "Title can't be blank"),
        ({"title": " \u2028 "}, "Title can't be blank"),
        ({"title": ["x"]}, "Title can't be blank"),
        ({"title": "x" * 257}, "Title is too long (maximum is 256 characters)"),
        ({"title": "x" + "\u0301" * 60_000}, "Title is too long (maximum is 256 characters)"),
        ({"title": "x", "replies_policy": "all"}, "Replies policy is not included in the list"),
        (
            {"replies_policy": "all"},
            "Title can't be blank, Replies policy is not included in the list",
        ),
    ],
)
async def test_a_wrong_list_is_told_why(
    client: Client, ann: Person, params: dict[str, Any], text: str
) -> None:
    answer = await client.post(PATH, ann, json=params)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {text}"})
    one = await made(client, ann)
    if params.get("title") != ["x"] and "title" in params:
        answer = await client.put(f"{PATH}/{one['id']}", ann, json=params)
        assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {text}"})
    assert (await client.get(PATH, ann)).json == [one]


async def test_a_title_of_256_characters_fits(client: Client, ann: Person) -> None:
    assert (await made(client, ann, title="ü" * 256))["title"] == "ü" * 256


async def test_there_are_fifty_lists_and_not_one_more(client: Client, ann: Person) -> None:
    for _ in range(limits.LISTS - 1):
        await insert(client.db, "lists", account_id=ann.id, title="x", created_at=NOW)
    answers = await asyncio.gather(
        *(client.post(PATH, ann, json={"title": str(n)}) for n in range(4))
    )
    assert sorted(answer.status for answer in answers) == [200, 422, 422, 422]
    text = "Validation failed: You have reached the maximum number of lists"
    assert text in {answer.json.get("error") for answer in answers}
    await made(client, await make_account(client.db))


@pytest.mark.parametrize("encode", ["json", "form", "query"])
async def test_people_are_put_on_a_list_and_taken_off_in_any_encoding(
    client: Client, ann: Person, bob: Person, encode: str
) -> None:
    one = await made(client, ann)
    path = f"{PATH}/{one['id']}/accounts"
    sent: dict[str, Any] = {
        "json": {"json": {"account_ids": [str(bob.id), bob.id]}},
        "form": {"form": {"account_ids[]": [str(bob.id)]}},
        "query": {"params": {"account_ids": str(bob.id)}},
    }[encode]
    assert (await client.post(path, ann, **sent)).json == {}
    assert await on(client, ann, one["id"]) == ["bob"]
    found = await client.get(f"/api/v1/accounts/{bob.id}/lists", ann)
    assert found.json == [one]
    assert (await client.delete(path, ann, **sent)).json == {}
    assert (await client.delete(path, ann, **sent)).json == {}
    assert await on(client, ann, one["id"]) == []
    assert (await client.get(f"/api/v1/accounts/{bob.id}/lists", ann)).json == []


async def test_only_the_followed_the_asked_and_oneself_can_be_on_a_list(
    client: Client, ann: Person, bob: Person
) -> None:
    one = await made(client, ann)
    path = f"{PATH}/{one['id']}/accounts"
    stranger = await make_account(client.db, "stranger")
    for wrong in ([stranger.id], [bob.id, stranger.id], [bob.id, 12345]):
        answer = await client.post(path, ann, json={"account_ids": [str(id) for id in wrong]})
        assert answer.status == 422
        assert answer.json == {"error": "Validation failed: Account must be a followed account"}
        assert await on(client, ann, one["id"]) == []
    await insert(
        client.db, "follow_requests", account_id=ann.id, target_account_id=stranger.id,
        created_at=NOW,
    )  # fmt: skip
    answer = await client.post(path, ann, json={"account_ids": [str(stranger.id), str(ann.id)]})
    assert answer.json == {}
    assert set(await on(client, ann, one["id"])) == {"ann", "stranger"}


async def test_nobody_is_twice_on_a_list(client: Client, ann: Person, bob: Person) -> None:
    one = await made(client, ann)
    path = f"{PATH}/{one['id']}/accounts"
    sent = {"account_ids": [str(bob.id)]}
    answers = await asyncio.gather(*(client.post(path, ann, json=sent) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 422, 422]
    assert await on(client, ann, one["id"]) == ["bob"]


@pytest.mark.parametrize("body", [{}, {"account_ids": []}, {"account_ids": ["x", "-1", {}]}])
async def test_nobody_put_on_a_list_changes_nothing(
    client: Client, ann: Person, body: dict[str, Any]
) -> None:
    one = await made(client, ann)
    for method in ("POST", "DELETE"):
        answer = await client.request(method, f"{PATH}/{one['id']}/accounts", ann, json=body)
        assert (answer.status, answer.json) == (200, {})


async def test_a_suspended_member_is_not_shown(client: Client, ann: Person, bob: Person) -> None:
    one = await made(client, ann)
    await client.post(f"{PATH}/{one['id']}/accounts", ann, json={"account_ids": [bob.id]})
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $2 WHERE id = $1", bob.id, NOW)
    assert await on(client, ann, one["id"]) == []


async def test_membership_ends_with_the_follow(client: Client, ann: Person, bob: Person) -> None:
    one = await made(client, ann)
    other = await made(client, ann)
    for list_id in (one["id"], other["id"]):
        await client.post(f"{PATH}/{list_id}/accounts", ann, json={"account_ids": [bob.id]})
    assert (await client.post(f"/api/v1/accounts/{bob.id}/unfollow", ann)).status == 200
    assert await on(client, ann, one["id"]) == await on(client, ann, other["id"]) == []


async def test_to_forget_somebody_leaves_others_lists_alone(
    client: Client, ann: Person, bob: Person
) -> None:
    eve = await make_account(client.db, "eve")
    await make_follow(client.db, eve.id, bob.id)
    mine, hers = await made(client, ann), await made(client, eve)
    for owner, one in ((ann, mine), (eve, hers)):
        await client.post(f"{PATH}/{one['id']}/accounts", owner, json={"account_ids": [bob.id]})
    async with client.db.transaction() as tx:
        await lists.forget(tx, ann.id, bob.id)
    assert await on(client, ann, mine["id"]) == []
    assert await on(client, eve, hers["id"]) == ["bob"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "{id}"),
        ("PUT", "{id}"),
        ("DELETE", "{id}"),
        ("GET", "{id}/accounts"),
        ("POST", "{id}/accounts"),
        ("DELETE", "{id}/accounts"),
    ],
)
@pytest.mark.parametrize("which", ["foreign", "999", "x", str(2**64)])
async def test_anothers_list_and_no_list_are_the_same(
    client: Client, ann: Person, bob: Person, method: str, path: str, which: str
) -> None:
    theirs = await made(client, bob)
    list_id = theirs["id"] if which == "foreign" else which
    answer = await client.request(
        method,
        f"{PATH}/{path.format(id=list_id)}",
        ann,
        json={"title": "mine", "account_ids": [bob.id]},
    )
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})
    assert (await client.get(f"{PATH}/{theirs['id']}", bob)).json == theirs


async def test_nobody_learns_on_whose_lists_he_is(client: Client, ann: Person, bob: Person) -> None:
    one = await made(client, ann)
    await client.post(f"{PATH}/{one['id']}/accounts", ann, json={"account_ids": [bob.id]})
    assert (await client.get(f"/api/v1/accounts/{bob.id}/lists", bob)).json == []
    assert (await client.get("/api/v1/accounts/1/lists", ann)).status == 404


async def test_limit_0_is_everybody_without_links(client: Client, ann: Person) -> None:
    one = await made(client, ann)
    for _ in range(90):
        person = await make_account(client.db, token=None)
        await insert(client.db, "list_accounts", list_id=int(one["id"]), account_id=person.id)
    path = f"{PATH}/{one['id']}/accounts"
    answer = await client.get(path, ann, params={"limit": "0"})
    assert (len(answer.json), answer.headers.get("link")) == (90, None)
    assert len((await client.get(path, ann)).json) == 40
    assert len((await client.get(path, ann, params={"limit": "500"})).json) == 80
    assert (await client.get(path, ann, params={"limit": "some"})).json == []
