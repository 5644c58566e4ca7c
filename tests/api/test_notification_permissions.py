"""Ours: whom one has let in, and taking it back (C-13)."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.domain.ids import snowflake
from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_mentioned
from tests.fixtures import query_budget
from tests.helpers import Client

PATH = "/api/stentor/v1/notification_permissions"
NOTIFICATIONS = "/api/v1/notifications"
REQUESTS = f"{NOTIFICATIONS}/requests"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who lets people in."""
    return await make_account(db, "ann")


async def permitted(db: Database, ann: Person, count: int) -> list[Person]:
    """So many who were let in, a second after each other."""
    people = [await make_account(db, token=None) for _ in range(count)]
    for number, one in enumerate(people):
        await insert(
            db, "notification_permissions", account_id=ann.id, from_account_id=one.id,
            created_at=NOW + number * 1000,
        )  # fmt: skip
    return people


async def listed(client: Client, person: Person, query: str = "") -> list[str]:
    """The ids of those on a page."""
    return [one["account"]["id"] for one in (await client.get(f"{PATH}?{query}", person)).json]


async def test_who_was_let_in_passes_until_it_is_taken_back(
    client: Client, bus: Any, ann: Person
) -> None:
    """In between, in front of a request, a stranger's private mention would be filtered."""
    bob = await make_account(client.db, "bob", token=None)
    told: list[int] = []

    async def seen() -> int:
        """How many of bob's mentions are not filtered, after one more."""
        at = NOW + 1000 * len(told)
        told.append(await make_mentioned(client.db, bus, bob, ann, at=at, visibility="direct"))
        return len((await client.get(NOTIFICATIONS, ann)).json)

    assert await seen() == 0
    (request,) = (await client.get(REQUESTS, ann)).json
    await client.post(f"{REQUESTS}/{request['id']}/accept", ann)
    (one,) = (await client.get(PATH, ann)).json
    assert one["account"]["acct"] == "bob"
    assert one["created_at"].endswith("Z")
    before = await seen()
    assert before == 1  # nobody has unfiltered the first one yet
    for _ in range(2):  # the second time there is nothing to take back
        answer = await client.delete(f"{PATH}/{bob.id}", ann)
        assert (answer.status, answer.json) == (200, {})
    assert await listed(client, ann) == []
    assert await seen() == before
    decisions = (await client.get("/api/stentor/v1/decisions", ann)).json
    assert [one["reason"] for one in decisions] == [
        "for_private_mentions", "permitted", "for_private_mentions",
    ]  # fmt: skip


async def test_the_list_is_paged_by_the_accounts_ids(client: Client, ann: Person) -> None:
    people = [str(one.id) for one in await permitted(client.db, ann, 5)][::-1]
    await permitted(client.db, await make_account(client.db), 1)  # somebody else's
    assert await listed(client, ann) == people
    with query_budget(client.db, 2):  # the token, and the page
        page = await client.get(f"{PATH}?limit=2", ann)
    assert [one["account"]["id"] for one in page.json] == people[:2]
    assert [one["created_at"] for one in page.json] == [
        "2026-06-01T12:00:04.000Z", "2026-06-01T12:00:03.000Z",
    ]  # fmt: skip
    link = page.headers["link"]
    assert f"max_id={people[1]}" in link
    assert f"since_id={people[0]}" in link
    assert await listed(client, ann, f"limit=2&max_id={people[1]}") == people[2:4]
    assert await listed(client, ann, f"limit=2&min_id={people[3]}") == people[1:3]
    assert await listed(client, ann, f"since_id={people[2]}") == people[:2]


@pytest.mark.parametrize("name", ["0", "x", "-1", str(snowflake(NOW, 1)), str(2**80), "%00"])
async def test_what_is_no_account_has_no_permission(client: Client, ann: Person, name: str) -> None:
    (kept,) = await permitted(client.db, ann, 1)
    answer = await client.delete(f"{PATH}/{name}", ann)
    assert (answer.status, answer.json) == (200, {})
    assert await listed(client, ann) == [str(kept.id)]


async def test_who_is_suspended_is_not_shown(client: Client, ann: Person) -> None:
    gone, stays = await permitted(client.db, ann, 2)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $2 WHERE id = $1", gone.id, NOW)
    assert await listed(client, ann) == [str(stays.id)]
