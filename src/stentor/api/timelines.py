"""Home, public, hashtag, list and direct timelines (surroundings B1.3, B2.1, C7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stentor import errors
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import limits, tags
from stentor.domain.paging import Cursor
from stentor.entities import statuses as entities
from stentor.store import lists, statuses, timelines

# Further hashtags of one kind that a timeline takes.
MORE_TAGS = 4


async def page_of(request: Request, ids: Sequence[int], *, kept: Sequence[str] = ()) -> Any:
    """Those statuses as the viewer sees them, with Link headers. Five queries."""
    services = request.services
    loaded = await statuses.load(services.db, ids, request.viewer_id, now=services.now())
    body = entities.encoded_page(loaded, list(ids), services.links)
    return responses.timeline_page(request, body, ids, kept=kept)


def _cursor(request: Request) -> Cursor:
    return request.params.cursor(*limits.STATUSES_PAGE)


def _origin(request: Request) -> str:
    params = request.params
    return timelines.origin(local=params.flag("local"), remote=params.flag("remote"))


async def home(request: Request) -> Any:
    """GET /api/v1/timelines/home."""
    services = request.services
    ids = await timelines.home(
        services.db, request.account_id, _cursor(request), now=services.now()
    )
    return await page_of(request, ids)


async def public(request: Request) -> Any:
    """GET /api/v1/timelines/public."""
    services = request.services
    if request.params.flag("only_media"):  # nothing can be attached to a status yet
        return await page_of(request, [])
    ids = await timelines.public(
        services.db,
        request.viewer_id,
        _cursor(request),
        origin=_origin(request),
        now=services.now(),
    )
    return await page_of(request, ids, kept=("local", "remote", "only_media"))


async def tag(request: Request) -> Any:
    """GET /api/v1/timelines/tag/:hashtag; a hashtag that nobody has used is an empty list."""
    services = request.services
    name = tags.normalised(request.path["hashtag"])
    if name is None or request.params.flag("only_media"):
        return await page_of(request, [])
    wanted = timelines.TagQuery(
        any=[name, *_names(request, "any")],
        all=_names(request, "all"),
        none=_names(request, "none"),
    )
    ids = await timelines.tagged(
        services.db,
        request.viewer_id,
        _cursor(request),
        wanted,
        origin=_origin(request),
        now=services.now(),
    )
    kept = ("any[]", "all[]", "none[]", "local", "remote", "only_media")
    return await page_of(request, ids, kept=kept)


def _names(request: Request, parameter: str) -> list[str]:
    found = (tags.normalised(text) for text in request.params.texts(parameter)[:MORE_TAGS])
    return [name for name in found if name is not None]


async def of_list(request: Request) -> Any:
    """GET /api/v1/timelines/list/:id; somebody else's list is not found."""
    services = request.services
    found = await lists.find(services.db, request.account_id, request.path_id())
    if found is None:
        raise errors.RecordNotFound
    ids = await timelines.of_list(
        services.db,
        request.account_id,
        _cursor(request),
        list_id=found.id,
        replies_policy=found.replies_policy,
        now=services.now(),
    )
    return await page_of(request, ids)


async def direct(request: Request) -> Any:
    """GET /api/v1/timelines/direct, which conversations have replaced."""
    services = request.services
    ids = await timelines.direct(
        services.db, request.account_id, _cursor(request), now=services.now()
    )
    return await page_of(request, ids)
