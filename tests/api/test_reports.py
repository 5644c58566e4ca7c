"""Reports: filing one, who is told, and what moderators do with them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.actions import accounts
from stentor.domain import limits
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Client

PATH = "/api/v1/reports"
ADMIN = "/api/v1/admin/reports"
STAFF = "read write admin:read admin:write"


@pytest.fixture
async def mod(client: Client) -> Person:
    """A moderator."""
    return await make_account(client.db, "mod", role_id=1, token=STAFF)


@pytest.fixture
async def ann(client: Client) -> Person:
    """Who reports."""
    return await make_account(client.db, "ann")


@pytest.fixture
async def bob(client: Client) -> Person:
    """Who is reported."""
    return await make_account(client.db, "bob")


async def report(client: Client, by: Person, target: Person, **sent: Any) -> Any:
    """A report that is accepted."""
    answer = await client.post(PATH, by, json={"account_id": str(target.id), **sent})
    assert answer.status == 200
    return answer.json


async def told(client: Client, person: Person) -> list[str]:
    """The ids of the reports that somebody was told of, newest first."""
    rows = (await client.get("/api/v1/notifications", person)).json
    return [row["report"]["id"] for row in rows if row["type"] == "admin.report"]


# ---------------------------------------------------------------- filing


async def test_a_report_says_what_was_sent(client: Client, ann: Person, bob: Person) -> None:
    first, second = [await make_status(client.db, bob.id) for _ in range(2)]
    found = await report(
        client, ann, bob, comment="bad", status_ids=[str(second), str(first)], rule_ids=["7"],
        category="spam", forward=True,
    )  # fmt: skip
    target = found.pop("target_account")
    assert (target["id"], "source" in target) == (str(bob.id), False)
    assert isinstance(found.pop("id"), str)
    assert found == {
        "action_taken": False, "action_taken_at": None, "category": "violation", "comment": "bad",
        "forwarded": False, "created_at": "2026-06-01T12:00:00.000Z",
        "status_ids": [str(second), str(first)], "rule_ids": ["7"], "collection_ids": [],
    }  # fmt: skip


async def test_a_report_may_say_nothing_but_whom(client: Client, ann: Person, bob: Person) -> None:
    answer = await client.post(f"{PATH}/", ann, form={"account_id": bob.id})
    assert answer.status == 200
    assert (answer.json["category"], answer.json["comment"]) == ("other", "")
    assert (answer.json["status_ids"], answer.json["rule_ids"]) == ([], None)


async def test_only_readable_statuses_of_the_target_are_kept(
    client: Client, ann: Person, bob: Person
) -> None:
    public = await make_status(client.db, bob.id)
    private = await make_status(client.db, bob.id, visibility="private")
    direct = await make_status(client.db, bob.id, visibility="direct", mentions=[ann.id])
    others = await make_status(client.db, ann.id)
    sent = [str(one) for one in (public, private, direct, others, 4711)]
    found = await report(client, ann, bob, status_ids=[*sent, "x", str(public)])
    assert found["status_ids"] == [str(public), str(direct)]
    await make_follow(client.db, ann.id, bob.id)
    found = await report(client, ann, bob, status_ids=sent)
    assert found["status_ids"] == [str(public), str(private), str(direct)]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"comment": "x" * (limits.REPORT_COMMENT + 1)},
         "Comment is too long (maximum is 1000 characters)"),
        ({"category": "boring"}, "Category is not included in the list"),
        ({"status_ids": [str(one) for one in range(201)]},
         "Status ids are too many (maximum is 200)"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said(
    client: Client, ann: Person, bob: Person, mod: Person, sent: dict[str, Any], error: str
) -> None:
    answer = await client.post(PATH, ann, json={"account_id": str(bob.id), **sent})
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {error}"})
    assert await told(client, mod) == []


async def test_a_comment_of_all_its_characters_is_taken(
    client: Client, ann: Person, bob: Person
) -> None:
    long = "\u00e9" * limits.REPORT_COMMENT
    assert (await report(client, ann, bob, comment=long))["comment"] == long


async def test_nobody_and_the_suspended_cannot_be_reported(
    client: Client, ann: Person, bob: Person
) -> None:
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, bob.id)
    for target in (str(bob.id), "99", "x", ""):
        answer = await client.post(PATH, ann, json={"account_id": target})
        assert (answer.status, answer.json) == (404, {"error": "Record not found"})
    assert (await client.post(PATH, ann)).status == 404


# ---------------------------------------------------------------- who is told


@pytest.mark.parametrize(
    ("role", "hears"), [(-99, False), (1, True), (2, True), (3, True), (99, False)]
)
async def test_staff_who_manage_reports_are_told(
    client: Client,
    ann: Person,
    bob: Person,
    role: int,
    hears: bool,
) -> None:
    person = await make_account(client.db, "person", role_id=role)
    found = await report(client, ann, bob)
    assert await told(client, person) == ([found["id"]] if hears else [])


async def test_a_moderator_is_not_told_of_his_own_report(
    client: Client, mod: Person, bob: Person
) -> None:
    other = await make_account(client.db, "other", role_id=1)
    found = await report(client, mod, bob)
    assert await told(client, mod) == []
    assert await told(client, other) == [found["id"]]


async def test_staff_hear_of_an_account_once_until_it_is_resolved(
    client: Client, mod: Person, ann: Person, bob: Person
) -> None:
    carl = await make_account(client.db, "carl")
    first = await report(client, ann, bob)
    await report(client, carl, bob)
    of_another = await report(client, ann, carl)
    assert await told(client, mod) == [of_another["id"], first["id"]]
    for one in (await client.get(ADMIN, mod, params=f"target_account_id={bob.id}")).json:
        assert (await client.post(f"{ADMIN}/{one['id']}/resolve", mod)).status == 200
    again = await report(client, carl, bob)
    assert (await told(client, mod))[0] == again["id"]


async def test_of_reports_at_the_same_moment_one_is_told(
    client: Client, mod: Person, bob: Person
) -> None:
    people = [await make_account(client.db, f"p{number}") for number in range(4)]
    await asyncio.gather(*(report(client, one, bob) for one in people))
    assert len(await told(client, mod)) == 1


async def test_what_staff_were_told_of_a_report_goes_with_its_target(
    client: Client, mod: Person, ann: Person, bob: Person
) -> None:
    await report(client, ann, bob)
    await accounts.delete(client.db, client.services.bus, bob.id)
    assert (await client.get("/api/v1/notifications", mod)).json == []
    assert (await client.get(ADMIN, mod)).json == []


# ---------------------------------------------------------------- handling


async def test_a_report_is_assigned_resolved_and_reopened(
    client: Client, mod: Person, ann: Person, bob: Person
) -> None:
    status = await make_status(client.db, bob.id, visibility="private", mentions=[ann.id])
    number = (await report(client, ann, bob, status_ids=[str(status)], comment="c"))["id"]
    path = f"{ADMIN}/{number}"
    shown = (await client.get(path, mod)).json
    assert [one["id"] for one in shown["statuses"]] == [str(status)]
    assert (shown["account"]["username"], shown["target_account"]["username"]) == ("ann", "bob")
    assert shown["assigned_account"] is shown["action_taken_by_account"] is None

    assigned = (await client.post(f"{path}/assign_to_self", mod)).json
    assert assigned["assigned_account"]["username"] == "mod"
    assert (await client.post(f"{path}/unassign", mod)).json["assigned_account"] is None
    resolved = (await client.post(f"{path}/resolve", mod)).json
    assert (resolved["action_taken"], resolved["action_taken_at"]) == (True, shown["created_at"])
    assert resolved["action_taken_by_account"]["username"] == "mod"
    assert (await client.get(ADMIN, mod)).json == []
    assert (await client.get(ADMIN, mod, params="resolved=true")).json == [resolved]
    reopened = (await client.post(f"{path}/reopen", mod)).json
    assert (reopened["action_taken"], reopened["action_taken_by_account"]) == (False, None)
    assert (await client.get(ADMIN, mod)).json == [reopened]


async def test_a_report_can_be_put_into_another_category(
    client: Client, mod: Person, ann: Person, bob: Person
) -> None:
    path = f"{ADMIN}/{(await report(client, ann, bob))['id']}"
    assert (await client.put(path, mod, json={"category": "spam"})).json["category"] == "spam"
    assert (await client.put(path, mod, json={"rule_ids": ["1"]})).json["category"] == "violation"
    assert (await client.put(path, mod, json={})).json["category"] == "violation"
    answer = await client.put(path, mod, json={"category": "dull"})
    assert answer.status == 422


async def test_reports_are_paged_and_narrowed_in_a_fixed_number_of_queries(
    client: Client, mod: Person, ann: Person, bob: Person
) -> None:
    for number in range(5):
        await insert(
            client.db, "reports", account_id=ann.id if number % 2 else bob.id,
            target_account_id=bob.id, comment=str(number), created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    async def comments(query: str) -> str:
        return "".join(one["comment"] for one in (await client.get(ADMIN, mod, params=query)).json)

    answer = await client.get(ADMIN, mod, params="limit=2")
    assert [one["comment"] for one in answer.json] == ["4", "3"]
    last = answer.links["next"]["max_id"][0]
    assert await comments(f"max_id={last}&limit=2") == "21"
    assert await comments(f"min_id={last}&limit=1") == "4"
    assert await comments(f"since_id={last}&limit=1") == "4"
    assert await comments(f"account_id={ann.id}") == "31"
    assert await comments(f"target_account_id={ann.id}") == ""
    assert await comments("account_id=x") == ""
    with query_budget(client.db, 5):
        await client.get(ADMIN, mod)


ACTIONS = ["assign_to_self", "unassign", "resolve", "reopen"]
EVERYTHING = [
    ("GET", ""), ("GET", "/1"), ("PUT", "/1"), *(("POST", f"/1/{one}") for one in ACTIONS),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_reports_are_for_those_whose_role_and_token_permit_it(
    client: Client, mod: Person, ann: Person, bob: Person, method: str, path: str
) -> None:
    verb = "read" if method == "GET" else "write"
    for scopes in ("read write", f"admin:{verb}:accounts"):
        other = await make_account(client.db, role_id=3, token=scopes)
        answer = await client.request(method, ADMIN + path, other)
        assert answer.json == {"error": "This action is outside the authorized scopes"}
    user = await make_account(client.db, token=f"admin:{verb}:reports")
    answer = await client.request(method, ADMIN + path, user)
    assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})
    missing = await client.request(method, (ADMIN + path).replace("/1", "/4711"), mod)
    assert missing.status == (404 if path else 200)
