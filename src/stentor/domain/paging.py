"""max_id, since_id, min_id, limit, and the Link header they lead to (notifications.md 1.2, 1.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import quote

from stentor.domain.ids import LARGEST

_INTEGER_PREFIX = re.compile(r"\s*([+-]?)(\d+)", re.ASCII)
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*\Z", re.ASCII)
_PLAIN_ID = re.compile(r"\d{1,40}\Z", re.ASCII)


def integer_prefix(text: str) -> int:
    """The whole number a text starts with, 0 if it starts with none (``12abc`` is 12).

    Only ASCII digits count. Beyond 40 digits the rest is not looked at: it is past every
    limit and every id already.
    """
    match = _INTEGER_PREFIX.match(text[:64])
    if match is None:
        return 0
    number = int(match.group(2)[:40])
    return -number if match.group(1) == "-" else number


def clamp_id(number: int) -> int:
    """An id that both databases can compare: past 2**63 behaves as infinite, below 0 as 0."""
    return min(max(number, 0), LARGEST)


def parse_id(text: str | None) -> int | None:
    """The id in a path or a body, or None if it is none, so that the answer is 'not found'."""
    if text is None or not _PLAIN_ID.match(text):
        return None
    number = int(text)
    return number if number <= LARGEST else None


class Anchor(Enum):
    """Which end of the range a page hangs on."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Cursor:
    """One page of a list ordered by id: the open interval (after, before) and its size.

    With ``anchor`` OLDEST the page holds the oldest rows of the interval; it is listed newest
    first all the same.
    """

    limit: int
    after: int = 0
    before: int = LARGEST
    anchor: Anchor = Anchor.NEWEST

    @property
    def ascending(self) -> bool:
        """True if rows are to be fetched oldest first."""
        return self.anchor is Anchor.OLDEST

    def past(self, ids: Sequence[int], limit: int) -> Cursor:
        """The page of that size which follows one with those ids, newest first, at least one."""
        if self.ascending:
            return replace(self, limit=limit, after=ids[0])
        return replace(self, limit=limit, before=ids[-1])


def limit(text: str | None, default: int, maximum: int) -> int:
    """``limit`` as Mastodon reads it: absent is the default, garbage is 0, -5 is 5."""
    if text is None:
        return default
    return min(abs(integer_prefix(text)), maximum)


def cursor(
    *,
    max_id: str | None,
    since_id: str | None,
    min_id: str | None,
    limit: int,
) -> Cursor:
    """The page that these three parameters ask for; blank ones count as absent.

    ``min_id`` beats ``since_id``; together with ``max_id`` the ascending anchor wins.
    """
    before = clamp_id(integer_prefix(max_id)) if max_id else LARGEST
    if min_id:
        return Cursor(limit, clamp_id(integer_prefix(min_id)), before, Anchor.OLDEST)
    after = clamp_id(integer_prefix(since_id)) if since_id else 0
    return Cursor(limit, after, before)


QueryPairs = Sequence[tuple[str, str]]


def query(pairs: QueryPairs) -> str:
    """A query string with sorted keys and no raw comma or bracket in it."""
    return "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in sorted(pairs))


def _quoted(text: str) -> str:
    # Most are names and numbers, and for them that is all there is to do.
    return text if _UNRESERVED.match(text) else quote(text, safe="")


def link_header(
    url: str,
    kept: QueryPairs,
    *,
    next_max_id: int | None,
    prev: tuple[str, int] | None,
) -> str | None:
    """The Link header, next before prev; None if there is nothing to link to.

    ``kept`` are the request's own parameters that both links repeat; ``prev`` is the name of
    the cursor (``min_id`` or ``since_id``) and its id.
    """
    links = []
    if next_max_id is not None:
        links.append(f'<{url}?{query([*kept, ("max_id", str(next_max_id))])}>; rel="next"')
    if prev is not None:
        links.append(f'<{url}?{query([*kept, (prev[0], str(prev[1]))])}>; rel="prev"')
    return ", ".join(links) or None


def offset_links(url: str, kept: QueryPairs, *, offset: int, limit: int, full: bool) -> str | None:
    """The Link header of a list that is paged by offsets; next only after a full page."""
    links = []
    if full:
        links.append(f'<{url}?{query([*kept, ("offset", str(offset + limit))])}>; rel="next"')
    if offset > 0:
        before = max(0, offset - limit)
        links.append(f'<{url}?{query([*kept, ("offset", str(before))])}>; rel="prev"')
    return ", ".join(links) or None
