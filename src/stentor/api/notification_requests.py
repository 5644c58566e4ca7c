"""/api/v1/notifications/requests (notifications.md 1.16, 6)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import notification_requests as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain.limits import NOTIFICATION_REQUESTS_PAGE
from stentor.entities import accounts, statuses
from stentor.entities import notification_requests as entities
from stentor.store import jobs
from stentor.store import notification_requests as store
from stentor.store import statuses as status_store
from stentor.store.notification_requests import NotificationRequest


async def _render(request: Request, rows: list[NotificationRequest]) -> list[Any]:
    db, links = request.services.db, request.services.links
    loaded = await status_store.load(
        db,
        (row.last_status_id for row in rows if row.last_status_id is not None),
        request.account_id,
        now=request.services.now(),
        with_accounts=(row.from_account_id for row in rows),
    )
    waiting = await store.waiting(db, request.account_id, [row.from_account_id for row in rows])
    return [
        entities.render(
            row,
            accounts.encoded(loaded.accounts[row.from_account_id], links),
            statuses.encoded(loaded, row.last_status_id, links)
            if row.last_status_id is not None and loaded.may_show(row.last_status_id)
            else None,
            waiting.get(row.from_account_id, []),
        )
        for row in rows
        if row.from_account_id in loaded.accounts
    ]


async def index(request: Request) -> responses.Reply:
    """GET: by request id; `next` only if the page is full (1.3)."""
    cursor = request.params.cursor(*NOTIFICATION_REQUESTS_PAGE)
    rows = await store.page(request.services.db, request.account_id, cursor)
    return responses.page(
        request,
        await _render(request, rows),
        next_max_id=rows[-1].id if rows and len(rows) >= cursor.limit else None,
        prev=("min_id", rows[0].id) if rows else None,
    )


async def show(request: Request) -> Any:
    """GET of one; 404 if it is not there or not theirs."""
    row = await store.find(request.services.db, request.account_id, request.path_id())
    rendered = await _render(request, [row]) if row else []
    if not rendered:
        raise errors.RecordNotFound
    return rendered[0]


def _path_ids(request: Request) -> list[int]:
    number = request.path_id()
    return [] if number is None else [number]


async def accept(request: Request) -> Any:
    """POST :id/accept."""
    services = request.services
    actions.one_of(
        await actions.accept(
            services.db, request.account_id, _path_ids(request), now=services.now()
        )
    )
    return responses.EMPTY


async def dismiss(request: Request) -> Any:
    """POST :id/dismiss."""
    actions.one_of(
        await actions.dismiss(request.services.db, request.account_id, _path_ids(request))
    )
    return responses.EMPTY


async def accept_many(request: Request) -> Any:
    """POST accept with ``id[]``; unknown and foreign ones are passed over."""
    services = request.services
    wanted = request.params.ids("id")
    await actions.accept(services.db, request.account_id, wanted, now=services.now())
    return responses.EMPTY


async def dismiss_many(request: Request) -> Any:
    """POST dismiss with ``id[]``; unknown and foreign ones are passed over."""
    await actions.dismiss(request.services.db, request.account_id, request.params.ids("id"))
    return responses.EMPTY


async def merged(request: Request) -> Any:
    """GET merged: whether all that was accepted is in the list; from the jobs themselves."""
    pending = await jobs.pending(request.services.db, actions.MERGE, request.account_id)
    return {"merged": not pending}
