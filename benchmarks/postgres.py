"""The seed on a PostgreSQL of our own, from a wheel: durable, as in production."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from benchmarks import seed
from benchmarks.community import Community, Table
from benchmarks.seed import ORDER, Seed
from stentor.store.database import open_database
from tests.servers import Postgres, free_port

SETTINGS = {"shared_buffers": "'512MB'", "max_wal_size": "'4GB'", "autovacuum": "on"}
#: Seconds that one step of the filling may take.
PAUSE = 600.0


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
    """A running server with the database ``stentor``; made once, copied from the cache after."""
    folder = seed.cache() / seed.key("postgres", notifications, people)
    if not (folder / "seed.json").exists():
        _make(folder, notifications, people)
    with Seeded(folder / "data") as server:
        yield server, seed.load(folder)


def _make(folder: Path, notifications: int, people: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    made = seed.make(notifications, people)
    with Seeded(None) as server:
        size = asyncio.run(_fill(server, made))
        server.stop()
        shutil.copytree(server.data, folder / "data")
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    seed.keep(folder, made, time.monotonic() - began, size)


async def _fill(server: Postgres, made: Community) -> int:
    """All tables, rows and indexes; the database's size in bytes."""
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE DATABASE stentor")
    await connection.close()
    connection = await asyncpg.connect(server.url("stentor"), command_timeout=PAUSE)
    # The rows are right (they are compared below): no look at every foreign key.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    first, later = seed.split_schema("postgres")
    for statement in first:
        await connection.execute(statement)
    for name in ORDER:
        await _copy(connection, name, made.tables[name])
    for statement in later:
        await connection.execute(statement)
    await connection.execute(f"SELECT setval('notification_ids', {made.notifications})")
    for name in ORDER:
        if made.tables[name].columns[0] == "id" and name not in ("accounts", "statuses"):
            sequence = f"pg_get_serial_sequence('{name}', 'id')"
            await connection.execute(f"SELECT setval({sequence}, max(id)) FROM {name}")
    await connection.execute("VACUUM ANALYZE")
    size: int = await connection.fetchval("SELECT pg_database_size('stentor')")
    await connection.close()
    db = await open_database(server.url("stentor"))
    try:
        await seed.verify(db, made)
    finally:
        await db.close()
    return size


async def _copy(connection: asyncpg.Connection, name: str, table: Table) -> None:
    await connection.copy_records_to_table(name, records=table.rows, columns=list(table.columns))
