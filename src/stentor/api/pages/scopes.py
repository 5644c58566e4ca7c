"""What each scope means to the person who is asked: short sentences, the widest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stentor.domain import oauth

_THINGS = {
    "accounts": "your account and profile",
    "blocks": "whom you block",
    "bookmarks": "your bookmarks",
    "collections": "your collections",
    "conversations": "your conversations",
    "favourites": "your favourites",
    "filters": "your filters",
    "follows": "whom you follow",
    "lists": "your lists",
    "media": "images and other files",
    "mutes": "whom you mute",
    "notifications": "your notifications",
    "reports": "reports",
    "search": "search on your behalf",
    "statuses": "your posts",
}
_STAFF = {
    "accounts": "all accounts",
    "reports": "all reports",
    "domain_allows": "allowed servers",
    "domain_blocks": "blocked servers",
    "ip_blocks": "blocked addresses",
    "email_domain_blocks": "blocked e-mail providers",
    "canonical_email_blocks": "blocked e-mail addresses",
}
_SPECIAL = {
    "read": ("See everything in your account", "Posts, notifications, lists, follows and settings"),
    "write": ("Act in your name", "Post, favourite, boost, follow and change your settings"),
    "follow": ("Manage relationships", "See and change whom you follow, block and mute"),
    "push": ("Send you push notifications", "To this device, while you are away"),
    "profile": ("Know who you are", "Your name, picture and profile address only"),
    "admin:read": (
        "Read everything moderators see",
        "Accounts, addresses and reports of all people",
    ),
    "admin:write": ("Moderate this server", "Act on accounts, reports and other servers"),
    "write:media": ("Upload images and other files", ""),
    "write:reports": ("Report other people", ""),
    "write:statuses": ("Post in your name", "Write, edit, boost and delete posts"),
    "write:follows": ("Follow and unfollow people", ""),
    "write:favourites": ("Favourite posts", ""),
    "write:bookmarks": ("Bookmark posts", ""),
    "write:notifications": ("Dismiss your notifications", ""),
    "read:search": ("Search on your behalf", ""),
}


class Line(NamedTuple):
    """One line of the consent page."""

    scope: str
    title: str
    detail: str
    #: It reaches beyond the person's own things.
    staff: bool


def _line(scope: str) -> Line:
    staff = scope.startswith("admin:")
    title, detail = _SPECIAL.get(scope, ("", ""))
    if not title:
        verb, _, thing = scope.removeprefix("admin:").partition(":")
        what = (_STAFF if staff else _THINGS)[thing]
        title = f"{'See' if verb == 'read' else 'Change'} {what}"
    return Line(scope, title, detail, staff)


def describe(scopes: Iterable[str]) -> list[Line]:
    """A line for each scope that is not covered by another one of them, in the known order."""
    held = set(scopes)
    return [
        _line(scope)
        for scope in oauth.KNOWN
        if scope in held
        and not any(other != scope and oauth.covers(other, scope) for other in held)
    ]
