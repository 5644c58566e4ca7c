"""How quotes are found: by index, on both engines, however many there are."""

from __future__ import annotations

import re

import pytest

from stentor.domain.paging import Cursor
from stentor.store import audiences, quotes
from stentor.store.database import Database
from tests.factories import NOW, insert, make_account, make_status


@pytest.fixture
async def crowd(db: Database) -> Database:
    """Some statuses, one of them quoted a hundred times, every third quote taken back."""
    ann = await make_account(db, token=None)
    original = await make_status(db, ann.id, id=7)
    for number in range(100):
        status = await make_status(db, ann.id, has_quote=True)
        await insert(
            db, "quotes", status_id=status, account_id=ann.id, quoted_status_id=original,
            quoted_account_id=ann.id, state="accepted" if number % 3 else "revoked",
            created_at=NOW,
        )  # fmt: skip
    return db


async def test_quotes_are_found_by_their_indexes(crowd: Database) -> None:
    for sql, values in (
        (quotes.LOAD, ([7, 8], 1, NOW)),
        (quotes.PAGE, (7, 0, 2**62, 20)),
        (audiences.QUOTERS, (7, 0, 20)),
    ):
        plan = await crowd.plan(sql, *values)
        found = re.findall(r"SCAN (?!carray|found\b)\w+|Seq Scan on quotes", plan)
        assert not found, plan


async def test_pages_hold_what_is_accepted_and_meet(crowd: Database) -> None:
    newest = await quotes.page(crowd, 7, Cursor(20))
    assert [row_id for row_id, _ in newest] == sorted((one[0] for one in newest), reverse=True)
    seen = list(newest)
    while newest:
        newest = await quotes.page(crowd, 7, Cursor(20, before=newest[-1][0]))
        seen += newest
    assert len(seen) == len(set(seen)) == 66
    told: list[int] = []
    page = await audiences.quoters(crowd, 7, 0, 20, now=NOW)
    while True:
        told += [one.status_id for one in page.listeners]
        if page.after is None:
            break
        page = await audiences.quoters(crowd, 7, page.after, 20, now=NOW)
    assert told == [status_id for _, status_id in reversed(seen)]
