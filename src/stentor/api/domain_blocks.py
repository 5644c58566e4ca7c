"""Domains that the viewer wants to hear nothing from."""

from __future__ import annotations

from typing import Any

from stentor.actions import domain_blocks as actions
from stentor.api.request import Request
from stentor.api.responses import EMPTY, Reply, relation_page
from stentor.domain import limits
from stentor.domain.accounts import parse_domain
from stentor.errors import ValidationFailed
from stentor.store import domain_blocks


async def index(request: Request) -> Reply:
    """GET /api/v1/domain_blocks: a list of names."""
    cursor = request.params.cursor(*limits.DOMAIN_BLOCKS_PAGE)
    ids, domains = await domain_blocks.page(request.services.db, request.account_id, cursor)
    return relation_page(request, domains, ids, cursor.limit)


def _domain(request: Request) -> str:
    text = (request.params.text("domain") or "").strip()
    if not text:
        raise ValidationFailed("Domain can't be blank")
    domain = parse_domain(text)
    if domain is None:
        raise ValidationFailed("Domain is not a valid domain name")
    return domain


async def block(request: Request) -> dict[str, Any]:
    """POST /api/v1/domain_blocks."""
    services = request.services
    domain = _domain(request)
    await actions.block(services.db, services.bus, request.account_id, domain, now=services.now())
    return EMPTY


async def unblock(request: Request) -> dict[str, Any]:
    """DELETE /api/v1/domain_blocks."""
    domain = _domain(request)
    async with request.services.db.transaction() as tx:
        await domain_blocks.remove(tx, request.account_id, domain)
    return EMPTY
