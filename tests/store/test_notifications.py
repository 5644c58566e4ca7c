"""Which index serves a page (EXPLAIN on both engines), on a history worth an index."""

from __future__ import annotations

import re

import pytest

from stentor.domain.grouped_notifications import GROUPABLE
from stentor.domain.ids import LARGEST
from stentor.domain.notifications import NotificationType
from stentor.store import grouped_notifications, notifications
from stentor.store.database import Database
from stentor.store.grouped_notifications import Wanted
from tests.factories import NOW, make_account, make_status

T = NotificationType


@pytest.fixture
async def history(db: Database) -> int:
    """Somebody with 3,000 notifications among 20 other people with as many; his id."""
    owners = [(await make_account(db, token=None)).id for _ in range(6)]
    sender = (await make_account(db, token=None)).id
    status_id = await make_status(db, owners[0])
    rows = []
    for number in range(1, 18_001):
        type_ = ("favourite", "mention", "reblog")[number % 3]
        key = None if type_ == "mention" else f"{type_}-{status_id}-{number // 300}"
        rows.append(
            (
                owners[number % 6],
                number % 50 == 0,
                number,
                type_,
                number,
                sender,
                status_id,
                key,
                NOW,
            )
        )
    async with db.transaction() as tx:
        await tx.run_many(
            "INSERT INTO notifications (account_id, filtered, id, type, activity_id,"
            " from_account_id, status_id, group_key, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            rows,
        )
        await tx.run("ANALYZE")
    return owners[0]


def scans(plan: str) -> list[str]:
    """Lines of a plan that read a whole table of notifications."""
    whole = re.compile(r"SCAN [a-z]\b|Seq Scan on notifications")
    return [line for line in plan.splitlines() if whole.search(line)]


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("include_filtered", [False, True])
@pytest.mark.parametrize(
    "types", [None, frozenset({T.MENTION}), frozenset({T.POLL, T.STATUS, T.FAVOURITE})]
)
async def test_a_page_reads_a_range_of_an_index(
    db: Database,
    history: int,
    types: frozenset[NotificationType] | None,
    include_filtered: bool,
    ascending: bool,
) -> None:
    sql = notifications.page_query(
        types, include_filtered=include_filtered, ascending=ascending, by_sender=False
    )
    plan = await db.plan(sql, history, 0, LARGEST, 40)
    assert not scans(plan), plan
    # Rows come in the order of the index: nothing is sorted but the merge of ranges.
    if types is None and not include_filtered:
        assert "TEMP B-TREE" not in plan, plan
        assert "Sort" not in plan, plan
    assert (
        "notifications_by_type" in plan if types else "notifications_" in plan or "PRIMARY" in plan
    )


async def test_one_sender_reads_a_range_of_his_index(db: Database, history: int) -> None:
    sql = notifications.page_query(None, include_filtered=True, ascending=False, by_sender=True)
    sender = await db.fetch_value("SELECT max(from_account_id) FROM notifications")
    plan = await db.plan(sql, history, 0, LARGEST, 40, sender)
    assert not scans(plan), plan


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_page_of_groups_reads_ranges_of_indexes(
    db: Database, history: int, ascending: bool
) -> None:
    for wanted in (Wanted(None, GROUPABLE), Wanted(frozenset({T.FAVOURITE, T.MENTION}), GROUPABLE)):
        sql = grouped_notifications.page_query(wanted, ascending=ascending)
        plan = await db.plan(sql, history, 0, LARGEST, 40)
        assert not scans(plan), plan
