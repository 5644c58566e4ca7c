"""Which texts a filter meets, and what a filter may be."""

from __future__ import annotations

import time
from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain import filters, limits
from stentor.domain.filters import (
    Changes,
    Expiry,
    Filter,
    FilteredStatus,
    Keyword,
    KeywordChange,
    SharedFilter,
)
from stentor.errors import ValidationFailed


def of(*keywords: str, whole_word: bool = True, **rest: Any) -> Filter:
    """A filter of these keywords."""
    words = tuple(Keyword(n, one, whole_word) for n, one in enumerate(keywords, 1))
    return Filter(7, "Title", ("home",), "warn", None, words, **rest)


def match(keyword: str, *texts: str, whole_word: bool = True) -> str | None:
    """What the keyword meets in the texts."""
    found = filters.results([of(keyword, whole_word=whole_word)], texts, {1})
    return found[0].keyword_match if found else None


# Keyword, text, what is met as a whole word, what is met anywhere.
MATCHES = [
    ("cat", "a cat sat", "cat", "cat"),
    ("cat", "concatenate", None, "cat"),
    ("cat", "cats", None, "cat"),
    ("cat", "bobcat", None, "cat"),
    ("cat", "bobcat or cat", "cat", "cat"),
    ("cat", "CAT!", "CAT", "CAT"),
    ("CaT", "(cAt)", "cAt", "cAt"),
    ("cat", "cat", "cat", "cat"),
    ("cat", "cat_", None, "cat"),
    ("cat", "cat2", None, "cat"),
    ("cat", "cat-like", "cat", "cat"),
    ("cat", "#cat @cat", "cat", "cat"),
    ("cat", "ca t", None, None),
    ("cat", "", None, None),
    ("#cat", "a#cat", "#cat", "#cat"),  # its left edge is no letter: nothing there to be whole
    ("#cat", "#cats", None, "#cat"),
    ("#cat", "#cats #cat", "#cat", "#cat"),
    ("c++", "c+++", "c++", "c++"),
    ("c++", "abc++", None, "c++"),
    (".*", "anything", None, None),
    (".*", "any.*thing", ".*", ".*"),
    ("a.c", "abc", None, None),
    ("a|b", "b", None, None),
    ("\\w", "w", None, None),
    ("two words", "some two  words", None, None),
    ("two words", "some Two Words here", "Two Words", "Two Words"),
    ("o w", "two words", None, "o w"),
    ("wörld", "Hello WÖRLD", "WÖRLD", "WÖRLD"),
    ("straße", "Die STRASSE brennt", "STRASSE", "STRASSE"),
    ("strasse", "Die Straße brennt", "Straße", "Straße"),
    ("s", "Straße", None, "S"),
    ("ss", "ß", "ß", "ß"),
    ("σασ", "ΣΑΣ", "ΣΑΣ", "ΣΑΣ"),
    ("i̇", "İ", "İ", "İ"),
    ("e", "e\u0301", None, "e"),  # a letter with its mark is one letter
    ("猫", "黒猫です", None, "猫"),
    ("😀", "x😀y", "😀", "😀"),
    ("кот", "Котик", None, "Кот"),
    (" ai ", "maintain ai now", " ai ", " ai "),
    ("ﬀ", "affair", None, "ff"),
]


@pytest.mark.parametrize(("keyword", "text", "whole", "anywhere"), MATCHES)
def test_a_keyword_meets_a_text(
    keyword: str, text: str, whole: str | None, anywhere: str | None
) -> None:
    assert match(keyword, text) == whole
    assert match(keyword, text, whole_word=False) == anywhere


@pytest.mark.parametrize(("keyword", "text", "whole", "anywhere"), MATCHES)
def test_a_keyword_meets_any_of_the_texts_but_never_two_at_once(
    keyword: str, text: str, whole: str | None, anywhere: str | None
) -> None:
    assert match(keyword, "zz", text) == whole
    assert match(keyword, text, "zz") == whole
    assert match(keyword, "ŉ", text, "", whole_word=False) == anywhere
    if len(keyword) > 1:
        for cut in range(1, len(keyword)):
            assert match(keyword, keyword[:cut], keyword[cut:], whole_word=False) is None


def naive(keyword: str, text: str, *, whole_word: bool) -> bool:
    """The same question, answered place by place."""
    key, folded = keyword.casefold(), text.casefold()
    word = regex.compile(r"\w")
    for at in range(len(folded) - len(key) + 1):
        if folded[at : at + len(key)] != key:
            continue
        before, after = folded[at - 1 : at] if at else "", folded[at + len(key) :][:1]
        inside_left = word.match(key[0]) and word.match(before)
        inside_right = word.match(key[-1]) and word.match(after)
        if not whole_word or not (inside_left or inside_right):
            return True
    return False


letters = st.text(st.sampled_from("aAbß_1 #\u0301猫İ.ſK"), max_size=12)
words = st.text(st.sampled_from("aAbß_1 #\u0301猫İ.ſK"), min_size=1, max_size=4)


@given(words, letters, st.booleans())
@example("a", "\u0301a", True)
def test_a_keyword_is_met_exactly_where_reading_it_says(
    keyword: str, text: str, whole_word: bool
) -> None:
    found = match(keyword, text, whole_word=whole_word)
    assert (found is not None) == naive(keyword, text, whole_word=whole_word)
    if found is not None:
        assert found in text
        assert keyword.casefold() in found.casefold()


anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(anything.filter(bool), min_size=1, max_size=5), st.lists(anything), st.booleans())
def test_no_text_and_no_keyword_is_too_much(
    keywords: list[str], texts: list[str], whole_word: bool
) -> None:
    found = filters.results([of(*keywords, whole_word=whole_word)], texts, ())
    for one in found:
        assert one.keyword_match is not None
        assert one.keyword_match in "".join(texts)


def test_the_foremost_match_is_the_one_that_is_told() -> None:
    [one] = filters.results([of("late", "early", "Earl")], ["so early, so late"], ())
    assert one.keyword_match == "early"
    [one] = filters.results([of("so", "so early")], ["so early"], ())
    assert one.keyword_match == "so"  # of two in one place the older keyword


def test_each_filter_answers_for_itself_in_order() -> None:
    one, other, third = of("a"), of("b")._replace(id=8), of("c")._replace(id=9)
    found = filters.results([third, one, other], ["b a"], ())
    assert [(each.filter.id, each.keyword_match) for each in found] == [(7, "a"), (8, "b")]


def test_a_status_is_met_by_its_id_and_by_what_it_reblogs() -> None:
    named = of("a", statuses=(FilteredStatus(1, 50), FilteredStatus(2, 60), FilteredStatus(3, 70)))
    [one] = filters.results([named], ["b"], {50, 70})
    assert (one.keyword_match, one.status_matches) == (None, (50, 70))
    [one] = filters.results([named], ["a"], {60})
    assert (one.keyword_match, one.status_matches) == ("a", (60,))
    assert filters.results([named], ["b"], {51}) == []


# Texts and keywords that make backtracking, and searching anew at every place, slow.
HARD = [
    ("!aa" * 170 + "a", "!aa" * 20_000),
    ("a" * 512, "a" * 511 + "b" + "a" * 60_000),
    ("b" + "a" * 511, "a" * 60_000),
    ("a" * 256 + "b" + "a" * 255, "a" * 60_000),
    ("a " * 256, "a  " * 20_000),
    ("a", "ba" * 30_000),
]


@pytest.mark.parametrize(("keyword", "text"), HARD)
@pytest.mark.parametrize("whole_word", [True, False])
def test_a_search_takes_time_in_line_with_the_text(
    keyword: str, text: str, *, whole_word: bool
) -> None:
    def took(size: int) -> float:
        return min(_timed(keyword, text[:size], whole_word=whole_word) for _ in range(5))

    assert took(60_000) < max(40 * took(6_000), 0.05)


def _timed(keyword: str, text: str, *, whole_word: bool) -> float:
    begun = time.process_time()
    match(keyword, text, whole_word=whole_word)
    return time.process_time() - begun


def test_the_most_keywords_on_a_page_of_statuses_are_searched_soon() -> None:
    many = [of(*(f"keyword{n}x{m}" for m in range(50)))._replace(id=n) for n in range(20)]
    page = [(f"status {n} " + "lorem ipsum dolor " * 27,) for n in range(40)]
    filters.results(many, page[0], ())
    begun = time.process_time()
    for texts in page:
        assert filters.results(many, texts, ()) == []
    assert time.process_time() - begun < 0.5


# --- What a filter may be --------------------------------------------------------------------

GOOD: dict[str, Any] = {"title": "T", "contexts": ("home",)}
TITLE = "Title can't be blank"
CONTEXT = "Context can't be blank"
INVALID = "Context None or invalid context supplied"
PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({"title": None, "contexts": None}, [TITLE, CONTEXT, INVALID]),
    ({"title": " \n", "contexts": ()}, [TITLE, CONTEXT, INVALID]),
    ({"contexts": ("", " ")}, [CONTEXT, INVALID]),
    ({"contexts": ("home", "away")}, [INVALID]),
    ({"contexts": ("Home",)}, [INVALID]),
    ({"title": "x" * 257}, ["Title is too long (maximum is 256 characters)"]),
    ({"action": "blink"}, ["Action is not included in the list"]),
    ({"keywords": (KeywordChange(keyword=" "),)}, ["Keywords keyword can't be blank"]),
    ({"keywords": (KeywordChange(),)}, ["Keywords keyword can't be blank"]),
    ({"keywords": (KeywordChange(id=3, keyword=""),)}, ["Keywords keyword can't be blank"]),
    (
        {"keywords": (KeywordChange(keyword="x" * 513), KeywordChange(keyword="y" * 513))},
        ["Keywords keyword is too long (maximum is 512 characters)"],
    ),
]


@pytest.mark.parametrize(("given", "problems"), PROBLEMS)
def test_what_is_wrong_with_a_filter_is_told_at_once(
    given: dict[str, Any], problems: list[str]
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        filters.changed(filters.NEW, Changes(**{**GOOD, **given}))
    assert caught.value.message == "Validation failed: " + ", ".join(problems)


def test_a_filter_may_be_as_long_as_the_limits_say() -> None:
    changes = Changes(
        title=" " + "ä" * limits.FILTER_TITLE,
        contexts=("thread", " home ", "", "thread"),
        action="blur",
        keywords=(KeywordChange(keyword="ö" * limits.FILTER_KEYWORD), KeywordChange(id=1)),
    )
    made = filters.changed(filters.NEW, changes)
    assert made.title == "ä" * limits.FILTER_TITLE
    assert (made.contexts, made.action, made.expires_at) == (("thread", "home"), "blur", None)


def test_what_a_change_does_not_name_stays() -> None:
    before = of("a")._replace(expires_at=5, action="hide")
    assert filters.changed(before, Changes()) == before
    assert filters.changed(before, Changes(expiry=Expiry(None))).expires_at is None
    assert filters.changed(before, Changes(title="b")) == before._replace(title="b")


@pytest.mark.parametrize(
    ("seconds", "at"),
    [
        (None, None),
        (0, 1000),
        (-5, 1000),
        (60, 61_000),
        (2**62, 1000 + limits.FILTER_SECONDS * 1000),
    ],
)
def test_a_filter_ends_so_many_seconds_from_now(seconds: int | None, at: int | None) -> None:
    assert filters.expiry(seconds, now=1000).at == at


# --- Version 1 -------------------------------------------------------------------------------

ALONE = of("word")._replace(title="word")
SHARED = of("word", "other")
# What an application of version 1 sends, what becomes of the filter of one keyword, and whether
# it may be sent for a filter of two.
CHANGES_V1: list[tuple[dict[str, Any], bool | None, dict[str, Any], bool]] = [
    ({}, None, {}, True),
    ({"title": "word"}, False, {}, True),
    ({"title": "word", "contexts": ("home",)}, False, {}, True),
    ({"title": "new"}, None, {"title": "new"}, False),
    ({"contexts": ("public",)}, None, {"contexts": ("public",)}, False),
    ({"expiry": Expiry(9)}, None, {"expires_at": 9}, False),
    ({"expiry": Expiry(None)}, None, {}, True),
    ({}, True, {"action": "hide"}, False),
]


@pytest.mark.parametrize(("given", "irreversible", "expected", "shared"), CHANGES_V1)
def test_version_1_changes_only_what_one_keyword_has_to_itself(
    given: dict[str, Any], irreversible: bool | None, expected: dict[str, Any], shared: bool
) -> None:
    changes = Changes(**given)
    after = filters.changed_v1(ALONE, ALONE.keywords[0], changes, irreversible=irreversible)
    assert after == ALONE._replace(**expected)
    if shared:
        same = filters.changed_v1(SHARED, SHARED.keywords[0], changes, irreversible=irreversible)
        assert same == SHARED
    else:
        with pytest.raises(SharedFilter):
            filters.changed_v1(SHARED, SHARED.keywords[0], changes, irreversible=irreversible)


def test_version_1_keeps_a_title_of_its_own_and_an_action_it_does_not_know() -> None:
    named = of("word")._replace(action="blur")
    changes = Changes(title="new")
    assert filters.changed_v1(named, named.keywords[0], changes, irreversible=False) == named
    hidden = named._replace(action="hide")
    after = filters.changed_v1(hidden, named.keywords[0], Changes(), irreversible=False)
    assert after.action == "warn"


def test_a_long_phrase_of_version_1_has_a_short_title() -> None:
    assert filters.title_v1("x" * 300) == "x" * 255 + "…"
    assert filters.title_v1(" word ") == "word"
