"""Hashtags: looked at, followed, shown on the profile (surroundings B2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stentor import errors
from stentor.actions import tags as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import limits
from stentor.domain import tags as domain_tags
from stentor.domain.accounts import Account
from stentor.domain.tags import Tag
from stentor.entities import tags as entities
from stentor.store import accounts, tags


def _name(request: Request) -> str:
    """The normalised name in the path. Raises RecordNotFound if it is no hashtag."""
    name = domain_tags.normalised(request.path["name"])
    if name is None:
        raise errors.RecordNotFound
    return name


async def render_all(request: Request, found: Sequence[Tag]) -> list[entities.Tag]:
    """Tags with their histories. One query."""
    services, now = request.services, request.services.now()
    used = await tags.history(services.db, [tag.id for tag in found], now)
    anonymous = request.viewer_id is None
    return [
        entities.render(tag, used, services.links, now=now, anonymous=anonymous) for tag in found
    ]


async def show(request: Request) -> Any:
    """GET /api/v1/tags/:name, also for a hashtag that nobody has used yet."""
    tag = await tags.get(request.services.db, _name(request), request.viewer_id)
    return (await render_all(request, [tag]))[0]


async def follow(request: Request) -> Any:
    """POST /api/v1/tags/:name/follow."""
    services = request.services
    await actions.follow(services.db, request.account_id, _name(request), now=services.now())
    return await show(request)


async def unfollow(request: Request) -> Any:
    """POST /api/v1/tags/:name/unfollow."""
    await actions.unfollow(request.services.db, request.account_id, _name(request))
    return await show(request)


async def feature(request: Request) -> Any:
    """POST /api/v1/tags/:name/feature."""
    services = request.services
    _name(request)
    await actions.feature(services.db, request.account_id, request.path["name"], now=services.now())
    return await show(request)


async def unfeature(request: Request) -> Any:
    """POST /api/v1/tags/:name/unfeature."""
    await actions.unfeature(request.services.db, request.account_id, _name(request))
    return await show(request)


async def followed(request: Request) -> Any:
    """GET /api/v1/followed_tags."""
    cursor = request.params.cursor(*limits.FOLLOWED_TAGS_PAGE)
    row_ids, found = await tags.followed(request.services.db, request.account_id, cursor)
    body = await render_all(request, found)
    return responses.relation_page(request, body, row_ids, cursor.limit)


async def featured(request: Request) -> Any:
    """GET /api/v1/featured_tags: the viewer's own."""
    account = await accounts.find(request.services.db, request.account_id)
    return await _featured(request, account)


async def featured_of_account(request: Request) -> Any:
    """GET /api/v1/accounts/:id/featured_tags."""
    return await _featured(
        request, await accounts.find_shown(request.services.db, request.path_id())
    )


async def _featured(request: Request, account: Account | None) -> list[entities.FeaturedTag]:
    if account is None:
        raise errors.RecordNotFound
    if account.unavailable:
        return []
    services = request.services
    found = await tags.featured(services.db, account.id)
    return [entities.render_featured(tag, account.username, services.links) for tag in found]


async def add_featured(request: Request) -> Any:
    """POST /api/v1/featured_tags; a second time answers the same row."""
    services = request.services
    row_id = await actions.feature(
        services.db, request.account_id, request.params.text("name"), now=services.now()
    )
    shown = await featured(request)
    return next(tag for tag in shown if tag.id == str(row_id))


async def delete_featured(request: Request) -> Any:
    """DELETE /api/v1/featured_tags/:id."""
    row_id = request.path_id()
    async with request.services.db.transaction() as tx:
        if row_id is None or not await tags.delete_featured(tx, request.account_id, row_id):
            raise errors.RecordNotFound
    return responses.EMPTY


async def suggestions(request: Request) -> Any:
    """GET /api/v1/featured_tags/suggestions."""
    found = await tags.suggestions(request.services.db, request.account_id)
    return await render_all(request, found)
