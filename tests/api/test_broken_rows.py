"""One bad row does not spoil a list: it is left out, logged by its id and counted (T55)."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from stentor import telemetry
from stentor.domain.notifications import Event, NotificationType
from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_mentioned,
    make_status,
    tell,
)
from tests.helpers import Client

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose list has bad rows in it."""
    return await make_account(db, "ann", role_id=3)


async def run(db: Database, sql: str, *values: Any) -> None:
    """Spoils something."""
    async with db.transaction() as tx:
        await tx.run(sql, *values)


async def mentions(db: Database, bus: Any, ann: Person, count: int) -> None:
    """So many mentions by as many people: ids from 1 on."""
    for _ in range(count):
        await make_mentioned(db, bus, await make_account(db, token=None), ann)


SPOILT = {
    "a type that nobody knows": "UPDATE notifications SET type = 'mystery' WHERE id = $1",
    "a time beyond all years": (
        "UPDATE notifications SET created_at = 999999999999999999 WHERE id = $1"
    ),
    "a sender beyond all years": (
        "UPDATE accounts SET created_at = 999999999999999999, version = version + 1 WHERE id ="
        " (SELECT from_account_id FROM notifications WHERE id = $1)"
    ),
    "a status beyond all years": (
        "UPDATE statuses SET created_at = 999999999999999999, version = version + 1 WHERE id ="
        " (SELECT status_id FROM notifications WHERE id = $1)"
    ),
}


def skipped(kind: str) -> float:
    """How many such rows were left out in this process."""
    found = telemetry.registry.get_sample_value("stentor_rows_skipped_total", {"kind": kind})
    return found or 0.0


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [6, 5, 3, 1]),
        ("limit=3", [6, 5, 3]),
        ("limit=1&max_id=5", [3]),
        ("limit=2&max_id=5", [3, 1]),
        ("limit=2&min_id=1", [5, 3]),
        ("limit=1&min_id=3", [5]),
        ("limit=3&since_id=3", [6, 5]),
    ],
)
async def test_a_list_goes_on_and_its_pages_stay_full(
    client: Client, bus: Any, ann: Person, how: str, query: str, expected: list[int]
) -> None:
    await mentions(client.db, bus, ann, 6)
    for number in (2, 4):
        await run(client.db, SPOILT[how], number)
    before = skipped("notification")
    with capture_logs() as logs:
        flat = await client.get(V1, ann, params=query)
    assert flat.status == 200
    assert [int(one["id"]) for one in flat.json] == expected
    told = [one for one in logs if one["event"] == "row cannot be shown"]
    assert {(one["kind"], one["id"]) for one in told} <= {("notification", 2), ("notification", 4)}
    assert told
    assert skipped("notification") - before == len(told)
    before = skipped("group")
    with capture_logs() as logs:
        grouped = await client.get(V2, ann, params=query)
    assert grouped.status == 200
    groups = grouped.json["notification_groups"]
    assert [one["most_recent_notification_id"] for one in groups] == expected
    assert len(grouped.json["accounts"]) == len(grouped.json["statuses"]) == len(expected)
    assert skipped("group") > before


@pytest.mark.parametrize("how", SPOILT)
async def test_a_bad_row_by_itself_is_not_found(
    client: Client, bus: Any, ann: Person, how: str
) -> None:
    await mentions(client.db, bus, ann, 1)
    await run(client.db, SPOILT[how], 1)
    for path in (f"{V1}/1", f"{V2}/ungrouped-1"):
        if path.startswith(V2) and how == "a time beyond all years":
            continue  # a group by itself tells no time
        answer = await client.get(path, ann)
        assert (answer.status, answer.json) == (404, {"error": "Record not found"}), path
    for path in (V1, V2, f"{V1}/unread_count", f"{V2}/unread_count"):
        assert (await client.get(path, ann)).status == 200, path


async def test_cursors_lead_past_bad_rows_to_the_end(client: Client, bus: Any, ann: Person) -> None:
    """Even where a whole stretch is bad, a client that follows the links meets every good one."""
    await mentions(client.db, bus, ann, 30)
    await run(client.db, "UPDATE notifications SET type = 'mystery' WHERE id BETWEEN 3 AND 28")
    for path, ids in (
        (V1, lambda body: [int(one["id"]) for one in body]),
        (V2, lambda body: [one["most_recent_notification_id"]
                           for one in body["notification_groups"]]),
    ):  # fmt: skip
        met: list[int] = []
        query: Any = {"limit": "3"}
        for _ in range(20):
            answer = await client.get(path, ann, params=query)
            met += ids(answer.json)
            if "next" not in answer.links:
                break
            query = answer.links["next"]
        assert met == [30, 29, 2, 1], path


@pytest.mark.parametrize("fields", ["", "{", "null", "[1]", '[["a"]]', '{"a": "b"}'])
async def test_an_account_with_spoilt_fields_is_shown_without_them(
    client: Client, bus: Any, ann: Person, fields: str
) -> None:
    await mentions(client.db, bus, ann, 2)
    await run(
        client.db,
        "UPDATE accounts SET fields = $1 WHERE id ="
        " (SELECT from_account_id FROM notifications WHERE id = 1)",
        fields,
    )
    flat = (await client.get(V1, ann)).json
    assert [one["account"]["fields"] for one in flat] == [[], []]
    assert len((await client.get(V2, ann)).json["accounts"]) == 2


@pytest.mark.parametrize("options", ["", "{", "null", "[1]", '[["a"]]', '{"a": 1}'])
async def test_a_status_with_a_spoilt_poll_is_shown_without_it(
    client: Client, bus: Any, ann: Person, options: str
) -> None:
    status_id = await make_status(client.db, ann.id, has_poll=True)
    await insert(
        client.db, "polls", status_id=status_id, options=options, multiple=False, hide_totals=False
    )
    await make_favourited(client.db, bus, await make_account(client.db), ann, status_id)
    [one] = (await client.get(V1, ann)).json
    assert one["status"]["poll"] is None
    assert len((await client.get(V2, ann)).json["statuses"]) == 1


async def test_a_group_with_a_spoilt_row_is_left_out(client: Client, bus: Any, ann: Person) -> None:
    """The others are there, and it is found again in the flat list."""
    statuses = [await make_status(client.db, ann.id) for _ in range(3)]
    for one in statuses:
        await make_favourited(client.db, bus, await make_account(client.db), ann, one)
    await run(
        client.db, "UPDATE notification_groups SET newest = '{' WHERE status_id = $1", statuses[1]
    )
    for query in ("", "limit=2"):
        groups = (await client.get(V2, ann, params=query)).json["notification_groups"]
        assert [one["status_id"] for one in groups] == [str(statuses[2]), str(statuses[0])]
    assert len((await client.get(V1, ann)).json) == 3


@pytest.mark.parametrize("expand", ["full", "partial_avatars"])
@pytest.mark.parametrize("spoilt", [0, 1, 2])
async def test_a_group_is_shown_without_an_account_that_cannot_be_rendered(
    client: Client, bus: Any, ann: Person, spoilt: int, expand: str
) -> None:
    """Whichever of its senders that is, everybody who is named is there, and nobody else."""
    status_id = await make_status(client.db, ann.id)
    people = [await make_account(client.db, token=None) for _ in range(3)]
    for one in people:
        await make_favourited(client.db, bus, one, ann, status_id)
    await mentions(client.db, bus, ann, 1)
    await run(
        client.db,
        "UPDATE accounts SET created_at = 999999999999999999, version = version + 1 WHERE id = $1",
        people[spoilt].id,
    )
    before = skipped("account")
    shown = (await client.get(V2, ann, params=f"expand_accounts={expand}")).json
    assert skipped("account") == before + 1
    mentioned, favourited = shown["notification_groups"]
    left = [str(one.id) for one in reversed(people) if one != people[spoilt]]
    assert favourited["sample_account_ids"] == left
    full, partly = [left, []] if expand == "full" else [left[:1], left[1:]]
    assert [one["id"] for one in shown["accounts"]] == mentioned["sample_account_ids"] + full
    assert [one["id"] for one in shown.get("partial_accounts", [])] == partly


@pytest.mark.parametrize("query", ["", "supported_types[]=mention"])
async def test_a_report_that_cannot_be_read_is_left_out(
    client: Client, bus: Any, ann: Person, query: str
) -> None:
    bob, target = await make_account(client.db, "bob"), await make_account(client.db, "target")
    form = {"account_id": str(target.id)}
    assert (await client.post("/api/v1/reports", bob, form=form)).status == 200
    await mentions(client.db, bus, ann, 1)
    await run(client.db, "UPDATE reports SET status_ids = '['")
    flat = await client.get(V1, ann, params=query)
    assert [one["type"] for one in flat.json] == ["mention"]
    grouped = await client.get(V2, ann, params=query)
    assert [one["type"] for one in grouped.json["notification_groups"]] == ["mention"]


async def test_what_hangs_in_the_air_is_shown_without_it(
    client: Client, bus: Any, ann: Person
) -> None:
    """A report, a warning or a collection that is gone: the row is there, its key is null."""
    gone = {
        NotificationType.ADMIN_REPORT: "report",
        NotificationType.MODERATION_WARNING: "moderation_warning",
        NotificationType.COLLECTION_UPDATE: "collection",
    }
    bob = await make_account(client.db, "bob", token=None)
    for type_ in gone:
        sender = None if type_ is NotificationType.MODERATION_WARNING else bob.id
        await tell(client.db, bus, Event(type_, 77, sender, (ann.id,), NOW))
    flat = (await client.get(V1, ann)).json
    assert {one["type"]: one[gone[NotificationType(one["type"])]] for one in flat} == {
        type_.value: None for type_ in gone
    }
