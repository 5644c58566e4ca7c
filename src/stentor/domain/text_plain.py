"""Texts without markup: cleaned, measured in grapheme clusters, cut, and won back from HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import islice

import regex

from stentor.domain import limits

_UNSTORABLE = regex.compile(r"[\x00\ud800-\udfff]")

# A grapheme cluster. \X alone would do, but it counts regional indicators back to the start of
# their run at every step: a row of flags would cost quadratic time. So pairs come first.
_GRAPHEME = regex.compile(r"\p{RI}{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*+|\X")

# Nothing in here makes one cluster with its neighbour, and nothing takes more than two bytes.
_ONE_BY_ONE = regex.compile(r"[\x00-\x0c\x0e-\u02ff]*+\Z")

# Embeddings, overrides and isolates: what can reorder the text that follows it.
_BIDI_REORDERING = regex.compile(r"[\u202a-\u202e\u2066-\u2069]")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"

# A tag: a `<` that is not followed by a letter, `/`, `!` or `?` is a character like any other.
# Quoted attribute values may hold `>`; no tag and no quote runs past the next `<`, so that
# nothing is scanned twice.
_TAG = regex.compile(
    r"""<(?=[A-Za-z/!?])([/!?]?)([A-Za-z][A-Za-z0-9]*+)?+"""
    r"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+>"""
)
_LONG_REFERENCE = regex.compile(r"&#([0-9]{5,}+);?")

ELLIPSIS = "…"


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which no database stores (C0.1, T63)."""
    return _UNSTORABLE.sub("", text)


def graphemes(text: str) -> Iterator[str]:
    """What a reader sees as single characters, in linear time; joined they are the text."""
    return (match.group() for match in _GRAPHEME.finditer(text))


def length(text: str) -> int:
    """How many characters a reader sees: grapheme clusters, not code points (D1)."""
    if text.isascii() and "\r" not in text:
        return len(text)
    return sum(1 for _ in graphemes(text))


def fits(text: str, characters: int) -> bool:
    """True if the text is within so many characters, and within the bytes due to them (T54)."""
    # Bytes first: then counting is never asked to walk through megabytes.
    most = characters * limits.BYTES_PER_CHARACTER
    if len(text) > most or len(text.encode(errors="surrogatepass")) > most:
        return False
    return length(text) <= characters


def excerpt(text: str, limit: int = limits.PUSH_BODY, *, max_bytes: int | None = None) -> str:
    """The text, or as much of its start as fits with an ellipsis that is counted too (T47).

    Cut on grapheme borders. ``max_bytes`` bounds the UTF-8 as well: 140 family emoji are more
    than one push message holds.
    """
    head = text[: limit + 1]
    if limit > 0 and _ONE_BY_ONE.match(head) and (max_bytes is None or 2 * limit + 3 <= max_bytes):
        return text if len(head) <= limit else head[: limit - 1].rstrip() + ELLIPSIS
    kept, size = [], 0
    room = 4 * len(text) + len(ELLIPSIS.encode()) if max_bytes is None else max_bytes
    for cluster in islice(graphemes(text), max(limit, 0) + 1):
        size += len(cluster.encode(errors="surrogatepass"))
        kept.append(cluster)
        if size > room:
            break
    if len(kept) <= limit and size <= room:
        return text
    return _shorten(kept, limit, room)


def _shorten(kept: list[str], limit: int, room: int) -> str:
    """So many of these clusters that they and an ellipsis are within both limits."""
    room -= len(ELLIPSIS.encode())
    if limit < 1 or room < 0:
        return ""
    head = kept[: limit - 1]
    size = sum(len(cluster.encode(errors="surrogatepass")) for cluster in head)
    while size > room:
        size -= len(head.pop().encode(errors="surrogatepass"))
    return "".join(head).rstrip() + ELLIPSIS


def isolated(name: str) -> str:
    """A name that cannot turn the text around it, for titles that quote it (T54).

    What reorders text is taken out, for an unmatched one would end the isolate early.
    """
    return f"{_FIRST_STRONG_ISOLATE}{_BIDI_REORDERING.sub('', name)}{_POP_ISOLATE}"


def to_plain_text(markup: str) -> str:
    """What the HTML says: tags dropped, line and paragraph ends as newlines, entities decoded.

    The opposite of `to_html`: paragraphs are a blank line apart. Entities are decoded after the
    tags are gone, so that a typed ``&lt;b&gt;`` stays text.
    """
    pieces, end = [], 0
    for tag in _TAG.finditer(markup):
        pieces.append(_decode(markup[end : tag.start()]))
        pieces.append(_newlines(tag.group(1), tag.group(2) or ""))
        end = tag.end()
    pieces.append(_decode(markup[end:]))
    return "".join(pieces).strip("\n")


def _newlines(slash: str, name: str) -> str:
    """What stands for a tag in plain text."""
    if name.lower() == "br":
        return "\n"
    return "\n\n" if slash == "/" and name.lower() == "p" else ""


def _decode(text: str) -> str:
    """Text with its character references replaced."""
    # Python refuses to read integers of more than 4,300 digits, and would raise.
    return html.unescape(_LONG_REFERENCE.sub(_shortened_reference, text))


def _shortened_reference(match: regex.Match[str]) -> str:
    """The same reference without leading zeros, or what stands for one past all Unicode."""
    digits = match.group(1).lstrip("0")
    return f"&#{digits or '0'};" if len(digits) <= len("1114111") else "\ufffd"
