"""Polls: /api/v1/polls (surroundings C11)."""

from __future__ import annotations

import re
from typing import Any

from stentor import errors
from stentor.actions import polls as actions
from stentor.actions import statuses
from stentor.api.request import Request
from stentor.entities import polls as entities
from stentor.store import polls

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*", re.ASCII)


async def show(request: Request) -> Any:
    """GET /api/v1/polls/:id: whoever may read the status may see its poll."""
    services, viewer_id = request.services, request.viewer_id
    found = await statuses.get_readable(services.db, request.path_id(), viewer_id)
    status = found.status
    poll = (await polls.load(services.db, [status.id])).get(status.id)
    if poll is None:
        raise errors.NotFound
    votes = None
    if viewer_id is not None:
        cast = await polls.votes_of(services.db, [poll.id], viewer_id)
        votes = cast.get(poll.id, [])
    own = status.account_id == viewer_id
    return entities.render(poll, votes, own=own, now=services.now())


async def vote(request: Request) -> Any:
    """POST /api/v1/polls/:id/votes."""
    await actions.vote(
        request.services.db,
        account_id=request.account_id,
        poll_id=request.path_id(),
        choices=[_number(one) for one in request.params.items("choices")],
        now=request.services.now(),
    )
    return await show(request)


def _number(choice: Any) -> int | None:
    """The number of an option; None for anything else, which no option has."""
    if isinstance(choice, str) and _NUMBER.fullmatch(choice):
        return int(choice)
    return choice if isinstance(choice, int) and not isinstance(choice, bool) else None
