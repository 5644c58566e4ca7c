"""What people type: the one door to everything that is known about texts.

Found and normalised in `text_entities`, written as HTML in `text_html`, measured and cut in
`text_plain`; here is what needs more than one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from stentor.domain import limits
from stentor.domain.text_entities import (
    Handle,
    HashtagMatch,
    MentionMatch,
    UrlMatch,
    find_all,
    find_hashtags,
    find_mentions,
    find_urls,
    hashtag_name,
)
from stentor.domain.text_html import (
    Mentions,
    MentionTarget,
    escape,
    field_to_html,
    note_to_html,
    quote_line,
    to_html,
)
from stentor.domain.text_plain import (
    clean,
    excerpt,
    fits,
    graphemes,
    isolated,
    length,
    to_plain_text,
)

__all__ = [
    "Handle",
    "HashtagMatch",
    "MentionMatch",
    "MentionTarget",
    "Mentions",
    "UrlMatch",
    "canonical_mentions",
    "clean",
    "escape",
    "excerpt",
    "field_to_html",
    "find_hashtags",
    "find_mentions",
    "find_urls",
    "fits",
    "graphemes",
    "hashtag_name",
    "isolated",
    "length",
    "note_length",
    "note_to_html",
    "quote_line",
    "status_length",
    "to_html",
    "to_plain_text",
]

_COUNTED_URL = "x" * limits.URL_CHARACTERS
_M = TypeVar("_M", bound=UrlMatch | MentionMatch)


def status_length(spoiler_text: str, text: str, local_domain: str) -> int:
    """How many of the 500 characters a status uses (C6.1 item 7).

    In the text, a URL counts 23 and a mention without its domain. A spoiler text has neither
    links nor mentions, so all of it counts.
    """
    return length(spoiler_text + _countable(text, local_domain))


def note_length(note: str, local_domain: str) -> int:
    """How many of its characters a bio uses: URLs and mentions as in a status (D1)."""
    return length(_countable(note, local_domain))


def canonical_mentions(text: str, resolved: Mentions, *, local_domain: str) -> str:
    """The text with every known mention spelled as its account is, ``@User`` as ``@user`` (C6.3).

    Our own domain goes. Doing it again changes nothing, and nobody else is mentioned after it.
    """
    matches = [m for m in find_mentions(text, local_domain) if m.key in resolved]
    return _replaced(text, matches, lambda match: f"@{resolved[match.key].acct}")


def _countable(text: str, local_domain: str) -> str:
    """A text as long as this one counts."""
    matches = [m for m in find_all(text, local_domain) if not isinstance(m, HashtagMatch)]
    return _replaced(
        text, matches, lambda m: _COUNTED_URL if isinstance(m, UrlMatch) else f"@{m.username}"
    )


def _replaced(text: str, matches: Sequence[_M], replacement: Callable[[_M], str]) -> str:
    """The text with each match, from left to right, replaced."""
    pieces, end = [], 0
    for match in matches:
        pieces += [text[end : match.start], replacement(match)]
        end = match.end
    return "".join([*pieces, text[end:]])
