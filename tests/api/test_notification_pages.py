"""Edge cases of the lists of notifications: bounds, links, groups over time, what is gone."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import jobs
from stentor.domain.notifications import Event, NotificationType
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
    tell,
)
from tests.fixtures import RecordingBus
from tests.helpers import Client, Clock

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"
REQUESTS = f"{V1}/requests"
NOT_FOUND = (404, {"error": "Record not found"})
HOUR = 3_600_000


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose notifications we look at."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who causes them."""
    return await make_account(db, "bob")


async def many(db: Database, ann: Person, bob: Person, count: int) -> None:
    """So many mentions by bob, by the ids 1, 2, 3 …, straight into their table."""
    async with db.transaction() as tx:
        await tx.run_many(
            "INSERT INTO notifications (account_id, filtered, id, type, activity_id,"
            " from_account_id, created_at) VALUES ($1, FALSE, $2, 'mention', $2, $3, $4)",
            [(ann.id, number, bob.id, NOW) for number in range(1, count + 1)],
        )


@pytest.mark.parametrize(
    ("limit", "listed"),
    [(None, 40), ("80", 80), ("81", 80), ("1000", 80), ("-5", 5), ("0", 0), ("", 0), ("x", 0)],
)
async def test_a_page_has_forty_unless_asked_and_never_more_than_eighty(
    client: Client, ann: Person, bob: Person, limit: str | None, listed: int
) -> None:
    """A12."""
    await many(client.db, ann, bob, 100)
    query = {} if limit is None else {"limit": limit}
    assert len((await client.get(V1, ann, params=query)).json) == listed
    groups = (await client.get(V2, ann, params=query)).json["notification_groups"]
    assert len(groups) == listed


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("limit", "counted"),
    [(None, 100), ("1000", 1000), ("5000", 1000), ("-7", 7), ("0", 0), ("", 0), ("x", 0)],
)
async def test_a_count_stops_at_a_hundred_unless_asked_and_never_passes_a_thousand(
    client: Client, ann: Person, bob: Person, path: str, limit: str | None, counted: int
) -> None:
    """A12, A47."""
    await many(client.db, ann, bob, 1005)
    query = {} if limit is None else {"limit": limit}
    found = await client.get(f"{path}/unread_count", ann, params=query)
    assert found.json == {"count": counted}


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(("read", "count"), [(None, 5), (0, 5), (3, 2), (5, 0), (99, 0)])
async def test_a_count_begins_above_the_marker(
    client: Client, ann: Person, bob: Person, path: str, read: int | None, count: int
) -> None:
    """A47: without one it counts everything."""
    await many(client.db, ann, bob, 5)
    if read is not None:
        marker = {"notifications": {"last_read_id": str(read)}}
        assert (await client.post("/api/v1/markers", ann, json=marker)).status == 200
    assert (await client.get(f"{path}/unread_count", ann)).json == {"count": count}


async def test_a_marker_that_moves_back_makes_things_unread_again(
    client: Client, ann: Person, bob: Person
) -> None:
    """A82."""
    await many(client.db, ann, bob, 45)
    for read, count in ((43, 2), (40, 5), (45, 0)):
        await client.post(
            "/api/v1/markers", ann, json={"notifications": {"last_read_id": str(read)}}
        )
        for path in (V1, V2):
            assert (await client.get(f"{path}/unread_count", ann)).json == {"count": count}


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("min_id=2&max_id=9&limit=3", 5, 3),
        ("min_id=2&since_id=4&limit=3", 5, 3),
        ("since_id=2&limit=3", 10, 8),
        ("max_id=4", 3, 1),
    ],
)
async def test_links_lead_on_from_the_ends_of_the_page(
    client: Client, ann: Person, bob: Person, path: str, query: str, first: int, last: int
) -> None:
    """A13 to A15: next goes below the last one, prev above the first, no other cursor is kept."""
    await many(client.db, ann, bob, 10)
    links = (await client.get(path, ann, params=query)).links
    kept = {"limit": ["3"]} if "limit" in query else {}
    assert links == {
        "next": {**kept, "max_id": [str(last)]},
        "prev": {**kept, "min_id": [str(first)]},
    }


@pytest.mark.parametrize(
    ("path", "more", "dropped"),
    [(V1, "", ""), (V2, "&grouped_types[]=reblog", "&expand_accounts=full")],
)
async def test_links_repeat_what_was_asked_in_alphabetical_order(
    client: Client, ann: Person, bob: Person, path: str, more: str, dropped: str
) -> None:
    """A17."""
    await many(client.db, ann, bob, 4)
    query = (
        f"types[]=mention&limit=2&since_id=1&account_id={bob.id}&include_filtered=true"
        f"&supported_types[]=mention&exclude_types[]=poll{more}{dropped}&nonsense=1"
    )
    answer = await client.get(path, ann, params=query)
    grouped = "grouped_types%5B%5D=reblog&" if more else ""
    kept = f"account_id={bob.id}&exclude_types%5B%5D=poll&{grouped}include_filtered=true&limit=2"
    end = "supported_types%5B%5D=mention&types%5B%5D=mention"
    base = f"https://stentor.example{path}"
    assert answer.headers["link"] == (
        f'<{base}?{kept}&max_id=3&{end}>; rel="next", <{base}?{kept}&min_id=4&{end}>; rel="prev"'
    )


async def test_a_blank_upper_bound_is_none(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """C-32: on a short page of groups the original counts up to 0 then."""
    status_id = await make_status(client.db, ann.id)
    for _ in range(3):
        await make_favourited(client.db, bus, await make_account(client.db), ann, status_id)
    plain = (await client.get(V2, ann, params="min_id=1")).json
    assert plain["notification_groups"][0]["notifications_count"] == 3
    assert (await client.get(V2, ann, params="min_id=1&max_id=")).json == plain


@pytest.mark.parametrize(
    "path", [f"{V1}/1/dismiss", f"{V1}/77/dismiss", f"{V1}/dismiss?id=1", f"{V1}/abc/dismiss"]
)
async def test_what_is_somebody_elses_cannot_be_dismissed(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, path: str
) -> None:
    """A21: foreign and missing answer alike."""
    await make_mentioned(client.db, bus, bob, ann)
    path, _, query = path.partition("?")
    answer = await client.post(path, bob, params=query)
    assert (answer.status, answer.json) == NOT_FOUND
    assert len((await client.get(V1, ann)).json) == 1


async def test_a_suspended_sender_vanishes_from_groups_and_comes_back(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A22, over the groups: gone and uncounted, then there again under the same id."""
    await make_favourited(client.db, bus, bob, ann, await make_status(client.db, ann.id))
    await make_mentioned(client.db, bus, bob, ann)
    before = (await client.get(V2, ann)).json
    for column in ("suspended_at", "deletion_requested_at"):
        for at, expected in ((NOW, []), (None, before["notification_groups"])):
            async with client.db.transaction() as tx:
                await tx.run(f"UPDATE accounts SET {column} = $1 WHERE id = $2", at, bob.id)
            found = (await client.get(V2, ann)).json["notification_groups"]
            assert found == expected
            count = (await client.get(f"{V2}/unread_count", ann)).json
            assert count == {"count": len(expected)}
            for path in (f"{V2}/ungrouped-2", f"{V1}/2"):
                assert (await client.get(path, ann)).status == (200 if expected else 404)


async def test_a_status_that_may_not_be_read_is_null_and_in_no_list(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A28: the group stays, without anything of the status."""
    await make_mentioned(client.db, bus, bob, ann)
    await make_favourited(client.db, bus, bob, ann, await make_status(client.db, ann.id))
    await insert(client.db, "blocks", account_id=bob.id, target_account_id=ann.id, created_at=NOW)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE notifications SET status_id = NULL WHERE type = 'favourite'")
    body = (await client.get(V2, ann)).json
    assert {one["type"]: one["status_id"] for one in body["notification_groups"]}["mention"] is None
    assert [one["account"]["acct"] for one in body["statuses"]] == ["ann"]
    flat = (await client.get(V1, ann)).json
    assert [one["status"] for one in flat] == [None, None]
    [alone] = (await client.get(f"{V2}/ungrouped-1", ann)).json["notification_groups"]
    assert alone["status_id"] is None


async def test_a_favourite_and_a_reblog_of_one_status_are_two_groups(
    client: Client, ann: Person, bob: Person
) -> None:
    """A32, over HTTP."""
    status_id = await make_status(client.db, ann.id)
    for verb in ("favourite", "reblog"):
        assert (await client.post(f"/api/v1/statuses/{status_id}/{verb}", bob)).status == 200
    groups = (await client.get(V2, ann)).json["notification_groups"]
    assert [(one["group_key"].split("-")[0], one["status_id"]) for one in groups] == [
        ("reblog", str(status_id)), ("favourite", str(status_id)),
    ]  # fmt: skip


@pytest.mark.parametrize(("hours", "groups"), [((0, 11), 1), ((0, 12), 2), ((0, 11, 12), 2)])
async def test_a_group_takes_in_what_happens_within_twelve_hours(
    client: Client, clock: Clock, ann: Person, hours: tuple[int, ...], groups: int
) -> None:
    """A30, over HTTP: counted from its first hour, it does not slide."""
    status_id = await make_status(client.db, ann.id)
    for hour in hours:
        clock.time = NOW + hour * HOUR
        person = await make_account(client.db)
        await client.post(f"/api/v1/statuses/{status_id}/favourite", person)
    found = (await client.get(V2, ann)).json["notification_groups"]
    assert len({one["group_key"] for one in found}) == len(found) == groups
    assert found[-1]["group_key"] == f"favourite-{status_id}-{NOW // HOUR}"
    await invariants.check(client.db)


async def test_an_activity_of_an_earlier_hour_joins_the_group_that_is_open(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A31: what comes in late from elsewhere."""
    status_id = await make_status(client.db, ann.id)
    for number, at in enumerate((NOW, NOW - 3 * HOUR)):
        sender = await make_account(client.db)
        event = Event(NotificationType.FAVOURITE, number, sender.id, (ann.id,), at, status_id)
        await tell(client.db, bus, event, now=NOW)
    [group] = (await client.get(V2, ann)).json["notification_groups"]
    assert group["group_key"] == f"favourite-{status_id}-{NOW // HOUR}"
    assert group["notifications_count"] == 2


async def test_what_was_filtered_stays_ungrouped_when_it_is_let_in(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A45: two favourites of one status, each alone, beside the group of the others."""
    status_id = await make_status(client.db, ann.id)
    await insert(client.db, "notification_policies", account_id=ann.id, for_not_following=1)
    await make_favourited(client.db, bus, bob, ann, status_id)
    await make_mentioned(client.db, bus, bob, ann)
    [request] = (await client.get(REQUESTS, ann)).json
    assert (await client.post(f"{REQUESTS}/{request['id']}/accept", ann)).status == 200
    await jobs.work_off(client.db, bus, now=NOW)
    await make_favourited(client.db, bus, await make_account(client.db), ann, status_id)
    shown = (await client.get(V2, ann)).json["notification_groups"]
    assert [(one["type"], one["group_key"]) for one in shown] == [
        ("mention", "ungrouped-2"), ("favourite", "ungrouped-1"),
    ]  # fmt: skip
    every = (await client.get(V2, ann, params="include_filtered=true")).json["notification_groups"]
    assert [one["group_key"] for one in every] == [
        "ungrouped-3", "ungrouped-2", "ungrouped-1",
    ]  # fmt: skip


async def test_the_senders_of_a_group_are_paged_both_ways(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A33, C-35: the link to the previous page leads there; nobody is listed twice."""
    status_id = await make_status(client.db, ann.id)
    people = []
    for _ in range(5):
        people.append(await make_account(client.db))
        await client.post(f"/api/v1/statuses/{status_id}/favourite", people[-1])
    # Whoever takes it back and does it again is there once.
    await client.post(f"/api/v1/statuses/{status_id}/unfavourite", people[0])
    await client.post(f"/api/v1/statuses/{status_id}/favourite", people[0])
    newest = [str(one.id) for one in (people[0], *reversed(people[1:]))]
    [group] = (await client.get(V2, ann)).json["notification_groups"]
    path = f"{V2}/{group['group_key']}/accounts"
    first = await client.get(path, ann, params="limit=2")
    assert [one["id"] for one in first.json] == newest[:2]
    second = await client.get(path, ann, params=first.links["next"])
    assert [one["id"] for one in second.json] == newest[2:4]
    back = await client.get(path, ann, params=second.links["prev"])
    assert [one["id"] for one in back.json] == newest[:2]


async def test_a_request_names_all_of_its_ids_in_one_call(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A20: several at once, as JSON and as a form; one by itself."""
    for sent in (
        lambda ids: {"json": {"id": ids}},
        lambda ids: {"form": [("id[]", one) for one in ids]},
        lambda ids: {"form": {"id": ids[0]}},
    ):
        for _ in range(2):
            await make_mentioned(
                client.db, bus, await make_account(client.db), ann, visibility="direct"
            )
        ids = [one["id"] for one in (await client.get(REQUESTS, ann)).json]
        given: Any = sent(ids[:2])
        assert (await client.post(f"{REQUESTS}/accept", ann, **given)).json == {}
        left = [one["id"] for one in (await client.get(REQUESTS, ann)).json]
        assert left == ([] if "json" in given or isinstance(given["form"], list) else ids[1:])
