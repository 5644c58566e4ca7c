"""What is to be said to devices: found by keys, whatever the tables hold."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stentor.domain.notifications import Event, NotificationType
from stentor.store import filters, push_messages, push_subscriptions
from stentor.store.database import Database
from tests import factories as make
from tests.factories import NOW
from tests.fixtures import RecordingBus, query_budget
from tests.push.devices import Device


async def plan(db: Database, sql: str, *values: Any) -> str:
    """How the engine would run it if reading a whole table were a last resort."""
    if db.engine == "sqlite":
        return await db.plan(sql, *values)
    async with db.transaction() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *values))


async def test_no_question_reads_a_whole_table(db: Database, bus: RecordingBus) -> None:
    people = [await make.make_account(db) for _ in range(12)]
    for person in people:
        await Device().subscribe(db, person)
        await make.make_mentioned(db, bus, people[0], person)
    if db.engine == "postgres":  # SQLite would rather read a table that it knows to be so small
        async with db.transaction() as tx:
            await tx.run("ANALYZE")
    one, other = people[0].id, people[1].id
    whole = r"Seq Scan on (?!pg_)|SCAN (?!w\b|carray|json_each|CONSTANT|\d|\(|VALUES)"
    careless = await plan(db, "SELECT id FROM notifications WHERE reason = 'x'")
    assert re.search(whole, careless), careless
    for sql, values in (
        (push_messages.told_query(2), (NOW, one, 1, other, 2)),
        (push_messages.DEVICES, ([1, 2], NOW)),
        (push_subscriptions.OF_ACCOUNTS, ([one],)),
        (filters.HIDING, ([one, other], NOW, [1, 2])),
    ):
        told = await plan(db, sql, *values)
        assert not re.search(whole, told), told


@pytest.mark.parametrize("many", [1, 2, 3, 5, 8, 33])
async def test_any_number_is_found_in_one_question(
    db: Database, bus: RecordingBus, many: int
) -> None:
    sender = await make.make_account(db)
    people = [await make.make_account(db, token=None) for _ in range(many)]
    everyone = tuple(one.id for one in people)
    status_id = await make.make_status(db, sender.id)
    event = Event(NotificationType.STATUS, status_id, sender.id, everyone, NOW, status_id)
    await make.tell(db, bus, event)
    rows = await db.fetch("SELECT account_id, id FROM notifications")
    pairs = [(row[0], row[1]) for row in rows]
    with query_budget(db, 1):
        found = await push_messages.told(db, [*pairs, *pairs, (1, 1)], now=NOW)
    assert found.keys() == set(pairs)
    for (account_id, number), told in found.items():
        assert told.notification.id == number
        assert told.sender.id == sender.id
        assert told.status is not None
        assert (told.status.id, told.mentioned, told.follows_author) == (status_id, False, False)
        assert account_id in everyone
    with query_budget(db, 0):
        assert await push_messages.told(db, [], now=NOW) == {}
