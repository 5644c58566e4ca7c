"""Reports of accounts and statuses (surroundings B2.4)."""

from __future__ import annotations

from typing import Any

from stentor.actions import reports as actions
from stentor.api.request import Request
from stentor.domain.reports import Complaint
from stentor.entities import reports as entities


async def create(request: Request) -> Any:
    """POST /api/v1/reports. Nothing is ever forwarded: there is nowhere to forward it to."""
    services, params = request.services, request.params
    complaint = Complaint(
        params.text("comment") or "",
        params.text("category"),
        params.ids("status_ids"),
        params.ids("rule_ids") or None,
        params.ids("collection_ids"),
    )
    report, target = await actions.add(
        services.db,
        services.bus,
        request.account_id,
        params.id("account_id"),
        complaint,
        now=services.now(),
    )
    return entities.render(report, target, services.links)
