"""OAuth without I/O: scopes (surroundings C1.4), redirect URIs (T24, T25), PKCE (T27)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from stentor.domain import limits

READ = (
    "accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows",
    "lists", "mutes", "notifications", "search", "statuses",
)  # fmt: skip
WRITE = (
    "accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters",
    "follows", "lists", "media", "mutes", "notifications", "reports", "statuses",
)  # fmt: skip
ADMIN = (
    "accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks",
    "email_domain_blocks", "canonical_email_blocks",
)  # fmt: skip

DEFAULT = "read"

#: Every scope, in the order in which the metadata document lists them.
KNOWN: tuple[str, ...] = (
    "read",
    *(f"read:{name}" for name in READ),
    "write",
    *(f"write:{name}" for name in WRITE),
    "follow",
    "push",
    "profile",
    "admin:read",
    *(f"admin:read:{name}" for name in ADMIN),
    "admin:write",
    *(f"admin:write:{name}" for name in ADMIN),
)
_KNOWN = frozenset(KNOWN)
# What the deprecated `follow` stands for when scopes are narrowed.
_FOLLOW = frozenset(
    f"{verb}:{name}" for verb in ("read", "write") for name in ("blocks", "follows", "mutes")
)


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, in their order, each once."""
    return tuple(dict.fromkeys(text.split()))


def unknown(scopes: Iterable[str]) -> list[str]:
    """Those that this server has never heard of."""
    return [scope for scope in scopes if scope not in _KNOWN]


def covers(held: str, wanted: str) -> bool:
    """True if holding one scope means holding the other: a parent covers its children.

    Compared as whole words: ``read:notificationsX`` and ``readonly`` cover nothing.
    """
    if held == wanted:
        return True
    if held == "follow":
        return wanted in _FOLLOW
    return wanted in _KNOWN and wanted.startswith(held + ":") and held in _KNOWN


def within(wanted: Iterable[str], held: Iterable[str]) -> bool:
    """True if every wanted scope is covered by one that is held."""
    have = tuple(held)
    return all(any(covers(scope, want) for scope in have) for want in wanted)


def permits(held: frozenset[str], accepted: frozenset[str]) -> bool:
    """True if a token with these scopes may use an endpoint that accepts any of those.

    An endpoint lists the parent beside the child, so this is plain overlap. An endpoint that
    lists nothing takes every token.
    """
    return not accepted or not held.isdisjoint(accepted)


# --- Applications ------------------------------------------------------------------------------

#: The redirect URI of clients that have none: the code is shown to be copied.
OOB = "urn:ietf:wg:oauth:2.0:oob"

_FORBIDDEN_SCHEMES = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}
)
# ASCII without spaces and controls: it travels in a header as it is. No backslash, which
# browsers read as a slash.
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):([!#-;=?-\[\]-~]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Application:
    """A registered client; ``scopes`` space-separated, of its secret only the hash."""

    id: int
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: str
    client_id: str
    secret_hash: bytes


def redirect_uri_problem(uri: str, *, plain_http: bool) -> str | None:
    """Why this may not be registered, as the end of a sentence; None if it may (C1.1, T24).

    ``plain_http``: unencrypted addresses beyond this machine are taken too.
    """
    if len(uri) > limits.REDIRECT_URI:
        return f"is too long (maximum is {limits.REDIRECT_URI} characters)"
    if "#" in uri:
        return "cannot contain a fragment."
    match = _URI.match(uri)
    if match is None:
        return "must be an absolute URI."
    scheme = match.group(1).lower()
    if scheme in _FORBIDDEN_SCHEMES:
        return "is forbidden by the server."
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port  # port raises if it is none
    except ValueError:
        return "must be an absolute URI."
    if "@" in parts.netloc:
        return "is forbidden by the server."
    if scheme in ("http", "https") and (not host or not match.group(2).startswith("//")):
        return "must be an absolute URI."
    if scheme == "http" and not plain_http and not _loopback(host or ""):
        return "must be an HTTPS/SSL URI."
    return None


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def identifies_client(uri: str) -> bool:
    """False where another program can stand in for the client: schemes that any app may claim.

    Consent that was given once is not taken for granted there (T29, RFC 8252 section 8.6).
    """
    return uri == OOB or uri.lower().startswith(("https://", "http://"))


def valid_website(url: str) -> bool:
    """An http or https address of at most 2,000 characters (C1.1)."""
    if len(url) > limits.APPLICATION_WEBSITE or re.search(r"[\s\x00-\x1f\x7f]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)


def respond_to(uri: str, answer: Sequence[tuple[str, str]], *, fragment: bool = False) -> str:
    """The redirect URI, verbatim, with the answer appended and encoded (T25)."""
    query = urlencode(answer)
    if fragment:
        return f"{uri}#{query}"
    if "?" not in uri:
        return f"{uri}?{query}"
    return uri + query if uri.endswith(("?", "&")) else f"{uri}&{query}"


# --- PKCE, S256 only (RFC 7636) ----------------------------------------------------------------

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z", re.ASCII)


def valid_challenge(challenge: str) -> bool:
    """True if it can be a SHA-256 in base64url without padding."""
    return _CHALLENGE.match(challenge) is not None


def verifies(verifier: str | None, challenge: str | None) -> bool:
    """True if the verifier is that of the challenge, or there is neither.

    A verifier where no challenge was sent fails too: somebody took the challenge away on its
    way here (RFC 9700 section 2.1.1).
    """
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    if _VERIFIER.match(verifier) is None:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())
