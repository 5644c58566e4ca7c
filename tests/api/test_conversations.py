"""Conversations: listed, marked, removed; and what happens when messages and people go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.store import conversations
from stentor.store.database import Database
from tests.factories import Person, make_account, make_status, make_token
from tests.helpers import Client

PATH = "/api/v1/conversations"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose conversations they are."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """With whom."""
    return await make_account(db, "bob")


async def said(
    db: Database, author: Person, *others: Person, conversation_id: int | None = None
) -> int:
    """A direct message in everybody's conversations; its id."""
    status_id = await make_status(
        db,
        author.id,
        visibility="direct",
        mentions=[one.id for one in others],
        conversation_id=conversation_id,
    )
    thread = await thread_of(db, status_id)
    everybody = (author, *others)
    async with db.transaction() as tx:
        for one in everybody:
            await conversations.add_direct(
                tx,
                account_id=one.id,
                conversation_id=thread,
                participants=[other.id for other in everybody],
                status_id=status_id,
                unread=one is not author,
            )
    return status_id


async def thread_of(db: Database, status_id: int) -> int:
    """The conversation that a status belongs to."""
    thread: int = await db.fetch_value(
        "SELECT conversation_id FROM statuses WHERE id = $1", status_id
    )
    return thread


async def test_a_conversation_shows_the_others_and_the_last_message(
    client: Client, ann: Person, bob: Person
) -> None:
    eve = await make_account(client.db, "eve")
    status_id = await said(client.db, bob, ann, eve)
    [one] = (await client.get(PATH, ann)).json
    assert {account["username"] for account in one["accounts"]} == {"bob", "eve"}
    assert (one["unread"], one["last_status"]["id"]) == (True, str(status_id))
    [theirs] = (await client.get(PATH, bob)).json
    assert theirs["unread"] is False
    assert theirs["id"] != one["id"]


async def test_the_same_people_in_the_same_thread_are_one_conversation(
    client: Client, ann: Person, bob: Person
) -> None:
    first = await said(client.db, bob, ann)
    thread = await thread_of(client.db, first)
    second = await said(client.db, ann, bob, conversation_id=thread)
    eve = await make_account(client.db, "eve")
    third = await said(client.db, ann, bob, eve, conversation_id=thread)
    shown = (await client.get(PATH, ann)).json
    assert [one["last_status"]["id"] for one in shown] == [str(third), str(second)]


async def test_talking_to_oneself_shows_oneself(client: Client, ann: Person) -> None:
    await said(client.db, ann)
    [one] = (await client.get(PATH, ann)).json
    assert [account["username"] for account in one["accounts"]] == ["ann"]


async def test_whoever_is_gone_leaves_nobody_out_of_sight(
    client: Client, ann: Person, bob: Person
) -> None:
    await said(client.db, ann, bob)
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM accounts WHERE id = $1", bob.id)
    [one] = (await client.get(PATH, ann)).json
    assert [account["username"] for account in one["accounts"]] == ["ann"]
    await said(client.db, await make_account(client.db, "cid"), ann)
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM accounts WHERE username = 'cid'")
    assert len((await client.get(PATH, ann)).json) == 1


async def test_reading_and_unreading(client: Client, ann: Person, bob: Person) -> None:
    await said(client.db, bob, ann)
    [one] = (await client.get(PATH, ann)).json
    for verb, unread in (("read", False), ("read", False), ("unread", True)):
        answer = await client.post(f"{PATH}/{one['id']}/{verb}", ann)
        assert answer.json == {**one, "unread": unread}
        assert (await client.get(PATH, ann)).json == [{**one, "unread": unread}]


async def test_a_removed_conversation_comes_back_with_the_next_message(
    client: Client, ann: Person, bob: Person
) -> None:
    first = await said(client.db, bob, ann)
    [one] = (await client.get(PATH, ann)).json
    answer = await client.delete(f"{PATH}/{one['id']}", ann)
    assert (answer.status, answer.json) == (200, {})
    assert (await client.get(PATH, ann)).json == []
    assert len((await client.get(PATH, bob)).json) == 1
    assert (await client.get(f"/api/v1/statuses/{first}", ann)).status == 200
    await said(client.db, bob, ann, conversation_id=await thread_of(client.db, first))
    assert len((await client.get(PATH, ann)).json) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "{id}"), ("POST", "{id}/read"), ("POST", "{id}/unread")]
)
@pytest.mark.parametrize("which", ["foreign", "999999", "x", str(2**63)])
async def test_anothers_conversation_and_none_are_the_same(
    client: Client, ann: Person, bob: Person, method: str, path: str, which: str
) -> None:
    await said(client.db, bob, ann)
    [theirs] = (await client.get(PATH, bob)).json
    row_id = theirs["id"] if which == "foreign" else which
    answer = await client.request(method, f"{PATH}/{path.format(id=row_id)}", ann)
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})
    assert (await client.get(PATH, bob)).json == [theirs]


async def test_a_deleted_message_gives_way_to_the_one_before(
    client: Client, ann: Person, bob: Person
) -> None:
    first = await said(client.db, bob, ann)
    thread = await thread_of(client.db, first)
    eve = await make_account(client.db, "eve")
    await said(client.db, bob, ann, eve, conversation_id=thread)
    last = await said(client.db, ann, bob, conversation_id=thread)
    await make_status(client.db, bob.id, conversation_id=thread)
    for status_id, left in ((last, first), (first, None)):
        async with client.db.transaction() as tx:
            await conversations.forget_status(tx, status_id, thread)
            await tx.run("DELETE FROM statuses WHERE id = $1", status_id)
        for person in (ann, bob):
            shown = [
                int(one["last_status"]["id"])
                for one in (await client.get(PATH, person)).json
                if len(one["accounts"]) == 1
            ]
            assert shown == ([left] if left else [])


async def test_blocking_somebody_removes_what_he_takes_part_in(
    client: Client, ann: Person, bob: Person
) -> None:
    eve = await make_account(client.db, "eve")
    await said(client.db, bob, ann)
    await said(client.db, bob, ann, eve)
    kept = await said(client.db, eve, ann)
    await client.post(f"/api/v1/accounts/{bob.id}/block", ann)
    shown = (await client.get(PATH, ann)).json
    assert [one["last_status"]["id"] for one in shown] == [str(kept)]
    assert len((await client.get(PATH, bob)).json) == 2


async def test_a_direct_status_is_in_its_authors_conversations(
    client: Client, ann: Person, bob: Person
) -> None:
    sent = await client.post(
        "/api/v1/statuses", ann, json={"status": "@bob psst", "visibility": "direct"}
    )
    [one] = (await client.get(PATH, ann)).json
    assert (one["last_status"]["id"], one["unread"]) == (sent.json["id"], False)
    assert [account["username"] for account in one["accounts"]] == ["bob"]
    await client.delete(f"/api/v1/statuses/{sent.json['id']}", ann)
    assert (await client.get(PATH, ann)).json == []


async def test_scopes(client: Client, ann: Person) -> None:
    assert (await client.get(PATH)).status == 401
    reading = await make_token(client.db, ann.id, "read:statuses")
    assert (await client.get(PATH, reading)).json == []
    assert (await client.post(f"{PATH}/1/read", reading)).status == 403
    writing = await make_token(client.db, ann.id, "write:conversations")
    assert (await client.post(f"{PATH}/1/read", writing)).status == 404


IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(st.sets(IDS, max_size=5), IDS)
def test_participants_are_packed_in_one_way(others: set[int], owner: int) -> None:
    packed = conversations.pack(others, owner)
    assert conversations.unpack(packed) == (sorted(others - {owner}) or [owner])
    assert packed == conversations.pack([*sorted(others, reverse=True), owner], owner)
