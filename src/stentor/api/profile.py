"""The viewer's own account: show it, change it (surroundings C3.2, C3.8)."""

from __future__ import annotations

from typing import Any

import msgspec

from stentor.actions import accounts as actions
from stentor.api import tags
from stentor.api.params import Params, Upload
from stentor.api.request import Request
from stentor.domain import languages
from stentor.domain.profiles import ProfileChanges, Value
from stentor.entities import accounts as entities
from stentor.errors import RecordNotFound, ValidationFailed
from stentor.store import accounts, follows

_TEXTS = ("display_name", "note", "avatar_description", "header_description")
_FLAGS = (
    "locked", "discoverable", "indexable", "hide_collections", "show_media",
    "show_media_replies", "show_featured",
)  # fmt: skip


async def verify_credentials(request: Request) -> dict[str, Any]:
    """GET /api/v1/accounts/verify_credentials: CredentialAccount."""
    db, account_id = request.services.db, request.account_id
    account = await accounts.find(db, account_id)
    user = await accounts.find_user(db, account_id)
    if account is None or user is None:
        raise RecordNotFound
    return entities.render_credential(
        account,
        user,
        request.services.links,
        follow_requests_count=await follows.count_requests(db, account_id),
    )


async def show(request: Request) -> dict[str, Any]:
    """GET /api/v1/profile: Profile."""
    account = await accounts.find(request.services.db, request.account_id)
    if account is None:
        raise RecordNotFound
    profile: dict[str, Any] = msgspec.to_builtins(
        entities.render_profile(account, request.services.links)
    )
    return profile | {"featured_tags": await tags.featured(request)}


async def update_credentials(request: Request) -> dict[str, Any]:
    """PATCH /api/v1/accounts/update_credentials: CredentialAccount."""
    await _update(request, _changes(request.params))
    return await verify_credentials(request)


async def update(request: Request) -> dict[str, Any]:
    """PATCH /api/v1/profile: Profile."""
    await _update(request, _changes(request.params))
    return await show(request)


async def delete_avatar(request: Request) -> dict[str, Any]:
    """DELETE /api/v1/profile/avatar: CredentialAccount."""
    await _update(request, ProfileChanges({"avatar_description": ""}, images={"avatar": None}))
    return await verify_credentials(request)


async def delete_header(request: Request) -> dict[str, Any]:
    """DELETE /api/v1/profile/header: CredentialAccount."""
    await _update(request, ProfileChanges({"header_description": ""}, images={"header": None}))
    return await verify_credentials(request)


async def _update(request: Request, changes: ProfileChanges) -> None:
    services = request.services
    await actions.update(
        services.db,
        services.media,
        request.account_id,
        changes,
        domain=services.links.domain,
        now=services.now(),
    )


def _changes(params: Params) -> ProfileChanges:
    """What the request names. Raises ValidationFailed for a language that is none."""
    changes = ProfileChanges(_columns(params))
    for name in ("avatar", "header"):
        upload = params.upload(name)
        if upload is not None and not _nothing(upload):
            changes.images[name] = upload.data
    if isinstance(params.values.get("fields_attributes"), dict | list):
        changes.fields = [
            (one.text("name") or "", one.text("value") or "")
            for one in params.maps("fields_attributes")
        ]
    if "attribution_domains" in params:
        changes.attribution_domains = params.texts("attribution_domains")
    source = params.nested("source")
    if source is not None:
        changes.user = _defaults(source)
    return changes


def _columns(params: Params) -> dict[str, Value]:
    """Texts and switches, by column."""
    texts = {name: params.text(name) for name in _TEXTS}
    columns: dict[str, Value] = {
        name: value.strip() for name, value in texts.items() if value is not None
    }
    flags = {name: params.boolean(name) for name in _FLAGS}
    columns |= {name: value for name, value in flags.items() if value is not None}
    bot = params.boolean("bot")
    if bot is not None:
        columns["actor_type"] = "Service" if bot else "Person"
    return columns


def _nothing(upload: Upload) -> bool:
    """True for what a browser's form sends when no file was chosen."""
    return not upload.filename and not upload.data


def _defaults(source: Params) -> dict[str, Value]:
    """How new statuses are to be, by column."""
    defaults: dict[str, Value] = {
        "default_privacy": source.text("privacy") or None,
        "default_quote_policy": source.text("quote_policy") or None,
        "default_sensitive": source.boolean("sensitive"),
    }
    found: dict[str, Value] = {name: value for name, value in defaults.items() if value is not None}
    language = source.text("language")
    if language is not None:
        found["default_language"] = code = languages.normalise(language)
        if language and code is None:
            raise ValidationFailed(
                "Language is invalid", details={"language": [("ERR_INVALID", "is invalid")]}
            )
    return found
