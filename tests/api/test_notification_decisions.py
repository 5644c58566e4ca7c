"""Ours: why a notification is there, and why another is not."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.domain.notification_policies import NAMES, Facts, NotificationPolicy, Verdict, decide
from stentor.domain.notifications import NotificationType
from stentor.entities.notification_decisions import EXPLANATIONS
from stentor.store import notification_decisions
from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_mentioned,
    make_status,
)
from tests.helpers import Client

PATH = "/api/stentor/v1/decisions"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who wants to know."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Whom it is about."""
    return await make_account(db, "bob")


async def test_every_verdict_is_listed_with_its_reason(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    status_id = await make_status(client.db, ann.id)
    await make_favourited(client.db, bus, bob, ann, status_id)
    await make_mentioned(client.db, bus, bob, ann, at=NOW + 1000, visibility="direct")
    await insert(client.db, "blocks", account_id=ann.id, target_account_id=bob.id, created_at=NOW)
    await make_mentioned(client.db, bus, bob, ann, at=NOW + 2000)
    dropped, filtered, accepted = (await client.get(PATH, ann)).json
    assert (dropped["verdict"], dropped["reason"]) == ("drop", "block")
    assert dropped["explanation"] == "You block this account."
    assert dropped["notification_id"] is None
    assert dropped["created_at"] == "2026-06-01T12:00:02.000Z"
    assert (filtered["verdict"], filtered["reason"]) == ("filter", "for_private_mentions")
    assert (accepted["verdict"], accepted["notification_id"]) == ("accept", "1")
    assert accepted["status_id"] == str(status_id)
    assert accepted["account"]["acct"] == "bob"
    for query, expected in (
        ("verdict=drop", [dropped]),
        ("verdict=nonsense", []),
        (f"account_id={bob.id}&limit=1", [dropped]),
        (f"max_id={filtered['id']}", [accepted]),
        (f"min_id={accepted['id']}&limit=1", [filtered]),
    ):
        assert (await client.get(PATH, ann, params=query)).json == expected
    assert (await client.get(PATH, bob)).json == []


async def test_a_notification_explains_itself_to_its_owner_only(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    await make_mentioned(client.db, bus, bob, ann, visibility="direct")
    path = "/api/stentor/v1/notifications/1/why"
    assert (await client.get(path, ann)).json == {
        "notification_id": "1",
        "type": "mention",
        "verdict": "filter",
        "reason": "for_private_mentions",
        "explanation": EXPLANATIONS["for_private_mentions"],
        "created_at": "2026-06-01T12:00:00.000Z",
    }
    foreign = await client.get(path, bob)
    assert (foreign.status, foreign.json) == (404, {"error": "Record not found"})


async def test_ones_own_doings_are_not_listed(client: Client, bus: Any, ann: Person) -> None:
    await make_favourited(client.db, bus, ann, ann, await make_status(client.db, ann.id))
    assert (await client.get(PATH, ann)).json == []


@pytest.mark.parametrize("gone", ["statuses", "accounts"])
async def test_what_is_about_somebody_or_something_that_has_gone_is_not_listed(
    client: Client, bus: Any, ann: Person, bob: Person, gone: str
) -> None:
    cyd = await make_account(client.db, "cyd")
    for fan, at in ((bob, NOW), (cyd, NOW + 1)):
        status_id = await make_status(client.db, ann.id)
        await make_favourited(client.db, bus, fan, ann, status_id, at=at)
    _, about_bob = (await client.get(PATH, ann)).json
    about = about_bob["status_id"] if gone == "statuses" else about_bob["account"]["id"]
    async with client.db.transaction() as tx:
        await tx.run(f"DELETE FROM {gone} WHERE id = $1", int(about))
    # Nor does it take the place of another on the page.
    for query in ("", "min_id=0&limit=1"):
        left = (await client.get(PATH, ann, params=query)).json
        assert [one["account"]["acct"] for one in left] == ["cyd"]


async def test_old_decisions_are_forgotten(
    client: Client, bus: Any, ann: Person, bob: Person
) -> None:
    for at in (NOW, NOW + 1):
        await make_mentioned(client.db, bus, bob, ann, at=at)
    async with client.db.transaction() as tx:
        assert await notification_decisions.sweep(tx, now=NOW + 1 + 7 * 86_400_000) == 1
    assert len((await client.get(PATH, ann)).json) == 1


def test_every_reason_has_words() -> None:
    """Whatever the pure function can say, a person can read."""
    policy = NotificationPolicy(**dict.fromkeys(NAMES, Verdict.DROP))
    reasons = set()
    for name in Facts._fields:
        for type in NotificationType:
            reasons.add(
                decide(
                    type,
                    Facts(follower_ok=True, **{name: True} if name != "follower_ok" else {}),
                    policy,
                ).reason
            )
            reasons.add(
                decide(
                    type,
                    Facts(
                        follower_ok=True,
                        following=True,
                        **({name: True} if name not in ("follower_ok", "following") else {}),
                    ),
                    policy,
                ).reason
            )
    reasons |= set(NAMES) | {"nothing_applies"}
    assert reasons - {"oneself", "recipient_unavailable"} <= set(EXPLANATIONS)
    assert set(EXPLANATIONS) <= reasons
