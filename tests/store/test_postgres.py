"""PostgreSQL's connections: kept at hand, replaced when they die, shared when they are short."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stentor.store import postgres
from stentor.store.database import StorageProblem, open_database
from stentor.store.postgres import POOL, WRITERS, PostgresDatabase

pytestmark = pytest.mark.postgres
KILL = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def db(postgres_db: PostgresDatabase) -> PostgresDatabase:
    """On PostgreSQL only."""
    return postgres_db


async def test_one_after_the_other_everybody_uses_the_same_connection(
    db: PostgresDatabase,
) -> None:
    pids = {await db.fetch_value("SELECT pg_backend_pid()") for _ in range(5)}
    async with db.transaction() as tx:
        pids.add(await tx.fetch_value("SELECT pg_backend_pid()"))
    assert len(pids) == 1


async def test_more_at_once_than_there_are_connections_take_turns(db: PostgresDatabase) -> None:
    async def work(number: int) -> int:
        async with db.transaction() as tx:
            await tx.fetch("SELECT pg_sleep(0.01)")
            return int(await tx.fetch_value("SELECT $1::int", number))

    for _ in range(3):  # also when some are at hand already
        found = await asyncio.gather(*(work(number) for number in range(POOL * 5)))
        assert found == list(range(POOL * 5))
    connections = await db.fetch_value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    )
    assert connections <= POOL


@contextmanager
def hasty() -> Iterator[None]:
    """Whoever wants a connection or a turn meanwhile does not wait long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "WAIT_SECONDS", 0.1)
        yield


async def test_who_gets_no_turn_to_write_in_time_is_told_and_reading_goes_on(
    db: PostgresDatabase,
) -> None:
    everybody_in, go = asyncio.Event(), asyncio.Event()
    inside = 0

    async def hold() -> None:
        nonlocal inside
        async with db.transaction() as tx:
            inside += 1
            if inside == 1:
                await tx.run("SELECT pg_advisory_xact_lock(1)")
            if inside == WRITERS:
                everybody_in.set()
            await go.wait()

    holders = [asyncio.create_task(hold()) for _ in range(WRITERS)]
    await everybody_in.wait()
    with hasty(), pytest.raises(StorageProblem):
        await hold()
    readers = [
        db.fetch(f"SELECT {n} FROM pg_advisory_xact_lock_shared(1)") for n in range(POOL - WRITERS)
    ]
    reading = asyncio.gather(*readers)
    while db._pool.get_idle_size() or db._pool.get_size() < POOL:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    with hasty(), pytest.raises(StorageProblem):
        await db.fetch("SELECT 1")
    assert not reading.done()
    go.set()
    assert len(await reading) == POOL - WRITERS
    await asyncio.gather(*holders)
    assert inside == WRITERS
    await hold()


async def test_connections_that_died_are_replaced(
    db: PostgresDatabase, migrated_postgres_url: str
) -> None:
    async def work() -> None:
        async with db.transaction() as tx:
            await tx.fetch("SELECT pg_sleep(0.05)")

    await asyncio.gather(*(work() for _ in range(6)))
    other = await open_database(migrated_postgres_url)
    assert await other.fetch_value(KILL) >= 6
    await other.close()
    while db._pool.get_size():  # noqa: ASYNC110 - until it is noticed here, which nobody tells
        await asyncio.sleep(0.01)
    assert [await db.fetch_value("SELECT 1") for _ in range(20)] == [1] * 20


async def test_who_asks_for_the_instant_when_its_connection_has_died_gets_another_one(
    db: PostgresDatabase, migrated_postgres_url: str
) -> None:
    before = await db.instant()
    assert await db.instant() == before
    other = await open_database(migrated_postgres_url)
    assert await other.fetch_value(KILL) == 1
    await other.close()
    while True:
        try:
            after = await db.instant()
            break
        except StorageProblem:  # whoever finds it dead is told
            await asyncio.sleep(0.01)
    # Nothing was committed, but who knows that.
    assert not db.still(before, after, [])
    assert await db.instant() == after
    # It is one connection for all who ask, and one for all else.
    for _ in range(5):
        await asyncio.gather(*(db.instant() for _ in range(20)), db.fetch_value("SELECT 1"))
    assert db._pool.get_size() <= 2


async def test_a_query_that_was_given_up_does_not_answer_the_next(db: PostgresDatabase) -> None:
    for _ in range(5):
        task = asyncio.create_task(db.fetch_value("SELECT 1 FROM pg_sleep(20)"))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await db.fetch_value("SELECT 2") == 2


async def test_who_reads_the_same_at_the_same_moment_shares_a_trip_and_gets_his_own_rows(
    db: PostgresDatabase,
) -> None:
    sql = "SELECT n, n FROM generate_series(1, $1::int) n ORDER BY n DESC"
    wanted = [3, 0, 1, 5] * 20
    found = await asyncio.gather(*(db.fetch(sql, count) for count in wanted))
    for count, rows in zip(wanted, found, strict=True):
        assert [tuple(row) for row in rows] == [(n, n) for n in range(count, 0, -1)]
    # Some 80 readers have needed hardly any connections.
    assert len(db._idle) <= 2


async def test_a_read_that_fails_harms_nobody_who_reads_with_it(db: PostgresDatabase) -> None:
    sql = "SELECT 6 / $1::int"
    found = await asyncio.gather(*(db.fetch(sql, n % 3) for n in range(30)), return_exceptions=True)
    for n, rows in enumerate(found):
        assert isinstance(rows, Exception) if n % 3 == 0 else rows[0][0] == 6 // (n % 3)
    assert await db.fetch_value(sql, 1) == 6


async def test_a_read_sees_what_was_committed_before_it_was_asked_for(
    db: PostgresDatabase,
) -> None:
    async def add_and_look(number: int) -> bool:
        async with db.transaction() as tx:
            await tx.run("INSERT INTO tags (name, created_at) VALUES ($1, 0)", f"t{number}")
        found = await db.fetch("SELECT 1 FROM tags WHERE name = $1", f"t{number}")
        return len(found) == 1

    assert all(await asyncio.gather(*map(add_and_look, range(100))))


async def test_only_statements_in_use_are_remembered(db: PostgresDatabase) -> None:
    """Clients can have any number of them made: each choice of types is another."""
    texts = [f"SELECT {number} + $1::int FROM generate_series(1, 3)" for number in range(20)]
    answers = await asyncio.gather(
        *(db.fetch(text, value) for text in texts for value in range(40))
    )
    found = iter(answers)
    for number in range(20):
        for value in range(40):
            assert [row[0] for row in next(found)] == [number + value] * 3
    assert db._reading == {}
    task = asyncio.create_task(db.fetch("SELECT pg_sleep(20)"))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert db._reading == {}
