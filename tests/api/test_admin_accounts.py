"""The admin API: finding accounts, acting on them, and what that causes."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import jobs, severed_relationships
from tests.factories import NOW, Person, insert, make_account, make_follow, make_token
from tests.helpers import Client

PATH = "/api/v1/admin/accounts"
V2 = "/api/v2/admin/accounts"
STAFF = "read write admin:read admin:write"
TYPES = ["none", "disable", "sensitive", "silence", "suspend"]


@pytest.fixture
async def mod(client: Client) -> Person:
    """A moderator."""
    return await make_account(client.db, "mod", role_id=1, token=STAFF)


@pytest.fixture
async def owner(client: Client) -> Person:
    """Who may do everything."""
    return await make_account(client.db, "owner", role_id=3, token=STAFF)


@pytest.fixture
async def ann(client: Client) -> Person:
    """Whom it concerns."""
    return await make_account(client.db, "ann")


async def act(client: Client, by: Person, target: Person, type: str, **sent: Any) -> Any:
    """An action that is accepted."""
    answer = await client.post(f"{PATH}/{target.id}/action", by, json={"type": type, **sent})
    assert (answer.status, answer.json) == (200, {})


async def strikes(client: Client, target: Person) -> list[tuple[Any, ...]]:
    """What is held against an account."""
    rows = await client.db.fetch(
        "SELECT action, text, account_id, status_ids FROM account_warnings"
        " WHERE target_account_id = $1 ORDER BY id",
        target.id,
    )
    return [tuple(row) for row in rows]


async def warnings(client: Client, target: Person) -> list[str]:
    """Which warnings somebody was told of, straight from the rows."""
    rows = await client.db.fetch(
        "SELECT w.action FROM notifications n JOIN account_warnings w ON w.id = n.activity_id"
        " WHERE n.type = 'moderation_warning' AND n.account_id = $1"
        " AND n.from_account_id = $1 ORDER BY n.id",
        target.id,
    )
    return [row[0] for row in rows]


# ---------------------------------------------------------------- acting


@pytest.mark.parametrize("type", TYPES)
async def test_an_action_is_kept_shows_and_is_told_to_who_can_still_read_it(
    client: Client, mod: Person, ann: Person, type: str
) -> None:
    await act(client, mod, ann, type, text="Because.")
    assert await strikes(client, ann) == [(type, "Because.", mod.id, None)]
    assert await warnings(client, ann) == ([] if type == "suspend" else [type])
    shown = (await client.get(f"{PATH}/{ann.id}", mod)).json
    marks = ("disabled", "sensitized", "silenced", "suspended")
    assert [shown[mark] for mark in marks] == [type == one for one in TYPES[1:]]
    answer = await client.get("/api/v1/notifications", ann)
    if type in ("disable", "suspend"):
        assert answer.json == {"error": "Your login is currently disabled"}
    else:
        [told] = answer.json
        assert told["account"]["id"] == str(ann.id)
        assert told["moderation_warning"]["text"] == "Because."
        assert told["moderation_warning"]["action"] == type


@pytest.mark.parametrize("type", TYPES)
async def test_without_a_message_the_strike_is_kept_and_nobody_told(
    client: Client, mod: Person, ann: Person, type: str
) -> None:
    await act(client, mod, ann, type, send_email_notification=False)
    assert [one[0] for one in await strikes(client, ann)] == [type]
    assert await warnings(client, ann) == []


async def test_a_remote_account_has_strikes_and_is_told_nothing(
    client: Client, mod: Person
) -> None:
    far = await make_account(client.db, "far", domain="far.example")
    for type in ("none", "silence"):
        await act(client, mod, far, type)
    assert [one[0] for one in await strikes(client, far)] == ["none", "silence"]
    assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 0
    answer = await client.post(f"{PATH}/{far.id}/action", mod, json={"type": "disable"})
    assert answer.status == 422


@pytest.mark.parametrize("type", TYPES)
async def test_an_action_closes_the_reports_on_its_target(
    client: Client, mod: Person, ann: Person, type: str
) -> None:
    bob = await make_account(client.db, "bob")
    for status_ids in ("[5]", "[]"):
        await insert(
            client.db, "reports", account_id=bob.id, target_account_id=ann.id,
            status_ids=status_ids, created_at=NOW, updated_at=NOW,
        )  # fmt: skip
    first = await client.db.fetch_value("SELECT min(id) FROM reports")
    await act(client, mod, ann, type, report_id=str(first))
    rows = await client.db.fetch(
        "SELECT action_taken_at, action_taken_by_account_id FROM reports ORDER BY id"
    )
    closed = (NOW, mod.id)
    assert [tuple(row) for row in rows] == [closed, (None, None) if type == "none" else closed]
    assert await strikes(client, ann) == [(type, "", mod.id, "[5]")]


async def test_a_report_on_somebody_else_is_no_reason(
    client: Client, mod: Person, ann: Person
) -> None:
    await insert(
        client.db, "reports", account_id=ann.id, target_account_id=mod.id, created_at=NOW,
        updated_at=NOW,
    )  # fmt: skip
    number = await client.db.fetch_value("SELECT max(id) FROM reports")
    for report_id in (str(number), "4711", "x"):
        answer = await client.post(
            f"{PATH}/{ann.id}/action", mod, json={"type": "silence", "report_id": report_id}
        )
        assert answer.status == 404
    assert await strikes(client, ann) == []
    assert (await client.get(f"{PATH}/{ann.id}", mod)).json["silenced"] is False


@pytest.mark.parametrize("type", ["", "explode", "Suspend", None])
async def test_an_unknown_action_does_nothing(
    client: Client, mod: Person, ann: Person, type: str | None
) -> None:
    answer = await client.post(f"{PATH}/{ann.id}/action", mod, json={"type": type})
    expected = {"error": "Validation failed: Type is not included in the list"}
    assert (answer.status, answer.json) == (422, expected)
    assert await strikes(client, ann) == []


async def test_nobody_acts_on_equals_or_betters(client: Client, mod: Person, owner: Person) -> None:
    equal = await make_account(client.db, "equal", role_id=1)
    for target in (mod, equal, owner):
        for type in TYPES:
            answer = await client.post(f"{PATH}/{target.id}/action", mod, json={"type": type})
            assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})
    for verb in ("enable", "unsuspend", "unsilence", "unsensitive", "approve", "reject"):
        assert (await client.post(f"{PATH}/{owner.id}/{verb}", mod)).status == 403
    await act(client, owner, mod, "silence")


@pytest.mark.parametrize(
    ("type", "verb", "key"),
    [
        ("disable", "enable", "disabled"),
        ("silence", "unsilence", "silenced"),
        ("suspend", "unsuspend", "suspended"),
        ("sensitive", "unsensitive", "sensitized"),
    ],
)
async def test_what_was_done_can_be_taken_back_silently(
    client: Client, mod: Person, ann: Person, type: str, verb: str, key: str
) -> None:
    await act(client, mod, ann, type, send_email_notification=False)
    answer = await client.post(f"{PATH}/{ann.id}/{verb}", mod)
    assert (answer.status, answer.json[key]) == (200, False)
    assert (await client.get("/api/v1/notifications", ann)).json == []


# ---------------------------------------------------------------- sign-ups and removal


@pytest.mark.parametrize("confirmed", [True, False])
async def test_approving_lets_in_and_tells_staff_if_the_address_is_confirmed(
    client: Client,
    mod: Person,
    owner: Person,
    confirmed: bool,
) -> None:
    user = {"approved": False, "reason": "Hello", "confirmed_at": NOW if confirmed else None}
    new = await make_account(client.db, "new", user=user)
    shown = (await client.get(f"{PATH}/{new.id}", mod)).json
    assert (shown["approved"], shown["invite_request"]) == (False, "Hello")
    answer = await client.post(f"{PATH}/{new.id}/approve", mod)
    assert (answer.status, answer.json["approved"]) == (200, True)
    told = (await client.get("/api/v1/notifications", owner)).json
    assert [one["type"] for one in told] == (["admin.sign_up"] if confirmed else [])
    for verb in ("approve", "reject"):
        assert (await client.post(f"{PATH}/{new.id}/{verb}", mod)).status == 403


async def test_rejecting_removes_who_waits(client: Client, mod: Person) -> None:
    new = await make_account(client.db, "new", user={"approved": False})
    answer = await client.post(f"{PATH}/{new.id}/reject", mod)
    assert (answer.status, answer.json) == (200, {})
    assert (await client.get(f"{PATH}/{new.id}", mod)).status == 404


async def test_data_is_removed_of_the_suspended_only_and_by_those_who_may(
    client: Client, mod: Person, owner: Person, ann: Person
) -> None:
    assert (await client.delete(f"{PATH}/{ann.id}", owner)).status == 403
    await act(client, mod, ann, "suspend")
    assert (await client.delete(f"{PATH}/{ann.id}", mod)).status == 403
    answer = await client.delete(f"{PATH}/{ann.id}", owner)
    assert (answer.status, answer.json["username"]) == (200, "ann")
    assert (await client.get(f"{PATH}/{ann.id}", owner)).status == 404


# ---------------------------------------------------------------- suspension tells who is concerned


@pytest.mark.parametrize("domain", ["", "far.example"])
async def test_a_suspension_is_told_to_everybody_who_was_connected(
    client: Client, mod: Person, domain: str
) -> None:
    target = await make_account(client.db, "target", domain=domain)
    fan, idol, friend, stranger = [
        await make_account(client.db, name) for name in ("fan", "idol", "friend", "stranger")
    ]
    elsewhere = await make_account(client.db, "elsewhere", domain="other.example")
    for one in (fan, friend, elsewhere):
        await make_follow(client.db, one.id, target.id)
    for one in (idol, friend):
        await make_follow(client.db, target.id, one.id)
    await act(client, mod, target, "suspend")
    await act(client, mod, target, "suspend")
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    counts = {}
    for person in (fan, idol, friend, stranger):
        for one in (await client.get("/api/v1/notifications", person)).json:
            assert one["type"] == "severed_relationships"
            event = one["event"]
            assert (event["type"], event["purged"]) == ("account_suspension", False)
            assert event["target_name"] == ("target@far.example" if domain else "target")
            counts[person.username] = (event["followers_count"], event["following_count"])
    assert counts == {"fan": (0, 1), "idol": (1, 0), "friend": (1, 1)}
    await client.post(f"{PATH}/{target.id}/unsuspend", mod)
    follows = await client.db.fetch_value("SELECT count(*) FROM follows")
    assert follows == 5


async def test_a_suspension_that_concerns_many_is_told_in_steps(
    client: Client, mod: Person, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(severed_relationships, "STEP", 2)
    people = [await make_account(client.db, f"p{number}") for number in range(9)]
    for one in people[:5]:
        await make_follow(client.db, one.id, ann.id)
    for one in people[3:]:
        await make_follow(client.db, ann.id, one.id)
    await act(client, mod, ann, "suspend")
    steps = await jobs.work_off(client.db, client.services.bus, now=NOW)
    assert steps == 6
    counts = []
    for person in people:
        [told] = (await client.get("/api/v1/notifications", person)).json
        counts.append((told["event"]["followers_count"], told["event"]["following_count"]))
    assert counts == [(0, 1)] * 3 + [(1, 1)] * 2 + [(1, 0)] * 4


async def test_a_suspension_that_was_lifted_at_once_is_not_told(
    client: Client, mod: Person, ann: Person
) -> None:
    fan = await make_account(client.db, "fan")
    await make_follow(client.db, fan.id, ann.id)
    await act(client, mod, ann, "suspend")
    await client.post(f"{PATH}/{ann.id}/unsuspend", mod)
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    assert (await client.get("/api/v1/notifications", fan)).json == []


# ---------------------------------------------------------------- looking


async def test_an_account_has_the_keys_of_its_entity(
    client: Client, mod: Person, owner: Person
) -> None:
    shown = (await client.get(f"{PATH}/{owner.id}", mod)).json
    account, role = shown.pop("account"), shown.pop("role")
    assert (account["id"], role["id"], role["permissions"]) == (str(owner.id), "3", "8388607")
    assert shown == {
        "id": str(owner.id), "username": "owner", "domain": None,
        "created_at": "2025-04-27T12:00:00.000Z", "email": "owner@example.org", "ip": None,
        "confirmed": True, "suspended": False, "silenced": False, "sensitized": False,
        "disabled": False, "approved": True, "locale": "en", "invite_request": None, "ips": [],
    }  # fmt: skip
    far = await make_account(client.db, "far", domain="far.example")
    shown = (await client.get(f"{PATH}/{far.id}", mod)).json
    assert (shown["domain"], shown["role"], shown["locale"]) == ("far.example", None, None)


STATES: dict[str, dict[str, Any]] = {
    "plain": {},
    "pending": {"user": {"approved": False}},
    "disabled": {"user": {"disabled": True}},
    "silenced": {"silenced_at": NOW},
    "suspended": {"suspended_at": NOW},
    "sensitized": {"sensitized_at": NOW},
    "remote": {"domain": "far.example"},
    "staffer": {"role_id": 2},
}


@pytest.mark.parametrize(
    ("v1", "v2", "expected"),
    [
        ("", "", {*STATES, "mod"}),
        ("local=true", "origin=local", {*STATES, "mod"} - {"remote"}),
        ("remote=true", "origin=remote", {"remote"}),
        ("pending=1", "status=pending", {"pending"}),
        ("disabled=1", "status=disabled", {"disabled"}),
        ("silenced=1", "status=silenced", {"silenced"}),
        ("suspended=1", "status=suspended", {"suspended"}),
        ("sensitized=1", "status=sensitized", {"sensitized"}),
        ("active=1", "status=active", {*STATES, "mod"} - {"pending", "disabled", "suspended"}),
        ("staff=true", "permissions=staff", {"staffer", "mod"}),
        ("username=S", "username=S", {"silenced", "suspended", "sensitized", "staffer"}),
        ("username=_", "username=%25", set()),
        ("email=PLAIN@", "email=plain@", {"plain"}),
        ("by_domain=FAR.example", "by_domain=far.example", {"remote"}),
        ("ip=127.0.0.1", "ip=127.0.0.1", set()),
        ("staff=true", "role_ids[]=1&role_ids[]=2", {"staffer", "mod"}),
        ("local=true&staff=false", "origin=x&status=y&origin=local", {*STATES, "mod"} - {"remote"}),
    ],
)
async def test_a_list_is_narrowed_by_what_is_asked(
    client: Client, mod: Person, v1: str, v2: str, expected: set[str]
) -> None:
    for name, columns in STATES.items():
        await make_account(client.db, name, token=None, **columns)
    for path, query in ((PATH, v1), (V2, v2)):
        answer = await client.get(path, mod, params=query)
        assert {one["username"] for one in answer.json} == expected


async def test_a_list_is_paged_by_id(client: Client, mod: Person) -> None:
    for number in range(4):
        await make_account(client.db, f"p{number}", token=None)
    answer = await client.get(V2, mod, params="limit=2&origin=local&username=p")
    assert [one["username"] for one in answer.json] == ["p3", "p2"]
    following = answer.links["next"]
    assert (following["origin"], following["username"]) == (["local"], ["p"])
    rest = await client.get(V2, mod, params={name: one[0] for name, one in following.items()})
    assert [one["username"] for one in rest.json] == ["p1", "p0"]
    last = rest.json[-1]["id"]
    back = await client.get(V2, mod, params=f"min_id={last}&limit=2")
    assert [one["username"] for one in back.json] == ["p2", "p1"]


VERBS = ("action", "enable", "unsilence", "unsuspend", "unsensitive", "approve", "reject")
EVERYTHING = [
    ("GET", PATH), ("GET", V2), ("GET", f"{PATH}/5"), ("DELETE", f"{PATH}/5"),
    *(("POST", f"{PATH}/5/{verb}") for verb in VERBS),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_accounts_are_for_those_whose_role_and_token_permit_it(
    client: Client, owner: Person, ann: Person, method: str, path: str
) -> None:
    verb = "read" if method == "GET" else "write"
    for scopes in ("read write", f"admin:{verb}:reports"):
        token = await make_token(client.db, owner.id, scopes)
        answer = await client.request(method, path, token)
        assert answer.json == {"error": "This action is outside the authorized scopes"}
    token = await make_token(client.db, ann.id, f"admin:{verb}:accounts")
    answer = await client.request(method, path, token, json={"type": "none"})
    assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})
    missing = await client.request(method, path, owner, json={"type": "none"})
    assert missing.status == (404 if "5" in path else 200)
