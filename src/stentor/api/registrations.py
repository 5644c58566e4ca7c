"""Signing up through an application (surroundings C2)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import oauth, registrations
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.entities import oauth as entities
from stentor.store import applications


async def create(request: Request) -> Any:
    """Token of the new account, with all the scopes of the application.

    With open registrations it works at once, otherwise once a moderator has approved.
    """
    services, params = request.services, request.params
    if services.features.registrations == "closed" or request.viewer is None:
        raise errors.NotAllowed
    application = await applications.find(services.db, request.viewer.application_id)
    if application is None:
        raise errors.NotAllowed
    now = services.now()
    account = await registrations.create(
        services.db,
        services.ids,
        username=params.text("username") or "",
        email=params.text("email") or "",
        password=params.text("password") or "",
        agreement=params.flag("agreement"),
        locale=params.text("locale") or "en",
        reason=params.text("reason") or "",
        time_zone=(params.text("time_zone") or "")[:64] or None,
        application_id=application.id,
        approved=services.features.registrations == "open",
        allow_reserved=False,
        bus=services.bus,
        now=now,
    )
    issued = await oauth.issue(services.db, application.id, account.id, application.scopes, now=now)
    return Reply(
        entities.token(issued.secret, issued.scopes, issued.created_at),
        headers={"Cache-Control": "no-store"},
    )
