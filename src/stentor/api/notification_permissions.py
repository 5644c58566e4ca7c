"""Ours: /api/stentor/v1/notification_permissions, whose notifications pass the policy."""

from __future__ import annotations

from typing import Any

from stentor.actions import notification_permissions as actions
from stentor.api.request import Request
from stentor.api.responses import EMPTY, Reply, relation_page
from stentor.domain.limits import NOTIFICATIONS_PAGE
from stentor.entities import notification_permissions as entities
from stentor.store import notification_permissions as store


async def index(request: Request) -> Reply:
    """GET /api/stentor/v1/notification_permissions: the highest account id first."""
    services, cursor = request.services, request.params.cursor(*NOTIFICATIONS_PAGE)
    rows = await store.page(services.db, request.account_id, cursor)
    body = [entities.render(account, at, services.links) for at, account in rows]
    return relation_page(request, body, [account.id for _, account in rows], cursor.limit)


async def revoke(request: Request) -> Any:
    """DELETE /api/stentor/v1/notification_permissions/:account_id: ``{}``, also without one."""
    await actions.revoke(request.services.db, request.account_id, request.path_id() or 0)
    return EMPTY
