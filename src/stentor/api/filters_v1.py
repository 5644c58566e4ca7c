"""Filters: v1, where each keyword is a filter of its own (surroundings C12.3)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import filters as actions
from stentor.api import responses
from stentor.api.filters import contexts, expiry
from stentor.api.request import Request
from stentor.domain.filters import Changes, KeywordChange, title_v1
from stentor.entities import filters as entities
from stentor.store import filters as store


async def index(request: Request) -> Any:
    """GET /api/v1/filters: all keywords of all filters."""
    found = await store.of_account(request.services.db, request.account_id)
    return [entities.render_v1(one, keyword) for one in found for keyword in one.keywords]


async def show(request: Request) -> Any:
    """GET /api/v1/filters/:id."""
    found = await store.find_of_keyword(request.services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    return entities.render_v1(*found)


async def create(request: Request) -> Any:
    """POST /api/v1/filters: a filter with one keyword, which is its title too."""
    services, params = request.services, request.params
    phrase = params.text("phrase") or ""
    keyword = KeywordChange(keyword=phrase, whole_word=params.boolean("whole_word"))
    made = await actions.create(
        services.db,
        services.bus,
        request.account_id,
        Changes(
            title=title_v1(phrase),
            contexts=contexts(params),
            action="hide" if params.flag("irreversible") else "warn",
            expiry=expiry(request),
            keywords=(keyword,),
        ),
        now=services.now(),
    )
    return entities.render_v1(made, made.keywords[0])


async def update(request: Request) -> Any:
    """PUT /api/v1/filters/:id: what is not sent stays."""
    params = request.params
    phrase = params.text("phrase")
    changed = await actions.update_v1(
        request.services.db,
        request.services.bus,
        request.account_id,
        request.path_id(),
        changes=Changes(title=phrase, contexts=contexts(params), expiry=expiry(request)),
        change=KeywordChange(keyword=phrase, whole_word=params.boolean("whole_word")),
        irreversible=params.boolean("irreversible"),
    )
    return entities.render_v1(*changed)


async def delete(request: Request) -> Any:
    """DELETE /api/v1/filters/:id."""
    services = request.services
    await actions.delete_v1(services.db, services.bus, request.account_id, request.path_id())
    return responses.EMPTY
