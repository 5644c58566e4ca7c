"""The documents about the server: instance v1 and v2, nodeinfo, webfinger (surroundings C13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from stentor.domain import instance as domain
from stentor.domain import limits
from stentor.domain.accounts import Account
from stentor.domain.instance import Counts, Week
from stentor.domain.links import Links
from stentor.entities import accounts

LANGUAGES = ["en"]


@dataclass(frozen=True, slots=True)
class About:
    """What the operator has decided and what the database holds, for all of these documents."""

    links: Links
    title: str
    description: str
    contact_email: str
    contact: Account | None
    registrations: str
    poll_min_expiration: int
    vapid_public_key: str
    nodeinfo_name: str
    counts: Counts

    @property
    def open(self) -> bool:
        """True if one can sign up at all."""
        return self.registrations != "closed"

    @property
    def approval(self) -> bool:
        """True if a moderator lets people in."""
        return self.registrations == "approval"


def thumbnail(links: Links) -> str:
    """The server's picture."""
    return f"{links.base}/thumbnail.png"


def _statuses() -> dict[str, int]:
    return {
        "max_characters": limits.STATUS_CHARACTERS,
        "max_media_attachments": limits.MEDIA_ATTACHMENTS,
        "characters_reserved_per_url": limits.URL_CHARACTERS,
    }


def _media() -> dict[str, Any]:
    return {
        "description_limit": limits.MEDIA_DESCRIPTION,
        "image_matrix_limit": limits.IMAGE_PIXELS,
        "image_size_limit": limits.IMAGE_BYTES,
        # Nothing can be attached yet. The key is there because clients take it apart (trap 50).
        "supported_mime_types": [],
        "video_frame_rate_limit": limits.VIDEO_FRAME_RATE,
        "video_matrix_limit": limits.VIDEO_PIXELS,
        "video_size_limit": limits.VIDEO_BYTES,
    }


def _polls(about: About) -> dict[str, int]:
    return {
        "max_options": limits.POLL_OPTIONS,
        "max_characters_per_option": limits.POLL_OPTION,
        "min_expiration": about.poll_min_expiration,
        "max_expiration": limits.POLL_SECONDS,
    }


def _configuration(about: About) -> dict[str, Any]:
    base = about.links.base
    everybody = {"local": "public", "remote": "public"}
    return {
        "urls": {
            "streaming": about.links.streaming,
            "status": None,
            "about": f"{base}/",
            "privacy_policy": f"{base}/privacy-policy",
            "terms_of_service": None,
        },
        "vapid": {"public_key": about.vapid_public_key},
        "accounts": {
            "max_display_name_length": limits.DISPLAY_NAME,
            "max_note_length": limits.NOTE,
            "max_avatar_description_length": limits.PROFILE_IMAGE_DESCRIPTION,
            "max_header_description_length": limits.PROFILE_IMAGE_DESCRIPTION,
            "max_featured_tags": limits.FEATURED_TAGS,
            "max_pinned_statuses": limits.PINNED_STATUSES,
            "max_profile_fields": limits.FIELDS,
            "profile_field_name_limit": limits.FIELD_NAME,
            "profile_field_value_limit": limits.FIELD_VALUE,
        },
        "statuses": _statuses(),
        "media_attachments": _media(),
        "polls": _polls(about),
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": everybody,
            "hashtag_feeds": everybody,
            "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
        },
        "limited_federation": False,
    }


def render_v2(about: About) -> dict[str, Any]:
    """GET /api/v2/instance: every key, always (C13.1, trap 50)."""
    links = about.links
    contact = None if about.contact is None else accounts.encoded(about.contact, links)
    return {
        "domain": links.domain,
        "title": about.title,
        "version": domain.VERSION,
        "source_url": f"{links.base}/",
        "description": about.description,
        "usage": {"users": {"active_month": about.counts.active_month}},
        "thumbnail": {"url": thumbnail(links), "blurhash": None, "description": about.title},
        "icon": [{"src": thumbnail(links), "size": "256x256"}],
        "languages": LANGUAGES,
        "configuration": _configuration(about),
        "registrations": {
            "enabled": about.open,
            "approval_required": about.approval,
            "reason_required": about.approval,
            "message": None,
            "min_age": None,
            "url": None,
        },
        "api_versions": domain.API_VERSIONS,
        "wrapstodon": None,
        "contact": {"email": about.contact_email, "account": contact},
        "rules": [],
    }


def render_v1(about: About) -> dict[str, Any]:
    """GET /api/v1/instance (C13.2); ``uri`` has no scheme (trap 22)."""
    links, counts = about.links, about.counts
    return {
        "uri": links.domain,
        "title": about.title,
        "short_description": about.description,
        "description": about.description,
        "email": about.contact_email,
        "version": domain.VERSION,
        "urls": {"streaming_api": links.streaming},
        "stats": {
            "user_count": counts.users,
            "status_count": counts.statuses,
            "domain_count": counts.domains,
        },
        "thumbnail": thumbnail(links),
        "languages": LANGUAGES,
        "registrations": about.open,
        "approval_required": about.approval,
        "invites_enabled": False,
        "configuration": {
            "accounts": {"max_featured_tags": limits.FEATURED_TAGS},
            "statuses": _statuses(),
            "media_attachments": _media(),
            "polls": _polls(about),
        },
        "contact_account": (
            None if about.contact is None else accounts.encoded(about.contact, links)
        ),
        "rules": [],
    }


def render_activity(weeks: Sequence[Week]) -> list[dict[str, str]]:
    """Weeks as clients want them: everything is a string, the time in seconds (trap 2)."""
    return [
        {
            "week": str(week.start // 1000),
            "statuses": str(week.statuses),
            "logins": str(week.logins),
            "registrations": str(week.registrations),
        }
        for week in weeks
    ]


def render_nodeinfo(about: About) -> dict[str, Any]:
    """GET /nodeinfo/2.0 (C13.3). Nothing is federated, so there is no protocol."""
    counts = about.counts
    mastodon = about.nodeinfo_name == "mastodon"
    return {
        "version": "2.0",
        "software": {
            "name": about.nodeinfo_name,
            "version": domain.VERSION if mastodon else domain.OWN_VERSION,
        },
        "protocols": [],
        "services": {"outbound": [], "inbound": []},
        "usage": {
            "users": {
                "total": counts.users,
                "activeMonth": counts.active_month,
                "activeHalfyear": counts.active_half_year,
            },
            "localPosts": counts.statuses,
        },
        "openRegistrations": about.open,
        "metadata": {"nodeName": about.title, "nodeDescription": about.description},
    }


def render_nodeinfo_links(links: Links) -> dict[str, Any]:
    """GET /.well-known/nodeinfo."""
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    return {"links": [{"rel": schema, "href": f"{links.base}/nodeinfo/2.0"}]}


def render_host_meta(links: Links) -> str:
    """GET /.well-known/host-meta: where webfinger is, as XML."""
    template = quoteattr(f"{links.base}/.well-known/webfinger?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template={template}/>\n'
        "</XRD>\n"
    )


def render_webfinger(account: Account, links: Links) -> dict[str, Any]:
    """A local account as RFC 7033 has it; only what can really be fetched is linked."""
    page = links.account(account.username)
    return {
        "subject": f"acct:{account.username}@{links.domain}",
        "aliases": [page, links.account_uri(account.id)],
        "links": [
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": page,
            },
            {"rel": "http://webfinger.net/rel/avatar", "href": links.avatar(account.avatar)},
        ],
    }
