"""A primary that dies, freezes or stops taking writes, and the one that takes its place."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from stentor.store import postgres
from stentor.store.database import StorageProblem
from stentor.store.hosts import one_by_one
from stentor.store.postgres import WRITERS, PostgresDatabase
from tests.servers import Postgres, make_schema, open_postgres, wait_for

pytestmark = pytest.mark.postgres
#: Seconds that a machine with much to do keeps as well, and a test can wait for now and then.
SHORT = 3.0


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Of a machine that is switched off, as far as those can tell who connect to it."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        yield nobody.getsockname()[1]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is opened now loses patience while a test can wait for it.

    As in life, a statement is given more time than it may take to stop one.
    """
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 1.5 * SHORT)
    monkeypatch.setattr(postgres, "WAIT_SECONDS", SHORT)


@pytest.fixture
async def db(hasty: None, migrated_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """A database on PostgreSQL only, that loses patience quickly."""
    database = await open_postgres(migrated_postgres_url)
    yield database
    await database.close()


async def pid(db: PostgresDatabase) -> int:
    """The process behind a connection, which is held on to for a moment."""
    async with db.transaction() as tx:
        return int(await tx.fetch_value("SELECT pg_backend_pid() FROM pg_sleep(0.05)"))


async def pids(db: PostgresDatabase, count: int) -> set[int]:
    """The processes behind so many connections, which are at hand afterwards."""
    return set(await asyncio.gather(*(pid(db) for _ in range(count))))


def test_every_host_of_a_url_is_asked_for_one_that_takes_writes() -> None:
    wanted = "target_session_attrs=read-write"
    assert one_by_one("postgresql://u:p@a:1,b/db?ssl=require") == [
        f"postgresql://u:p@a:1/db?ssl=require&{wanted}",
        f"postgresql://u:p@b/db?ssl=require&{wanted}",
    ]
    assert one_by_one("postgresql://a,[::1]:2/db?target_session_attrs=any") == [
        "postgresql://a/db?target_session_attrs=any",
        "postgresql://[::1]:2/db?target_session_attrs=any",
    ]
    assert one_by_one("postgresql:///db?host=/run") == ["postgresql:///db?host=/run"]


async def test_a_host_that_is_switched_off_keeps_nobody_from_the_next(
    silent_port: int, postgres_server: Postgres, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    url = f"postgresql://stentor@127.0.0.1:{silent_port},127.0.0.1:{postgres_server.port}/{name}"
    db = await open_postgres(url)
    assert await db.fetch_value("SELECT 1") == 1
    await db.close()


async def test_when_no_host_answers_it_is_said_some_time(silent_port: int, hasty: None) -> None:
    async with asyncio.timeout(10 * SHORT):
        with pytest.raises(StorageProblem):
            await open_postgres(f"postgresql://stentor@127.0.0.1:{silent_port},127.0.0.1:1/db")


@contextmanager
def frozen(processes: set[int]) -> Iterator[None]:
    """Processes that neither answer nor go."""
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in processes:
            os.kill(one, signal.SIGCONT)


async def write(db: PostgresDatabase, name: str = "a") -> None:
    async with db.transaction() as tx:
        await tx.run("INSERT INTO tags (name, created_at) VALUES ($1, 0)", name)


@pytest.mark.parametrize("ask", [write, PostgresDatabase._has_ledger], ids=["write", "read"])
async def test_connections_to_a_machine_that_froze_are_given_up_together(
    db: PostgresDatabase, ask: Callable[[PostgresDatabase], Awaitable[object]]
) -> None:
    old = await pids(db, 6)
    assert len(old) == 6
    with frozen(old):
        with pytest.raises(StorageProblem):
            await ask(db)
        # That one was waited for, and none of the others is (a busy machine may keep one waiting).
        next_ones = await asyncio.gather(*(pid(db) for _ in old), return_exceptions=True)
        assert sum(isinstance(one, StorageProblem) for one in next_ones) < len(old) / 2
        assert not old & {*next_ones}
    assert not old & await pids(db, 6)


async def test_who_is_cancelled_does_not_wait_for_a_machine_that_froze(
    db: PostgresDatabase,
) -> None:
    with frozen(await pids(db, 1)):
        task = asyncio.create_task(write(db))
        await asyncio.sleep(0.1)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10 * SHORT)
        assert done
        assert task.cancelled()
        assert await db.fetch_value("SELECT 2") == 2


async def test_a_primary_that_takes_no_writes_any_more_is_left(db: PostgresDatabase) -> None:
    before = await pids(db, 4)
    async with db.transaction() as tx:
        await tx.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(StorageProblem):
        await write(db)
    await write(db)
    assert not before & await pids(db, 1)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    """A primary whose commits wait for its replica; tests may end either of them."""
    with Postgres(settings={"synchronous_commit": "on"}) as primary:
        replica = Postgres()
        try:
            wait_for(make_schema(primary.url()))
            replica.follow(primary)
            primary.set_live("synchronous_standby_names", "'*'")
            yield primary, replica
        finally:
            replica.close()


async def names(db: PostgresDatabase) -> set[str]:
    return {row[0] for row in await db.fetch("SELECT name FROM tags")}


async def test_what_the_replica_does_not_have_is_not_kept_and_not_told_until_it_has(
    pair: tuple[Postgres, Postgres], hasty: None
) -> None:
    """Cancelled, the commit would be there for whoever asks again, and gone with the primary."""
    primary, replica = pair
    db = await open_postgres(primary.url())
    told: list[str] = []

    async def add(name: str) -> None:
        async with db.transaction() as tx:
            await tx.run("INSERT INTO tags (name, created_at) VALUES ($1, 0)", name)
            tx.after_commit(told.append, name)

    await add("before")
    meanwhile = [f"meanwhile {number}" for number in range(WRITERS + 8)]
    replica.stop()
    # However many try, and try again, those who read have connections left.
    for _ in range(2):
        tries = await asyncio.gather(*map(add, meanwhile), return_exceptions=True)
        assert {type(one) for one in tries} == {StorageProblem}
        assert await names(db) == {"before"}
    replica.start()
    async with asyncio.timeout(30):
        while len(told) <= WRITERS:  # noqa: ASYNC110 - PostgreSQL says it to each commit's task
            await asyncio.sleep(0.02)
    assert len(told) == len(set(told)) == WRITERS + 1
    assert await names(db) == {*told}
    await add("after")
    assert await names(db) == {*told}
    await db.close()


async def test_on_a_replica_any_commit_is_one_that_touches_everything(
    pair: tuple[Postgres, Postgres],
) -> None:
    """What was touched is not logged, so it has none of it; it is asked for a moment at most."""
    primary, replica = pair
    db, reading = await open_postgres(primary.url()), await open_postgres(replica.url())
    before = after = await reading.instant()
    async with db.transaction() as tx:
        await tx.run("INSERT INTO tags (name, created_at) VALUES ('silent', 0)")
    async with asyncio.timeout(30):
        while after == before:
            after = await reading.instant()
    assert not reading.still(before, after, [0])
    assert reading.still(after, await reading.instant(), [0])
    await db.close()
    await reading.close()


async def test_the_replica_takes_over_with_everything_and_is_found(
    pair: tuple[Postgres, Postgres],
) -> None:
    primary, replica = pair
    db = await open_postgres(
        f"postgresql://stentor@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/postgres"
    )
    told: list[str] = []
    async with db.transaction() as tx:
        await tx.run("INSERT INTO tags (name, created_at) VALUES ('the last', 0)")
        tx.after_commit(told.append, "the last")
    primary.stop(signal.SIGKILL)
    with pytest.raises(StorageProblem):
        await write(db)
    replica.promote()
    replica.set_live("synchronous_standby_names", "''")
    assert "the last" in await names(db)
    await write(db, "new")
    await db.close()


async def test_what_was_perhaps_committed_is_told_with_what_is_committed_next(
    db: PostgresDatabase,
) -> None:
    told: list[int] = []
    with pytest.raises(StorageProblem):
        async with db.transaction() as tx:
            pid = await tx.fetch_value("SELECT pg_backend_pid()")
            await tx.run("INSERT INTO tags (name, created_at) VALUES ('x', 0)")
            tx.after_commit(told.append, 1)
            os.kill(pid, signal.SIGSTOP)
            os.kill(pid, signal.SIGTERM)
            asyncio.get_running_loop().call_later(0.1, os.kill, pid, signal.SIGCONT)
    assert told == []
    async with db.transaction() as tx:
        tx.after_commit(told.append, 2)
    assert told == [1, 2]
