"""Who asks to follow the viewer, and what he answers."""

from __future__ import annotations

from typing import Any

from stentor.actions import relationships as actions
from stentor.api.request import Request
from stentor.api.responses import Reply, relation_page
from stentor.domain import limits
from stentor.entities import accounts as account_entities
from stentor.entities import relationships as entities
from stentor.store import follows


async def index(request: Request) -> Reply:
    """GET /api/v1/follow_requests."""
    cursor = request.params.cursor(*limits.FOLLOW_REQUESTS_PAGE)
    ids, rows = await follows.requests(request.services.db, request.account_id, cursor)
    body = [account_entities.encoded(row, request.services.links) for row in rows]
    return relation_page(request, body, ids, cursor.limit)


async def authorize(request: Request) -> Any:
    """POST /api/v1/follow_requests/:id/authorize."""
    services = request.services
    return entities.render(
        await actions.authorize(
            services.db,
            services.bus,
            request.account_id,
            request.path_id(),
            now=services.now(),
        )
    )


async def reject(request: Request) -> Any:
    """POST /api/v1/follow_requests/:id/reject."""
    services = request.services
    return entities.render(
        await actions.reject(services.db, request.account_id, request.path_id(), now=services.now())
    )
