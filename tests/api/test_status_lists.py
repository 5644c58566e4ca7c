"""Lists of statuses and of who acted on them: context, an account's page, favourites, bookmarks."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourite,
    make_follow,
    make_status,
)
from tests.fixtures import query_budget
from tests.helpers import Answer, Client


@pytest.fixture
async def ann(db: Database) -> Person:
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    return await make_account(db, "bob")


def ids(answer: Answer | list[Any]) -> list[int]:
    assert isinstance(answer, list) or answer.status == 200, answer
    return [int(one["id"]) for one in (answer if isinstance(answer, list) else answer.json)]


async def make_reply(db: Database, account_id: int, parent: int, **columns: Any) -> int:
    conversation, author = await db.fetch_row(  # type: ignore[misc]  # it is there
        "SELECT conversation_id, account_id FROM statuses WHERE id = $1", parent
    )
    return await make_status(
        db, account_id, in_reply_to_id=parent, in_reply_to_account_id=author,
        conversation_id=conversation, **columns,
    )  # fmt: skip


async def make_reblog(db: Database, account_id: int, original: int, **columns: Any) -> int:
    return await make_status(db, account_id, "", content="", reblog_of_id=original, **columns)


async def block(db: Database, who: Person, whom: Person) -> None:
    await insert(db, "blocks", account_id=who.id, target_account_id=whom.id, created_at=NOW)


async def mute(db: Database, who: Person, whom: Person, **columns: Any) -> None:
    await insert(
        db, "mutes", account_id=who.id, target_account_id=whom.id, created_at=NOW, **columns
    )


# --- Context ---------------------------------------------------------------------------------


async def context(client: Client, status: int, by: Person | None = None) -> tuple[list[int], ...]:
    answer = await client.get(f"/api/v1/statuses/{status}/context", by)
    return ids(answer.json["ancestors"]), ids(answer.json["descendants"])


async def test_a_thread_is_told_from_the_first_and_branch_by_branch(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    one = await make_status(db, ann.id)
    two = await make_reply(db, bob.id, one)
    three = await make_reply(db, ann.id, two)
    left = await make_reply(db, bob.id, three)
    right = await make_reply(db, bob.id, three)
    below_left = await make_reply(db, ann.id, left)
    second_below_left = await make_reply(db, bob.id, left)
    elsewhere = await make_reply(db, bob.id, one)
    branch = [left, below_left, second_below_left, right]
    assert await context(client, three) == ([one, two], branch)
    assert await context(client, one) == ([], [two, three, *branch, elsewhere])
    assert await context(client, second_below_left) == ([one, two, three, left], [])


async def test_the_context_of_a_reblog_is_the_originals(
    client: Client, ann: Person, bob: Person
) -> None:
    one = await make_status(client.db, ann.id)
    two = await make_reply(client.db, bob.id, one)
    wrapper = await make_reblog(client.db, bob.id, one)
    assert await context(client, wrapper) == ([], [two])


async def test_a_thread_shows_only_what_the_viewer_may_read(
    client: Client, ann: Person, bob: Person
) -> None:
    one = await make_status(client.db, ann.id)
    hidden = await make_reply(client.db, ann.id, one, visibility="private")
    shown = await make_reply(client.db, ann.id, hidden)
    assert await context(client, one) == ([], [shown])
    assert await context(client, shown, bob) == ([one], [])
    assert await context(client, shown, ann) == ([one, hidden], [])


@pytest.mark.parametrize("how", ["blocks", "mutes", "expired mute", "domain"])
async def test_a_thread_leaves_out_whom_the_viewer_hides(
    client: Client, ann: Person, bob: Person, how: str
) -> None:
    domain = {"domain": "far.example"} if how == "domain" else {}
    other = await make_account(client.db, "other", **domain)
    if how == "blocks":
        await block(client.db, bob, other)
    elif how == "mutes":
        await mute(client.db, bob, other)
    elif how == "expired mute":
        await mute(client.db, bob, other, expires_at=NOW - 1)
    else:
        await insert(
            client.db, "account_domain_blocks", account_id=bob.id, domain="far.example",
            created_at=NOW,
        )  # fmt: skip
    one = await make_status(client.db, ann.id)
    theirs = await make_reply(client.db, other.id, one)
    answer = await make_reply(client.db, ann.id, theirs)
    expected = [theirs, answer] if how == "expired mute" else [answer]
    assert await context(client, one, bob) == ([], expected)
    assert await context(client, one) == ([], [theirs, answer])


async def test_a_thread_takes_a_fixed_number_of_queries_and_people_signed_in_see_all(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    chain = [await make_status(db, ann.id)]
    for _ in range(70):
        chain.append(await make_reply(db, bob.id, chain[-1]))
    with query_budget(db, 11):
        assert await context(client, chain[-1], ann) == (chain[:-1], [])
    with query_budget(db, 11):
        assert await context(client, chain[0], ann) == ([], chain[1:])
    above, _ = await context(client, chain[-1])
    assert above == chain[-41:-1]
    _, below = await context(client, chain[0])
    assert below == chain[1:21]  # twenty levels


async def test_the_anonymous_see_sixty_replies(client: Client, ann: Person) -> None:
    one = await make_status(client.db, ann.id)
    for _ in range(65):
        await make_reply(client.db, ann.id, one)
    _, below = await context(client, one)
    assert len(below) == 60
    assert below == sorted(below)


# --- The statuses of an account --------------------------------------------------------------


async def listed(client: Client, whose: Person, by: Person | None = None, **params: Any) -> Answer:
    return await client.get(f"/api/v1/accounts/{whose.id}/statuses", by, params=params)


async def test_an_account_lists_what_each_viewer_may_read(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    follower, mentioned = await make_account(db), await make_account(db)
    await make_follow(db, follower.id, ann.id)
    public = await make_status(db, ann.id)
    unlisted = await make_status(db, ann.id, visibility="unlisted")
    private = await make_status(db, ann.id, visibility="private")
    direct = await make_status(db, ann.id, visibility="direct", mentions=[mentioned.id])
    reblog = await make_reblog(db, ann.id, await make_status(db, bob.id))
    for viewer, expected in (
        (None, [reblog, unlisted, public]),
        (bob, [reblog, unlisted, public]),
        (follower, [reblog, private, unlisted, public]),
        (mentioned, [reblog, direct, unlisted, public]),
        (ann, [reblog, direct, private, unlisted, public]),
    ):
        assert ids(await listed(client, ann, viewer)) == expected


async def test_a_page_is_full_of_what_may_be_read(client: Client, ann: Person) -> None:
    shown = [await make_status(client.db, ann.id) for _ in range(3)]
    for _ in range(5):
        await make_status(client.db, ann.id, visibility="private")
    assert ids(await listed(client, ann, limit=3)) == shown[::-1]


async def test_a_page_links_to_its_neighbours(client: Client, ann: Person) -> None:
    made = [await make_status(client.db, ann.id) for _ in range(5)]
    page = await listed(client, ann, limit=2, exclude_replies="true")
    assert ids(page) == [made[4], made[3]]
    assert page.links["next"] == {
        "limit": ["2"], "exclude_replies": ["true"], "max_id": [str(made[3])]
    }  # fmt: skip
    assert page.links["prev"]["min_id"] == [str(made[4])]
    assert ids(await listed(client, ann, limit=2, max_id=made[3])) == [made[2], made[1]]
    assert ids(await listed(client, ann, limit=2, min_id=made[0])) == [made[2], made[1]]
    assert ids(await listed(client, ann, limit=2, since_id=made[0])) == [made[4], made[3]]
    assert "link" not in (await listed(client, ann, max_id=made[0])).headers


async def test_replies_and_reblogs_can_be_left_out(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    plain = await make_status(db, ann.id)
    own = await make_reply(db, ann.id, plain)
    other = await make_reply(db, ann.id, await make_status(db, bob.id))
    reblog = await make_reblog(db, ann.id, await make_status(db, bob.id))
    assert ids(await listed(client, ann, exclude_replies=1)) == [reblog, own, plain]
    assert ids(await listed(client, ann, exclude_reblogs=1)) == [other, own, plain]
    assert ids(await listed(client, ann, exclude_reblogs="False")) == [reblog, other, own, plain]
    assert ids(await listed(client, ann, only_media=1)) == []


async def test_pinned_and_tagged_ones_can_be_asked_for(client: Client, ann: Person) -> None:
    sent = [
        (await client.post("/api/v1/statuses", ann, json={"status": text})).json["id"]
        for text in ("#Tea", "none", "#tea and #coffee")
    ]
    for status in (sent[2], sent[0]):
        await client.post(f"/api/v1/statuses/{status}/pin", ann)
    assert ids(await listed(client, ann, pinned="true")) == [int(sent[0]), int(sent[2])]
    assert ids(await listed(client, ann, tagged="TEA")) == [int(sent[2]), int(sent[0])]
    assert ids(await listed(client, ann, tagged="#coffee", pinned=1)) == [int(sent[2])]
    for nothing in ("milk", "12", "a b", "#"):
        assert ids(await listed(client, ann, tagged=nothing)) == []


async def test_whoever_is_blocked_sees_an_empty_page(
    client: Client, ann: Person, bob: Person
) -> None:
    await make_status(client.db, ann.id)
    await block(client.db, ann, bob)
    assert ids(await listed(client, ann, bob)) == []
    assert len(ids(await listed(client, ann))) == 1


@pytest.mark.parametrize(
    ("account", "user", "status"),
    [
        ({"suspended_at": NOW}, {}, 200), ({}, {"confirmed_at": None}, 404),
        ({}, {"approved": False}, 404),
    ],
)  # fmt: skip
async def test_accounts_that_are_not_there_list_nothing(
    client: Client, account: dict[str, Any], user: dict[str, Any], status: int
) -> None:
    other = await make_account(client.db, user=user, **account)
    await make_status(client.db, other.id)
    answer = await listed(client, other)
    expected = [] if status == 200 else {"error": "Record not found"}
    assert (answer.status, answer.json) == (status, expected)


@pytest.mark.parametrize("account", ["1", "abc", "9" * 30])
async def test_an_unknown_account_is_not_found(client: Client, account: str) -> None:
    answer = await client.get(f"/api/v1/accounts/{account}/statuses")
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})


@pytest.mark.parametrize("limit", ["-2", "2abc", "0", "x", "1000000", "", "9" * 50])
@pytest.mark.parametrize("cursor", ["max_id", "min_id", "since_id"])
async def test_odd_pages_are_answered(client: Client, ann: Person, limit: str, cursor: str) -> None:
    await make_status(client.db, ann.id)
    answer = await listed(client, ann, limit=limit, **{cursor: limit})
    assert answer.status == 200


async def test_a_page_takes_a_fixed_number_of_queries(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    for n in range(40):
        status = await make_status(db, ann.id, mentions=[bob.id])
        if n % 4 == 0:
            await make_reblog(db, ann.id, await make_status(db, bob.id))
        await make_favourite(db, bob.id, status)
    # token, relation, page, and at most nine of the load (versions first, then what is not known)
    with query_budget(db, 12):
        assert len(ids(await listed(client, ann, bob, limit=40))) == 40


# --- Favourites and bookmarks ----------------------------------------------------------------


@pytest.mark.parametrize("noun", ["favourites", "bookmarks"])
async def test_ones_own_are_listed_by_when_they_were_made(
    client: Client, ann: Person, bob: Person, noun: str
) -> None:
    made = [await make_status(client.db, ann.id) for _ in range(5)]
    order = [made[n] for n in (2, 0, 4, 1, 3)]
    for status in order:
        await client.post(f"/api/v1/statuses/{status}/{noun.removesuffix('s')}", bob)
    path, seen, params = f"/api/v1/{noun}", [], {"limit": "2"}
    while True:
        page = await client.get(path, bob, params=params)
        seen += ids(page)
        if "next" not in page.links:
            break
        params = {name: values[0] for name, values in page.links["next"].items()}
        assert int(params["max_id"]) < 1000  # ids of rows, not of statuses
    assert seen == order[::-1]
    first = await client.get(path, bob, params={"limit": "2"})
    newer = first.links["prev"]["min_id"][0]
    assert ids(await client.get(path, bob, params={"min_id": newer})) == []
    assert ids(await client.get(path, ann)) == []


@pytest.mark.parametrize("noun", ["favourites", "bookmarks"])
async def test_what_cannot_be_read_any_more_is_left_out_and_pages_go_on(
    client: Client, ann: Person, bob: Person, noun: str
) -> None:
    made = [await make_status(client.db, ann.id) for _ in range(3)]
    for status in made:
        await client.post(f"/api/v1/statuses/{status}/{noun.removesuffix('s')}", bob)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE statuses SET visibility = 'private' WHERE id = ANY($1)", made[1:])
    page = await client.get(f"/api/v1/{noun}", bob, params={"limit": "2"})
    assert ids(page) == []
    max_id = page.links["next"]["max_id"][0]
    rest = await client.get(f"/api/v1/{noun}", bob, params={"limit": "2", "max_id": max_id})
    assert ids(rest) == made[:1]


@pytest.mark.parametrize(
    ("noun", "scopes", "status"),
    [
        ("favourites", "read:favourites", 200), ("favourites", "read:bookmarks", 403),
        ("bookmarks", "read:bookmarks", 200), ("bookmarks", "read:statuses", 403),
        ("bookmarks", None, 401),
    ],
)  # fmt: skip
async def test_lists_of_ones_own_need_their_scope(
    client: Client, noun: str, scopes: str | None, status: int
) -> None:
    by = await make_account(client.db, token=scopes) if scopes else None
    assert (await client.get(f"/api/v1/{noun}", by)).status == status


# --- Who acted on it -------------------------------------------------------------------------


@pytest.mark.parametrize("noun", ["favourited_by", "reblogged_by"])
async def test_who_acted_is_listed_for_each_viewer(
    client: Client, ann: Person, bob: Person, noun: str
) -> None:
    db = client.db
    status = await make_status(db, ann.id)
    names = ["plain", "suspended", "leaving", "blocked", "blocking", "muted", "unmuted"]
    people = {name: await make_account(db, name) for name in names}
    for person in people.values():
        if noun == "favourited_by":
            await make_favourite(db, person.id, status)
        else:
            await make_reblog(db, person.id, status)
    if noun == "reblogged_by":
        shy = await make_account(db, "shy")
        await make_reblog(db, shy.id, status, visibility="private")
    async with db.transaction() as tx:
        for name, column in (("suspended", "suspended_at"), ("leaving", "deletion_requested_at")):
            await tx.run(f"UPDATE accounts SET {column} = 1 WHERE id = $1", people[name].id)
    await block(db, bob, people["blocked"])
    await block(db, people["blocking"], bob)
    await mute(db, bob, people["muted"])
    await mute(db, bob, people["unmuted"], expires_at=NOW)
    path = f"/api/v1/statuses/{status}/{noun}"
    everyone = ["unmuted", "muted", "blocking", "blocked", "plain"]
    assert [one["acct"] for one in (await client.get(path)).json] == everyone
    assert [one["acct"] for one in (await client.get(path, bob)).json] == ["unmuted", "plain"]


@pytest.mark.parametrize("noun", ["favourited_by", "reblogged_by"])
async def test_who_acted_is_paged_by_the_ids_of_the_rows(
    client: Client, ann: Person, noun: str
) -> None:
    db = client.db
    status = await make_status(db, ann.id)
    people = [await make_account(db, token=None) for _ in range(5)]
    for person in people:
        if noun == "favourited_by":
            await make_favourite(db, person.id, status)
        else:
            await make_reblog(db, person.id, status)
    path, seen, params = f"/api/v1/statuses/{status}/{noun}", [], {"limit": "2"}
    while True:
        with query_budget(db, 4):  # readable, page, versions of the accounts, new ones
            page = await client.get(path, params=params)
        seen += ids(page)
        if "next" not in page.links:
            break
        assert "since_id" in page.links["prev"]
        params = {name: values[0] for name, values in page.links["next"].items()}
    assert seen == [person.id for person in reversed(people)]


async def test_who_acted_through_a_reblog_acted_on_the_original(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await make_status(client.db, ann.id)
    wrapper = await make_reblog(client.db, bob.id, status)
    await make_favourite(client.db, bob.id, status)
    for noun in ("favourited_by", "reblogged_by"):
        assert ids(await client.get(f"/api/v1/statuses/{wrapper}/{noun}")) == [bob.id]
