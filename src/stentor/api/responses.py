"""Values to HTTP: JSON, pages with a Link header, errors; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any

import falcon.asgi
import msgspec

from stentor.api.request import Request
from stentor.domain import paging
from stentor.entities.fragments import Parts
from stentor.errors import PublicError

JSON = "application/json; charset=utf-8"
encoder = msgspec.json.Encoder()

#: What a call answers that has nothing to say (trap 5).
EMPTY: dict[str, Any] = {}

# Headers of everything under /api (reliability 5a).
API_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
#: Browsers that came by TLS once come by nothing else for two years.
HSTS = "max-age=63072000; includeSubDomains"


def request_id() -> str:
    """A name for a request, to be told and found in logs: 32 hexadecimal digits, no secret."""
    return f"{getrandbits(128):032x}"


@dataclass(slots=True)
class Reply:
    """An answer that is not simply 200 with JSON. ``body`` is encoded unless it is bytes."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    #: Cookies to set: name, value, options of falcon's `set_cookie`.
    cookies: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def page(
    request: Request,
    body: Any,
    *,
    kept: Sequence[str] = (),
    next_max_id: int | None,
    prev: tuple[str, int] | None,
) -> Reply:
    """A list with its Link header (notifications.md 1.3); ``limit`` is always kept."""
    link = paging.link_header(
        request.url,
        request.params.pairs("limit", *kept),
        next_max_id=next_max_id,
        prev=prev,
    )
    return Reply(body, headers={"Link": link} if link else {})


def relation_page(
    request: Request, body: Any, row_ids: Sequence[int], limit: int, *, kept: Sequence[str] = ()
) -> Reply:
    """A list ordered by rows of a relation (follows, blocks, favourites …), whose ids are cursors.

    `next` only if the page is full, `prev` by ``since_id`` (surroundings C0.5).
    """
    return page(
        request,
        body,
        kept=kept,
        next_max_id=row_ids[-1] if row_ids and len(row_ids) >= limit else None,
        prev=("since_id", row_ids[0]) if row_ids else None,
    )


def timeline_page(
    request: Request, body: Any, ids: Sequence[int], *, kept: Sequence[str] = ()
) -> Reply:
    """A timeline: both links whenever the page is not empty."""
    return page(
        request,
        body,
        kept=kept,
        next_max_id=ids[-1] if ids else None,
        prev=("min_id", ids[0]) if ids else None,
    )


def offset_page(request: Request, body: Any, *, offset: int, limit: int, full: bool) -> Reply:
    """A list that is paged by ``offset``."""
    link = paging.offset_links(
        request.url, request.params.pairs("limit"), offset=offset, limit=limit, full=full
    )
    return Reply(body, headers={"Link": link} if link else {})


def parts(resp: falcon.asgi.Response, reply: Any) -> Parts:
    """The body of an answer that was written, in the pieces in which it came."""
    body = reply.body if isinstance(reply, Reply) else reply
    return body if type(body) is Parts else Parts((resp.data or b"",))


def write(resp: falcon.asgi.Response, reply: Any) -> None:
    """Puts a handler's result into the response."""
    if isinstance(reply, Reply):
        resp.status = reply.status
        body = reply.body
        resp.content_type = reply.content_type
        for name, value in reply.headers.items():
            resp.set_header(name, value)
        for name, value, options in reply.cookies:
            resp.set_cookie(name, value, **options)
    else:
        body = reply
        resp.content_type = JSON
    if type(body) is Parts:
        resp.data = b"".join(body.pieces)
    else:
        resp.data = body if type(body) is bytes else encoder.encode(body)


def write_error(resp: falcon.asgi.Response, problem: PublicError) -> None:
    """Puts an error into the response: always JSON, always with the key ``error`` (trap 6)."""
    resp.status = problem.status
    resp.content_type = JSON
    resp.data = encoder.encode(problem.body())
    set_headers(resp, problem.headers())


def set_headers(resp: falcon.asgi.Response, headers: Mapping[str, str]) -> None:
    """Sets each of them."""
    for name, value in headers.items():
        resp.set_header(name, value)
