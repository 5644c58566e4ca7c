"""Collections as clients make them, and what those who are put into them are told."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.domain import limits
from tests.factories import Person, make_account
from tests.helpers import Client

PATH = "/api/v1/collections"
FORBIDDEN = (403, {"error": "This action is not allowed"})
MISSING = (404, {"error": "Record not found"})


@pytest.fixture
async def owner(client: Client) -> Person:
    """Whose collection it is."""
    return await make_account(client.db, "owner")


@pytest.fixture
async def ann(client: Client) -> Person:
    """Who wants to be found."""
    return await make_account(client.db, "ann", discoverable=True)


async def make(client: Client, owner: Person, *members: Person, **words: Any) -> Any:
    """A collection as its maker sees it."""
    sent = {"name": "Nice people", "account_ids": [str(one.id) for one in members], **words}
    answer = await client.post(PATH, owner, json=sent)
    assert answer.status == 200, answer
    return answer.json["collection"]


async def told(client: Client, person: Person) -> list[tuple[str, str, str]]:
    """Type, sender and collection of everything that somebody was told, newest first."""
    found = (await client.get("/api/v1/notifications", person)).json
    return [(one["type"], one["account"]["id"], one["collection"]["name"]) for one in found]


def members(shown: Any) -> list[str]:
    """The accounts in a collection, in their order."""
    return [item["account_id"] for item in shown["items"]]


async def test_who_is_put_into_a_new_collection_is_told(
    client: Client, owner: Person, ann: Person
) -> None:
    made = await make(
        client, owner, ann, description="Worth it", tag_name="#People", language="en",
        sensitive=True, discoverable=True,
    )  # fmt: skip
    said = {name: made[name] for name in ("name", "description", "language", "item_count")}
    assert said == {
        "name": "Nice people", "description": "Worth it", "language": "en", "item_count": 1,
    }  # fmt: skip
    assert (made["sensitive"], made["discoverable"], made["tag"]["name"]) == (True, True, "People")
    assert members(made) == [str(ann.id)]
    assert await told(client, ann) == [("added_to_collection", str(owner.id), "Nice people")]
    assert await told(client, owner) == []


async def test_members_are_told_of_other_words_and_the_newest_only(
    client: Client, owner: Person, ann: Person
) -> None:
    made = await make(client, owner, ann)
    for name in ("Good people", "Best people"):
        answer = await client.patch(f"{PATH}/{made['id']}", owner, json={"name": name})
        assert answer.json["collection"]["name"] == name
    assert [one[0] for one in await told(client, ann)] == [
        "collection_update", "added_to_collection",
    ]  # fmt: skip
    changed = (await client.patch(f"{PATH}/{made['id']}", owner, form={"sensitive": "1"})).json
    assert (changed["collection"]["name"], changed["collection"]["sensitive"]) == (name, True)


async def test_a_collection_is_shown_with_everybody_in_it(
    client: Client, owner: Person, ann: Person
) -> None:
    bob = await make_account(client.db, "bob", discoverable=True)
    made = await make(client, owner, ann, bob)
    for by in (None, owner, bob):
        shown = (await client.get(f"{PATH}/{made['id']}", by)).json
        assert shown["collection"] == made
        assert [one["id"] for one in shown["accounts"]] == [
            str(owner.id), str(ann.id), str(bob.id),
        ]  # fmt: skip


@pytest.mark.parametrize("which", ["viewer blocks", "member blocks", "suspended"])
async def test_who_is_hidden_from_the_viewer_is_not_shown_to_him(
    client: Client, owner: Person, ann: Person, which: str
) -> None:
    bob = await make_account(client.db, "bob", discoverable=True)
    eve = await make_account(client.db, "eve")
    made = await make(client, owner, ann, bob)
    if which == "suspended":
        async with client.db.transaction() as tx:
            await tx.run("UPDATE accounts SET suspended_at = 1 WHERE id = $1", ann.id)
    else:
        by, whom = (eve, ann) if which == "viewer blocks" else (ann, eve)
        await client.post(f"/api/v1/accounts/{whom.id}/block", by)
    shown = (await client.get(f"{PATH}/{made['id']}", eve)).json
    assert members(shown["collection"]) == [str(bob.id)]
    assert shown["collection"]["item_count"] == 1
    assert [one["id"] for one in shown["accounts"]] == [str(owner.id), str(bob.id)]


async def test_the_owner_adds_and_removes(client: Client, owner: Person, ann: Person) -> None:
    made = await make(client, owner)
    path = f"{PATH}/{made['id']}/items"
    sent = {"account_id": str(ann.id)}
    item = (await client.post(path, owner, json=sent)).json["collection_item"]
    assert (item["account_id"], item["state"]) == (str(ann.id), "accepted")
    again = await client.post(path, owner, json=sent)
    assert again.json["collection_item"] == item
    assert len(await told(client, ann)) == 1
    assert (await client.delete(f"{path}/{item['id']}", owner)).json == {}
    assert await told(client, ann) == []
    gone = await client.delete(f"{path}/{item['id']}", owner)
    assert (gone.status, gone.json) == MISSING


async def test_who_takes_himself_out_cannot_be_put_in_again(
    client: Client, owner: Person, ann: Person
) -> None:
    made = await make(client, owner, ann)
    path = f"{PATH}/{made['id']}/items"
    item = made["items"][0]["id"]
    refused = await client.post(f"{path}/{item}/revoke", owner)
    assert (refused.status, refused.json) == FORBIDDEN
    assert (await client.post(f"{path}/{item}/revoke", ann)).json == {}
    assert await told(client, ann) == []
    assert members((await client.get(f"{PATH}/{made['id']}", owner)).json["collection"]) == []
    assert (await client.delete(f"{path}/{item}", owner)).status == 404
    again = await client.post(path, owner, json={"account_id": str(ann.id)})
    assert again.status == 422
    await client.patch(f"{PATH}/{made['id']}", owner, json={"name": "Other"})
    assert await told(client, ann) == []


async def test_nobody_is_added_who_did_not_agree(client: Client, owner: Person) -> None:
    made = await make(client, owner)
    path = f"{PATH}/{made['id']}/items"
    shy = await make_account(client.db, "shy")
    far = await make_account(client.db, "far", domain="far.example", discoverable=True)
    for one in (str(shy.id), str(far.id), "4711", "x"):
        answer = await client.post(path, owner, json={"account_id": one})
        assert answer.status == 422, one
    refused = await client.post(PATH, owner, json={"name": "x", "account_ids": [str(shy.id)]})
    assert refused.status == 422
    blank = await client.post(path, owner)
    assert (blank.status, blank.json) == (422, {"error": "`account_id` parameter is missing"})
    assert await told(client, shy) == []
    approval = (await client.get(f"/api/v1/accounts/{shy.id}", owner)).json["feature_approval"]
    assert approval == {"automatic": [], "manual": [], "current_user": "denied"}


async def test_who_can_be_found_can_be_added_and_says_so(
    client: Client, owner: Person, ann: Person
) -> None:
    approval = (await client.get(f"/api/v1/accounts/{ann.id}", owner)).json["feature_approval"]
    assert approval == {"automatic": ["public"], "manual": [], "current_user": "automatic"}
    made = await make(client, owner, ann, owner)
    assert members(made) == [str(ann.id), str(owner.id)]
    assert await told(client, owner) == []


async def test_only_the_owner_changes_a_collection(
    client: Client, owner: Person, ann: Person
) -> None:
    made = await make(client, owner, ann)
    path, item = f"{PATH}/{made['id']}", made["items"][0]["id"]
    for method, where in (
        ("PATCH", path), ("DELETE", path), ("POST", f"{path}/items"),
        ("DELETE", f"{path}/items/{item}"),
    ):  # fmt: skip
        sent = {"name": "Mine", "account_id": str(ann.id)}
        answer = await client.request(method, where, ann, json=sent)
        assert (answer.status, answer.json) == FORBIDDEN, method
        other = where.replace(made["id"], "1")
        answer = await client.request(method, other, ann, json=sent)
        assert (answer.status, answer.json) == MISSING, method
    assert (await client.get(path)).json["collection"] == made
    assert (await client.delete(path, owner)).json == {}
    assert (await client.get(path)).status == 404
    assert await told(client, ann) == []


@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ({"name": " "}, "name", "ERR_BLANK"),
        ({"name": "x" * 41}, "name", "ERR_TOO_LONG"),
        ({"description": "x" * 101}, "description", "ERR_TOO_LONG"),
        ({"tag_name": "two words"}, "tag", "ERR_INVALID"),
        ({"language": "xx"}, "language", "ERR_INVALID"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_field(
    client: Client, owner: Person, words: dict[str, str], field: str, code: str
) -> None:
    answer = await client.post(PATH, owner, json={"name": "Good", **words})
    assert answer.status == 422
    assert answer.json["error"].startswith("Validation failed: ")
    assert [one["error"] for one in answer.json["details"][field]] == [code]
    assert (await client.get(f"/api/v1/accounts/{owner.id}/collections")).json == {
        "collections": []
    }


async def test_a_collection_and_their_number_are_bounded(client: Client, owner: Person) -> None:
    people = [
        await make_account(client.db, discoverable=True, token=None)
        for _ in range(limits.COLLECTION_ITEMS + 1)
    ]
    made = await make(client, owner, *people[:-1])
    last = {"account_id": str(people[-1].id)}
    assert (await client.post(f"{PATH}/{made['id']}/items", owner, json=last)).status == 422
    for _ in range(limits.COLLECTIONS - 1):
        await make(client, owner)
    assert (await client.post(PATH, owner, json={"name": "One more"})).status == 422


async def test_collections_are_listed_by_offset_the_newest_first(
    client: Client, owner: Person, ann: Person
) -> None:
    made = [await make(client, owner, ann, name=f"n{n}", discoverable=n > 0) for n in range(3)]
    path = f"/api/v1/accounts/{owner.id}/collections"
    answer = await client.get(path, params="limit=2")
    assert [one["id"] for one in answer.json["collections"]] == [made[2]["id"], made[1]["id"]]
    assert answer.links["next"] == {"limit": ["2"], "offset": ["2"]}
    rest = await client.get(path, params="limit=2&offset=2")
    assert [one["id"] for one in rest.json["collections"]] == [made[0]["id"]]
    assert list(rest.links) == ["prev"]
    assert rest.links["prev"] == {"limit": ["2"], "offset": ["0"]}
    # What is not listed is shown to whom it concerns only.
    path = f"/api/v1/accounts/{ann.id}/in_collections"
    for by, expected in ((None, 2), (owner, 3), (ann, 3)):
        assert len((await client.get(path, by)).json["collections"]) == expected


async def test_who_is_suspended_or_blocks_the_viewer_shows_no_collections(
    client: Client, owner: Person, ann: Person
) -> None:
    made = await make(client, owner, ann, discoverable=True)
    await client.post(f"/api/v1/accounts/{ann.id}/block", owner)
    paths = (f"{PATH}/{made['id']}", f"/api/v1/accounts/{owner.id}/collections")
    for path in paths:
        assert (await client.get(path, ann)).status == 404
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = 1 WHERE id = $1", owner.id)
    for path in paths:
        assert (await client.get(path)).status == 404
    listed = await client.get(f"/api/v1/accounts/{ann.id}/in_collections")
    assert listed.json == {"collections": []}


async def test_policies_ask_who_is_followed_before_telling_of_a_collection(
    client: Client, owner: Person, ann: Person
) -> None:
    await client.patch("/api/v2/notifications/policy", ann, json={"for_not_following": "filter"})
    made = await make(client, owner, ann)
    assert await told(client, ann) == []
    await client.patch(f"{PATH}/{made['id']}", owner, json={"name": "Other"})
    # Of changes no policy keeps anybody: he is in it.
    assert [one[0] for one in await told(client, ann)] == ["collection_update"]
