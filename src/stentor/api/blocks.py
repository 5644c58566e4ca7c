"""Whom the viewer blocks."""

from __future__ import annotations

from typing import Any

from stentor.actions import blocks as actions
from stentor.api.request import Request
from stentor.api.responses import Reply, relation_page
from stentor.domain import limits
from stentor.entities import accounts as account_entities
from stentor.entities import relationships as entities
from stentor.store import blocks


async def index(request: Request) -> Reply:
    """GET /api/v1/blocks."""
    cursor = request.params.cursor(*limits.BLOCKS_PAGE)
    ids, rows = await blocks.page(request.services.db, request.account_id, cursor)
    body = [account_entities.encoded(row, request.services.links) for row in rows]
    return relation_page(request, body, ids, cursor.limit)


async def block(request: Request) -> Any:
    """POST /api/v1/accounts/:id/block."""
    services = request.services
    return entities.render(
        await actions.block(services.db, request.account_id, request.path_id(), now=services.now())
    )


async def unblock(request: Request) -> Any:
    """POST /api/v1/accounts/:id/unblock."""
    services = request.services
    return entities.render(
        await actions.unblock(
            services.db, request.account_id, request.path_id(), now=services.now()
        )
    )
