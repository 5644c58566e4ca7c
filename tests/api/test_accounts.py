"""Accounts as others see them: one, many, by handle, by name, and who follows whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import NOW, insert, make_account, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Client

NOT_FOUND = (404, {"error": "Record not found"})


async def accts(client: Client, path: str, by: Any = None, **params: Any) -> list[str]:
    answer = await client.get(path, by, params=params)
    assert answer.status == 200
    return [one["acct"] for one in answer.json]


# --- show and index --------------------------------------------------------------------------


async def test_an_account_is_shown_to_anybody(client: Client) -> None:
    alice = await make_account(
        client.db, "alice", note="hello", display_name="Alice", created_at=NOW
    )
    with query_budget(client.db, 1):
        answer = await client.get(f"/api/v1/accounts/{alice.id}")
    assert answer.status == 200
    shown = {key: answer.json[key] for key in ("id", "acct", "display_name", "note", "created_at")}
    assert shown == {
        "id": str(alice.id),
        "acct": "alice",
        "display_name": "Alice",
        "note": "<p>hello</p>",
        "created_at": "2026-06-01T00:00:00.000Z",
    }
    assert "source" not in answer.json


async def test_who_moved_says_where_to_wherever_he_is_shown(client: Client) -> None:
    last = await make_account(client.db, "last")
    new = await make_account(client.db, "new", moved_to_id=last.id)
    old = await make_account(client.db, "old", moved_to_id=new.id)
    status = await make_status(client.db, old.id)
    await make_follow(client.db, old.id, new.id)
    query = {"q": "old", "acct": "old", "id[]": old.id}
    for path, by in (
        (f"/api/v1/accounts/{old.id}", None), ("/api/v1/accounts/lookup", None),
        ("/api/v1/accounts", None), ("/api/v1/accounts/search", last),
        (f"/api/v1/accounts/{new.id}/followers", None),
        ("/api/v1/accounts/verify_credentials", old), (f"/api/v1/statuses/{status}", None),
    ):  # fmt: skip
        shown = (await client.get(path, by, params=query)).json
        [shown] = shown if isinstance(shown, list) else [shown]
        shown = shown.get("account", shown)
        assert shown["moved"]["acct"] == "new", path
        assert "moved" not in shown["moved"]
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET display_name = 'New' WHERE id = $1", new.id)
    shown = (await client.get(f"/api/v1/statuses/{status}")).json["account"]
    assert shown["moved"]["display_name"] == "New"


async def test_of_the_suspended_nobody_learns_where_they_moved_to(client: Client) -> None:
    new = await make_account(client.db, "new")
    bad = await make_account(client.db, "bad", moved_to_id=new.id, suspended_at=NOW)
    assert "moved" not in (await client.get(f"/api/v1/accounts/{bad.id}")).json


@pytest.mark.parametrize("target", ["5", "0", "-1", "x", "12abc", "9" * 40, "%00", "١"])
async def test_an_account_that_is_none_is_not_found(client: Client, target: str) -> None:
    for tail in ("", "/followers", "/following", "/endorsements"):
        answer = await client.get(f"/api/v1/accounts/{target}{tail}")
        assert (answer.status, answer.json) == NOT_FOUND


@pytest.mark.parametrize("user", [{"confirmed_at": None}, {"approved": False}])
async def test_who_is_not_let_in_yet_is_not_found(client: Client, user: Any) -> None:
    waiting = await make_account(client.db, "waiting", user=user)
    for tail in ("", "/followers", "/following", "/endorsements"):
        answer = await client.get(f"/api/v1/accounts/{waiting.id}{tail}")
        assert (answer.status, answer.json) == NOT_FOUND
    answer = await client.get("/api/v1/accounts/lookup", params={"acct": "waiting"})
    assert (answer.status, answer.json) == NOT_FOUND
    answer = await client.get("/api/v1/accounts", params={"id[]": waiting.id})
    assert answer.json == []


async def test_a_suspended_account_is_blank_and_knows_nobody(client: Client) -> None:
    gone = await make_account(
        client.db, note="bad words", display_name="Bad", avatar="x", suspended_at=NOW
    )
    fan = await make_account(client.db)
    await make_follow(client.db, fan.id, gone.id)
    answer = await client.get(f"/api/v1/accounts/{gone.id}", fan)
    assert answer.json["suspended"] is True
    assert (answer.json["note"], answer.json["display_name"]) == ("", "")
    assert answer.json["avatar"].endswith("/avatars/original/missing.png")
    for tail in ("followers", "following", "endorsements"):
        assert (await client.get(f"/api/v1/accounts/{gone.id}/{tail}", fan)).json == []
    assert await accts(client, f"/api/v1/accounts/{fan.id}/following") == []


async def test_many_accounts_come_in_the_order_asked_for_without_unknown_ones(
    client: Client,
) -> None:
    one, two = await make_account(client.db, "one"), await make_account(client.db, "two")
    ids = [("id[]", value) for value in (two.id, 5, "x", one.id, two.id)]
    with query_budget(client.db, 1):
        answer = await client.get("/api/v1/accounts", params=ids)
    assert [account["acct"] for account in answer.json] == ["two", "one"]
    assert (await client.get("/api/v1/accounts")).json == []
    assert len((await client.get("/api/v1/accounts", params={"id": one.id})).json) == 1


async def test_more_than_forty_ids_are_too_many(client: Client) -> None:
    for count, status in ((40, 200), (41, 422)):
        ids = [("id[]", number) for number in range(count)]
        assert (await client.get("/api/v1/accounts", params=ids)).status == status


# --- lookup ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acct", "found"),
    [
        ("alice", "Alice"),
        ("@ALICE", "Alice"),
        ("Alice@stentor.example", "Alice"),
        ("@alice@STENTOR.example", "Alice"),
        ("alice@far.example", "alice@far.example"),
        ("alice@FAR.example", "alice@far.example"),
        ("alice@nowhere.example", None),
        ("alic", None),
        ("", None),
        ("@", None),
        ("alice@stentor.example@x", None),
        ("alice'; --", None),
        ("a" * 5000, None),
    ],
)
async def test_lookup_by_handle(client: Client, acct: str, found: str | None) -> None:
    await make_account(client.db, "Alice")
    await make_account(client.db, "alice", domain="far.example")
    answer = await client.get("/api/v1/accounts/lookup", params={"acct": acct})
    if found is None:
        assert (answer.status, answer.json) == NOT_FOUND
    else:
        assert (answer.status, answer.json["acct"]) == (200, found)


async def test_lookup_without_a_handle_is_not_found(client: Client) -> None:
    answer = await client.get("/api/v1/accounts/lookup")
    assert (answer.status, answer.json) == NOT_FOUND


# --- search --------------------------------------------------------------------------------------


async def test_search_finds_names_and_needs_a_person(client: Client) -> None:
    me = await make_account(client.db, "me")
    await make_account(client.db, "alice", display_name="Wonder")
    await make_account(client.db, "alicia")
    await make_account(client.db, "gone_alice", suspended_at=NOW)
    path = "/api/v1/accounts/search"
    assert await accts(client, path, me, q="alice") == ["alice"]
    assert sorted(await accts(client, path, me, q="ali", resolve="true")) == ["alice", "alicia"]
    assert await accts(client, path, me, q="wonder") == ["alice"]
    assert await accts(client, path, me, q="@alice@stentor.example") == ["alice"]
    assert len(await accts(client, path, me, q="ali", limit=1)) == 1
    assert len(await accts(client, path, me, q="ali", offset=1)) == 1
    assert len(await accts(client, path, me, q="ali", offset=-3)) == 2
    for q in ("", " ", "%", "@"):
        assert await accts(client, path, me, q=q) == []
    assert (await client.get(path, params={"q": "alice"})).status == 401


async def test_search_can_be_kept_to_those_one_follows(client: Client) -> None:
    me = await make_account(client.db)
    friend = await make_account(client.db, "sam1")
    await make_account(client.db, "sam2")
    await make_follow(client.db, me.id, friend.id)
    path = "/api/v1/accounts/search"
    assert await accts(client, path, me, q="sam", following="true") == ["sam1"]
    assert sorted(await accts(client, path, me, q="sam")) == ["sam1", "sam2"]


# --- followers, following -----------------------------------------------------------------------


async def test_who_hides_his_relations_shows_them_to_himself_only(client: Client) -> None:
    shy = await make_account(client.db, "shy", hide_collections=True)
    other = await make_account(client.db, "other")
    await make_follow(client.db, other.id, shy.id)
    await make_follow(client.db, shy.id, other.id)
    for tail in ("followers", "following"):
        path = f"/api/v1/accounts/{shy.id}/{tail}"
        assert await accts(client, path) == []
        assert await accts(client, path, other) == []
        assert await accts(client, path, shy) == ["other"]
        assert await accts(client, f"/api/v1/accounts/{other.id}/{tail}") == ["shy"]


async def test_the_suspended_are_not_among_followers(client: Client) -> None:
    me = await make_account(client.db)
    for columns in ({"suspended_at": NOW}, {"deletion_requested_at": NOW}):
        gone = await make_account(client.db, **columns)
        for table in ("follows", "follow_requests"):
            await insert(
                client.db, table, account_id=gone.id, target_account_id=me.id, created_at=NOW
            )
    assert await accts(client, f"/api/v1/accounts/{me.id}/followers") == []
    assert await accts(client, "/api/v1/follow_requests", me) == []
    answer = await client.get("/api/v1/accounts/verify_credentials", me)
    assert answer.json["source"]["follow_requests_count"] == 0
