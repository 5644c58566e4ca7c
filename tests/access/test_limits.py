"""Every route has a rate limit, and it holds: at that very number, for just so long (T57)."""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stentor.api.endpoint import Route
from stentor.api.health import health
from stentor.api.rate_limits import FILES, HEALTH
from stentor.api.routes import ROUTES as REAL
from stentor.domain import times
from stentor.domain.oauth import KNOWN
from tests.access.table import (
    GENEROUS,
    HOUR,
    LIMITS,
    MINUTE,
    PAGES,
    ROUTES,
    SIGN_IN,
    TOKEN_LIMITS,
)
from tests.access.world import ALWAYS, CROSS_ORIGIN, FIVE, JSON, PRIVATE, World, quota, seen
from tests.factories import NOW, make_account, make_token
from tests.helpers import Answer, Browser, hidden

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = "192.0.2.7"
Ask = Callable[[], Awaitable[Answer]]


async def test_a_route_without_a_limit_cannot_be_written_down() -> None:
    with pytest.raises(ValueError, match="GET /x has no rate limit"):
        Route("GET", "/x", health, REAL[0].access, frozenset(), ())
    assert [one.path for one in REAL if not one.limits] == []


def throttled(count: int, window: int, now: int = NOW) -> dict[str, str]:
    """The headers of a refusal, beside those of every answer."""
    end = (now // window + 1) * window
    return {**quota(count, 0, window, now), "retry-after": str(-(-(end - now) // 1000))}


async def until_it_refuses(
    world: World, ask: Ask, count: int, window: int, *, page: bool = False
) -> None:
    """The next request is the last that is answered; the one after it and all others are not,
    until the window is over."""
    answer = await ask()
    assert answer.status != 429
    assert quota(count, 0, window).items() <= answer.whole[2].items()
    answer = await ask()
    assert (answer.status, throttled(count, window).items() <= answer.whole[2].items()) == (
        429, True,
    )  # fmt: skip
    if page:
        assert "There were too many attempts." in answer.text
    else:
        assert answer.json == {"error": "Too many requests"}
    end = (NOW // window + 1) * window
    world.clock.time = end - 1
    assert (await ask()).headers["retry-after"] == "1"
    world.clock.time = end
    answer = await ask()
    assert answer.status != 429
    assert int(answer.headers["x-ratelimit-remaining"]) > 0
    assert answer.headers["x-ratelimit-reset"] > times.iso(end)


#: What a class of routes counts together: one cheap route of it, and how often it is answered.
CHEAP = {
    "anonymous": ("/api/v1/custom_emojis", 300),
    "token": ("/api/v1/suggestions", 300),
    "pages": ("/robots.txt", 300),
    "files": ("/avatars/original/missing.png", 3000),
    "health": ("/health", 3000),
}
_before: dict[tuple[int, str], tuple[Any, str | None]] = {}


def class_of(route: tuple[str, str]) -> str:
    if route in GENEROUS:
        return "health" if route[1].endswith("/health") else "files"
    if ROUTES[route].kind != "open":
        return "anonymous" if ROUTES[route].kind == "app" else "token"
    return "pages" if route[1].startswith(PAGES) or route[1] == "/" else "anonymous"


async def nearly_used_up(world: World, kind: str) -> str | None:
    """One request before the end, as every route of that kind finds it; the token for it."""
    key = (id(world), kind)
    path, count = CHEAP[kind]
    limits = world.client.services.limits
    if key not in _before:
        await world.rested()
        token = None
        if kind == "token":
            person = await make_account(world.db, token=None, role_id=3)
            token = await make_token(world.db, person.id, " ".join(KNOWN))
        # Of the thousands only the last are sent in earnest; the header says that all count.
        for _ in range(count - 300):
            limits.take([(FILES if kind == "files" else HEALTH, HERE)], NOW)
        for _ in range(299):
            answer = await world.client.get(path, token, address=HERE)
            assert answer.status == 200
        assert answer.headers["x-ratelimit-remaining"] == "1"
        _before[key] = (copy.deepcopy(limits._counts), token)
    await world.rested()
    counts, token = _before[key]
    limits._counts.update(counts)
    return token


GENERAL = [route for route in ROUTES if route not in LIMITS | TOKEN_LIMITS]


@pytest.mark.parametrize("route", GENERAL, ids=" ".join)
async def test_every_route_refuses_after_the_general_limit(
    world: World, route: tuple[str, str]
) -> None:
    kind = class_of(route)
    token = await nearly_used_up(world, kind)
    method, path = route

    async def ask() -> Answer:
        return await world.client.request(
            method, re.sub(r"{[^}]*}", "987654321", path), token, address=HERE
        )

    is_page = kind == "pages" and route[1] != "/robots.txt"
    await until_it_refuses(world, ask, CHEAP[kind][1], FIVE, page=is_page)


async def test_a_refusal_is_told_like_everything_else(world: World) -> None:
    token = await nearly_used_up(world, "token")
    for _ in range(2):
        answer = await world.client.get("/api/v1/notifications", token, address=HERE)
    assert seen(answer) == {
        "status": 429,
        "body": {"error": "Too many requests"},
        "headers": {**ALWAYS, **CROSS_ORIGIN, **PRIVATE, **JSON, **throttled(300, FIVE)},
    }


# --- Limits of a route's own ---------------------------------------------------------------------

FORMS = {
    "/oauth/token": {"client_id": "client", "grant_type": "client_credentials"},
    "/oauth/revoke": {"client_id": "client", "token": "x"},
}
OWN = [route for route in LIMITS if route != SIGN_IN] + list(TOKEN_LIMITS)


@pytest.mark.parametrize("route", OWN, ids=" ".join)
async def test_some_routes_refuse_sooner(world: World, route: tuple[str, str]) -> None:
    count, window = (LIMITS | TOKEN_LIMITS)[route]
    method, path = route
    access = ROUTES[route]
    person = None if access.kind == "app" else (await make_account(world.db, token=None)).id
    token = None
    if access.kind != "open":
        token = await make_token(world.db, person, " ".join(KNOWN))
    form = FORMS.get(path)

    async def ask() -> Answer:
        path_ = path.replace("{id}", "987654321")
        return await world.client.request(method, path_, token, form=form, address=HERE)

    for _ in range(count - 1):
        assert (await ask()).status != 429
    await until_it_refuses(world, ask, count, window, page=path == "/auth/first_owner")


async def test_an_address_tries_25_passwords_in_five_minutes(world: World) -> None:
    browser = Browser(world.client)
    form = hidden(await browser.get("/auth/sign_in", address=HERE), "/auth/sign_in")
    numbers = iter(range(100))

    async def ask() -> Answer:
        typed = {"user[email]": f"nobody{next(numbers)}", "user[password]": "wrong horse"}
        return await browser.post("/auth/sign_in", {**form, **typed}, address=HERE)

    count, window = LIMITS[SIGN_IN]
    for _ in range(count - 1):
        assert (await ask()).status == 422
    await until_it_refuses(world, ask, count, window, page=True)


@pytest.mark.parametrize(
    ("routes", "count", "window"),
    [
        ((("POST", "/api/v1/statuses"), ("PUT", "/api/v1/statuses/9"),
          ("POST", "/api/v1/statuses/9/reblog")), 300, 3 * HOUR),
        ((("POST", "/api/v1/accounts/9/follow"),), 400, 24 * HOUR),
        ((("POST", "/api/v1/reports"),), 400, 24 * HOUR),
        ((("GET", "/api/v1/notifications?max_id=9"), ("GET", "/api/v1/statuses?page=1"),
          ("GET", "/api/v1/timelines/home?min_id=9"), ("GET", "/api/v1/blocks?since_id=9")),
         300, 15 * MINUTE),
        ((("GET", "/api/v1/suggestions"),), 1500, FIVE),
    ],
    ids=["statuses", "follows", "reports", "pages of lists", "account"],
)  # fmt: skip
async def test_an_account_has_limits_over_all_its_tokens(
    world: World, routes: tuple[tuple[str, str], ...], count: int, window: int
) -> None:
    """Several tokens, each below the limit of a token, reach that of the account together."""
    person = await make_account(world.db, token=None)
    tokens = [await make_token(world.db, person.id) for _ in range(count // 250 + 1)]

    async def ask(number: int, who: list[str] = tokens) -> Answer:
        method, path = routes[number % len(routes)]
        path, _, query = path.partition("?")
        token = who[number % len(who)]
        return await world.client.request(method, path, token, params=query)

    for number in range(count):
        answer = await ask(number)
        assert answer.status != 429, number
    assert quota(count, 0, window).items() <= answer.whole[2].items()
    for number, _ in enumerate(routes, start=count):
        answer = await ask(number)
        assert answer.status == 429
        assert throttled(count, window).items() <= answer.whole[2].items()
    if window != FIVE:
        # Other things go on, and so do other people.
        assert (await world.client.get("/api/v1/suggestions", tokens[0])).status == 200
    other = await make_account(world.db)
    assert (await ask(0, [other.token])).status != 429


# --- Who counts as whom --------------------------------------------------------------------------


async def used_up(world: World, address: str, **headers: str) -> None:
    """That address has sent what it may."""
    for _ in range(300):
        answer = await get(world, address, **headers)
        assert answer.status == 200
    assert answer.headers["x-ratelimit-remaining"] == "0"


async def get(world: World, address: str, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.client.get("/api/v1/custom_emojis", address=address, headers=sent)


SPOOFED = (
    "X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP",
    "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP",
)  # fmt: skip


async def test_nobody_escapes_by_saying_where_he_comes_from(world: World) -> None:
    """Ten thousand header values from a peer that nobody trusts change nothing."""
    await used_up(world, HERE)
    for number in range(1250):
        value = f"10.{number >> 8}.{number & 255}.1"
        answer = await get(world, HERE, **dict.fromkeys(SPOOFED, value))
        assert answer.status == 429
    assert (await get(world, HERE, X_Forwarded_For="127.0.0.9")).status == 429
    assert (await get(world, "192.0.2.8", X_Forwarded_For=HERE)).status == 200


async def test_a_trusted_proxy_is_believed_for_the_hop_on_the_right(world: World) -> None:
    proxy = "127.0.0.9"
    for number in range(300):
        said = f"10.9.{number}.1, 203.0.113.5" + (", 10.0.0.1" if number % 2 else "")
        assert (await get(world, proxy, X_Forwarded_For=said)).status == 200
    same = (
        "203.0.113.5", "x, 203.0.113.5", "10.0.0.1,203.0.113.5, 127.0.0.9", "203.0.113.5,",
        "203.0.113.5:4711", "::ffff:203.0.113.5", "[::ffff:203.0.113.5]:4711",
    )  # fmt: skip
    for said in same:
        assert (await get(world, proxy, X_Forwarded_For=said)).status == 429
        assert (await get(world, f"::ffff:{proxy}", X_Forwarded_For=said)).status == 429
    assert (await get(world, "203.0.113.5")).status == 429
    for said in ("203.0.113.6", "203.0.113.5, 203.0.113.6", "", "127.0.0.9, 10.0.0.1"):
        assert (await get(world, proxy, X_Forwarded_For=said)).status == 200


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1"),
        ("fe80::1%eth0", "fe80::2%eth1", "fe81::1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
    ],
)
async def test_an_ipv6_network_of_64_bits_counts_as_one(
    world: World, first: str, same: str, other: str
) -> None:
    await used_up(world, first)
    assert (await get(world, same)).status == 429
    assert (await get(world, other)).status == 200


async def test_guessing_tokens_counts_against_the_address(world: World) -> None:
    """And does not keep those out who come from there with a good one."""
    person = await make_account(world.db)
    for number in range(300):
        answer = await world.client.get("/api/v1/notifications", f"guess{number}", address=HERE)
        assert answer.status == 401
    for token in ("guess", None):
        answer = await world.client.get("/api/v1/notifications", token, address=HERE)
        assert answer.status == 429
    assert (await world.client.get("/api/v1/notifications", person, address=HERE)).status == 200


async def test_an_applications_own_token_counts_as_token_and_by_address(world: World) -> None:
    token = await make_token(world.db, None, "read", application_id=world.application_id)
    for number in range(300):
        address = f"192.0.2.{number % 200}"
        answer = await world.client.get("/api/v1/trends", token, address=address)
        assert answer.status == 200
    assert (await world.client.get("/api/v1/trends", token, address=HERE)).status == 429
    assert (await world.client.get("/api/v1/trends", address=HERE)).status == 200


async def test_switched_off_nothing_is_counted_and_nothing_said(world: World) -> None:
    limits = world.client.services.limits
    limits.on = False
    try:
        for _ in range(310):
            answer = await get(world, HERE)
        assert answer.status == 200
        assert [name for name in answer.headers if "ratelimit" in name.lower()] == []
    finally:
        limits.on = True
