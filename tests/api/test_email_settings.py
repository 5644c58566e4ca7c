"""Ours: what somebody wants to be told by e-mail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.domain import emails
from stentor.store.database import Database
from tests.factories import Person, make_account, make_token
from tests.fixtures import query_budget
from tests.helpers import Client

PATH = "/api/stentor/v1/email_settings"
AT_FIRST = {
    "available": False,
    "always_send_emails": False,
    "notification_emails": {
        "mention": True, "reblog": False, "follow": True, "follow_request": True,
        "favourite": False, "quote": True,
    },
}  # fmt: skip


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose settings they are."""
    return await make_account(db, "ann")


async def test_at_first_they_are_the_defaults(client: Client, ann: Person) -> None:
    assert (await client.get(PATH, ann)).json == AT_FIRST
    client.db.mails = True
    assert (await client.get(PATH, ann)).json == AT_FIRST | {"available": True}


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"always_send_emails": True, "notification_emails": {"favourite": True,
                                                                      "mention": False}}},
        {"form": "always_send_emails=1&notification_emails[favourite]=true"
                 "&notification_emails[mention]=0"},
        {"params": "always_send_emails=on&notification_emails[favourite]=1"
                   "&notification_emails[mention]=False"},
    ],
    ids=["json", "form", "query"],
)  # fmt: skip
async def test_only_what_is_given_changes(client: Client, ann: Person, sent: Any) -> None:
    expected = {
        "available": False,
        "always_send_emails": True,
        "notification_emails": AT_FIRST["notification_emails"]
        | {"favourite": True, "mention": False},
    }
    assert (await client.patch(PATH, ann, **sent)).json == expected
    assert (await client.get(PATH, ann)).json == expected
    again = await client.patch(PATH, ann, json={"always_send_emails": False})
    assert again.json == expected | {"always_send_emails": False}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"notification_emails": None}, {"notification_emails": []}, {"other": 1},
        {"notification_emails": "mention"}, {"notification_emails": {"mention": None}},
        {"notification_emails": {"mention": ""}}, {"notification_emails": {"mention": []}},
        {"always_send_emails": None}, {"always_send_emails": {}},
    ],
)  # fmt: skip
async def test_what_says_nothing_changes_nothing(
    client: Client, ann: Person, body: dict[str, Any]
) -> None:
    answer = await client.patch(PATH, ann, json=body)
    assert (answer.status, answer.json) == (200, AT_FIRST)


@pytest.mark.parametrize("name", ["poll", "boost", "", "MENTION", "mention "])
async def test_a_type_that_is_never_mailed_is_refused(
    client: Client, ann: Person, name: str
) -> None:
    body = {"always_send_emails": True, "notification_emails": {"favourite": True, name: True}}
    answer = await client.patch(PATH, ann, json=body)
    assert answer.status == 422
    assert answer.json == {
        "error": "Validation failed: Notification emails is not included in the list"
    }
    assert (await client.get(PATH, ann)).json == AT_FIRST


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        ("read", 200, 403), ("read:accounts", 200, 403), ("write", 403, 200),
        ("write:accounts", 403, 200), ("push follow read:statuses write:statuses", 403, 403),
    ],
)  # fmt: skip
async def test_a_token_needs_the_scope_for_accounts(
    client: Client, ann: Person, scopes: str, read: int, write: int
) -> None:
    token = await make_token(client.db, ann.id, scopes)
    assert (await client.get(PATH, token)).status == read
    assert (await client.patch(PATH, token, json={})).status == write


async def test_nobody_else_reads_or_changes_them(client: Client, ann: Person) -> None:
    bob = await make_account(client.db, "bob")
    assert (await client.get(PATH)).status == 401
    assert (await client.patch(PATH, json={})).status == 401
    application = await make_token(client.db, None)
    assert (await client.get(PATH, application)).status == 422
    await client.patch(PATH, bob, json={"notification_emails": {"mention": False}})
    assert (await client.get(PATH, ann)).json == AT_FIRST


async def test_changes_at_the_same_moment_are_all_kept(client: Client, ann: Person) -> None:
    changes = {one.value: one not in emails.DEFAULT for one in emails.MAILABLE}
    await asyncio.gather(
        *(
            client.patch(PATH, ann, json={"notification_emails": {name: value}})
            for name, value in changes.items()
        )
    )
    assert (await client.get(PATH, ann)).json["notification_emails"] == changes


async def test_they_cost_a_token_and_one_statement(client: Client, ann: Person) -> None:
    with query_budget(client.db, 2):
        await client.get(PATH, ann)
