"""Favourites: given, taken back, listed (surroundings B2.1)."""

from __future__ import annotations

from typing import Any

from stentor.actions import favourites as actions
from stentor.actions.statuses import get_readable
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.statuses import render, render_accounts, render_page, rendered
from stentor.domain import limits
from stentor.store import favourites


async def favourite(request: Request) -> Any:
    """POST /api/v1/statuses/:id/favourite."""
    services, status_id = request.services, request.path_id()
    loaded = await actions.favourite(
        services.db,
        services.bus,
        account_id=request.account_id,
        status_id=status_id,
        now=services.now(),
    )
    return rendered(request, loaded, status_id)


async def unfavourite(request: Request) -> Any:
    """POST /api/v1/statuses/:id/unfavourite: answers with the counter lowered (trap 37)."""
    status_id = request.path_id()
    await actions.unfavourite(
        request.services.db, account_id=request.account_id, status_id=status_id
    )
    return await render(request, status_id)


async def favourited_by(request: Request) -> Any:
    """GET /api/v1/statuses/:id/favourited_by: cursors are the ids of the favourites."""
    services, cursor = request.services, request.params.cursor(*limits.ACCOUNTS_PAGE)
    found = await get_readable(services.db, request.path_id(), request.viewer_id)
    rows = await favourites.accounts_page(
        services.db, found.original.id, request.viewer_id, cursor, now=services.now()
    )
    return await render_accounts(request, rows, cursor.limit)


async def index(request: Request) -> Any:
    """GET /api/v1/favourites: one's own, by the ids of the favourites."""
    cursor = request.params.cursor(*limits.FAVOURITES_PAGE)
    rows = await favourites.page(request.services.db, request.account_id, cursor)
    return await marked_page(request, rows, cursor.limit)


async def marked_page(request: Request, rows: list[tuple[int, int]], limit: int) -> responses.Reply:
    """Statuses that somebody has marked, by pairs of row id and status id.

    Row ids are the cursors. What cannot be read any more is left out of the page and still
    counts, so that the last page is told from the others.
    """
    return responses.page(
        request,
        await render_page(request, [status_id for _, status_id in rows]),
        next_max_id=rows[-1][0] if rows and len(rows) >= limit else None,
        prev=("min_id", rows[0][0]) if rows else None,
    )
