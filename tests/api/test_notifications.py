"""The list of notifications: cursors, parameters, single rows (notifications.md 1, A1 to A28)."""

from __future__ import annotations

from typing import Any

import pytest

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
    make_token,
    tell,
)
from tests.fixtures import query_budget
from tests.helpers import Answer, Client

PATH = "/api/v1/notifications"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose notifications we look at."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who causes them."""
    return await make_account(db, "bob")


async def favourites(db: Database, bus: Any, ann: Person, count: int) -> list[int]:
    """So many favourites by as many people of one status; the notifications' ids, rising."""
    status_id = await make_status(db, ann.id)
    for _ in range(count):
        await make_favourited(db, bus, await make_account(db, token=None), ann, status_id)
    rows = await db.fetch("SELECT id FROM notifications WHERE account_id = $1 ORDER BY id", ann.id)
    return [row[0] for row in rows]


def listed(answer: Answer) -> list[int]:
    """The ids on a page."""
    assert answer.status == 200, answer
    return [int(one["id"]) for one in answer.json]


async def test_a_favourite_is_listed_with_its_sender_and_status(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, ann.id, "nice day")
    await make_favourited(client.db, bus, bob, ann, status_id)
    [one] = (await client.get(PATH, ann)).json
    assert one["type"] == "favourite"
    assert one["account"]["acct"] == "bob"
    assert one["status"]["id"] == str(status_id)
    assert one["status"]["content"] == "<p>nice day</p>"
    assert one["status"]["favourited"] is False
    assert one["created_at"] == "2026-06-01T12:00:00.000Z"
    assert one["group_key"] == f"favourite-{status_id}-{NOW // 3_600_000}"
    assert "filtered" not in one
    assert set(one) == {"id", "type", "created_at", "group_key", "account", "status"}


async def test_a_type_without_a_status_has_no_such_key(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    await tell(client.db, bus, Event(NotificationType.FOLLOW, 1, bob.id, (ann.id,), NOW))
    [one] = (await client.get(PATH, ann)).json
    assert set(one) == {"id", "type", "created_at", "group_key", "account"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "10 9 8 7 6 5 4 3 2 1"),
        ("limit=3", "10 9 8"),
        ("max_id=4", "3 2 1"),
        ("since_id=7", "10 9 8"),
        ("since_id=2&limit=3", "10 9 8"),
        ("min_id=2&limit=3", "5 4 3"),
        ("min_id=2&max_id=9&limit=3", "5 4 3"),
        ("min_id=6&since_id=1", "10 9 8 7"),
        ("min_id=6&since_id=9", "10 9 8 7"),
        ("since_id=3&max_id=6", "5 4"),
        ("max_id=&since_id=&min_id=", "10 9 8 7 6 5 4 3 2 1"),
        ("max_id=abc", ""),
        ("min_id=abc&limit=2", "2 1"),
        ("since_id=abc&limit=2", "10 9"),
        ("max_id=4abc", "3 2 1"),
        ("limit=0", ""),
        ("limit=", ""),
        ("limit=abc", ""),
        ("limit=-2", "10 9"),
        ("limit=1000", "10 9 8 7 6 5 4 3 2 1"),
        ("limit=2.9", "10 9"),
        ("max_id=99999999999999999999999999", "10 9 8 7 6 5 4 3 2 1"),
        ("since_id=99999999999999999999999999", ""),
        ("min_id=-5&limit=2", "2 1"),
        ("limit=%D9%A3", ""),
        ("unknown=1&limit=1", "10"),
        ("types[]=favourite&limit=2", "10 9"),
        ("types[0]=favourite&limit=2", "10 9"),
        ("types=favourite&limit=2", "10 9"),
        ("types=mention", ""),
        ("types[]=", ""),
        ("types=&limit=1", "10"),
        ("types[]=admin.signup", ""),
        ("types[]=admin.signup&types[]=favourite&limit=1", "10"),
        ("exclude_types[]=nonsense&limit=1", "10"),
        ("exclude_types[]=&limit=1", "10"),
        ("exclude_types[]=favourite", ""),
        ("types[]=favourite&exclude_types[]=favourite", ""),
        ("exclude_types[]=mention&limit=2", "10 9"),
        ("exclude_types[]=mention&min_id=3&limit=2", "5 4"),
        ("account_id=", "10 9 8 7 6 5 4 3 2 1"),
        ("account_id=999", ""),
        ("account_id=abc", ""),
    ],
)
async def test_a_page_holds_what_its_parameters_say(
    client: Client, bus: Any, ann: Person, query: str, expected: str
) -> None:
    """A8 to A15, A19; the ids are those of ten rows."""
    ids = await favourites(client.db, bus, ann, 10)
    assert ids == list(range(1, 11))
    answer = await client.get(PATH, ann, params=query)
    assert listed(answer) == [int(number) for number in expected.split()]
    assert ("link" in answer.headers) == bool(expected)


async def test_links_repeat_the_parameters_and_no_other_cursor(
    client: Client, bus: Any, ann: Person
) -> None:
    """A17: sorted keys, encoded brackets, next before prev."""
    await favourites(client.db, bus, ann, 3)
    query = "types[]=favourite&types[]=mention&limit=2&since_id=1&exclude_types[]=poll"
    answer = await client.get(PATH, ann, params=query)
    kept = "exclude_types%5B%5D=poll&limit=2"
    types = "types%5B%5D=favourite&types%5B%5D=mention"
    base = f"https://stentor.example{PATH}"
    assert answer.headers["link"] == (
        f'<{base}?{kept}&max_id=2&{types}>; rel="next", '
        f'<{base}?{kept}&min_id=3&{types}>; rel="prev"'
    )


async def test_the_last_page_still_links_on_and_leads_to_an_empty_one(
    client: Client, bus: Any, ann: Person
) -> None:
    """A16."""
    await favourites(client.db, bus, ann, 2)
    answer = await client.get(PATH, ann)
    assert answer.links["next"] == {"max_id": ["1"]}
    after = await client.get(PATH, ann, params="max_id=1")
    assert after.json == []
    assert "link" not in after.headers


async def test_a_named_sender_shows_what_is_filtered(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    """A18: a direct message out of the blue is filtered by default."""
    await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    assert listed(await client.get(PATH, ann)) == []
    [one] = (await client.get(PATH, ann, params={"account_id": bob.id})).json
    assert one["filtered"] is True
    assert one["group_key"] == f"ungrouped-{one['id']}"
    for query in ("include_filtered=true", "include_filtered=1&types[]=mention"):
        assert listed(await client.get(PATH, ann, params=query)) == [int(one["id"])]


async def test_a_page_costs_the_same_number_of_queries_whatever_it_holds(
    client: Client, bus: Any, ann: Person
) -> None:
    """Token, page, marks; of statuses and accounts the versions, then what is not known.

    And first of all, on PostgreSQL, whether anything was committed.
    """
    for _ in range(3):
        await favourites(client.db, bus, ann, 4)
    with query_budget(client.db, 9):
        assert len(listed(await client.get(PATH, ann))) == 12
    with query_budget(client.db, 8):
        assert len(listed(await client.get(PATH, ann, params="types[]=favourite"))) == 12


async def test_a_suspended_sender_vanishes_and_comes_back(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    """A22, A23."""
    status_id = await make_status(client.db, ann.id)
    await make_favourited(client.db, bus, bob, ann, status_id)
    set_suspended = "UPDATE accounts SET suspended_at = $1 WHERE id = $2"
    async with client.db.transaction() as tx:
        await tx.run(set_suspended, NOW, bob.id)
    assert listed(await client.get(PATH, ann)) == []
    assert (await client.get(f"{PATH}/1", ann)).status == 404
    assert (await client.get(f"{PATH}/unread_count", ann)).json == {"count": 0}
    async with client.db.transaction() as tx:
        await tx.run(set_suspended, None, bob.id)
    assert listed(await client.get(PATH, ann)) == [1]
    async with client.db.transaction() as tx:
        await tx.run(set_suspended, NOW, bob.id)
    assert (await client.post(f"{PATH}/1/dismiss", ann)).json == {}


async def test_the_status_is_judged_when_it_is_read(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    """T06: a sender who blocks the reader afterwards is not read any more."""
    await make_mentioned(client.db, bus, bob, ann)
    assert (await client.get(f"{PATH}/1", ann)).json["status"]["account"]["acct"] == "bob"
    await insert(client.db, "blocks", account_id=bob.id, target_account_id=ann.id, created_at=NOW)
    assert (await client.get(f"{PATH}/1", ann)).json["status"] is None


@pytest.mark.parametrize("path", [PATH, f"{PATH}/1", "/api/v1/notification/1"])
async def test_nobody_sees_what_is_somebody_elses(
    client: Client, bus: Any, ann: Person, bob: Person, path: str
) -> None:
    """A21, T02: foreign and missing answer alike, to the byte."""
    await favourites(client.db, bus, ann, 1)
    foreign = await client.get(path, bob)
    if path == PATH:
        assert foreign.json == []
    else:
        missing = await client.get(path.replace("/1", "/77"), bob)
        assert (foreign.status, foreign.json) == (404, {"error": "Record not found"})
        assert foreign.whole == missing.whole
    assert len(listed(await client.get(PATH, ann))) == 1


@pytest.mark.parametrize(
    ("number", "status"),
    [("1", 200), ("1abc", 200), ("abc", 404), ("0", 404), ("-1", 404), ("9" * 40, 404)],
)
async def test_show_reads_the_integer_prefix(
    client: Client, bus: Any, ann: Person, number: str, status: int
) -> None:
    await favourites(client.db, bus, ann, 1)
    assert (await client.get(f"{PATH}/{number}", ann)).status == status


async def test_dismiss_removes_one_and_only_once(client: Client, bus: Any, ann: Person) -> None:
    """A24."""
    await favourites(client.db, bus, ann, 3)
    answer = await client.post(f"{PATH}/2/dismiss", ann)
    assert (answer.status, answer.json) == (200, {})
    again = await client.post(f"{PATH}/2/dismiss", ann)
    assert (again.status, again.json) == (404, {"error": "Record not found"})
    assert listed(await client.get(PATH, ann)) == [3, 1]


@pytest.mark.parametrize("sent", [{"params": {"id": "2"}}, {"form": {"id": "2"}}])
async def test_the_old_dismiss_takes_the_id_as_a_parameter(
    client: Client, bus: Any, ann: Person, sent: dict[str, Any]
) -> None:
    """A25, in its compatible form."""
    await favourites(client.db, bus, ann, 2)
    assert (await client.post(f"{PATH}/dismiss", ann, **sent)).json == {}
    assert listed(await client.get(PATH, ann)) == [1]
    assert (await client.post(f"{PATH}/dismiss", ann, **sent)).status == 404
    assert (await client.post(f"{PATH}/dismiss", ann)).status == 404


async def test_a_stranger_can_neither_dismiss_nor_clear(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    await favourites(client.db, bus, ann, 2)
    assert (await client.post(f"{PATH}/1/dismiss", bob)).status == 404
    assert (await client.post(f"{PATH}/clear", bob)).json == {}
    assert listed(await client.get(PATH, ann)) == [2, 1]


async def test_clear_takes_everything_with_requests_and_groups(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    """A76: no request may advertise what is gone."""
    await favourites(client.db, bus, ann, 3)
    await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    assert await client.db.fetch_value("SELECT count(*) FROM notification_requests") == 1
    assert (await client.post(f"{PATH}/clear", ann)).json == {}
    assert listed(await client.get(PATH, ann, params="include_filtered=true")) == []
    for table in ("notifications", "notification_groups", "notification_requests"):
        assert await client.db.fetch_value(f"SELECT count(*) FROM {table}") == 0
    assert (await client.post(f"{PATH}/clear", ann)).json == {}


async def test_unread_counts_what_is_above_the_marker(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    """A12, A47."""
    await favourites(client.db, bus, ann, 5)
    path = f"{PATH}/unread_count"
    assert (await client.get(path, ann)).json == {"count": 5}
    assert (await client.get(path, ann, params="limit=3")).json == {"count": 3}
    assert (await client.get(path, ann, params="limit=0")).json == {"count": 0}
    assert (await client.get(path, ann, params="limit=5000")).json == {"count": 5}
    assert (await client.get(path, ann, params="types[]=mention")).json == {"count": 0}
    marker = {"notifications": {"last_read_id": "4"}}
    assert (await client.post("/api/v1/markers", ann, json=marker)).status == 200
    assert (await client.get(path, ann)).json == {"count": 1}
    assert (await client.get(path, bob)).json == {"count": 0}


READ = {"read", "read:notifications"}
WRITE = {"write", "write:notifications"}


@pytest.mark.parametrize(
    ("method", "path", "accepted"),
    [
        ("GET", PATH, READ),
        ("GET", f"{PATH}/1", READ),
        ("GET", f"{PATH}/unread_count", READ),
        ("POST", f"{PATH}/clear", WRITE),
        ("POST", f"{PATH}/1/dismiss", WRITE),
        ("POST", f"{PATH}/dismiss?id=1", WRITE),
        ("GET", "/api/v1/markers", {"read", "read:statuses"}),
        ("POST", "/api/v1/markers", {"write", "write:statuses"}),
    ],
)
async def test_only_the_named_scopes_open_an_endpoint(
    client: Client, bus: Any, ann: Person, method: str, path: str, accepted: set[str]
) -> None:
    """A3, A6 and reliability 2b."""
    await favourites(client.db, bus, ann, 1)
    path, _, query = path.partition("?")
    for scope in sorted({*READ, *WRITE, "read:statuses", "write:statuses", "follow", "push",
                         "profile", "admin:read"}):  # fmt: skip
        token = await make_token(client.db, ann.id, scope)
        answer = await client.request(method, path, token, params=query)
        if scope in accepted:
            assert answer.status in (200, 404), (scope, answer)
        else:
            assert answer.status == 403, (scope, answer)
            assert answer.json == {"error": "This action is outside the authorized scopes"}


async def test_the_ladder_of_tokens(client: Client, ann: Person) -> None:
    """A1, A2, A4, A5: one answer for each state, the earlier rung first."""
    cases: list[tuple[dict[str, Any], dict[str, Any], int, str]] = [
        ({}, {"revoked_at": NOW}, 401, "The access token was revoked"),
        ({}, {"expires_at": NOW}, 401, "The access token expired"),
        ({}, {"expires_at": NOW, "revoked_at": NOW}, 401, "The access token was revoked"),
        ({"user": {"confirmed_at": None}}, {}, 403,
         "Your login is missing a confirmed e-mail address"),
        ({"user": {"approved": False}}, {}, 403, "Your login is currently pending approval"),
        ({"user": {"disabled": True}}, {}, 403, "Your login is currently disabled"),
        ({"suspended_at": NOW}, {}, 403, "Your login is currently disabled"),
        ({"deletion_requested_at": NOW}, {}, 403, "Your login is currently disabled"),
        ({"memorial": True}, {}, 403, "Your login is currently disabled"),
    ]  # fmt: skip
    for account, token, status, text in cases:
        person = await make_account(client.db, token=None, **account)
        secret = await make_token(client.db, person.id, **token)
        answer = await client.get(PATH, secret)
        assert (answer.status, answer.json) == (status, {"error": text}), (account, token)
        assert ("www-authenticate" in answer.headers) == (status == 401)
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = await client.get(PATH, headers=headers)
        assert (answer.status, answer.json) == (401, {"error": "The access token is invalid"})
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    app = await make_token(client.db, None, "read")
    answer = await client.get(PATH, app)
    assert answer.json == {"error": "This method requires an authenticated user"}
    assert answer.status == 422
    wrong = await make_token(client.db, None, "write")
    assert (await client.get(PATH, wrong)).status == 403


async def test_the_token_may_come_as_a_parameter(client: Client, ann: Person) -> None:
    """A7."""
    for query in ({"access_token": ann.token}, {"bearer_token": ann.token}):
        assert (await client.get(PATH, params=query)).status == 200
    boundary = "xx"
    fields = {"bearer_token": ann.token, "home[last_read_id]": "3"}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    answer = await client.post(
        "/api/v1/markers",
        body=f"{body}--{boundary}--\r\n",
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status == 200
    assert answer.json["home"]["last_read_id"] == "3"
