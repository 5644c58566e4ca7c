"""What follows an attempt, and what a Retry-After means."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import times
from stentor.domain.push_deliveries import (
    CAP,
    RETRY_AFTER_CAP,
    Next,
    Tried,
    backoff,
    follow_up,
    retry_after,
)
from stentor.domain.push_subscriptions import LIFETIME, Outcome
from tests.factories import NOW

FRESH = Tried(attempts=1, created_at=NOW)


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.GONE])
def test_after_some_answers_nothing_follows(outcome: Outcome) -> None:
    assert follow_up(outcome, FRESH, now=NOW, chance=0.5) == Next(None)


@pytest.mark.parametrize(
    ("attempts", "span"),
    [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (9, 512), (10, 900), (11, 900), (10_000, 900)],
)
def test_the_span_doubles_up_to_a_quarter_of_an_hour(attempts: int, span: int) -> None:
    assert backoff(attempts, 0.0) == 0
    assert backoff(attempts, 0.5) == span * 500
    assert backoff(attempts, 0.999_999) < span * 1000 <= CAP


@given(
    st.sampled_from([Outcome.RETRY, Outcome.REFUSED, Outcome.TOO_LARGE]),
    st.integers(1, 10_000),
    st.integers(0, LIFETIME),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.integers(0, RETRY_AFTER_CAP),
    st.booleans(),
)
def test_another_attempt_is_never_sooner_than_asked_nor_after_its_time(
    outcome: Outcome, attempts: int, age: int, chance: float, asked: int | None, smaller: bool
) -> None:
    tried = Tried(attempts, NOW - age, smaller)
    found = follow_up(outcome, tried, now=NOW, chance=chance, retry_after=asked)
    if found.run_at is None:
        assert found.expired
    elif outcome is Outcome.TOO_LARGE and not smaller:
        assert found == Next(NOW, smaller=True)
    else:
        assert found.smaller == smaller
        assert NOW + (asked or 0) <= found.run_at < tried.created_at + LIFETIME


def test_every_message_is_tried_for_two_days_or_expires() -> None:
    """A push service that fails for ever: how often, and how long."""
    now, attempts = NOW, 0
    while True:
        attempts += 1
        found = follow_up(Outcome.RETRY, Tried(attempts, NOW), now=now, chance=0.5)
        if found.run_at is None:
            break
        now = found.run_at
    assert found.expired
    assert now - NOW > LIFETIME - CAP
    assert 300 < attempts < 450


def test_what_is_refused_is_tried_every_hour_or_two() -> None:
    for chance in (0.0, 0.999):
        found = follow_up(Outcome.REFUSED, FRESH, now=NOW, chance=chance)
        assert found.run_at is not None
        assert times.HOUR <= found.run_at - NOW <= 2 * times.HOUR


def test_too_large_is_tried_once_in_small_and_then_put_aside() -> None:
    first = follow_up(Outcome.TOO_LARGE, FRESH, now=NOW, chance=0.0)
    assert first == Next(NOW, smaller=True)
    second = follow_up(Outcome.TOO_LARGE, Tried(2, NOW, smaller=True), now=NOW, chance=0.0)
    assert second == Next(NOW + times.HOUR, smaller=True)


@given(st.integers(-10_000_000, 10_000_000))
def test_a_date_and_its_seconds_mean_the_same(seconds: int) -> None:
    moment = datetime.fromtimestamp(NOW / 1000 + seconds, UTC)
    expected = min(max(seconds, 0) * 1000, RETRY_AFTER_CAP)
    assert retry_after(format_datetime(moment, usegmt=True), NOW) == expected
    if seconds >= 0:
        assert retry_after(str(seconds), NOW) == expected


@given(st.text(max_size=60))
def test_no_header_hurts(text: str) -> None:
    found = retry_after(text, NOW)
    assert found is None or 0 <= found <= RETRY_AFTER_CAP
