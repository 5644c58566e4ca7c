"""Claiming goes by the index: what waits for others costs nothing."""

import pytest

from stentor.store import push_deliveries
from stentor.store.database import Database
from stentor.store.dialect import to_sqlite
from tests import factories as make
from tests.factories import NOW


@pytest.fixture
async def crowded(db: Database) -> Database:
    """Many rows of a dead origin, and a few of others."""
    alice = await make.make_account(db)
    async with db.transaction() as tx:
        await tx.run(
            "INSERT INTO push_subscriptions (id, access_token_id, account_id, endpoint, origin,"
            " p256dh, auth, standard, alerts, sealed_token, created_at, updated_at)"
            " SELECT 1, t.id, t.account_id, 'https://a/1', 'https://a', $1::bytea, $1::bytea,"
            " $2::boolean, '{}', $1::bytea, 0, 0 FROM access_tokens t",
            b"x",
            True,
        )
        origins = ["https://dead"] * 3000 + ["https://a", "https://b", "https://z"] * 2
        await tx.run_many(
            "INSERT INTO push_deliveries (account_id, notification_id, subscription_id, origin,"
            " run_at, created_at) VALUES ($1, $2, 1, $3, $4, $4)",
            [(alice.id, n, origin, NOW + n) for n, origin in enumerate(origins, 1)],
        )
    if db.engine == "postgres":
        await db.fetch("ANALYZE push_deliveries")
    return db


async def test_every_origin_is_found_whatever_waits_for_another(crowded: Database) -> None:
    found = await push_deliveries.due(crowded, after="", now=NOW + 10_000, limit=10)
    assert [one.origin for one in found] == [
        "https://a", "https://b", "https://dead", "https://z",
    ]  # fmt: skip
    rest = await push_deliveries.due(crowded, after="https://b", now=NOW + 10_000, limit=1)
    assert [one.origin for one in rest] == ["https://dead"]
    assert await push_deliveries.due(crowded, after="", now=NOW, limit=10) == []


async def test_what_has_been_due_longest_is_claimed_first_and_only_once(crowded: Database) -> None:
    async with crowded.transaction() as tx:
        first = await push_deliveries.claim(
            tx, "https://dead", now=NOW + 10_000, until=NOW + 20_000, limit=3
        )
        second = await push_deliveries.claim(
            tx, "https://dead", now=NOW + 10_000, until=NOW + 20_000, limit=2
        )
    assert [one.notification_id for one in first + second] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (push_deliveries.DUE, ("", NOW, 64)),
        (push_deliveries.CLAIM, ("https://a", NOW, 8, NOW + 1)),
    ],
)
async def test_no_statement_reads_all_rows(crowded: Database, sql: str, values: tuple) -> None:
    if crowded.engine == "sqlite":
        sql = to_sqlite(sql)
    plan = (await crowded.plan(sql, *values)).lower()
    assert "push_deliveries_due" in plan, plan
    assert "seq scan on push_deliveries" not in plan, plan
    assert "scan push_deliveries\n" not in plan + "\n", plan
    assert "scan d\n" not in plan + "\n", plan
