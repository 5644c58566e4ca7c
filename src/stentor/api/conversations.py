"""Conversations: direct messages by who takes part (surroundings B2.1, C5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stentor import errors
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import limits
from stentor.entities import conversations as entities
from stentor.store import conversations, statuses
from stentor.store.conversations import Conversation


async def index(request: Request) -> Any:
    """GET /api/v1/conversations; the cursors are the ids of the last statuses."""
    cursor = request.params.cursor(*limits.CONVERSATIONS_PAGE)
    found = await conversations.page(request.services.db, request.account_id, cursor)
    body = await _render(request, found)
    return responses.timeline_page(request, body, [one.last_status_id for one in found])


async def _render(request: Request, found: Sequence[Conversation]) -> list[entities.Conversation]:
    services = request.services
    loaded = await statuses.load(
        services.db,
        [one.last_status_id for one in found],
        request.account_id,
        now=services.now(),
        with_accounts=conversations.everybody(found) | {request.account_id},
    )
    return [
        entities.render(
            loaded,
            one.id,
            conversations.unpack(one.participants),
            one.last_status_id,
            services.links,
            unread=one.unread,
        )
        for one in found
    ]


async def read(request: Request) -> Any:
    """POST /api/v1/conversations/:id/read."""
    return await _mark(request, unread=False)


async def unread(request: Request) -> Any:
    """POST /api/v1/conversations/:id/unread."""
    return await _mark(request, unread=True)


async def _mark(request: Request, *, unread: bool) -> entities.Conversation:
    async with request.services.db.transaction() as tx:
        found = await conversations.find(tx, request.account_id, request.path_id())
        if found is None:
            raise errors.RecordNotFound
        await conversations.set_unread(tx, found.id, unread=unread)
    return (await _render(request, [found._replace(unread=unread)]))[0]


async def delete(request: Request) -> Any:
    """DELETE /api/v1/conversations/:id: out of the viewer's sight; the messages stay."""
    row_id = request.path_id()
    async with request.services.db.transaction() as tx:
        if row_id is None or not await conversations.delete(tx, request.account_id, row_id):
            raise errors.RecordNotFound
    return responses.EMPTY
