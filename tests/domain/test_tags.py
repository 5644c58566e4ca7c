"""Hashtags as people ask for them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import limits, tags, times
from tests.factories import NOW


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Bread", "bread"),
        ("#Bread", "bread"),
        ("＃Bread", "bread"),
        (" #Bread ", "bread"),
        ("ＢＲＥＡＤ", "bread"),
        ("日本語", "日本語"),
        ("a_1", "a_1"),
        ("", None),
        ("#", None),
        ("12", None),
        ("two words", None),
        ("#one #two", None),
        ("##x", None),
        ("x-y", None),
        ("a" * limits.TAG_BYTES, "a" * limits.TAG_BYTES),
        ("a" * (limits.TAG_BYTES + 1), None),
        (None, None),
    ],
)
def test_a_hashtag_is_known_by_its_normalised_name(asked: str | None, name: str | None) -> None:
    assert tags.normalised(asked) == name


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(asked: str) -> None:
    name = tags.normalised(asked)
    if name is not None:
        assert tags.normalised(name) == name


@given(st.text(max_size=30))
def test_every_hashtag_is_found_by_any_beginning_of_it(asked: str) -> None:
    name = tags.normalised(asked)
    if name is not None:
        assert tags.prefix(f"#{asked.strip().lstrip('#＃')}") == name


def test_a_history_is_seven_days_today_first() -> None:
    days = tags.history({6: (3, 2), 0: (1, 1)}, NOW)
    assert [day.uses for day in days] == [3, 0, 0, 0, 0, 0, 1]
    assert [day.accounts for day in days] == [2, 0, 0, 0, 0, 0, 1]
    assert days[0].day == (NOW - NOW % times.DAY) // 1000
    assert {a.day - b.day for a, b in itertools.pairwise(days)} == {86_400}
    assert tags.first_day(NOW) == days[-1].day * 1000
