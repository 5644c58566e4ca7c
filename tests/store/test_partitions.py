"""A PostgreSQL whose tables of notifications are divided among partitions by their recipient.

The schema is that of the migrations: only ``PARTITION BY HASH`` is added. Whatever holds here about
keys and statements holds for those who put the partitions on several machines.
"""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stentor.actions import jobs
from stentor.store import migrations
from stentor.store.database import Database, open_database
from stentor.store.migrations import Migration
from stentor.store.postgres import PostgresDatabase, PostgresTransaction
from tests.communities import V1, V2, begin
from tests.fixtures import RecordingBus
from tests.helpers import Client

pytestmark = pytest.mark.postgres

SCALING = Path(__file__).parents[2] / "docs" / "operate" / "scaling.md"
PARTITIONS = 4
#: What is kept for each recipient by himself.
TABLES = (
    "email_deliveries", "markers", "notification_decisions", "notification_group_segments",
    "notification_groups", "notification_inboxes", "notification_permissions",
    "notification_policies", "notification_requests", "notifications", "presences",
    "push_attempts", "push_deliveries", "push_subscriptions",
)  # fmt: skip
CREATE = re.compile(r"CREATE TABLE (\w+) \(")
OUTWARD = re.compile(r" REFERENCES (?:accounts|statuses|access_tokens) \(id\) ON DELETE [A-Z ]+")
PARTITION = re.compile(rf"\b({'|'.join(TABLES)})_p(\d)\b")
PEOPLE = ("ann", "bob", "cat", "dan", "eve")

UNIQUE_KEYS = """
    SELECT c.relname, i.relname, (
        SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = x.indkey[0])
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace
"""


def divided(migration: Migration, *, bound: bool) -> Migration:
    """The same step, with those tables in partitions; bound to the other tables, or not."""
    statements = []
    for one in migration.statements:
        found = CREATE.match(one)
        name = found[1] if found else ""
        if name not in TABLES:
            statements.append(one)
            continue
        one = one if bound else OUTWARD.sub("", one)
        statements.append(f"{one} PARTITION BY HASH (account_id)")
        statements += [
            f"CREATE TABLE {name}_p{number} PARTITION OF {name}"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            for number in range(PARTITIONS)
        ]
    return Migration(migration.name, tuple(statements))


@pytest.fixture
async def whole(migrated_postgres_url: str) -> AsyncIterator[Database]:
    """As everybody has it."""
    database = await open_database(migrated_postgres_url)
    yield database
    await database.close()


@pytest.fixture(params=[True, False], ids=["foreign keys", "no foreign keys"])
async def db(
    request: pytest.FixtureRequest, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """In partitions; ``client`` is on top of it.

    On several machines foreign keys to tables that are on one of them cannot be had.
    """
    steps = [divided(one, bound=request.param) for one in migrations.load("postgres")]
    monkeypatch.setattr(migrations, "load", lambda _: steps)
    database = await open_database(postgres_url)
    await database.migrate()
    yield database
    await database.close()


async def unled(db: Database, tables: tuple[str, ...]) -> list[str]:
    """Unique keys of those tables that do not begin with the recipient."""
    found = await db.fetch(UNIQUE_KEYS)
    assert {table for table, _, _ in found} >= {*tables}
    return [index for table, index, first in found if table in tables and first != "account_id"]


async def test_every_key_of_what_is_kept_for_a_recipient_begins_with_him(whole: Database) -> None:
    assert await unled(whole, TABLES) == []
    assert await unled(whole, ("blocks", "mentions")) != []  # a control


async def test_no_table_of_notifications_is_forgotten(whole: Database) -> None:
    names = {
        row[0]
        for row in await whole.fetch(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'account_id'"
        )
    }
    kinds = ("notification", "push_", "email_", "marker", "presence")
    assert {one for one in names if one.startswith(kinds)} == {*TABLES}


def test_the_page_on_scaling_names_them() -> None:
    listed = SCALING.read_text().partition("<!-- by recipient -->")[2].partition("<!-- end -->")[0]
    assert re.findall(r"`(\w+)`", listed) == [*TABLES]


async def test_a_community_lives_on_partitions_as_on_one_table(
    client: Client, db: Database, bus: RecordingBus
) -> None:
    luck = random.Random(5)
    community = await begin(client, *PEOPLE)
    for name in PEOPLE[:2]:
        await community.act("policy", name, "for_not_following", "filter")
    for turn in range(40):
        one, other = luck.sample(PEOPLE, 2)
        await community.act("post", one, other, "public", luck.randrange(30))
        await community.act(luck.choice(["favourite", "reblog"]), other, turn)
        await community.act("follow", luck.choice(PEOPLE), one)
    await community.check()
    for verb in ("dismiss", "dismiss_group", "accept", "dismiss_request", "marker", "delete"):
        for one in PEOPLE:
            await community.act(verb, one, luck.randrange(30))
    await community.act("block", "eve", "cat")
    await jobs.work_off(db, bus, now=client.services.now())
    await community.check()
    await community.act("dismiss_requests", "ann", 0)
    await community.act("clear", "bob")
    await community.check()
    used = await db.fetch("SELECT DISTINCT tableoid::regclass::text FROM notifications")
    assert len(used) > 1


async def test_what_is_done_for_one_recipient_touches_one_partition(
    client: Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = await begin(client, *PEOPLE)
    for turn, one in enumerate(PEOPLE):
        await community.act("post", one, "ann", "public", 1)
        await community.act("favourite", one, turn)
    asked = record(monkeypatch)
    ann = community.people["ann"]
    for path in (
        f"{V1}/notifications", V2, f"{V1}/notifications/unread_count", f"{V2}/unread_count",
        f"{V1}/notifications/requests", f"{V2}/policy", "/api/stentor/v1/notification_decisions",
        f"{V1}/markers?timeline[]=notifications", f"{V1}/push/subscription",
    ):  # fmt: skip
        path, _, query = path.partition("?")
        await client.get(path, ann, params=query)
    await community.act("marker", "ann", 1)
    for verb, name in (("favourite", "bob"), ("unfavourite", "bob"), ("dismiss", "ann")):
        await community.act(verb, name, 0)
    await community.act("post", "bob", "ann", "public", 1)
    await community.act("clear", "ann")
    monkeypatch.undo()
    seen = set()
    for sql, values in asked:
        touched = await partitions(db, sql, *values)
        seen |= {table for table, _ in touched}
        assert len({number for _, number in touched}) <= 1, sql
    assert seen >= {"notifications", "notification_groups", "notification_requests", "markers"}
    control = "SELECT 1 FROM notifications WHERE from_account_id = $1"
    assert len(await partitions(db, control, ann.id)) == PARTITIONS


async def partitions(db: Database, sql: str, *values: Any) -> set[tuple[str, str]]:
    """Which a statement may touch: tables, and numbers of their partitions."""
    return set(PARTITION.findall(await db.plan(sql, *values)))


def record(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """From now on, what is asked of the tables with partitions."""
    asked: list[tuple[str, Any]] = []

    def watch(kind: type, name: str) -> None:
        real = getattr(kind, name)

        async def watched(self: Any, sql: str, *values: Any) -> Any:
            given = values[0] if name == "_fetch" else values
            if any(table in sql for table in TABLES):
                asked.append((sql, given))
            return await real(self, sql, *values)

        monkeypatch.setattr(kind, name, watched)

    watch(PostgresDatabase, "_fetch")
    watch(PostgresTransaction, "fetch")
    watch(PostgresTransaction, "run")
    return asked
