"""Kill -9 loses no push and doubles none by itself; without leases it would."""

import pytest

from tests.chaos.kills import campaign


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_whatever_was_acknowledged_is_pushed_however_often_we_are_killed() -> None:
    found = campaign(10)
    assert found.good, found
    assert found.kills == 10
    assert found.acknowledged > 20, found


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_without_a_kill_nothing_is_pushed_twice() -> None:
    found = campaign(0)
    assert found.good, found
    assert found.twice == 0


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_leases_kills_would_lose_pushes() -> None:
    """The control."""
    assert campaign(8, seed=1, module="tests.chaos.forgetful").not_pushed
