"""/api/v1/admin/domain_blocks: domains that the server keeps away (surroundings B2.4)."""

from __future__ import annotations

from typing import Any

from stentor.actions import admin_domain_blocks as actions
from stentor.actions.admin_domain_blocks import AlreadyBlocked
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.staff import staff
from stentor.domain.accounts import parse_domain
from stentor.domain.admin_domain_blocks import Terms
from stentor.domain.limits import DOMAIN_BLOCKS_PAGE
from stentor.domain.roles import Permission
from stentor.entities import admin_domain_blocks as entities
from stentor.errors import RecordNotFound, ValidationFailed
from stentor.store import admin_domain_blocks as store


def _terms(request: Request) -> Terms:
    params = request.params
    return Terms(
        severity=params.text("severity"),
        reject_media=params.boolean("reject_media"),
        reject_reports=params.boolean("reject_reports"),
        private_comment=params.text("private_comment"),
        public_comment=params.text("public_comment"),
        obfuscate=params.boolean("obfuscate"),
    )


async def index(request: Request) -> responses.Reply:
    """GET: newest first."""
    staff(request, Permission.MANAGE_FEDERATION)
    cursor = request.params.cursor(*DOMAIN_BLOCKS_PAGE)
    rows = await store.page(request.services.db, cursor)
    return responses.page(
        request,
        [entities.render(row) for row in rows],
        next_max_id=rows[-1].id if rows and len(rows) >= cursor.limit else None,
        prev=("min_id", rows[0].id) if rows else None,
    )


async def show(request: Request) -> Any:
    """GET :id."""
    staff(request, Permission.MANAGE_FEDERATION)
    block = await store.find(request.services.db, request.path_id())
    if block is None:
        raise RecordNotFound
    return entities.render(block)


async def create(request: Request) -> Any:
    """POST: 422 with the block that is there, if the domain has one."""
    staff(request, Permission.MANAGE_FEDERATION)
    given = (request.params.text("domain") or "").strip()
    if not given:
        raise ValidationFailed("Domain can't be blank")
    domain = parse_domain(given)
    if domain is None:
        raise ValidationFailed("Domain is not a valid domain name")
    services = request.services
    try:
        block = await actions.add(services.db, domain, _terms(request), now=services.now())
    except AlreadyBlocked as problem:
        body = {**problem.body(), "existing_domain_block": entities.render(problem.block)}
        return responses.Reply(body, status=problem.status)
    return entities.render(block)


async def update(request: Request) -> Any:
    """PUT :id: what is not named stays."""
    staff(request, Permission.MANAGE_FEDERATION)
    services = request.services
    block = await actions.change(
        services.db, request.path_id(), _terms(request), now=services.now()
    )
    return entities.render(block)


async def delete(request: Request) -> Any:
    """DELETE :id."""
    staff(request, Permission.MANAGE_FEDERATION)
    await actions.remove(request.services.db, request.path_id(), now=request.services.now())
    return responses.EMPTY
