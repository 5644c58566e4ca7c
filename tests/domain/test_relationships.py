"""Who may follow whom, how many, with which options; until when a mute lasts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import times
from stentor.domain.accounts import Account, parse_domain
from stentor.domain.relationships import (
    FollowOptions,
    Relationship,
    WantedOptions,
    follow_languages,
    follow_limit,
    may_follow,
    mute_end,
    needs_request,
)

_EMPTY = dict.fromkeys(Account._fields)
NOW = 1_780_315_200_000


def account(**columns: object) -> Account:
    return Account(**{**_EMPTY, "id": 1, "domain": "", "locked": False, **columns})


def test_a_follow_is_allowed_unless_something_stands_against_it():
    for blocking, blocked_by, domain, moved in itertools.product((False, True), repeat=4):
        relationship = Relationship(
            1, blocking=blocking, blocked_by=blocked_by, domain_blocking=domain
        )
        target = account(moved_to_id=2 if moved else None)
        allowed = not (blocking or blocked_by or domain or moved)
        assert may_follow(relationship, target) is allowed


def test_a_follow_is_asked_for_by_the_limited_of_the_locked_and_elsewhere():
    for locked, limited, domain in itertools.product((False, True), (None, 5), ("", "x.example")):
        asked = needs_request(account(silenced_at=limited), account(locked=locked, domain=domain))
        assert asked is (locked or limited is not None or domain != "")


@pytest.mark.parametrize(
    ("followers", "limit"),
    [(0, 7500), (6818, 7500), (6819, 7501), (10_000, 11_000), (1_000_000, 1_100_000)],
)
def test_the_limit_grows_with_ones_own_followers(followers, limit):
    assert follow_limit(followers) == limit


options = st.builds(
    FollowOptions,
    st.booleans(),
    st.booleans(),
    st.none() | st.lists(st.sampled_from(["en", "de"]), min_size=1).map(tuple),
)


@given(options)
def test_nothing_said_changes_nothing(before):
    assert WantedOptions().over(before) == before


@given(options, st.booleans(), st.booleans())
def test_what_is_said_replaces_only_itself(before, reblogs, notify):
    assert WantedOptions(show_reblogs=reblogs).over(before) == before._replace(show_reblogs=reblogs)
    assert WantedOptions(notify=notify).over(before) == before._replace(notify=notify)
    assert WantedOptions(languages=()).over(before) == before._replace(languages=None)


@pytest.mark.parametrize(
    ("codes", "kept"),
    [
        ([], ()),
        ([""], ()),
        (["en", "", "en"], ("en",)),
        (["EN", "zh-tw"], ("en", "zh-TW")),
        (["en", "nonsense"], None),
    ],
)
def test_languages_are_kept_each_once_or_not_at_all(codes, kept):
    assert follow_languages(codes) == kept


@given(st.integers(-(2**70), 2**70))
def test_a_mute_ends_in_the_future_or_never_and_can_be_written(duration):
    end = mute_end(duration, NOW)
    if duration <= 0:
        assert end is None
    else:
        assert NOW < end <= NOW + duration * 1000
        assert times.iso_seconds(end).endswith("Z")


@given(st.text(max_size=300))
def test_a_domain_that_is_taken_is_taken_as_it_was_kept(text):
    domain = parse_domain(text)
    if domain is not None:
        assert domain.isascii()
        assert 0 < len(domain) <= 255
        assert parse_domain(domain) == domain
