"""Databases that one test after the other uses: to empty one costs a tenth of making one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Self, TypeVar

import asyncpg
import pytest

from tests.servers import Postgres, make_schema

T = TypeVar("T")
#: After so many tests a database is left, so that what they deleted never slows down a query.
USES = 100
#: A test that filled more than this gets nobody's place.
BYTES = 16 * 1024**2
_NOTES = """
    CREATE SCHEMA recycling;
    CREATE TABLE recycling.altered (tag text);
    CREATE FUNCTION recycling.note() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO recycling.altered VALUES (tg_tag); END $$;
    CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION recycling.note()
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
#: What emptying does not undo: another schema, figures for the planner, size, somebody at work.
_STATE = """
    SELECT NOT EXISTS (SELECT FROM recycling.altered)
       AND (SELECT NOT bool_or(relkind = 'r' AND reltuples >= 0) AND sum(pg_relation_size(oid)) < $1
            FROM pg_class WHERE relnamespace = 'public'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                       AND state <> 'idle' AND pid <> pg_backend_pid())
"""


class Recycled:
    """One database with Stentor's tables, and the connection that empties it."""

    def __init__(self, url: str, connection: asyncpg.Connection) -> None:
        self.url = url
        self.uses = 0
        self._connection = connection
        self._begun: dict[str, str] = {}
        self._filled = ""
        self._restart = ""

    @classmethod
    async def open(cls, url: str) -> Self:
        """Learns what is in a new one, which is what there shall be each time."""
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": "1000"})
        self = cls(url, connection)
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        for table in tables:
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                self._begun[table] = f"INSERT INTO {table} SELECT * FROM recycling.{table}"
        self._filled = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables
        )
        for (sequence,) in await connection.fetch(_SEQUENCES):
            begun = await connection.fetchrow(f"SELECT last_value, is_called FROM {sequence}")
            self._restart += f"; SELECT setval('{sequence}', {begun[0]}, {begun[1]})"
        await connection.execute(_NOTES)
        for table in self._begun:
            await connection.execute(f"CREATE TABLE recycling.{table} AS TABLE public.{table}")
        # Neither foreign keys nor triggers are of any use to tables that are all emptied.
        await connection.execute(
            "DELETE FROM recycling.altered; SET session_replication_role = replica"
        )
        return self

    async def empty(self) -> bool:
        """As it was when it was new; False if that cannot be had by emptying it."""
        self.uses += 1
        if self.uses >= USES:
            return False
        try:
            if not await self._connection.fetchval(_STATE, BYTES):
                return False
            filled = [row[0] for row in await self._connection.fetch(self._filled)]
            steps = [f"DELETE FROM {table}" for table in filled]
            steps += self._begun.values()
            await self._connection.execute("; ".join(steps) + self._restart)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Lets go of it; the database is still there."""
        await self._connection.close()


class Recycling:
    """Hands out databases of one server, and takes them back."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._ready: list[Recycled] = []
        self._lent: dict[str, Recycled] = {}
        # Connections stay open from test to test, while each test has a loop of its own.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def lend(self) -> str:
        """The URL of a database with Stentor's tables and nothing in them."""
        one = self._ready.pop() if self._ready else self._wait(self._make())
        self._lent[one.url] = one
        return one.url

    def take_back(self, url: str) -> None:
        """Makes it as it was, or drops it."""
        one = self._lent.pop(url)
        if self._wait(one.empty()):
            self._ready.append(one)
        else:
            self._wait(self._drop(one))

    def close(self) -> None:
        """Lets go of all that are ready; the server ends with them."""
        for one in self._ready:
            self._wait(one.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _make(self) -> Recycled:
        await self._server.make_template("stentor_schema", make_schema)
        return await Recycled.open(await self._server.new_database(template="stentor_schema"))

    async def _drop(self, one: Recycled) -> None:
        await one.close()
        await self._server.drop_database(one.url)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@pytest.fixture(scope="session")
def recycling(postgres_server: Postgres) -> Iterator[Recycling]:
    """This test process's databases that are used again."""
    found = Recycling(postgres_server)
    yield found
    found.close()


@pytest.fixture
def recycled_postgres_url(recycling: Recycling) -> Iterator[str]:
    """A PostgreSQL database with Stentor's tables and nothing in them.

    For tests that leave it in peace: whoever kills connections or starts processes takes
    `migrated_postgres_url`, which nobody had before.
    """
    url = recycling.lend()
    yield url
    recycling.take_back(url)
