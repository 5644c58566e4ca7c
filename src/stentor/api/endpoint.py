"""One route to one falcon responder: read, limit, authorise, call, answer."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import falcon
import falcon.asgi
import structlog

from stentor import errors
from stentor.api import rate_limits, responses
from stentor.api.auth import Access, authenticate, bearer
from stentor.api.rate_limits import Limit, Remaining
from stentor.api.request import Request, read_values
from stentor.api.services import Services
from stentor.telemetry import Metric, count

log = structlog.get_logger("stentor.api")

Handler = Callable[[Request], Awaitable[Any]]
_CURSORS = ("max_id", "min_id", "since_id", "page")


@dataclass(frozen=True, slots=True)
class Route:
    """A path, a verb, who may, with which scopes (any of them), and what it does.

    ``limits`` come on top of those that every request counts against.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    scopes: frozenset[str]
    limits: tuple[Limit, ...] = ()


def responder(route: Route, services: Services) -> Callable[..., Awaitable[None]]:
    """What falcon calls for that route."""
    handler, access, scopes, extra = route.handler, route.access, route.scopes, route.limits
    method, path = route.method, route.path

    async def respond(http: falcon.asgi.Request, resp: falcon.asgi.Response, **parts: str) -> None:
        now = services.now()
        if access is not Access.OPEN:
            resp.set_header("Cache-Control", "private, no-store")
            resp.set_header("Vary", "Authorization, Origin")
        try:
            request = Request(http, services, parts, await read_values(http))
            if access is Access.OPEN:
                _limit(request, extra, resp, now)
            else:
                secret = bearer(http.get_header("Authorization")) or (
                    request.params.text("access_token") or request.params.text("bearer_token")
                )
                try:
                    request.viewer = await authenticate(services.db, secret, access, scopes, now)
                except errors.PublicError:
                    _limit(request, extra, resp, now)
                    raise
                _limit(request, extra, resp, now)
            responses.write(resp, await handler(request))
        except errors.PublicError as problem:
            responses.write_error(resp, problem)
        except Exception as problem:
            reference = uuid.uuid4().hex
            log.exception("request failed", method=method, route=path, reference=reference)
            responses.write_error(resp, errors.PublicError())
            resp.set_header("X-Request-Id", reference)
            count(Metric.HTTP_FAILURES, kind=type(problem).__name__)

    return respond


def _limit(
    request: Request, extra: tuple[Limit, ...], resp: falcon.asgi.Response, now: int
) -> Remaining | None:
    limits = request.services.limits
    if not limits.on:
        return None
    viewer = request.viewer
    keys: list[tuple[Limit, Any]] = []
    who: Any
    if viewer is None or viewer.account_id is None:
        who = rate_limits.client_key(client_address(request))
        keys.append((rate_limits.ANONYMOUS, who))
    else:
        who = viewer.account_id
        keys.append((rate_limits.ACCOUNT, who))
        keys.append((rate_limits.TOKEN, viewer.token_id))
    if any(request.params.values.get(name) for name in _CURSORS):
        keys.append((rate_limits.PAGING, who))
    keys += [(limit, who) for limit in extra]
    left = limits.take(keys, now)
    if left:
        responses.set_headers(resp, left.headers())
    return left


def client_address(request: Request) -> str:
    """The peer, or what the right-most proxies that the operator trusts say of it.

    A forwarded header from anyone else is not looked at (reliability T57).
    """
    peer: str = request.http.scope.get("client", ("",))[0]
    trusted = request.services.features.trusted_proxies
    if peer not in trusted:
        return peer
    hops = (request.header("X-Forwarded-For") or "").split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if hop not in trusted:
            return hop
    return peer
