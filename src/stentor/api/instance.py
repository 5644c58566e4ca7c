"""What the server says of itself: instance v1 and v2 and what is below them (C13, B3)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api.pages import render
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import portraits, times
from stentor.domain.language_names import NAMES
from stentor.domain.pictures import Picture
from stentor.entities import instance as entities
from stentor.entities.instance import About
from stentor.store import instance as store

# Long enough to spare the server, short enough that a changed setting is soon seen.
FRESH = {"Cache-Control": "public, max-age=60"}
A_DAY = {"Cache-Control": "public, max-age=86400"}

#: When the text below was last changed.
PRIVACY_UPDATED_AT = 1_795_219_200_000
PRIVACY = """\
<p>This server keeps what you give it: your account and e-mail address, your posts, whom you follow,
mute and block, and the notifications that all of this causes. Your password is kept as a hash that
does not tell it. It keeps the names of the apps that you let in, and when.</p>
<p>Posts for everybody are seen by everybody. Posts for followers or for single people are seen by
them, and can be read by whoever runs this server. Nothing is sold, nothing is sent to
advertisers, and no page of this server loads anything from elsewhere.</p>
<p>If you ask for push messages, they travel, encrypted, through the push service that your device
has chosen. Blocking, muting and what you have read are told to nobody.</p>
<p>What you delete is deleted here at once. Ask the person who runs this server if you want
everything removed or a copy of it.</p>
"""


async def about(request: Request) -> About:
    """What all documents are made of; one query, and two more every minute."""
    services = request.services
    features = services.features
    return About(
        links=services.links,
        title=features.title,
        description=features.description,
        contact_email=features.contact_email,
        contact=await store.find_contact(services.db),
        registrations=features.registrations,
        poll_min_expiration=features.poll_min_expiration,
        vapid_public_key=features.vapid_public_key,
        nodeinfo_name=features.nodeinfo_name,
        counts=await services.usage.counts(services.db, services.now()),
    )


async def show_v2(request: Request) -> Reply:
    """GET /api/v2/instance."""
    return Reply(entities.render_v2(await about(request)), headers=FRESH)


async def show_v1(request: Request) -> Reply:
    """GET /api/v1/instance."""
    return Reply(entities.render_v1(await about(request)), headers=FRESH)


async def peers(request: Request) -> Any:
    """GET /api/v1/instance/peers: domains that accounts are known of."""
    return await store.peers(request.services.db)


async def find_peers(request: Request) -> Any:
    """GET /api/v1/peers/search: up to ten of them that begin like ``q``."""
    wanted = (request.params.text("q") or "").strip().lower()
    if not wanted:
        return []
    known = await store.peers(request.services.db)
    return [domain for domain in known if domain.startswith(wanted)][:10]


async def activity(request: Request) -> Any:
    """GET /api/v1/instance/activity: twelve weeks, this one first."""
    services = request.services
    return entities.render_activity(await services.usage.activity(services.db, services.now()))


async def languages(_: Request) -> Any:
    """GET /api/v1/instance/languages."""
    return [{"code": code, "name": name} for code, name in NAMES.items()]


async def extended_description(_: Request) -> Any:
    """GET /api/v1/instance/extended_description: there is none."""
    return {"updated_at": None, "content": ""}


async def privacy_policy(_: Request) -> Any:
    """GET /api/v1/instance/privacy_policy: what is true of this software."""
    return {"updated_at": times.iso(PRIVACY_UPDATED_AT), "content": PRIVACY}


@render.page
async def privacy_page(request: Request) -> Reply:
    """GET /privacy-policy: the same for people."""
    return render.render(request, "privacy", content=PRIVACY)


async def domain_blocks(_: Request) -> Reply:
    """GET /api/v1/instance/domain_blocks: not shown, which has an empty body."""
    return Reply(b"", status=404)


async def terms_of_service(_: Request) -> Any:
    """GET /api/v1/instance/terms_of_service: there are none."""
    raise errors.RecordNotFound


async def thumbnail(_: Request) -> Reply:
    """GET /thumbnail.png: the server's picture."""
    return Reply(portraits.emblem(), headers=A_DAY, content_type=Picture.PNG.content_type)


async def robots(_: Request) -> Reply:
    """GET /robots.txt: pages for people may be read, the rest is for apps."""
    text = "User-agent: *\nDisallow: /api/\nDisallow: /auth/\nDisallow: /oauth/\n"
    return Reply(text.encode(), headers=A_DAY, content_type="text/plain; charset=utf-8")


async def favicon(request: Request) -> Reply:
    """GET /favicon.ico, for browsers that do not look into the page."""
    return render.redirect(request, "/auth/stentor.svg", status=302)
