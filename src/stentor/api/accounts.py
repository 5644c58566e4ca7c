"""Accounts: one, many, by handle, by name, and who follows whom (surroundings B1.3, B2.2, C4)."""

from __future__ import annotations

from typing import Any

from stentor.api.request import Request
from stentor.api.responses import Reply, relation_page
from stentor.domain import limits, paging
from stentor.domain.accounts import Account, parse_acct
from stentor.entities import accounts as entities
from stentor.errors import RecordNotFound, Unprocessable
from stentor.store import accounts, endorsements, follows, search


async def find(request: Request) -> Account:
    """The account of the path, suspended or not. Raises RecordNotFound."""
    account = await accounts.find_shown(request.services.db, request.path_id())
    if account is None:
        raise RecordNotFound
    return account


def _encoded(request: Request, rows: list[Account]) -> list[Any]:
    return [entities.encoded(row, request.services.links) for row in rows]


async def show(request: Request) -> Any:
    """GET /api/v1/accounts/:id."""
    return entities.encoded(await find(request), request.services.links)


async def index(request: Request) -> list[Any]:
    """GET /api/v1/accounts?id[]=: those that exist, in the order asked for."""
    ids = request.params.ids("id")
    if len(set(request.params.texts("id"))) > limits.ACCOUNT_IDS:
        raise Unprocessable(f"Too many accounts, the maximum is {limits.ACCOUNT_IDS}")
    found = await accounts.load_shown(request.services.db, ids)
    return _encoded(request, [found[one] for one in ids if one in found])


async def lookup(request: Request) -> Any:
    """GET /api/v1/accounts/lookup?acct=."""
    handle = parse_acct(request.params.text("acct") or "", request.services.links.domain)
    account = (
        None if handle is None else await accounts.find_by_handle(request.services.db, *handle)
    )
    if account is None:
        raise RecordNotFound
    return entities.encoded(account, request.services.links)


async def find_by_name(request: Request) -> list[Any]:
    """GET /api/v1/accounts/search?q=; ``resolve`` finds nothing more, for nobody is asked."""
    params = request.params
    found = await search.accounts(
        request.services.db,
        params.text("q") or "",
        request.account_id,
        local_domain=request.services.links.domain,
        limit=paging.limit(params.text("limit"), *limits.ACCOUNTS_PAGE),
        offset=max(0, params.integer("offset") or 0),
        following=params.flag("following"),
    )
    return _encoded(request, found)


def _hidden(request: Request, account: Account) -> bool:
    """True if whom it knows is nobody else's business."""
    return account.unavailable or (
        bool(account.hide_collections) and account.id != request.viewer_id
    )


async def followers(request: Request) -> Any:
    """GET /api/v1/accounts/:id/followers."""
    account = await find(request)
    if _hidden(request, account):
        return []
    cursor = request.params.cursor(*limits.ACCOUNTS_PAGE)
    ids, rows = await follows.followers(request.services.db, account.id, cursor)
    return relation_page(request, _encoded(request, rows), ids, cursor.limit)


async def following(request: Request) -> Any:
    """GET /api/v1/accounts/:id/following."""
    account = await find(request)
    if _hidden(request, account):
        return []
    cursor = request.params.cursor(*limits.ACCOUNTS_PAGE)
    ids, rows = await follows.following(request.services.db, account.id, cursor)
    return relation_page(request, _encoded(request, rows), ids, cursor.limit)


async def endorsed(request: Request) -> Any:
    """GET /api/v1/accounts/:id/endorsements."""
    account = await find(request)
    return [] if account.unavailable else await _endorsed(request, account.id)


async def endorsed_by_viewer(request: Request) -> Reply:
    """GET /api/v1/endorsements."""
    return await _endorsed(request, request.account_id)


async def _endorsed(request: Request, account_id: int) -> Reply:
    cursor = request.params.cursor(*limits.ACCOUNTS_PAGE)
    ids, rows = await endorsements.page(request.services.db, account_id, cursor)
    return relation_page(request, _encoded(request, rows), ids, cursor.limit)
