"""/api/v1/streaming: who may open a stream, and which answer whoever may not gets (9.1 to 9.3).

Streams are served as plain ASGI, before the framework: a WebSocket costs what its connection
costs and no more. They are listed among the routes all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import msgspec

from stentor import errors
from stentor.api import params, rate_limits, responses
from stentor.api.auth import Access, Viewer, authenticate, bearer
from stentor.api.endpoint import forwarded
from stentor.api.params import Params
from stentor.api.rate_limits import ANONYMOUS, STREAMS
from stentor.api.request import Request
from stentor.api.services import Services
from stentor.domain import streams
from stentor.domain.streams import Refusal, Subscription, Wish
from stentor.errors import PublicError
from stentor.store import lists
from stentor.streaming import sse, websocket
from stentor.streaming.connections import Listener

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/api/v1/streaming"
HEALTH = f"{PATH}/health"
_encoder = msgspec.json.Encoder()


class MissingToken(errors.TokenProblem):
    """401: no token in any of the places where a stream looks for one (9.2)."""

    text = "Missing access token"


class InvalidToken(errors.TokenProblem):
    """401: a token that opens nothing, for whatever reason; or two that differ."""

    text = "Invalid access token"


class StreamForbidden(PublicError):
    """401: a token that does not open this stream (9.2)."""

    status = 401

    def headers(self) -> dict[str, str]:
        return {
            "WWW-Authenticate": 'Bearer realm="Stentor", error="insufficient_scope", '
            f'error_description="{self.message}"',
        }


def _refused(why: Refusal) -> PublicError:
    """What an event stream is answered; an unknown one in other words than on a socket."""
    text, status = why.value
    if why is Refusal.UNKNOWN:
        text = "Unknown channel requested"
    return StreamForbidden(text) if status == 401 else errors.BadRequest(text)


async def stream(_: Request) -> Any:
    """GET /api/v1/streaming/…, for whatever `Streams` has not taken: nothing is here."""
    raise errors.NotFound


class Streams:
    """An ASGI application for WebSockets and for event streams."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @staticmethod
    def takes(scope: Scope) -> bool:
        """True for every WebSocket, and for requests of an event stream."""
        if scope["type"] == "websocket":
            return True
        path: str = scope.get("path", "")
        return (
            path.startswith(f"{PATH}/")
            and scope["type"] == "http"
            and scope["method"] == "GET"
            and path.rstrip("/") not in (PATH, HEALTH)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        opened = _Opening(self._services, scope)
        if scope["type"] == "websocket":
            await self._socket(opened, scope, receive, send)
        else:
            await self._events(opened, scope, receive, send)

    async def _socket(self, opened: _Opening, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            if not scope["path"].startswith(PATH):
                raise errors.NotFound
            listener = await opened.listener()
        except PublicError as problem:
            await _refuse_socket(scope, send, problem)
            return
        query = opened.query
        wish = Wish(*(query.text(name) or "" for name in ("stream", "tag", "list")))
        # The server's log of an accepted socket shows its query: it may hold the token.
        scope["query_string"] = b""
        accept: dict[str, Any] = {"type": "websocket.accept", "headers": []}
        protocols = scope.get("subprotocols") or ()
        if protocols:
            accept["subprotocol"] = protocols[0]
        await send(accept)
        wire = scope.get("extensions", {}).get(websocket.WIRE)
        del opened, query
        await websocket.run(
            self._services.hub, listener, wish, wire=wire, receive=receive, send=send
        )

    async def _events(self, opened: _Opening, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            name = streams.of_path(
                scope["path"].removeprefix(f"{PATH}/").rstrip("/"),
                only_media=opened.query.flag("only_media"),
            )
            if name is None:
                raise _refused(Refusal.UNKNOWN)
            listener = await opened.listener()
            wanted = await self._wanted(opened.query, name, listener)
        except PublicError as problem:
            await _refuse_events(send, problem)
            return
        last = sse.place(opened.header("last-event-id") or opened.query.text("last_event_id"))
        beginning = sse.Opening(
            wanted,
            last,
            announce="text/event-stream" in (opened.header("accept") or ""),
            abort=scope.get("extensions", {}).get(sse.ABORT),
        )
        await send({"type": "http.response.start", "status": 200, "headers": _EVENT_HEADERS})
        await sse.run(self._services.hub, listener, beginning, receive=receive, send=send)

    async def _wanted(self, query: Params, name: str, listener: Listener) -> Subscription:
        wish = Wish(name, query.text("tag") or "", query.text("list") or "")
        found = streams.find(wish, listener.scopes)
        if isinstance(found, Refusal):
            raise _refused(found)
        if found.stream.name == streams.LIST:
            list_id = int(found.stream.parameter)
            if await lists.find(self._services.db, listener.account_id, list_id) is None:
                raise _refused(Refusal.FOREIGN_LIST)
        return found


class _Opening:
    """A stream that somebody wants to open: its head, and who he is."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services = services
        self._scope = scope
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._query: Params | None = None

    @property
    def query(self) -> Params:
        """The parameters. Raises BadRequest."""
        if self._query is None:
            self._query = Params(params.from_query(self._scope["query_string"].decode("latin-1")))
        return self._query

    def header(self, name: str) -> str | None:
        """A header by its name in lower case."""
        value = self._headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def _tokens(self) -> Iterator[str]:
        """What may be a token, in the order in which it counts (9.2)."""
        found = bearer(self.header("authorization"))
        yield from filter(None, (found, self.query.text("access_token")))
        yield from (self._scope.get("subprotocols") or ())[:1]

    async def listener(self) -> Listener:
        """Whoever opens it. Raises what he is told if he may not.

        By the same `authenticate` as everywhere; cookies are not looked at (T60).
        """
        services = self._services
        now = services.now()
        try:
            viewer = await self._authenticate(now)
        except PublicError:
            services.limits.take([(ANONYMOUS, self._address())], now)
            raise
        account_id = viewer.account_id
        if account_id is None:
            raise InvalidToken
        services.limits.take([(STREAMS, account_id)], now)
        if services.limits.on and services.hub.open_streams(account_id) >= streams.OPEN_STREAMS:
            raise errors.TooManyRequests(60)
        if services.hub.draining:
            raise errors.Unavailable
        services.last_uses.saw(
            viewer.token_id, account_id, last_used_at=viewer.last_used_at, now=now
        )
        return Listener(account_id, viewer.token_id, viewer.scopes)

    async def _authenticate(self, now: int) -> Viewer:
        tokens = list(dict.fromkeys(self._tokens()))
        if not tokens:
            raise MissingToken
        if len(tokens) > 1:  # which one was meant? That is how scope checks get dodged
            raise InvalidToken
        try:
            viewer = await authenticate(self._services.db, tokens[0], Access.USER, frozenset(), now)
        except errors.Unavailable:
            raise
        except PublicError as problem:
            raise InvalidToken from problem
        if viewer is None:
            raise InvalidToken
        return viewer

    def _address(self) -> str:
        peer = (self._scope.get("client") or ("",))[0]
        trusted = self._services.features.trusted_proxies
        return rate_limits.client_key(forwarded(peer, self.header("x-forwarded-for"), trusted))


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


_COMMON = {
    **responses.API_HEADERS,
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "private, no-store",
    "Vary": "Authorization, Origin",
}
# Proxies that would rather collect an answer are told not to (surroundings, trap 21).
_EVENT_HEADERS = _raw({**_COMMON, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})


async def _refuse_events(send: Send, problem: PublicError) -> None:
    body = _encoder.encode(problem.body())
    headers = {
        **_COMMON,
        **problem.headers(),
        "Content-Type": responses.JSON,
        "Content-Length": str(len(body)),
    }
    await send({"type": "http.response.start", "status": problem.status, "headers": _raw(headers)})
    await send({"type": "http.response.body", "body": body})


async def _refuse_socket(scope: Scope, send: Send, problem: PublicError) -> None:
    """No body: a browser shows neither, and other clients read ``X-Error-Message`` (9.2)."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = {
        **_COMMON,
        **problem.headers(),
        "X-Error-Message": problem.message,
        "Content-Type": "text/plain",
        "Connection": "close",
    }
    await send(
        {
            "type": "websocket.http.response.start",
            "status": problem.status,
            "headers": _raw(headers),
        }
    )
    await send({"type": "websocket.http.response.body", "body": b""})
