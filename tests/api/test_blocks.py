"""Block, mute, domain block: what they take away, and that nothing comes back."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import mutes
from stentor.store.database import Database
from tests import invariants
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
)
from tests.helpers import Client, Clock


async def inbox(db: Database, person: Person) -> list[tuple[str, int]]:
    rows = await db.fetch(
        "SELECT type, from_account_id FROM notifications WHERE account_id = $1 ORDER BY id",
        person.id,
    )
    return [(row[0], row[1]) for row in rows]


@pytest.fixture
async def trio(client: Client) -> tuple[Person, Person, Person]:
    """Me, somebody who has mentioned and favourited me, a bystander who has favourited me."""
    db, bus = client.db, client.services.bus
    me, you, bystander = [await make_account(db, name) for name in ("me", "you", "by")]
    mine = await make_status(db, me.id)
    yours = await make_status(db, you.id)
    await make_mentioned(db, bus, you, me)
    await make_favourited(db, bus, you, me, mine)
    await make_favourited(db, bus, bystander, me, mine)
    await make_favourited(db, bus, me, you, yours)
    for columns in ({"account_id": me.id, "from_account_id": you.id},):
        await insert(db, "notification_permissions", created_at=NOW, **columns)
    return me, you, bystander


@pytest.mark.parametrize(
    ("action", "form", "cleared", "permitted"),
    [
        ("block", {}, True, False),
        ("mute", {}, True, True),
        ("mute", {"notifications": "true"}, True, True),
        ("mute", {"notifications": "0"}, False, True),
    ],
)
async def test_what_came_from_somebody_goes_with_a_block_or_a_whole_mute(
    client: Client, trio: Any, action: str, form: Any, cleared: bool, permitted: bool
) -> None:
    me, you, bystander = trio
    before = await inbox(client.db, me)
    answer = await client.post(f"/api/v1/accounts/{you.id}/{action}", me, form=form)
    assert answer.status == 200
    rest = [one for one in before if one[1] != you.id]
    assert rest == [("favourite", bystander.id)]
    assert await inbox(client.db, me) == (rest if cleared else before)
    # What the other one has from me stays.
    assert await inbox(client.db, you) == [("favourite", me.id)]
    permissions = await client.db.fetch_value("SELECT count(*) FROM notification_permissions")
    assert bool(permissions) is permitted
    await invariants.check(client.db)
    await client.post(f"/api/v1/accounts/{you.id}/un{action}", me)
    assert await inbox(client.db, me) == (rest if cleared else before)


async def test_a_mute_changes_when_it_is_said_again(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    for form, notifications, until in (
        ({}, True, None),
        ({"duration": 60}, True, "2026-06-01T12:01:00Z"),
        ({"duration": 0, "notifications": False}, False, None),
        ({"duration": "90.7"}, True, "2026-06-01T12:01:30Z"),
        ({"duration": "x"}, True, None),
        ({"duration": -5}, True, None),
        ({"duration": "9" * 30}, True, "9999-12-31T23:59:59Z"),
    ):
        answer = await client.post(f"/api/v1/accounts/{you.id}/mute", me, form=form)
        assert answer.status == 200
        assert answer.json["muting"] is True
        assert answer.json["muting_notifications"] is notifications
        assert answer.json["muting_expires_at"] == until
        shown = (await client.get("/api/v1/mutes", me)).json
        expected = None if until is None else until[:-1] + (".000Z", ".999Z")[until[0] == "9"]
        assert [one["mute_expires_at"] for one in shown] == [expected]
    assert await client.db.fetch_value("SELECT count(*) FROM mutes") == 1


async def test_a_mute_that_has_ended_is_none_before_it_is_swept(
    client: Client, clock: Clock
) -> None:
    me, you, other = [await make_account(client.db) for _ in range(3)]
    await client.post(f"/api/v1/accounts/{you.id}/mute", me, form={"duration": 60})
    await client.post(f"/api/v1/accounts/{other.id}/mute", me)
    for seconds, holds in ((59.999, True), (0.001, False)):
        clock.advance(seconds=seconds)
        shown = await client.get("/api/v1/accounts/relationships", me, params={"id[]": you.id})
        assert shown.json[0]["muting"] is holds
        assert shown.json[0]["muting_notifications"] is holds
        assert (shown.json[0]["muting_expires_at"] is not None) is holds
        assert len((await client.get("/api/v1/mutes", me)).json) == 1 + holds
        assert await mutes.sweep(client.db, now=clock()) == (not holds)
    assert await client.db.fetch_value("SELECT count(*) FROM mutes") == 1


async def test_a_mute_after_one_that_has_ended_stands_at_the_top(
    client: Client, clock: Clock
) -> None:
    me, first, second = [await make_account(client.db) for _ in range(3)]
    await client.post(f"/api/v1/accounts/{first.id}/mute", me, form={"duration": 60})
    await client.post(f"/api/v1/accounts/{second.id}/mute", me)
    clock.advance(seconds=61)
    await client.post(f"/api/v1/accounts/{first.id}/mute", me)
    shown = (await client.get("/api/v1/mutes", me)).json
    assert [one["id"] for one in shown] == [str(first.id), str(second.id)]


async def test_conversations_with_the_blocked_disappear(client: Client) -> None:
    me, you, other = [await make_account(client.db) for _ in range(3)]
    for action in ("block", "mute"):
        for others in (str(you.id), ",".join(sorted([str(you.id), str(other.id)])), str(other.id)):
            async with client.db.transaction() as tx:
                conversation_id = await tx.fetch_value(
                    "INSERT INTO conversations (created_at) VALUES ($1) RETURNING id", NOW
                )
            await insert(
                client.db,
                "account_conversations",
                account_id=me.id,
                conversation_id=conversation_id,
                participants=others,
                last_status_id=await make_status(client.db, you.id),
            )
        await client.post(f"/api/v1/accounts/{you.id}/{action}", me)
        rows = await client.db.fetch("SELECT participants FROM account_conversations")
        assert {row[0] for row in rows} == {str(other.id)}
        await client.post(f"/api/v1/accounts/{you.id}/un{action}", me)


# --- domain blocks -----------------------------------------------------------------------------


async def test_domains_are_blocked_listed_and_unblocked(client: Client) -> None:
    me = await make_account(client.db)
    path = "/api/v1/domain_blocks"
    for domain in ("one.example", " TWO.example ", "one.example", "münchen.example"):
        answer = await client.post(path, me, form={"domain": domain})
        assert (answer.status, answer.json) == (200, {})
    listed = (await client.get(path, me)).json
    assert listed == ["xn--mnchen-3ya.example", "two.example", "one.example"]
    for request in ({"params": {"domain": "ONE.example"}}, {"json": {"domain": "two.example"}}):
        for _ in range(2):
            answer = await client.delete(path, me, **request)
            assert (answer.status, answer.json) == (200, {})
    assert (await client.get(path, me)).json == ["xn--mnchen-3ya.example"]


@pytest.mark.parametrize(
    "domain",
    ["", " ", "a b.example", "https://x.example", "x/y", ".", "..", "-x.example", "x" * 300, "a@b",
     "x.example:port", "\x00"],
)  # fmt: skip
async def test_what_is_no_domain_is_refused(client: Client, domain: str) -> None:
    me = await make_account(client.db)
    for method in ("POST", "DELETE"):
        answer = await client.request(method, "/api/v1/domain_blocks", me, json={"domain": domain})
        assert answer.status == 422
        assert answer.json["error"].startswith("Validation failed: Domain ")
        assert (await client.request(method, "/api/v1/domain_blocks", me)).status == 422


async def test_a_blocked_domain_is_cut_off(client: Client) -> None:
    db, bus = client.db, client.services.bus
    me = await make_account(db, "me", following_count=3, followers_count=3)
    far = [await make_account(db, f"far{n}", domain="far.example") for n in range(3)]
    near = await make_account(db, "near", domain="near.example", followers_count=1)
    mine = await make_status(db, me.id)
    for one in far[:2]:
        await make_follow(db, me.id, one.id)
        await make_follow(db, one.id, me.id)
    for one in (near,):
        await make_follow(db, me.id, one.id)
        await make_follow(db, one.id, me.id)
    async with db.transaction() as tx:
        await tx.run(
            "UPDATE accounts SET followers_count = 1, following_count = 1 WHERE id = ANY($1)",
            [far[0].id, far[1].id],
        )
    await insert(
        db, "follow_requests", account_id=far[2].id, target_account_id=me.id, created_at=NOW
    )
    for one in (*far, near):
        await make_favourited(db, bus, one, me, mine)
        await insert(
            db,
            "notification_permissions",
            account_id=me.id,
            from_account_id=one.id,
            created_at=NOW,
        )
    await insert(db, "lists", id=7, account_id=me.id, title="x", created_at=NOW)
    for one in (far[0], near):
        await insert(db, "list_accounts", list_id=7, account_id=one.id)

    await client.post("/api/v1/domain_blocks", me, form={"domain": "far.example"})

    rows = await db.fetch("SELECT account_id, target_account_id FROM follows")
    assert {(a, b) for a, b in rows} == {(me.id, near.id), (near.id, me.id)}
    assert await db.fetch("SELECT id FROM follow_requests") == []
    assert await inbox(db, me) == [("favourite", near.id), ("severed_relationships", me.id)]
    permissions = await db.fetch("SELECT from_account_id FROM notification_permissions")
    assert [row[0] for row in permissions] == [near.id]
    assert [row[0] for row in await db.fetch("SELECT account_id FROM list_accounts")] == [near.id]
    counters = "SELECT following_count, followers_count FROM accounts WHERE id = $1"
    assert tuple((await db.fetch(counters, me.id))[0]) == (1, 1)
    for one in far[:2]:
        assert tuple((await db.fetch(counters, one.id))[0]) == (0, 0)
    await invariants.check(db)
