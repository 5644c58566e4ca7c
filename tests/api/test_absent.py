"""What does not exist yet: lists that are lists, and no pretending (trap 44)."""

from __future__ import annotations

import pytest

from stentor.store.database import Database
from tests.factories import Person, make_account
from tests.helpers import Client


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who asks."""
    return await make_account(db, "ann")


PERSONAL = [
    "v1/announcements", "v1/filters", "v2/filters", "v1/suggestions", "v2/suggestions",
    "v1/scheduled_statuses", "v1/lists", "v1/followed_tags", "v1/featured_tags",
    "v1/featured_tags/suggestions", "v1/conversations",
]  # fmt: skip
EVERYBODYS = [
    "v1/trends", "v1/trends/tags", "v1/trends/statuses", "v1/trends/links", "v1/directory",
]  # fmt: skip


@pytest.mark.parametrize("path", PERSONAL + EVERYBODYS)
async def test_a_list_that_is_asked_for_at_the_start_is_a_list(
    client: Client, ann: Person, path: str
) -> None:
    answer = await client.get(f"/api/{path}", ann)
    assert answer.status == 200
    assert isinstance(answer.json, list)
    anonymous = await client.get(f"/api/{path}")
    assert anonymous.status == (200 if path in EVERYBODYS else 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "v1/filters/1"),
        ("GET", "v2/filters/1"),
        ("GET", "v1/scheduled_statuses/1"),
        ("PUT", "v1/scheduled_statuses/1"),
        ("DELETE", "v1/scheduled_statuses/1"),
        ("POST", "v1/announcements/1/dismiss"),
    ],
)
async def test_one_of_none_is_not_found(
    client: Client, ann: Person, method: str, path: str
) -> None:
    answer = await client.request(method, f"/api/{path}", ann)
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})


async def test_a_suggestion_that_never_was_can_be_taken_away(client: Client, ann: Person) -> None:
    answer = await client.delete("/api/v1/suggestions/5", ann)
    assert (answer.status, answer.json) == (200, {})
