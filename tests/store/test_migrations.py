"""The schema made fresh is the schema migrated, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from stentor.store import migrations
from stentor.store.database import Database, open_database
from stentor.store.migrations import Migration


@pytest.fixture
async def empty(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without anything in it."""
    if engine == "sqlite":
        return f"sqlite:{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("postgres_url"))


async def test_step_by_step_ends_where_all_at_once_ends(
    empty: str, engine: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrations.load(engine)
    stepwise = await open_database(empty)
    for count in range(1, len(everything) + 1):
        monkeypatch.setattr(migrations, "load", lambda _, n=count: everything[:n])
        assert await stepwise.migrate() == [everything[count - 1].name]
    assert await stepwise.describe() == await db.describe()
    await stepwise.close()


async def test_migrating_again_does_nothing(db: Database) -> None:
    assert await db.migrate() == []


async def test_a_migration_that_fails_leaves_nothing_behind(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await db.describe()
    broken = Migration("9999_broken", ("CREATE TABLE half (id bigint)", "CREATE NONSENSE"))
    monkeypatch.setattr(migrations, "load", lambda _: [broken])
    with pytest.raises(Exception, match=r"(?i)syntax"):
        await db.migrate()
    assert await db.describe() == before


def test_both_engines_have_the_same_steps() -> None:
    names = {
        engine: [one.name for one in migrations.load(engine)] for engine in ("sqlite", "postgres")
    }
    assert names["sqlite"] == names["postgres"]
    assert len(set(names["sqlite"])) == len(names["sqlite"])
