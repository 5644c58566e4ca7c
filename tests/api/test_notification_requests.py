"""Notification requests and policies over HTTP (notifications.md 1.14 to 1.16, 6, A68 to A81)."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import jobs
from stentor.actions.notify import forget_sender
from stentor.store import notifications
from stentor.store.database import Database
from tests import invariants
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_mentioned,
    make_status,
)
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Client

PATH = "/api/v1/notifications/requests"
POLICY = "/api/v2/notifications/policy"
OLD_POLICY = "/api/v1/notifications/policy"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who is asked."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who asks."""
    return await make_account(db, "bob")


async def asked(db: Database, bus: Any, ann: Person, count: int) -> list[Person]:
    """So many strangers with a direct message each, in their order."""
    people = [await make_account(db, token=None) for _ in range(count)]
    for number, person in enumerate(people):
        await make_mentioned(db, bus, person, ann, at=NOW + number, visibility="direct")
    return people


async def listed(client: Client, person: Person, query: str = "") -> list[str]:
    """The senders' ids on a page of requests."""
    return [one["account"]["id"] for one in (await client.get(PATH, person, params=query)).json]


async def request_ids(client: Client, person: Person) -> list[str]:
    """The ids of the requests, newest first."""
    return [one["id"] for one in (await client.get(PATH, person)).json]


def said(bus: RecordingBus) -> list[tuple[int, str]]:
    """Whose streams were woken, and for what; not for the conversations that came along."""
    return [(one.account_id, one.kind) for one in bus.news if one.kind != "conversation"]


async def test_a_request_says_who_waits_with_what_and_since_when(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    first = await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    last = await make_mentioned(client.db, bus, bob, ann, at=NOW + 5000, visibility="direct")
    [one] = (await client.get(PATH, ann)).json
    assert one["created_at"] == "2026-06-01T12:00:00.000Z"
    assert one["updated_at"] == "2026-06-01T12:00:05.000Z"
    assert one["notifications_count"] == "2"
    assert one["account"]["acct"] == "bob"
    assert one["last_status"]["id"] == str(last) != str(first)
    assert one["stentor"] == {
        "types": {"mention": 2}, "reasons": {"for_private_mentions": 2},
    }  # fmt: skip
    assert (await client.get(f"{PATH}/{one['id']}", ann)).json == one


async def test_requests_are_paged_by_their_own_ids(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    people = [str(one.id) for one in await asked(client.db, bus, ann, 5)]
    newest_first = people[::-1]
    answer = await client.get(PATH, ann, params="limit=2")
    assert [one["account"]["id"] for one in answer.json] == newest_first[:2]
    ids = await request_ids(client, ann)
    assert answer.links["next"] == {"limit": ["2"], "max_id": [ids[1]]}
    assert answer.links["prev"] == {"limit": ["2"], "min_id": [ids[0]]}
    assert await listed(client, ann, f"max_id={ids[2]}") == newest_first[3:]
    assert await listed(client, ann, f"min_id={ids[3]}&limit=2") == newest_first[1:3]
    assert await listed(client, ann, f"since_id={ids[3]}&limit=2") == newest_first[:2]
    short = await client.get(PATH, ann)
    assert set(short.links) == {"prev"}
    with query_budget(client.db, 9):
        assert len(await listed(client, ann)) == 5


async def test_accepting_lets_the_sender_in(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A69, A70: 404 at once, merged when the job is done, ids kept, the conversation there."""
    status_id = await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    await insert(client.db, "notification_policies", account_id=ann.id, for_not_following=2)
    [request_id] = await request_ids(client, ann)
    assert (await client.get(f"{PATH}/merged", ann)).json == {"merged": True}
    assert (await client.post(f"{PATH}/{request_id}/accept", ann)).json == {}
    for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/dismiss")):
        again = await client.request(method, f"{PATH}/{request_id}{path}", ann)
        assert (again.status, again.json) == (404, {"error": "Record not found"})
    assert (await client.get(f"{PATH}/merged", ann)).json == {"merged": False}
    assert bus.news == []
    await jobs.work_off(client.db, bus, now=NOW)
    assert (await client.get(f"{PATH}/merged", ann)).json == {"merged": True}
    assert said(bus) == [(ann.id, "notifications_merged")]
    [one] = (await client.get("/api/v1/notifications", ann)).json
    assert (one["id"], one["group_key"]) == ("1", "ungrouped-1")
    assert one["status"]["id"] == str(status_id)
    assert await client.db.fetch_value("SELECT last_status_id FROM account_conversations") == (
        status_id
    )
    await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    assert len((await client.get("/api/v1/notifications", ann)).json) == 2
    await invariants.check(client.db)


async def test_a_merge_goes_on_after_a_kill_and_is_said_once(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T22: step by step, each step kept or not; two senders, one word at the end."""
    monkeypatch.setattr(notifications, "STEP", 3)
    for _ in range(8):
        await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    await asked(client.db, bus, ann, 1)
    ids = await request_ids(client, ann)
    assert (await client.post(f"{PATH}/accept", ann, json={"id": ids})).json == {}
    assert await jobs.work(client.db, bus, now=NOW)
    shown = await client.db.fetch_value("SELECT count(*) FROM notifications WHERE NOT filtered")
    assert shown in (1, 3)
    assert (await client.get(f"{PATH}/merged", ann)).json == {"merged": False}
    await jobs.work_off(client.db, bus, now=NOW)
    assert len((await client.get("/api/v1/notifications", ann)).json) == 9
    assert said(bus) == [(ann.id, "notifications_merged")]
    await invariants.check(client.db)


@pytest.mark.parametrize("many", [False, True])
async def test_dismissing_takes_what_was_filtered_with_it(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, many: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A71, A72: of any type; the next one opens a fresh request."""
    monkeypatch.setattr(notifications, "STEP", 2)
    seen = await make_mentioned(client.db, bus, bob, ann)
    await insert(client.db, "notification_policies", account_id=ann.id, for_not_following=1)
    await make_favourited(client.db, bus, bob, ann, await make_status(client.db, ann.id))
    for _ in range(3):
        await make_mentioned(client.db, bus, bob, ann)
    [request_id] = await request_ids(client, ann)
    if many:
        answer = await client.post(f"{PATH}/dismiss", ann, form={"id[]": [request_id, "9", "x"]})
    else:
        answer = await client.post(f"{PATH}/{request_id}/dismiss", ann)
    assert (answer.status, answer.json) == (200, {})
    left = await client.db.fetch("SELECT status_id FROM notifications")
    assert [row[0] for row in left] == [seen], "what was seen before stays"
    assert await request_ids(client, ann) == []
    await make_mentioned(client.db, bus, bob, ann)
    [one] = (await client.get(PATH, ann)).json
    assert one["notifications_count"] == "1"
    assert one["id"] != request_id


@pytest.mark.parametrize(
    "sent",
    [
        lambda ids: {"json": {"id": ids}},
        lambda ids: {"form": {"id[]": ids}},
        lambda ids: {"form": {"id": ids[0]}},
        lambda ids: {"json": {"id": int(ids[0])}},
        lambda ids: {"form": {f"id[{n}]": one for n, one in enumerate(ids)}},
        lambda ids: {"params": {"id[]": [*ids, *ids]}},
    ],
)
async def test_many_are_named_in_any_form(
    client: Client, bus: RecordingBus, ann: Person, sent: Any
) -> None:
    """A20."""
    await asked(client.db, bus, ann, 1)
    assert (
        await client.post(f"{PATH}/accept", ann, **sent(await request_ids(client, ann)))
    ).json == {}
    assert await request_ids(client, ann) == []


@pytest.mark.parametrize("action", ["accept", "dismiss"])
async def test_naming_none_or_somebody_elses_does_nothing(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, action: str
) -> None:
    await asked(client.db, bus, ann, 2)
    ids = await request_ids(client, ann)
    assert (await client.post(f"{PATH}/{action}", bob, json={"id": ids})).json == {}
    assert (await client.post(f"{PATH}/{action}", ann)).json == {}
    assert (await client.post(f"{PATH}/{ids[0]}/{action}", bob)).status == 404
    assert await request_ids(client, ann) == ids


async def test_a_suspended_sender_is_hidden_but_not_forgotten(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A75."""
    people = await asked(client.db, bus, ann, 2)
    ids = await request_ids(client, ann)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, people[1].id)
    assert await listed(client, ann) == [str(people[0].id)]
    summary = (await client.get(POLICY, ann)).json["summary"]
    assert summary == {"pending_requests_count": 1, "pending_notifications_count": 1}
    assert (await client.get(f"{PATH}/{ids[0]}", ann)).status == 200


async def test_a_block_ends_the_request(client: Client, bus: RecordingBus, ann: Person) -> None:
    """A74."""
    [person] = await asked(client.db, bus, ann, 1)
    async with client.db.transaction() as tx:
        await forget_sender(tx, account_id=ann.id, from_account_id=person.id)
    assert await request_ids(client, ann) == []


DEFAULTS = {
    "for_not_following": "accept",
    "for_not_followers": "accept",
    "for_new_accounts": "accept",
    "for_private_mentions": "filter",
    "for_limited_accounts": "filter",
    "for_bots": "accept",
    "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
}


async def test_the_defaults_are_shown_and_not_stored(client: Client, ann: Person) -> None:
    """A78."""
    assert (await client.get(POLICY, ann)).json == DEFAULTS
    assert await client.db.fetch_value("SELECT count(*) FROM notification_policies") == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_only_what_is_given_changes(client: Client, ann: Person, method: str) -> None:
    """A79; a client that sends the whole object back is understood."""
    answer = await client.request(method, POLICY, ann, form={"for_bots": "filter"})
    assert answer.json == {**DEFAULTS, "for_bots": "filter"}
    whole = {**answer.json, "for_new_accounts": "drop", "valid_policies": ["x"]}
    answer = await client.request(method, POLICY, ann, json=whole)
    assert answer.json == {**DEFAULTS, "for_bots": "filter", "for_new_accounts": "drop"}
    assert (await client.get(POLICY, ann)).json == answer.json
    answer = await client.request(method, POLICY, ann, json={"for_bots": 0})
    assert answer.json["for_bots"] == "accept"


@pytest.mark.parametrize("value", ["", "no", "3", "-1", "ACCEPT", None, [], ["drop"], {"a": 1}])
async def test_another_value_is_refused_and_changes_nothing(
    client: Client, ann: Person, value: Any
) -> None:
    """A80."""
    answer = await client.put(POLICY, ann, json={"for_new_accounts": "drop", "for_bots": value})
    assert (answer.status, answer.json) == (
        422,
        {"error": "Validation failed: For bots is not included in the list"},
    )
    assert (await client.get(POLICY, ann)).json == DEFAULTS


@pytest.mark.parametrize("stored", ["accept", "filter", "drop"])
async def test_version_one_reads_anything_but_accept_as_true(
    client: Client, ann: Person, stored: str
) -> None:
    """A81; the field that it does not name is left alone (T21)."""
    await client.put(POLICY, ann, json={"for_new_accounts": stored, "for_bots": "drop"})
    old = (await client.get(OLD_POLICY, ann)).json
    assert set(old) == {
        "filter_not_following", "filter_not_followers", "filter_new_accounts",
        "filter_private_mentions", "filter_bots", "summary",
    }  # fmt: skip
    assert old["filter_new_accounts"] is (stored != "accept")
    await client.put(OLD_POLICY, ann, json={"filter_not_following": True})
    new = (await client.get(POLICY, ann)).json
    assert (new["for_new_accounts"], new["for_bots"]) == (stored, "drop")
    assert new["for_not_following"] == "filter"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("false", "accept"), ("0", "accept"), ("False", "accept"), ("true", "filter"),
     ("1", "filter"), ("", "drop")],
)  # fmt: skip
async def test_version_one_understands_the_words_of_a_form(
    client: Client, ann: Person, sent: str, expected: str
) -> None:
    """A81, weakness C-12."""
    await client.put(POLICY, ann, json={"for_new_accounts": "drop"})
    await client.patch(OLD_POLICY, ann, form={"filter_new_accounts": sent})
    assert (await client.get(POLICY, ann)).json["for_new_accounts"] == expected


async def test_a_new_policy_leaves_what_is_there_as_it_is(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A77."""
    await asked(client.db, bus, ann, 1)
    await client.put(POLICY, ann, json={"for_private_mentions": "accept"})
    assert (await client.get("/api/v1/notifications", ann)).json == []
    assert len(await request_ids(client, ann)) == 1
