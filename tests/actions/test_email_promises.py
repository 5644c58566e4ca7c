"""Which notifications are promised by e-mail: the rows that are written with them (A101, C-26)."""

from __future__ import annotations

import pytest

from stentor.actions import moderation
from stentor.actions.notify import notify
from stentor.domain import emails, times
from stentor.domain.moderation import Action, Sanction
from stentor.domain.notifications import TRAITS, Event, NotificationType
from stentor.store import email_deliveries, presences
from stentor.store.database import Database, Row
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourite,
    make_follow,
    make_mentioned,
    make_status,
    make_token,
    tell,
)
from tests.fixtures import RecordingBus, query_budget

KEYS = {"endpoint": "https://push.example/1", "origin": "https://push.example", "standard": True,
        "p256dh": b"p", "auth": b"a", "alerts": "{}", "sealed_token": b"t"}  # fmt: skip


@pytest.fixture
async def mailing(db: Database) -> Database:
    """A server that sends e-mails."""
    db.mails = True
    return db


@pytest.fixture
async def ann(db: Database) -> Person:
    """The recipient."""
    return await make_account(db, "ann", token=None)


@pytest.fixture
async def bob(db: Database) -> Person:
    """The sender."""
    return await make_account(db, "bob", token=None)


async def change(db: Database, person: Person, **columns: object) -> None:
    """Sets columns of the person."""
    async with db.transaction() as tx:
        for name, value in columns.items():
            await tx.run(f"UPDATE users SET {name} = $2 WHERE account_id = $1", person.id, value)


async def subscribe(db: Database, person: Person, **columns: object) -> None:
    """A device of that person; ``token`` sets columns of its token."""
    token = columns.pop("token", {})
    await make_token(db, person.id, **token)
    token_id = await db.fetch_value("SELECT max(id) FROM access_tokens")
    await insert(
        db,
        "push_subscriptions",
        **{"access_token_id": token_id, "account_id": person.id, "created_at": NOW,
           "updated_at": NOW, **KEYS, **columns},
    )  # fmt: skip


async def promised(db: Database) -> list[Row]:
    """Whom, what kind, when it is due."""
    rows = await db.fetch(
        "SELECT account_id, kind, about_id, run_at FROM email_deliveries ORDER BY about_id"
    )
    return [tuple(row) for row in rows]


async def test_a_mention_is_promised_two_minutes_later(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(mailing, bus, bob, ann)
    number = await mailing.fetch_value("SELECT id FROM notifications")
    assert await promised(mailing) == [(ann.id, "notification", number, NOW + 2 * times.MINUTE)]


async def test_nothing_is_written_where_no_mail_server_is_named(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(db, bus, bob, ann)
    assert await db.fetch_value("SELECT count(*) FROM notifications") == 1
    assert await promised(db) == []


async def test_nothing_is_promised_by_what_is_rolled_back(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(mailing, bob.id)
    event = Event(NotificationType.MENTION, 1, bob.id, (ann.id,), NOW, status_id)
    with pytest.raises(RuntimeError):
        async with mailing.transaction() as tx:
            await notify(tx, bus, event, now=NOW)
            raise RuntimeError
    assert await promised(mailing) == []


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("type_", list(NotificationType), ids=lambda one: one.value)
async def test_only_a_mailable_type_that_is_wanted_is_promised(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person,
    type_: NotificationType, *, wanted: bool,
) -> None:  # fmt: skip
    every = ",".join(one.value for one in NotificationType)
    await change(mailing, ann, notification_emails=every if wanted else "")
    await make_follow(mailing, ann.id, bob.id)
    status_id = await make_status(mailing, bob.id)
    sender = ann.id if TRAITS[type_].from_oneself else bob.id
    await tell(mailing, bus, Event(type_, 7, sender, (ann.id,), NOW, status_id))
    assert bool(await promised(mailing)) == (wanted and TRAITS[type_].mailable)


@pytest.mark.parametrize("type_", emails.MAILABLE, ids=lambda one: one.value)
async def test_who_never_said_anything_hears_of_the_default_types(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person, type_: NotificationType
) -> None:
    status_id = await make_status(mailing, ann.id)
    await tell(mailing, bus, Event(type_, 7, bob.id, (ann.id,), NOW, status_id))
    assert bool(await promised(mailing)) == (type_ in emails.DEFAULT)


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize(
    ("seen", "there"),
    [(0, True), (times.MINUTE, True), (presences.ONLINE - 1, True), (presences.ONLINE, False),
     (times.DAY, False)],
)  # fmt: skip
async def test_who_has_a_stream_open_gets_none_unless_always(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person,
    seen: int, *, there: bool, always: bool,
) -> None:  # fmt: skip
    await insert(mailing, "presences", account_id=ann.id, seen_at=NOW - seen)
    await change(mailing, ann, always_send_emails=always)
    await make_mentioned(mailing, bus, bob, ann)
    assert bool(await promised(mailing)) == (always or not there)


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize(
    ("failing", "works"),
    [(None, True), (0, True), (times.DAY - 1, True), (times.DAY, False), (9 * times.DAY, False)],
)
async def test_a_device_that_works_is_enough_unless_always(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person,
    failing: int | None, *, works: bool, always: bool,
) -> None:  # fmt: skip
    await subscribe(mailing, ann, failing_since=None if failing is None else NOW - failing)
    await change(mailing, ann, always_send_emails=always)
    await make_mentioned(mailing, bus, bob, ann)
    assert bool(await promised(mailing)) == (always or not works)


@pytest.mark.parametrize("token", [{"revoked_at": NOW - 1}, {"expires_at": NOW}])
async def test_a_device_whose_token_has_ended_does_not_count(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person, token: dict[str, int]
) -> None:
    await subscribe(mailing, ann, token=token)
    await make_mentioned(mailing, bus, bob, ann)
    assert len(await promised(mailing)) == 1


async def test_one_device_that_works_counts_beside_one_that_does_not(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await subscribe(mailing, ann, failing_since=NOW - 5 * times.DAY)
    await subscribe(mailing, ann)
    await make_mentioned(mailing, bus, bob, ann)
    assert await promised(mailing) == []


async def test_what_is_filtered_is_not_mailed(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await insert(mailing, "notification_policies", account_id=ann.id, for_not_following=1)
    await make_mentioned(mailing, bus, bob, ann)
    assert await mailing.fetch_value("SELECT count(*) FROM notifications") == 1
    assert await promised(mailing) == []


async def test_what_is_dropped_is_not_mailed(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await insert(
        mailing, "blocks", account_id=ann.id, target_account_id=bob.id, created_at=NOW
    )  # fmt: skip
    await make_mentioned(mailing, bus, bob, ann)
    assert await promised(mailing) == []


async def test_the_same_activity_is_promised_once(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(mailing, bob.id)
    event = Event(NotificationType.MENTION, 1, bob.id, (ann.id,), NOW, status_id)
    await tell(mailing, bus, event)
    await tell(mailing, bus, event)
    assert len(await promised(mailing)) == 1


async def test_many_recipients_are_promised_by_one_statement_each_as_he_wants(
    mailing: Database, bus: RecordingBus, bob: Person
) -> None:
    people = [await make_account(mailing, f"reader{n}", token=None) for n in range(6)]
    await change(mailing, people[1], notification_emails="")
    await insert(mailing, "presences", account_id=people[2].id, seen_at=NOW)
    await subscribe(mailing, people[3])
    status_id = await make_status(mailing, bob.id)
    event = Event(
        NotificationType.MENTION, 1, bob.id, tuple(one.id for one in people), NOW, status_id
    )
    before = mailing.statements
    await tell(mailing, bus, event)
    with_mails = mailing.statements - before
    assert {row[0] for row in await promised(mailing)} == {people[0].id, people[4].id, people[5].id}
    mailing.mails = False
    before = mailing.statements
    await tell(mailing, bus, event._replace(activity_id=2))
    assert with_mails == mailing.statements - before + 1


async def test_a_favourite_costs_nothing_more_while_nobody_wants_mails_about_it(
    mailing: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(mailing, ann.id)
    used = []
    for mails in (False, True):
        mailing.mails = mails
        number = await make_favourite(mailing, bob.id if mails else ann.id, status_id)
        event = Event(NotificationType.FAVOURITE, number, bob.id, (ann.id,), NOW, status_id)
        before = mailing.statements
        async with mailing.transaction() as tx:
            await notify(tx, bus, event, now=NOW)
        used.append(mailing.statements - before)
    assert used[0] == used[1]


# ---------------------------------------------------------------- moderators


@pytest.mark.parametrize("mails", [False, True])
@pytest.mark.parametrize("tell_", [False, True])
@pytest.mark.parametrize("action", list(Action), ids=lambda one: one.value)
async def test_a_moderators_decision_is_promised_at_once_if_he_keeps_the_box_ticked(
    db: Database, bus: RecordingBus, ann: Person, action: Action, *, tell_: bool, mails: bool
) -> None:
    db.mails = mails
    await change(db, ann, notification_emails="")
    await insert(db, "presences", account_id=ann.id, seen_at=NOW)
    sanction = Sanction(target_id=ann.id, action=action, text="Behave.", tell=tell_)
    await moderation.act(db, bus, sanction, now=NOW)
    number = await db.fetch_value("SELECT id FROM account_warnings")
    expected = [(ann.id, "warning", number, NOW)] if tell_ and mails else []
    assert await promised(db) == expected


async def test_nobody_writes_to_people_of_other_servers(mailing: Database, bus: RecordingBus):
    far = await make_account(mailing, "far", domain="far.example")
    sanction = Sanction(target_id=far.id, action=Action.SILENCE)
    await moderation.act(mailing, bus, sanction, now=NOW)
    assert await promised(mailing) == []


# ---------------------------------------------------------------- tidying up


async def test_problems_are_kept_for_a_week(mailing: Database, ann: Person) -> None:
    for number, age in ((1, 0), (2, emails.PROBLEMS_KEPT - 1), (3, emails.PROBLEMS_KEPT)):
        await insert(
            mailing, "email_deliveries", account_id=ann.id, kind="notification", about_id=number,
            run_at=0, created_at=0, given_up_at=NOW - age,
        )  # fmt: skip
    await insert(
        mailing, "email_deliveries", account_id=ann.id, kind="notification", about_id=4,
        run_at=0, created_at=0,
    )  # fmt: skip
    async with mailing.transaction() as tx:
        assert await email_deliveries.old_email_problems(tx, now=NOW) == 1
    assert [row[2] for row in await promised(mailing)] == [1, 2, 4]


async def test_every_statement_reads_the_index_that_is_meant(mailing: Database) -> None:
    with query_budget(mailing, 1):
        assert await email_deliveries.due(mailing, now=NOW) is False
    if mailing.engine == "postgres":
        return  # with so few rows it reads them all
    plans = {
        "email_deliveries_due": [(email_deliveries.DUE, NOW), (email_deliveries.CLAIM, 1, 2, 20)],
        "email_deliveries_given_up": [(email_deliveries.SWEEP, NOW, 500)],
        "SEARCH n USING PRIMARY KEY (account_id=? AND filtered=? AND id=?)": [
            (email_deliveries.ADD, [1], [2], 3, 4, 5, 6),
            (email_deliveries.TOLD, [1], [2], 3),
        ],
    }
    for index, statements in plans.items():
        for sql, *values in statements:
            plan = await mailing.plan(sql, *values)
            assert index in plan, plan
            assert "SCAN email" not in plan
            assert "SCAN n" not in plan
