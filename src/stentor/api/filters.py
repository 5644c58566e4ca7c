"""Filters: v2, with any number of keywords and statuses (surroundings B2.3)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import filters as actions
from stentor.api import responses
from stentor.api.params import Params
from stentor.api.request import Request
from stentor.domain import filters as domain
from stentor.domain.filters import Changes, Filter, KeywordChange
from stentor.entities import filters as entities
from stentor.store import filters as store


def contexts(params: Params) -> tuple[str, ...] | None:
    """The contexts sent, None if there is no word of them."""
    return tuple(params.texts("context")) if "context" in params else None


def expiry(request: Request) -> domain.Expiry | None:
    """The end sent as seconds from now: blank is never; None if there is no word of it."""
    if "expires_in" not in request.params:
        return None
    return domain.expiry(request.params.integer("expires_in"), now=request.services.now())


def keyword_change(params: Params) -> KeywordChange:
    """A keyword on its own."""
    return KeywordChange(keyword=params.text("keyword"), whole_word=params.boolean("whole_word"))


def _keyword_changes(params: Params) -> tuple[KeywordChange, ...]:
    """``keywords_attributes``, as a list or as an index map (notifications.md 0.3)."""
    return tuple(
        KeywordChange(
            # What is no id is the id of nothing, and not a new keyword.
            id=(one.id("id") or 0) if one.text("id") else None,
            keyword=one.text("keyword"),
            whole_word=one.boolean("whole_word"),
            destroy=one.flag("_destroy"),
        )
        for one in params.maps("keywords_attributes")
    )


def _changes(request: Request) -> Changes:
    params = request.params
    return Changes(
        title=params.text("title"),
        contexts=contexts(params),
        action=params.text("filter_action"),
        expiry=expiry(request),
        keywords=_keyword_changes(params),
    )


async def _find(request: Request) -> Filter:
    found = await store.find(request.services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    return found


async def index(request: Request) -> Any:
    """GET /api/v2/filters: all of them, expired ones too."""
    found = await store.of_account(request.services.db, request.account_id)
    return [entities.render(one) for one in found]


async def show(request: Request) -> Any:
    """GET /api/v2/filters/:id."""
    return entities.render(await _find(request))


async def create(request: Request) -> Any:
    """POST /api/v2/filters."""
    services = request.services
    made = await actions.create(
        services.db, services.bus, request.account_id, _changes(request), now=services.now()
    )
    return entities.render(made)


async def update(request: Request) -> Any:
    """PUT /api/v2/filters/:id: what is not sent stays."""
    changed = await actions.update(
        request.services.db,
        request.services.bus,
        request.account_id,
        request.path_id(),
        changes=_changes(request),
    )
    return entities.render(changed)


async def delete(request: Request) -> Any:
    """DELETE /api/v2/filters/:id."""
    services = request.services
    await actions.delete(services.db, services.bus, request.account_id, request.path_id())
    return responses.EMPTY


# --- Keywords --------------------------------------------------------------------------------


async def keywords(request: Request) -> Any:
    """GET /api/v2/filters/:id/keywords."""
    return [entities.render_keyword(one) for one in (await _find(request)).keywords]


async def add_keyword(request: Request) -> Any:
    """POST /api/v2/filters/:id/keywords."""
    made = await actions.add_keyword(
        request.services.db,
        request.services.bus,
        request.account_id,
        request.path_id(),
        change=keyword_change(request.params),
    )
    return entities.render_keyword(made)


async def show_keyword(request: Request) -> Any:
    """GET /api/v2/filters/keywords/:id."""
    found = await store.find_of_keyword(request.services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    return entities.render_keyword(found[1])


async def update_keyword(request: Request) -> Any:
    """PUT /api/v2/filters/keywords/:id: what is not sent stays."""
    changed = await actions.update_keyword(
        request.services.db,
        request.services.bus,
        request.account_id,
        request.path_id(),
        change=keyword_change(request.params),
    )
    return entities.render_keyword(changed)


async def delete_keyword(request: Request) -> Any:
    """DELETE /api/v2/filters/keywords/:id."""
    services = request.services
    await actions.delete_keyword(services.db, services.bus, request.account_id, request.path_id())
    return responses.EMPTY


# --- Statuses --------------------------------------------------------------------------------


async def statuses(request: Request) -> Any:
    """GET /api/v2/filters/:id/statuses."""
    return [entities.render_status(one) for one in (await _find(request)).statuses]


async def add_status(request: Request) -> Any:
    """POST /api/v2/filters/:id/statuses."""
    made = await actions.add_status(
        request.services.db,
        request.services.bus,
        request.account_id,
        request.path_id(),
        status_id=request.params.id("status_id"),
    )
    return entities.render_status(made)


async def show_status(request: Request) -> Any:
    """GET /api/v2/filters/statuses/:id; the id is not the status's."""
    found = await store.find_of_status(request.services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    return entities.render_status(found[1])


async def delete_status(request: Request) -> Any:
    """DELETE /api/v2/filters/statuses/:id; the id is not the status's."""
    services = request.services
    await actions.delete_status(services.db, services.bus, request.account_id, request.path_id())
    return responses.EMPTY
