"""Bookmarks: set, removed, listed (surroundings B2.1)."""

from __future__ import annotations

from typing import Any

from stentor.actions import bookmarks as actions
from stentor.api.favourites import marked_page
from stentor.api.request import Request
from stentor.api.statuses import render
from stentor.domain import limits
from stentor.store import bookmarks


async def bookmark(request: Request) -> Any:
    """POST /api/v1/statuses/:id/bookmark."""
    services, status_id = request.services, request.path_id()
    await actions.bookmark(
        services.db, account_id=request.account_id, status_id=status_id, now=services.now()
    )
    return await render(request, status_id)


async def unbookmark(request: Request) -> Any:
    """POST /api/v1/statuses/:id/unbookmark."""
    status_id = request.path_id()
    await actions.unbookmark(
        request.services.db, account_id=request.account_id, status_id=status_id
    )
    return await render(request, status_id)


async def index(request: Request) -> Any:
    """GET /api/v1/bookmarks: one's own, by the ids of the bookmarks."""
    cursor = request.params.cursor(*limits.BOOKMARKS_PAGE)
    rows = await bookmarks.page(request.services.db, request.account_id, cursor)
    return await marked_page(request, rows, cursor.limit)
