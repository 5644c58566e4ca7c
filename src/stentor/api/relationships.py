"""Between the viewer and another account: follow, unfollow, endorse, note, and how things stand."""

from __future__ import annotations

from typing import Any

from stentor.actions import relationships as actions
from stentor.api.request import Request
from stentor.domain import limits, text
from stentor.domain.relationships import WantedOptions, follow_languages
from stentor.entities import accounts as account_entities
from stentor.entities import relationships as entities
from stentor.entities.relationships import FamiliarFollowers
from stentor.errors import Unprocessable, ValidationFailed
from stentor.store import account_notes, accounts, endorsements, follows, relationships

# As many familiar followers of one account as are listed.
FAMILIAR = 40


async def show(request: Request) -> list[Any]:
    """GET /api/v1/accounts/relationships: in the order asked for, unknown ones left out."""
    found = await relationships.load(
        request.services.db,
        request.account_id,
        request.params.ids("id"),
        now=request.services.now(),
        suspended=request.params.flag("with_suspended"),
    )
    return [entities.render(one) for one in found.values()]


async def familiar_followers(request: Request) -> list[Any]:
    """GET /api/v1/accounts/familiar_followers: one object for each account that exists."""
    ids = request.params.ids("id")
    if len(ids) > limits.ACCOUNT_IDS:
        raise Unprocessable(f"Too many accounts, the maximum is {limits.ACCOUNT_IDS}")
    db, links = request.services.db, request.services.links
    shown = await accounts.load_shown(db, ids)
    known = [one for one in ids if one in shown and not shown[one].unavailable]
    found = await follows.familiar(db, request.account_id, known, most=FAMILIAR)
    return [
        FamiliarFollowers(
            str(one), [account_entities.encoded(row, links) for row in found.get(one, [])]
        )
        for one in known
    ]


def _wanted(request: Request) -> WantedOptions:
    languages = None
    if "languages" in request.params:
        languages = follow_languages(request.params.texts("languages"))
        if languages is None:
            raise ValidationFailed("Languages is invalid")
    return WantedOptions(
        request.params.boolean("reblogs"), request.params.boolean("notify"), languages
    )


async def follow(request: Request) -> Any:
    """POST /api/v1/accounts/:id/follow."""
    services = request.services
    return entities.render(
        await actions.follow(
            services.db,
            services.bus,
            request.account_id,
            request.path_id(),
            wanted=_wanted(request),
            now=services.now(),
        )
    )


async def unfollow(request: Request) -> Any:
    """POST /api/v1/accounts/:id/unfollow."""
    services = request.services
    return entities.render(
        await actions.unfollow(
            services.db, request.account_id, request.path_id(), now=services.now()
        )
    )


async def remove_from_followers(request: Request) -> Any:
    """POST /api/v1/accounts/:id/remove_from_followers."""
    services = request.services
    return entities.render(
        await actions.remove_from_followers(
            services.db, request.account_id, request.path_id(), now=services.now()
        )
    )


async def endorse(request: Request) -> Any:
    """POST /api/v1/accounts/:id/endorse, and its older name pin."""
    services = request.services
    return entities.render(
        await actions.endorse(
            services.db, request.account_id, request.path_id(), now=services.now()
        )
    )


async def unendorse(request: Request) -> Any:
    """POST /api/v1/accounts/:id/unendorse, and its older name unpin."""
    services = request.services
    async with actions.pair(
        services.db, request.account_id, request.path_id(), now=services.now()
    ) as both:
        await endorsements.remove(both.tx, both.account.id, both.target.id)
        return entities.render(await both.read())


async def note(request: Request) -> Any:
    """POST /api/v1/accounts/:id/note."""
    services = request.services
    comment = request.params.text("comment") or ""
    if not text.fits(comment, limits.ACCOUNT_NOTE):
        raise ValidationFailed(f"Comment is too long (maximum is {limits.ACCOUNT_NOTE} characters)")
    async with actions.pair(
        services.db, request.account_id, request.path_id(), now=services.now()
    ) as both:
        await account_notes.set_note(both.tx, both.account.id, both.target.id, comment)
        return entities.render(await both.read())
