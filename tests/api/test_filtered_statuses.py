"""``filtered`` inside statuses, wherever a viewer is shown one (C12.3, B-20, T18)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
    snowflake,
)
from tests.fixtures import query_budget, something_is_committed
from tests.helpers import Client, Clock

FILTERS = "/api/v2/filters"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who has filters."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database, ann: Person) -> Person:
    """Whom ann follows."""
    person = await make_account(db, "bob")
    await make_follow(db, ann.id, person.id)
    return person


async def make_filter(client: Client, owner: Person, *keywords: str, **params: Any) -> str:
    """A filter by the first keyword's name; its id."""
    sent = {
        "title": f"about {keywords[0]}" if keywords else "Title",
        "context": ["home"],
        "keywords_attributes": [{"keyword": one} for one in keywords],
        **params,
    }
    answer = await client.post(FILTERS, owner, json=sent)
    assert answer.status == 200, answer
    return str(answer.json["id"])


async def filtered(client: Client, viewer: Person, status_id: int) -> list[dict[str, Any]]:
    """What a status says of the viewer's filters."""
    answer = await client.get(f"/api/v1/statuses/{status_id}", viewer)
    found: list[dict[str, Any]] = answer.json["filtered"]
    return found


def every(body: Any) -> list[dict[str, Any]]:
    """All statuses of an answer, however deep."""
    if isinstance(body, list):
        return [one for item in body for one in every(item)]
    if not isinstance(body, dict):
        return []
    inner = [one for item in body.values() for one in every(item)]
    return [body, *inner] if "spoiler_text" in body else inner


async def test_a_result_has_the_filter_without_what_it_looks_for(
    client: Client, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id, "such a SPOILER here")
    assert await filtered(client, ann, status_id) == []
    filter_id = await make_filter(
        client, ann, "nothing", "spoiler", context=["public", "home"], expires_in=60,
        filter_action="hide",
    )  # fmt: skip
    result = {
        "filter": {
            "id": filter_id,
            "title": "about nothing",
            "context": ["public", "home"],
            "expires_at": "2026-06-01T12:01:00.000Z",
            "filter_action": "hide",
        },
        "keyword_matches": ["SPOILER"],
        "status_matches": None,
    }
    assert await filtered(client, ann, status_id) == [result]
    sent = {"status_id": str(status_id)}
    await client.post(f"{FILTERS}/{filter_id}/statuses", ann, json=sent)
    assert await filtered(client, ann, status_id) == [result | {"status_matches": [str(status_id)]}]
    other = await make_status(client.db, bob.id, "harmless")
    named = await make_filter(client, ann)
    await client.post(f"{FILTERS}/{named}/statuses", ann, json={"status_id": str(other)})
    [only] = await filtered(client, ann, other)
    assert (only["keyword_matches"], only["status_matches"]) == (None, [str(other)])
    assert await filtered(client, bob, status_id) == []
    assert "filtered" not in (await client.get(f"/api/v1/statuses/{status_id}")).json


async def test_a_status_keeps_its_keys_in_their_order(
    client: Client, ann: Person, bob: Person
) -> None:
    """A filter changes the value of ``filtered`` and not a byte more."""
    own = await make_status(client.db, ann.id, "word")
    other = await make_status(client.db, bob.id, "word")
    before = [(await client.get(f"/api/v1/statuses/{one}", ann)).content for one in (own, other)]
    await make_filter(client, ann, "word")
    for one, plain in zip((own, other), before, strict=True):
        answer = await client.get(f"/api/v1/statuses/{one}", ann)
        [result] = answer.json["filtered"]
        assert result["keyword_matches"] == ["word"]
        start, end = plain.split(b'"filtered":[]')
        assert answer.content.startswith(start)
        assert answer.content.endswith(end)


CONTEXTS = ["home", "notifications", "public", "thread", "account"]


@pytest.mark.parametrize("action", ["warn", "hide", "blur"])
@pytest.mark.parametrize("context", CONTEXTS)
async def test_filters_of_all_contexts_are_listed_and_nothing_is_hidden(
    client: Client, bus: Any, ann: Person, bob: Person, context: str, action: str
) -> None:
    status_id = await make_mentioned(client.db, bus, bob, ann)
    await make_filter(client, ann, "hello", context=[context], filter_action=action)
    for path in (
        "/api/v1/timelines/home",
        "/api/v1/timelines/public",
        f"/api/v1/accounts/{bob.id}/statuses",
        f"/api/v1/statuses/{status_id}",
        "/api/v1/notifications",
        "/api/v2/notifications",
    ):
        [status] = every((await client.get(path, ann)).json)
        [result] = status["filtered"]
        assert result["filter"]["context"] == [context]
        assert result["filter"]["filter_action"] == action


PLACES = [
    "timelines/home", "timelines/public", "timelines/tag/tagged", "timelines/list/{list}",
    "accounts/{bob}/statuses", "statuses/{status}", "statuses?id[]={status}",
    "statuses/{status}/context", "favourites", "bookmarks", "notifications",
    "notifications/requests", "conversations",
]  # fmt: skip


async def test_wherever_a_status_is_shown_its_filters_are(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    db = client.db
    text = "a word #tagged"
    await client.post("/api/v1/statuses", bob, json={"status": text})
    [status] = (await client.get(f"/api/v1/accounts/{bob.id}/statuses", ann)).json
    await client.post(
        "/api/v1/statuses", bob,
        json={"status": text, "in_reply_to_id": status["id"]},
    )  # fmt: skip
    listed = (await client.post("/api/v1/lists", ann, json={"title": "L"})).json["id"]
    sent = {"account_ids": [str(bob.id)]}
    assert (await client.post(f"/api/v1/lists/{listed}/accounts", ann, json=sent)).status == 200
    for act in ("favourite", "bookmark"):
        await client.post(f"/api/v1/statuses/{status['id']}/{act}", ann)
    for visibility in ("direct", "public"):
        await client.post(
            "/api/v1/statuses", bob, json={"status": f"{text} @ann", "visibility": visibility}
        )
    eve = await make_account(db, "eve")
    await make_mentioned(db, bus, eve, ann, visibility="direct")  # says hello
    await make_filter(client, ann, "word", "hello")
    for place in PLACES:
        path = place.format(list=listed, bob=bob.id, status=status["id"])
        path, _, query = path.partition("?")
        statuses = every((await client.get(f"/api/v1/{path}", ann, params=query)).json)
        assert statuses, path
        for one in statuses:
            [result] = one["filtered"]
            assert result["keyword_matches"] in (["word"], ["hello"]), path


TEXTS: list[tuple[dict[str, Any], str, list[str] | None]] = [
    ({"text": "a word"}, "word", ["word"]),
    ({"text": "nothing", "spoiler_text": "A Word"}, "word", ["Word"]),
    ({"text": "", "content": '<p>a <a href="word">link</a></p>'}, "word", None),
    ({"text": "", "content": "<p>a <b>wo</b>rd</p>"}, "word", ["word"]),
    ({"text": "", "content": "<p>one</p><p>two</p>"}, "onetwo", None),
    ({"text": "", "content": "one<br>two"}, "two", ["two"]),
    ({"text": "", "content": "<p>Q&amp;A &lt;word&gt;</p>"}, "Q&A <word>", ["Q&A <word>"]),
    ({"text": "", "content": "<p>x</p>"}, "p", None),
    ({"text": "end", "spoiler_text": "begin"}, "endbegin", None),
]


@pytest.mark.parametrize(("status", "keyword", "expected"), TEXTS)
async def test_what_can_be_read_is_searched_and_its_markup_is_not(
    client: Client,
    ann: Person,
    bob: Person,
    status: dict[str, Any],
    keyword: str,
    expected: list[str] | None,
) -> None:
    status_id = await make_status(client.db, bob.id, **status)
    await make_filter(client, ann, keyword, title="T")
    found = [one["keyword_matches"] for one in await filtered(client, ann, status_id)]
    assert found == ([expected] if expected else [])


async def test_ones_own_statuses_are_searched_too(client: Client, ann: Person) -> None:
    await make_filter(client, ann, "word")
    answer = await client.post("/api/v1/statuses", ann, json={"status": "my word"})
    assert len(answer.json["filtered"]) == 1
    edited = await client.put(
        f"/api/v1/statuses/{answer.json['id']}", ann, json={"status": "my thing"}
    )
    assert edited.json["filtered"] == []


async def test_a_reblog_meets_the_filters_of_its_original(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    carl = await make_account(db, "carl")
    original = await make_status(db, carl.id, "a word", spoiler_text="beware")
    reblog = snowflake()
    await make_status(db, bob.id, "", content="", id=reblog, reblog_of_id=original)
    await make_filter(client, ann, "word")
    await make_filter(client, ann, "beware")
    by_original = await make_filter(client, ann)
    await client.post(f"{FILTERS}/{by_original}/statuses", ann, json={"status_id": str(original)})
    [home] = (await client.get("/api/v1/timelines/home", ann)).json
    assert (home["id"], home["reblog"]["id"]) == (str(reblog), str(original))
    assert len(home["filtered"]) == 3
    assert home["filtered"] == home["reblog"]["filtered"]
    assert home["filtered"][2]["status_matches"] == [str(original)]


async def test_a_filter_ends_at_its_time(
    client: Client, clock: Clock, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, bob.id, "word and thing")
    await make_filter(client, ann, "word", expires_in=60)
    await make_filter(client, ann, "thing", expires_in=120)

    async def left() -> list[str]:
        return [one["filter"]["title"] for one in await filtered(client, ann, status_id)]

    clock.advance(seconds=59.999)
    assert await left() == ["about word", "about thing"]
    clock.advance(milliseconds=1)
    assert await left() == ["about thing"]
    clock.advance(seconds=60)
    assert await left() == []


async def test_a_change_of_a_filter_is_seen_at_once(
    client: Client, ann: Person, bob: Person
) -> None:
    """Nothing that is remembered of a filter outlives it."""
    status_id = await make_status(client.db, bob.id, "one two three")
    filter_id = await make_filter(client, ann, "one")
    [key] = (await client.get(f"{FILTERS}/{filter_id}/keywords", ann)).json
    matches = []
    for keyword in ("two", "TWO", "tw", "one", "four", "three"):
        await client.put(f"{FILTERS}/keywords/{key['id']}", ann, json={"keyword": keyword})
        matches.append([one["keyword_matches"] for one in await filtered(client, ann, status_id)])
    assert matches == [[["two"]], [["two"]], [], [["one"]], [], [["three"]]]
    await client.put(f"{FILTERS}/{filter_id}", ann, json={"title": "New", "context": ["thread"]})
    [result] = await filtered(client, ann, status_id)
    assert (result["filter"]["title"], result["filter"]["context"]) == ("New", ["thread"])
    await client.delete(f"{FILTERS}/{filter_id}", ann)
    assert await filtered(client, ann, status_id) == []


async def test_filters_cost_a_page_one_query_and_nothing_without_them(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, ann.id, "word")
    for number in range(4):
        sender = await make_account(client.db, f"s{number}", token=None)
        await make_favourited(client.db, bus, sender, ann, status_id)
        await make_status(client.db, bob.id, f"a word {number}")
    used = {}
    for path in ("/api/v1/notifications", "/api/v1/timelines/home", "/api/v2/notifications"):
        await client.get(path, ann)  # from here on the accounts are known
        await something_is_committed(client.db)
        before = client.db.statements
        await client.get(path, ann)
        used[path] = client.db.statements - before
    for word in ("word", "other", "third"):
        await make_filter(client, ann, word)
    for path, most in used.items():
        with query_budget(client.db, most + 1):  # and the filters
            assert b"about word" in (await client.get(path, ann)).content
    for path, most in used.items():
        with query_budget(client.db, most):  # what others filter costs nothing
            await client.get(path, bob)


async def test_nobody_ever_sees_the_filters_of_somebody_else(db: Database, client: Client) -> None:
    """T18: each has a secret word; everybody reads the same statuses, many at once."""
    author = await make_account(db, "author")
    words = [f"secret{number}word" for number in range(40)]
    for first in range(0, 40, 8):
        await make_status(db, author.id, " ".join(words[first : first + 8]))
    people = []
    for word in words:
        person = await make_account(db, f"p{word}")
        people.append(person)
        await insert(
            db, "filters", account_id=person.id, title=f"about {word}", contexts="home",
            action="warn", created_at=NOW,
        )  # fmt: skip
    async with db.transaction() as tx:
        await tx.run(
            "INSERT INTO filter_keywords (filter_id, keyword, whole_word)"
            " SELECT id, REPLACE(title, 'about ', ''), TRUE FROM filters"
        )
    await asyncio.gather(
        *(_sees_only_his(client, *pair) for pair in zip(people, words, strict=True))
    )
    for person, word in list(zip(people, words, strict=True))[::-5]:
        await _sees_only_his(client, person, word)
    stranger = await make_account(db, "stranger")
    assert b"about" not in (await client.get("/api/v1/timelines/public", stranger)).content
    assert b"filtered" not in (await client.get("/api/v1/timelines/public")).content


async def _sees_only_his(client: Client, person: Person, word: str) -> None:
    body = (await client.get("/api/v1/timelines/public", person)).json
    results = [result for status in body for result in status["filtered"]]
    assert [one["filter"]["title"] for one in results] == [f"about {word}"]
    assert results[0]["keyword_matches"] == [word]
