"""Signing up through an application."""

from __future__ import annotations

import asyncio

import pytest

from stentor.domain.roles import ADMIN, MODERATOR, OWNER
from stentor.store import accounts
from tests.factories import make_account, make_token

GOOD = {
    "username": "alice",
    "email": "alice@example.org",
    "password": "correct horse",
    "agreement": True,
    "locale": "en",
}


@pytest.fixture
async def token(client):
    """An application's own token."""
    made = await client.post(
        "/api/v1/apps",
        json={
            "client_name": "Elf",
            "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
            "scopes": "read write follow push",
        },
    )
    answer = await client.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": made.json["client_id"],
            "client_secret": made.json["client_secret"],
            "scope": "read write",
        },
    )
    return answer.json["access_token"]


@pytest.mark.parametrize("agreement", [True, "true", "1", 1])
async def test_a_new_account_can_be_used_at_once(client, token, agreement):
    extra = {"client_id": "x", "return_detailed_error": 0, "invite_code": "", "date_of_birth": "x"}
    answer = await client.post(
        "/api/v1/accounts", token, form={**GOOD, **extra, "agreement": agreement}
    )
    assert answer.status == 200
    assert answer.json["scope"] == "read write follow push"
    assert answer.json["created_at"] == client.services.now() // 1000
    me = await client.get("/api/v1/apps/verify_credentials", answer.json["access_token"])
    assert me.json["name"] == "Elf"
    found = await accounts.find_by_handle(client.db, "ALICE", "")
    assert (found.username, found.role_id, found.bot) == ("alice", -99, False)
    person = await accounts.find_user(client.db, found.id)
    assert (person.email, person.locale, person.functional) == ("alice@example.org", "en", True)


async def test_an_empty_form_says_everything_that_is_wrong(client, token):
    empty = {"username": "", "email": "", "password": "", "agreement": False, "locale": "en"}
    answer = await client.post("/api/v1/accounts", token, json=empty)
    assert answer.status == 422
    assert answer.json["error"] == (
        "Validation failed: Username can't be blank, E-mail address can't be blank, "
        "E-mail address is invalid, Password can't be blank, Service agreement must be accepted"
    )
    blank = {"error": "ERR_BLANK", "description": "can't be blank"}
    assert answer.json["details"] == {
        "username": [blank],
        "email": [blank, {"error": "ERR_INVALID", "description": "is invalid"}],
        "password": [blank],
        "agreement": [{"error": "ERR_ACCEPTED", "description": "must be accepted"}],
    }
    answer = await client.post("/api/v1/accounts", token)
    assert set(answer.json["details"]) == {"username", "email", "password", "agreement"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"username": "Alice2"}, "username", "ERR_TAKEN"),
        ({"email": "ALICE2@example.org"}, "email", "ERR_TAKEN"),
        ({"username": "admin"}, "username", "ERR_RESERVED"),
        ({"username": "a" * 31}, "username", "ERR_TOO_LONG"),
        ({"username": "a b"}, "username", "ERR_INVALID"),
        ({"username": ["alice"]}, "username", "ERR_BLANK"),
        ({"email": "nonsense"}, "email", "ERR_INVALID"),
        ({"email": "a@" + "b" * 400}, "email", "ERR_TOO_LONG"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"password": "x" * 257}, "password", "ERR_TOO_LONG"),
        ({"agreement": "false"}, "agreement", "ERR_ACCEPTED"),
        ({"agreement": None}, "agreement", "ERR_ACCEPTED"),
        ({"locale": "nonsense"}, "locale", "ERR_INCLUSION"),
        ({"reason": "r" * 421}, "reason", "ERR_TOO_LONG"),
    ],
)
async def test_a_bad_field_is_named_with_its_code(client, token, change, field, code):
    await make_account(client.db, "alice2")
    answer = await client.post("/api/v1/accounts", token, json={**GOOD, **change})
    assert answer.status == 422
    assert [(name, [one["error"] for one in all_]) for name, all_ in answer.json["details"].items()
            ] == [(field, [code])]  # fmt: skip
    assert await accounts.find_by_handle(client.db, "alice", "") is None


async def test_of_two_who_want_a_name_at_once_one_gets_it(client, token):
    answers = await asyncio.gather(
        *(
            client.post("/api/v1/accounts", token, json={**GOOD, "email": f"a{n}@example.org"})
            for n in range(3)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 422, 422]
    for answer in answers:
        if answer.status == 422:
            assert answer.json["details"]["username"][0]["error"] == "ERR_TAKEN"


async def test_of_two_who_give_an_address_at_once_one_gets_in(client, token):
    answers = await asyncio.gather(
        *(
            client.post("/api/v1/accounts", token, json={**GOOD, "username": f"alice{n}"})
            for n in range(3)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 422, 422]
    assert await client.db.fetch_value("SELECT count(*) FROM accounts") == 1


async def test_only_an_application_signs_people_up(client, token):
    alice = await make_account(client.db, "alice2")
    cases = {
        None: (401, "The access token is invalid"),
        alice.token: (403, "This method requires an client credentials authentication"),
        await make_token(client.db, None, "read"): (
            403, "This action is outside the authorized scopes"),
        await make_token(client.db, None, "write"): (403, "This action is not allowed"),
    }  # fmt: skip
    for by, (status, text) in cases.items():
        answer = await client.post("/api/v1/accounts", by, json=GOOD)
        assert (answer.status, answer.json) == (status, {"error": text})


async def test_staff_who_can_manage_users_are_told(client, token):
    for name, role in [("mod", MODERATOR), ("chief", ADMIN), ("boss", OWNER), ("nobody", None)]:
        await make_account(client.db, name, role_id=role.id if role else -99)
    gone = {"suspended_at": 1}
    await make_account(client.db, "gone", role_id=OWNER.id, **gone)
    assert (await client.post("/api/v1/accounts", token, json=GOOD)).status == 200
    rows = await client.db.fetch(
        "SELECT a.username, n.type FROM notifications n JOIN accounts a ON a.id = n.account_id"
    )
    assert sorted(map(tuple, rows)) == [
        ("boss", "admin.sign_up"),
        ("chief", "admin.sign_up"),
        ("mod", "admin.sign_up"),
    ]


class TestApproval:
    @pytest.fixture
    def features(self):
        return {"registrations": "approval"}

    async def test_somebody_who_waits_for_approval_can_do_nothing_yet(self, client, token):
        await make_account(client.db, "boss", role_id=OWNER.id)
        answer = await client.post(
            "/api/v1/accounts", token, json={**GOOD, "reason": "I like it here"}
        )
        assert answer.status == 200
        answer = await client.get("/api/v1/apps/verify_credentials", answer.json["access_token"])
        assert answer.json == {"error": "Your login is currently pending approval"}
        assert await client.db.fetch_value("SELECT reason FROM users WHERE reason <> ''") == (
            "I like it here"
        )
        assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 0


class TestClosed:
    @pytest.fixture
    def features(self):
        return {"registrations": "closed"}

    async def test_nobody_signs_up_where_registrations_are_closed(self, client, token):
        for form in (GOOD, {}):
            answer = await client.post("/api/v1/accounts", token, json=form)
            assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})
