"""Cursors, limits and links of every list in timelines, lists, tags and conversations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Answer, Client

COUNT = 25


async def _home(db: Database, ann: Person) -> str:
    bob = await make_account(db, "bob", token=None)
    await make_follow(db, ann.id, bob.id)
    for n in range(COUNT):
        await make_status(db, bob.id if n % 3 else ann.id, at=NOW + n)
    return "/api/v1/timelines/home"


async def _public(db: Database, ann: Person) -> str:
    for n in range(COUNT):
        await make_status(db, ann.id, at=NOW + n)
        await make_status(db, ann.id, at=NOW + n, visibility="unlisted")
    return "/api/v1/timelines/public"


async def _tag(db: Database, ann: Person) -> str:
    await insert(db, "tags", id=1, name="brot", created_at=NOW)
    for n in range(COUNT):
        status_id = await make_status(db, ann.id, at=NOW + n)
        await insert(db, "status_tags", status_id=status_id, tag_id=1)
    return "/api/v1/timelines/tag/Brot"


async def _list(db: Database, ann: Person) -> str:
    bob = await make_account(db, "bob", token=None)
    await make_follow(db, ann.id, bob.id)
    await insert(db, "lists", id=7, account_id=ann.id, title="x", created_at=NOW)
    await insert(db, "list_accounts", list_id=7, account_id=bob.id)
    for n in range(COUNT):
        await make_status(db, bob.id, at=NOW + n)
    return "/api/v1/timelines/list/7"


async def _direct(db: Database, ann: Person) -> str:
    bob = await make_account(db, "bob", token=None)
    for n in range(COUNT):
        writer, reader = (ann, bob) if n % 2 else (bob, ann)
        await make_status(db, writer.id, at=NOW + n, visibility="direct", mentions=[reader.id])
    return "/api/v1/timelines/direct"


async def _conversations(db: Database, ann: Person) -> str:
    bob = await make_account(db, "bob", token=None)
    for n in range(COUNT):
        status_id = await make_status(
            db, bob.id, at=NOW + n, visibility="direct", mentions=[ann.id]
        )
        conversation_id = await db.fetch_value(
            "SELECT conversation_id FROM statuses WHERE id = $1", status_id
        )
        await insert(
            db, "account_conversations", account_id=ann.id, conversation_id=conversation_id,
            participants=str(bob.id), last_status_id=status_id, unread=True,
        )  # fmt: skip
    return "/api/v1/conversations"


async def _members(db: Database, ann: Person) -> str:
    await insert(db, "lists", id=7, account_id=ann.id, title="x", created_at=NOW)
    for _ in range(COUNT):
        person = await make_account(db, token=None)
        await make_follow(db, ann.id, person.id)
        await insert(db, "list_accounts", list_id=7, account_id=person.id)
    return "/api/v1/lists/7/accounts"


async def _followed_tags(db: Database, ann: Person) -> str:
    for n in range(1, COUNT + 1):
        await insert(db, "tags", id=n, name=f"tag{n:02d}", created_at=NOW)
        await insert(db, "tag_follows", account_id=ann.id, tag_id=n, created_at=NOW)
    return "/api/v1/followed_tags"


@dataclass(frozen=True)
class Kind:
    """One list: how it is filled, its sizes, its cursor's name, and most queries of a page."""

    fill: Callable[[Database, Person], Awaitable[str]]
    default: int
    maximum: int
    prev: str
    budget: int

    @property
    def always_linked(self) -> bool:
        return self.prev == "min_id"


KINDS = {
    "home": Kind(_home, 20, 40, "min_id", 7),
    "public": Kind(_public, 20, 40, "min_id", 7),
    "tag": Kind(_tag, 20, 40, "min_id", 7),
    "list": Kind(_list, 20, 40, "min_id", 8),
    "direct": Kind(_direct, 20, 40, "min_id", 7),
    "conversations": Kind(_conversations, 20, 40, "min_id", 7),
    "list accounts": Kind(_members, 40, 80, "since_id", 3),
    "followed tags": Kind(_followed_tags, 100, 200, "since_id", 3),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each list in turn."""
    return KINDS[request.param]


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose lists they are."""
    return await make_account(db, "ann")


def names(answer: Answer) -> list[str]:
    """What tells the entries of a page apart, whatever they are."""
    assert answer.status == 200, answer
    return [one["id"] for one in answer.json]


def query(answer: Answer, rel: str) -> dict[str, str]:
    """The parameters of a link."""
    return {key: values[0] for key, values in answer.links[rel].items()}


async def everything(client: Client, path: str, ann: Person) -> list[str]:
    """The whole list, walked by its next links."""
    answer = await client.get(path, ann, params={"limit": 7})
    found = names(answer)
    while "next" in answer.links:
        answer = await client.get(path, ann, params=query(answer, "next"))
        found += names(answer)
        if not answer.json:
            break
    return found


async def test_next_links_lead_through_everything_once(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    found = await everything(client, path, ann)
    assert len(found) == len(set(found)) == COUNT


async def test_prev_leads_back_and_newer_ones_stay_in_order(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    found = await everything(client, path, ann)
    first = await client.get(path, ann, params={"limit": 5})
    second = await client.get(path, ann, params=query(first, "next"))
    assert names(second) == found[5:10]
    back = await client.get(path, ann, params=query(second, "prev"))
    assert names(back) == found[:5]
    third = await client.get(path, ann, params=query(second, "next"))
    cursor = next(iter(set(query(third, "prev")) - {"limit"}))
    assert cursor == kind.prev
    since = query(third, "prev")[cursor]
    # Directly above a cursor is one thing, the newest above it another.
    above = await client.get(path, ann, params={"min_id": since, "limit": 5})
    newest = await client.get(path, ann, params={"since_id": since, "limit": 5})
    assert names(above) == found[5:10]
    assert names(newest) == found[:5]
    between = await client.get(
        path, ann, params={"since_id": since, "max_id": query(first, "next")["max_id"]}
    )
    assert names(between) == found[5:10]


async def test_the_first_link_is_next_and_limit_is_kept(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    answer = await client.get(path, ann, params={"limit": 5, "unknown": "x"})
    link = answer.headers["link"]
    assert link.startswith("<https://stentor.example/api/v1/")
    assert link.index('rel="next"') < link.index('rel="prev"')
    assert link.count(",") == 1
    assert set(query(answer, "next")) == {"limit", "max_id"}
    assert query(answer, "prev").keys() == {"limit", kind.prev}


async def test_the_last_page_of_a_relation_has_no_next_and_an_empty_page_no_link(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    answer = await client.get(path, ann, params={"limit": 80, "max_id": str(2**63)})
    assert ("next" in answer.links) == (kind.always_linked or len(answer.json) == 80)
    assert "prev" in answer.links
    empty = await client.get(path, ann, params={"max_id": "1"})
    assert (empty.json, empty.headers.get("link")) == ([], None)


# What is sent, and how many are shown; None is the default, ALL the maximum.
ALL = 10**6
ODD: list[tuple[dict[str, str], int | None]] = [
    ({}, None),
    ({"limit": "5"}, 5),
    ({"limit": "-5"}, 5),
    ({"limit": "5abc"}, 5),
    ({"limit": "1000000000000"}, ALL),
    ({"limit": "3", "max_id": str(2**70)}, 3),
    ({"limit": "3", "max_id": ""}, 3),
    ({"limit": "3", "min_id": str(2**63)}, 0),
    ({"limit": "3", "since_id": str(2**63 - 1)}, 0),
    ({"limit": "3", "min_id": str(2**63), "max_id": "0"}, 0),
    ({"limit": "3", "since_id": "-7"}, 3),
    ({"limit": "3", "min_id": "x"}, 3),
    ({"max_id[]": "1", "since_id[a]": "1", "limit": "3"}, 3),
]


async def test_odd_limits_and_cursors_are_understood(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    for sent, shown in ODD:
        expected = kind.default if shown is None else kind.maximum if shown == ALL else shown
        answer = await client.get(path, ann, params=sent)
        assert len(names(answer)) == min(expected, COUNT), sent


async def test_a_page_costs_the_same_however_much_it_holds(
    client: Client, kind: Kind, ann: Person
) -> None:
    path = await kind.fill(client.db, ann)
    for limit in (1, 20):
        with query_budget(client.db, kind.budget + 1):  # once what is not known in its version
            assert len(names(await client.get(path, ann, params={"limit": limit}))) == limit


async def test_a_timeline_keeps_its_parameters_in_its_links(client: Client, ann: Person) -> None:
    path = await _tag(client.db, ann)
    sent: list[Any] = [("any[]", "a"), ("any[]", "b"), ("none[]", "ü"), ("local", "true")]
    answer = await client.get(path, ann, params=[*sent, ("limit", "2"), ("x", "y")])
    assert answer.links["next"]["any[]"] == ["a", "b"]
    assert answer.links["next"]["none[]"] == ["ü"]
    assert answer.links["next"]["local"] == ["true"]
    assert set(answer.links["prev"]) == {"any[]", "none[]", "local", "limit", "min_id"}


async def test_a_link_to_a_page_in_any_script_is_plain_ascii(client: Client, ann: Person) -> None:
    await insert(client.db, "tags", id=1, name="日本語", created_at=NOW)
    status_id = await make_status(client.db, ann.id)
    await insert(client.db, "status_tags", status_id=status_id, tag_id=1)
    answer = await client.get("/api/v1/timelines/tag/%E6%97%A5%E6%9C%AC%E8%AA%9E", ann)
    assert len(answer.json) == 1
    assert "/tag/%E6%97%A5%E6%9C%AC%E8%AA%9E?max_id=" in answer.headers["link"]
