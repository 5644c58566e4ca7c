"""Quotes of a status: /api/v1/statuses/:id/quotes (surroundings B2.1), for its author alone."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import quotes as actions
from stentor.api import responses, statuses
from stentor.api.request import Request
from stentor.domain import limits
from stentor.store import quotes, readable_statuses


async def index(request: Request) -> responses.Reply:
    """GET /api/v1/statuses/:id/quotes: the accepted ones; cursors are the ids of the quotes."""
    db, cursor = request.services.db, request.params.cursor(*limits.STATUSES_PAGE)
    found = await readable_statuses.find(db, request.path_id(), request.account_id)
    if found is None:
        raise errors.NotFound
    if found.original.account_id != request.account_id:
        raise errors.NotAllowed
    rows = await quotes.page(db, found.original.id, cursor)
    body = await statuses.render_page(request, [status_id for _, status_id in rows])
    return responses.relation_page(request, body, [row_id for row_id, _ in rows], cursor.limit)


async def revoke(request: Request) -> Any:
    """POST /api/v1/statuses/:id/quotes/:quoting_id/revoke: answers the quoting status.

    A status whose author keeps the quoted one out is not shown to him: 404, but it quotes him
    no more.
    """
    services = request.services
    status_id = await actions.revoke(
        services.db,
        services.bus,
        account_id=request.account_id,
        status_id=request.path_id(),
        quoting_id=request.path_id("quoting_id"),
        now=services.now(),
    )
    return await statuses.render(request, status_id)
