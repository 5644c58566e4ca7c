"""Kill -9 loses no push and nothing of a stream, and doubles neither by itself."""

import pytest

from tests.chaos.kills import CONTROLS, LEAST, campaign


@pytest.mark.slow
def test_whatever_was_acknowledged_is_pushed_and_streamed_however_often_we_are_killed() -> None:
    found = campaign(10)
    assert found.good, found
    assert found.kills == 10
    assert found.acknowledged >= LEAST, found
    assert found.streamed == 2 * found.pushed >= 2 * found.acknowledged, found


@pytest.mark.slow
def test_without_a_kill_nothing_is_pushed_twice() -> None:
    found = campaign(0)
    assert found.good, found
    assert found.twice == found.streamed_twice == 0
    assert found.connections == 2
    assert found.acknowledged >= LEAST, found


@pytest.mark.slow
def test_without_leases_kills_would_lose_pushes() -> None:
    """The control."""
    assert campaign(8, seed=1, module="tests.chaos.forgetful").not_pushed


@pytest.mark.slow
@pytest.mark.parametrize("control", ["places", "reading"])
def test_without_its_last_place_a_client_would_miss_what_is_streamed(control: str) -> None:
    """The control."""
    found = campaign(8, seed=2, **CONTROLS[control])
    assert found.not_streamed, found
    assert found.connections > 2
    assert not found.not_pushed
