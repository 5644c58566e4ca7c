"""Collections: accounts that somebody recommends together."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import collections as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.search import offset_and_limit
from stentor.domain import limits
from stentor.domain.accounts import Account
from stentor.domain.collections import Collection, CollectionText
from stentor.entities import accounts as account_entities
from stentor.entities import collections as entities
from stentor.store import accounts, collections, relationships


async def index(request: Request) -> Any:
    """GET /api/v1/accounts/:id/collections: what an account has made."""
    db = request.services.db
    offset, limit = offset_and_limit(request, limits.COLLECTIONS_PAGE)
    account = await _account(request, request.path_id())
    found = await collections.of_account(db, account.id, limit=limit, offset=offset)
    return await _page(request, found, offset=offset, limit=limit)


async def featuring(request: Request) -> Any:
    """GET /api/v1/accounts/:id/in_collections: those that an account is in."""
    db = request.services.db
    offset, limit = offset_and_limit(request, limits.COLLECTIONS_PAGE)
    account = await _account(request, request.path_id())
    found = await collections.featuring(
        db, account.id, request.viewer_id, limit=limit, offset=offset
    )
    return await _page(request, found, offset=offset, limit=limit)


async def show(request: Request) -> Any:
    """GET /api/v1/collections/:id: with its owner and all who are in it."""
    services = request.services
    found = await collections.find(services.db, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    owner = await _account(request, found.account_id)
    [shown] = await collections.load_shown(services.db, [found], request.viewer_id)
    people = await accounts.load(services.db, [item.account_id for item in shown.items])
    people[owner.id] = owner
    order = dict.fromkeys([owner.id, *(item.account_id for item in shown.items)])
    return entities.CollectionWithAccounts(
        [account_entities.encoded(people[one], services.links) for one in order if one in people],
        entities.render(shown, services.links),
    )


async def create(request: Request) -> Any:
    """POST /api/v1/collections: ``account_ids`` are in it from the start."""
    services, params = request.services, request.params
    collection_id = await actions.add(
        services.db,
        services.bus,
        services.ids,
        request.account_id,
        _given(request, CollectionText("")),
        member_ids=params.ids("account_ids"),
        now=services.now(),
    )
    return await _written(request, collection_id)


async def update(request: Request) -> Any:
    """PATCH /api/v1/collections/:id: what is not sent stays."""
    services, collection_id = request.services, request.path_id()
    await actions.change(
        services.db,
        services.bus,
        request.account_id,
        collection_id,
        lambda before: _given(request, before),
        now=services.now(),
    )
    return await _written(request, collection_id)


async def delete(request: Request) -> Any:
    """DELETE /api/v1/collections/:id."""
    await actions.remove(request.services.db, request.account_id, request.path_id())
    return responses.EMPTY


async def add_item(request: Request) -> Any:
    """POST /api/v1/collections/:id/items: puts somebody in."""
    services, params = request.services, request.params
    if not params.text("account_id"):
        raise errors.Unprocessable("`account_id` parameter is missing")
    item = await actions.add_account(
        services.db,
        services.bus,
        request.account_id,
        request.path_id(),
        params.id("account_id"),
        now=services.now(),
    )
    return entities.WrappedCollectionItem(entities.render_item(item))


async def remove_item(request: Request) -> Any:
    """DELETE /api/v1/collections/:id/items/:item_id: takes somebody out."""
    await actions.remove_item(
        request.services.db, request.account_id, request.path_id(), request.path_id("item_id")
    )
    return responses.EMPTY


async def revoke(request: Request) -> Any:
    """POST /api/v1/collections/:id/items/:item_id/revoke: takes oneself out, for good."""
    await actions.revoke(
        request.services.db, request.account_id, request.path_id(), request.path_id("item_id")
    )
    return responses.EMPTY


def _given(request: Request, before: CollectionText) -> CollectionText:
    """What there was with what is sent in its place."""
    params = request.params
    words: dict[str, Any] = {
        field: params.text(name) or ""
        for field, name in (
            ("name", "name"),
            ("description", "description"),
            ("language", "language"),
            ("tag", "tag_name"),
        )
        if name in params
    }
    marks: dict[str, Any] = {
        name: value
        for name in ("sensitive", "discoverable")
        if (value := params.boolean(name)) is not None
    }
    return before._replace(**words, **marks)


async def _account(request: Request, account_id: int | None) -> Account:
    """An account that the viewer may look at. Raises RecordNotFound."""
    db = request.services.db
    account = await accounts.find_shown(db, account_id)
    if account is None or account.unavailable:
        raise errors.RecordNotFound
    viewer_id = request.viewer_id
    if viewer_id is not None and viewer_id != account.id:
        now = request.services.now()
        stand = await relationships.load(db, viewer_id, [account.id], now=now)
        if account.id in stand and stand[account.id].blocked_by:
            raise errors.RecordNotFound
    return account


async def _page(request: Request, found: list[Collection], *, offset: int, limit: int) -> Any:
    services = request.services
    shown = await collections.load_shown(services.db, found, request.viewer_id)
    body = entities.render_list(shown, services.links)
    full = bool(found) and len(found) == limit
    return responses.offset_page(request, body, offset=offset, limit=limit, full=full)


async def _written(request: Request, collection_id: int | None) -> Any:
    services = request.services
    found = await collections.find(services.db, collection_id)
    if found is None:
        raise errors.RecordNotFound
    [shown] = await collections.load_shown(services.db, [found], request.viewer_id)
    return entities.WrappedCollection(entities.render(shown, services.links))
