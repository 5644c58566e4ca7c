"""Pages of statuses, threads and favourites are read along indexes, not along tables."""

from __future__ import annotations

import re

import pytest

from stentor.domain.paging import LARGEST, Anchor, Cursor
from stentor.store import (
    account_statuses,
    favourites,
    marks,
    readable_statuses,
    status_views,
    statuses,
    threads,
)
from stentor.store.account_statuses import Selection
from stentor.store.database import Database
from tests.factories import NOW
from tests.fixtures import Filled

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
MANY = 6000
#: Account 1 wrote, and status 1 got, one in a hundred of everything.
CROWD = (
    ("accounts", "id, username, created_at, first_seen_at, updated_at", "i, 'p' || i, 0, 0, 0"),
    ("conversations", "id, created_at", "i, 0"),
    (
        "statuses",
        "id, account_id, conversation_id, visibility, in_reply_to_id, created_at",
        "i, CASE WHEN i % 100 = 0 THEN 1 ELSE i END, i, 'public',"
        " CASE WHEN i = 1 THEN NULL WHEN i % 100 = 0 THEN 1 ELSE i - 1 END, 0",
    ),
    (
        "statuses",
        "id, account_id, conversation_id, visibility, reblog_of_id, created_at",
        f"i + {MANY}, i, 1, 'public', CASE WHEN i % 100 = 0 THEN 1 ELSE i END, 0",
    ),
    (
        "favourites",
        "account_id, status_id, created_at",
        "i, CASE WHEN i % 100 = 0 THEN 1 ELSE i END, 0",
    ),
    ("favourites", "account_id, status_id, created_at", "1, i * 100, 0"),
    ("mentions", "status_id, account_id", "i, i"),
)
WALKS = re.compile(r"SCAN (?!carray|up|down|n\b)[a-z]+|Seq Scan on (?!accounts)\w+")
#: Hardly anything is in these tables, and PostgreSQL may read them as they are.
EMPTY = "applications|follows|blocks|bookmarks|conversation_mutes|status_pins|filters"


async def many_statuses(db: Database) -> None:
    async with db.transaction() as tx:
        for table, columns, values in CROWD:
            most = MANY if "i * 100" not in values else MANY // 100
            start = NUMBERS.format(most=most)
            await tx.run(
                f"{start} INSERT INTO {table} ({columns}) SELECT {values} FROM n"
                " WHERE TRUE ON CONFLICT DO NOTHING"
            )
        await tx.run("ANALYZE")


@pytest.fixture
async def crowd(filled: Filled) -> Database:
    return await filled(many_statuses)


SELECTIONS = [
    Selection(),
    Selection(exclude_replies=True, exclude_reblogs=True),
    Selection(pinned=True),
    Selection(tag="tea"),
]


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("own", [False, True])
async def test_a_page_of_an_account_is_a_range_of_its_index(
    crowd: Database, selection: Selection, own: bool
) -> None:
    for anchor in Anchor:
        sql = account_statuses.page_query(selection, own=own, cursor=Cursor(20, 0, LARGEST, anchor))
        values = [1, 0, LARGEST, 20, 1 if own else 2, False]
        plan = await crowd.plan(sql, *values, *([selection.tag] if selection.tag else []))
        tables = "status_pins|status_tags|tags"  # few rows, or none: any way is as good
        walks = [walk for walk in WALKS.findall(plan) if not re.search(tables, walk)]
        assert not walks, plan


@pytest.mark.parametrize(
    "sql", [f"{favourites.ACCOUNTS} DESC LIMIT $6", f"{marks.REBLOGGED_BY} DESC LIMIT $6"]
)
async def test_who_acted_on_a_status_is_a_range_of_its_index(crowd: Database, sql: str) -> None:
    plan = await crowd.plan(sql, 1, 0, LARGEST, 2, NOW, 40)
    walks = [walk for walk in WALKS.findall(plan) if not re.search("blocks|mutes", walk)]
    assert not walks, plan


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (threads.ANCESTORS, (1, 40)),
        (threads.DESCENDANTS, (1, 20, 60)),
        (readable_statuses.FIND, (1, 2)),
        (statuses.LOCK_DEPENDANTS, (1,)),
        (statuses.COUNT_REMOVED, ([1],)),
        (statuses.LOAD, ([1, 2],)),
        (statuses.VERSIONS, ([1, 2],)),
        (status_views.STANDING, (1, 2, 3, 4, NOW)),
    ],
)
async def test_single_statuses_and_threads_are_looked_up(
    crowd: Database, sql: str, values: tuple[object, ...]
) -> None:
    plan = await crowd.plan(sql, *values)
    walks = [w for w in WALKS.findall(plan) if not re.search(EMPTY, w)]
    assert not walks, plan
