"""Breakers: pure, so every moment can be tried."""

from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import times
from stentor.push.breaker import FAILURES, MOST, OPEN, Breaker, KeyBreaker
from tests.factories import NOW


def test_it_begins_with_one_and_grows_with_success() -> None:
    breaker = Breaker()
    seen = []
    for _ in range(10):
        seen.append(breaker.window)
        breaker.answered()
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]


def test_five_silences_in_a_row_open_it_for_half_a_minute() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        assert breaker.failed(1, now=NOW, silent=True) is None
    assert breaker.failed(1, now=NOW, silent=True) == NOW + OPEN == NOW + 30_000


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker()
    for _ in range(20):
        for _ in range(FAILURES - 1):
            assert breaker.failed(1, now=NOW, silent=True) is None
        breaker.answered()


def test_one_subscription_that_fails_with_a_status_opens_nothing() -> None:
    breaker = Breaker()
    for _ in range(100):
        assert breaker.failed(7, now=NOW, silent=False) is None


def test_five_subscriptions_that_fail_with_a_status_do() -> None:
    breaker = Breaker()
    found = [breaker.failed(n, now=NOW, silent=False) for n in range(FAILURES)]
    assert found == [None] * (FAILURES - 1) + [NOW + OPEN]


def test_a_failed_trial_closes_it_at_once_and_a_good_one_ends_the_trial() -> None:
    breaker = Breaker(on_trial=True)
    assert breaker.failed(1, now=NOW, silent=False) == NOW + OPEN
    breaker = Breaker(on_trial=True)
    breaker.answered()
    assert not breaker.on_trial
    assert breaker.failed(1, now=NOW, silent=True) is None


@given(st.lists(st.sampled_from(["good", "silent", "status"]), max_size=60))
def test_it_always_lets_at_least_one_and_never_too_many_through(story: list[str]) -> None:
    breaker = Breaker()
    for one in story:
        if one == "good":
            breaker.answered()
        else:
            breaker.failed(1, now=NOW, silent=one == "silent")
        assert 1 <= breaker.window <= MOST


def test_a_key_that_six_origins_refuse_and_nobody_takes_is_bad() -> None:
    key = KeyBreaker()
    found = [key.refused(f"https://{n}.example", NOW) for n in range(6)]
    assert found == [None] * 5 + [NOW + OPEN]


def test_a_key_that_somebody_takes_is_good_whoever_refuses_it() -> None:
    key = KeyBreaker()
    key.took("https://good.example", NOW)
    later = NOW + 23 * times.HOUR
    assert {key.refused(f"https://{n}.example", later) for n in range(500)} == {None}


def test_a_key_that_was_taken_and_is_refused_everywhere_now_is_bad() -> None:
    key = KeyBreaker()
    for n in range(6):
        key.took(f"https://{n}.example", NOW)
    assert [key.refused(f"https://{n}.example", NOW + 1) for n in range(6)][-1] == NOW + 1 + OPEN


def test_refusals_of_long_ago_do_not_count_and_memory_is_bounded() -> None:
    key = KeyBreaker()
    for n in range(5):
        key.refused(f"https://{n}.example", NOW)
    assert key.refused("https://6.example", NOW + 11 * times.MINUTE) is None
    for n in range(5000):
        key.refused(f"https://{n}.example", NOW)
        key.took(f"https://good{n}.example", NOW)
    assert len(key.refusing) <= KeyBreaker.KEPT + 1
    assert len(key.taking) <= KeyBreaker.KEPT + 1
