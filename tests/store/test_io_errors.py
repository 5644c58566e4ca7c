"""A disk that fails at any moment: whoever was answered has his row, and it goes on by itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from stentor.store import sqlite
from stentor.store.database import StorageProblem
from stentor.store.sqlite import SqliteDatabase
from tests.chaos.faulty_files import FaultyFile, FaultyFiles
from tests.servers import memory

ROUNDS, AT_ONCE = 5, 4
TEXT = "x" * 1500


class Disk:
    """Fails from one write or sync on, so many times; never unless it is said from which."""

    def __init__(
        self, at: int = 0, times: int = 0, problem: type[apsw.Error] = apsw.IOError
    ) -> None:
        self.failing = range(at, at + times)
        self.problem = problem
        self.done = 0

    def before(self, file: FaultyFile, _: int) -> None:
        self.done += 1
        if self.done - 1 in self.failing:
            raise self.problem(file.path.name)


@contextmanager
def disk_under(disk: Disk) -> Iterator[None]:
    layer = FaultyFiles(disk.before)
    try:
        yield
    finally:
        layer.unregister()


def kept(path: Path) -> set[str]:
    """What a server finds that starts on these files."""
    connection = apsw.Connection(str(path), vfs="unix")
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    rows = {row[0] for row in connection.execute("SELECT name FROM tags")}
    connection.close()
    return rows


async def write(path: Path, disk: Disk) -> set[str]:
    """Rows that were acknowledged, while the disk fails; at least one is after that."""
    db = SqliteDatabase.open(str(path))
    db.writer.execute("PRAGMA wal_autocheckpoint = 12")
    acknowledged: set[str] = set()

    async def add(number: int) -> None:
        async with db.transaction() as tx:
            await tx.run("INSERT INTO tags VALUES ($1, $2)", str(number), TEXT)
        acknowledged.add(str(number))

    for turn in range(ROUNDS):
        wanted = range(turn * AT_ONCE, (turn + 1) * AT_ONCE)
        outcomes = await asyncio.gather(*map(add, wanted), return_exceptions=True)
        assert {type(one) for one in outcomes} <= {type(None), StorageProblem}
        assert db.troubled == (StorageProblem in {type(one) for one in outcomes})
        db.troubled = False
        if StorageProblem in {type(one) for one in outcomes}:
            # What a kill would leave behind at this moment.
            copy = path.with_name(f"killed{turn}")
            copy.mkdir()
            for file in path.parent.glob("x.db*"):
                shutil.copy(file, copy)
            assert acknowledged <= kept(copy / "x.db") <= set(map(str, range(wanted.stop)))
    disk.failing = range(0)
    await add(1000)
    await db.close()
    return acknowledged


async def attempt(folder: Path, disk: Disk) -> set[str]:
    """What was acknowledged and is gone."""
    folder.mkdir()
    path = folder / "x.db"
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE tags (name text, text text)")
    connection.close()
    with disk_under(disk):
        acknowledged = await write(path, disk)
    return acknowledged - kept(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, where there is any: a sync is as good there, and takes no time."""
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        yield Path(name)


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.slow
async def test_no_write_or_sync_that_fails_loses_what_was_acknowledged(
    folder: Path, times: int
) -> None:
    whole = Disk()
    assert await attempt(folder / "whole", whole) == set()
    assert whole.done > 40
    for at in range(0, whole.done, 2 if times > 1 else 1):
        disk = Disk(at, times)
        assert await attempt(folder / str(at), disk) == set(), f"failing from {at} on"
        assert disk.done > at
        shutil.rmtree(folder / str(at))


@pytest.mark.parametrize("problem", [apsw.IOError, apsw.FullError])
async def test_what_fails_in_the_middle_is_lost_for_all_who_would_have_shared_a_commit(
    folder: Path, problem: type[apsw.Error]
) -> None:
    """SQLite gives up all of it by itself if a transaction is so large that it writes early."""
    disk = Disk(problem=problem)
    with disk_under(disk):
        db = SqliteDatabase.open(str(folder / "x.db"))
        db.writer.execute("CREATE TABLE tags (name text, text text)")
        db.writer.execute("PRAGMA cache_size = 2")

        async def add(name: str, rows: int) -> None:
            async with db.transaction() as tx:
                for _ in range(rows):
                    await tx.run("INSERT INTO tags VALUES ($1, $2)", name, TEXT)

        disk.failing = range(disk.done, disk.done + 1)
        async with db._turn:  # until all of them wait
            sizes = {"small": 1, "large": 100, "next": 1}
            tasks = [asyncio.create_task(add(*one)) for one in sizes.items()]
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()
    assert [type(one) for one in outcomes] == [StorageProblem, StorageProblem, type(None)]
    assert kept(folder / "x.db") == {"next"}


async def test_what_a_kill_left_is_opened_without_any_room(folder: Path) -> None:
    path = folder / "x.db"
    db = SqliteDatabase.open(str(path))
    await db.migrate()
    shutil.copytree(folder, folder / "killed")
    await db.close()
    disk = Disk(1, 1000, apsw.FullError)  # the log can be synced, and nothing be written
    with disk_under(disk):
        db = SqliteDatabase.open(str(folder / "killed" / "x.db"))
        assert disk.done == 2
        assert (await db.migrations())[1] == []
        disk.failing = range(0)
        await db.close()


async def test_a_control_that_this_can_see_loss(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that is believed although it failed."""
    monkeypatch.setattr(sqlite, "_fail", lambda batch, _=None: batch.done.set_result(None))
    assert any([await attempt(folder / str(at), Disk(at, 1)) for at in range(20, 30)])
