"""One request as an endpoint sees it: parameters, who asks, and the services."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from urllib.parse import quote

import falcon
import falcon.asgi

from stentor import errors
from stentor.api import params
from stentor.api.auth import Viewer, bearer
from stentor.api.params import Params
from stentor.api.rate_limits import Limit, Remaining, Throttled
from stentor.api.services import Services
from stentor.domain import paging, times

#: Largest JSON or form body, in bytes (reliability 5g).
BODY = 256 * 1024
#: Largest multipart body: two images of 8 MiB and some text.
MULTIPART = 17 * 1024 * 1024
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class Request:
    """What one request asks for. ``viewer`` is None for an anonymous one."""

    __slots__ = ("http", "params", "path", "remaining", "services", "until", "viewer")

    def __init__(
        self,
        http: falcon.asgi.Request,
        services: Services,
        path: dict[str, str],
        values: dict[str, Any],
    ) -> None:
        self.http = http
        self.services = services
        self.path = path
        self.params = Params(values)
        self.viewer: Viewer | None = None
        #: What is left of the rate limit that is nearest to its end.
        self.remaining: Remaining | None = None
        #: The first moment (ms) at which the answer may be another though nobody did anything.
        self.until = times.LATEST

    def lasts_until(self, moment: int) -> None:
        """What the answer shows may look otherwise from that moment on."""
        self.until = min(self.until, moment)

    async def count(self, keys: list[tuple[Limit, Hashable]]) -> None:
        """Counts this request against limits, each with whose it is.

        Raises TooManyRequests; StorageProblem if one that all processes share cannot be counted.
        """
        services = self.services
        now = services.now()
        shared = [one for one in keys if one[0].shared]
        try:
            own = services.limits.take([one for one in keys if not one[0].shared], now)
            common = await services.limits.take_shared(services.db, shared, now)
        except Throttled as problem:
            self.remaining = problem.left
            raise
        for left in (own, common):
            if left and (self.remaining is None or left.remaining < self.remaining.remaining):
                self.remaining = left

    @property
    def secret(self) -> str | None:
        """The bearer token that was shown, wherever it stood (notifications.md 13.1)."""
        return bearer(self.header("Authorization")) or (
            self.params.text("access_token") or self.params.text("bearer_token")
        )

    @property
    def viewer_id(self) -> int | None:
        """The asking account's id, None if anonymous or an application."""
        return self.viewer.account_id if self.viewer else None

    @property
    def account_id(self) -> int:
        """The asking account's id; only on endpoints that require a person."""
        if self.viewer is None or self.viewer.account_id is None:
            raise errors.UserRequired
        return self.viewer.account_id

    def path_id(self, name: str = "id") -> int | None:
        """The id in the path, None if it is no id (and so is not found)."""
        return paging.parse_id(self.path.get(name))

    def header(self, name: str) -> str | None:
        """A request header."""
        value: str | None = self.http.get_header(name)
        return value

    @property
    def url(self) -> str:
        """This request's own address without its query, as clients know it: ASCII, no commas."""
        return self.services.links.base + quote(self.http.path, safe="/:@!~*'()$&+;=")


async def read_values(http: falcon.asgi.Request) -> dict[str, Any]:
    """Query and body as one map. Raises BadRequest or TooLarge."""
    query = params.from_query(http.query_string) if http.query_string else {}
    length = http.content_length
    if length == 0 or (length is None and http.method in _NO_BODY):
        return query
    kind = (http.content_type or "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return params.merge(query, await _multipart(http))
    body = await read_body(http, BODY)
    if not body:
        return query
    if kind == "application/json" or (kind == "text/plain" and body[:1] == b"{"):
        return params.merge(query, params.from_json(body))
    if kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        try:
            form = params.from_query(body.decode())
        except UnicodeDecodeError as problem:
            raise errors.BadRequest("The request body is not UTF-8") from problem
        return params.merge(query, form)
    return query


async def read_body(http: falcon.asgi.Request, most: int) -> bytes:
    """The raw body. Raises TooLarge beyond ``most`` bytes, whatever its headers promised."""
    if (http.content_length or 0) > most:
        raise errors.TooLarge
    body = bytearray()
    async for chunk in http.stream:
        body += chunk
        if len(body) > most:
            raise errors.TooLarge
    return bytes(body)


async def _multipart(http: falcon.asgi.Request) -> dict[str, Any]:
    if (http.content_length or 0) > MULTIPART:
        raise errors.TooLarge
    pairs: list[tuple[str, Any]] = []
    size = 0
    try:
        async for part in await http.get_media():
            data = await part.stream.read()
            size += len(data)
            if size > MULTIPART or len(pairs) > params.PAIRS:
                raise errors.TooLarge
            if part.filename is not None:
                value: Any = params.Upload(part.filename, part.content_type, data)
            else:
                value = data.decode()
            pairs.append((part.name or "", value))
    except (falcon.HTTPError, UnicodeDecodeError, ValueError, LookupError) as problem:
        raise errors.BadRequest("The multipart form cannot be read") from problem
    return params.nest(pairs)
