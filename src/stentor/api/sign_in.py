"""Signing in and out in a browser, the first owner, the apps one has let in, the front page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog

from stentor import errors
from stentor.actions import oauth, passwords, registrations
from stentor.api import params as parameters
from stentor.api import rate_limits
from stentor.api.auth import sign_in_problem
from stentor.api.endpoint import client_address
from stentor.api.pages import sessions
from stentor.api.pages.render import page, redirect, render
from stentor.api.pages.sessions import Browser
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import limits, paging
from stentor.domain.oauth import Application
from stentor.domain.times import date
from stentor.store import applications, users
from stentor.store.users import Login
from stentor.telemetry import Metric, count

log = structlog.get_logger("stentor.sign_in")

_WRONG = "That e-mail address or user name and password do not belong together."
# What an authorization request is made of; the rest of an address is not carried along.
_AUTHORIZE = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "response_mode",
    "code_challenge", "code_challenge_method", "force_login", "resource", "lang",
)  # fmt: skip


def carried(request: Request) -> str:
    """The authorization request as a query, for going on with it after signing in."""
    return urlencode(request.params.pairs(*_AUTHORIZE))


def _onward(request: Request) -> str:
    """Where to go after signing in: on with an authorization, or to the front page.

    Only the query comes from the form, and it is encoded anew: there is no way to any other
    path or site (T37).
    """
    query = request.params.text("continue")
    if not query:
        return "/"
    values = parameters.Params(parameters.from_query(query))
    return f"/oauth/authorize?{urlencode(values.pairs(*_AUTHORIZE))}"


def sign_in_form(
    request: Request,
    browser: Browser,
    *,
    query: str = "",
    application: Application | None = None,
    status: int = 200,
    problem: str = "",
    name: str = "",
) -> Reply:
    """The form; ``query`` is the authorization request to go on with."""
    reply = render(
        request,
        "sign_in",
        status=status,
        forms_leave=bool(query),
        token=browser.form_token,
        query=query,
        application=application,
        problem=problem,
        name=name,
    )
    return sessions.remember(reply, request, browser)


@page
async def show_sign_in(request: Request) -> Reply:
    """The form, or the front page for those who are signed in."""
    browser = await sessions.load(request)
    if browser.session is not None:
        return redirect(request, "/")
    return sign_in_form(request, browser)


async def throttle(request: Request, name: str, login: Login | None) -> None:
    """Counts an attempt against the address and the account. Raises TooManyRequests (T35)."""
    who = name.strip().lower()[: limits.EMAIL] if login is None else login.account_id
    await request.count(
        [
            (rate_limits.SIGN_IN, rate_limits.client_key(client_address(request))),
            (rate_limits.SIGN_IN_ACCOUNT, who),
        ]
    )


async def check_password(request: Request, name: str, password: str) -> Login | None:
    """Who that is, None if it is nobody. Raises TooManyRequests, Unavailable."""
    db = request.services.db
    await throttle(request, name, await users.find_login(db, name))
    return await passwords.sign_in(db, name, password)


def _typed(request: Request) -> tuple[str, str]:
    form = request.params.nested("user") or request.params
    name = form.text("email") or form.text("username") or ""
    return name, form.text("password") or ""


@page
async def sign_in(request: Request) -> Reply:
    """Name and password to a session, then on to where the person wanted to go."""
    browser = await sessions.load(request)
    query = request.params.text("continue") or ""
    name, password = _typed(request)
    onward = _onward(request)

    def again(status: int, problem: str) -> Reply:
        return sign_in_form(
            request, browser, query=query, status=status, problem=problem, name=name[:320]
        )

    try:
        sessions.check_form(request, browser)
    except errors.FormExpired as problem:
        return again(problem.status, "This page was out of date. Please sign in again.")
    try:
        login = await check_password(request, name, password)
    except errors.TooManyRequests:
        count(Metric.SIGN_IN, outcome="throttled")
        raise
    if login is None:
        count(Metric.SIGN_IN, outcome="wrong")
        log.info("sign-in failed")
        return again(422, _WRONG)
    refused = sign_in_problem(login)
    if refused is not None:
        count(Metric.SIGN_IN, outcome="refused")
        return again(refused.status, f"{refused.message}.")
    count(Metric.SIGN_IN, outcome="ok")
    log.info("signed in", account_id=login.account_id)
    return await sessions.begin(redirect(request, onward), request, browser, login.account_id)


@page
async def show_sign_out(request: Request) -> Reply:
    """Asks; looking at a page changes nothing."""
    browser = await sessions.load(request)
    if browser.session is None:
        return redirect(request, "/auth/sign_in")
    return render(request, "sign_out", token=browser.form_token, me=browser.session)


@page
async def sign_out(request: Request) -> Reply:
    """Ends the session; with an authorization request, the form for another account follows."""
    browser = await sessions.load(request)
    if browser.session is not None:
        sessions.check_form(request, browser)
    onward = _onward(request)
    reply = render(request, "signed_out") if onward == "/" else redirect(request, onward)
    return await sessions.end(reply, request, browser)


# --- The first owner ---------------------------------------------------------------------------


async def _first_owner(request: Request) -> str:
    """The token of the link, if it is still good. Raises NotFound."""
    services = request.services
    token = request.params.text("token") or ""
    if not await registrations.is_first_owner_token(services.db, services.secret, token):
        raise errors.NotFound
    return token


def _first_owner_form(
    request: Request, browser: Browser, token: str, *, status: int = 200, **values: Any
) -> Reply:
    filled = {"username": "", "email": "", "problems": {}, **values}
    reply = render(
        request, "first_owner", status=status, token=browser.form_token, link=token, **filled
    )
    return sessions.remember(reply, request, browser)


@page
async def show_first_owner(request: Request) -> Reply:
    """The form behind the link that an empty server prints when it starts."""
    token = await _first_owner(request)
    return _first_owner_form(request, await sessions.load(request), token)


@page
async def first_owner(request: Request) -> Reply:
    """Makes the owner's account and signs in."""
    services = request.services
    token = await _first_owner(request)
    browser = await sessions.load(request)
    sessions.check_form(request, browser)
    params = request.params
    username, email = params.text("username") or "", params.text("email") or ""
    try:
        account_id = await registrations.create_first_owner(
            services.db,
            services.ids,
            username=username,
            email=email,
            password=params.text("password") or "",
            now=services.now(),
        )
    except errors.ValidationFailed as problem:
        return _first_owner_form(
            request,
            browser,
            token,
            status=problem.status,
            username=username[: limits.USERNAME],
            email=email[: limits.EMAIL],
            problems=problem.details or {},
        )
    log.info("first owner made", account_id=account_id)
    return await sessions.begin(redirect(request, "/"), request, browser, account_id)


# --- Signed in ---------------------------------------------------------------------------------


@page
async def front(request: Request) -> Reply:
    """What this server is, and how one signs in with an app."""
    browser = await sessions.load(request)
    return render(
        request,
        "front",
        description=request.services.features.description,
        contact=request.services.features.contact_email,
        me=browser.session,
        token=browser.form_token,
    )


@page
async def show_applications(request: Request) -> Reply:
    """The apps that the person has let in."""
    browser = await sessions.load(request)
    if browser.session is None:
        return redirect(request, "/auth/sign_in")
    found = await applications.authorized_by(request.services.db, browser.session.account_id)
    return render(
        request,
        "applications",
        me=browser.session,
        token=browser.form_token,
        applications=[(number, name, website, date(at)) for number, name, website, at in found],
    )


@page
async def turn_away(request: Request) -> Reply:
    """Takes the access of one app back."""
    browser = await sessions.load(request)
    sessions.check_form(request, browser)
    if browser.session is None:
        raise errors.FormExpired
    application_id = paging.parse_id(request.params.text("application_id"))
    if application_id is None:
        raise errors.NotFound
    services = request.services
    account_id = browser.session.account_id
    await oauth.turn_away(services.db, services.bus, account_id, application_id, now=services.now())
    return redirect(request, "/auth/applications")
