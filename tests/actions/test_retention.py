"""Forgetting old notifications: off unless asked for, in steps, with everything put right."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stentor.actions import retention
from stentor.app import create_app
from stentor.config import ConfigProblem, Settings, load
from stentor.domain import times
from stentor.store import notifications
from stentor.store.database import Database
from tests import invariants
from tests.factories import NOW, Person, make_account, make_favourited, make_mentioned, make_status
from tests.fixtures import RecordingBus

DAY = times.DAY


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose list grows old."""
    return await make_account(db, "ann", token=None)


async def lives(db: Database, bus: RecordingBus, ann: Person, ages: list[int]) -> None:
    """A favourite, and a filtered mention by a stranger, so many days ago each; oldest first."""
    status_id = await make_status(db, ann.id)
    for days in ages:
        at = NOW - days * DAY
        await make_favourited(db, bus, await make_account(db, token=None), ann, status_id, at=at)
        stranger = await make_account(db, token=None)
        await make_mentioned(db, bus, stranger, ann, at=at, visibility="direct")


async def ids(db: Database, person: Person) -> list[int]:
    """What is left of somebody's list."""
    rows = await db.fetch("SELECT id FROM notifications WHERE account_id = $1", person.id)
    return sorted(row[0] for row in rows)


async def test_what_is_older_than_is_kept_goes_with_its_groups_and_requests(
    db: Database, bus: RecordingBus, ann: Person
) -> None:
    """C-30; and nobody is told."""
    await lives(db, bus, ann, [40, 31, 30, 1])
    bus.news.clear()
    assert await retention.forget(db, kept_days=30, now=NOW) == 1
    assert await ids(db, ann) == [5, 6, 7, 8]
    assert await db.fetch_value("SELECT count(*) FROM notification_groups") == 2
    assert await db.fetch_value("SELECT count(*) FROM notification_requests") == 2
    assert bus.news == []
    await invariants.check(db)
    assert await retention.forget(db, kept_days=30, now=NOW) == 0
    assert await retention.forget(db, kept_days=30, now=NOW + 100 * DAY) == 1
    assert await ids(db, ann) == []
    await invariants.check(db)


async def test_everybody_is_reached_however_many_there_are(
    db: Database, bus: RecordingBus, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page of accounts, step by step of rows; whoever has nothing old loses nothing."""
    monkeypatch.setattr(retention, "ACCOUNTS", 2)
    monkeypatch.setattr(notifications, "STEP", 3)
    people = [ann, *[await make_account(db, token=None) for _ in range(4)]]
    for number, person in enumerate(people):
        await lives(db, bus, person, [1] if number == 2 else [9, 8, 7, 6, 5, 1])
    assert await retention.forget(db, kept_days=5, now=NOW) == 4
    for number, person in enumerate(people):
        assert len(await ids(db, person)) == (2 if number == 2 else 4), number
    await invariants.check(db)


async def test_a_group_that_reaches_over_the_edge_keeps_its_younger_part(
    db: Database, bus: RecordingBus, ann: Person
) -> None:
    status_id = await make_status(db, ann.id)
    for hours in (6, 4, 2):
        sender = await make_account(db, token=None)
        at = NOW - 2 * DAY - hours * times.HOUR
        await make_favourited(db, bus, sender, ann, status_id, at=at)
    assert await retention.forget(db, kept_days=2, now=NOW - 3 * times.HOUR) == 1
    row = await db.fetch_row("SELECT notifications_count, oldest_id FROM notification_groups")
    assert row is not None
    assert tuple(row) == (1, 3)
    await invariants.check(db)


@pytest.mark.parametrize(("days", "left"), [(0, 1), (7, 0)])
async def test_a_server_forgets_only_if_its_settings_say_so(
    tmp_path: Path, bus: RecordingBus, days: int, left: int
) -> None:
    settings = Settings(
        data=str(tmp_path / "data"), rate_limits=False, notifications_kept_days=days
    )
    app = create_app(settings)
    await app.start()
    assert app.services is not None
    db = app.services.db
    await make_favourited(
        db, bus, await make_account(db), ann := await make_account(db, "ann"),
        await make_status(db, ann.id), at=NOW - 3000 * DAY,
    )  # fmt: skip
    await app.stop()
    await app.start()
    try:
        assert app.services is not None
        for _ in range(6000 if days else 20):
            if len(await ids(app.services.db, ann)) == left and days:
                break
            await asyncio.sleep(0.01)
        assert len(await ids(app.services.db, ann)) == left
    finally:
        await app.stop()


@pytest.mark.parametrize("days", ["-1", "40000", "x"])
def test_a_number_of_days_that_makes_no_sense_is_refused(days: str) -> None:
    with pytest.raises(ConfigProblem, match="notifications_kept_days"):
        load(environment={"STENTOR_NOTIFICATIONS_KEPT_DAYS": days})
