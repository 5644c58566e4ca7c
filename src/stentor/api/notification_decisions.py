"""Ours: /api/stentor/v1, why a notification is there and why another is not."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api import notifications as flat
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import paging, times
from stentor.domain.limits import NOTIFICATIONS_PAGE
from stentor.domain.notification_policies import Verdict
from stentor.entities import accounts as account_entities
from stentor.entities import notification_decisions as entities
from stentor.store import accounts, notifications
from stentor.store import notification_decisions as store

_VERDICTS = {verdict.name.lower(): int(verdict) for verdict in Verdict}


async def why(request: Request) -> Any:
    """GET /api/stentor/v1/notifications/:id/why; 404 if it is not there or not theirs."""
    number = paging.clamp_id(paging.integer_prefix(request.path["id"]))
    found = await notifications.find_with_reason(request.services.db, request.account_id, number)
    if found is None or flat.hidden(request, found[0].type):
        raise errors.RecordNotFound
    row, reason = found
    return entities.why(
        notification_id=row.id,
        type=row.type,
        filtered=bool(row.filtered),
        reason=reason,
        created_at=row.created_at,
    )


async def index(request: Request) -> responses.Reply:
    """GET /api/stentor/v1/decisions: ``verdict`` and ``account_id`` narrow the list.

    An unknown verdict or account shows nothing.
    """
    params = request.params
    verdict = params.text("verdict") or None
    sender = params.text("account_id") or None
    cursor = params.cursor(*NOTIFICATIONS_PAGE)
    rows = await store.page(
        request.services.db,
        request.account_id,
        cursor,
        verdict=None if verdict is None else _VERDICTS.get(verdict, -1),
        from_account_id=None if sender is None else paging.parse_id(sender) or 0,
    )
    loaded = await accounts.load(request.services.db, (row.from_account_id for row in rows))
    body = [
        entities.NotificationDecision(
            str(row.id),
            times.iso(row.created_at),
            row.type,
            entities.verdict_name(row.verdict),
            row.reason,
            entities.explain(row.reason),
            account_entities.encoded(loaded[row.from_account_id], request.services.links),
            None if row.status_id is None else str(row.status_id),
            None if row.notification_id is None else str(row.notification_id),
        )
        for row in rows
        if row.from_account_id in loaded and not flat.hidden(request, row.type)
    ]
    return responses.timeline_page(
        request, body, [row.id for row in rows], kept=("verdict", "account_id")
    )
