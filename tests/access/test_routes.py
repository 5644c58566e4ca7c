"""The whole ladder on every route there is; and that the table knows every route."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stentor.api.auth import Access as Kind
from stentor.api.routes import ROUTES as REAL
from stentor.domain.oauth import KNOWN
from tests.access.table import (
    APP_REQUIRED,
    DISABLED,
    EXPIRED,
    INVALID,
    LIMITS,
    NOT_ALLOWED,
    OUTSIDE,
    PENDING,
    REVOKED,
    ROUTES,
    UNCONFIRMED,
    USER_REQUIRED,
    Access,
)
from tests.access.world import World, quota, refusal, seen
from tests.factories import NOW, make_account, make_token
from tests.helpers import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")
GUARDED = [(route, access) for route, access in ROUTES.items() if access.kind != "open"]
#: Streams answer in three protocols, with a ladder of their own (reliability.md part 2).
STREAMS = "/api/v1/streaming"
KINDS = {
    "open": Kind.OPEN, "public": Kind.PUBLIC, "user": Kind.USER, "staff": Kind.USER,
    "token": Kind.TOKEN, "app": Kind.APP,
}  # fmt: skip
#: Everything that the ladder says; whoever is told something else has climbed it.
LADDER = {
    told[1]
    for told in (
        INVALID, REVOKED, EXPIRED, OUTSIDE, USER_REQUIRED, APP_REQUIRED, DISABLED, UNCONFIRMED,
        PENDING,
    )
}  # fmt: skip


async def test_every_route_is_in_the_table_and_the_other_way_round() -> None:
    """Whoever adds a route says here who may call it."""
    real = {
        (one.method, one.path): (one.access, one.scopes)
        for one in REAL
        if not one.path.startswith(STREAMS) or one.path.endswith("/health")
    }
    table = {
        (method, re.sub(r"{(notification|request)}", "{id}", path)): (
            KINDS[one.kind], one.scopes
        )
        for (method, path), one in ROUTES.items()
    }  # fmt: skip
    assert {route for route in real if route not in table} == set(), "add them to tests/access"
    assert {route for route in table if route not in real} == set()
    assert {one: (real[one], table[one]) for one in real if real[one] != table[one]} == {}


async def test_every_scope_is_one_that_can_be_had() -> None:
    asked = {scope for one in ROUTES.values() for scope in one.scopes}
    assert asked - set(KNOWN) == set()
    # The same the other way round: what can be had opens something.
    closed = {"write:media", "push"} | {
        f"admin:write:{name}"
        for name in ("canonical_email_blocks", "domain_allows", "email_domain_blocks", "ip_blocks")
    }
    assert set(KNOWN) - asked <= closed


def expected(access: Access) -> dict[str, Any]:
    """What each kind of token is told; None: that of nobody, "in": let in."""
    anybody = access.kind == "public"
    lacking = OUTSIDE if access.scopes else "in"
    people = (("unconfirmed", UNCONFIRMED), ("pending", PENDING), ("disabled", DISABLED))
    told = {
        "none": None if anybody else INVALID,
        "unknown": None if anybody else INVALID,
        "revoked": REVOKED,
        "expired": EXPIRED,
        "suspended": DISABLED,
        "wrong": lacking,
        "app without scope": lacking,
        "app": USER_REQUIRED if access.kind in ("user", "staff") else "in",
        "fine": "in",
        **{name: None if anybody else problem for name, problem in people},
    }
    if not access.scopes and access.kind in ("user", "staff"):
        told["app without scope"] = USER_REQUIRED
    if access.kind == "app":
        told |= dict.fromkeys(("fine", "unconfirmed", "pending", "disabled"), APP_REQUIRED)
    return told


def first(route: tuple[str, str]) -> dict[str, str]:
    """What is left after one request of somebody who was not let in."""
    count, window = LIMITS.get(route, (300, 5 * 60_000))
    return quota(count, count - 1, window)


async def ask(world: World, route: tuple[str, str], by: str | None) -> Answer:
    method, path = route
    await world.rested()
    return await world.client.request(method, re.sub(r"{[^}]*}", "987654321", path), by)


async def tokens(world: World, access: Access) -> dict[str, list[str | None]]:
    """Tokens of each kind; each accepted scope alone has to do."""
    scopes = sorted(access.scopes) or [""]
    wrong = " ".join(scope for scope in KNOWN if scope not in access.scopes)
    fine = (await world.someone("fine")).person.id
    app = {"application_id": world.application_id}

    async def of(who: int | None, text: str = scopes[-1], **columns: int) -> str:
        return await make_token(world.db, who, text, **app, **columns)

    made: dict[str, list[str | None]] = {
        "none": [None],
        "unknown": ["x" * 43],
        "revoked": [await of(fine, revoked_at=NOW), await of(fine, wrong, revoked_at=NOW)],
        "expired": [await of(fine, expires_at=NOW), await of(fine, wrong, expires_at=NOW - 1)],
        "wrong": [await of(fine, wrong), await of(fine, f"{scopes[0]}X {scopes[-1].upper()}")],
        "app without scope": [await of(None, wrong)],
        "app": [await of(None, scope) for scope in scopes],
        "fine": [await of(fine, scope, expires_at=NOW + 1) for scope in scopes],
    }
    for state in ("suspended", "unconfirmed", "pending", "disabled"):
        made[state] = [await of((await world.someone(state)).person.id)]
    return made


@pytest.mark.parametrize(
    ("route", "access"), GUARDED, ids=[f"{method} {path}" for (method, path), _ in GUARDED]
)
async def test_every_rung_of_the_ladder(
    world: World, route: tuple[str, str], access: Access
) -> None:
    """Whoever is not let in is told why, to the last header, and changes nothing."""
    shown, wanted = await tokens(world, access), expected(access)
    assert shown.keys() == wanted.keys()
    await world.changes()
    nobody = (await ask(world, route, None)).whole
    for state, told in wanted.items():
        if told == "in":
            continue
        for token in shown[state]:
            answer = await ask(world, route, token)
            if told is None:
                assert answer.whole == nobody, state
                assert answer.text == "" or f'"error":"{INVALID[1]}' not in answer.text
            else:
                assert seen(answer) == refusal(told, first(route), path=route[1]), state
    assert await world.changes() == frozenset()
    for state, told in wanted.items():
        for token in shown[state] if told == "in" else ():
            answer = await ask(world, route, token)
            assert answer.status < 500, state
            if access.kind == "staff":
                assert seen(answer) == refusal(NOT_ALLOWED), state
            elif answer.content:
                body = answer.json
                told = body.get("error") if isinstance(body, dict) else None
                assert told not in LADDER, state


STAFF = [route for route, access in GUARDED if access.kind == "staff"]


@pytest.mark.parametrize("route", STAFF, ids=" ".join)
async def test_staff_have_to_bring_the_scope_and_the_role(
    world: World, route: tuple[str, str]
) -> None:
    """An owner passes with each accepted scope, and only with one of those."""
    owner = await make_account(world.db, token=None, role_id=3)
    for scope in sorted(ROUTES[route].scopes):
        answer = await ask(world, route, await make_token(world.db, owner.id, scope))
        assert answer.status in (200, 404, 422, 400)
    other = " ".join(scope for scope in KNOWN if scope not in ROUTES[route].scopes)
    answer = await ask(world, route, await make_token(world.db, owner.id, other))
    assert seen(answer) == refusal(OUTSIDE)
