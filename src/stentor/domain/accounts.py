"""Accounts, and the people behind the local ones."""

from __future__ import annotations

import re
from typing import NamedTuple

from stentor.domain.roles import Role, get

_USERNAME = re.compile(r"[A-Za-z0-9_]{1,30}\Z", re.ASCII)
BOTS = frozenset({"Application", "Service"})


class Account(NamedTuple):
    """A row of ``accounts``: local when ``domain`` is empty. Times are milliseconds.

    A named tuple, not a dataclass: a page makes forty of them, and equal rows compare and hash
    as values, which is what the memo of rendered accounts rests on.
    """

    id: int
    username: str
    domain: str
    actor_type: str
    display_name: str
    note: str
    fields: str
    locked: bool
    discoverable: bool | None
    indexable: bool
    hide_collections: bool | None
    avatar: str
    avatar_description: str
    header: str
    header_description: str
    uri: str
    url: str
    memorial: bool
    moved_to_id: int | None
    statuses_count: int
    followers_count: int
    following_count: int
    last_status_at: int | None
    created_at: int
    silenced_at: int | None
    suspended_at: int | None
    deletion_requested_at: int | None
    role_id: int
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    attribution_domains: str = "[]"
    #: Not a column: the account of ``moved_to_id``, where it is to be shown.
    moved_to: Account | None = None

    @property
    def local(self) -> bool:
        """True if the account lives here."""
        return not self.domain

    @property
    def acct(self) -> str:
        """``name`` for a local account, ``name@domain`` for a remote one (trap 27)."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def bot(self) -> bool:
        """True for automated accounts; a group is not one."""
        return self.actor_type in BOTS

    @property
    def unavailable(self) -> bool:
        """Suspended, or its deletion has been asked for."""
        return self.suspended_at is not None or self.deletion_requested_at is not None

    @property
    def role(self) -> Role:
        """What it may do beyond its own things."""
        return get(self.role_id)


class User(NamedTuple):
    """A row of ``users``: the person behind a local account."""

    account_id: int
    email: str
    locale: str
    created_at: int
    confirmed_at: int | None
    approved: bool
    disabled: bool
    default_privacy: str
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: str
    settings: str

    @property
    def functional(self) -> bool:
        """True if signing in works: confirmed, approved, not disabled."""
        return self.confirmed_at is not None and bool(self.approved) and not self.disabled


def valid_username(name: str) -> bool:
    """1 to 30 letters, digits and underscores of ASCII (surroundings D1)."""
    return _USERNAME.match(name) is not None


def parse_acct(acct: str, local_domain: str) -> tuple[str, str] | None:
    """``@user``, ``user@host[:port]`` to username and domain, '' for local; None if it is none.

    Case is kept; compare with lower case (surroundings C4).
    """
    name, _, domain = acct.strip().removeprefix("acct:").removeprefix("@").partition("@")
    if not name or "@" in domain or not re.fullmatch(r"[\w.-]{1,100}", name):
        return None
    domain = domain.lower()
    own = local_domain.lower()
    if domain in (own, own.partition(":")[0]):
        domain = ""
    return name, domain


_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?\Z", re.ASCII)
_DOMAIN_BYTES = 255


def parse_domain(text: str) -> str | None:
    """A host name, perhaps with a port, in lower case and in ASCII; None if it is none."""
    domain = text.strip().lower()
    if not domain or len(domain) > _DOMAIN_BYTES:
        return None
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return domain if len(domain) <= _DOMAIN_BYTES and _DOMAIN.match(domain) else None
