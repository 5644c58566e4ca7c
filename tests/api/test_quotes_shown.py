"""What is shown of a quoted status, to whom: never more than he may read (reliability.md T07)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from stentor.domain.notifications import Event, NotificationType
from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_follow,
    make_status,
    snowflake,
    tell,
)
from tests.fixtures import RecordingBus
from tests.helpers import Client, Clock

SECRET = "the-secret-words"
STATES = ("accepted", "pending", "rejected", "revoked", "deleted")
RELATIONS = (
    "author", "quoting", "stranger", "follower", "mentioned", "blocked", "blocking", "muting",
    "muting no more", "blocking the domain",
)  # fmt: skip
TYPES = ("mention", "quote", "quoted_update", "favourite", "reblog", "status", "update", "poll")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who quotes."""
    return await make_account(db, "bob")


async def make_quote(
    db: Database,
    by: Person,
    quoted: int | None,
    author: Person,
    *,
    state: str = "accepted",
    **columns: Any,
) -> int:
    """A status that quotes another, straight into the tables."""
    status = await make_status(db, by.id, "what a thing", has_quote=True, **columns)
    await insert(
        db, "quotes", status_id=status, account_id=by.id, quoted_status_id=quoted,
        quoted_account_id=author.id, state=state, created_at=NOW,
    )  # fmt: skip
    return status


async def viewer(db: Database, relation: str, author: Person, bob: Person) -> Person:
    """Somebody who is that to the quoted author."""
    if relation in ("author", "quoting"):
        return author if relation == "author" else bob
    person = await make_account(db)
    pair = {"account_id": person.id, "target_account_id": author.id, "created_at": NOW}
    if relation == "follower":
        await make_follow(db, person.id, author.id)
    elif relation == "blocked":
        await make_follow(db, person.id, author.id)
        pair = {"account_id": author.id, "target_account_id": person.id, "created_at": NOW}
        await insert(db, "blocks", **pair)
    elif relation == "blocking":
        await insert(db, "blocks", **pair)
    elif relation == "muting":
        await insert(db, "mutes", **pair, expires_at=NOW + 1)
    elif relation == "muting no more":
        await insert(db, "mutes", **pair, expires_at=NOW)
    elif relation == "blocking the domain":
        await insert(
            db, "account_domain_blocks", account_id=person.id, domain="far.example", created_at=NOW
        )
    return person


def expected(state: str, relation: str, visibility: str) -> tuple[str, bool]:
    """The state that is shown, and whether the words are: the rule in other words."""
    if state != "accepted":
        return state, False
    may_read = {
        "public": True,
        "private": relation in ("author", "follower", "mentioned"),
        "direct": relation in ("author", "mentioned"),
    }[visibility]
    if relation == "blocked" or not may_read:
        return "unauthorized", False
    special = {
        "blocking": "blocked_account", "muting": "muted_account",
        "blocking the domain": "blocked_domain",
    }  # fmt: skip
    return special.get(relation, "accepted"), True


@pytest.mark.parametrize("visibility", ["public", "private", "direct"])
@pytest.mark.parametrize("state", STATES)
async def test_no_notification_shows_what_its_owner_may_not_read(
    client: Client, bob: Person, bus: RecordingBus, state: str, visibility: str
) -> None:
    db = client.db
    for relation in RELATIONS:
        far = {"domain": "far.example"} if relation == "blocking the domain" else {}
        author = await make_account(db, **far)
        person = await viewer(db, relation, author, bob)
        named = [person.id] if relation == "mentioned" else []
        quoted = await make_status(db, author.id, SECRET, visibility=visibility, mentions=named)
        gone = state == "deleted"
        status = await make_quote(
            db, bob, None if gone else quoted, author, state="accepted" if gone else state
        )
        async with db.transaction() as tx:
            await tx.run("DELETE FROM notifications WHERE account_id = $1", person.id)
        sender = await make_account(db, token=None)
        for type_ in map(NotificationType, TYPES):
            event = Event(type_, snowflake(), sender.id, (person.id,), NOW, status)
            await tell(db, bus, event)
        shown, visible = expected(state, relation, visibility)
        if not person.token:
            continue
        flat = await client.get("/api/v1/notifications", person)
        grouped = await client.get("/api/v2/notifications", person)
        single = await client.get(f"/api/v1/notifications/{flat.json[0]['id']}", person)
        plain = await client.get(f"/api/v1/statuses/{status}", person)
        assert {one["type"] for one in flat.json} == set(TYPES)
        for answer in (flat, grouped, single, plain):
            assert (SECRET in answer.text) is visible, (relation, answer)
            assert (str(quoted) in answer.text) is visible, relation
        for entity in [*(one["status"] for one in flat.json), plain.json]:
            assert entity["quote"]["state"] == shown, relation
            assert (entity["quote"]["quoted_status"] is not None) is visible
            assert entity["content"].startswith('<p class="quote-inline">RE: ') is visible


async def test_nobody_in_particular_sees_public_quotes_only(client: Client, bob: Person) -> None:
    db = client.db
    author = await make_account(db)
    for visibility, state in itertools.product(("public", "unlisted", "private"), STATES[:4]):
        quoted = await make_status(db, author.id, SECRET, visibility=visibility)
        status = await make_quote(db, bob, quoted, author, state=state)
        answer = await client.get(f"/api/v1/statuses/{status}")
        visible = state == "accepted" and visibility != "private"
        assert (SECRET in answer.text) is visible
        assert "favourited" not in answer.text


async def test_whatever_a_suspended_account_wrote_is_not_quoted(
    client: Client, bob: Person
) -> None:
    author = await make_account(client.db)
    quoted = await make_status(client.db, author.id, SECRET)
    status = await make_quote(client.db, bob, quoted, author)
    path = f"/api/v1/statuses/{status}"
    assert SECRET in (await client.get(path, bob)).text
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, author.id)
    answer = await client.get(path, bob)
    assert SECRET not in answer.text
    assert answer.json["quote"] == {"state": "unauthorized", "quoted_status": None}


async def test_a_mute_ends_by_itself(client: Client, bob: Person, clock: Clock) -> None:
    author = await make_account(client.db)
    person = await viewer(client.db, "muting", author, bob)
    quoted = await make_status(client.db, author.id)
    path = f"/api/v1/statuses/{await make_quote(client.db, bob, quoted, author)}"
    assert (await client.get(path, person)).json["quote"]["state"] == "muted_account"
    clock.advance(milliseconds=1)
    assert (await client.get(path, person)).json["quote"]["state"] == "accepted"


@pytest.mark.parametrize("state", STATES[:4])
@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_a_quoted_quote_is_shallow(
    client: Client, bob: Person, state: str, visibility: str
) -> None:
    db = client.db
    author, eve = await make_account(db), await make_account(db)
    quoted = await make_status(db, author.id, SECRET, visibility=visibility)
    inner = await make_quote(db, bob, quoted, author, state=state)
    outer = await make_quote(db, eve, inner, bob)
    outermost = await make_quote(db, bob, outer, eve)
    reblog = (await client.post(f"/api/v1/statuses/{outer}/reblog", bob)).json
    for answer in (
        await client.get(f"/api/v1/statuses/{outer}", eve),
        await client.get(f"/api/v1/statuses/{outermost}", eve),
    ):
        assert SECRET not in answer.text
    deep = (await client.get(f"/api/v1/statuses/{outer}", eve)).json["quote"]["quoted_status"]
    visible = state == "accepted" and visibility == "public"
    shown = "unauthorized" if state == "accepted" and not visible else state
    expected_quote = {"state": shown, "quoted_status_id": str(quoted) if visible else None}
    assert (deep["id"], deep["quote"]) == (str(inner), expected_quote)
    assert reblog["quote"] is None
    assert reblog["reblog"]["quote"]["quoted_status"]["quote"]["state"] == shown
    deepest = (await client.get(f"/api/v1/statuses/{outermost}", eve)).json["quote"]
    assert deepest["quoted_status"]["quote"] == {
        "state": "accepted", "quoted_status_id": str(inner),
    }  # fmt: skip


async def test_a_page_shows_each_quote_in_full_once_though_they_quote_each_other(
    client: Client, bob: Person
) -> None:
    db = client.db
    author = await make_account(db)
    chain = [await make_status(db, author.id, SECRET)]
    for at in range(4):
        by = bob if at % 2 == 0 else author
        chain.append(await make_quote(db, by, chain[-1], author))
    answer = await client.get("/api/v1/statuses", bob, params={"id[]": chain})
    for one, below in zip(answer.json[1:], chain, strict=False):
        assert one["quote"]["quoted_status"]["id"] == str(below)
    assert answer.json[2]["quote"]["quoted_status"]["quote"] == {
        "state": "accepted", "quoted_status_id": str(chain[0]),
    }  # fmt: skip


async def test_what_is_quoted_carries_the_viewers_own_marks(client: Client, bob: Person) -> None:
    author = await make_account(client.db)
    quoted = await make_status(client.db, author.id)
    status = await make_quote(client.db, bob, quoted, author)
    await client.post(f"/api/v1/statuses/{quoted}/favourite", bob)
    for person, marked in ((bob, True), (author, False)):
        shown = (await client.get(f"/api/v1/statuses/{status}", person)).json
        assert shown["quote"]["quoted_status"]["favourited"] is marked
        assert shown["favourited"] is False


@pytest.mark.parametrize("policy", ["public", "followers", "nobody"])
@pytest.mark.parametrize("relation", ["anonymous", "author", "stranger", "follower"])
async def test_clients_are_told_whether_they_may_quote(
    client: Client, bob: Person, policy: str, relation: str
) -> None:
    author = await make_account(client.db)
    status = await make_status(client.db, author.id, quote_policy=policy)
    person = None
    if relation != "anonymous":
        person = await viewer(client.db, relation, author, bob)
    shown = (await client.get(f"/api/v1/statuses/{status}", person)).json["quote_approval"]
    if person is None:
        assert shown["current_user"] == "unknown"
        return
    body = {"status": "x", "quoted_status_id": str(status)}
    answer = await client.post("/api/v1/statuses", person, json=body)
    assert shown["current_user"] == ("automatic" if answer.status == 200 else "denied")
