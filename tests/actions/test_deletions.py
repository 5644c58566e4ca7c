"""What many hang on goes in steps: gone when it is said to be, and finished after a kill."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.actions import blocks, deletions, favourites, jobs, mutes, reblogs, statuses
from stentor.api.services import Services
from stentor.domain.statuses import Draft
from stentor.errors import NotFound
from stentor.store import notifications
from stentor.store.database import Database
from tests import invariants
from tests.factories import NOW, Person, make_account, make_status
from tests.fixtures import RecordingBus

CROWD = 7


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a handful is many."""
    monkeypatch.setattr(notifications, "STEP", 3)


async def famous(services: Services, *, replies: int = 0) -> tuple[Person, int]:
    """A status that a crowd has reblogged and favourited, and was told an edit of."""
    star = await make_account(services.db, "star", statuses_count=1)
    status_id = await make_status(services.db, star.id)
    for _ in range(CROWD):
        fan = await make_account(services.db, token=None)
        await reblogs.reblog(
            services.db, services.bus, ids=services.ids, account_id=fan.id,
            status_id=status_id, visibility=None, now=NOW,
        )  # fmt: skip
        await favourites.favourite(
            services.db, services.bus, account_id=fan.id, status_id=status_id, now=NOW
        )
    await statuses.edit(
        services.db, services.bus, links=services.links, account_id=star.id,
        status_id=status_id, draft=Draft(text="other words"), now=NOW,
    )  # fmt: skip
    await jobs.work_off(services.db, services.bus, now=NOW)
    return star, status_id


async def count(db: Database, table: str) -> int:
    found: int = await db.fetch_value(f"SELECT count(*) FROM {table}")
    return found


async def nothing_is_left(db: Database) -> None:
    """No status, nothing told, nobody who counts what is gone, no job."""
    for table in ("statuses", "favourites", "notifications", "notification_groups", "jobs"):
        assert await count(db, table) == 0, table
    assert await db.fetch("SELECT id FROM accounts WHERE statuses_count <> 0") == []
    await invariants.check(db)


async def test_a_famous_status_is_gone_with_everything_when_that_is_said(
    services: Services, bus: RecordingBus
) -> None:
    star, status_id = await famous(services)
    assert await count(services.db, "notifications") == 3 * CROWD
    loaded = await statuses.delete(
        services.db, bus, account_id=star.id, status_id=status_id, now=NOW
    )
    assert loaded.statuses[status_id].reblogs_count == CROWD
    await nothing_is_left(services.db)
    assert [one.kind for one in bus.news].count("status_deleted") == 1


async def test_no_step_of_a_deletion_touches_more_than_it_may(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    star, status_id = await famous(services)
    removed: list[int] = []
    settle = notifications._settle

    async def counted(tx: Any, rows: list[Any]) -> None:
        removed.append(len(rows))
        await settle(tx, rows)

    monkeypatch.setattr(notifications, "_settle", counted)
    await statuses.delete(
        services.db, services.bus, account_id=star.id, status_id=status_id, now=NOW
    )
    assert sum(removed) == 3 * CROWD
    assert max(removed) <= notifications.STEP


@pytest.mark.parametrize("steps", range(1, 10))
async def test_a_deletion_goes_on_after_a_kill_at_any_step(
    services: Services, bus: RecordingBus, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    star, status_id = await famous(services)
    strip, left = deletions._strip, steps

    class Killed(BaseException):
        pass

    async def killing(*given: Any) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return await strip(*given)

    monkeypatch.setattr(deletions, "_strip", killing)
    try:
        await statuses.delete(services.db, bus, account_id=star.id, status_id=status_id, now=NOW)
    except Killed:
        assert await count(services.db, "jobs") == 1
    monkeypatch.setattr(deletions, "_strip", strip)
    await jobs.work_off(services.db, bus, now=NOW)
    await nothing_is_left(services.db)
    assert [one.kind for one in bus.news].count("status_deleted") == 1


async def test_deleting_twice_at_once_and_the_job_at_the_same_time_deletes_once(
    services: Services, bus: RecordingBus
) -> None:
    star, status_id = await famous(services)

    async def once() -> bool:
        try:
            await statuses.delete(
                services.db, bus, account_id=star.id, status_id=status_id, now=NOW
            )
        except NotFound:
            return False
        return True

    async def worker() -> bool:
        for _ in range(20):
            await jobs.work_off(services.db, bus, now=NOW)
            await asyncio.sleep(0)
        return False

    assert any(await asyncio.gather(once(), once(), worker(), worker()))
    await jobs.work_off(services.db, bus, now=NOW)
    await nothing_is_left(services.db)
    assert [one.kind for one in bus.news].count("status_deleted") == 1


async def told_much(services: Services) -> tuple[Person, Person, list[int]]:
    """Somebody whose list is full of another's favourites, with others' among them."""
    ann = await make_account(services.db, "ann")
    bob, eve = await make_account(services.db, "bob"), await make_account(services.db, "eve")
    written = [await make_status(services.db, ann.id) for _ in range(CROWD)]
    for status_id in written:
        for one in (bob, eve):
            await favourites.favourite(
                services.db, services.bus, account_id=one.id, status_id=status_id, now=NOW
            )
    return ann, bob, written


async def senders(db: Database) -> list[int]:
    return [row[0] for row in await db.fetch("SELECT from_account_id FROM notifications")]


async def forget(services: Services, how: str, ann: Person, bob: Person) -> None:
    if how == "block":
        await blocks.block(services.db, ann.id, bob.id, now=NOW)
    else:
        await mutes.mute(services.db, ann.id, bob.id, notifications=True, duration=0, now=NOW)


@pytest.mark.parametrize("how", ["block", "mute"])
async def test_who_is_blocked_or_muted_is_gone_when_that_is_said_however_much_he_sent(
    services: Services, how: str
) -> None:
    ann, bob, _ = await told_much(services)
    await forget(services, how, ann, bob)
    left = await senders(services.db)
    assert (len(left), bob.id in left) == (CROWD, False)
    assert await count(services.db, "jobs") == 0
    await invariants.check(services.db)


@pytest.mark.parametrize("how", ["block", "mute"])
async def test_what_a_kill_leaves_behind_goes_soon_and_nothing_later_with_it(
    services: Services, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ann, bob, written = await told_much(services)

    async def killed(*_: Any) -> None:
        pass

    monkeypatch.setattr("stentor.actions.forgetting.finish", killed)
    await forget(services, how, ann, bob)
    assert (await senders(services.db)).count(bob.id) == CROWD - notifications.STEP
    undo = blocks.unblock if how == "block" else mutes.unmute
    await undo(services.db, ann.id, bob.id, now=NOW)
    await favourites.unfavourite(services.db, account_id=bob.id, status_id=written[0])
    await favourites.favourite(
        services.db, services.bus, account_id=bob.id, status_id=written[0], now=NOW
    )
    assert await jobs.work_off(services.db, services.bus, now=NOW) > 1
    assert (await senders(services.db)).count(bob.id) == 1
    await invariants.check(services.db)
