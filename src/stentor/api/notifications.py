"""Notifications, flat: /api/v1/notifications (notifications.md 1.2 to 1.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stentor import errors
from stentor.actions import notifications as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import paging
from stentor.domain.attachments import Attachments
from stentor.domain.limits import NOTIFICATIONS_PAGE, UNREAD_COUNT_PAGE
from stentor.domain.notifications import (
    BY_NAME,
    Notification,
    NotificationType,
    hidden_from,
    wanted_types,
)
from stentor.domain.paging import Cursor
from stentor.entities import notifications as entities
from stentor.store import attachments, statuses
from stentor.store import notifications as store

#: So often a page from which rows had to be left out is filled up.
REFILLS = 5
_KEPT = ("account_id", "include_filtered", "types[]", "exclude_types[]", "supported_types[]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which notifications a request means."""

    types: frozenset[NotificationType] | None
    include_filtered: bool
    from_account_id: int | None
    #: If ``types`` is None: all but these.
    hidden: frozenset[NotificationType] = frozenset()


def selection(request: Request) -> Selection:
    """types[], exclude_types[], include_filtered and account_id (notifications.md 1.2).

    A sender that is named shows what is filtered too; an id that is none means nobody. What is
    for staff is left out for everybody else, whoever he was when he was told (T20).
    """
    params = request.params
    types = params.texts("types") if params.values.get("types") not in (None, [], "") else None
    sender = params.text("account_id") or None
    wanted = wanted_types(types, params.texts("exclude_types"))
    hidden = hidden_types(request)
    return Selection(
        None if wanted is None else wanted - hidden,
        include_filtered=sender is not None or params.flag("include_filtered"),
        from_account_id=None if sender is None else paging.parse_id(sender) or 0,
        hidden=hidden if wanted is None else frozenset(),
    )


def hidden_types(request: Request) -> frozenset[NotificationType]:
    """What the viewer's role does not let him see (T20)."""
    return hidden_from(request.viewer.role) if request.viewer else frozenset(NotificationType)


def hidden(request: Request, type: str) -> bool:
    """True if a notification of that type is not there for the viewer (T20)."""
    return BY_NAME.get(type) in hidden_types(request)


def supported_types(request: Request) -> frozenset[str] | None:
    """supported_types[]: None if it was not sent; blank it names none (notifications.md 2.9)."""
    params = request.params
    return frozenset(params.texts("supported_types")) if "supported_types" in params else None


async def attached(request: Request, rows: Iterable[tuple[str, int]]) -> Attachments:
    """What the viewer's notifications, given as (type, activity id), are about."""
    return await attachments.load(request.services.db, request.account_id, rows)


async def render(request: Request, rows: list[Notification]) -> list[entities.Rendered]:
    """The rows as the asking account may see them; a row that cannot be shown is left out."""
    about = await attached(request, ((row.type, row.activity_id) for row in rows))
    loaded = await statuses.load(
        request.services.db,
        (row.status_id for row in rows if row.status_id is not None),
        request.account_id,
        now=request.services.now(),
        with_accounts=[*(row.from_account_id for row in rows), *about.account_ids()],
    )
    request.lasts_until(loaded.until)
    return entities.render_page(
        rows,
        loaded,
        request.services.links,
        attached=about,
        supported=supported_types(request),
    )


async def index(request: Request) -> responses.Reply:
    """GET /api/v1/notifications: both links whenever the page is not empty.

    Rows that cannot be shown do not make the page shorter while there are others (T55).
    """
    wanted = selection(request)
    cursor = request.params.cursor(*NOTIFICATIONS_PAGE)
    rows = await _page(request, cursor, wanted)
    body = await render(request, rows)
    full = len(rows) >= cursor.limit
    for _ in range(REFILLS):
        lacking = cursor.limit - len(body)
        if not full or lacking <= 0:
            break
        more = await _page(request, cursor.past([row.id for row in rows], lacking), wanted)
        full = len(more) >= lacking
        shown = await render(request, more)
        # What is listed first is newer.
        rows = more + rows if cursor.ascending else rows + more
        body = shown + body if cursor.ascending else body + shown
    ids = [row.id for row in rows]
    return responses.timeline_page(request, entities.joined(body), ids, kept=_KEPT)


async def _page(request: Request, cursor: Cursor, wanted: Selection) -> list[Notification]:
    return await store.page(
        request.services.db,
        request.account_id,
        cursor,
        types=wanted.types,
        include_filtered=wanted.include_filtered,
        from_account_id=wanted.from_account_id,
        hidden=wanted.hidden,
    )


async def show(request: Request) -> Any:
    """GET /api/v1/notifications/:id; 404 if it is not there or not theirs."""
    number = paging.clamp_id(paging.integer_prefix(request.path["id"]))
    row = await store.find(request.services.db, request.account_id, number)
    rendered = await render(request, [row]) if row and not hidden(request, row.type) else []
    if not rendered:
        raise errors.RecordNotFound
    return rendered[0].json


async def clear(request: Request) -> Any:
    """POST /api/v1/notifications/clear."""
    await actions.clear(request.services.db, request.account_id)
    return responses.EMPTY


async def dismiss(request: Request) -> Any:
    """POST /api/v1/notifications/:id/dismiss, and DELETE /api/v1/notifications/:id."""
    number = paging.clamp_id(paging.integer_prefix(request.path["id"]))
    await actions.dismiss(request.services.db, request.account_id, number)
    return responses.EMPTY


async def dismiss_by_parameter(request: Request) -> Any:
    """POST /api/v1/notifications/dismiss with ``id``: as it was before Mastodon 3.0."""
    number = paging.clamp_id(paging.integer_prefix(request.params.text("id") or ""))
    await actions.dismiss(request.services.db, request.account_id, number)
    return responses.EMPTY


async def dismiss_many(request: Request) -> Any:
    """DELETE /api/v1/notifications/destroy_multiple with ``ids[]``; foreign ones are left."""
    await actions.dismiss_many(request.services.db, request.account_id, request.params.ids("ids"))
    return responses.EMPTY


async def unread_count(request: Request) -> Any:
    """GET /api/v1/notifications/unread_count: ``{"count": n}``, counted up to ``limit``."""
    wanted = selection(request)
    count = await store.unread_count(
        request.services.db,
        request.account_id,
        paging.limit(request.params.text("limit"), *UNREAD_COUNT_PAGE),
        types=wanted.types,
        include_filtered=wanted.include_filtered,
        from_account_id=wanted.from_account_id,
        hidden=wanted.hidden,
    )
    return {"count": count}
