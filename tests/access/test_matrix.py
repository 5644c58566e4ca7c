"""Notifications, markers and push in every state of a token (reliability.md part 2, T02 to T04)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.access.table import (
    DISABLED,
    ENDPOINTS,
    EXPIRED,
    OUTSIDE,
    PENDING,
    READ,
    REVOKED,
    SAME,
    STATES,
    TOKEN_LIMITS,
    UNCONFIRMED,
    Endpoint,
    State,
)
from tests.access.world import FIRST, Things, World, quota, refusal, seen
from tests.factories import ALL_SCOPES, NOW, make_account, make_token
from tests.helpers import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")
IDS = {"ids": lambda one: one.name}
FOREIGN = [one for one in ENDPOINTS if one.foreign]
#: Ids that nobody has.
NOTHING = {
    "notification": "987654321", "request": "987654321", "group_key": "favourite-987-6",
    "sender": "987654321",
}  # fmt: skip


def tighter(endpoint: Endpoint) -> tuple[int, int, int] | None:
    """The limit of its own that an endpoint has, after one request."""
    count, window = TOKEN_LIMITS.get((endpoint.method, endpoint.path), (0, 0))
    return (count, count - 1, window) if count else None


async def call(
    world: World, endpoint: Endpoint, names: dict[str, str], header: str | None, **more: str
) -> Answer:
    sent = {"Authorization": header} if header is not None else {}
    form = {key: value.format_map(names) for key, value in endpoint.form.items()}
    path = endpoint.path.format_map(names)
    reads = endpoint.method == "GET"
    return await world.client.request(
        endpoint.method, path, headers={**sent, **more},
        params=form if reads else None, form=form if form and not reads else None,
    )  # fmt: skip


@pytest.mark.parametrize("state", STATES, **IDS)
@pytest.mark.parametrize("endpoint", ENDPOINTS, **IDS)
async def test_a_token_is_told_what_the_table_says(
    world: World, endpoint: Endpoint, state: State
) -> None:
    """Each cell: the whole answer, and that no row has changed but those that should."""
    good = state.told is None
    things: Things | None = None
    if state.who != "app":
        things = await world.someone(state.who, fresh=good and endpoint.writes)
    owner = things or await world.someone("fine")
    header = state.header
    if header == "":
        header = await world.shown(state, endpoint.accepted, things)
    wanted = None if state.told is None else refusal(state.told)
    if state.told is None and endpoint.answer is SAME and not endpoint.writes:
        full = header
        if endpoint.scope != "push":
            secret = await make_token(world.db, owner.person.id, f"{ALL_SCOPES} read")
            full = f"Bearer {secret}"
        wanted = seen(await call(world, endpoint, owner.names, full))
        await world.rested()
    await world.changes()
    answer = await call(world, endpoint, owner.names, header)
    told = seen(answer)
    changed = await world.changes()
    if wanted is not None:
        assert told == wanted
        assert changed == frozenset()
        return
    # A good token that writes: its own things are gone or changed, and nothing of anybody else.
    if endpoint.answer is not SAME:
        assert told["body"] == endpoint.answer
    assert told["status"] == 200
    first = quota(*tighter(endpoint)) if tighter(endpoint) else FIRST
    assert told["headers"] == refusal((200, "", ""), first)["headers"]
    assert bool(changed) == endpoint.writes
    # That something was touched is written down with keys, not with ids.
    rows = [row for row in changed if not row.startswith("touches (")]
    assert [row for row in rows if str(owner.person.id) not in row] == []


@pytest.mark.parametrize("endpoint", FOREIGN, **IDS)
async def test_somebody_elses_things_are_not_there(world: World, endpoint: Endpoint) -> None:
    """T02 to T04: the answer is, to the byte, that of an id which nobody has."""
    ann = await world.someone("fine", fresh=True)
    bob = (await make_account(world.db, f"bob{ann.person.id}")).token
    full = {
        "notification": ann.names["notification"], "request": ann.names["request"],
        "group_key": ann.names["group_key"], "sender": ann.names["sender"],
    }  # fmt: skip
    await world.changes()
    foreign = await call(world, endpoint, full, f"Bearer {bob}")
    await world.rested()
    missing = await call(world, endpoint, NOTHING, f"Bearer {bob}")
    assert foreign.whole == missing.whole
    assert (foreign.status, foreign.json) == endpoint.foreign
    assert await world.changes() == frozenset()
    await world.rested()
    own = await call(world, endpoint, ann.names, f"Bearer {ann.person.token}")
    assert own.status == 200
    assert (own.json != endpoint.foreign[1]) or endpoint.writes
    assert bool(await world.changes()) == endpoint.writes


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_naming_another_account_narrows_ones_own_list_only(
    world: World, version: str
) -> None:
    ann = await world.someone("fine")
    bob = await make_account(world.db, f"narrow{version}")
    for sender in (ann.person.id, bob.id, 1):
        answer = await world.client.get(
            f"/api/{version}/notifications", bob, params={"account_id": str(sender)}
        )
        body = answer.json if version == "v1" else answer.json["notification_groups"]
        assert (answer.status, body) == (200, [])


# --- The order of the checks ---------------------------------------------------------------------

TOLD = {
    "revoked": REVOKED,
    "expired": EXPIRED,
    "suspended": DISABLED,
    "scope": OUTSIDE,
    "unconfirmed": UNCONFIRMED,
    "pending": PENDING,
    "disabled": DISABLED,
}
TROUBLES = [troubles for size in range(1, 8) for troubles in itertools.combinations(TOLD, size)]


@pytest.mark.parametrize("troubles", TROUBLES, ids=" and ".join)
async def test_the_first_trouble_is_told(world: World, troubles: tuple[str, ...]) -> None:
    """Token, suspension, scope, confirmation, approval, the rest: whatever comes after is not."""
    has = set(troubles).__contains__
    person = await make_account(
        world.db, token=None, suspended_at=NOW if has("suspended") else None,
        user={
            **({"confirmed_at": None} if has("unconfirmed") else {}),
            "approved": not has("pending"),
            "disabled": has("disabled"),
        },
    )  # fmt: skip
    token = await make_token(
        world.db, person.id, "write" if has("scope") else READ,
        revoked_at=NOW if has("revoked") else None, expires_at=NOW if has("expired") else None,
    )  # fmt: skip
    answer = await world.client.get("/api/v1/notifications", token)
    assert seen(answer) == refusal(TOLD[troubles[0]])


# --- Where a token may stand ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "bearer", "{}", "Token {}", "Basic {}", "Bearer{}", "Bearer:{}",
     "Bearer {}x", "Bearer x{}", "Bearer {} {}", "Bearer {},", "Bearer '{}'", "Bearer token={}",
     "Digest Bearer {}"],
)  # fmt: skip
async def test_a_header_that_is_no_bearer_token_is_none(world: World, header: str) -> None:
    ann = await world.someone("fine")
    sent = {"Authorization": header.replace("{}", ann.person.token)}
    answer = await world.client.get("/api/v1/notifications", headers=sent)
    assert seen(answer) == refusal((401, "The access token is invalid", "invalid_token"))


@pytest.mark.parametrize("name", ["access_token", "bearer_token"])
@pytest.mark.parametrize("where", ["query", "form", "json", "bearer", "BEARER"])
async def test_a_token_may_stand_in_the_header_the_query_or_the_body(
    world: World, where: str, name: str
) -> None:
    ann = await world.someone("fine")
    token = ann.person.token
    sent: dict[str, Any] = {
        "query": {"params": {name: token}},
        "form": {"form": {name: token, "timeline": "home"}},
        "json": {"json": {name: token}},
    }.get(where, {"headers": {"Authorization": f"{where} {token}"}})
    answer = await world.client.post("/api/v1/markers", **sent)
    assert (answer.status, answer.json) == (200, {})


async def test_the_header_wins_over_a_parameter(world: World) -> None:
    ann = await world.someone("fine")
    for header, parameter, status in ((ann.person.token, "x", 200), ("x", ann.person.token, 401)):
        answer = await world.client.get(
            "/api/v1/notifications", header, params={"access_token": parameter}
        )
        assert answer.status == status


async def test_a_cookie_is_no_token(world: World) -> None:
    ann = await world.someone("fine")
    sent = {"Cookie": f"access_token={ann.person.token}; __Host-stentor_session=x; _session_id=x"}
    answer = await world.client.get("/api/v1/notifications", headers=sent)
    assert seen(answer) == refusal((401, "The access token is invalid", "invalid_token"))
