"""Scopes: which exist, which cover which, and what an endpoint accepts (surroundings C1.4)."""

from __future__ import annotations

from collections.abc import Iterable

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
