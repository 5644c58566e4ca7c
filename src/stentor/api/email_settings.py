"""Ours: /api/stentor/v1/email_settings, what the viewer wants to be told by e-mail."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api.request import Request
from stentor.domain import emails
from stentor.entities import email_settings as entities
from stentor.store import email_settings as store


async def show(request: Request) -> dict[str, Any]:
    """GET: all settings, those that were never touched included."""
    db = request.services.db
    settings = await store.find(db, request.account_id)
    if settings is None:
        raise errors.RecordNotFound
    return entities.render(settings, sends=db.mails)


async def update(request: Request) -> dict[str, Any]:
    """PATCH: only what is given changes; 422 for a type that is never mailed."""
    always = request.params.boolean("always_send_emails")
    changes = _changes(request)
    async with request.services.db.transaction() as tx:
        settings = await store.hold(tx, request.account_id)
        if settings is None:
            raise errors.RecordNotFound
        wanted = {
            one
            for one in emails.MAILABLE
            if changes.get(one.value, one in settings.notification_emails)
        }
        settings = emails.EmailSettings(
            settings.always_send_emails if always is None else always, frozenset(wanted)
        )
        await store.save(tx, request.account_id, settings)
    return entities.render(settings, sends=request.services.db.mails)


def _changes(request: Request) -> dict[str, bool]:
    given = request.params.nested("notification_emails")
    if given is None:
        return {}
    if given.values.keys() - emails.MAILABLE_BY_NAME.keys():
        raise errors.ValidationFailed("Notification emails is not included in the list")
    found = {name: given.boolean(name) for name in given.values}
    return {name: wanted for name, wanted in found.items() if wanted is not None}
