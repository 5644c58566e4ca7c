"""How others find out what is here: nodeinfo, host-meta, webfinger (B1.1, C13.3)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from stentor import errors
from stentor.api.instance import FRESH, about
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import paging
from stentor.domain.accounts import Account, parse_acct
from stentor.entities import instance as entities
from stentor.store import accounts

_NAME = re.compile(r"/(?:@|users/)([A-Za-z0-9_]{1,30})/?\Z", re.ASCII)
_ID = re.compile(r"/ap/users/([0-9]{1,20})\Z", re.ASCII)


async def nodeinfo_links(request: Request) -> Any:
    """GET /.well-known/nodeinfo."""
    return entities.render_nodeinfo_links(request.services.links)


async def nodeinfo(request: Request) -> Reply:
    """GET /nodeinfo/2.0: the path that some clients know by heart."""
    return Reply(entities.render_nodeinfo(await about(request)), headers=FRESH)


async def host_meta(request: Request) -> Reply:
    """GET /.well-known/host-meta."""
    text = entities.render_host_meta(request.services.links)
    return Reply(text.encode(), headers=FRESH, content_type="application/xrd+xml; charset=utf-8")


async def webfinger(request: Request) -> Reply:
    """GET /.well-known/webfinger?resource=: local accounts by handle or by their address."""
    resource = (request.params.text("resource") or "").strip()
    if not resource:
        raise errors.ParameterMissing("resource")
    account = await _find(request, resource)
    if account is None or not account.local:
        raise errors.RecordNotFound
    if account.unavailable:
        raise errors.Gone
    return Reply(
        entities.render_webfinger(account, request.services.links),
        headers=FRESH,
        content_type="application/jrd+json; charset=utf-8",
    )


async def _find(request: Request, resource: str) -> Account | None:
    db, links = request.services.db, request.services.links
    if resource.startswith(("https://", "http://")):
        if not resource.lower().startswith(f"{links.base}/".lower()):
            return None
        path = unquote(resource[len(links.base) :])
        if (match := _NAME.match(path)) is not None:
            return await accounts.find_by_handle(db, match[1], "")
        match = _ID.match(path)
        return await accounts.find(db, paging.parse_id(match[1])) if match else None
    handle = parse_acct(resource, links.domain)
    if handle is None or handle[1]:
        return None
    return await accounts.find_by_handle(db, *handle)
