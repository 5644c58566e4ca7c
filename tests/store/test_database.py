"""What a transaction promises, on both engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from stentor.errors import DuplicateRecord, RecordNotFound
from stentor.store.database import Database, StorageProblem, open_database
from stentor.store.sqlite import SqliteDatabase
from tests.factories import NOW, insert, make_account

ADD = "INSERT INTO tags (name, created_at) VALUES ($1, 0)"
COUNT = "SELECT count(*) FROM tags"


async def add(db: Database, name: str) -> None:
    """One row in a transaction of its own."""
    async with db.transaction() as tx:
        await tx.run(ADD, name)


async def test_a_transaction_sees_its_own_writes_and_others_see_them_after_the_commit(
    db: Database,
) -> None:
    async with db.transaction() as tx:
        await tx.run(ADD, "a")
        assert await tx.fetch_value(COUNT) == 1
        assert await db.fetch_value(COUNT) == 0
    assert await db.fetch_value(COUNT) == 1


async def test_an_exception_rolls_back_and_is_raised(db: Database) -> None:
    said: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run(ADD, "a")
            tx.after_commit(said.append, "a")
            raise ZeroDivisionError
    assert (await db.fetch_value(COUNT), said) == (0, [])


async def test_a_statement_for_many_rows_returns_the_rows_of_all_in_their_order(
    db: Database,
) -> None:
    sql = f"{ADD} ON CONFLICT (name) DO NOTHING RETURNING name"
    async with db.transaction() as tx:
        rows = await tx.fetch_many(sql, [("a",), ("b",), ("a",), ("c",)])
        assert [row[0] for row in rows] == ["a", "b", "c"]
        assert await tx.fetch_many(sql, [("b",)]) == []
        assert await tx.fetch_many(sql, []) == []
        found = await tx.fetch_many(
            "SELECT name FROM tags WHERE name = ANY($1) ORDER BY name",
            [(["c", "a"],), ([],), (["b"],)],
        )
        assert [row[0] for row in found] == ["a", "c", "b"]
    assert await db.fetch_value(COUNT) == 3


@pytest.mark.parametrize("failing", [{0}, {59}, {0, 1, 2}, set(range(0, 60, 3)), set(range(60))])
async def test_one_failure_does_not_touch_its_neighbours(db: Database, failing: set[int]) -> None:
    """Many transactions share a commit on SQLite; each stands or falls alone, also the first."""

    async def work(number: int) -> None:
        async with db.transaction() as tx:
            await tx.run(ADD, f"t{number}")
            if number in failing:
                raise ZeroDivisionError

    outcomes = await asyncio.gather(*map(work, range(60)), return_exceptions=True)
    fallen = {n for n, one in enumerate(outcomes) if isinstance(one, ZeroDivisionError)}
    assert fallen == failing
    rows = await db.fetch("SELECT name FROM tags")
    assert {row[0] for row in rows} == {f"t{n}" for n in range(60)} - {f"t{n}" for n in failing}


async def test_callbacks_come_once_in_order_after_the_commit(db: Database) -> None:
    said: list[tuple[str, int]] = []

    async def work(number: int) -> None:
        async with db.transaction() as tx:
            await tx.run(ADD, f"t{number}")
            tx.after_commit(said.append, ("first", number))
            tx.after_commit(said.append, ("second", number))

    await asyncio.gather(*map(work, range(20)))
    for number in range(20):
        mine = [one for one, of in said if of == number]
        assert mine == ["first", "second"]


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nobody_up(db: Database) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with db.transaction() as tx:
            await tx.run(ADD, "gone")
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(add(db, "stays"), 60)
    assert [row[0] for row in await db.fetch("SELECT name FROM tags")] == ["stays"]


async def test_a_unique_key_and_a_missing_row_have_their_answers(db: Database) -> None:
    await add(db, "a")
    with pytest.raises(DuplicateRecord):
        await add(db, "a")
    with pytest.raises(RecordNotFound):
        await insert(db, "favourites", account_id=1, status_id=2, created_at=NOW)
    await add(db, "b")


async def test_numbers_of_a_sequence_rise_and_are_never_given_twice(db: Database) -> None:
    async def take(count: int) -> list[int]:
        async with db.transaction() as tx:
            return await tx.next_ids("notification", count)

    taken = await asyncio.gather(*(take(1 + n % 4) for n in range(30)))
    for numbers in taken:
        assert numbers == sorted(numbers)
    everything = [one for numbers in taken for one in numbers]
    assert len(set(everything)) == len(everything)


async def test_lists_are_matched_as_sets(db: Database) -> None:
    people = [await make_account(db, token=None) for _ in range(3)]
    sql = "SELECT id FROM accounts WHERE id = ANY($1) ORDER BY id"
    rows = await db.fetch(sql, [people[2].id, people[0].id, 5])
    assert [row[0] for row in rows] == sorted([people[0].id, people[2].id])
    assert await db.fetch(sql, []) == []
    rows = await db.fetch("SELECT id FROM accounts WHERE username = ANY($1)", [people[1].username])
    assert [row[0] for row in rows] == [people[1].id]


@pytest.mark.parametrize("url", ["mysql://x", "/some/file", ""])
async def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database URL"):
        await open_database(url)


async def sqlite(tmp_path: Path) -> SqliteDatabase:
    """A database of one table."""
    db = SqliteDatabase.open(str(tmp_path / "x.db"))
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE tags (name text PRIMARY KEY, created_at bigint)")
    return db


async def test_many_transactions_share_a_commit(tmp_path: Path) -> None:
    db = await sqlite(tmp_path)
    commits = 0

    def counted() -> bool:
        nonlocal commits
        commits += 1
        return False

    db.writer.set_commit_hook(counted)
    await asyncio.gather(*(add(db, str(n)) for n in range(400)))
    assert await db.fetch_value(COUNT) == 400
    assert commits < 100
    await db.close()


async def test_a_commit_that_fails_is_told_to_everyone_in_it(tmp_path: Path) -> None:
    """Nothing is answered that is not on disk, and the next one works."""
    db = await sqlite(tmp_path)
    failing = True
    db.writer.set_commit_hook(lambda: failing)
    outcomes = await asyncio.gather(*(add(db, str(n)) for n in range(5)), return_exceptions=True)
    assert all(isinstance(one, StorageProblem) for one in outcomes)
    failing = False
    await add(db, "later")
    assert [row[0] for row in await db.fetch("SELECT name FROM tags")] == ["later"]
    await db.close()


async def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    db = await sqlite(tmp_path)
    other = apsw.Connection(str(tmp_path / "x.db"))
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(add(db, "a"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert await db.fetch_value(COUNT) == 0  # reading goes on
    other.execute("INSERT INTO tags VALUES ('b', 0)")
    other.execute("COMMIT")
    await waiting
    assert await db.fetch_value(COUNT) == 2
    other.close()
    await db.close()
