"""A power cut takes nothing that was acknowledged, and the simulator would see it if one did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw
import pytest

from stentor.store import sqlite
from stentor.store.database import open_database
from stentor.store.sqlite import SqliteDatabase
from tests.chaos.disks import SECTOR, Disk, FolderSynced, Made, Removed, Synced, Written
from tests.chaos.power_cuts import Found, Harm, Judge, campaign
from tests.chaos.recorders import Recorder, lay_out, recorder
from tests.chaos.recordings import FILE, Plan, Recording, record
from tests.fixtures import something_is_committed


@pytest.mark.slow
async def test_no_power_cut_takes_or_doubles_what_was_acknowledged() -> None:
    found = await campaign(400)
    assert found.good, found
    assert found.cuts == 400
    assert found.second == 80
    assert found.judged > 10_000, found
    # What people did at once was committed at once, and the log has begun anew several times.
    assert found.answers > 2 * found.commits > 100, found
    assert found.restarts > 4, found


@pytest.mark.slow
@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
async def test_a_server_that_does_not_wait_for_the_disk_loses(synchronous: str) -> None:
    """The control."""
    found = await campaign(60, seed=1, synchronous=synchronous, rounds=4)
    harms = found.harms
    assert len(harms[Harm.LOST]) + len(harms[Harm.UNREADABLE]) > 15, found  # of 60; often some 35
    assert harms[Harm.BROKEN], found


async def recorded(layer: Recorder, folder: Path) -> tuple[Recording, Disk]:
    """A short recording, and the disk as it is in the end."""
    recording = await record(layer, folder / "recorded", Plan(seed=1, rounds=3, lives=1))
    disk = Disk()
    disk.follow(recording.log.events)
    return recording, disk


@pytest.mark.parametrize(
    ("harm", "kinds"),
    [
        ("UPDATE notification_groups SET notifications_count = 9", {Harm.STRANGE, Harm.UNTRUE}),
        ("DELETE FROM favourites", {Harm.BROKEN, Harm.STRANGE, Harm.UNTRUE}),
        ("DELETE FROM notification_inboxes", {Harm.STRANGE}),
        ("SELECT 1", set()),
    ],
)
async def test_whatever_harm_is_done_is_seen(tmp_path: Path, harm: str, kinds: set[Harm]) -> None:
    """The control of the checks."""
    with recorder() as layer:
        recording, disk = await recorded(layer, tmp_path)
        lay_out(tmp_path / "harmed", disk.read())
        with apsw.Connection(str(tmp_path / "harmed" / FILE)) as connection:
            connection.execute(harm)
        connection.close()
        found = Found(seed=1)
        judge = Judge(recording, found, "harmed")
        await judge.judge(tmp_path / "harmed", recording.log.position)
    assert {kind for kind, places in found.harms.items() if places} == kinds, found


async def test_names_that_are_not_synced_would_be_lost(tmp_path: Path) -> None:
    """The control of what is noted of folders."""
    with recorder() as layer:
        recording, _ = await recorded(layer, tmp_path)
        last = recording.commits[-1].position
        forgotten = [one for one in recording.log.events[:last] if one != FolderSynced()]
        assert len(forgotten) < last
        found = Found(seed=1)
        judge, disk = Judge(recording, found, "forgotten"), Disk()
        disk.follow(forgotten)
        for seed in range(10):
            lay_out(tmp_path / str(seed), disk.after_cut(Random(seed)))
            await judge.judge(tmp_path / str(seed), last)
    assert len(found.harms[Harm.LOST]) >= 3, found


async def committed(folder: Path) -> int:
    """How many rows `something_is_committed` has left there."""
    db = await open_database(f"sqlite:{folder / FILE}")
    try:
        return int(await db.fetch_value("SELECT COUNT(*) FROM severance_events"))
    finally:
        await db.close()


async def killed_then_cut(folder: Path, opens: Callable[[str], SqliteDatabase]) -> list[int]:
    """What is left of one row by cuts that come after a kill just before its sync.

    In between the database is opened, and whoever looks sees the row.
    """
    left = []
    with recorder() as layer:
        disk = Disk()
        log = layer.follow(folder / "killed", disk)
        db = SqliteDatabase.open(str(folder / "killed" / FILE))
        await db.migrate()
        await something_is_committed(db)
        last_sync = max(at for at, one in enumerate(log.events) if isinstance(one, Synced))
        disk.follow(log.events[:last_sync])
        await db.close()
        log = layer.follow(folder / "again", disk)
        db = opens(str(folder / "again" / FILE))
        assert await db.fetch_value("SELECT COUNT(*) FROM severance_events") == 1
        disk.follow(log.events)
        await db.close()
        for seed in range(40):
            lay_out(folder / str(seed), disk.after_cut(Random(seed)))
            left.append(await committed(folder / str(seed)))
    return left


async def test_what_is_shown_after_a_kill_survives_a_power_cut(tmp_path: Path) -> None:
    """Somebody who asks again after a kill is told that it is done, and nothing new is written."""
    assert await killed_then_cut(tmp_path, SqliteDatabase.open) == [1] * 40


async def test_opening_without_a_look_at_the_log_would_lose_it(tmp_path: Path) -> None:
    """The control."""

    def hastily(path: str) -> SqliteDatabase:
        return SqliteDatabase(writer=sqlite._connect(path), reader=sqlite._connect(path))

    assert 0 in await killed_then_cut(tmp_path, hastily)


def outcomes(disk: Disk) -> set[bytes | None]:
    """What may be found under the name "a", by trying."""
    return {disk.after_cut(Random(seed)).get("a") for seed in range(300)}


OLD, NEW = b"o" * SECTOR, b"n" * SECTOR


def test_a_write_that_is_not_synced_may_be_there_or_not_or_in_some_sectors() -> None:
    disk = Disk({"a": OLD + OLD})
    disk.follow([Written(0, 0, NEW + NEW)])
    assert disk.read() == {"a": NEW + NEW}
    assert outcomes(disk) == {OLD + OLD, NEW + NEW, OLD + NEW, NEW + OLD}
    disk.follow([Synced(0)])
    assert outcomes(disk) == {NEW + NEW}


def test_writes_may_arrive_in_another_order() -> None:
    disk = Disk({"a": OLD})
    disk.follow([Written(0, SECTOR, NEW), Written(0, 0, NEW)])
    assert outcomes(disk) == {OLD, NEW, OLD + NEW, NEW + NEW}


def test_a_name_that_is_not_synced_may_be_there_or_not() -> None:
    disk = Disk()
    disk.follow([Made("a", 1), Written(1, 0, NEW), Synced(1)])
    assert outcomes(disk) == {None, NEW}
    disk.follow([FolderSynced()])
    assert outcomes(disk) == {NEW}
    disk.follow([Removed("a")])
    assert outcomes(disk) == {None, NEW}
    disk.follow([Made("a", 2)])
    assert outcomes(disk) == {None, NEW, b""}
