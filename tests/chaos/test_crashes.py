"""Kills, crashes of PostgreSQL and full disks lose and double nothing that was acknowledged."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.chaos import crashes, small_disks
from tests.chaos.campaign import BETWEEN, Found
from tests.serving import Served


def seed() -> int:
    """Printed with whatever a campaign has found."""
    return random.randrange(2**32)


def assert_good(found: Found, strikes: int) -> None:
    assert found.good, str(found)
    assert (found.strikes, len(found.served)) == (strikes, strikes)
    assert found.acknowledged >= BETWEEN * strikes, str(found)
    assert found.streamed > 0


@pytest.mark.slow
def test_kills_of_the_server_lose_and_double_nothing() -> None:
    found = crashes.kills(20, seed=seed())
    assert_good(found, 20)
    assert found.unanswered >= 20, str(found)  # they did come in the middle of something


@pytest.mark.slow
@pytest.mark.postgres
def test_kills_of_a_server_on_postgres_lose_and_double_nothing() -> None:
    assert_good(crashes.kills(4, seed=seed(), postgres=True), 4)


@pytest.mark.slow
@pytest.mark.postgres
def test_crashes_of_postgres_lose_and_double_nothing() -> None:
    found = crashes.restarts(20, seed=seed(), quick=True)
    assert_good(found, 20)
    assert found.refused > 0


@pytest.mark.slow
@pytest.mark.parametrize("tight", [False, True], ids=["tmpfs", "tight"])
def test_a_full_disk_loses_and_doubles_nothing_and_reading_goes_on(*, tight: bool) -> None:
    """On a real one where that can be mounted; and as it is done where that is impossible."""
    found = crashes.full_disks(4, seed=seed(), tight=tight)
    assert_good(found, 4)
    assert found.refused > 80


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "strikes", "more"),
    [
        ("kills", 5, {}),
        pytest.param("restarts", 3, {"quick": True}, marks=pytest.mark.postgres),
        ("disks", 1, {}),
    ],
)
def test_without_what_it_watches_a_campaign_finds_losses(
    name: str, strikes: int, more: dict[str, bool]
) -> None:
    """The control. Strikes fall at random: a few of them may all miss what they could take."""
    run, without = crashes.CAMPAIGNS[name], crashes.CONTROLS[name]
    campaigns: list[Found] = []
    for _ in range(3):
        campaigns.append(run(strikes, seed=seed(), **without, **more))
        if campaigns[-1].lost or campaigns[-1].left:
            return
    pytest.fail("\n".join(map(str, campaigns)))


@pytest.mark.slow
def test_a_killed_server_starts_on_a_full_disk_and_any_other_does_or_says_why_not(
    tmp_path: Path,
) -> None:
    with small_disks.small_disk(tmp_path / "disk") as disk:
        served = Served(tmp_path, data=str(disk.inside / "data"))
        served.module, served.prefix = disk.module, disk.prefix
        served.start().stop(signal.SIGKILL)
        disk.fill()
        assert served.start().stop() == 0
        try:
            served.start().stop()
        except RuntimeError as problem:
            assert "ended with 70" in str(problem)
            assert "stentor: the database cannot be used: IOError" in str(problem)
        disk.free()
        assert served.start().stop() == 0
