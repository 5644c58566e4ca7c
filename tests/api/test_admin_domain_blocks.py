"""Domains that the server keeps away: marks, cut follows, and everybody told once."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from stentor.actions import admin_domain_blocks as actions
from stentor.actions import jobs, severed_relationships
from stentor.store import jobs as queue
from tests.factories import NOW, Person, insert, make_account, make_follow
from tests.helpers import Client

PATH = "/api/v1/admin/domain_blocks"
STAFF = "read write admin:read admin:write"
FAR = "far.example"


@pytest.fixture
async def admin(client: Client) -> Person:
    """Who manages what other servers may do."""
    return await make_account(client.db, "admin", role_id=2, token=STAFF)


async def block(client: Client, by: Person, **sent: Any) -> Any:
    """A block that is accepted, and carried out."""
    answer = await client.post(PATH, by, json={"domain": FAR, **sent})
    assert answer.status == 200
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    return answer.json


async def marks(client: Client, account: Person) -> tuple[bool, bool]:
    """Whether an account is limited, and whether it is suspended."""
    row = await client.db.fetch_row(
        "SELECT silenced_at, suspended_at FROM accounts WHERE id = $1", account.id
    )
    return row[0] is not None, row[1] is not None


async def losses(client: Client, person: Person) -> list[tuple[str, str, int, int]]:
    """What somebody was told to have lost."""
    rows = (await client.get("/api/v1/notifications", person)).json
    events = [row["event"] for row in rows if row["type"] == "severed_relationships"]
    return [
        (one["type"], one["target_name"], one["followers_count"], one["following_count"])
        for one in events
    ]


# ---------------------------------------------------------------- the list


async def test_a_block_is_made_shown_changed_and_lifted(client: Client, admin: Person) -> None:
    made = await block(client, admin, public_comment="spam", reject_media=True)
    assert made == {
        "id": made["id"], "domain": FAR, "digest": hashlib.sha256(FAR.encode()).hexdigest(),
        "created_at": "2026-06-01T12:00:00.000Z", "severity": "silence", "reject_media": True,
        "reject_reports": False, "private_comment": None, "public_comment": "spam",
        "obfuscate": False,
    }  # fmt: skip
    path = f"{PATH}/{made['id']}"
    assert (await client.get(path, admin)).json == made
    changed = (await client.put(path, admin, json={"obfuscate": True, "severity": "noop"})).json
    assert changed == {**made, "obfuscate": True, "severity": "noop"}
    assert (await client.get(PATH, admin)).json == [changed]
    answer = await client.delete(path, admin)
    assert (answer.status, answer.json) == (200, {})
    assert (await client.get(PATH, admin)).json == []
    for method in ("GET", "PUT", "DELETE"):
        assert (await client.request(method, path, admin)).status == 404


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, "Domain can't be blank"),
        ({"domain": "not a domain"}, "Domain is not a valid domain name"),
        ({"domain": FAR, "severity": "harsh"}, "Severity is not included in the list"),
        ({"domain": FAR, "public_comment": "x" * 2001},
         "Public comment is too long (maximum is 2000 characters)"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said(
    client: Client, admin: Person, sent: dict[str, str], error: str
) -> None:
    answer = await client.post(PATH, admin, json=sent)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {error}"})
    assert (await client.get(PATH, admin)).json == []


async def test_a_domain_has_one_block_in_any_spelling(client: Client, admin: Person) -> None:
    made = await block(client, admin)
    answer = await client.post(f"{PATH}/", admin, json={"domain": "FAR.Example"})
    assert answer.status == 422
    assert answer.json == {
        "error": "Validation failed: Domain has already been taken",
        "existing_domain_block": made,
    }


async def test_blocks_are_paged(client: Client, admin: Person) -> None:
    for number in range(4):
        await insert(
            client.db, "domain_blocks", domain=f"d{number}.example", severity="noop",
            created_at=NOW,
        )  # fmt: skip
    answer = await client.get(PATH, admin, params="limit=2")
    assert [one["domain"][:2] for one in answer.json] == ["d3", "d2"]
    last = answer.links["next"]["max_id"][0]
    rest = await client.get(PATH, admin, params=f"max_id={last}")
    assert [one["domain"][:2] for one in rest.json] == ["d1", "d0"]
    back = await client.get(PATH, admin, params=f"min_id={rest.json[0]['id']}&limit=1")
    assert [one["domain"][:2] for one in back.json] == ["d2"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/1"), ("PUT", "/1"), ("DELETE", "/1")]
)
async def test_blocks_are_for_those_whose_role_and_token_permit_it(
    client: Client, method: str, path: str
) -> None:
    verb = "read" if method == "GET" else "write"
    wrong = await make_account(client.db, role_id=3, token=f"read write admin:{verb}:accounts")
    answer = await client.request(method, PATH + path, wrong)
    assert answer.json == {"error": "This action is outside the authorized scopes"}
    for role in (-99, 1):
        person = await make_account(client.db, role_id=role, token=f"admin:{verb}:domain_blocks")
        answer = await client.request(method, PATH + path, person)
        assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})


# ---------------------------------------------------------------- what it does


@pytest.mark.parametrize(
    ("severity", "limited", "suspended"),
    [("noop", False, False), ("silence", True, False), ("suspend", False, True)],
)
async def test_a_block_marks_accounts_and_its_end_frees_those_that_it_marked(
    client: Client, admin: Person, severity: str, limited: bool, suspended: bool
) -> None:
    far = [await make_account(client.db, f"far{number}", domain=FAR) for number in range(3)]
    before = await make_account(
        client.db, "before", domain=FAR, silenced_at=NOW - 1, suspended_at=NOW - 1
    )
    near = await make_account(client.db, "near", domain="near.example")
    made = await block(client, admin, severity=severity)
    assert {await marks(client, one) for one in far} == {(limited, suspended)}
    assert await marks(client, near) == (False, False)
    await client.delete(f"{PATH}/{made['id']}", admin)
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    assert {await marks(client, one) for one in far} == {(False, False)}
    assert await marks(client, before) == (True, True)


async def test_another_severity_means_another_mark(client: Client, admin: Person) -> None:
    far = await make_account(client.db, "far", domain=FAR)
    path = f"{PATH}/{(await block(client, admin))['id']}"
    for severity, expected in (("suspend", (False, True)), ("silence", (True, False))):
        await client.put(path, admin, json={"severity": severity})
        await jobs.work_off(client.db, client.services.bus, now=NOW)
        assert await marks(client, far) == expected


async def test_suspending_a_domain_cuts_its_follows_and_tells_everybody_once(
    client: Client, admin: Person
) -> None:
    far = [await make_account(client.db, f"far{number}", domain=FAR) for number in range(3)]
    near = await make_account(client.db, "near", domain="near.example")
    fan, idol, both, other = [
        await make_account(client.db, name) for name in ("fan", "idol", "both", "other")
    ]
    for follower, followed in (
        (fan, far[0]), (fan, far[1]), (far[0], idol), (both, far[0]), (far[1], both),
        (far[2], both), (fan, near), (other, near), (near, far[0]),
    ):  # fmt: skip
        await make_follow(client.db, follower.id, followed.id)
        for column, one in (("following_count", follower), ("followers_count", followed)):
            async with client.db.transaction() as tx:
                await tx.run(f"UPDATE accounts SET {column} = {column} + 1 WHERE id = $1", one.id)
    made = await block(client, admin, severity="suspend")
    expected = {"fan": (0, 2), "idol": (1, 0), "both": (2, 1), "other": None}
    for person in (fan, idol, both, other):
        counts = expected[person.username]
        told = [] if counts is None else [("domain_block", FAR, *counts)]
        assert await losses(client, person) == told
    left = await client.db.fetch("SELECT following_count, followers_count FROM accounts"
                                 " WHERE id = ANY($1) ORDER BY id",
                                 [fan.id, idol.id, both.id])  # fmt: skip
    assert [tuple(row) for row in left] == [(1, 0), (0, 0), (0, 0)]
    await client.put(f"{PATH}/{made['id']}", admin, json={"severity": "silence"})
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    await client.put(f"{PATH}/{made['id']}", admin, json={"severity": "suspend"})
    await jobs.work_off(client.db, client.services.bus, now=NOW)
    assert len(await losses(client, both)) == 1


async def test_a_large_domain_is_severed_in_steps_that_survive_a_kill(
    client: Client, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(severed_relationships, "STEP", 2)
    monkeypatch.setattr(actions, "STEP", 2)
    far = [await make_account(client.db, f"far{number}", domain=FAR) for number in range(5)]
    fans = [await make_account(client.db, f"fan{number}") for number in range(7)]
    for fan in fans:
        for number in (0, 3):
            await make_follow(client.db, fan.id, far[number].id)
    await client.post(PATH, admin, json={"domain": FAR, "severity": "suspend"})
    db, bus = client.db, client.services.bus
    told = []
    while await jobs.work(db, bus, now=NOW):
        told.append(await db.fetch_value("SELECT count(*) FROM notifications"))
        with pytest.raises(RuntimeError, match="killed"):
            async with db.transaction() as tx:
                job = await queue.claim(tx, NOW)
                if job is not None:
                    await jobs.STEPS[job.kind](tx, bus, json.loads(job.payload), NOW)
                raise RuntimeError("killed")
    assert told == [0, 0, 2, 4, 6, 7, 7]
    for fan in fans:
        assert await losses(client, fan) == [("domain_block", FAR, 0, 2)]
    assert await db.fetch_value("SELECT count(*) FROM severance_events") == 1
    assert await db.fetch_value("SELECT count(*) FROM follows") == 0


# ---------------------------------------------------------------- one's own block


@pytest.mark.parametrize(
    ("followed", "followers", "counts"),
    [(0, 0, None), (2, 0, (0, 2)), (0, 1, (1, 0)), (2, 3, (3, 2))],
)
async def test_blocking_a_domain_for_oneself_tells_what_was_lost_if_anything(
    client: Client, followed: int, followers: int, counts: tuple[int, int] | None
) -> None:
    ann, bob = [await make_account(client.db, name) for name in ("ann", "bob")]
    far = [await make_account(client.db, f"far{number}", domain=FAR) for number in range(3)]
    for one in far[:followed]:
        await make_follow(client.db, ann.id, one.id)
    for one in far[:followers]:
        await make_follow(client.db, one.id, ann.id)
    await make_follow(client.db, bob.id, far[0].id)
    for _ in range(2):
        assert (await client.post("/api/v1/domain_blocks", ann, json={"domain": FAR})).json == {}
    told = [] if counts is None else [("user_domain_block", FAR, *counts)]
    assert await losses(client, ann) == told
    assert await losses(client, bob) == []
