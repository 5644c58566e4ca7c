"""/api/v2/notifications (notifications.md 1.8 to 1.13, 5.5, A29 to A47)."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.domain.notifications import Event, NotificationType
from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    make_account,
    make_favourited,
    make_mentioned,
    make_status,
    tell,
)
from tests.fixtures import query_budget
from tests.helpers import Client

PATH = "/api/v2/notifications"
BUCKET = NOW // 3_600_000


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose notifications we look at."""
    return await make_account(db, "ann")


@pytest.fixture
async def worked(client: Client, bus: Any, ann: Person) -> tuple[int, int]:
    """The five rows of the worked example of 5.5; the statuses of g1 and g2."""
    db = client.db
    people = [await make_account(db, token=None) for _ in range(5)]
    first, second = await make_status(db, ann.id), await make_status(db, ann.id)
    await tell(db, bus, Event(NotificationType.REBLOG, 900, people[0].id, (ann.id,), NOW, first))
    await make_mentioned(db, bus, people[1], ann)
    await make_favourited(db, bus, people[2], ann, second)
    await make_favourited(db, bus, people[3], ann, second)
    await tell(db, bus, Event(NotificationType.FOLLOW, 901, people[4].id, (ann.id,), NOW))
    return first, second


def ids(links: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    """rel to its cursor."""
    return {
        rel: " ".join(f"{k}={v[0]}" for k, v in query.items() if k.endswith("_id"))
        for rel, query in links.items()
    }


# Query, the representatives' most recent ids, what is said of g2, the links: 5.5 row by row.
WORKED = [
    ("", [5, 4, 2, 1], (2, 4, 3, 4), {"next": "max_id=1", "prev": "min_id=5"}),
    ("limit=3", [5, 4, 2], (2, 4, 3, 4), {"next": "max_id=2", "prev": "min_id=5"}),
    ("limit=2", [5, 4], (2, 4, 4, 4), {"next": "max_id=4", "prev": "min_id=5"}),
    ("limit=2&max_id=4", [3, 2], (1, 3, 3, 3), {"next": "max_id=2", "prev": "min_id=3"}),
    ("since_id=3", [5, 4], (2, 4, 4, 4), {"next": "max_id=4", "prev": "min_id=5"}),
    ("min_id=2", [5, 4], (2, 4, 3, 4), {"next": "max_id=3", "prev": "min_id=5"}),
    ("min_id=2&limit=1", [3], (1, 3, 3, 3), {"next": "max_id=3", "prev": "min_id=3"}),
    ("min_id=3", [5, 4], (2, 4, 4, 4), {"next": "max_id=4", "prev": "min_id=5"}),
]


@pytest.mark.parametrize(("query", "newest", "second", "links"), WORKED)
@pytest.mark.parametrize("version", ["v2", "v2_alpha"])
async def test_the_worked_example(
    client: Client,
    ann: Person,
    worked: tuple[int, int],
    version: str,
    query: str,
    newest: list[int],
    second: tuple[int, int, int, int],
    links: dict[str, str],
) -> None:
    """A38: count, most recent, page minimum and maximum of the group of favourites."""
    answer = await client.get(f"/api/{version}/notifications", ann, params=query)
    groups = answer.json["notification_groups"]
    assert [one["most_recent_notification_id"] for one in groups] == newest
    [group] = [one for one in groups if one["type"] == "favourite"]
    assert (
        group["notifications_count"],
        group["most_recent_notification_id"],
        int(group["page_min_id"]),
        int(group["page_max_id"]),
    ) == second
    assert ids(answer.links) == links


async def test_only_the_types_asked_for_are_grouped(
    client: Client, ann: Person, worked: tuple[int, int]
) -> None:
    """The last row of the worked example, A36."""
    answer = await client.get(PATH, ann, params="grouped_types[]=reblog")
    keys = [one["group_key"] for one in answer.json["notification_groups"]]
    assert keys == [
        "ungrouped-5", "ungrouped-4", "ungrouped-3", "ungrouped-2", f"reblog-{worked[0]}-{BUCKET}",
    ]  # fmt: skip
    flat = await client.get("/api/v1/notifications", ann)
    assert flat.json[1]["group_key"] == f"favourite-{worked[1]}-{BUCKET}"


@pytest.mark.parametrize(
    "query", ["grouped_types[]=mention", "grouped_types[]=", "grouped_types=x"]
)
async def test_naming_no_type_that_can_be_grouped_groups_nothing(
    client: Client, ann: Person, worked: tuple[int, int], query: str
) -> None:
    """A37."""
    groups = (await client.get(PATH, ann, params=query)).json["notification_groups"]
    assert [one["group_key"] for one in groups] == [f"ungrouped-{n}" for n in (5, 4, 3, 2, 1)]


async def test_a_group_has_exactly_the_keys_of_the_table(
    client: Client, ann: Person, worked: tuple[int, int]
) -> None:
    """2.3, A39."""
    body = (await client.get(PATH, ann)).json
    assert set(body) == {"accounts", "statuses", "notification_groups"}
    follow, favourite, mention, _ = body["notification_groups"]
    always = {
        "group_key", "notifications_count", "type", "most_recent_notification_id",
        "page_min_id", "page_max_id", "latest_page_notification_at", "sample_account_ids",
    }  # fmt: skip
    assert set(follow) == always
    assert set(favourite) == set(mention) == always | {"status_id"}
    assert favourite["most_recent_notification_id"] == 4
    assert favourite["page_max_id"] == "4"
    assert favourite["latest_page_notification_at"] == "2026-06-01T12:00:00.000Z"
    assert favourite["status_id"] == str(worked[1])
    named = {one for group in body["notification_groups"] for one in group["sample_account_ids"]}
    assert {one["id"] for one in body["accounts"]} == named
    assert {one["id"] for one in body["statuses"]} == {
        one["status_id"] for one in body["notification_groups"] if "status_id" in one
    }


async def test_eight_of_many_are_shown_and_all_are_listed(
    client: Client, bus: Any, ann: Person
) -> None:
    """A29, A33."""
    status_id = await make_status(client.db, ann.id)
    people = [await make_account(client.db, token=None) for _ in range(10)]
    for one in people:
        await make_favourited(client.db, bus, one, ann, status_id)
    newest_first = [str(one.id) for one in reversed(people)]
    body = (await client.get(PATH, ann)).json
    [group] = body["notification_groups"]
    assert group["notifications_count"] == 10
    assert group["sample_account_ids"] == newest_first[:8]
    assert [one["id"] for one in body["accounts"]] == newest_first[:8]
    path = f"{PATH}/{group['group_key']}/accounts"
    answer = await client.get(path, ann, params="limit=4")
    assert [one["id"] for one in answer.json] == newest_first[:4]
    assert ids(answer.links) == {"next": "max_id=7", "prev": "min_id=10"}
    rest = await client.get(path, ann, params="max_id=7")
    assert [one["id"] for one in rest.json] == newest_first[4:]
    assert set(rest.links) == {"prev"}


async def test_partial_avatars_split_the_senders(client: Client, bus: Any, ann: Person) -> None:
    """A34: the newest in full, the others with eight keys, nobody twice."""
    status_id = await make_status(client.db, ann.id)
    people = [await make_account(client.db, token=None) for _ in range(3)]
    for one in people:
        await make_favourited(client.db, bus, one, ann, status_id)
    await make_mentioned(client.db, bus, people[0], ann)
    answer = await client.get(PATH, ann, params="expand_accounts=partial_avatars")
    full = [one["id"] for one in answer.json["accounts"]]
    partial = answer.json["partial_accounts"]
    assert full == [str(people[0].id), str(people[2].id)]
    assert [one["id"] for one in partial] == [str(people[1].id)]
    assert set(partial[0]) == {
        "id", "acct", "locked", "bot", "url", "avatar", "avatar_static", "avatar_description",
    }  # fmt: skip
    assert "expand_accounts" not in answer.links["next"]
    empty = await client.get(PATH, ann, params="expand_accounts=partial_avatars&limit=0")
    assert empty.json == {
        "accounts": [], "statuses": [], "notification_groups": [], "partial_accounts": [],
    }  # fmt: skip
    assert "link" not in empty.headers


async def test_another_expansion_is_refused(client: Client, ann: Person) -> None:
    """A35."""
    answer = await client.get(PATH, ann, params="expand_accounts=x")
    assert (answer.status, answer.json) == (
        400,
        {
            "error": "Invalid value for 'expand_accounts': 'x', "
            "allowed values are 'full' and 'partial_avatars'"
        },
    )


async def test_one_group_by_its_key(client: Client, ann: Person, worked: tuple[int, int]) -> None:
    """A40, A41."""
    key = f"favourite-{worked[1]}-{BUCKET}"
    for path in (key, "ungrouped-3", "ungrouped-4"):
        [group] = (await client.get(f"{PATH}/{path}", ann)).json["notification_groups"]
        assert group["group_key"] == key
        assert group["notifications_count"] == 2
        assert not {name for name in group if name.startswith(("page_", "latest_"))}
    [alone] = (await client.get(f"{PATH}/ungrouped-2", ann)).json["notification_groups"]
    assert (alone["group_key"], alone["type"]) == ("ungrouped-2", "mention")
    for missing in ("ungrouped-99", "favourite-1-2", "x", "ungrouped-"):
        answer = await client.get(f"{PATH}/{missing}", ann)
        assert (answer.status, answer.json) == (404, {"error": "Record not found"})
        assert (await client.post(f"{PATH}/{missing}/dismiss", ann)).json == {}
        assert (await client.get(f"{PATH}/{missing}/accounts", ann)).json == []


async def test_somebody_elses_key_is_as_good_as_none(
    client: Client, db: Database, ann: Person, worked: tuple[int, int]
) -> None:
    """T04."""
    bob = await make_account(db, "bob")
    key = f"favourite-{worked[1]}-{BUCKET}"
    for path in (key, "ungrouped-2"):
        assert (await client.get(f"{PATH}/{path}", bob)).status == 404
        assert (await client.post(f"{PATH}/{path}/dismiss", bob)).json == {}
        assert (await client.get(f"{PATH}/{path}/accounts", bob)).json == []
    assert len((await client.get("/api/v1/notifications", ann)).json) == 5


async def test_dismissing_a_group_takes_all_of_it(
    client: Client, ann: Person, worked: tuple[int, int]
) -> None:
    """A42."""
    assert (await client.post(f"{PATH}/ungrouped-4/dismiss", ann)).json == {}
    key = f"favourite-{worked[1]}-{BUCKET}"
    [group] = (await client.get(f"{PATH}/{key}", ann)).json["notification_groups"]
    assert group["notifications_count"] == 1
    assert (await client.post(f"{PATH}/{key}/dismiss", ann)).json == {}
    assert (await client.get(f"{PATH}/{key}", ann)).status == 404
    assert [one["id"] for one in (await client.get("/api/v1/notifications", ann)).json] == [
        "5", "2", "1",
    ]  # fmt: skip


async def test_a_key_with_a_dot_is_routed(client: Client, bus: Any) -> None:
    """A43."""
    admin = await make_account(client.db, "root", role_id=3)
    new = await make_account(client.db, "new", token=None)
    await tell(
        client.db, bus, Event(NotificationType.ADMIN_SIGN_UP, new.id, new.id, (admin.id,), NOW)
    )
    key = f"admin.sign_up-{BUCKET}"
    [group] = (await client.get(f"{PATH}/{key}", admin)).json["notification_groups"]
    assert group["sample_account_ids"] == [str(new.id)]
    assert len((await client.get(f"{PATH}/{key}/accounts", admin)).json) == 1
    assert (await client.post(f"{PATH}/{key}/dismiss", admin)).json == {}
    assert (await client.get(f"{PATH}/{key}", admin)).status == 404


async def test_unread_counts_groups(client: Client, ann: Person, worked: tuple[int, int]) -> None:
    """A46, A47."""
    path = f"{PATH}/unread_count"
    assert (await client.get(path, ann)).json == {"count": 4}
    assert (await client.get(path, ann, params="grouped_types[]=reblog")).json == {"count": 5}
    assert (await client.get(path, ann, params="limit=2")).json == {"count": 2}
    assert (await client.get(path, ann, params="types[]=favourite")).json == {"count": 1}
    await client.post("/api/v1/markers", ann, json={"notifications": {"last_read_id": "3"}})
    assert (await client.get(path, ann)).json == {"count": 2}


async def test_account_id_is_honoured(client: Client, ann: Person, worked: tuple[int, int]) -> None:
    """What the documentation promises (B-1)."""
    sender = (await client.get("/api/v1/notifications/3", ann)).json["account"]["id"]
    answer = await client.get(PATH, ann, params={"account_id": sender})
    [group] = answer.json["notification_groups"]
    assert group["group_key"] == f"favourite-{worked[1]}-{BUCKET}"
    assert (await client.get(f"{PATH}/unread_count", ann, params={"account_id": sender})).json == {
        "count": 1
    }
    assert (await client.get(PATH, ann, params="account_id=77")).json["notification_groups"] == []


async def test_a_page_costs_a_fixed_number_of_queries(
    client: Client, ann: Person, worked: tuple[int, int]
) -> None:
    """Token, groups, cut groups, lowest, counts and senders, then the load of statuses.

    And first of all, on PostgreSQL, whether anything was committed.
    """
    asked = int(client.db.engine == "postgres")
    for query, most in (("", 8), ("limit=2", 9), ("max_id=4", 11), ("min_id=3&limit=1", 11)):
        with query_budget(client.db, asked + most):
            await client.get(PATH, ann, params=query)


async def test_a_suspended_member_still_counts_but_never_represents(
    client: Client, ann: Person, worked: tuple[int, int]
) -> None:
    """A44, pinned as the original has it."""
    newest = (await client.get("/api/v1/notifications/4", ann)).json["account"]["id"]
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, int(newest))
    answer = await client.get(PATH, ann)
    group = answer.json["notification_groups"][1]
    assert (group["notifications_count"], group["type"]) == (2, "favourite")
    assert ids((await client.get(PATH, ann, params="limit=2")).links)["next"] == "max_id=3"
