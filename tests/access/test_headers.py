"""The headers of every answer: none missing, none that says more than it should (5a)."""

from __future__ import annotations

import re

import pytest

from tests.access.table import GENEROUS, LIMITS, PAGES, ROUTES
from tests.access.world import ALWAYS, CROSS_ORIGIN, FIVE, PRIVATE, World, quota
from tests.helpers import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Pages for people: what browsers are told there instead.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE = {
    **ALWAYS,
    "content-security-policy": f"{POLICY}; form-action 'self'",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "x-xss-protection": "0",
    "cache-control": "private, no-store",
    "content-type": "text/html; charset=utf-8",
}
#: How long others may keep what is no secret; everything else is not kept at all.
KEPT = {
    "/api/v1/instance": "public, max-age=60",
    "/api/v2/instance": "public, max-age=60",
    "/nodeinfo/2.0": "public, max-age=60",
    "/.well-known/host-meta": "public, max-age=60",
    "/.well-known/oauth-authorization-server": "public, max-age=300",
    "/thumbnail.png": "public, max-age=86400",
    "/robots.txt": "public, max-age=86400",
    "/avatars/original/missing.png": "public, max-age=86400",
    "/headers/original/missing.png": "public, max-age=86400",
    "/auth/stentor.css": "public, max-age=300",
    "/auth/stentor.svg": "public, max-age=300",
}
TYPES = {
    "/health": "text/plain; charset=utf-8",
    "/api/v1/streaming/health": "text/plain; charset=utf-8",
    "/robots.txt": "text/plain; charset=utf-8",
    "/.well-known/host-meta": "application/xrd+xml; charset=utf-8",
    "/thumbnail.png": "image/png",
    "/avatars/original/missing.png": "image/png",
    "/headers/original/missing.png": "image/png",
    "/auth/stentor.css": "text/css; charset=utf-8",
    "/auth/stentor.svg": "image/svg+xml",
}
SHARED = (
    "/api/", "/.well-known/", "/nodeinfo/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo",
    "/system/", "/avatars/", "/headers/",
)  # fmt: skip
#: Pages that give the browser its cookie, or take it away.
COOKIES = {("GET", "/auth/sign_in"), ("POST", "/auth/sign_in"), ("POST", "/auth/sign_out")}
#: What else may be there, with a value that another test looks at.
ELSEWHERE = {"link", "location", "etag", "www-authenticate", "pragma", "set-cookie"}


def expected(route: tuple[str, str], status: int) -> dict[str, str]:
    _, path = route
    page = path.startswith(PAGES) or path in ("/", "/favicon.ico")
    count, window = LIMITS.get(route, (3000 if route in GENEROUS else 300, FIVE))
    if path == "/auth/sign_in":  # a form that is out of date is no attempt
        count, window = 300, FIVE
    headers = {**(PAGE if page and path != "/robots.txt" else ALWAYS)}
    headers |= quota(count, count - 1, window)
    headers.setdefault("cache-control", "no-store")
    headers.setdefault("content-type", "application/json; charset=utf-8")
    if ROUTES[route].kind != "open":
        headers |= PRIVATE
    if path in KEPT:
        headers["cache-control"] = KEPT[path]
    if path in TYPES:
        headers["content-type"] = TYPES[path]
    if path.startswith(SHARED):
        headers["access-control-allow-origin"] = "*"
    if path.startswith("/api/"):
        headers |= CROSS_ORIGIN
    if page and 300 <= status < 400:
        headers["content-security-policy"] = POLICY  # there is no form in a redirect
    return headers


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_every_route_sends_just_the_headers_of_its_kind(
    world: World, route: tuple[str, str]
) -> None:
    method, path = route
    answer = await world.client.request(method, re.sub(r"{[^}]*}", "987654321", path))
    status, content, headers = answer.whole
    assert int(headers.pop("content-length")) == len(content)
    extra = {name: headers.pop(name) for name in ELSEWHERE & headers.keys()}
    assert ("set-cookie" in extra) == (route in COOKIES)
    assert ("www-authenticate" in extra) == (status == 401 and path != "/oauth/authorize")
    assert headers == expected(route, status)


async def cross_origin(client: Client, path: str, method: str = "GET") -> dict[str, str]:
    answer = await client.request(
        "OPTIONS", path,
        headers={"Origin": "https://client.example", "Access-Control-Request-Method": method,
                 "Access-Control-Request-Headers": "authorization,idempotency-key"},
    )  # fmt: skip
    return answer.whole[2]


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_other_sites_may_call_the_api_and_never_the_pages(
    world: World, route: tuple[str, str]
) -> None:
    method, path = route
    headers = await cross_origin(world.client, re.sub(r"{[^}]*}", "9", path), method)
    allowed = {name for name in headers if name.startswith("access-control-")}
    if not path.startswith(SHARED):
        assert allowed == set()
        return
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "authorization,idempotency-key"
    assert method in headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in allowed


async def test_what_does_not_exist_is_told_with_the_same_headers(world: World) -> None:
    for method, path in (("GET", "/api/v1/nothing"), ("PUT", "/api/v1/notifications"),
                         ("GET", "/api/v1/notifications.json")):  # fmt: skip
        status, _, headers = (await world.client.request(method, path)).whole
        assert status == 404
        del headers["content-length"]
        assert headers == {
            **ALWAYS, **CROSS_ORIGIN, "cache-control": "no-store",
            "content-type": "application/json; charset=utf-8",
        }  # fmt: skip
