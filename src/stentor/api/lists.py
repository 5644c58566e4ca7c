"""Lists and who is on them (surroundings B2.6)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import lists as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import limits
from stentor.entities import accounts as account_entities
from stentor.entities import lists as entities
from stentor.store import accounts, lists


async def index(request: Request) -> Any:
    """GET /api/v1/lists: all of them."""
    found = await lists.of_account(request.services.db, request.account_id)
    return [entities.render(*one) for one in found]


async def show(request: Request) -> Any:
    """GET /api/v1/lists/:id."""
    return entities.render(*await _find(request))


async def create(request: Request) -> Any:
    """POST /api/v1/lists."""
    services, params = request.services, request.params
    made = await actions.create(
        services.db,
        request.account_id,
        title=params.text("title"),
        replies_policy=params.text("replies_policy") or "list",
        exclusive=params.flag("exclusive"),
        now=services.now(),
    )
    return entities.render(*made)


async def update(request: Request) -> Any:
    """PUT /api/v1/lists/:id: what is not sent stays."""
    params = request.params
    changed = await actions.update(
        request.services.db,
        request.account_id,
        request.path_id(),
        title=params.text("title"),
        replies_policy=params.text("replies_policy"),
        exclusive=params.boolean("exclusive"),
    )
    return entities.render(*changed)


async def delete(request: Request) -> Any:
    """DELETE /api/v1/lists/:id."""
    list_id = request.path_id()
    async with request.services.db.transaction() as tx:
        if list_id is None or not await lists.delete(tx, request.account_id, list_id):
            raise errors.RecordNotFound
    return responses.EMPTY


async def members(request: Request) -> Any:
    """GET /api/v1/lists/:id/accounts; ``limit=0`` is all of them, without links."""
    services, params = request.services, request.params
    found = await _find(request)
    everybody = params.text("limit") == "0"
    cursor = params.cursor(*limits.LIST_ACCOUNTS_PAGE)
    row_ids, people = await lists.members(services.db, found.id, cursor, everybody=everybody)
    body = [account_entities.encoded(one, services.links) for one in people]
    if everybody:
        return body
    return responses.relation_page(request, body, row_ids, cursor.limit)


async def add_members(request: Request) -> Any:
    """POST /api/v1/lists/:id/accounts."""
    await actions.add_members(
        request.services.db,
        request.account_id,
        request.path_id(),
        request.params.ids("account_ids"),
    )
    return responses.EMPTY


async def remove_members(request: Request) -> Any:
    """DELETE /api/v1/lists/:id/accounts; the ids may come in the body (trap 10)."""
    await actions.remove_members(
        request.services.db,
        request.account_id,
        request.path_id(),
        request.params.ids("account_ids"),
    )
    return responses.EMPTY


async def containing(request: Request) -> Any:
    """GET /api/v1/accounts/:id/lists: the viewer's own lists that this account is on."""
    db = request.services.db
    account = await accounts.find_shown(db, request.path_id())
    if account is None:
        raise errors.RecordNotFound
    found = await lists.containing(db, request.account_id, account.id)
    return [entities.render(*one) for one in found]


async def _find(request: Request) -> lists.List:
    found = await lists.find(request.services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    return found
