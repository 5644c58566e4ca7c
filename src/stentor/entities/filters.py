"""Filters as JSON: both versions, and FilterResult inside a status (surroundings C12.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from stentor.domain import filters as domain
from stentor.domain import times
from stentor.entities.accounts import encoder


class FilterKeyword(Struct, gc=False):
    """Words that a filter looks for."""

    id: str
    keyword: str
    whole_word: bool


class FilterStatus(Struct, gc=False):
    """A status that a filter names."""

    id: str
    status_id: str


class FilterSummary(Struct, gc=False):
    """A filter inside a FilterResult: what it is, not what it looks for."""

    id: str
    title: str
    context: tuple[str, ...]
    expires_at: str | None
    filter_action: str


class Filter(FilterSummary, gc=False):
    """A filter as its owner edits it."""

    keywords: list[FilterKeyword]
    statuses: list[FilterStatus]


class FilterV1(Struct, gc=False):
    """One keyword as a filter of version 1, under the keyword's id."""

    id: str
    phrase: str
    context: tuple[str, ...]
    whole_word: bool
    expires_at: str | None
    irreversible: bool


class FilterResult(Struct, gc=False):
    """Which filter a status meets, and by what."""

    filter: FilterSummary
    keyword_matches: list[str] | None
    status_matches: list[str] | None


def _summary(one: domain.Filter) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "title": one.title,
        "context": one.contexts,
        "expires_at": times.iso_or_none(one.expires_at),
        "filter_action": one.action,
    }


def render_keyword(keyword: domain.Keyword) -> FilterKeyword:
    """FilterKeyword."""
    return FilterKeyword(str(keyword.id), keyword.keyword, bool(keyword.whole_word))


def render_status(status: domain.FilteredStatus) -> FilterStatus:
    """FilterStatus."""
    return FilterStatus(str(status.id), str(status.status_id))


def render(one: domain.Filter) -> Filter:
    """Filter."""
    return Filter(
        **_summary(one),
        keywords=[render_keyword(keyword) for keyword in one.keywords],
        statuses=[render_status(status) for status in one.statuses],
    )


def render_v1(one: domain.Filter, keyword: domain.Keyword) -> FilterV1:
    """Filter of version 1."""
    return FilterV1(
        id=str(keyword.id),
        phrase=keyword.keyword,
        context=one.contexts,
        whole_word=bool(keyword.whole_word),
        expires_at=times.iso_or_none(one.expires_at),
        irreversible=one.action == "hide",
    )


def encoded_results(results: Iterable[domain.FilterResult]) -> bytes:
    """``filtered`` of a status, for whom the filters belong to."""
    return encoder.encode(
        [
            FilterResult(
                FilterSummary(**_summary(one.filter)),
                None if one.keyword_match is None else [one.keyword_match],
                [str(status_id) for status_id in one.status_matches] or None,
            )
            for one in results
        ]
    )
