"""A database that tests use one after the other is each time as if nobody had had it before."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

from tests.recycling import Recycling
from tests.servers import Postgres

pytestmark = pytest.mark.postgres
PERSON = "INSERT INTO accounts (id, username, created_at, first_seen_at, updated_at) VALUES"
WRITTEN = "INSERT INTO conversations (created_at) VALUES (0) RETURNING id"


@pytest.fixture
def recycling(postgres_server: Postgres) -> Iterator[Recycling]:
    """Databases that only these tests use."""
    found = Recycling(postgres_server)
    yield found
    found.close()


async def run(url: str, *statements: str) -> list[object]:
    """The first value that each of them returns."""
    connection = await asyncpg.connect(url)
    found = [await connection.fetchval(one) for one in statements]
    await connection.close()
    return found


async def test_rows_and_numbers_of_whoever_had_it_before_are_gone(recycling: Recycling) -> None:
    url = recycling.lend()
    whole = "SELECT count(*), min(name) FROM migrations"
    before = await run(url, WRITTEN, WRITTEN, "SELECT nextval('notification_ids')", whole)
    await run(url, f"{PERSON} (1, 'ann', 0, 0, 0)", "DELETE FROM migrations")
    recycling.take_back(url)
    assert recycling.lend() == url
    after = await run(url, WRITTEN, WRITTEN, "SELECT nextval('notification_ids')", whole)
    assert before == after
    assert before[:3] == [1, 2, 1]
    assert await run(url, "SELECT count(*) FROM accounts") == [0]
    recycling.take_back(url)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX mine ON accounts (note)",
        "ALTER TABLE accounts DISABLE TRIGGER ALL",
        "DROP TABLE rate_counts",
        "ANALYZE accounts",
        f"{PERSON[:-6]} SELECT i, repeat(i::text, 400), 0, 0, 0 FROM generate_series(1, 20000) i",
    ],
)
async def test_what_emptying_does_not_undo_is_left_behind_with_its_database(
    recycling: Recycling, change: str
) -> None:
    """Its tables, figures for the planner, thousands of dead rows."""
    url = recycling.lend()
    await run(url, change)
    recycling.take_back(url)
    other = recycling.lend()
    assert other != url
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    recycling.take_back(other)


async def test_whoever_is_still_at_work_keeps_nobody_waiting(recycling: Recycling) -> None:
    url = recycling.lend()
    busy = await asyncpg.connect(url)
    await busy.execute(f"BEGIN; {PERSON} (1, 'ann', 0, 0, 0)")
    recycling.take_back(url)
    other = recycling.lend()
    assert other != url
    busy.terminate()
    recycling.take_back(other)
