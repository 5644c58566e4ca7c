"""Event to notification on real databases: what is dropped, filtered, kept, grouped, removed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.actions.notify import forget_domain, forget_sender, forget_statuses, notify, retract
from stentor.domain import times
from stentor.domain.notifications import Event, NotificationType
from stentor.store.database import Database
from tests import invariants
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourite,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
    tell,
)
from tests.fixtures import RecordingBus, query_budget


@pytest.fixture
async def ann(db: Database) -> Person:
    """The recipient."""
    return await make_account(db, "ann", token=None)


@pytest.fixture
async def bob(db: Database) -> Person:
    """The sender."""
    return await make_account(db, "bob", token=None)


async def kept(db: Database, person: Person) -> list[tuple[str, bool, str]]:
    """Type, filtered and reason of what a person has, oldest first."""
    rows = await db.fetch(
        "SELECT type, filtered, reason FROM notifications WHERE account_id = $1 ORDER BY id",
        person.id,
    )
    return [(row[0], bool(row[1]), row[2]) for row in rows]


async def test_what_was_kept_is_said_once_after_the_commit(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(db, ann.id)
    favourite_id = await make_favourite(db, bob.id, status_id)
    event = Event(NotificationType.FAVOURITE, favourite_id, bob.id, (ann.id,), NOW, status_id)
    async with db.transaction() as tx:
        await notify(tx, bus, event, now=NOW)
        assert bus.news == []
    assert [(news.account_id, news.kind) for news in bus.news] == [(ann.id, "notification")]
    await invariants.check(db)


async def test_nothing_is_kept_or_said_after_a_rollback(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(db, ann.id)
    favourite_id = await make_favourite(db, bob.id, status_id)
    event = Event(NotificationType.FAVOURITE, favourite_id, bob.id, (ann.id,), NOW, status_id)
    with pytest.raises(RuntimeError):
        async with db.transaction() as tx:
            await notify(tx, bus, event, now=NOW)
            raise RuntimeError
    assert (await kept(db, ann), bus.news) == ([], [])
    assert await db.fetch_value("SELECT count(*) FROM notification_groups") == 0


async def test_the_same_activity_is_told_once_however_often_it_comes(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A110: twenty at once, and one more."""
    status_id = await make_status(db, ann.id)
    favourite_id = await make_favourite(db, bob.id, status_id)
    event = Event(NotificationType.FAVOURITE, favourite_id, bob.id, (ann.id,), NOW, status_id)
    await asyncio.gather(*(tell(db, bus, event) for _ in range(20)))
    await tell(db, bus, event)
    assert len(await kept(db, ann)) == 1
    assert len(bus.news) == 1
    await invariants.check(db)


async def test_concurrent_senders_all_arrive_in_one_group(
    db: Database, bus: RecordingBus, ann: Person
) -> None:
    status_id = await make_status(db, ann.id)
    people = [await make_account(db, token=None) for _ in range(12)]
    await asyncio.gather(*(make_favourited(db, bus, one, ann, status_id) for one in people))
    assert await db.fetch_value("SELECT notifications_count FROM notification_groups") == 12
    await invariants.check(db)


async def test_an_unknown_or_remote_recipient_is_passed_over(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    remote = await make_account(db, "carol", domain="remote.example")
    recipients = (ann.id, remote.id, 12345)
    await tell(db, bus, Event(NotificationType.FOLLOW, 1, bob.id, recipients, NOW))
    assert await kept(db, ann) == [("follow", False, "nothing_applies")]
    assert await db.fetch_value("SELECT count(*) FROM notifications") == 1


async def test_a_favourite_costs_a_fixed_number_of_statements(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """Facts, inbox, id, open group, row, decision, the group as it was, the group."""
    status_id = await make_status(db, ann.id)
    favourite_id = await make_favourite(db, bob.id, status_id)
    event = Event(NotificationType.FAVOURITE, favourite_id, bob.id, (ann.id,), NOW, status_id)
    async with db.transaction() as tx:
        with query_budget(db, 8):
            await notify(tx, bus, event, now=NOW)


DAY = times.DAY
RELATIONS: dict[str, tuple[dict[str, Any], str | None]] = {
    "stranger": ({}, "keep"),
    "blocked": ({"blocks": {}}, None),
    "muted": ({"mutes": {"hide_notifications": True}}, None),
    "muted without hiding": ({"mutes": {"hide_notifications": False}}, "keep"),
    "muted until now": ({"mutes": {"hide_notifications": True, "expires_at": NOW}}, "keep"),
    "muted for a while": ({"mutes": {"hide_notifications": True, "expires_at": NOW + 1}}, None),
}


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("type", ["favourite", "follow", "mention"])
async def test_blocks_and_mutes_stop_every_type(
    db: Database, bus: RecordingBus, ann: Person, bob: Person, type: str, relation: str
) -> None:
    """A48 to A50, T10."""
    tables, outcome = RELATIONS[relation]
    for table, columns in tables.items():
        await insert(
            db, table, account_id=ann.id, target_account_id=bob.id, created_at=NOW, **columns
        )
    if type == "favourite":
        await make_favourited(db, bus, bob, ann, await make_status(db, ann.id))
    elif type == "follow":
        await tell(db, bus, Event(NotificationType.FOLLOW, 1, bob.id, (ann.id,), NOW))
    else:
        await make_mentioned(db, bus, bob, ann)
    assert [row[0] for row in await kept(db, ann)] == ([type] if outcome else [])


async def test_a_muted_conversation_is_silent(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A51."""
    status_id = await make_status(db, ann.id)
    conversation_id = await db.fetch_value("SELECT conversation_id FROM statuses")
    await insert(
        db, "conversation_mutes", account_id=ann.id, conversation_id=conversation_id,
        created_at=NOW,
    )  # fmt: skip
    await make_favourited(db, bus, bob, ann, status_id)
    await make_mentioned(db, bus, bob, ann, conversation_id=conversation_id)
    assert await kept(db, ann) == []


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("how", ["block", "mute"])
@pytest.mark.parametrize("where", ["named", "answered"])
async def test_a_mention_among_the_hidden_is_dropped(
    db: Database, bus: RecordingBus, ann: Person, bob: Person, where: str, how: str, hides: bool
) -> None:
    """A52, A53."""
    troll = await make_account(db, "troll", token=None)
    if how == "block":
        await insert(db, "blocks", account_id=ann.id, target_account_id=troll.id, created_at=NOW)
    else:
        await insert(
            db, "mutes", account_id=ann.id, target_account_id=troll.id, created_at=NOW,
            hide_notifications=hides,
        )  # fmt: skip
    if where == "named":
        status_id = await make_status(db, bob.id, mentions=[troll.id])
    else:
        above = await make_status(db, troll.id)
        status_id = await make_status(
            db, bob.id, in_reply_to_id=above, in_reply_to_account_id=troll.id
        )
    await insert(db, "mentions", status_id=status_id, account_id=ann.id)
    event = Event(NotificationType.MENTION, 99, bob.id, (ann.id,), NOW, status_id)
    await tell(db, bus, event)
    dropped = how == "block" or hides
    assert [row[0] for row in await kept(db, ann)] == ([] if dropped else ["mention"])


@pytest.mark.parametrize(
    ("sender_role", "recipient_role", "delivered"),
    [(1, -99, True), (1, 1, False), (1, 2, False), (2, 1, True), (3, 2, True), (-99, -99, False)],
)
async def test_staff_who_outrank_get_through_a_block_with_a_mention_only(
    db: Database,
    bus: RecordingBus,
    sender_role: int,
    recipient_role: int,
    delivered: bool,
) -> None:
    """A54."""
    ann = await make_account(db, token=None, role_id=recipient_role)
    mod = await make_account(db, token=None, role_id=sender_role)
    await insert(db, "blocks", account_id=ann.id, target_account_id=mod.id, created_at=NOW)
    await make_mentioned(db, bus, mod, ann)
    await make_favourited(db, bus, mod, ann, await make_status(db, ann.id))
    assert [row[0] for row in await kept(db, ann)] == (["mention"] if delivered else [])


@pytest.mark.parametrize(
    ("follows_since", "filtered"), [(None, True), (2 * DAY, True), (3 * DAY, False)]
)
@pytest.mark.parametrize("followed", [False, True])
async def test_followers_count_after_three_days(
    db: Database,
    bus: RecordingBus,
    ann: Person,
    bob: Person,
    follows_since: int | None,
    filtered: bool,
    followed: bool,
) -> None:
    """A57: being followed by the recipient does not help."""
    await insert(db, "notification_policies", account_id=ann.id, for_not_followers=1)
    if follows_since is not None:
        await make_follow(db, bob.id, ann.id, at=NOW - follows_since)
    if followed:
        await make_follow(db, ann.id, bob.id)
    await make_mentioned(db, bus, bob, ann)
    assert [row[1] for row in await kept(db, ann)] == [filtered]


@pytest.mark.parametrize(
    ("created", "first_seen", "dropped"),
    [(29, 29, True), (31, 31, False), (4000, 5, True), (30, 30, False)],
)
async def test_an_account_is_as_old_as_we_have_known_it(
    db: Database, bus: RecordingBus, ann: Person, created: int, first_seen: int, dropped: bool
) -> None:
    """A58, and weakness C-39 mended."""
    await insert(db, "notification_policies", account_id=ann.id, for_new_accounts=2)
    sender = await make_account(
        db, domain="remote.example", created_at=NOW - created * DAY,
        first_seen_at=NOW - first_seen * DAY,
    )  # fmt: skip
    await make_mentioned(db, bus, sender, ann)
    assert (await kept(db, ann) == []) is dropped


@pytest.mark.parametrize("state", ["limited", "followed", "permitted", "silenced by its server"])
async def test_limited_senders_are_filtered_unless_known(
    db: Database, bus: RecordingBus, ann: Person, state: str
) -> None:
    """A55, A56."""
    silenced_at = None if state == "silenced by its server" else NOW
    bob = await make_account(db, token=None, silenced_at=silenced_at)
    if state == "followed":
        await make_follow(db, ann.id, bob.id)
    if state == "permitted":
        await insert(
            db, "notification_permissions", account_id=ann.id, from_account_id=bob.id,
            created_at=NOW,
        )  # fmt: skip
    status_id = await make_status(db, bob.id, mentions=[ann.id])
    event = Event(
        NotificationType.MENTION, 5, bob.id, (ann.id,), NOW, status_id,
        silenced=silenced_at is None,
    )  # fmt: skip
    await tell(db, bus, event)
    [(_, filtered, reason)] = await kept(db, ann)
    assert filtered is (state in ("limited", "silenced by its server"))
    assert (reason == "for_limited_accounts") is filtered


async def thread(db: Database, ann: Person, bob: Person, between: int, **first: Any) -> int:
    """A direct status by ann, so many replies by others, and bob's direct answer; its id."""
    columns = {"author": ann.id, "mentions": [bob.id], "visibility": "direct", **first}
    other = await make_account(db, token=None)
    above = await make_status(
        db, columns["author"], mentions=columns["mentions"], visibility=columns["visibility"]
    )
    for _ in range(between):
        above = await make_status(db, other.id, in_reply_to_id=above, visibility="direct")
    return await make_status(
        db, bob.id, in_reply_to_id=above, visibility="direct", mentions=[ann.id]
    )


async def direct_is_filtered(
    db: Database, bus: RecordingBus, ann: Person, bob: Person, status_id: int
) -> bool:
    """Tells ann of bob's direct status; whether it was filtered."""
    event = Event(NotificationType.MENTION, status_id, bob.id, (ann.id,), NOW, status_id)
    await tell(db, bus, event)
    [(_, filtered, _)] = await kept(db, ann)
    return filtered


@pytest.mark.parametrize(
    ("between", "filtered"), [(0, False), (1, False), (100, False), (101, True)]
)
async def test_an_answer_to_ones_own_direct_message_is_welcome(
    db: Database, bus: RecordingBus, ann: Person, bob: Person, between: int, filtered: bool
) -> None:
    """A60, A61: the parent and a hundred further ancestors are looked at."""
    status_id = await thread(db, ann, bob, between)
    assert await direct_is_filtered(db, bus, ann, bob, status_id) is filtered
    await invariants.check(db)


@pytest.mark.parametrize("first", [{"mentions": []}, {"visibility": "private"}, {"author": "bob"}])
async def test_only_what_the_recipient_wrote_to_the_sender_counts(
    db: Database, bus: RecordingBus, ann: Person, bob: Person, first: dict[str, Any]
) -> None:
    """T09: naming each other elsewhere, or a thread of the sender's own, is no invitation."""
    if first.get("author") == "bob":
        first = {"author": bob.id, "mentions": [bob.id, ann.id]}
    status_id = await thread(db, ann, bob, 1, **first)
    assert await direct_is_filtered(db, bus, ann, bob, status_id)


async def test_a_cycle_of_replies_ends(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A62."""
    status_id = await make_status(db, bob.id, visibility="direct", mentions=[ann.id])
    async with db.transaction() as tx:
        await tx.run("UPDATE statuses SET in_reply_to_id = id")
    assert await direct_is_filtered(db, bus, ann, bob, status_id)


async def test_a_direct_message_out_of_the_blue_waits_as_a_request(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A59, A97: no conversation, nothing said."""
    status_id = await make_mentioned(db, bus, bob, ann, visibility="direct")
    assert await kept(db, ann) == [("mention", True, "for_private_mentions")]
    assert bus.news == []
    request = await db.fetch_row(
        "SELECT notifications_count, last_status_id FROM notification_requests"
    )
    assert request is not None
    assert tuple(request) == (1, status_id)
    assert await db.fetch_value("SELECT count(*) FROM account_conversations") == 0


async def test_a_welcome_direct_message_opens_a_conversation(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_follow(db, ann.id, bob.id)
    status_id = await make_mentioned(db, bus, bob, ann, visibility="direct")
    row = await db.fetch_row(
        "SELECT account_id, participants, last_status_id, unread FROM account_conversations"
    )
    assert row is not None
    assert (row[0], row[1], row[2], bool(row[3])) == (ann.id, str(bob.id), status_id, True)


async def test_requests_count_to_a_hundred(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A68."""
    await insert(db, "notification_policies", account_id=ann.id, for_not_following=1)
    await make_favourited(db, bus, bob, ann, await make_status(db, ann.id))
    assert await db.fetch_value("SELECT count(*) FROM notification_requests") == 0
    for _ in range(103):
        await make_mentioned(db, bus, bob, ann)
    assert await db.fetch_value("SELECT notifications_count FROM notification_requests") == 100
    await invariants.check(db)


async def test_undoing_takes_the_notification_back(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A26; the group goes with its last member."""
    status_id = await make_status(db, ann.id)
    favourite_id = await make_favourited(db, bus, bob, ann, status_id)
    async with db.transaction() as tx:
        await retract(
            tx, account_id=ann.id, type=NotificationType.FAVOURITE, activity_id=favourite_id
        )
    assert await kept(db, ann) == []
    assert await db.fetch_value("SELECT count(*) FROM notification_groups") == 0
    assert len(bus.news) == 1


@pytest.mark.parametrize("gone", [0, 1, 5, 10, 11])
async def test_a_group_stays_true_when_a_member_leaves(
    db: Database, bus: RecordingBus, ann: Person, gone: int
) -> None:
    """The newest, one of the eight at hand, one below them, the oldest."""
    status_id = await make_status(db, ann.id)
    made = [
        await make_favourited(db, bus, await make_account(db, token=None), ann, status_id)
        for _ in range(12)
    ]
    async with db.transaction() as tx:
        await retract(
            tx, account_id=ann.id, type=NotificationType.FAVOURITE, activity_id=made[gone]
        )
    assert await db.fetch_value("SELECT notifications_count FROM notification_groups") == 11
    await invariants.check(db)


async def test_forgetting_a_sender_leaves_the_others(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A74."""
    carol = await make_account(db, "carol", token=None)
    status_id = await make_status(db, ann.id)
    for sender in (bob, carol):
        await make_favourited(db, bus, sender, ann, status_id)
        await make_mentioned(db, bus, sender, ann, visibility="direct")
    async with db.transaction() as tx:
        await forget_sender(tx, account_id=ann.id, from_account_id=bob.id)
    senders = await db.fetch("SELECT DISTINCT from_account_id FROM notifications")
    assert [row[0] for row in senders] == [carol.id]
    await invariants.check(db)


async def test_forgetting_a_domain_takes_requests_and_permissions_along(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """Weakness C-8 mended."""
    remote = await make_account(db, domain="remote.example")
    for sender in (bob, remote):
        await make_mentioned(db, bus, sender, ann, visibility="direct")
        await insert(
            db, "notification_permissions", account_id=ann.id, from_account_id=sender.id,
            created_at=NOW,
        )  # fmt: skip
    async with db.transaction() as tx:
        await forget_domain(tx, account_id=ann.id, domain="remote.example")
    for table in ("notifications", "notification_requests", "notification_permissions"):
        rows = await db.fetch(f"SELECT from_account_id FROM {table}")
        assert [row[0] for row in rows] == [bob.id], table
    await invariants.check(db)


async def test_forgetting_a_status_leaves_no_orphan(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A27, A73: the request falls back to the status before, or ends."""
    first = await make_mentioned(db, bus, bob, ann, visibility="direct")
    second = await make_mentioned(db, bus, bob, ann, visibility="direct")
    own = await make_status(db, ann.id)
    await make_favourited(db, bus, bob, ann, own)
    for gone, left in ((second, 2), (own, 1), (first, 0)):
        async with db.transaction() as tx:
            await forget_statuses(tx, [gone])
            await tx.run("DELETE FROM statuses WHERE id = $1", gone)
        assert len(await kept(db, ann)) == left
        await invariants.check(db)


async def test_an_edit_is_told_anew_with_a_higher_id(
    db: Database, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A103."""
    status_id = await make_status(db, bob.id)
    event = Event(NotificationType.UPDATE, status_id, bob.id, (ann.id,), NOW, status_id)
    assert await tell(db, bus, event) == [1]
    assert await tell(db, bus, event) == [2]
    await invariants.check(db)
