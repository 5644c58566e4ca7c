"""SQLite through APSW: reads in the event loop, one writer, many transactions to one commit.

Statements run directly in the loop (tens of microseconds each); only COMMIT, which waits for
the disk, runs in a thread. Transactions that arrive meanwhile queue up and share the next
commit (docs/decisions: one group-committing writer).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import apsw

from stentor.errors import DuplicateRecord, RecordNotFound
from stentor.store import migrations
from stentor.store.changes import Touches, touches
from stentor.store.database import Database, Row, StorageProblem, Transaction
from stentor.store.dialect import for_sqlite, to_sqlite

# A batch is committed when nobody waits, or when it has grown to this many transactions.
BATCH = 500
BUSY_SECONDS = 5.0
_DISK = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NotADBError,
    apsw.CorruptError,
)
_UNIQUE = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY)
# A cache of twice the size makes no difference that can be measured but to the memory in use.
# A page that several commits change goes from the log (at most some 64 MB) into the file once: with
# 16 MB, a favourite costs 4 % more and commits wait for it more often. (Not by a connection of its
# own beside the commits: pages then count as moved before any sync, and one that fails loses them.)
_DURABLE = """
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768; PRAGMA recursive_triggers = OFF;
    PRAGMA wal_autocheckpoint = 16000
"""


class _Batch:
    """Transactions that will share one commit."""

    __slots__ = ("callbacks", "done", "size")

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.callbacks: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.size = 0


def _fail(batch: _Batch, problem: Exception | None = None) -> None:
    """Nothing of it was kept, and everyone who waits hears that."""
    failure = StorageProblem()
    failure.__cause__ = problem
    batch.done.set_exception(failure)
    batch.done.exception()  # there may be nobody left to read it


class SqliteTransaction(Transaction):
    """A savepoint of the shared writer."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(mails=database.mails)
        self._database = database

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        return self._database.execute(self._database.writer, sql, values)

    async def run(self, sql: str, *values: Any) -> int:
        self._database.execute(self._database.writer, sql, values)
        return int(self._database.writer.changes())

    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._database.statements += 1
        with _reported():
            self._database.writer.executemany(to_sqlite(sql), rows)

    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Row]:
        self._database.statements += 1
        found: list[Row] = []
        with _reported():
            if any(type(one) is list for row in rows for one in row):
                for row in rows:
                    found += self._database.writer.execute(*for_sqlite(sql, tuple(row)))
            else:
                found += self._database.writer.executemany(to_sqlite(sql), rows)
        return found

    async def next_ids(self, sequence: str, count: int) -> list[int]:
        last = await self.fetch_value(
            "UPDATE sequences SET value = value + $1 WHERE name = $2 RETURNING value",
            count,
            sequence,
        )
        return list(range(last - count + 1, last + 1))


def _public(problem: apsw.Error) -> Exception:
    """What a failed statement means to the outside; a mistake of ours stays what it is."""
    if isinstance(problem, apsw.ConstraintError):
        extended = getattr(problem, "extendedresult", 0)  # APSW sets it, its stubs do not say so
        if extended == apsw.SQLITE_CONSTRAINT_FOREIGNKEY:
            return RecordNotFound()
        if extended in _UNIQUE:
            return DuplicateRecord()
    if isinstance(problem, _DISK):
        return StorageProblem()
    return problem


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except apsw.Error as problem:
        raise _public(problem) from problem


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end even if the caller is cancelled, which then happens afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as stop:
            cancelled = stop
    if cancelled:
        raise cancelled


class SqliteDatabase(Database):
    """One file; one writing connection per process, and one that reads while that one writes."""

    engine = "sqlite"
    linger = 0.0015

    def __init__(self, writer: apsw.Connection, reader: apsw.Connection) -> None:
        super().__init__()
        self.writer = writer
        self.reader = reader
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None
        self._committing = False
        # What the open batch has touched so far; None is everything.
        self._touched: set[int] | None = set()
        self._touches: dict[str, Touches | None] = {}
        # Changes when another process has committed something, as it was seen last.
        self._elsewhere = 0
        # How the reader sees the file before the commit that is under way.
        self._before = 0
        writer.preupdate_hook(self._note)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="commit")

    @classmethod
    def open(cls, path: str) -> SqliteDatabase:
        """Opens or makes the file. Raises StorageProblem."""
        with _reported():
            writer = _connect(path)
            # A process that was killed may have left commits that the disk does not have yet, and
            # whoever asks is told of them from now on. This syncs the log before it needs room.
            with suppress(apsw.FullError):
                writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
            return cls(writer=writer, reader=_connect(path))

    def execute(self, connection: apsw.Connection, sql: str, values: tuple[Any, ...]) -> list[Row]:
        """Runs one statement now, in the caller's turn of the loop."""
        self.statements += 1
        try:
            return list(connection.execute(*for_sqlite(sql, values)))
        except apsw.Error as problem:
            raise _public(problem) from problem

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        # The writer still has the pages that it wrote, while every commit empties the reader's
        # cache. It shows what is committed as long as it has nothing open.
        connection = self.reader if self._batch or self._committing else self.writer
        return self.execute(connection, sql, values)

    async def fetch_each(self, sql: str, asked: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        self.statements += len(asked)
        connection = self.reader if self._batch or self._committing else self.writer
        with _reported():
            return [list(connection.execute(*for_sqlite(sql, values))) for values in asked]

    def generation(self) -> Hashable | None:
        if self._committing:
            # Once anything new can be seen it may be that of another process, too.
            if _version(self.reader) != self._before:
                return None
        elif self._batch is None:
            self._elsewhere = _version(self.writer)
        # Else nobody but us can have written: we have the lock.
        return self._elsewhere, self._changes.number

    def _note(self, change: apsw.PreUpdate) -> None:
        """A row is about to change: whatever statement, trigger or cascade does it."""
        table = change.table_name
        try:
            found = self._touches[table]
        except KeyError:
            found = self._touches[table] = touches(table, self._columns(table))
        if found is not None and self._touched is not None and not found(change, self._touched):
            self._touched = None

    def _columns(self, table: str) -> list[str]:
        """None for a table that is made in the very transaction: `migrate` forgets that again."""
        rows = self.reader.execute("SELECT name FROM pragma_table_info(?1) ORDER BY cid", (table,))
        return [str(row[0]) for row in rows]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        with self._noting():
            async with self._unit() as unit:
                yield unit

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[Transaction]:
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            batch = self._batch or await self._begin()
            transaction = SqliteTransaction(self)
            # The first one of a batch can be undone with all of it. A savepoint costs a copy of
            # each page that is changed, and under load most batches are of one transaction.
            alone = not batch.size
            if not alone:
                with _reported():
                    self.writer.execute("SAVEPOINT unit")
            try:
                yield transaction
                if not alone:
                    with _reported():
                        self.writer.execute("RELEASE unit")
            except BaseException:
                self._undo(alone=alone)
                raise
            batch.size += 1
            batch.callbacks += transaction.callbacks
        finally:
            # Also after a failure: others of this batch may be waiting for their commit.
            try:
                if self._batch and (not self._waiting or self._batch.size >= BATCH):
                    await _to_the_end(self._commit(self._batch))
            finally:
                self._turn.release()
        await asyncio.shield(batch.done)

    async def _begin(self) -> _Batch:
        deadline = asyncio.get_running_loop().time() + BUSY_SECONDS
        while True:
            try:
                self.writer.execute("BEGIN IMMEDIATE")
            except apsw.BusyError as problem:  # another process writes: wait without blocking
                if asyncio.get_running_loop().time() > deadline:
                    raise StorageProblem from problem
                await asyncio.sleep(0.002)
            except apsw.Error as problem:
                raise _public(problem) from problem
            else:
                self._batch = _Batch()
                self._touched = set()
                self._elsewhere = _version(self.writer)
                return self._batch

    def _undo(self, *, alone: bool) -> None:
        # SQLite may have rolled back everything by itself (disk full, I/O error).
        gone = self.writer.get_autocommit()
        if alone and not gone:
            self.writer.execute("ROLLBACK")
        if alone or gone:
            batch, self._batch = self._batch, None
            if batch and not batch.done.done():
                _fail(batch)
            return
        self.writer.execute("ROLLBACK TO unit")
        self.writer.execute("RELEASE unit")

    async def _commit(self, batch: _Batch) -> None:
        self._batch = None
        self._committing = True
        # Told before anybody can see it, and again when all can: in between it may be either.
        touched = self._touched
        self._changes.note(touched)
        try:
            self._before = _version(self.reader)
            await asyncio.get_running_loop().run_in_executor(self._disk, self._write, touched)
        except Exception as problem:  # noqa: BLE001 - it is told to everyone who waits
            if not self.writer.get_autocommit():
                self.writer.execute("ROLLBACK")
            self._changes.note(touched)
            self._committing = False
            _fail(batch, problem)
            return
        batch.done.set_result(None)
        for call, arguments in batch.callbacks:
            call(*arguments)

    def _write(self, touched: set[int] | None) -> None:
        """In the thread: who asks what has changed shall not wait until the loop comes round."""
        self.writer.execute("COMMIT")
        self._changes.note(touched)
        self._committing = False

    async def close(self) -> None:
        async with self._turn:
            if self._batch:
                await self._commit(self._batch)
            self._disk.shutdown()
            self.reader.close()
            self.writer.close()

    async def migrate(self) -> list[str]:
        applied = []
        async with self.transaction() as tx:
            await tx.run(migrations.LEDGER)
            known = {row[0] for row in await tx.fetch("SELECT name FROM migrations")}
            for migration in migrations.load("sqlite"):
                if migration.name not in known:
                    for statement in migration.statements:
                        self.writer.execute(statement)
                    await tx.run("INSERT INTO migrations (name) VALUES ($1)", migration.name)
                    applied.append(migration.name)
        self._touches.clear()
        return applied

    async def _has_ledger(self) -> bool:
        sql = "SELECT 1 FROM sqlite_schema WHERE name = 'migrations'"
        return await self.fetch_value(sql) is not None

    async def plan(self, sql: str, *values: Any) -> str:
        rows = self.execute(self.reader, f"EXPLAIN QUERY PLAN {sql}", values)
        return "\n".join(str(row[3]) for row in rows)

    async def describe(self) -> list[str]:
        rows = self.execute(
            self.reader, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1", ()
        )
        return [" ".join(str(row[0]).split()) for row in rows]


def _version(connection: apsw.Connection) -> int:
    """Changes with every commit of any other connection (4 µs). Raises StorageProblem."""
    try:
        return int(connection.execute("PRAGMA data_version").get)
    except apsw.Error as problem:
        raise _public(problem) from problem


def _connect(path: str) -> apsw.Connection:
    connection = apsw.Connection(path, statementcachesize=512)
    connection.set_busy_timeout(int(BUSY_SECONDS * 1000))  # only until the pragmas are set
    for pragma in _DURABLE.split(";"):
        connection.execute(pragma)
    connection.set_busy_timeout(0)
    # Without it SQLite plans a statement anew when its bindings differ (measured: twice the cost
    # of a page). Our plans must not depend on values anyway.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection
