"""Applications register themselves (surroundings C1.1)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import limits, oauth
from stentor.entities import oauth as entities
from stentor.store import applications


def _lines(request: Request, name: str) -> list[str]:
    """A list, or one text with several parts between white space; each once."""
    return list(dict.fromkeys(" ".join(request.params.texts(name)).split()))


def _redirect_problems(uris: list[str], *, plain_http: bool) -> list[str]:
    if not uris:
        return ["Redirect URI can't be blank"]
    if len(uris) > limits.REDIRECT_URIS:
        return [f"Redirect URI has too many lines (maximum is {limits.REDIRECT_URIS})"]
    found = (
        oauth.redirect_uri_problem(uri, plain_http=plain_http) for uri in uris if uri != oauth.OOB
    )
    return list(dict.fromkeys(f"Redirect URI {problem}" for problem in found if problem))


async def create(request: Request) -> Any:
    """CredentialApplication: the only answer that holds the secret."""
    name = (request.params.text("client_name") or "").strip()
    website = (request.params.text("website") or "").strip() or None
    uris = _lines(request, "redirect_uris")
    scopes = _lines(request, "scopes") or [oauth.DEFAULT]
    problems: list[str] = []
    if not name:
        problems.append("Name can't be blank")
    elif len(name) > limits.APPLICATION_NAME:
        problems.append(f"Name is too long (maximum is {limits.APPLICATION_NAME} characters)")
    # A site that is itself served without TLS cannot ask more of its clients.
    problems += _redirect_problems(uris, plain_http=request.services.links.scheme == "http")
    if website is not None and not oauth.valid_website(website):
        problems.append("Website must be a valid URL")
    if oauth.unknown(scopes):
        problems.append("Scopes doesn't match configured on the server.")
    if problems:
        raise errors.ValidationFailed(*problems)
    async with request.services.db.transaction() as tx:
        application, secret = await applications.add(
            tx,
            name=name,
            website=website,
            redirect_uris=tuple(uris),
            scopes=" ".join(scopes),
            now=request.services.now(),
        )
    vapid_key = request.services.features.vapid_public_key
    return Reply(
        entities.credential_application(application, secret, vapid_key),
        headers={"Cache-Control": "no-store"},
    )


async def verify_credentials(request: Request) -> Any:
    """Application, for any token of it."""
    viewer = request.viewer
    application = await applications.find(
        request.services.db, viewer.application_id if viewer else None
    )
    if application is None:  # a token that the operator made belongs to none
        raise errors.RecordNotFound
    return entities.application(application, request.services.features.vapid_public_key)
