"""/api/v1/admin/reports: what moderators do with reports (surroundings B2.4, C15)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from stentor.actions import reports as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.staff import staff
from stentor.domain import reports as domain
from stentor.domain.limits import ADMIN_REPORTS_PAGE
from stentor.domain.reports import Report
from stentor.domain.roles import Permission
from stentor.entities import admin_reports as entities
from stentor.errors import RecordNotFound
from stentor.store import admin_accounts, reports, statuses

_KEPT = ("resolved", "account_id", "target_account_id")


async def _render(request: Request, rows: list[Report]) -> list[Any]:
    services = request.services
    people = {
        one
        for row in rows
        for one in (
            row.account_id, row.target_account_id, row.assigned_account_id,
            row.action_taken_by_account_id,
        )
        if one is not None
    }  # fmt: skip
    known = await admin_accounts.load(services.db, people)
    loaded = await statuses.load(
        services.db,
        (one for row in rows for one in domain.ids(row.status_ids) or []),
        request.account_id,
        now=services.now(),
    )
    return [entities.render(row, known, loaded, services.links) for row in rows]


async def index(request: Request) -> responses.Reply:
    """GET: open ones, or with ``resolved`` the others; an account that is none has no reports."""
    staff(request, Permission.MANAGE_REPORTS)
    params = request.params
    cursor = params.cursor(*ADMIN_REPORTS_PAGE)
    rows = await reports.page(
        request.services.db,
        cursor,
        resolved=params.flag("resolved"),
        account_id=params.id("account_id") or 0 if params.text("account_id") else None,
        target_id=params.id("target_account_id") or 0 if params.text("target_account_id") else None,
    )
    return responses.page(
        request,
        await _render(request, rows),
        kept=_KEPT,
        next_max_id=rows[-1].id if rows and len(rows) >= cursor.limit else None,
        prev=("min_id", rows[0].id) if rows else None,
    )


async def show(request: Request) -> Any:
    """GET :id."""
    staff(request, Permission.MANAGE_REPORTS)
    number = request.path_id()
    found = await reports.load(request.services.db, [] if number is None else [number])
    if not found:
        raise RecordNotFound
    return (await _render(request, list(found.values())))[0]


async def _changed(
    request: Request, change: Callable[..., Awaitable[Report]], *values: object
) -> Any:
    services = request.services
    report = await change(services.db, request.path_id(), *values, now=services.now())
    return (await _render(request, [report]))[0]


async def update(request: Request) -> Any:
    """PUT :id: its category and rules."""
    staff(request, Permission.MANAGE_REPORTS)
    params = request.params
    rules = params.ids("rule_ids") if "rule_ids" in params else None
    return await _changed(request, actions.classify, params.text("category"), rules)


async def assign_to_self(request: Request) -> Any:
    """POST :id/assign_to_self."""
    staff(request, Permission.MANAGE_REPORTS)
    return await _changed(request, actions.assign, request.account_id)


async def unassign(request: Request) -> Any:
    """POST :id/unassign."""
    staff(request, Permission.MANAGE_REPORTS)
    return await _changed(request, actions.assign, None)


async def resolve(request: Request) -> Any:
    """POST :id/resolve."""
    staff(request, Permission.MANAGE_REPORTS)
    return await _changed(request, actions.resolve, request.account_id)


async def reopen(request: Request) -> Any:
    """POST :id/reopen."""
    staff(request, Permission.MANAGE_REPORTS)
    return await _changed(request, actions.reopen)
