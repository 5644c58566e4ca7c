"""Statuses as values: wording, visibility, threads, pins."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import languages, limits, statuses
from stentor.domain.accounts import User
from stentor.domain.statuses import Draft, Status, Wording
from stentor.errors import Unprocessable, ValidationFailed

NOW = 1_780_315_200_000
USER = User(1, "a@example.org", "en", 0, 0, True, False, "public", False, None, "public", "{}")


def status(**columns: Any) -> Status:
    empty = dict.fromkeys(Status._fields)
    return Status(**{**empty, "visibility": "public", "account_id": 1, **columns})  # type: ignore[arg-type]  # a test's row


def word(draft: Draft, user: User | None = USER, **more: Any) -> Wording:
    return statuses.wording(draft, user, local_domain="stentor.example", **more)


@given(st.text(), st.text())
def test_any_text_is_worded_or_refused_with_a_422(text: str, spoiler: str) -> None:
    try:
        worded = word(Draft(text=text, spoiler_text=spoiler))
    except ValidationFailed:
        return
    assert worded.text
    assert worded.text == worded.text.strip()
    assert "\x00" not in worded.text + worded.spoiler_text
    assert worded.sensitive == bool(worded.spoiler_text)
    assert word(Draft(text=worded.text, spoiler_text=worded.spoiler_text)) == worded


@pytest.mark.parametrize(
    ("spoiler", "text", "fits"),
    [
        ("", "x" * 500, True), ("", "x" * 501, False), ("x", "x" * 499, True),
        ("x", "x" * 500, False), ("", "👩‍👩‍👧‍👦" * 500, True), ("", "👩‍👩‍👧‍👦" * 501, False),
        ("", "@" + "a" * 30 + "@far.example " + "x" * 468, True),
        ("", "e" + "\u0301" * 40_000, False), ("e" + "\u0301" * 40_000, "x", False),
    ],
)  # fmt: skip
def test_the_length_is_in_characters_and_the_bytes_are_bounded(
    spoiler: str, text: str, fits: bool
) -> None:
    assert statuses.fits(spoiler, text, "stentor.example") is fits


def test_an_edit_keeps_the_language_unless_it_names_one() -> None:
    assert word(Draft(text="x"), None, before="de").language == "de"
    assert word(Draft(text="x", language="fr"), None, before="de").language == "fr"
    assert word(Draft(text="x", language="??"), None, before="de").language == "de"


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("en", "en"), ("EN", "en"), ("pt-BR", "pt-BR"), ("pt_br", "pt-BR"), ("zh-hant", "zh-Hant"),
        ("ast", "ast"), ("xx", None), ("e", None), ("english", None), ("", None), (None, None),
        ("en-", None), ("en-GBX", None), ("en\n", None), ("ｅｎ", None), ("und", None),
    ],
)  # fmt: skip
def test_a_language_is_kept_in_one_spelling(code: str | None, kept: str | None) -> None:
    assert languages.normalise(code) == kept


@pytest.mark.parametrize("visibility", statuses.VISIBILITIES)
@pytest.mark.parametrize("silenced", [False, True])
def test_silence_narrows_only_what_is_public(visibility: str, silenced: bool) -> None:
    hidden = silenced and visibility == "public"
    assert statuses.narrowed(visibility, silenced=silenced) == (
        "unlisted" if hidden else visibility
    )


@pytest.mark.parametrize("asked", [None, "public", "followers", "nobody"])
@pytest.mark.parametrize("visibility", statuses.VISIBILITIES)
def test_nobody_quotes_what_not_everybody_may_read(asked: str | None, visibility: str) -> None:
    policy = statuses.quote_policy(
        asked, USER._replace(default_quote_policy="followers"), visibility
    )
    closed = visibility in ("private", "direct")
    assert policy == ("nobody" if closed else asked or "followers")


@pytest.mark.parametrize(
    ("parent", "author", "answered"),
    [
        (status(account_id=1), 2, 1),
        (status(account_id=1), 1, 1),
        (status(account_id=2, in_reply_to_account_id=1), 2, 1),
        (status(account_id=2, in_reply_to_account_id=1), 3, 2),
        (status(account_id=2, in_reply_to_account_id=2), 2, 2),
    ],
)
def test_whom_a_reply_answers(parent: Status, author: int, answered: int) -> None:
    assert statuses.answered_account_id(parent, author) == answered


@pytest.mark.parametrize("visibility", statuses.VISIBILITIES)
@pytest.mark.parametrize("own", [False, True])
def test_what_may_be_reblogged(visibility: str, own: bool) -> None:
    allowed = visibility in ("public", "unlisted") or (visibility == "private" and own)
    assert statuses.may_reblog(status(visibility=visibility), 1 if own else 2) is allowed


@pytest.mark.parametrize("reblog", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("pinned", [0, 4, 5])
def test_every_reason_against_a_pin_is_told(
    reblog: bool, own: bool, direct: bool, pinned: int
) -> None:
    row = status(reblog_of_id=9 if reblog else None, visibility="direct" if direct else "public")
    problems = statuses.pin_problems(row, 1 if own else 2, pinned=pinned)
    assert len(problems) == reblog + (not own) + direct + (pinned == 5)


def test_a_media_id_of_any_length_makes_a_short_answer() -> None:
    with pytest.raises(Unprocessable) as refused:
        statuses.refuse_attachments(Draft(media_ids=("9" * 100_000,)))
    assert len(refused.value.message) < 200


@given(st.integers(0, limits.SCHEDULED_AHEAD_SECONDS * 3000))
def test_a_time_is_now_too_soon_or_later(ahead: int) -> None:
    from stentor.domain import times

    at = times.iso(NOW + ahead)
    if ahead == 0:
        statuses.check_schedule(at, now=NOW)
        return
    with pytest.raises(Unprocessable) as refused:
        statuses.check_schedule(at, now=NOW)
    soon = ahead < limits.SCHEDULED_AHEAD_SECONDS * 1000
    assert isinstance(refused.value, ValidationFailed) is soon


# --- Threads ---------------------------------------------------------------------------------


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Pairs of id and parent, where a parent is older than its replies; in any order."""
    count = draw(st.integers(0, 40))
    pairs = [(n, draw(st.integers(0, n - 1))) for n in range(1, count + 1)]
    return list(draw(st.permutations(pairs)))


def read(parent: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The same by recursion."""
    found = []
    for child in sorted(one for one, above in pairs if above == parent):
        found += [child, *read(child, pairs)]
    return found


@given(trees())
def test_a_thread_is_read_branch_by_branch(pairs: list[tuple[int, int]]) -> None:
    assert statuses.depth_first(0, pairs) == read(0, pairs)


@given(trees(), st.sets(st.integers(1, 40)))
def test_what_hangs_on_nothing_is_left_out(pairs: list[tuple[int, int]], gone: set[int]) -> None:
    left = [pair for pair in pairs if pair[0] not in gone]
    assert statuses.depth_first(0, left) == read(0, left)


def test_a_ring_ends() -> None:
    assert statuses.depth_first(1, [(2, 1), (1, 2)]) == [2, 1]


def test_a_chain_of_thousands_is_read() -> None:
    chain = [(n + 1, n) for n in range(5000)]
    assert statuses.depth_first(0, chain) == list(range(1, 5001))
