"""Filters are found by their indexes, however many other people have some."""

from __future__ import annotations

import re

import pytest

from stentor.store import filters
from stentor.store.database import Database
from tests.factories import NOW, make_account, make_status
from tests.fixtures import Filled

PEOPLE = 2000
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"


async def many_filters(db: Database) -> None:
    """Two thousand people with ten filters each, a keyword in each, and one status in all."""
    status_id = await make_status(db, (await make_account(db)).id)
    async with db.transaction() as tx:
        await tx.run(
            f"{NUMBERS.format(most=PEOPLE)} INSERT INTO accounts"
            " (id, username, created_at, first_seen_at, updated_at)"
            " SELECT i, 'p' || i, 0, 0, 0 FROM n"
        )
        await tx.run(
            f"{NUMBERS.format(most=10 * PEOPLE)} INSERT INTO filters"
            " (account_id, title, contexts, action, created_at, expires_at)"
            f" SELECT i % {PEOPLE} + 1, 't' || i, 'home', 'warn', 0,"
            f" CASE WHEN i < {PEOPLE} THEN {NOW} END FROM n"
        )
        await tx.run(
            "INSERT INTO filter_keywords (filter_id, keyword, whole_word)"
            " SELECT id, title, TRUE FROM filters"
        )
        await tx.run(
            "INSERT INTO filter_statuses (filter_id, status_id) SELECT id, $1::bigint FROM filters",
            status_id,
        )
        await tx.run("ANALYZE")


@pytest.fixture
async def crowd(filled: Filled) -> Database:
    return await filled(many_filters)


async def test_filters_are_read_along_the_index_of_their_account(crowd: Database) -> None:
    [status_id] = [row[0] for row in await crowd.fetch("SELECT id FROM statuses")]
    for sql, values in (
        (filters.OF_ACCOUNT, (7,)),
        (filters.FIND, (7, 6)),
        (filters.ACTIVE, (7, NOW, [status_id])),
        (filters.OF_KEYWORD, (7, 6)),
        (filters.OF_STATUS, (7, 6)),
    ):
        plan = await crowd.plan(sql, *values)
        assert not re.findall(r"SCAN (?!carray)\w+|Seq Scan on \w+", plan), plan


async def test_only_what_has_not_ended_is_active_and_only_what_is_asked_for_is_named(
    crowd: Database,
) -> None:
    [status_id] = [row[0] for row in await crowd.fetch("SELECT id FROM statuses")]
    everything = await filters.of_account(crowd, 7)
    assert len(everything) == 10
    active = await filters.active(crowd, 7, [status_id, 5], now=NOW)
    assert list(active) == [one for one in everything if one.expires_at is None]
    assert len(active) == 9
    assert [len(one.statuses) for one in active] == [1] * 9
    assert list(await filters.active(crowd, 7, [5], now=NOW - 1)) == [
        one._replace(statuses=()) for one in everything
    ]
    assert await filters.find(crowd, 7, everything[0].id) == everything[0]
    assert await filters.find(crowd, 8, everything[0].id) is None
