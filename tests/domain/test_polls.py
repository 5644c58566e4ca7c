"""What a poll may ask and who may vote for what (surroundings C11, D1, D4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import limits, polls
from stentor.domain.polls import ENDED, NO_OPTION, OWN, VOTED, Poll, PollDraft, Question
from stentor.errors import ValidationFailed

NOW = 1_780_315_200_000
FEW = "Poll options must have more than one item"
MANY = "Poll options can't contain more than 4 items"
LONG = "Poll options cannot be longer than 50 characters each"
TWICE = "Poll options contain duplicate items"
SOON = "Poll expires at is too soon"
LATE = "Poll expires at is too far into the future"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"


def poll(*, multiple: bool = False, expires_at: int | None = NOW + 1) -> Poll:
    """Three options, no votes."""
    options = (("a", 0), ("b", 0), ("c", 0))
    return Poll(1, options, multiple, False, expires_at, 0, 0)


def test_options_are_stripped_and_blank_ones_are_not_counted() -> None:
    draft = PollDraft(options=(" a ", "", "\t", "b\N{NULL}"), expires_in=300, multiple=True)
    assert polls.question(draft, now=NOW) == Question(("a", "b"), True, False, NOW + 300_000)
    assert polls.question(None, now=NOW) is None


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ((), [FEW]),
        (("a", " "), [FEW]),
        (("a", "b", "c", "d"), []),
        (("a", "b", "c", "d", "e"), [MANY]),
        (("a", "a "), [TWICE]),
        (("a", "A"), []),
        (("a", "b" * 50), []),
        (("a", FAMILY * 50), []),
        (("a", "b" * 51), [LONG]),
        (("a", FAMILY * 51), [LONG]),
        (("a", "b" + "\N{COMBINING ACUTE ACCENT}" * 10_000), [LONG]),
        (("c" * 51, "c" * 51, "x", "y", "z"), [MANY, LONG, TWICE]),
    ],
)
def test_everything_that_is_wrong_with_options_is_told(
    options: tuple[str, ...], problems: list[str]
) -> None:
    draft = PollDraft(options=options, expires_in=3600)
    if not problems:
        assert polls.question(draft, now=NOW) is not None
        return
    with pytest.raises(ValidationFailed) as refused:
        polls.question(draft, now=NOW)
    assert refused.value.message == "Validation failed: " + ", ".join(problems)


@pytest.mark.parametrize(
    ("seconds", "shortest", "problem"),
    [
        (299, 300, SOON), (300, 300, None), (5, 5, None), (4, 5, SOON), (0, 1, SOON),
        (-(2**62), 300, SOON), (limits.POLL_SECONDS, 300, None),
        (limits.POLL_SECONDS + 1, 300, LATE), (2**62, 300, LATE), (None, 300, LATE),
    ],
)  # fmt: skip
def test_a_poll_ends_neither_too_soon_nor_too_late(
    seconds: int | None, shortest: int, problem: str | None
) -> None:
    draft = PollDraft(options=("a", "b"), expires_in=seconds, shortest=shortest)
    if problem is None:
        asked = polls.question(draft, now=NOW)
        assert asked is not None
        assert asked.expires_at == NOW + (seconds or 0) * 1000
        return
    with pytest.raises(ValidationFailed) as refused:
        polls.question(draft, now=NOW)
    assert refused.value.message == f"Validation failed: {problem}"


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("choice", [-1, 0, 2, 3, None])
@pytest.mark.parametrize("earlier", [[], [1], [0]])
@pytest.mark.parametrize("multiple", [False, True])
def test_all_that_is_wrong_with_a_vote_is_told_in_one_order(
    expired: bool, own: bool, choice: int | None, earlier: list[int], multiple: bool
) -> None:
    asked = poll(multiple=multiple, expires_at=NOW if expired else NOW + 1)
    again = choice in earlier if multiple else bool(earlier)
    expected = [ENDED] * expired + [NO_OPTION] * (choice not in (0, 1, 2)) + [OWN] * own
    expected += [VOTED] * again
    if not expected:
        assert polls.cast(asked, [choice], earlier=earlier, own=own, now=NOW) == [choice]
        return
    with pytest.raises(ValidationFailed) as refused:
        polls.cast(asked, [choice], earlier=earlier, own=own, now=NOW)
    assert refused.value.message == "Validation failed: " + ", ".join(expected)


@pytest.mark.parametrize(
    ("multiple", "choices", "problems"),
    [
        (False, [0, 1], VOTED),
        (False, [0, 9], f"{NO_OPTION}, {VOTED}"),
        (False, [9, 0], NO_OPTION),
        (True, [2, 0, 2], VOTED),
        (True, [2, None], NO_OPTION),
    ],
)
def test_the_first_choice_that_cannot_be_counted_spoils_all(
    multiple: bool, choices: list[int | None], problems: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        polls.cast(poll(multiple=multiple), choices, earlier=[], own=False, now=NOW)
    assert refused.value.message == f"Validation failed: {problems}"


def test_a_poll_without_an_end_never_ends() -> None:
    asked = poll(expires_at=None)
    assert polls.cast(asked, [1], earlier=[], own=False, now=2**62) == [1]


@given(st.lists(st.lists(st.integers(-1, 3), max_size=4), max_size=5), st.booleans())
def test_nobody_votes_for_an_option_twice(requests: list[list[int]], multiple: bool) -> None:
    """Whatever is sent, what is counted is a set of options, and of one in a single poll."""
    votes: list[int] = []
    for choices in requests:
        try:
            votes += polls.cast(poll(multiple=multiple), choices, earlier=votes, own=False, now=NOW)
        except ValidationFailed:
            continue
    assert len(set(votes)) == len(votes) <= (3 if multiple else 1)
    assert set(votes) <= {0, 1, 2}
