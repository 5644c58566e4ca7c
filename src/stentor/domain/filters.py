"""What somebody does not want to see: filters, and which of them a text meets (C12.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import regex

from stentor.domain import limits, text, times
from stentor.errors import Unprocessable, ValidationFailed

CONTEXTS = ("home", "notifications", "public", "thread", "account")
ACTIONS = ("warn", "hide", "blur")


class Keyword(NamedTuple):
    """Words to look for. ``whole_word``: not inside other words."""

    id: int
    keyword: str
    whole_word: bool


class FilteredStatus(NamedTuple):
    """A single status that a filter names."""

    id: int
    status_id: int


class Filter(NamedTuple):
    """A filter with its keywords and statuses, each in the order they were added."""

    id: int
    title: str
    contexts: tuple[str, ...]
    action: str
    expires_at: int | None
    keywords: tuple[Keyword, ...] = ()
    statuses: tuple[FilteredStatus, ...] = ()


# --- Matching --------------------------------------------------------------------------------


class FilterResult(NamedTuple):
    """That a status meets a filter: by the words as the status has them, by its id, or both."""

    filter: Filter
    keyword_match: str | None
    status_matches: tuple[int, ...]


# Stands at every border of a word, and between texts; `text.clean` lets no text contain it.
_BORDER = "\0"
_ASCII_EDGE = re.compile(r"\b")
# Here a letter and its combining marks are one word; to `re` they are not.
_EDGE = regex.compile(r"\b")
_REMEMBERED_CHARACTERS = 4096


def results(
    filters: Iterable[Filter], texts: Iterable[str], status_ids: Collection[int]
) -> list[FilterResult]:
    """The filters that a status meets, whatever their contexts, in their order.

    ``texts`` is all that can be read in it; ``status_ids`` are its own id and that of what it
    reblogs. The filters must not have expired. The time it takes grows with texts times
    keywords and with nothing else: no pattern is ever run.
    """
    searched = _Searched(texts)
    found = []
    for one in filters:
        keyword = searched.first_match(one.keywords)
        named = tuple(row.status_id for row in one.statuses if row.status_id in status_ids)
        if keyword is not None or named:
            found.append(FilterResult(one, keyword, named))
    return found


class _Searched:
    """Texts made ready for many searches."""

    __slots__ = ("_bordered", "_texts")

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        short = sum(map(len, self._texts)) <= _REMEMBERED_CHARACTERS
        self._bordered = _remembered(self._texts) if short else _bordered(self._texts)

    def first_match(self, keywords: Iterable[Keyword]) -> str | None:
        """The foremost part of the texts that meets any of the keywords; None if none does."""
        best: tuple[int, int] | None = None
        for keyword in keywords:
            needle = _needle(keyword.keyword, whole_word=bool(keyword.whole_word))
            at = self._bordered.find(needle)
            if at < 0:
                continue
            at += needle.startswith(_BORDER)
            if best is None or at < best[0]:
                best = (at, len(needle) - needle.count(_BORDER))
        return None if best is None else self._original(*best)

    def _original(self, at: int, length: int) -> str:
        """What the author wrote where the folded and bordered text has a match."""
        start = at - self._bordered.count(_BORDER, 0, at)
        plain = "".join(self._texts)
        if len(plain.casefold()) == len(plain):
            return plain[start : start + length]
        kept, place = [], 0
        for character in plain:
            width = len(character.casefold())
            if place + width > start and place < start + length:
                kept.append(character)
            place += width
        return "".join(kept)


def _bordered(texts: tuple[str, ...]) -> str:
    """The texts with their cases folded and a border at every edge of a word."""
    return _BORDER.join(_with_borders(one.casefold()) for one in texts)


# Remembered by value, as what follows from it is the same whoever asks.
_remembered = lru_cache(maxsize=2048)(_bordered)


def _with_borders(folded: str) -> str:
    if folded.isascii():
        return _ASCII_EDGE.sub(_BORDER, folded)
    return str(_EDGE.sub(_BORDER, folded))


@lru_cache(maxsize=8192)
def _needle(keyword: str, *, whole_word: bool) -> str:
    """What stands in a bordered text where the keyword is met.

    An edge of a word inside the keyword is one in the text as well. At its own two ends the
    border is only asked for where a whole word is: a keyword that ends in no letter has no word
    there to be whole.
    """
    needle = _with_borders(keyword.casefold())
    return needle if whole_word else needle.strip(_BORDER)


# --- Making and changing them ----------------------------------------------------------------


class Expiry(NamedTuple):
    """When a filter ends; None is never."""

    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordChange:
    """What is to become of a keyword: a new one without ``id``; None leaves as it was."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    destroy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a client asks a filter to be; None leaves it as it was, or to the default."""

    title: str | None = None
    contexts: tuple[str, ...] | None = None
    action: str | None = None
    expiry: Expiry | None = None
    keywords: tuple[KeywordChange, ...] = ()


NEW = Filter(0, "", (), "warn", None)


def expiry(seconds: int | None, *, now: int) -> Expiry:
    """The end of a filter that lives so long; None is for ever (C12.3)."""
    if seconds is None:
        return Expiry(None)
    return Expiry(now + min(max(seconds, 0), limits.FILTER_SECONDS) * times.SECOND)


def changed(before: Filter, changes: Changes) -> Filter:
    """The filter as it shall be, its keywords left alone. Raises ValidationFailed (D4)."""
    title, contexts = before.title, before.contexts
    if changes.title is not None:
        title = text.clean(changes.title).strip()
    if changes.contexts is not None:
        stripped = (one.strip() for one in changes.contexts)
        contexts = tuple(dict.fromkeys(one for one in stripped if one))
    action = changes.action or before.action
    problems = _blank_or_long("Title", title, limits.FILTER_TITLE)
    if not contexts:
        problems.append("Context can't be blank")
    if not contexts or not set(contexts) <= set(CONTEXTS):
        problems.append("Context None or invalid context supplied")
    if action not in ACTIONS:
        problems.append("Action is not included in the list")
    for one in changes.keywords:
        if not one.destroy and (one.id is None or one.keyword is not None):
            problems += keyword_problems(one.keyword or "", name="Keywords keyword")
    if problems:
        raise ValidationFailed(*dict.fromkeys(problems))
    expires_at = before.expires_at if changes.expiry is None else changes.expiry.at
    return before._replace(title=title, contexts=contexts, action=action, expires_at=expires_at)


def keyword_problems(keyword: str, *, name: str = "Keyword") -> list[str]:
    """Why that cannot be a keyword. Blanks at its ends are part of it."""
    return _blank_or_long(name, text.clean(keyword), limits.FILTER_KEYWORD)


def _blank_or_long(name: str, value: str, most: int) -> list[str]:
    if not value.strip():
        return [f"{name} can't be blank"]
    if not text.fits(value, most):
        return [f"{name} is too long (maximum is {most} characters)"]
    return []


# --- Version 1: a filter is a keyword --------------------------------------------------------


class SharedFilter(Unprocessable):
    """422: an application of version 1 would change what belongs to other keywords as well."""

    text = (
        "These parameters cannot be changed from this application because they apply to more "
        "than one filter keyword. Use a more recent application or the web interface."
    )


def title_v1(phrase: str) -> str:
    """The title of a filter that is known by its only keyword."""
    return text.excerpt(text.clean(phrase).strip(), limits.FILTER_TITLE)


def changed_v1(
    before: Filter, keyword: Keyword, changes: Changes, *, irreversible: bool | None
) -> Filter:
    """Like `changed`, for version 1, where ``irreversible`` is what hides (B2.3).

    ``changes.title`` is the new phrase of ``keyword``; the title goes along with it only if it
    was the phrase before. Raises SharedFilter for a filter of several keywords, unless nothing
    is new but what belongs to the one keyword alone.
    """
    phrase, shared = changes.title, len(before.keywords) > 1
    if shared and phrase is not None and text.clean(phrase) != keyword.keyword:
        raise SharedFilter
    follows = phrase is not None and before.title == title_v1(keyword.keyword)
    title = title_v1(phrase) if follows and phrase is not None else None
    after = changed(before, replace(changes, title=title))
    if irreversible is not None and irreversible != (before.action == "hide"):
        after = after._replace(action="hide" if irreversible else "warn")
    if shared and after != before:
        raise SharedFilter
    return after
