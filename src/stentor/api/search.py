"""Search, and the directory of those who want to be found (surroundings B2.5, B2.6, C4)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api import tags as tag_api
from stentor.api.request import Request
from stentor.domain import limits, paging
from stentor.domain import search as queries
from stentor.domain import tags as domain_tags
from stentor.domain.accounts import Account
from stentor.entities import accounts as account_entities
from stentor.entities import search as entities
from stentor.entities import statuses as status_entities
from stentor.store import accounts, search, statuses, tags

PAGING = "Search queries pagination is not supported without authentication"
RESOLVING = "Search queries that resolve remote resources are not supported without authentication"
NEGATIVE = "Pagination values for `offset` and `limit` must be positive"


def offset_and_limit(request: Request, size: limits.PageSize) -> tuple[int, int]:
    """Where to begin, and how many. Raises BadRequest for negative ones (D4)."""
    params = request.params
    offset = params.integer("offset") or 0
    if offset < 0 or (params.integer("limit") or 0) < 0:
        raise errors.BadRequest(NEGATIVE)
    return offset, paging.limit(params.text("limit"), *size)


async def index(request: Request) -> Any:
    """GET /api/v2/search: always four lists; nothing outside this server is looked up."""
    params = request.params
    q = params.require("q").strip()
    if request.viewer_id is None:
        if params.text("offset"):
            raise errors.SearchNeedsUser(PAGING)
        if params.flag("resolve"):
            raise errors.SearchNeedsUser(RESOLVING)
    offset, limit = offset_and_limit(request, limits.SEARCH_PAGE)
    kind = params.text("type") or ""
    if not kind:
        offset = 0  # an offset into four lists at once means nothing
    named = queries.address(q, request.services.links)
    if named is not None:
        found = await _named(request, named)
        return _only(found, kind)
    found = entities.Search()
    if kind in ("", "accounts") and queries.may_be_account(q):
        found.accounts = await _accounts(request, q, limit=limit, offset=offset)
    if kind in ("", "hashtags") and queries.may_be_hashtag(q):
        found.hashtags = await _hashtags(request, q, limit=limit, offset=offset)
    return found


def _only(found: entities.Search, kind: str) -> entities.Search:
    """What was found, of the kind that was asked for."""
    if kind in ("", "accounts", "statuses"):
        return entities.Search(
            accounts=found.accounts if kind != "statuses" else [],
            statuses=found.statuses if kind != "accounts" else [],
        )
    return entities.Search()


async def _accounts(request: Request, q: str, *, limit: int, offset: int) -> list[Any]:
    services = request.services
    found = await search.accounts(
        services.db,
        q,
        request.viewer_id,
        local_domain=services.links.domain,
        limit=limit,
        offset=offset,
        following=request.params.flag("following"),
    )
    return [account_entities.encoded(one, services.links) for one in found]


async def _hashtags(request: Request, q: str, *, limit: int, offset: int) -> list[Any]:
    prefix = domain_tags.prefix(q)
    if not prefix:
        return []
    found = await tags.search(
        request.services.db, prefix, request.viewer_id, limit=limit, offset=offset
    )
    return await tag_api.render_all(request, found)


async def _named(request: Request, named: queries.Address) -> entities.Search:
    """The status or the account behind one of our own addresses, if the viewer may see it."""
    services = request.services
    if named.status_id is not None:
        loaded = await statuses.load(
            services.db, [named.status_id], request.viewer_id, now=services.now()
        )
        shown = status_entities.encoded_page(loaded, [named.status_id], services.links)
        return entities.Search(statuses=shown)
    account: Account | None = None
    if named.username is not None:
        account = await accounts.find_by_handle(services.db, named.username, "")
    elif named.account_id is not None:
        account = await accounts.find_shown(services.db, named.account_id)
    if account is None or account.unavailable:
        return entities.Search()
    return entities.Search(accounts=[account_entities.encoded(account, services.links)])


async def directory(request: Request) -> Any:
    """GET /api/v1/directory: local accounts that want to be found, or all that are known."""
    services = request.services
    offset, limit = offset_and_limit(request, limits.ACCOUNTS_PAGE)
    found = await search.directory(
        services.db,
        request.viewer_id,
        order=request.params.text("order") or "active",
        local=request.params.flag("local"),
        limit=limit,
        offset=offset,
        now=services.now(),
    )
    return [account_entities.encoded(one, services.links) for one in found]
