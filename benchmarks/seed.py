"""A database with a community in it: made once for a size and a schema, then taken from a cache."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import apsw

from benchmarks import community
from benchmarks.community import Community, Person, Table
from stentor.store import migrations
from stentor.store.database import Database, open_database

#: Tables in an order in which each refers only to earlier ones.
ORDER = (
    "accounts", "users", "access_tokens", "follows", "conversations", "statuses", "mentions",
    "tags", "status_tags", "favourites", "notification_inboxes", "notifications",
    "notification_groups", "notification_group_segments", "markers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a seeded database is, and what a client needs to know of it."""

    folder: Path
    people: list[Person]
    famous_id: int
    notifications: int
    bytes: int

    def sqlite(self) -> Path:
        """The database file; copy it before something writes to it."""
        return self.folder / "stentor.db"


@dataclass(frozen=True, slots=True)
class Site:
    """A seeded database that may be written to, with a data folder for its server.

    ``pids`` are the processes of the database itself, if it has any.
    """

    url: str
    data: Path
    seed: Seed
    pids: Sequence[int] = ()


def cache() -> Path:
    """The folder for seeds: outside the checkout, yours to delete."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path(tempfile.gettempdir())) / "stentor-benchmarks"


def key(engine: str, notifications: int, people: int) -> str:
    """Names a seed; changes with the schema and with the program that makes it."""
    text = [engine, str(notifications), str(people)]
    text += [statement for one in migrations.load(engine) for statement in one.statements]
    makers = ("community.py", "seed.py", *(["postgres.py"] if engine == "postgres" else []))
    text += [Path(__file__).with_name(name).read_text() for name in makers]
    return f"{engine}-{notifications}-{hashlib.sha256(repr(text).encode()).hexdigest()[:12]}"


def folder_of(engine: str, notifications: int, people: int) -> Path:
    """Where a seed is kept, or would be."""
    return cache() / key(engine, notifications, people)


def is_kept(engine: str, notifications: int, people: int) -> bool:
    """Whether a seed was made before."""
    return (folder_of(engine, notifications, people) / "seed.json").exists()


def ready(notifications: int, people: int) -> Seed:
    """The seed for SQLite, made if it is not there yet."""
    folder = folder_of("sqlite", notifications, people)
    if not is_kept("sqlite", notifications, people):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = make(notifications, people)
        fill_sqlite(folder / "stentor.db", made)
        asyncio.run(_verify_url(f"sqlite:{folder / 'stentor.db'}", made))
        keep(folder, made, (folder / "stentor.db").stat().st_size)
    return load(folder)


def keep(folder: Path, made: Community, size: int) -> Seed:
    """Writes down what the database does not say; the seed counts as made from then on."""
    facts = {
        "people": [asdict(one) for one in made.people],
        "famous_id": made.famous_id,
        "notifications": made.notifications,
        "bytes": size,
    }
    (folder / "seed.json").write_text(json.dumps(facts))
    return load(folder)


def load(folder: Path) -> Seed:
    """A seed that was made before."""
    facts = json.loads((folder / "seed.json").read_text())
    people = [Person(**one) for one in facts.pop("people")]
    return Seed(folder=folder, people=people, **facts)


@lru_cache(1)
def make(notifications: int, people: int) -> Community:
    """`community.make`, without the garbage collector looking through millions of live rows.

    The last one is remembered, for the other engine: `make.cache_clear` when nobody needs it.
    """
    gc.disable()
    try:
        return community.make(notifications, people)
    finally:
        gc.enable()


def split_schema(engine: str) -> tuple[list[str], list[str]]:
    """The schema in two parts: indexes come after the rows, when they can be built sorted."""
    first = [migrations.LEDGER]
    later: list[str] = []
    for migration in migrations.load(engine):
        for statement in migration.statements:
            is_index = statement.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))
            (later if is_index else first).append(statement)
        first.append(f"INSERT INTO migrations (name) VALUES ('{migration.name}')")
    return first, later


def insert(name: str, table: Table) -> str:
    """An INSERT of one row."""
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {name} ({', '.join(table.columns)}) VALUES ({marks})"


@contextmanager
def sqlite_file(file: Path, notifications: int) -> Iterator[apsw.Connection]:
    """A new database file: within the block its tables, afterwards their indexes too."""
    connection = apsw.Connection(str(file))
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000",
                   "temp_store = MEMORY", "foreign_keys = OFF", "threads = 2"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    first, later = split_schema("sqlite")
    with connection:
        for statement in first:
            connection.execute(statement)
    yield connection
    with connection:
        connection.execute(
            "UPDATE sequences SET value = ? WHERE name = 'notification'", (notifications,)
        )
        for statement in later:
            connection.execute(statement)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def fill_sqlite(file: Path, made: Community) -> None:
    """A new database file with all tables, the rows and their indexes."""
    with sqlite_file(file, made.notifications) as connection, connection:
        for name in ORDER:
            table = made.tables[name]
            connection.executemany(insert(name, table), table.rows)


async def _verify_url(url: str, made: Community) -> None:
    db = await open_database(url)
    try:
        await verify(db, made)
    finally:
        await db.close()


async def verify(db: Database, made: Community) -> None:
    """Compares the counted rows of some recipients with a recount; raises AssertionError.

    The first, whose status is famous, and a few more.
    """
    total = await db.fetch_value("SELECT count(*) FROM notifications")
    if total != made.notifications:
        raise AssertionError(f"{total} notifications instead of {made.notifications}")
    for person in made.people[:: max(1, len(made.people) // 10)]:
        await _verify_groups(db, person.account_id)


async def _verify_groups(db: Database, account_id: int) -> None:
    rows = await db.fetch(
        "SELECT group_key, id, from_account_id, created_at FROM notifications"
        " WHERE account_id = $1 AND group_key IS NOT NULL ORDER BY id DESC",
        account_id,
    )
    members: dict[str, list[Any]] = {}
    for row in rows:
        members.setdefault(row[0], []).append(tuple(row))
    segments: dict[str, int] = {}
    for group_key, count in await db.fetch(
        "SELECT group_key, notifications_count FROM notification_group_segments"
        " WHERE account_id = $1",
        account_id,
    ):
        segments[group_key] = segments.get(group_key, 0) + count
    groups = await db.fetch(
        "SELECT group_key, newest_id, newest_at, oldest_id, oldest_at, notifications_count,"
        " segment_count, newest FROM notification_groups WHERE account_id = $1",
        account_id,
    )
    if {group[0] for group in groups} != members.keys():
        raise AssertionError("groups that no notification names, or the other way round")
    for name, newest_id, newest_at, oldest_id, oldest_at, count, in_segment, newest in groups:
        told = members[name]
        is_, should = (
            (newest_id, newest_at, oldest_id, oldest_at, count, json.loads(newest)),
            (told[0][1], told[0][3], told[-1][1], told[-1][3], len(told),
             [[one[1], one[2]] for one in told[:8]]),
        )  # fmt: skip
        if is_ != should or in_segment + segments.get(name, 0) != count:
            raise AssertionError(f"group {name} of {account_id}: {is_} instead of {should}")
