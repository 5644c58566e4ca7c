"""The last link of an e-mail: a page that asks, and one click that does it (RFC 8058)."""

from __future__ import annotations

from stentor import errors
from stentor.api.pages import render
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import emails
from stentor.domain.email_texts import Words, of_browser
from stentor.domain.notifications import NotificationType
from stentor.store import email_settings


def _words(request: Request) -> Words:
    return of_browser(request.header("Accept-Language"))


def _wanted(request: Request) -> tuple[int, NotificationType] | None:
    """Whose e-mails of which type; None for a link that is no good, whatever is wrong with it."""
    type_ = emails.type_of(request.params.text("type"))
    account_id = emails.read_unsubscribe_token(
        request.services.secret, request.params.text("token"), now=request.services.now()
    )
    return None if type_ is None or account_id is None else (account_id, type_)


def _bad(request: Request) -> Reply:
    words = _words(request)
    return render.render(
        request,
        "unsubscribed",
        status=errors.NotFound.status,
        language=words.code,
        heading=words.bad,
        text=words.bad_text,
    )


@render.page
async def ask(request: Request) -> Reply:
    """GET /unsubscribe: changes nothing, since mail scanners open every link; asks first."""
    wanted = _wanted(request)
    if wanted is None:
        return _bad(request)
    words = _words(request)
    return render.render(
        request,
        "unsubscribe",
        language=words.code,
        heading=words.stop[wanted[1]],
        ask=words.ask.format(site=request.services.links.domain),
        button=words.button,
        token=request.params.text("token"),
        type=wanted[1].value,
    )


@render.page
async def create(request: Request) -> Reply:
    """POST /unsubscribe: no sign-in, no form token: the token in the link is what permits it.

    The same answer for an account that is gone, and when it is switched off already.
    """
    wanted = _wanted(request)
    if wanted is None:
        return _bad(request)
    async with request.services.db.transaction() as tx:
        await email_settings.switch_off(tx, *wanted)
    words = _words(request)
    return render.render(
        request,
        "unsubscribed",
        language=words.code,
        heading=words.done,
        text=words.done_text,
    )
