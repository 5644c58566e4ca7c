"""OAuth: the consent page, tokens, revocation, who somebody is, the metadata (C1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from stentor import errors
from stentor.actions import oauth
from stentor.actions.oauth import IssuedToken
from stentor.api import rate_limits, sign_in
from stentor.api.auth import sign_in_problem
from stentor.api.endpoint import client_address
from stentor.api.pages import scopes as scope_texts
from stentor.api.pages import sessions
from stentor.api.pages.render import page, redirect, render
from stentor.api.request import Request
from stentor.api.responses import EMPTY, Reply
from stentor.domain import limits
from stentor.domain import oauth as rules
from stentor.domain.oauth import OOB, Application
from stentor.entities import oauth as entities
from stentor.store import access_grants, accounts, applications
from stentor.store.access_grants import Wish

_MODES = ("query", "fragment", "form_post")
# Where there is no application to tell, the person reads it.
_OOB_TEXTS = {"access_denied": "You said no, and the app got nothing. You can close this page."}
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _scopes(application: Application, text: str | None) -> str:
    """The scopes asked for, ``read`` if none are. Raises InvalidScope beyond the registered."""
    wanted = rules.parse(text or "") or (rules.DEFAULT,)
    if rules.unknown(wanted) or not rules.within(wanted, rules.parse(application.scopes)):
        raise errors.InvalidScope
    return " ".join(wanted)


def _check_resource(request: Request) -> None:
    """Raises InvalidTarget if a token for another server is wanted (RFC 8707)."""
    base = request.services.links.base
    if any(one not in (base, f"{base}/") for one in request.params.texts("resource")):
        raise errors.InvalidTarget


# --- The authorization page --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Return:
    """The way back to the client, once it is known to be one that it registered."""

    uri: str
    mode: str
    state: str | None


async def _trusted(request: Request) -> tuple[Application, _Return]:
    """Who asks and where an answer may go. Raises PageProblem: those are for the person only."""
    params = request.params
    application = await applications.find_by_client_id(
        request.services.db, params.text("client_id")
    )
    if application is None:
        raise errors.UnknownClient
    uri = params.text("redirect_uri")
    if not uri or uri not in application.redirect_uris:
        raise errors.PageProblem(
            "The app that sent you here wants the answer at an address that it never registered. "
            "Nothing was sent there."
        )
    state = params.text("state")
    if len(state or "") > limits.STATE:
        raise errors.PageProblem("The app that sent you here wants too much kept for it.")
    mode = params.text("response_mode") or "query"
    return application, _Return(uri, mode if mode in _MODES else "query", state or None)


def _wish(request: Request, application: Application, back: _Return, account_id: int) -> Wish:
    """The rest of the request, checked. Raises OAuthProblem, which the client is told."""
    params = request.params
    kind = params.text("response_type")
    if not kind:
        raise errors.OAuthProblem
    if kind != "code":
        raise errors.UnsupportedResponseType
    if (params.text("response_mode") or "query") not in _MODES:
        raise errors.OAuthProblem("The response mode is not supported.")
    challenge = params.text("code_challenge") or None
    method = params.text("code_challenge_method") or None
    if (challenge is None) != (method is None) or method not in (None, "S256"):
        raise errors.OAuthProblem("The code challenge method must be S256.")
    if challenge is not None and not rules.valid_challenge(challenge):
        raise errors.OAuthProblem("The code challenge is not a SHA-256 in base64url.")
    _check_resource(request)
    return Wish(
        application_id=application.id,
        account_id=account_id,
        redirect_uri=back.uri,
        scopes=_scopes(application, params.text("scope")),
        state=back.state,
        response_mode=back.mode,
        code_challenge=challenge,
    )


def _send_back(request: Request, back: _Return, answer: dict[str, str], *, status: int) -> Reply:
    """The answer to the client, by the way it asked for; it never repeats a name (T25)."""
    if back.uri == OOB:
        if "code" not in answer:
            raise errors.PageProblem(_OOB_TEXTS.get(answer["error"], answer["error_description"]))
        return redirect(
            request, rules.respond_to("/oauth/authorize/native", [("code", answer["code"])])
        )
    pairs = [*answer.items()]
    if back.state is not None:
        pairs.append(("state", back.state))
    pairs.append(("iss", entities.issuer(request.services.links)))
    if back.mode == "form_post":
        return render(
            request,
            "form_post",
            forms_leave=True,
            uri=back.uri,
            pairs=pairs,
            where=_where(back.uri),
        )
    location = rules.respond_to(back.uri, pairs, fragment=back.mode == "fragment")
    return redirect(request, location, status=status)


def _failed(problem: errors.OAuthProblem) -> dict[str, str]:
    return {"error": problem.code, "error_description": problem.message}


def _where(uri: str) -> str:
    """Where that leads, as a person recognises it."""
    if uri == OOB:
        return ""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}: on this device"


@page
async def authorize(request: Request) -> Reply:
    """Sign-in, then consent, then back to the client with a code (C1.2)."""
    services = request.services
    application, back = await _trusted(request)
    browser = await sessions.load(request)
    if browser.session is None:
        query = sign_in.carried(request)
        return sign_in.sign_in_form(request, browser, query=query, application=application)
    refused = sign_in_problem(browser.session)
    if refused is not None:
        raise refused
    try:
        wish = _wish(request, application, back, browser.session.account_id)
    except errors.OAuthProblem as problem:
        return _send_back(request, back, _failed(problem), status=302)
    now = services.now()
    skips = not request.params.flag("force_login") and rules.identifies_client(back.uri)
    if skips and await oauth.agreed_before(services.db, wish, now):
        async with services.db.transaction() as tx:
            code = await access_grants.give(tx, wish, now)
        return _send_back(request, back, {"code": code}, status=302)
    async with services.db.transaction() as tx:
        key = await access_grants.ask(tx, wish, now)
    return render(
        request,
        "consent",
        forms_leave=True,
        token=browser.form_token,
        key=key,
        query=sign_in.carried(request),
        application=application,
        me=browser.session,
        lines=scope_texts.describe(wish.scopes.split()),
        where=_where(back.uri),
    )


async def _decided(request: Request, *, yes: bool) -> Reply:
    """The person's answer to the request that this very person was asked (T23, T29)."""
    services = request.services
    browser = await sessions.load(request)
    sessions.check_form(request, browser)
    if browser.session is None:
        raise errors.FormExpired
    refused = sign_in_problem(browser.session)
    if refused is not None:
        raise refused
    key, now = request.params.text("request") or "", services.now()
    code = ""
    async with services.db.transaction() as tx:
        grant = None
        if not yes:
            grant = await access_grants.deny(tx, key, browser.session.account_id, now)
        elif given := await access_grants.approve(tx, key, browser.session.account_id, now):
            grant, code = given
    if grant is None:
        raise errors.PageProblem(
            "This request has been answered already, or it is too old. "
            "Go back to the app and start again."
        )
    wish = grant.wish
    back = _Return(wish.redirect_uri, wish.response_mode, wish.state)
    answer = {"code": code} if yes else _failed(errors.AccessDenied())
    return _send_back(request, back, answer, status=303)


@page
async def decide(request: Request) -> Reply:
    """The consent form: ``decision`` is approve (also if absent) or deny."""
    decision = request.params.text("decision") or request.params.text("_method") or "approve"
    if decision not in ("approve", "deny", "delete"):
        raise errors.PageProblem("Neither a yes nor a no.")
    return await _decided(request, yes=decision == "approve")


@page
async def deny(request: Request) -> Reply:
    """No."""
    return await _decided(request, yes=False)


@page
async def native(request: Request) -> Reply:
    """Shows a code to the person it was given for, to be copied; to nobody else."""
    services = request.services
    browser = await sessions.load(request)
    grant = await access_grants.find(services.db, request.params.text("code") or "")
    if (
        browser.session is None
        or grant is None
        or grant.wish.account_id != browser.session.account_id
        or grant.wish.redirect_uri != OOB
        or grant.used_at is not None
        or grant.expires_at <= services.now()
    ):
        raise errors.PageProblem(
            "This code is not yours, or it is too old. Start again in the app."
        )
    application = await applications.find(services.db, grant.wish.application_id)
    return render(request, "native", code=request.params.text("code"), application=application)


# --- Tokens ------------------------------------------------------------------------------------


def _credentials(request: Request) -> tuple[str | None, str | None, bool]:
    """What the client says it is called, its secret, and whether by HTTP Basic (RFC 6749 2.3)."""
    params = request.params
    client_id, secret = params.text("client_id") or None, params.text("client_secret") or None
    scheme, _, rest = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return client_id, secret, False
    try:
        name, colon, password = (
            base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError, ValueError) as problem:
        raise errors.InvalidClient(basic=True) from problem
    name, password = unquote_plus(name), unquote_plus(password)
    if not colon or (client_id is not None and client_id != name):
        raise errors.InvalidClient(basic=True)
    return name, password or None, True


async def _throttle(request: Request) -> None:
    """Counts against the address and whoever it says it is. Raises TooManyRequests."""
    try:
        client_id, _, _ = _credentials(request)
    except errors.InvalidClient:
        client_id = None
    who = (rate_limits.client_key(client_address(request)), (client_id or "")[:64])
    await request.count([(rate_limits.OAUTH_TOKEN, who)])


async def _client(request: Request) -> tuple[Application, bool]:
    """The client, and whether it has shown its secret. Raises InvalidClient."""
    client_id, secret, basic = _credentials(request)
    application = await applications.find_by_client_id(request.services.db, client_id)
    if application is None or (secret and not oauth.knows_secret(application, secret)):
        raise errors.InvalidClient(basic=basic)
    return application, secret is not None


def _issued(issued: IssuedToken) -> Reply:
    return Reply(
        entities.token(issued.secret, issued.scopes, issued.created_at), headers=dict(_NO_STORE)
    )


async def token(request: Request) -> Any:
    """A token for a code, for the application itself, or (if switched on) for a password."""
    await _throttle(request)
    grants = {"authorization_code": _for_code, "client_credentials": _for_client}
    if request.services.features.password_grant:
        grants["password"] = _for_password
    kind = request.params.text("grant_type")
    if not kind:
        raise errors.OAuthProblem
    grant = grants.get(kind)
    if grant is None:
        raise errors.UnsupportedGrantType
    application, proven = await _client(request)
    _check_resource(request)
    return _issued(await grant(request, application, proven=proven))


async def _for_code(request: Request, application: Application, *, proven: bool) -> IssuedToken:
    params, services = request.params, request.services
    code, redirect_uri = params.text("code"), params.text("redirect_uri")
    if not code or not redirect_uri:
        raise errors.OAuthProblem
    return await oauth.swap_code(
        services.db,
        services.bus,
        application,
        code=code,
        redirect_uri=redirect_uri,
        verifier=params.text("code_verifier") or None,
        proven=proven,
        now=services.now(),
    )


async def _for_client(request: Request, application: Application, *, proven: bool) -> IssuedToken:
    if not proven:
        raise errors.InvalidClient
    services = request.services
    scopes = _scopes(application, request.params.text("scope"))
    return await oauth.issue(services.db, application.id, None, scopes, now=services.now())


async def _for_password(request: Request, application: Application, *, proven: bool) -> IssuedToken:
    if not proven:
        raise errors.InvalidClient
    services, params = request.services, request.params
    scopes = _scopes(application, params.text("scope"))
    name, password = params.text("username"), params.text("password")
    if not name or not password:
        raise errors.OAuthProblem
    login = await sign_in.check_password(request, name, password)
    if login is None or sign_in_problem(login) is not None:
        raise errors.InvalidGrant
    return await oauth.issue(
        services.db, application.id, login.account_id, scopes, now=services.now()
    )


async def revoke(request: Request) -> Any:
    """Ends a token for the application that holds it; nothing to end is as good (C1.5, T31)."""
    await _throttle(request)
    services = request.services
    secret = request.params.text("token")
    if not secret:
        return EMPTY
    try:
        application, _ = await _client(request)
    except errors.InvalidClient:
        application = None
    await oauth.revoke_secret(services.db, services.bus, application, secret, now=services.now())
    return EMPTY


async def user_info(request: Request) -> Any:
    """UserInfo of the person behind the token."""
    account = await accounts.find(request.services.db, request.account_id)
    if account is None:
        raise errors.RecordNotFound
    return entities.user_info(account, request.services.links)


async def metadata(request: Request) -> Any:
    """What this server can do, for clients that look before they ask (C1.6)."""
    services = request.services
    return Reply(
        entities.metadata(services.links, password_grant=services.features.password_grant),
        headers={"Cache-Control": "public, max-age=300"},
    )
