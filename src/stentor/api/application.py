"""The falcon application: routes in, cross-origin and security headers on every answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import falcon
import falcon.asgi

from stentor import errors
from stentor.api import responses
from stentor.api.endpoint import Route, responder
from stentor.api.remembered import Remembered
from stentor.api.request import MULTIPART
from stentor.api.services import Services
from stentor.api.streaming import Streams
from stentor.api.whole_answers import joined

_EXPOSED = (
    "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, "
    "Mastodon-Async-Refresh, ETag"
)
_METHODS = "GET, POST, PUT, DELETE, PATCH, OPTIONS"
# Who may be called from another site's page (surroundings C0.3). Never the sign-in pages.
_CROSS_ORIGIN = (
    "/api/", "/.well-known/", "/nodeinfo/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo",
    "/system/", "/avatars/", "/headers/", "/@", "/users/",
)  # fmt: skip


class _Headers:
    """Middleware: what every answer carries, errors and preflights included."""

    def __init__(self, scheme: str) -> None:
        secure = {"Strict-Transport-Security": responses.HSTS} if scheme == "https" else {}
        # What may be kept says so itself.
        self._always = {**responses.API_HEADERS, **secure, "Cache-Control": "no-store"}

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        path = req.path
        if path.startswith(_CROSS_ORIGIN):
            resp.set_header("Access-Control-Allow-Origin", "*")
            if path.startswith("/api/"):
                resp.set_header("Access-Control-Expose-Headers", _EXPOSED)
            if req.method == "OPTIONS":
                asked = req.get_header("Access-Control-Request-Headers")
                resp.set_header("Access-Control-Allow-Methods", _METHODS)
                resp.set_header("Access-Control-Allow-Headers", asked or "*")
                resp.set_header("Access-Control-Max-Age", "7200")
                resp.status = 200
                resp.complete = True
        responses.set_headers(resp, self._always)
        resp.set_header("X-Request-Id", responses.request_id())


async def _not_found(
    req: falcon.asgi.Request,  # noqa: ARG001  # falcon passes it by name
    resp: falcon.asgi.Response | None,
    **_: Any,
) -> None:
    if resp is not None:  # None only for a WebSocket
        responses.write_error(resp, errors.NotFound())


async def _falcon_problem(
    _: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    problem: falcon.HTTPError,
    __: dict[str, Any],
    **___: Any,
) -> None:
    """What falcon itself refuses: no such verb is 404 as in Mastodon, the rest is a bad request."""
    status = problem.status_code
    if status in (404, 405):
        responses.write_error(resp, errors.NotFound())
    elif status == 413:
        responses.write_error(resp, errors.TooLarge())
    else:
        responses.write_error(resp, errors.BadRequest())


class _App(falcon.asgi.App[Any, Any]):
    """Requests by falcon; streams, and answers that can be given again, as plain ASGI.

    That costs each of them less.
    """

    def __init__(self, services: Services, routes: Iterable[Route], **options: Any) -> None:
        super().__init__(**options)
        self._streams = Streams(services)
        self._remembered = Remembered(self._by_falcon, services, routes)

    async def __call__(  # type: ignore[override]  # so it is with falcon's own
        self, scope: Any, receive: Any, send: Any
    ) -> None:
        if Streams.takes(scope):
            await self._streams(scope, receive, send)
        else:
            await self._remembered(scope, receive, joined(scope, send))

    async def _by_falcon(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)


def build(routes: Iterable[Route], services: Services) -> falcon.asgi.App[Any, Any]:
    """An ASGI application that serves those routes.

    Raises ValueError if two routes have the same path and verb.
    """
    routes = list(routes)
    app = _App(services, routes, middleware=[_Headers(services.links.scheme)])
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.auto_parse_qs_csv = False
    form = falcon.media.MultipartFormHandler()
    form.parse_options.max_body_part_count = 256
    form.parse_options.max_body_part_buffer_size = MULTIPART
    app.req_options.media_handlers[falcon.MEDIA_MULTIPART] = form
    app.add_error_handler(falcon.HTTPError, _falcon_problem)
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in routes:
        if route.method in by_path[route.path]:
            raise ValueError(f"two routes: {route.method} {route.path}")
        by_path[route.path][route.method] = route
    for path, verbs in by_path.items():
        resource = _Resource()
        for method, route in verbs.items():
            respond = responder(route, services)
            setattr(resource, f"on_{method.lower()}", respond)
            if method == "GET" and "HEAD" not in verbs:
                resource.on_head = respond
        app.add_route(path, resource)
    app.add_sink(_not_found)
    return app


class _Resource:
    """What falcon wants a path to be: an object with a responder for each verb."""

    on_head: Any
