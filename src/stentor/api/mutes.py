"""Whom the viewer mutes."""

from __future__ import annotations

from typing import Any

from stentor.actions import mutes as actions
from stentor.api.request import Request
from stentor.api.responses import Reply, relation_page
from stentor.domain import limits
from stentor.entities import accounts as account_entities
from stentor.entities import relationships as entities
from stentor.store import mutes


async def index(request: Request) -> Reply:
    """GET /api/v1/mutes: accounts with ``mute_expires_at``."""
    services = request.services
    cursor = request.params.cursor(*limits.MUTES_PAGE)
    ids, rows = await mutes.page(services.db, request.account_id, cursor, now=services.now())
    body = [
        account_entities.render_muted(row.account, services.links, expires_at=row.expires_at)
        for row in rows
    ]
    return relation_page(request, body, ids, cursor.limit)


async def mute(request: Request) -> Any:
    """POST /api/v1/accounts/:id/mute."""
    services = request.services
    return entities.render(
        await actions.mute(
            services.db,
            request.account_id,
            request.path_id(),
            notifications=request.params.flag("notifications", default=True),
            duration=request.params.integer("duration") or 0,
            now=services.now(),
        )
    )


async def unmute(request: Request) -> Any:
    """POST /api/v1/accounts/:id/unmute."""
    services = request.services
    return entities.render(
        await actions.unmute(services.db, request.account_id, request.path_id(), now=services.now())
    )
