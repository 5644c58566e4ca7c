"""What is promised to devices: a row in the notification's own transaction, or nothing (8.3)."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from stentor.actions import favourites
from stentor.actions.notify import notify
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.push_subscriptions import PROMISED
from stentor.store.database import Database
from stentor.streaming.bus import News
from tests import factories as make
from tests.factories import NOW, Person
from tests.fixtures import RecordingBus
from tests.push.devices import Device


async def promised(db: Database) -> list[tuple[int, int, int]]:
    rows = await db.fetch(
        "SELECT account_id, notification_id, subscription_id FROM push_deliveries"
        " ORDER BY account_id, notification_id, subscription_id"
    )
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.fixture
async def author(db: Database) -> Person:
    return await make.make_account(db, "author")


@pytest.fixture
async def fan(db: Database) -> Person:
    return await make.make_account(db, "fan")


async def test_each_device_that_wants_it_is_promised_a_notification_once(
    db: Database, bus: RecordingBus, author: Person, fan: Person
) -> None:
    first = await Device().subscribe(db, author)
    second = await Device().subscribe(db, author, token=await make.make_token(db, author.id))
    await Device().subscribe(
        db, author, token=await make.make_token(db, author.id), alerts={"mention": True}
    )
    await Device().subscribe(db, fan)
    status_id = await make.make_status(db, author.id)
    favourite_id = await make.make_favourited(db, bus, fan, author, status_id)
    number = await db.fetch_value("SELECT id FROM notifications")
    expected = [(author.id, number, one.id) for one in (first, second)]
    assert await promised(db) == expected
    event = Event(NotificationType.FAVOURITE, favourite_id, fan.id, (author.id,), NOW, status_id)
    await make.tell(db, bus, event)
    assert await promised(db) == expected
    # Whoever sends is woken once for both.
    assert bus.news.count(News(author.id, PROMISED, number)) == 1
    row = await db.fetch_row("SELECT run_at, created_at, attempts FROM push_deliveries")
    assert row is not None
    assert tuple(row) == (NOW, NOW, 0)


@pytest.mark.parametrize("policy", [None, "all", "none", "followed", "follower", "bogus"])
@pytest.mark.parametrize("alert", [True, False])
async def test_the_subscriptions_policy_and_alerts_decide(
    db: Database, bus: RecordingBus, author: Person, policy: str | None, alert: bool
) -> None:
    await Device().subscribe(db, author, alerts={"mention": alert}, policy=policy)
    for follows, followed in itertools.product((False, True), repeat=2):
        sender = await make.make_account(db)
        if follows:
            await make.make_follow(db, author.id, sender.id)
        if followed:  # a moment ago: there is no age to reach
            await make.make_follow(db, sender.id, author.id, at=NOW)
        before = await promised(db)
        await make.make_mentioned(db, bus, sender, author)
        wanted = {None: True, "all": True, "followed": follows, "follower": followed}.get(
            policy, False
        )
        assert (len(await promised(db)) > len(before)) is (wanted and alert)


@pytest.mark.parametrize(
    ("verdict", "expected"), [(0, 1), (1, 0), (2, 0)], ids=["accept", "filter", "drop"]
)
async def test_only_what_is_accepted_is_promised(
    db: Database, bus: RecordingBus, author: Person, fan: Person, verdict: int, expected: int
) -> None:
    await Device().subscribe(db, author)
    await make.insert(db, "notification_policies", account_id=author.id, for_not_following=verdict)
    await make.make_mentioned(db, bus, fan, author)
    assert len(await promised(db)) == expected
    assert [one.kind for one in bus.news].count(PROMISED) == expected


async def test_who_is_locked_out_is_promised_nothing_meanwhile(
    db: Database, bus: RecordingBus, author: Person, fan: Person
) -> None:
    await Device().subscribe(db, author)
    for disabled, expected in ((True, 0), (False, 1)):
        async with db.transaction() as tx:
            await tx.run("UPDATE users SET disabled = $1", disabled)
        await make.make_mentioned(db, bus, fan, author)
        assert len(await promised(db)) == expected
    assert await db.fetch_value("SELECT COUNT(*) FROM notifications") == 2


async def test_a_promise_is_kept_or_lost_with_its_notification(
    db: Database, bus: RecordingBus, author: Person, fan: Person
) -> None:
    await Device().subscribe(db, author)
    event = Event(NotificationType.FOLLOW, 1, fan.id, (author.id,), NOW)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await notify(tx, bus, event, now=NOW)
            assert await tx.fetch_value("SELECT COUNT(*) FROM push_deliveries") == 1
            raise ZeroDivisionError
    assert await promised(db) == []
    assert await db.fetch_value("SELECT COUNT(*) FROM notifications") == 0


async def test_a_favourite_costs_nothing_more_for_whom_no_device_waits(
    db: Database, bus: RecordingBus, author: Person, fan: Person
) -> None:
    async def cost(person: Person) -> int:
        status_id = await make.make_status(db, person.id)
        other = await make.make_account(db)
        before = db.statements
        await favourites.favourite(db, bus, account_id=other.id, status_id=status_id, now=NOW)
        return db.statements - before

    await cost(author)  # who is known from now on
    without = await cost(author)
    await Device().subscribe(db, fan)  # somebody else's device
    assert await cost(author) == without
    await Device().subscribe(db, author)
    assert await cost(author) == without + 2


async def test_the_cost_does_not_grow_with_recipients_or_devices(
    db: Database, bus: RecordingBus, fan: Person
) -> None:
    async def cost(people: int) -> int:
        told = [await make.make_account(db) for _ in range(people)]
        for person in told:
            await Device().subscribe(db, person)
            await Device().subscribe(db, person, token=await make.make_token(db, person.id))
        status_id = await make.make_status(db, fan.id)
        everyone = tuple(one.id for one in told)
        event = Event(NotificationType.STATUS, status_id, fan.id, everyone, NOW, status_id)
        promises, before = len(await promised(db)), db.statements
        async with db.transaction() as tx:
            await notify(tx, bus, event, now=NOW)
        used = db.statements - before
        assert len(await promised(db)) == promises + 2 * people
        return used

    assert await cost(12) == await cost(3)


@pytest.mark.parametrize("type_", NotificationType)
async def test_every_type_is_promised_to_who_asks_for_it(
    db: Database, bus: RecordingBus, fan: Person, type_: NotificationType
) -> None:
    chief = await make.make_account(db, role_id=3)
    asking = await Device().subscribe(db, chief, alerts={type_.value: True})
    await Device().subscribe(
        db, chief, token=await make.make_token(db, chief.id), alerts={"other": True}
    )
    status_id = await make.make_status(db, fan.id)
    await make.tell(db, bus, Event(type_, 9, fan.id, (chief.id,), NOW, status_id))
    assert [one[2] for one in await promised(db)] == [asking.id]


async def test_a_device_that_leaves_at_the_same_moment_does_not_stop_the_notification(
    db: Database, bus: RecordingBus, author: Person, fan: Person
) -> None:
    device = await Device().subscribe(db, author)
    event = Event(NotificationType.FOLLOW, 1, fan.id, (author.id,), NOW)
    async with db.transaction() as leaving:
        await leaving.run("DELETE FROM push_subscriptions WHERE id = $1", device.id)
        telling = asyncio.create_task(make.tell(db, bus, event))
        await asyncio.sleep(0.3)  # it has come as far as it can before this commits
        assert not telling.done()
    assert len(await telling) == 1
    assert await promised(db) == []
