"""Every path, verb, handler and scope, in one list to read from top to bottom.

Literal segments win over ``{id}``. A token passes if it holds any of the scopes listed; a route
without scopes takes every token. Limits named here come on top of the general ones.
"""

from __future__ import annotations

from stentor.api import health, markers, notifications
from stentor.api.auth import Access
from stentor.api.endpoint import Handler, Route
from stentor.api.rate_limits import Limit

PUBLIC, USER, TOKEN, APP, OPEN = (
    Access.PUBLIC, Access.USER, Access.TOKEN, Access.APP, Access.OPEN,
)  # fmt: skip


def _get(path: str, handler: Handler, access: Access, *scopes: str) -> Route:
    return Route("GET", path, handler, access, frozenset(scopes))


def _post(
    path: str, handler: Handler, access: Access, *scopes: str, limits: tuple[Limit, ...] = ()
) -> Route:
    return Route("POST", path, handler, access, frozenset(scopes), limits)


def _put(
    path: str, handler: Handler, access: Access, *scopes: str, limits: tuple[Limit, ...] = ()
) -> Route:
    return Route("PUT", path, handler, access, frozenset(scopes), limits)


def _patch(path: str, handler: Handler, access: Access, *scopes: str) -> Route:
    return Route("PATCH", path, handler, access, frozenset(scopes))


def _delete(
    path: str, handler: Handler, access: Access, *scopes: str, limits: tuple[Limit, ...] = ()
) -> Route:
    return Route("DELETE", path, handler, access, frozenset(scopes), limits)


READ_NOTIFICATIONS = ("read", "read:notifications")
WRITE_NOTIFICATIONS = ("write", "write:notifications")

ROUTES: tuple[Route, ...] = (
    # --- health and discovery
    _get("/health", health.health, OPEN),
    _get("/api/v1/streaming/health", health.health, OPEN),
    # --- sign-in
    # --- accounts
    # --- relationships
    # --- statuses
    # --- timelines, lists, search
    # --- notifications
    _get("/api/v1/notifications", notifications.index, USER, *READ_NOTIFICATIONS),
    _get("/api/v1/notifications/unread_count", notifications.unread_count, USER,
         *READ_NOTIFICATIONS),
    _post("/api/v1/notifications/clear", notifications.clear, USER, *WRITE_NOTIFICATIONS),
    _post("/api/v1/notifications/dismiss", notifications.dismiss_by_parameter, USER,
          *WRITE_NOTIFICATIONS),
    _get("/api/v1/notifications/{id}", notifications.show, USER, *READ_NOTIFICATIONS),
    _get("/api/v1/notification/{id}", notifications.show, USER, *READ_NOTIFICATIONS),
    _post("/api/v1/notifications/{id}/dismiss", notifications.dismiss, USER,
          *WRITE_NOTIFICATIONS),
    _get("/api/v1/markers", markers.show, USER, "read", "read:statuses"),
    _post("/api/v1/markers", markers.save, USER, "write", "write:statuses"),
    # --- small honest answers
)
