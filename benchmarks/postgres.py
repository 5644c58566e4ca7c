"""The seed on a PostgreSQL of our own, from a wheel: durable, as in production."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from operator import itemgetter
from pathlib import Path

import asyncpg

from benchmarks import seed
from benchmarks.community import Community, Table
from benchmarks.seed import ORDER, Seed
from stentor.store.database import open_database
from tests.servers import Postgres, free_port

SETTINGS = {"shared_buffers": "'512MB'", "max_wal_size": "'4GB'", "autovacuum": "on"}
#: Seconds that one step of the filling may take.
PAUSE = 1800.0
#: The database of the seed.
NAME = "stentor"
#: Tables whose ids count up.
SERIAL = ("access_tokens", "follows", "conversations", "mentions", "tags", "favourites")


class Seeded(Postgres):
    """A server on a copy of a cluster that was filled before, or on an empty one."""

    def __init__(self, cluster: Path | None) -> None:
        super().__init__(durable=True, settings=SETTINGS)
        if cluster is not None:
            shutil.copytree(cluster, self.data)
            if self.user != "-":
                for path in [self.data, *self.data.rglob("*")]:
                    shutil.chown(path, self.user)
            self.data.chmod(0o700)
            self.port = free_port()
            self.configure({"port": str(self.port)})


@contextmanager
def seeded(notifications: int, people: int) -> Iterator[tuple[Postgres, Seed]]:
    """A running server with the database `NAME`; made once, copied from the cache after."""
    folder = seed.folder_of("postgres", notifications, people)
    if not seed.is_kept("postgres", notifications, people):
        _make(folder, notifications, people)
    with Seeded(folder / "data") as server:
        yield server, seed.load(folder)


def _make(folder: Path, notifications: int, people: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = seed.make(notifications, people)
    with Seeded(None) as server:
        size = asyncio.run(fill(server, NAME, made))
        server.stop()
        shutil.copytree(server.data, folder / "data")
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    seed.keep(folder, made, size)


async def fill(server: Postgres, name: str, made: Community) -> int:
    """A new database with all tables, rows and indexes; its size in bytes."""
    async with connected(server) as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    async with filling(server, name) as connection:
        first, later = seed.split_schema("postgres")
        for statement in first:
            await connection.execute(statement)
        for table in ORDER:
            await _copy(connection, table, made.tables[table])
        await finish(connection, later, made.notifications)
        size: int = await connection.fetchval("SELECT pg_database_size($1::text::name)", name)
    db = await open_database(server.url(name))
    try:
        await seed.verify(db, made)
    finally:
        await db.close()
    return size


@asynccontextmanager
async def connected(server: Postgres, name: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
    """A connection of one's own."""
    connection = await asyncpg.connect(server.url(name), command_timeout=PAUSE)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def filling(server: Postgres, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to fill a database with: rows that are right, and need not survive a crash."""
    async with connected(server, name) as connection:
        for setting in ("session_replication_role = replica", "maintenance_work_mem = '512MB'",
                        "synchronous_commit = off"):  # fmt: skip
            await connection.execute(f"SET {setting}")
        yield connection


async def finish(connection: asyncpg.Connection, later: Sequence[str], notifications: int) -> None:
    """Indexes, sequences and statistics, when all rows are there."""
    for statement in later:
        await connection.execute(statement)
    await connection.execute(f"SELECT setval('notification_ids', {notifications})")
    for name in SERIAL:
        sequence = f"pg_get_serial_sequence('{name}', 'id')"
        await connection.execute(f"SELECT setval({sequence}, max(id)) FROM {name}")
    await connection.execute("VACUUM ANALYZE")


async def _copy(connection: asyncpg.Connection, name: str, table: Table) -> None:
    # In the order in which things happened, as such a table grows.
    at = table.columns.index("id") if "id" in table.columns else 0
    rows = sorted(table.rows, key=itemgetter(at))
    await connection.copy_records_to_table(name, records=rows, columns=list(table.columns))
