"""PostgreSQL through asyncpg: prepared statements, a bounded pool, a deadline on everything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Hashable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import asyncpg

from stentor.domain.bounded import make_room
from stentor.errors import DuplicateRecord, RecordNotFound
from stentor.store import changes, hosts, migrations, touches
from stentor.store.at_once import for_many
from stentor.store.database import Callback, Database, Row, StorageProblem, Transaction
from stentor.store.touches import Watch
from stentor.together import Together

POOL = 16
# Connections that may be writing: the others are for reading, whatever commits wait for.
WRITERS = 12
WAIT_SECONDS = 2.0
STATEMENT_SECONDS = 5.0
DAY = 86_400.0
# Planning a decision costs more than running it, and PostgreSQL would plan anew for each list that
# is bound: one plan for each statement, as on SQLite. Our plans must not depend on values anyway.
SESSION = {"jit": "off", "plan_cache_mode": "force_generic_plan", "application_name": "stentor"}
# A statement that is being read so often already is read together with whoever else wants it: a
# trip to the database costs either side more than most queries do.
AT_ONCE, TOGETHER = 1, 32
# Each connection keeps so many statements prepared: more than we have.
STATEMENTS = 1000
# Any number, the same in all processes: only one of them migrates.
_MIGRATION_LOCK = 7_301_544_101

_LOST = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # that of a connection which dies just now
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as problem:
        raise DuplicateRecord from problem
    except asyncpg.ForeignKeyViolationError as problem:
        raise RecordNotFound from problem
    except _LOST as problem:
        raise StorageProblem from problem


async def _nothing_to_reset(_: Any) -> None:
    """Instead of asyncpg's reset, a round trip after each use: we set nothing on a session."""


# Turns of the loop in which whoever asks for the instant may join those who ask already.
ROUNDS = 4


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has noticed, and taken it back
        return True


class PostgresTransaction(Transaction):
    """A transaction on one connection of the pool."""

    def __init__(self, database: PostgresDatabase, connection: Any) -> None:
        super().__init__(mails=database.mails)
        self._database = database
        self._connection = connection

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        self._database.statements += 1
        rows: list[Row] = await self._connection.fetch(sql, *values)
        return rows

    async def run(self, sql: str, *values: Any) -> int:
        self._database.statements += 1
        tag: str = await self._connection.execute(sql, *values)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._database.statements += 1
        statement = await self._database.at_once(self._connection, sql) if len(rows) > 1 else None
        if statement is None:
            await self._connection.executemany(sql, rows)
        else:
            await self._connection.execute(statement, *map(list, zip(*rows, strict=True)))

    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Row]:
        self._database.statements += 1
        found: list[Row]
        statement = await self._database.at_once(self._connection, sql) if len(rows) > 1 else None
        if statement is None:
            found = await self._connection.fetchmany(sql, rows)
        else:
            found = await self._connection.fetch(statement, *map(list, zip(*rows, strict=True)))
            if sql.lstrip().startswith("SELECT"):
                found = [row[:-1] for row in found]
        return found

    async def forget_touches(self) -> int:
        return await touches.forget(self)

    async def next_ids(self, sequence: str, count: int) -> list[int]:
        rows = await self.fetch(
            f"SELECT nextval('{sequence}_ids') FROM generate_series(1, $1::int)", count
        )
        return sorted(int(row[0]) for row in rows)


class _Reading:
    """How often a statement is being read just now, and who waits to read it together."""

    __slots__ = ("running", "together")

    def __init__(self, read: Callable[[list[tuple[Any, ...]]], Awaitable[list[list[Row]]]]) -> None:
        self.running = 0
        self.together: Together[tuple[Any, ...], list[Row]] = Together(read, most=TOGETHER)


class PostgresDatabase(Database):
    """A pool of connections to one database."""

    engine = "postgres"
    linger = 0.0015

    def __init__(self, pool: Any) -> None:
        super().__init__()
        self._pool = pool
        #: Connections that were lent out before and are good; the newest is the warmest.
        self._idle: list[Any] = []
        #: By statement: those that are read, and who waits to read it with others.
        self._reading: dict[str, _Reading] = {}
        self._waiting = 0
        self._closing = False
        self._writers = asyncio.Semaphore(WRITERS)
        #: Connections whose commit nobody waits for any more, with what it is to tell.
        self._committing: dict[Any, list[Callback]] = {}
        #: What may have been committed when a connection was lost: nobody has said so.
        self._in_doubt: list[Callback] = []
        self._coming_back: set[asyncio.Task[None]] = set()
        #: By statement: the one for many rows of values, None where there is none.
        self._at_once: dict[str, str | None] = {}
        self._instants: Together[None, Hashable] = Together(
            self._look, most=sys.maxsize, rounds=ROUNDS
        )
        self._watch: Watch | None = None
        self._watches = 0

    @classmethod
    async def open(cls, url: str) -> PostgresDatabase:
        """Connects. Raises StorageProblem if nobody answers in time."""
        connect: Any = hosts.connect
        with _reported():
            pool = await asyncpg.create_pool(
                url,
                connect=connect,
                init_size=1,
                min_size=0,  # connections are made when somebody wants one
                max_size=POOL,
                timeout=WAIT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                reset=_nothing_to_reset,
                statement_cache_size=STATEMENTS,
                max_cached_statement_lifetime=0,
                server_settings=SESSION,
            )
        return cls(pool)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection to use. Raises TimeoutError if none becomes free in time.

        Acquiring and releasing through the pool costs twice what a small query does, so a
        connection that was used without any trouble stays at hand, unless somebody waits for
        one. After trouble the pool looks at it, and makes a new one if it has to.
        """
        connection = await self._take()
        try:
            yield connection
        except BaseException as problem:
            if connection not in self._committing:
                await self._look_at(connection, problem)
            raise
        if self._waiting or self._closing:
            await self._pool.release(connection)
        else:
            self._idle.append(connection)

    async def _take(self) -> Any:
        while self._idle:
            connection = self._idle.pop()
            if not _is_lost(connection):
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=WAIT_SECONDS)
        finally:
            self._waiting -= 1

    async def _look_at(self, connection: Any, problem: BaseException) -> None:
        """Gives back a connection after trouble, or gives up all if their server seems gone.

        Each of them would keep somebody waiting: a machine that is switched off says nothing.
        """
        if isinstance(problem, asyncpg.ReadOnlySQLTransactionError):
            connection.terminate()
        gone = _is_lost(connection)
        try:
            await self._pool.release(connection)
        except TimeoutError:  # it did not stop what it was asked to stop
            gone = True
        if gone:
            await self._pool.expire_connections()
            left, self._idle = self._idle, []
            watching = [self._watch.connection] if self._watch else []
            for one in [*left, *self._committing, *watching]:
                if not _is_lost(one):
                    one.terminate()
            for one in left:
                await self._pool.release(one)

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        self.statements += 1
        if not sql.lstrip().startswith("SELECT"):
            return await self._fetch(sql, values)
        reading = self._reading.get(sql)
        if reading is None:
            reading = self._reading[sql] = _Reading(partial(self._fetch_each, sql))
        try:
            if reading.running >= AT_ONCE:
                return await reading.together(values)
            # Nobody who comes alone waits for others.
            reading.running += 1
            try:
                return await self._fetch(sql, values)
            finally:
                reading.running -= 1
        finally:
            # Clients can have statements made (types[]): only those in use are remembered.
            if not reading.running and not reading.together.busy:
                self._reading.pop(sql, None)

    async def _fetch(self, sql: str, values: tuple[Any, ...]) -> list[Row]:
        with _reported():
            async with self._connection() as connection:
                rows: list[Row] = await connection.fetch(sql, *values)
                return rows

    async def fetch_each(self, sql: str, asked: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        self.statements += 1
        return await self._fetch_each(sql, asked) if asked else []

    async def _fetch_each(self, sql: str, asked: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        """The rows of each; one trip for all of them, numbered to tell them apart."""
        if len(asked) == 1:
            return [await self._fetch(sql, asked[0])]
        found: list[list[Row]] = [[] for _ in asked]
        with _reported():
            async with self._connection() as connection:
                statement = await self.at_once(connection, sql)
                if statement is None:
                    numbered = f"SELECT q.*, ${len(asked[0]) + 1}::int FROM ({sql}) q"
                    rows = await connection.fetchmany(
                        numbered, [(*values, place) for place, values in enumerate(asked, start=1)]
                    )
                else:
                    rows = await connection.fetch(statement, *map(list, zip(*asked, strict=True)))
        for row in rows:
            found[row[-1] - 1].append(row[:-1])
        return found

    async def at_once(self, connection: Any, sql: str) -> str | None:
        """The statement for many rows of values, if there is one; a trip the first time."""
        if sql not in self._at_once:
            make_room(self._at_once, STATEMENTS)
            prepared = await connection.prepare(sql)
            types = [one.name for one in prepared.get_parameters()]
            self._at_once[sql] = for_many(sql, types)
        return self._at_once[sql]

    def generation(self) -> Hashable | None:
        return changes.instant()

    def instant(self) -> Coroutine[Any, Any, Hashable | None]:
        # Whoever asks while one is on its way waits for the next, which is for all of them.
        return self._instants(None)

    async def _look(self, asked: list[None]) -> list[Hashable]:
        """The instant for all who asked, on a connection that is kept for it."""
        with _reported():
            watch = self._watch
            if watch is None or _is_lost(watch.connection):
                watch = await self._begin_to_watch()
            try:
                self.statements += await watch.hear(self._changes)
            except BaseException as problem:
                self._watch = None
                await self._look_at(watch.connection, problem)
                raise
        return [(watch.number, self._changes.number)] * len(asked)

    async def _begin_to_watch(self) -> Watch:
        before, self._watch = self._watch, None
        if before is not None:
            await self._pool.release(before.connection)
        connection = await self._take()
        try:
            self._watches += 1
            self._watch = await touches.watch(connection, self._watches)
        except BaseException as problem:
            await self._look_at(connection, problem)
            raise
        return self._watch

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        with self._noting(), _reported():
            await self._turn_to_write()
            connection = None
            try:
                async with self._connection() as connection:
                    transaction = PostgresTransaction(self, connection)
                    await connection.execute("BEGIN")
                    try:
                        yield transaction
                    except BaseException:
                        await self._roll_back(connection)
                        raise
                    await self._commit(connection, transaction.callbacks)
            finally:
                if connection not in self._committing:
                    self._writers.release()

    async def _turn_to_write(self) -> None:
        if self._writers.locked():
            await asyncio.wait_for(self._writers.acquire(), WAIT_SECONDS)
        else:
            await self._writers.acquire()

    async def _roll_back(self, connection: Any) -> None:
        try:
            await asyncio.wait_for(connection.execute("ROLLBACK"), WAIT_SECONDS)
        except _LOST:
            connection.terminate()

    async def _commit(self, connection: Any, callbacks: list[Callback]) -> None:
        """Commits and says what is to be said. Raises TimeoutError, and then goes on by itself.

        It may be waiting for a replica that is to have it too. Cancelled, it would be kept without
        the replica, and whoever asks again would be told that it is safe.
        """
        commit = asyncio.create_task(connection.execute("COMMIT", timeout=DAY))
        done = None
        try:
            done, _ = await asyncio.wait({commit}, timeout=STATEMENT_SECONDS)
        finally:
            if not done:
                self._committing[connection] = callbacks
                commit.add_done_callback(partial(self._has_committed, connection))
        if not done:
            raise TimeoutError
        self._tell(commit, callbacks)
        commit.result()

    def _has_committed(self, connection: Any, commit: asyncio.Task[Any]) -> None:
        """It took so long that nobody waited for the end."""
        self._tell(commit, self._committing.pop(connection))
        self._writers.release()
        back = asyncio.create_task(self._pool.release(connection))
        self._coming_back.add(back)
        back.add_done_callback(self._coming_back.discard)

    def _tell(self, commit: asyncio.Task[Any], callbacks: list[Callback]) -> None:
        """Says what is true now. What may be true or not is said with the next that is."""
        if commit.cancelled() or commit.exception() is not None:
            self._in_doubt += callbacks
            return
        callbacks, self._in_doubt = self._in_doubt + callbacks, []
        for call, arguments in callbacks:
            call(*arguments)

    async def close(self) -> None:
        self._closing = True
        if self._watch is not None:
            await self._pool.release(self._watch.connection)
        while self._idle:
            await self._pool.release(self._idle.pop())
        try:
            await asyncio.wait_for(self._pool.close(), STATEMENT_SECONDS)
        except TimeoutError:
            self._pool.terminate()

    async def migrate(self) -> list[str]:
        applied = []
        async with self.transaction() as tx:
            await tx.run(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            await tx.run(migrations.LEDGER)
            known = {row[0] for row in await tx.fetch("SELECT name FROM migrations")}
            for migration in migrations.load("postgres"):
                if migration.name not in known:
                    for statement in migration.statements:
                        await tx.run(statement)
                    await tx.run("INSERT INTO migrations (name) VALUES ($1)", migration.name)
                    applied.append(migration.name)
        return applied

    async def _has_ledger(self) -> bool:
        return bool(await self.fetch_value("SELECT to_regclass('migrations') IS NOT NULL"))

    async def plan(self, sql: str, *values: Any) -> str:
        rows = await self.fetch(f"EXPLAIN {sql}", *values)
        return "\n".join(str(row[0]) for row in rows)

    async def describe(self) -> list[str]:
        columns = await self.fetch(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        )
        indexes = await self.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        constraints = await self.fetch(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
        found = [*columns, *indexes, *constraints]
        return sorted(" ".join(map(str, row)) for row in found)
