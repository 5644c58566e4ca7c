"""/api/v1/filters: each keyword is a filter (surroundings B2.3, C12.3, D4)."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.store.database import Database
from stentor.streaming.bus import News
from tests.factories import Person, make_account, make_status
from tests.fixtures import RecordingBus
from tests.helpers import Client

PATH = "/api/v1/filters"
V2 = "/api/v2/filters"
NOT_FOUND = (404, {"error": "Record not found"})
SHARED = (
    "These parameters cannot be changed from this application because they apply to more than one"
    " filter keyword. Use a more recent application or the web interface."
)


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose filters they are."""
    return await make_account(db, "ann")


async def made(client: Client, owner: Person, **params: Any) -> dict[str, Any]:
    """A filter of version 1."""
    answer = await client.post(PATH, owner, json={"phrase": "bad", "context": ["home"], **params})
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.json
    return body


async def two(client: Client, owner: Person) -> tuple[str, list[str]]:
    """A filter of two keywords: its id, and theirs."""
    sent = {
        "title": "Two",
        "context": ["home"],
        "keywords_attributes": [{"keyword": "a"}, {"keyword": "b", "whole_word": False}],
    }
    body = (await client.post(V2, owner, json=sent)).json
    return body["id"], [one["id"] for one in body["keywords"]]


async def test_a_filter_is_made_shown_changed_and_deleted(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    assert (await client.get(PATH, ann)).json == []
    one = await made(client, ann)
    assert one == {
        "id": one["id"],
        "phrase": "bad",
        "context": ["home"],
        "whole_word": True,
        "expires_at": None,
        "irreversible": False,
    }
    at = f"{PATH}/{one['id']}"
    assert (await client.get(PATH, ann)).json == [one]
    assert (await client.get(at, ann)).json == one
    [modern] = (await client.get(V2, ann)).json
    assert (modern["title"], modern["filter_action"]) == ("bad", "warn")
    assert modern["keywords"] == [{"id": one["id"], "keyword": "bad", "whole_word": True}]
    sent = {
        "phrase": "worse", "context": ["public", "thread"], "whole_word": "0",
        "irreversible": "true", "expires_in": "60",
    }  # fmt: skip
    form = {name if name != "context" else "context[]": value for name, value in sent.items()}
    changed = {
        "id": one["id"],
        "phrase": "worse",
        "context": ["public", "thread"],
        "whole_word": False,
        "expires_at": "2026-06-01T12:01:00.000Z",
        "irreversible": True,
    }
    assert (await client.put(at, ann, form=form)).json == changed
    assert (await client.get(at, ann)).json == changed
    [modern] = (await client.get(V2, ann)).json
    assert (modern["title"], modern["filter_action"]) == ("worse", "hide")
    assert (await client.put(at, ann, json={})).json == changed
    assert (await client.delete(at, ann)).json == {}
    assert (await client.get(V2, ann)).json == []  # nothing is left in it
    for method in ("GET", "PUT", "DELETE"):
        answer = await client.request(method, at, ann)
        assert (answer.status, answer.json) == NOT_FOUND
    assert bus.news == [News(ann.id, "filters_changed", int(modern["id"]))] * 4


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (
            {},
            "Title can't be blank, Context can't be blank, Context None or invalid context"
            " supplied, Keywords keyword can't be blank",
        ),
        ({"phrase": "x", "context": ["x"]}, "Context None or invalid context supplied"),
        (
            {"phrase": "x" * 513, "context": ["home"]},
            "Keywords keyword is too long (maximum is 512 characters)",
        ),
    ],
)
async def test_what_is_wrong_is_said(
    client: Client, ann: Person, sent: dict[str, Any], problem: str
) -> None:
    answer = await client.post(PATH, ann, json=sent)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {problem}"})
    assert (await client.get(PATH, ann)).json == []


async def test_a_phrase_may_be_longer_than_a_title(client: Client, ann: Person) -> None:
    one = await made(client, ann, phrase="x" * 512)
    assert one["phrase"] == "x" * 512
    answer = await client.put(f"{PATH}/{one['id']}", ann, json={"phrase": "y" * 300})
    assert answer.json["phrase"] == "y" * 300
    [modern] = (await client.get(V2, ann)).json
    assert modern["title"] == "y" * 255 + "…"
    for phrase, problem in (
        ("", "can't be blank"),
        ("x" * 513, "is too long (maximum is 512 characters)"),
    ):
        answer = await client.put(f"{PATH}/{one['id']}", ann, json={"phrase": phrase})
        assert answer.json == {"error": f"Validation failed: Keyword {problem}"}


async def test_a_filter_of_several_keywords_is_several_filters(client: Client, ann: Person) -> None:
    _, ids = await two(client, ann)
    alone = await made(client, ann)
    found = (await client.get(PATH, ann)).json
    assert [(one["id"], one["phrase"], one["whole_word"]) for one in found] == [
        (ids[0], "a", True), (ids[1], "b", False), (alone["id"], "bad", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [
        {"phrase": "c"},
        {"context": ["public"]},
        {"irreversible": True},
        {"expires_in": 60},
        {"phrase": "a", "context": ["home", "thread"], "whole_word": False},
    ],
)
async def test_what_several_keywords_share_is_not_changed_from_version_1(
    client: Client, ann: Person, sent: dict[str, Any]
) -> None:
    _, [first, _] = await two(client, ann)
    before = (await client.get(V2, ann)).json
    answer = await client.put(f"{PATH}/{first}", ann, json=sent)
    assert (answer.status, answer.json) == (422, {"error": SHARED})
    assert (await client.get(V2, ann)).json == before


async def test_what_one_of_several_keywords_has_to_itself_is_changed(
    client: Client, ann: Person
) -> None:
    filter_id, [first, second] = await two(client, ann)
    same = {"phrase": "a", "context": ["home"], "irreversible": False, "expires_in": ""}
    answer = await client.put(f"{PATH}/{first}", ann, json={**same, "whole_word": False})
    assert answer.json["whole_word"] is False
    assert (await client.delete(f"{PATH}/{first}", ann)).json == {}
    left = (await client.get(f"{V2}/{filter_id}", ann)).json
    assert [one["id"] for one in left["keywords"]] == [second]
    assert left["title"] == "Two"


async def test_a_filter_that_names_statuses_outlives_its_last_keyword(
    client: Client, ann: Person
) -> None:
    one = await made(client, ann)
    [modern] = (await client.get(V2, ann)).json
    sent = {"status_id": str(await make_status(client.db, ann.id))}
    assert (await client.post(f"{V2}/{modern['id']}/statuses", ann, json=sent)).status == 200
    assert (await client.delete(f"{PATH}/{one['id']}", ann)).json == {}
    assert (await client.get(PATH, ann)).json == []
    [left] = (await client.get(V2, ann)).json
    assert (left["keywords"], len(left["statuses"])) == ([], 1)


async def test_nobody_reaches_the_filters_of_somebody_else(client: Client, ann: Person) -> None:
    bob = await make_account(client.db, "bob")
    one = await made(client, ann)
    for method in ("GET", "PUT", "DELETE"):
        for id_ in (one["id"], "99999", "none"):
            answer = await client.request(method, f"{PATH}/{id_}", bob)
            assert (answer.status, answer.json) == NOT_FOUND
    assert (await client.get(PATH, bob)).json == []
    assert (await client.get(PATH, ann)).json == [one]
