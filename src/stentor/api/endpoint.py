"""One route to one falcon responder: read, limit, authorise, call, answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any

import falcon
import falcon.asgi
import structlog

from stentor import errors
from stentor.api import rate_limits, responses
from stentor.api.auth import Access, authenticate
from stentor.api.rate_limits import Limit
from stentor.api.remembered import NOTE, Note
from stentor.api.request import Request, read_values
from stentor.api.services import Services
from stentor.entities.fragments import Parts
from stentor.telemetry import Metric, count

log = structlog.get_logger("stentor.api")

Handler = Callable[[Request], Awaitable[Any]]
_CURSORS = ("max_id", "min_id", "since_id", "page")


@dataclass(frozen=True, slots=True)
class Route:
    """A path, a verb, who may, with which scopes (any of them), and what it does.

    ``limits`` are all rate limits that a request counts against; none is not among the choices
    (T57). Raises ValueError then.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    scopes: frozenset[str]
    limits: tuple[Limit, ...]
    #: Its answers to a person are given again while nobody has committed anything.
    remembered: bool = False

    def __post_init__(self) -> None:
        if not self.limits:
            raise ValueError(f"{self.method} {self.path} has no rate limit; name one in `limits`")
        if self.remembered and any(limit.shared for limit in self.limits):
            raise ValueError(f"{self.method} {self.path} cannot be remembered and counted by all")


def responder(route: Route, services: Services) -> Callable[..., Awaitable[None]]:
    """What falcon calls for that route."""
    handler, access, scopes, limits = route.handler, route.access, route.scopes, route.limits
    method, path = route.method, route.path
    # A page for people says in its own way what is wrong.
    failure = getattr(handler, "failure", None)

    async def respond(http: falcon.asgi.Request, resp: falcon.asgi.Response, **parts: str) -> None:
        now = services.now()
        note: Note | None = http.scope.get(NOTE)
        request: Request | None = None
        if access is not Access.OPEN:
            resp.set_header("Cache-Control", "private, no-store")
            resp.set_header("Vary", "Authorization, Origin")
        try:
            request = Request(http, services, parts, await read_values(http))
            try:
                if access is not Access.OPEN:
                    request.viewer = await authenticate(
                        services.db, request.secret, access, scopes, now,
                        instant=note and note.instant,
                    )  # fmt: skip
            finally:
                # Whoever is turned away counts too, as nobody.
                if services.limits.on:
                    await request.count(_keys(request, limits))
            if (viewer := request.viewer) is not None:
                services.last_uses.saw(
                    viewer.token_id, viewer.account_id, last_used_at=viewer.last_used_at, now=now
                )
            reply = await handler(request)
            responses.write(resp, reply)
            _tell(note, request, responses.parts(resp, reply))
        except errors.PublicError as problem:
            if failure is not None and request is not None:
                responses.write(resp, failure(request, problem))
            else:
                responses.write_error(resp, problem)
        except Exception as problem:
            reference = resp.get_header("X-Request-Id")
            log.exception("request failed", method=method, route=path, reference=reference)
            responses.write_error(resp, errors.PublicError())
            count(Metric.HTTP_FAILURES, kind=type(problem).__name__)
        if request is not None and request.remaining is not None:
            responses.set_headers(resp, request.remaining.headers())

    return respond


def _tell(note: Note | None, request: Request, parts: Parts) -> None:
    """Says what was answered to whoever may remember it."""
    viewer = request.viewer
    if note is not None and viewer is not None and viewer.account_id is not None:
        note.take(parts, viewer=viewer, until=request.until, pages=_paging(request))


def _keys(request: Request, limits: tuple[Limit, ...]) -> list[tuple[Limit, Hashable]]:
    """What this request counts against, and as whose."""
    viewer = request.viewer
    return rate_limits.keys(
        limits,
        account_id=viewer.account_id if viewer else None,
        token_id=viewer.token_id if viewer else None,
        address=lambda: client_address(request),
        paging=_paging(request),
    )


def _paging(request: Request) -> bool:
    return any(request.params.values.get(name) for name in _CURSORS)


def client_address(request: Request) -> str:
    """The peer, or what the right-most proxies that the operator trusts say of it.

    A forwarded header from anyone else is not looked at (reliability T57).
    """
    # There is none at the other end of a Unix socket.
    peer: str = (request.http.scope.get("client") or ("",))[0]
    return forwarded(
        peer, request.header("X-Forwarded-For"), request.services.features.trusted_proxies
    )


def forwarded(peer: str, header: str | None, trusted: Collection[str]) -> str:
    """`client_address` of a peer and an ``X-Forwarded-For``."""
    believed = {rate_limits.canonical(proxy) for proxy in trusted}
    peer = rate_limits.canonical(peer)
    if peer in believed:
        for hop in reversed((header or "").split(",")):
            address = rate_limits.canonical(hop.strip())
            if address and address not in believed:
                return address
    return peer
