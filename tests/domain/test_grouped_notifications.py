"""Keys of groups (notifications.md 5.1, A30, A31)."""

from __future__ import annotations

import pytest

from stentor.domain import times
from stentor.domain.grouped_notifications import (
    GROUPABLE,
    OpenGroup,
    bucket,
    grouped_types,
    joinable,
    key,
    prefix,
    prefix_of,
    ungrouped_id,
)
from stentor.domain.notifications import NotificationType

HOUR = times.HOUR
H = 495_000  # some hour
NOW = H * HOUR + 5 * times.MINUTE


def test_only_four_types_are_grouped() -> None:
    assert {one.value for one in GROUPABLE} == {
        "favourite", "reblog", "follow", "admin.sign_up",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("type", "status_id", "expected"),
    [
        (NotificationType.FAVOURITE, 7, "favourite-7"),
        (NotificationType.REBLOG, 7, "reblog-7"),
        (NotificationType.FOLLOW, None, "follow"),
        (NotificationType.ADMIN_SIGN_UP, None, "admin.sign_up"),
        (NotificationType.MENTION, 7, None),
    ],
)
def test_the_prefix_names_type_and_status(
    type: NotificationType, status_id: int | None, expected: str | None
) -> None:
    assert prefix(type, status_id) == expected


@pytest.mark.parametrize("named", ["favourite-7", "reblog-7", "follow", "admin.sign_up"])
def test_a_key_says_of_what_and_from_which_hour(named: str) -> None:
    assert key(named, H) == f"{named}-{H}"
    assert prefix_of(key(named, H)) == named


@pytest.mark.parametrize("named", ["favourite-7", "follow"])
def test_whatever_an_hour_may_join_lies_between_two_keys_and_nothing_else_does(named: str) -> None:
    low, high = joinable(named, H)
    for first in range(H - 30, H + 30):
        joins = bucket(H * HOUR, OpenGroup(first, NOW, NOW), now=NOW) == first
        assert (low < key(named, first) < high) is joins, first
    for other in ("favourite-77", "favourite-6", "favourite-8", "follow_request", "reblog-7"):
        assert not low < key(other, H) < high, other


@pytest.mark.parametrize("later", range(-3, 12))
def test_a_group_takes_in_twelve_hours_from_its_first(later: int) -> None:
    """A30, A31: earlier hours join as well."""
    at = NOW + later * HOUR
    open_group = OpenGroup(bucket=H, newest_at=NOW, oldest_at=NOW)
    assert bucket(at, open_group, now=max(at, NOW)) == H


@pytest.mark.parametrize("later", [12, 13, 30])
def test_after_twelve_hours_a_new_group_begins(later: int) -> None:
    at = NOW + later * HOUR
    # Touched a moment ago, so only its first hour can be the reason.
    assert bucket(at, OpenGroup(H, newest_at=at - 1, oldest_at=at - 1), now=at) == H + later


def test_it_does_not_slide() -> None:
    at = NOW + 12 * HOUR
    assert bucket(at, OpenGroup(H, NOW + 11 * HOUR, NOW), now=at) == H + 12


def test_a_group_that_nothing_touched_for_twelve_hours_is_closed() -> None:
    """Even for an activity that is late itself."""
    now = NOW + 20 * HOUR
    assert bucket(NOW + HOUR, OpenGroup(H, now - 12 * HOUR, NOW), now=now) == H + 1
    assert bucket(NOW + HOUR, OpenGroup(H, now - 12 * HOUR + 1, NOW), now=now) == H


def test_a_day_after_it_was_begun_a_group_is_closed() -> None:
    """However late what still arrives: so a cursor's neighbourhood stays bounded."""
    now = NOW + 24 * HOUR
    assert bucket(NOW + HOUR, OpenGroup(H, now - 1, NOW), now=now) == H + 1
    assert bucket(NOW + HOUR, OpenGroup(H, now - 1, NOW + 1), now=now) == H


def test_a_time_in_the_future_counts_as_now() -> None:
    """Weakness C-23."""
    assert bucket(NOW + 500 * HOUR, None, now=NOW) == H


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "favourite reblog follow admin.sign_up"),
        (["reblog"], "reblog"),
        (["mention"], ""),
        ([""], ""),
        (["reblog", "mention", "follow"], "reblog follow"),
    ],
)
def test_grouped_types_are_those_asked_for_that_can_be(names: list[str], expected: str) -> None:
    """A37."""
    assert {one.value for one in grouped_types(names)} == set(expected.split())


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("ungrouped-12", 12),
        ("ungrouped-", None),
        ("ungrouped-x", None),
        ("favourite-1-2", None),
        ("12", None),
        ("ungrouped-" + "9" * 30, None),
        ("ungrouped-٣", None),
    ],
)
def test_ungrouped_keys_name_a_notification(key: str, number: int | None) -> None:
    assert ungrouped_id(key) == number
