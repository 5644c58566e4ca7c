"""What stays and what follows: filtered rows by id, requests over time, senders that go."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import accounts, jobs
from stentor.store.database import Database
from tests import invariants
from tests.factories import (
    NOW,
    Person,
    make_account,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
)
from tests.fixtures import RecordingBus
from tests.helpers import Client, Clock

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"
REQUESTS = f"{V1}/requests"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who is told."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who writes in private, out of the blue."""
    return await make_account(db, "bob")


async def message(client: Client, bus: Any, bob: Person, ann: Person, *, at: int = NOW) -> int:
    """A private message that is filtered; its id."""
    return await make_mentioned(client.db, bus, bob, ann, at=at, visibility="direct")


async def test_a_filtered_one_is_shown_by_its_id_and_can_be_dismissed(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """1.5, 1.6, 6.4: the request counts again, and ends with the last."""
    for _ in range(2):
        await message(client, bus, bob, ann)
    shown = await client.get(f"{V1}/2", ann)
    assert (shown.status, shown.json["filtered"]) == (200, True)
    assert (await client.get(f"{V2}/ungrouped-2", ann)).status == 200
    assert (await client.post(f"{V1}/2/dismiss", ann)).json == {}
    [request] = (await client.get(REQUESTS, ann)).json
    assert request["notifications_count"] == "1"
    assert (await client.post(f"{V2}/ungrouped-1/dismiss", ann)).json == {}
    assert (await client.get(REQUESTS, ann)).json == []
    await invariants.check(client.db)


async def test_a_request_keeps_its_id_and_its_place_while_it_grows(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """6.2: created once, updated with each message, listed by its own age."""
    await message(client, bus, bob, ann)
    [first] = (await client.get(REQUESTS, ann)).json
    await message(client, bus, await make_account(client.db, "carol"), ann, at=NOW + 1000)
    await message(client, bus, bob, ann, at=NOW + 2000)
    newer, older = (await client.get(REQUESTS, ann)).json
    assert (newer["account"]["acct"], older["account"]["acct"]) == ("carol", "bob")
    assert (older["id"], older["created_at"]) == (first["id"], first["created_at"])
    assert older["updated_at"] > first["updated_at"]


@pytest.mark.parametrize("who", ["ann follows", "bob follows"])
async def test_a_follow_does_not_settle_what_waits(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, who: str
) -> None:
    """6.7, C-13: but from now on a followed sender arrives."""
    await message(client, bus, bob, ann)
    one, other = (ann, bob) if who == "ann follows" else (bob, ann)
    assert (await client.post(f"/api/v1/accounts/{other.id}/follow", one)).status == 200
    assert len((await client.get(REQUESTS, ann)).json) == 1
    await message(client, bus, bob, ann)
    types = [row["type"] for row in (await client.get(V1, ann)).json]
    assert ("mention" in types) is (who == "ann follows")


@pytest.mark.parametrize(("read", "unread"), [(0, 2), (1, 1), (2, 0)])
async def test_what_is_let_in_is_unread_if_it_is_above_the_marker(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, read: int, unread: int
) -> None:
    """6.5, 7.3."""
    for _ in range(2):
        await message(client, bus, bob, ann)
    await client.post("/api/v1/markers", ann, json={"notifications": {"last_read_id": str(read)}})
    assert (await client.get(f"{V1}/unread_count", ann)).json == {"count": 0}
    [request] = (await client.get(REQUESTS, ann)).json
    await client.post(f"{REQUESTS}/{request['id']}/accept", ann)
    await jobs.work_off(client.db, bus, now=NOW)
    for path in (V1, V2):
        assert (await client.get(f"{path}/unread_count", ann)).json == {"count": unread}


async def test_reading_and_removing_move_no_marker(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """7.3."""
    await make_favourited(client.db, bus, bob, ann, await make_status(client.db, ann.id))
    marker = {"notifications": {"last_read_id": "7"}}
    before = (await client.post("/api/v1/markers", ann, json=marker)).json
    for path in (V1, V2):
        assert (await client.get(path, ann)).status == 200
    await client.post(f"{V1}/1/dismiss", ann)
    await client.post(f"{V1}/clear", ann)
    after = (await client.get("/api/v1/markers", ann, params="timeline=notifications")).json
    assert after == before


async def test_clearing_leaves_policy_permissions_and_markers(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """1.6: a sender who was accepted still is."""
    await client.patch(f"{V2}/policy", ann, json={"for_bots": "drop"})
    await message(client, bus, bob, ann)
    [request] = (await client.get(REQUESTS, ann)).json
    await client.post(f"{REQUESTS}/{request['id']}/accept", ann)
    await jobs.work_off(client.db, bus, now=NOW)
    await client.post(f"{V2}/clear", ann)
    assert (await client.get(f"{V2}/policy", ann)).json["for_bots"] == "drop"
    await message(client, bus, bob, ann)
    assert [one["type"] for one in (await client.get(V1, ann)).json] == ["mention"]


async def test_following_again_tells_nothing_new(
    client: Client, ann: Person, bob: Person, clock: Clock
) -> None:
    """3.3: a changed option of a follow is no follow."""
    path = f"/api/v1/accounts/{ann.id}/follow"
    for form in ({}, {"notify": "true"}, {"reblogs": "false"}):
        clock.advance(hours=1)
        assert (await client.post(path, bob, form=form)).status == 200
    assert [one["type"] for one in (await client.get(V1, ann)).json] == ["follow"]


async def test_an_account_that_is_deleted_takes_what_it_caused_along(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """3.4: rows, requests and its place in groups; and whatever it was told itself."""
    status_id = await make_status(client.db, ann.id)
    for sender in (bob, await make_account(client.db, "carol")):
        await client.post(f"/api/v1/statuses/{status_id}/favourite", sender)
    await make_follow(client.db, ann.id, bob.id)
    await message(client, bus, bob, ann)
    await message(client, bus, ann, bob)
    await accounts.delete(client.db, bus, bob.id)
    flat = (await client.get(V1, ann, params="include_filtered=true")).json
    assert [one["account"]["acct"] for one in flat] == ["carol"]
    [group] = (await client.get(V2, ann)).json["notification_groups"]
    assert (group["notifications_count"], len(group["sample_account_ids"])) == (1, 1)
    await invariants.check(client.db)
