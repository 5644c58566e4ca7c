"""Who sits at the browser, and whether a form came from a page of ours (reliability 5b)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stentor import errors
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.api.services import Services
from stentor.domain import times
from stentor.store import web_sessions
from stentor.store.access_tokens import digest, new_secret
from stentor.store.web_sessions import Session

# As Mastodon's forms call it; automation that fills them in finds it.
TOKEN = "authenticity_token"  # noqa: S105 - the name of a field
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser. Before signing in, ``cookie`` is random bits that only it and we know."""

    cookie: str
    known: bool
    session: Session | None
    form_token: str


def cookie_name(services: Services) -> str:
    """With TLS nobody but this very host can set it (the ``__Host-`` prefix)."""
    return "__Host-stentor_session" if services.links.scheme == "https" else "stentor_session"


def _form_token(services: Services, cookie: str) -> str:
    mac = hmac.new(services.secret, b"form " + digest(cookie), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


async def load(request: Request) -> Browser:
    """The browser that asks, with its session if it has a live one. At most two statements."""
    services = request.services
    sent = request.http.get_cookie_values(cookie_name(services)) or []
    cookie = next((value for value in sent if _COOKIE.match(value)), None)
    if cookie is None:
        cookie = new_secret()
        return Browser(cookie, False, None, _form_token(services, cookie))
    now = services.now()
    session = await web_sessions.find(services.db, cookie, now)
    if session is not None and session.stale(now):
        async with services.db.transaction() as tx:
            await web_sessions.touch(tx, cookie, now)
    return Browser(cookie, True, session, _form_token(services, cookie))


def check_form(request: Request, browser: Browser) -> None:
    """Raises FormExpired unless the request comes from a page that this browser got from us.

    The token is bound to the session; where the browser says which site sent the form, that
    has to be this one as well.
    """
    token = request.params.text(TOKEN) or request.header("X-CSRF-Token") or ""
    right = hmac.compare_digest(token.encode(), browser.form_token.encode())
    if not (browser.known and right and _from_here(request)):
        raise errors.FormExpired


def _from_here(request: Request) -> bool:
    site = request.header("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.header("Origin")
    if origin is None:
        return True
    ours = {request.services.links.domain.lower(), (request.header("Host") or "").lower()}
    try:
        return urlsplit(origin).netloc.lower() in ours - {""}
    except ValueError:
        return False


def _set(reply: Reply, services: Services, value: str, **options: Any) -> Reply:
    reply.cookies.append(
        (
            cookie_name(services),
            value,
            {
                "path": "/",
                "secure": services.links.scheme == "https",
                "http_only": True,
                "same_site": "Lax",
                **options,
            },
        )
    )
    return reply


def remember(reply: Reply, request: Request, browser: Browser) -> Reply:
    """The reply, giving the browser its cookie if it has none yet: pages with forms need it."""
    return reply if browser.known else _set(reply, request.services, browser.cookie)


async def begin(reply: Reply, request: Request, browser: Browser, account_id: int) -> Reply:
    """Signs in, under a new cookie: one that somebody planted before is worth nothing."""
    services = request.services
    async with services.db.transaction() as tx:
        if browser.session is not None:
            await web_sessions.remove(tx, browser.cookie)
        cookie = await web_sessions.add(tx, account_id, services.now())
    return _set(reply, services, cookie, max_age=web_sessions.ABSOLUTE // times.SECOND)


async def end(reply: Reply, request: Request, browser: Browser) -> Reply:
    """Signs out."""
    services = request.services
    if browser.session is not None:
        async with services.db.transaction() as tx:
            await web_sessions.remove(tx, browser.cookie)
    return _set(reply, services, "", max_age=0)
