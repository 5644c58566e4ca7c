"""Templates to answers, with the headers that pages of a browser need (reliability 5a)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from stentor import errors
from stentor.api.request import Request
from stentor.api.responses import HSTS, Reply

if TYPE_CHECKING:
    import jinja2

HTML = "text/html; charset=utf-8"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    # With no-referrer the browser hides a form's origin from us too; other sites get nothing.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
}
# No Cross-Origin-Opener-Policy: web clients open the consent in a window of theirs and would
# lose hold of it.
_FOLDER = files("stentor.api.pages")
_FILES = {
    "stentor.css": "text/css; charset=utf-8",
    "stentor.svg": "image/svg+xml",
}


class _Asset:
    """A file that every page uses, with the tag that tells one version from another."""

    def __init__(self, name: str) -> None:
        self.data = (_FOLDER / name).read_bytes()
        self.version = hashlib.sha256(self.data).hexdigest()[:12]
        self.content_type = _FILES[name]


_assets = {name: _Asset(name) for name in _FILES}


def _href(name: str) -> str:
    return f"/auth/{name}?v={_assets[name].version}"


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2  # `stentor.app` loads it a moment after the start

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stentor.api.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["href"] = _href
    return environment


def headers(request: Request, *, forms_leave: bool = False) -> dict[str, str]:
    """The headers of a page.

    ``forms_leave``: submitting a form may end at another site, which browsers count against
    ``form-action``, so that is left out.
    """
    policy = _POLICY if forms_leave else f"{_POLICY}; form-action 'self'"
    sent = {**_HEADERS, "Content-Security-Policy": policy}
    if request.services.links.scheme == "https":
        sent["Strict-Transport-Security"] = HSTS
    return sent


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    forms_leave: bool = False,
    **values: Any,
) -> Reply:
    """A page. ``values`` are what its template names."""
    services = request.services
    html = (
        _environment()
        .get_template(f"{template}.html")
        .render(site=services.features.title, domain=services.links.domain, **values)
    )
    return Reply(
        html.encode(),
        status=status,
        headers=headers(request, forms_leave=forms_leave),
        content_type=HTML,
    )


def redirect(request: Request, location: str, *, status: int = 303) -> Reply:
    """Sends the browser on. ``location`` is ours, or a redirect URI that has been checked."""
    sent = {**headers(request, forms_leave=True), "Location": location}
    return Reply(b"", status=status, headers=sent, content_type=HTML)


_HEADINGS = {
    400: "That did not work",
    401: "Unknown app",
    403: "Not allowed",
    404: "There is nothing here",
    413: "Too much",
    429: "Please wait a little",
    503: "Very busy right now",
}
_TEXTS = {
    404: "The link may have been used already, or it is not complete.",
    429: "There were too many attempts. Wait a few minutes, then try again.",
    503: "Many people are signing in. Nothing is lost: try again in a moment.",
}


def failure(request: Request, problem: errors.PublicError) -> Reply:
    """A page that says what went wrong, with the status and headers of the problem."""
    text = problem.message
    if not isinstance(problem, errors.PageProblem):
        text = _TEXTS.get(problem.status, text)
    reply = render(
        request,
        "error",
        status=problem.status,
        heading=_HEADINGS.get(problem.status, "That did not work"),
        text=text,
    )
    reply.headers.update(problem.headers())
    return reply


def page(handler: Callable[[Request], Awaitable[Reply]]) -> Callable[[Request], Awaitable[Reply]]:
    """A handler whose problems are shown as pages, for people, instead of JSON."""

    @functools.wraps(handler)
    async def shown(request: Request) -> Reply:
        try:
            return await handler(request)
        except errors.PublicError as problem:
            return failure(request, problem)

    # For what goes wrong before the handler is called.
    shown.failure = failure  # type: ignore[attr-defined]  # the endpoint looks for it
    return shown


async def _asset(request: Request, name: str) -> Reply:
    asset = _assets[name]
    tag = f'"{asset.version}"'
    current = request.params.text("v") == asset.version
    sent = {
        **headers(request),
        "ETag": tag,
        "Cache-Control": "public, max-age=31536000, immutable"
        if current
        else "public, max-age=300",
    }
    known = [one.strip() for one in (request.header("If-None-Match") or "").split(",")]
    if tag in known or f"W/{tag}" in known:
        return Reply(b"", status=304, headers=sent, content_type=asset.content_type)
    return Reply(asset.data, headers=sent, content_type=asset.content_type)


async def style(request: Request) -> Reply:
    """The style sheet of all pages."""
    return await _asset(request, "stentor.css")


async def logo(request: Request) -> Reply:
    """The logo."""
    return await _asset(request, "stentor.svg")
