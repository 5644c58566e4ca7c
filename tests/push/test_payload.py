"""What a push says, and when it says nothing any more."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.actions import blocks, notifications
from stentor.actions.notify import retract
from stentor.domain.limits import PUSH_PLAINTEXT_BYTES
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, Event, NotificationType
from stentor.domain.text import length
from stentor.push import payload, titles
from stentor.push.payload import Message, Payload
from stentor.push.sealing import Seals
from stentor.store.database import Database
from stentor.store.push_deliveries import Promise
from tests import factories as make
from tests.factories import NOW, Person
from tests.fixtures import RecordingBus, query_budget
from tests.push.devices import SECRET, Device

LINKS = Links("https", "stentor.example")
SEALS = Seals(SECRET)


async def promised(db: Database) -> list[Promise]:
    rows = await db.fetch(
        "SELECT account_id, notification_id, subscription_id FROM push_deliveries"
        " ORDER BY notification_id, subscription_id"
    )
    return [Promise._make(row) for row in rows]


async def built(db: Database, *, now: int = NOW) -> list[Message | None]:
    return await payload.build(db, LINKS, SEALS, await promised(db), now=now)


async def only(db: Database) -> Payload:
    (message,) = await built(db)
    assert message is not None
    return message.payload


@pytest.fixture
async def alice(db: Database) -> Person:
    return await make.make_account(db, "alice", display_name="Alice A.", note="writes things")


@pytest.fixture
async def bob(db: Database) -> Person:
    bob = await make.make_account(db, "bob", display_name="Bob B.", note="I like tea & cake")
    await Device().subscribe(db, bob)
    return bob


async def test_a_mention_says_who_and_what(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    await make.make_mentioned(
        db, bus, alice, bob, content="<p>Tea &amp; <b>cake</b></p><p>at &lt;five&gt;</p>"
    )
    said = await only(db)
    assert said == Payload(
        access_token=bob.token,
        preferred_locale="en",
        notification_id=said.notification_id,
        notification_type="mention",
        icon="https://stentor.example/avatars/original/missing.png",
        title="\u2068Alice A.\u2069 mentioned you",
        body="Tea & cake\nat <five>",
    )
    assert type(said.notification_id) is int


async def test_the_id_of_a_payload_is_a_number_and_its_keys_are_these(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    await make.make_mentioned(db, bus, alice, bob)
    (message,) = await built(db)
    assert message is not None
    said = json.loads(message.encode())
    assert list(said) == [
        "access_token",
        "preferred_locale",
        "notification_id",
        "notification_type",
        "icon",
        "title",
        "body",
    ]
    assert type(said["notification_id"]) is int


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("locale", titles.TITLES)
def test_every_type_has_a_title_in_every_language(locale: str) -> None:
    assert list(titles.TITLES[locale]) == list(NotificationType)
    for type_, text in titles.TITLES[locale].items():
        impersonal = type_ in (
            NotificationType.SEVERED_RELATIONSHIPS,
            NotificationType.MODERATION_WARNING,
            NotificationType.ANNUAL_REPORT,
        )
        assert text.count("{name}") == (0 if impersonal else 1)
        assert "{" not in titles.title(type_, "Ada", locale)
    assert len(set(titles.TITLES[locale].values())) == len(NotificationType)
    assert locale in titles.TESTS


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("en", "Ada mentioned you"),
        ("en-GB", "Ada mentioned you"),
        ("de", "Ada hat dich erwähnt"),
        ("de_AT", "Ada hat dich erwähnt"),
        ("FR-ca", "Ada vous mentionne"),
        ("es-MX", "Ada te ha mencionado"),
        ("tlh", "Ada mentioned you"),
        ("", "Ada mentioned you"),
        ("dex", "Ada mentioned you"),
    ],
)
def test_a_title_is_in_the_readers_language_or_else_in_english(locale: str, title: str) -> None:
    assert titles.title(NotificationType.MENTION, "Ada", locale) == title


def test_a_name_that_looks_like_a_place_for_a_name_is_only_a_name() -> None:
    assert titles.title(NotificationType.MENTION, "{name}", "en") == "{name} mentioned you"


async def test_the_language_is_that_of_the_subscriber(
    db: Database, bus: RecordingBus, alice: Person
) -> None:
    carla = await make.make_account(db, "carla", user={"locale": "de"})
    await Device().subscribe(db, carla)
    await make.make_mentioned(db, bus, alice, carla)
    said = await only(db)
    assert said.title == "\u2068Alice A.\u2069 hat dich erwähnt"
    assert said.preferred_locale == "de"


@pytest.mark.parametrize(
    ("columns", "body"),
    [
        ({"spoiler_text": "CW", "content": "<p>secret</p>"}, "CW"),
        ({"spoiler_text": " ", "content": "<p>text</p>"}, "text"),
        ({"content": "<p>one<br>two</p><p> </p><p>three</p>"}, "one\ntwo\nthree"),
        ({"content": "<p>&lt;b&gt; &amp;amp; &#x1F600;</p>"}, "<b> &amp; 😀"),
        ({"content": ""}, "writes things"),
        ({"content": "<p>" + "ab " * 100 + "</p>"}, ("ab " * 47)[:139] + "…"),
        ({"content": "<p>" + "👩‍👩‍👧‍👦" * 150 + "</p>"}, "👩‍👩‍👧‍👦" * 139 + "…"),
    ],
)
async def test_the_body_is_the_first_that_says_something(
    db: Database, bus: RecordingBus, alice: Person, bob: Person, columns: dict[str, Any], body: str
) -> None:
    await make.make_mentioned(db, bus, alice, bob, **columns)
    said = (await only(db)).body
    assert said == body
    assert length(said) <= 140
    assert "secret" not in said


async def test_a_follow_says_who_the_follower_is(
    db: Database, bus: RecordingBus, bob: Person
) -> None:
    remote = await make.make_account(
        db, "zoe", domain="far.example", note="<p>I &lt;3 <em>maps</em></p>", avatar="a/b.png"
    )
    event = Event(NotificationType.FOLLOW, 5, remote.id, (bob.id,), NOW)
    await make.tell(db, bus, event)
    said = await only(db)
    assert said.title == "\u2068zoe\u2069 follows you now"
    assert said.body == "I <3 maps"
    assert said.icon == "https://stentor.example/system/a/b.png"


async def test_nobody_is_introduced_to_himself(
    db: Database, bus: RecordingBus, bob: Person
) -> None:
    event = Event(NotificationType.MODERATION_WARNING, 5, None, (bob.id,), NOW)
    await make.tell(db, bus, event)
    said = await only(db)
    assert (said.title, said.body) == ("The moderators have sent you a warning", "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Eve\u202e gnp.exe", "Eve gnp.exe"),
        ("\u2069\u2069Eve\u2066", "Eve"),
        ("Eve\nand\r\nAdam", "Eve and Adam"),
        ("E" * 500, "E" * 59 + "…"),
        ("  ", "eve"),
    ],
)
async def test_a_name_cannot_disturb_the_title(
    db: Database, bus: RecordingBus, bob: Person, name: str, shown: str
) -> None:
    eve = await make.make_account(db, "eve", display_name=name)
    await make.make_mentioned(db, bus, eve, bob)
    assert (await only(db)).title == f"\u2068{shown}\u2069 mentioned you"


# ---------------------------------------------------------------- one record

_text = st.text(max_size=2000) | st.text(alphabet='"\\\x00\x1f', max_size=4000)


@given(name=_text, body=_text, icon=st.text(max_size=2000), locale=st.text(max_size=35))
def test_a_message_fits_one_record_whatever_it_says(
    name: str, body: str, icon: str, locale: str
) -> None:
    from dataclasses import dataclass

    @dataclass
    class Sender:
        display_name: str
        username: str = "u"

    from stentor.domain.text import clean, excerpt, isolated

    said = Payload(
        "t" * 43,
        clean(locale),
        2**53,
        "severed_relationships",
        clean(icon) if len(icon.encode(errors="replace")) <= 2000 else "",
        titles.title(
            NotificationType.QUOTED_UPDATE, isolated(payload._name(Sender(clean(name)))), "de"
        ),
        excerpt(clean(body)),
    )
    fitted = payload.fitted(said)
    message = Message(None, fitted, "normal", "x")
    assert len(message.encode()) <= PUSH_PLAINTEXT_BYTES
    assert len(message.without_body().encode()) <= len(message.encode())
    assert fitted.title == said.title
    if len(Message(None, said, "", "").encode()) <= PUSH_PLAINTEXT_BYTES:
        assert fitted == said


async def test_what_a_push_service_finds_too_large_can_be_said_without_a_body(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    await make.make_mentioned(db, bus, alice, bob)
    (message,) = await built(db)
    assert message is not None
    assert message.has_body
    small = message.without_body()
    assert not small.has_body
    assert small.payload.body == ""
    assert small.payload.title == message.payload.title
    assert small.topic == message.topic


# ---------------------------------------------------------------- what is not said any more


async def _undo(db: Database, bus: Any, ids: dict[str, int]) -> None:
    async with db.transaction() as tx:
        rows = await tx.fetch("SELECT activity_id FROM notifications")
        await retract(
            tx, account_id=ids["bob"], type=NotificationType.MENTION, activity_id=rows[0][0]
        )


async def _dismiss(db: Database, bus: Any, ids: dict[str, int]) -> None:
    number = await db.fetch_value("SELECT id FROM notifications")
    await notifications.dismiss(db, ids["bob"], number)


async def _read(db: Database, bus: Any, ids: dict[str, int]) -> None:
    number = await db.fetch_value("SELECT id FROM notifications")
    await make.insert(
        db, "markers", account_id=ids["bob"], timeline="notifications", last_read_id=number,
        updated_at=NOW,
    )  # fmt: skip


async def _block(db: Database, bus: Any, ids: dict[str, int]) -> None:
    await blocks.block(db, ids["bob"], ids["alice"], now=NOW)


async def _be_blocked(db: Database, bus: Any, ids: dict[str, int]) -> None:
    await make.insert(
        db, "blocks", account_id=ids["alice"], target_account_id=ids["bob"], created_at=NOW
    )


async def _mute(db: Database, bus: Any, ids: dict[str, int]) -> None:
    await make.insert(
        db, "mutes", account_id=ids["bob"], target_account_id=ids["alice"], created_at=NOW
    )


async def _mute_conversation(db: Database, bus: Any, ids: dict[str, int]) -> None:
    conversation = await db.fetch_value("SELECT conversation_id FROM statuses")
    await make.insert(
        db, "conversation_mutes", account_id=ids["bob"], conversation_id=conversation,
        created_at=NOW,
    )  # fmt: skip


def _change(sql: str) -> Callable[..., Awaitable[None]]:
    async def change(db: Database, bus: Any, ids: dict[str, int]) -> None:
        async with db.transaction() as tx:
            await tx.run(sql.format(now=NOW, **ids))

    change.__name__ = sql
    return change


GONE = [
    _undo,
    _dismiss,
    _read,
    _block,
    _be_blocked,
    _mute,
    _mute_conversation,
    _change("DELETE FROM notifications"),
    _change("UPDATE notifications SET filtered = TRUE"),
    _change("UPDATE accounts SET suspended_at = {now} WHERE id = {alice}"),
    _change("UPDATE accounts SET deletion_requested_at = {now} WHERE id = {alice}"),
    _change("UPDATE accounts SET suspended_at = {now} WHERE id = {bob}"),
    _change("UPDATE accounts SET deletion_requested_at = {now} WHERE id = {bob}"),
    _change("UPDATE accounts SET memorial = TRUE WHERE id = {bob}"),
    _change("UPDATE users SET disabled = TRUE WHERE account_id = {bob}"),
    _change("UPDATE users SET approved = FALSE WHERE account_id = {bob}"),
    _change("UPDATE users SET confirmed_at = NULL WHERE account_id = {bob}"),
    _change("UPDATE access_tokens SET revoked_at = {now} WHERE account_id = {bob}"),
    _change("UPDATE access_tokens SET expires_at = {now} WHERE account_id = {bob}"),
    _change("UPDATE push_subscriptions SET policy = 'none'"),
    _change("UPDATE push_subscriptions SET policy = 'follower'"),
    _change("UPDATE push_subscriptions SET alerts = '{{\"poll\":true}}'"),
    _change("DELETE FROM statuses"),
]
STILL = [
    _change("UPDATE users SET disabled = TRUE WHERE account_id = {alice}"),
    _change("UPDATE access_tokens SET expires_at = {now} + 1 WHERE account_id = {bob}"),
    _change("UPDATE access_tokens SET revoked_at = {now} WHERE account_id = {alice}"),
    _change("UPDATE accounts SET silenced_at = {now} WHERE id = {alice}"),
    _change("UPDATE statuses SET visibility = 'direct'"),
]


@pytest.mark.parametrize("change", GONE)
async def test_what_has_changed_since_is_judged_before_it_is_sent(
    db: Database, bus: RecordingBus, alice: Person, bob: Person, change: Any
) -> None:
    await make.make_mentioned(db, bus, alice, bob)
    before = await promised(db)
    assert (await payload.build(db, LINKS, SEALS, before, now=NOW)) != [None]
    await change(db, bus, {"alice": alice.id, "bob": bob.id})
    assert await payload.build(db, LINKS, SEALS, before, now=NOW) == [None]


@pytest.mark.parametrize("change", STILL)
async def test_what_does_not_concern_the_recipient_stops_nothing(
    db: Database, bus: RecordingBus, alice: Person, bob: Person, change: Any
) -> None:
    await make.make_mentioned(db, bus, alice, bob)
    await change(db, bus, {"alice": alice.id, "bob": bob.id})
    assert (await only(db)).notification_type == "mention"


async def test_a_marker_beyond_everything_does_not_silence_what_comes_later(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    await make.insert(
        db, "markers", account_id=bob.id, timeline="notifications", last_read_id=2**60,
        updated_at=NOW,
    )  # fmt: skip
    await make.make_mentioned(db, bus, alice, bob, at=NOW)
    await make.make_mentioned(db, bus, alice, bob, at=NOW + 1)
    first, second = await built(db)
    assert first is None
    assert second is not None


@pytest.mark.parametrize(
    ("visibility", "follows", "sent"),
    [
        ("public", False, True),
        ("unlisted", False, True),
        ("private", True, True),
        ("private", False, False),
        ("direct", True, False),
    ],
)
async def test_a_status_that_the_recipient_may_not_read_any_more_is_not_sent(
    db: Database, bus: RecordingBus, alice: Person, bob: Person,
    visibility: str, follows: bool, sent: bool,
) -> None:  # fmt: skip
    status_id = await make.make_status(db, alice.id, "secret")
    event = Event(NotificationType.STATUS, status_id, alice.id, (bob.id,), NOW, status_id)
    await make.tell(db, bus, event)
    if follows:
        await make.make_follow(db, bob.id, alice.id)
    async with db.transaction() as tx:
        await tx.run("UPDATE statuses SET visibility = $1", visibility)
    assert [one is not None for one in await built(db)] == [sent]


async def test_a_moderator_who_was_muted_before_is_still_heard(
    db: Database, bus: RecordingBus, bob: Person
) -> None:
    moderator = await make.make_account(db, role_id=3)
    await make.insert(
        db, "mutes", account_id=bob.id, target_account_id=moderator.id, created_at=NOW - 1
    )
    await make.make_mentioned(db, bus, moderator, bob)
    assert (await only(db)).notification_type == "mention"


async def test_what_is_for_staff_is_not_sent_to_who_is_none_any_more(
    db: Database, bus: RecordingBus, alice: Person
) -> None:
    chief = await make.make_account(db, role_id=3)
    await Device().subscribe(db, chief)
    event = Event(NotificationType.ADMIN_REPORT, 5, alice.id, (chief.id,), NOW)
    await make.tell(db, bus, event)
    assert (await only(db)).body == "writes things"
    async with db.transaction() as tx:
        await tx.run("UPDATE accounts SET role_id = -99 WHERE id = $1", chief.id)
    assert await built(db) == [None]


async def test_a_token_that_other_keys_sealed_sends_nothing(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    await make.make_mentioned(db, bus, alice, bob)
    others = Seals(b"t" * 32)
    assert await payload.build(db, LINKS, others, await promised(db), now=NOW) == [None]


@pytest.mark.parametrize(
    ("filter_", "keyword", "sent"),
    [
        ({}, "spoiler", False),
        ({}, "SPOILER", False),
        ({}, "poil", True),
        ({}, "elsewhere", True),
        ({"contexts": "home"}, "spoiler", True),
        ({"contexts": "home,notifications,public"}, "spoiler", False),
        ({"action": "warn"}, "spoiler", True),
        ({"expires_at": NOW}, "spoiler", True),
        ({"expires_at": NOW + 1}, "spoiler", False),
    ],
)
async def test_what_a_filter_hides_from_the_list_is_not_pushed(
    db: Database, bus: RecordingBus, alice: Person, bob: Person,
    filter_: dict[str, Any], keyword: str, sent: bool,
) -> None:  # fmt: skip
    values = {"title": "x", "contexts": "notifications", "action": "hide"} | filter_
    for number, owner in enumerate((bob, alice), 1):  # hers says nothing to him
        word = keyword if owner is bob else "spoiler"
        await make.insert(db, "filters", id=number, account_id=owner.id, created_at=NOW, **values)
        await make.insert(db, "filter_keywords", filter_id=number, keyword=word, whole_word=True)
    await make.make_mentioned(db, bus, alice, bob, content="<p>A sp<b>oiler</b>!</p>")
    with query_budget(db, 4):  # one of them reads the promises
        messages = await built(db)
    assert [one is not None for one in messages] == [sent]


async def test_a_status_that_a_filter_names_is_not_pushed(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    first = await make.make_mentioned(db, bus, alice, bob)
    await make.make_mentioned(db, bus, alice, bob)
    await make.insert(
        db, "filters", id=1, account_id=bob.id, title="x", contexts="notifications",
        action="hide", created_at=NOW,
    )  # fmt: skip
    await make.insert(db, "filter_statuses", filter_id=1, status_id=first)
    assert [one is not None for one in await built(db)] == [False, True]


# ---------------------------------------------------------------- many at once


async def test_a_batch_takes_two_questions_and_keeps_its_order(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    people = [bob]
    for _ in range(6):
        people.append(await make.make_account(db))
        await Device().subscribe(db, people[-1])
    for person in (*people, *people[:3]):
        await make.make_mentioned(db, bus, alice, person)
    wanted = (await promised(db))[::-1]
    gone = wanted[4]
    async with db.transaction() as tx:
        await tx.run("DELETE FROM notifications WHERE id = $1", gone.notification_id)
    absent = Promise(bob.id, 10**9, wanted[0].subscription_id)
    foreign = Promise(bob.id, wanted[-1].notification_id, wanted[0].subscription_id)
    assert foreign != wanted[-1]
    asked = [*wanted, absent, foreign, Promise(bob.id, 1, 10**9)]
    db_before = db.statements
    with query_budget(db, 2):
        messages = await payload.build(db, LINKS, SEALS, asked, now=NOW)
    assert db.statements - db_before == 2
    found = [one and (one.payload.notification_id, one.subscription.id) for one in messages]
    expected: list[Any] = [(one.notification_id, one.subscription_id) for one in wanted]
    expected[4] = None
    assert found == [*expected, None, None, None]
    assert await payload.build(db, LINKS, SEALS, [], now=NOW) == []


async def test_each_device_is_sent_its_own_token(
    db: Database, bus: RecordingBus, alice: Person, bob: Person
) -> None:
    second = await make.make_token(db, bob.id)
    await Device().subscribe(db, bob, token=second)
    await make.make_mentioned(db, bus, alice, bob)
    tokens = [one.payload.access_token for one in await built(db) if one]
    assert tokens == [bob.token, second]


async def test_messages_of_a_group_have_one_topic_and_devices_have_their_own(
    db: Database, bus: RecordingBus, bob: Person
) -> None:
    await Device().subscribe(db, bob, token=await make.make_token(db, bob.id))
    status_id = await make.make_status(db, bob.id)
    for _ in range(2):
        await make.make_favourited(db, bus, await make.make_account(db), bob, status_id)
    other = await make.make_status(db, bob.id)
    await make.make_favourited(db, bus, await make.make_account(db), bob, other)
    messages = [one for one in await built(db) if one]
    topics = [one.topic for one in messages]
    assert len(topics) == 6
    assert topics[0:2] == topics[2:4] != topics[4:6]
    assert len(set(topics)) == 4
    assert {one.urgency for one in messages} == {"low"}


async def test_every_type_can_be_said(db: Database, bus: RecordingBus, alice: Person) -> None:
    chief = await make.make_account(db, role_id=3)
    await Device().subscribe(db, chief)
    status_id = await make.make_status(db, alice.id)
    for number, type_ in enumerate(NotificationType):
        event = Event(type_, 100 + number, alice.id, (chief.id,), NOW, status_id)
        await make.tell(db, bus, event)
    found = {one.payload.notification_type: one.payload.title for one in await built(db) if one}
    assert found.keys() == BY_NAME.keys()
    assert all(found.values())


async def test_a_test_message_says_that_it_is_one(db: Database, bob: Person) -> None:
    number = await db.fetch_value("SELECT id FROM push_subscriptions")
    message = await payload.build_test(db, LINKS, SEALS, number, now=NOW)
    assert message is not None
    assert message.payload.title == "This is a test"
    assert message.payload.access_token == bob.token
    assert await payload.build_test(db, LINKS, SEALS, number + 1, now=NOW) is None
    async with db.transaction() as tx:
        await tx.run("UPDATE users SET disabled = TRUE")
    assert await payload.build_test(db, LINKS, SEALS, number, now=NOW) is None
