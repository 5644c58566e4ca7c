"""/api/v2/filters (surroundings B2.3, C12.3, D1, D4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.domain import limits
from stentor.store.database import Database
from stentor.streaming.bus import News
from tests.factories import Person, insert, make_account, make_status
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Answer, Client, Clock

PATH = "/api/v2/filters"
NOT_FOUND = (404, {"error": "Record not found"})


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose filters they are."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Somebody else."""
    return await make_account(db, "bob")


async def made(client: Client, owner: Person, *keywords: Any, **params: Any) -> dict[str, Any]:
    """A filter of whole words."""
    sent = {
        "title": "Title",
        "context": ["home"],
        "keywords_attributes": [{"keyword": one, "whole_word": True} for one in keywords],
        **params,
    }
    answer = await client.post(PATH, owner, json=sent)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.json
    return body


def words(body: dict[str, Any]) -> list[str]:
    """What a filter looks for."""
    return [one["keyword"] for one in body["keywords"]]


def refused(answer: Answer) -> str:
    """What a 422 says after its prefix."""
    assert answer.status == 422, answer
    return str(answer.json["error"]).removeprefix("Validation failed: ")


async def test_a_filter_is_made_shown_changed_and_deleted(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    assert (await client.get(PATH, ann)).json == []
    one = await made(client, ann, "bad", "worse")
    ids = [keyword["id"] for keyword in one["keywords"]]
    assert one == {
        "id": one["id"],
        "title": "Title",
        "context": ["home"],
        "expires_at": None,
        "filter_action": "warn",
        "keywords": [
            {"id": ids[0], "keyword": "bad", "whole_word": True},
            {"id": ids[1], "keyword": "worse", "whole_word": True},
        ],
        "statuses": [],
    }
    assert all(isinstance(value, str) for value in (one["id"], *ids))
    at = f"{PATH}/{one['id']}"
    assert (await client.get(PATH, ann)).json == [one]
    assert (await client.get(at, ann)).json == one
    answer = await client.put(at, ann, form={"filter_action": "blur", "expires_in": "60"})
    one |= {"filter_action": "blur", "expires_at": "2026-06-01T12:01:00.000Z"}
    assert answer.json == one
    answer = await client.put(at, ann, json={"title": " New ", "context": ["thread", "account"]})
    one |= {"title": "New", "context": ["thread", "account"]}
    assert answer.json == one
    assert (await client.get(at, ann)).json == one
    assert (await client.delete(at, ann)).json == {}
    assert (await client.get(PATH, ann)).json == []
    for method in ("GET", "PUT", "DELETE"):
        answer = await client.request(method, at, ann)
        assert (answer.status, answer.json) == NOT_FOUND
    assert bus.news == [News(ann.id, "filters_changed", int(one["id"]))] * 4


ALL = ["home", "notifications", "public", "thread", "account"]


@pytest.mark.parametrize("action", ["warn", "hide", "blur"])
@pytest.mark.parametrize("contexts", [*([one] for one in ALL), ALL, ALL[::-1]])
async def test_every_context_and_every_action_is_kept(
    client: Client, ann: Person, contexts: list[str], action: str
) -> None:
    one = await made(client, ann, context=contexts, filter_action=action)
    assert (one["context"], one["filter_action"]) == (contexts, action)
    assert (await client.get(PATH, ann)).json == [one]


SHAPES: dict[str, dict[str, Any]] = {
    "array in JSON": {
        "json": {
            "title": "T",
            "context": ["home", "public"],
            "keywords_attributes": [{"keyword": "a", "whole_word": False}, {"keyword": "b"}],
        }
    },
    "index map in JSON": {
        "json": {
            "title": "T",
            "context": {"0": "home", "1": "public"},
            "keywords_attributes": {
                "0": {"keyword": "a", "whole_word": "0"},
                "1": {"keyword": "b"},
            },
        }
    },
    "array in a form": {
        "form": [
            ("title", "T"), ("context[]", "home"), ("context[]", "public"),
            ("keywords_attributes[][keyword]", "a"), ("keywords_attributes[][whole_word]", "f"),
            ("keywords_attributes[][keyword]", "b"),
        ]
    },
    "index map in a form": {
        "form": [
            ("title", "T"), ("context[0]", "home"), ("context[1]", "public"),
            ("keywords_attributes[1][keyword]", "b"), ("keywords_attributes[0][keyword]", "a"),
            ("keywords_attributes[0][whole_word]", "False"),
        ]
    },
    "query": {
        "params": [
            ("title", "T"), ("context[]", "home"), ("context[]", "public"),
            ("keywords_attributes[][keyword]", "a"), ("keywords_attributes[][whole_word]", "off"),
            ("keywords_attributes[][keyword]", "b"),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_filter_arrives_in_any_shape(client: Client, ann: Person, shape: str) -> None:
    one = (await client.post(PATH, ann, **SHAPES[shape])).json
    assert one["context"] == ["home", "public"]
    assert [(key["keyword"], key["whole_word"]) for key in one["keywords"]] == [
        ("a", False),
        ("b", True),
    ]


@pytest.mark.parametrize("indexed", [False, True])
async def test_keywords_are_added_changed_and_removed_with_their_filter(
    client: Client, ann: Person, *, indexed: bool
) -> None:
    one = await made(client, ann, "a", "b", "c")
    first, second, third = (key["id"] for key in one["keywords"])
    changes: Any = [
        {"id": first, "_destroy": True},
        {"id": int(second), "keyword": "B", "whole_word": False},
        {"id": third, "_destroy": "0"},
        {"keyword": "d"},
        {"keyword": "never", "_destroy": "1"},
    ]
    if indexed:
        changes = {str(number): change for number, change in enumerate(changes)}
    answer = await client.put(f"{PATH}/{one['id']}", ann, json={"keywords_attributes": changes})
    assert [(key["id"], key["keyword"], key["whole_word"]) for key in answer.json["keywords"]] == [
        (second, "B", False),
        (third, "c", True),
        (answer.json["keywords"][2]["id"], "d", True),
    ]
    assert (await client.get(f"{PATH}/{one['id']}", ann)).json == answer.json


async def test_a_change_of_keywords_is_done_whole_or_not_at_all(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    one, foreign = await made(client, ann, "a", "b"), await made(client, bob, "x")
    other = await made(client, ann, "y")
    bus.news.clear()
    first, at = one["keywords"][0]["id"], f"{PATH}/{one['id']}"
    for stranger in (foreign["keywords"][0]["id"], other["keywords"][0]["id"], "0", "nope", "999"):
        for last in ({"id": stranger, "keyword": "z"}, {"id": stranger, "_destroy": True}):
            sent = {"title": "New", "keywords_attributes": [{"id": first, "_destroy": "1"}, last]}
            answer = await client.put(at, ann, json=sent)
            assert (answer.status, answer.json) == NOT_FOUND
    sent = {"keywords_attributes": [{"id": first, "_destroy": True}, {"keyword": "x" * 513}]}
    assert "too long" in refused(await client.put(at, ann, json=sent))
    assert (await client.get(PATH, ann)).json == [one, other]
    assert (await client.get(PATH, bob)).json == [foreign]
    assert bus.news == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {},
        "Title can't be blank, Context can't be blank, Context None or invalid context supplied",
    ),
    ({"title": "T"}, "Context can't be blank, Context None or invalid context supplied"),
    (
        {"title": "T", "context": ["", " "]},
        "Context can't be blank, Context None or invalid context supplied",
    ),
    ({"title": "T", "context": ["home", "away"]}, "Context None or invalid context supplied"),
    ({"title": " ", "context": ["home"]}, "Title can't be blank"),
    ({"title": None, "context": "home"}, "Title can't be blank"),
    (
        {"title": "x" * 257, "context": ["home"]},
        "Title is too long (maximum is 256 characters)",
    ),
    (
        {"title": "e" + "\u0301" * 60_000, "context": ["home"]},
        "Title is too long (maximum is 256 characters)",
    ),
    (
        {"title": "T", "context": ["home"], "filter_action": "drop"},
        "Action is not included in the list",
    ),
    (
        {"title": "T", "context": ["home"], "keywords_attributes": [{"keyword": " "}]},
        "Keywords keyword can't be blank",
    ),
    (
        {"title": "T", "context": ["home"], "keywords_attributes": [{}]},
        "Keywords keyword can't be blank",
    ),
    (
        {"title": "T", "context": ["home"], "keywords_attributes": [{"keyword": "x" * 513}]},
        "Keywords keyword is too long (maximum is 512 characters)",
    ),
]


@pytest.mark.parametrize(("sent", "problem"), REFUSED)
async def test_what_is_wrong_is_said_and_nothing_is_kept(
    client: Client, bus: RecordingBus, ann: Person, sent: dict[str, Any], problem: str
) -> None:
    assert refused(await client.post(PATH, ann, json=sent)) == problem
    assert (await client.get(PATH, ann)).json == []
    assert bus.news == []


async def test_a_change_is_checked_as_a_new_filter_is(client: Client, ann: Person) -> None:
    one = await made(client, ann, "a")
    at = f"{PATH}/{one['id']}"
    blank = "Context can't be blank, Context None or invalid context supplied"
    for sent, problem in (
        ({"title": ""}, "Title can't be blank"),
        ({"context": []}, blank),
        ({"context": None}, blank),
        ({"context": ["x"]}, "Context None or invalid context supplied"),
        ({"filter_action": "x"}, "Action is not included in the list"),
    ):
        assert refused(await client.put(at, ann, json=sent)) == problem
    for nothing in ({}, {"title": None}, {"filter_action": ""}, {"keywords_attributes": ["x", 5]}):
        assert (await client.put(at, ann, json=nothing)).json == one
    assert (await client.get(at, ann)).json == one


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, None),
        ({"expires_in": None}, None),
        ({"expires_in": ""}, None),
        ({"expires_in": 3600}, "2026-06-01T13:00:00.000Z"),
        ({"expires_in": "86400"}, "2026-06-02T12:00:00.000Z"),
        ({"expires_in": 60.0}, "2026-06-01T12:01:00.000Z"),
        ({"expires_in": 0}, "2026-06-01T12:00:00.000Z"),
        ({"expires_in": -1}, "2026-06-01T12:00:00.000Z"),
        ({"expires_in": "soon"}, "2026-06-01T12:00:00.000Z"),
        ({"expires_in": "9" * 60}, "2126-08-16T12:00:00.000Z"),
    ],
)
async def test_a_filter_lives_so_many_seconds(
    client: Client, ann: Person, sent: dict[str, Any], expected: str | None
) -> None:
    one = await made(client, ann, **sent)
    assert one["expires_at"] == expected
    assert (await client.get(PATH, ann)).json == [one]


async def test_an_end_stays_until_it_is_sent_again(
    client: Client, clock: Clock, ann: Person
) -> None:
    one = await made(client, ann, expires_in=60)
    at = f"{PATH}/{one['id']}"
    clock.advance(hours=1)
    assert (await client.put(at, ann, json={"title": "New"})).json["expires_at"] == (
        one["expires_at"]
    )
    assert (await client.get(at, ann)).status == 200  # an expired filter can be renewed
    again = await client.put(at, ann, json={"expires_in": 60})
    assert again.json["expires_at"] == "2026-06-01T13:01:00.000Z"
    for blank in ({"expires_in": ""}, {"expires_in": None}):
        assert (await client.put(at, ann, json=blank)).json["expires_at"] is None


# --- Keywords --------------------------------------------------------------------------------


async def test_a_keyword_is_added_shown_changed_and_removed(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    one = await made(client, ann)
    bus.news.clear()
    answer = await client.post(f"{PATH}/{one['id']}/keywords", ann, json={"keyword": " a b "})
    keyword = {"id": answer.json["id"], "keyword": " a b ", "whole_word": True}
    assert answer.json == keyword
    at = f"{PATH}/keywords/{keyword['id']}"
    assert (await client.get(f"{PATH}/{one['id']}/keywords", ann)).json == [keyword]
    assert (await client.get(at, ann)).json == keyword
    assert (await client.get(f"{PATH}/{one['id']}", ann)).json["keywords"] == [keyword]
    answer = await client.put(at, ann, form={"whole_word": "false"})
    assert answer.json == keyword | {"whole_word": False}
    answer = await client.put(at, ann, json={"keyword": "c"})
    assert answer.json == {"id": keyword["id"], "keyword": "c", "whole_word": False}
    assert (await client.get(at, ann)).json == answer.json
    assert (await client.delete(at, ann)).json == {}
    assert (await client.get(f"{PATH}/{one['id']}/keywords", ann)).json == []
    for method in ("GET", "PUT", "DELETE"):
        gone = await client.request(method, at, ann, json={"keyword": "d"})
        assert (gone.status, gone.json) == NOT_FOUND
    assert bus.news == [News(ann.id, "filters_changed", int(one["id"]))] * 4


@pytest.mark.parametrize(
    ("keyword", "problem"),
    [
        (None, "Keyword can't be blank"),
        ("", "Keyword can't be blank"),
        ("\0 \n", "Keyword can't be blank"),
        ("x" * 513, "Keyword is too long (maximum is 512 characters)"),
    ],
)
async def test_a_keyword_is_neither_blank_nor_long(
    client: Client, ann: Person, keyword: str | None, problem: str
) -> None:
    one = await made(client, ann, "a")
    path = f"{PATH}/{one['id']}/keywords"
    assert refused(await client.post(path, ann, json={"keyword": keyword})) == problem
    if keyword is not None:
        at = f"{PATH}/keywords/{one['keywords'][0]['id']}"
        assert refused(await client.put(at, ann, json={"keyword": keyword})) == problem
    assert (await client.get(PATH, ann)).json == [one]


# --- Statuses --------------------------------------------------------------------------------


async def test_a_status_is_named_shown_and_forgotten(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id)
    one = await made(client, ann)
    bus.news.clear()
    path = f"{PATH}/{one['id']}/statuses"
    named = (await client.post(path, ann, json={"status_id": str(status_id)})).json
    assert named == {"id": named["id"], "status_id": str(status_id)}
    at = f"{PATH}/statuses/{named['id']}"
    assert (await client.get(path, ann)).json == [named]
    assert (await client.get(at, ann)).json == named
    assert (await client.get(f"{PATH}/{one['id']}", ann)).json["statuses"] == [named]
    again = await client.post(path, ann, form={"status_id": status_id})
    assert refused(again) == "Status has already been taken"
    assert (await client.delete(at, ann)).json == {}
    assert (await client.get(path, ann)).json == []
    for method in ("GET", "DELETE"):
        gone = await client.request(method, at, ann)
        assert (gone.status, gone.json) == NOT_FOUND
    assert bus.news == [News(ann.id, "filters_changed", int(one["id"]))] * 2


@pytest.mark.parametrize("sent", [{}, {"status_id": ""}, {"status_id": "x"}, {"status_id": "17"}])
async def test_a_status_that_is_none_cannot_be_named(
    client: Client, ann: Person, sent: dict[str, str]
) -> None:
    one = await made(client, ann)
    answer = await client.post(f"{PATH}/{one['id']}/statuses", ann, json=sent)
    assert (answer.status, answer.json) == NOT_FOUND


async def test_a_hidden_status_is_named_no_more_than_a_missing_one(
    client: Client, ann: Person, bob: Person
) -> None:
    one = await made(client, ann)
    for visibility in ("private", "direct"):
        status_id = await make_status(client.db, bob.id, visibility=visibility)
        sent = {"status_id": str(status_id)}
        answer = await client.post(f"{PATH}/{one['id']}/statuses", ann, json=sent)
        assert (answer.status, answer.json) == NOT_FOUND


async def test_a_status_that_is_deleted_leaves_the_filters(
    client: Client, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id)
    one = await made(client, ann)
    sent = {"status_id": str(status_id)}
    assert (await client.post(f"{PATH}/{one['id']}/statuses", ann, json=sent)).status == 200
    assert (await client.delete(f"/api/v1/statuses/{status_id}", bob)).status == 200
    assert (await client.get(PATH, ann)).json == [one]


# --- Whose they are --------------------------------------------------------------------------


async def test_nobody_reaches_the_filters_of_somebody_else(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, ann.id)
    one = await made(client, ann, "secret")
    named = await client.post(f"{PATH}/{one['id']}/statuses", ann, json={"status_id": status_id})
    before = (await client.get(PATH, ann)).json
    bus.news.clear()
    sent = {"title": "x", "context": ["home"], "keyword": "x", "status_id": str(status_id)}
    keyword_id = one["keywords"][0]["id"]
    reached = [
        *((method, "/{}", one["id"]) for method in ("GET", "PUT", "DELETE")),
        *((method, "/{}/keywords", one["id"]) for method in ("GET", "POST")),
        *((method, "/{}/statuses", one["id"]) for method in ("GET", "POST")),
        *((method, "/keywords/{}", keyword_id) for method in ("GET", "PUT", "DELETE")),
        *((method, "/statuses/{}", named.json["id"]) for method in ("GET", "DELETE")),
    ]
    for method, path, existing in reached:
        for tried in (existing, "99999", "none", "0", "-1", "9" * 30):
            body = None if method == "GET" else sent
            answer = await client.request(method, PATH + path.format(tried), bob, json=body)
            assert (answer.status, answer.json) == NOT_FOUND, (method, path, tried)
    assert (await client.get(PATH, ann)).json == before
    assert (await client.get(PATH, bob)).json == []
    assert bus.news == []


async def test_limits_hold_also_when_many_ask_at_once(
    client: Client, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILTERS", 3)
    monkeypatch.setattr(limits, "FILTER_KEYWORDS", 5)
    monkeypatch.setattr(limits, "FILTER_STATUSES", 2)
    sent = {"title": "T", "context": ["home"], "keywords_attributes": [{"keyword": "a"}]}
    answers = await asyncio.gather(*(client.post(PATH, ann, json=sent) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 422, 422]
    assert refused(max(answers, key=lambda one: one.status)) == (
        "You have reached the maximum number of filters"
    )
    one = (await client.get(PATH, ann)).json[0]
    at = f"{PATH}/{one['id']}"
    full = "You have reached the maximum number of filtered keywords"
    more = {"keywords_attributes": [{"keyword": "b"}] * 3}
    assert refused(await client.put(at, ann, json=more)) == full
    more["keywords_attributes"].append({"id": one["keywords"][0]["id"], "_destroy": "1"})
    assert words((await client.put(at, ann, json=more)).json) == ["b", "b", "b"]
    assert refused(await client.post(f"{at}/keywords", ann, json={"keyword": "c"})) == full
    for status in (200, 200, 422):
        named = {"status_id": str(await make_status(client.db, bob.id))}
        assert (await client.post(f"{at}/statuses", ann, json=named)).status == status
    assert (await client.post(PATH, bob, json=sent)).status == 200


async def test_all_filters_are_read_at_once(client: Client, ann: Person) -> None:
    for n in range(5):
        await made(client, ann, *(f"word{m}" for m in range(n)))
    with query_budget(client.db, 2):  # token · filters with keywords and statuses
        answer = await client.get(PATH, ann)
    assert [len(one["keywords"]) for one in answer.json] == [0, 1, 2, 3, 4]


SCOPES = {
    "read": {"GET"}, "read:filters": {"GET"}, "write": {"POST", "PUT", "DELETE"},
    "write:filters": {"POST", "PUT", "DELETE"}, "read:statuses write:statuses": set(),
}  # fmt: skip


@pytest.mark.parametrize("scopes", SCOPES)
async def test_filters_have_scopes_of_their_own(db: Database, client: Client, scopes: str) -> None:
    person = await make_account(db, "carl", token=scopes)
    for path in (
        PATH,
        f"{PATH}/1",
        f"{PATH}/1/keywords",
        f"{PATH}/keywords/1",
        "/api/v1/filters/1",
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            anonymous = await client.request(method, path)
            if anonymous.status == 404:
                continue  # no such verb here
            assert anonymous.status == 401
            answer = await client.request(method, path, person)
            assert (answer.status != 403) == (method in SCOPES[scopes]), (method, path)


async def test_filters_go_with_their_account(client: Client, ann: Person, bob: Person) -> None:
    status_id = await make_status(client.db, bob.id)
    one = await made(client, ann, "a")
    await insert(client.db, "filter_statuses", filter_id=int(one["id"]), status_id=status_id)
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM accounts WHERE id = $1", ann.id)
    for table in ("filters", "filter_keywords", "filter_statuses"):
        assert await client.db.fetch_value(f"SELECT count(*) FROM {table}") == 0
