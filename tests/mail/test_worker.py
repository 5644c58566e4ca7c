"""What is sent, what is not sent any more, and what follows each answer of the mail server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stentor import telemetry
from stentor.actions import favourites, moderation, relationships
from stentor.actions.notify import forget_statuses
from stentor.domain import emails, times
from stentor.domain.moderation import Action, Sanction
from stentor.domain.notifications import Event, NotificationType
from stentor.mail import worker
from stentor.mail.sender import Unreachable
from stentor.store.database import Database, StorageProblem
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
    tell,
)
from tests.fixtures import RecordingBus
from tests.helpers import Clock
from tests.mail.post_office import SECRET, PostOffice
from tests.mail_server import SmtpServer, serving

T = NotificationType


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    """A mail server that takes everything."""
    async with serving(SmtpServer()) as server:
        yield server


@pytest.fixture
async def office(db: Database, smtp: SmtpServer, clock: Clock) -> PostOffice:
    """Sends through it."""
    return PostOffice(db, smtp, clock)


@pytest.fixture
async def ann(db: Database, office: PostOffice) -> Person:
    """The recipient."""
    return await make_account(db, "ann", token=None)


@pytest.fixture
async def bob(db: Database) -> Person:
    """The sender."""
    return await make_account(db, "bob", token=None, display_name="Bob")


async def change(db: Database, table: str, key: str, person: Person, **columns: Any) -> None:
    async with db.transaction() as tx:
        for name, value in columns.items():
            await tx.run(f"UPDATE {table} SET {name} = $2 WHERE {key} = $1", person.id, value)


async def outcomes() -> dict[str, float]:
    samples = next(iter(telemetry.registry.collect()), None)
    found = {}
    for family in telemetry.registry.collect():
        if family.name == "stentor_emails":
            found = {
                one.labels["outcome"]: one.value
                for one in family.samples
                if one.name.endswith("_total")
            }
    assert samples is not None
    return found


# ---------------------------------------------------------------- what is sent


async def test_a_mention_is_sent_two_minutes_later_and_the_row_is_gone(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    assert not await office.send(after=2 * times.MINUTE - 1)
    assert office.smtp.letters == []
    assert await office.send(after=1)
    ((recipient, letter),) = office.smtp.letters
    assert recipient == "ann@example.org"
    assert letter["Subject"] == "Bob mentioned you"
    assert office.smtp.senders == ["notifications@stentor.example"]
    assert await office.rows() == []
    assert not await office.send()


async def test_each_of_the_six_types_is_sent_with_its_own_words_and_headers(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    every = ",".join(one.value for one in emails.MAILABLE)
    await change(office.db, "users", "account_id", ann, notification_emails=every)
    mine = await make_status(office.db, ann.id, "my words")
    theirs = await make_status(office.db, bob.id, "his words", mentions=[ann.id])
    about = {T.REBLOG: mine, T.FAVOURITE: mine, T.MENTION: theirs, T.QUOTE: theirs}
    for number, type_ in enumerate(emails.MAILABLE):
        event = Event(type_, number + 1, bob.id, (ann.id,), NOW, about.get(type_))
        await tell(office.db, bus, event)
    await office.send()
    by_type = {
        str(letter["List-ID"]).removeprefix("<").partition(".")[0]: letter
        for _, letter in office.smtp.letters
    }
    assert {name: str(one["Subject"]) for name, one in by_type.items()} == {
        "mention": "Bob mentioned you",
        "quote": "Bob quoted your post",
        "follow": "Bob follows you now",
        "follow_request": "Bob asks to follow you",
        "reblog": "Bob boosted your post",
        "favourite": "Bob likes your post",
    }
    for name, letter in by_type.items():
        text = letter.get_body(("plain",)).get_content()
        expected = about.get(emails.MAILABLE_BY_NAME[name])
        assert ("> my words" in text) == (expected == mine)
        assert ("> his words" in text) == (expected == theirs)
        assert (letter["In-Reply-To"] is None) == (expected is None)
        assert f"type={name}" in letter["List-Unsubscribe"]


GOLDEN = r"""
From: Test <notifications@stentor\.example>
To: "ann" <ann@example\.org>
Subject: Bob mentioned you
Date: Mon, 01 Jun 2026 12:02:00 \+0000
Message-ID: <notification-1\.ANN@stentor\.example>
List-ID: <mention\.ann\.stentor\.example>
List-Unsubscribe: <https://stentor\.example/unsubscribe\?token=[A-Za-z0-9_-]{59}&type=mention>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Precedence: list
In-Reply-To: <conversation-CONVERSATION\.2026-06-01@stentor\.example>
References: <conversation-CONVERSATION\.2026-06-01@stentor\.example>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
MIME-Version: 1\.0
Content-Type: multipart/alternative;
 boundary="[=0-9]+"
Content-Language: en
"""


async def test_the_headers_are_these_and_no_others(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    await office.send()
    conversation = await office.db.fetch_value("SELECT conversation_id FROM statuses")
    expected = GOLDEN.replace("ANN", str(ann.id)).replace("CONVERSATION", str(conversation))
    headers = office.smtp.raw[0].partition(b"\r\n\r\n")[0].decode("ascii")
    assert re.fullmatch(expected.strip().replace("\n", "\r\n"), headers), headers


class _Html(HTMLParser):
    """Tags, addresses and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href":
                self.addresses.append(value or "")
            if name in ("src", "srcset", "background", "poster", "data", "action"):
                self.sources.append(value or "")


async def test_the_html_fetches_nothing_and_what_people_wrote_stays_text(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await change(office.db, "accounts", "id", bob, display_name="<b onclick=x>{name.__class__}")
    await make_mentioned(
        office.db, bus, bob, ann, content="<p>&lt;script&gt;x&lt;/script&gt; {{ 7*7 }}</p>"
        "<p><a href='https://evil.example/'>link</a></p>", spoiler_text="",
    )  # fmt: skip
    await office.send()
    ((_, letter),) = office.smtp.letters
    markup = letter.get_body(("html",)).get_content()
    page = _Html(markup)
    assert page.sources == []
    assert page.tags.isdisjoint({"script", "img", "iframe", "link", "form", "b", "object"})
    assert "url(" not in markup
    assert "@import" not in markup
    assert {urlsplit(one).netloc for one in page.addresses} == {"web.example", "stentor.example"}
    assert "&lt;script&gt;x&lt;/script&gt; {{ 7*7 }}" in markup
    assert "&lt;b onclick=x&gt;{name.__class__}" in markup
    assert letter["Subject"] == "<b onclick=x>{name.__class__} mentioned you"


@pytest.mark.parametrize(
    "name",
    [
        "Bob\r\nBcc: victim@example.org", "Bob\nX-Evil: 1\n\nbody", "Bob\rX: y", "Bob\x85X: y",
        "Bob\u2028X: y", "Bob\x0bX: y", "=?utf-8?q?Bob=0D=0AX-Evil:_1?=", "Bob\x00", "\u202eboB",
        '"><script>', "a" * 5000, "👨‍👩‍👧‍👦" * 2000, "\t\t", "%s %n {name}", "=?utf-8?b?Ym9i?=",
    ],
)  # fmt: skip
async def test_no_name_and_no_text_makes_a_header(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, name: str
) -> None:
    stored = name.replace("\x00", "")
    await change(office.db, "accounts", "id", bob, display_name=stored)
    await make_mentioned(
        office.db, bus, bob, ann, content=f"<p>{stored}</p>", spoiler_text=stored[:200]
    )
    await office.send()
    ((recipient, letter),) = office.smtp.letters
    assert recipient == "ann@example.org"
    assert set(letter.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "List-ID", "List-Unsubscribe",
        "List-Unsubscribe-Post", "Precedence", "In-Reply-To", "References", "Auto-Submitted",
        "X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert str(letter["Subject"]).endswith(" mentioned you")
    assert len(str(letter["Subject"]).encode()) < 250
    raw = office.smtp.raw[0]
    assert max(map(len, raw.split(b"\r\n"))) <= 200
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    assert len(raw) < 60_000


@pytest.mark.parametrize("locale", ["de", "fr", "es", "en", "ja"])
async def test_it_is_written_in_the_recipients_language(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, locale: str
) -> None:
    await change(office.db, "users", "account_id", ann, locale=locale)
    await make_mentioned(office.db, bus, bob, ann)
    await office.send()
    ((_, letter),) = office.smtp.letters
    words = {"de": "hat dich erwähnt", "fr": "vous a mentionné·e", "es": "te ha mencionado"}
    assert letter["Subject"] == f"Bob {words.get(locale, 'mentioned you')}"
    markup = letter.get_body(("html",)).get_content()
    assert f'lang="{letter["Content-Language"]}"' in markup
    assert letter["Content-Language"] == (locale if locale in words else "en")


async def test_a_content_warning_stands_for_the_text(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann, spoiler_text="spiders", content="<p>legs</p>")
    await office.send()
    body = office.smtp.letters[0][1].get_body(("plain",)).get_content()
    assert "Content warning: spiders" in body
    assert "legs" not in office.smtp.raw[0].decode()


async def test_a_moderators_decision_is_sent_though_the_account_is_suspended(
    office: PostOffice, bus: RecordingBus, ann: Person
) -> None:
    sanction = Sanction(target_id=ann.id, action=Action.SUSPEND, text="Twice\nwarned.")
    await moderation.act(office.db, bus, sanction, now=NOW)
    await office.send(after=0)
    ((_, letter),) = office.smtp.letters
    assert letter["Subject"] == "Your account on stentor.example is suspended"
    body = letter.get_body(("plain",)).get_content()
    assert "> Twice\n> warned." in body.replace("\r\n", "\n")
    assert "owner@example.org" in body
    assert letter["List-Unsubscribe"] is None
    assert letter["Precedence"] is None
    assert letter["Auto-Submitted"] == "auto-generated"


async def test_a_batch_goes_through_one_connection(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for _ in range(worker.BATCH + 3):
        await make_mentioned(office.db, bus, bob, ann)
    await office.send()
    assert (len(office.smtp.letters), office.smtp.connections) == (worker.BATCH, 1)
    await office.send(after=0)
    assert (len(office.smtp.letters), office.smtp.connections) == (worker.BATCH + 3, 2)
    assert len({str(letter["Message-ID"]) for _, letter in office.smtp.letters}) == (
        worker.BATCH + 3
    )


# ---------------------------------------------------------------- what is not sent any more


async def _delete(office: PostOffice, ann: Person, bob: Person) -> None:
    status_id = await office.db.fetch_value("SELECT id FROM statuses")
    async with office.db.transaction() as tx:
        await forget_statuses(tx, [status_id])
        await tx.run("DELETE FROM statuses WHERE id = $1", status_id)


async def _dismiss(office: PostOffice, ann: Person, bob: Person) -> None:
    async with office.db.transaction() as tx:
        await tx.run("DELETE FROM notifications WHERE account_id = $1", ann.id)


async def _read(office: PostOffice, ann: Person, bob: Person) -> None:
    await insert(office.db, "markers", account_id=ann.id, timeline="notifications",
                 last_read_id=1, version=1, updated_at=NOW)  # fmt: skip


def _user(**columns: Any) -> Any:
    async def become(office: PostOffice, ann: Person, bob: Person) -> None:
        await change(office.db, "users", "account_id", ann, **columns)

    return become


def _account(*, who: str = "ann", **columns: Any) -> Any:
    async def become(office: PostOffice, ann: Person, bob: Person) -> None:
        await change(office.db, "accounts", "id", bob if who == "bob" else ann, **columns)

    return become


def _relation(table: str, **columns: Any) -> Any:
    async def become(office: PostOffice, ann: Person, bob: Person) -> None:
        pair = {"account_id": ann.id, "target_account_id": bob.id}
        if columns.pop("back", False):
            pair = {"account_id": bob.id, "target_account_id": ann.id}
        await insert(office.db, table, **pair, created_at=NOW, **columns)

    return become


async def _mute_conversation(office: PostOffice, ann: Person, bob: Person) -> None:
    number = await office.db.fetch_value("SELECT conversation_id FROM statuses")
    await insert(
        office.db, "conversation_mutes", account_id=ann.id, conversation_id=number, created_at=NOW
    )


def _filter(action: str, contexts: str = "home,notifications", **columns: Any) -> Any:
    async def become(office: PostOffice, ann: Person, bob: Person) -> None:
        await insert(office.db, "filters", id=1, account_id=ann.id, title="Hellos",
                     contexts=contexts, action=action, created_at=NOW, **columns)  # fmt: skip
        await insert(
            office.db, "filter_keywords", filter_id=1, keyword="hello", whole_word=True
        )  # fmt: skip

    return become


UNWANTED = {
    "the post is deleted": _delete,
    "it is dismissed": _dismiss,
    "it is read": _read,
    "the type is switched off": _user(notification_emails="follow"),
    "all are switched off": _user(notification_emails=""),
    "the reader is disabled": _user(disabled=True),
    "the reader is no longer approved": _user(approved=False),
    "the address is no longer confirmed": _user(confirmed_at=None),
    "the reader is suspended": _account(suspended_at=NOW),
    "the reader is leaving": _account(deletion_requested_at=NOW),
    "the reader is remembered": _account(memorial=True),
    "the sender is suspended": _account(who="bob", suspended_at=NOW),
    "the sender is leaving": _account(who="bob", deletion_requested_at=NOW),
    "the sender is blocked": _relation("blocks"),
    "the sender blocks": _relation("blocks", back=True),
    "the sender is muted": _relation("mutes", hide_notifications=True),
    "the conversation is muted": _mute_conversation,
    "a filter hides it": _filter("hide"),
}


@pytest.mark.parametrize("become", UNWANTED.values(), ids=UNWANTED)
async def test_nothing_is_sent_if_within_two_minutes(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, become: Any
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    assert len(await office.rows()) == 1
    await become(office, ann, bob)
    before = (await outcomes()).get("unwanted", 0)
    await office.send()
    assert office.smtp.letters == []
    assert office.smtp.connections == 0
    assert await office.rows() == []
    assert (await outcomes())["unwanted"] == before + 1


STILL_WANTED = {
    "nothing happens": _user(),
    "the sender is muted but not his notifications": _relation("mutes", hide_notifications=False),
    "that mute has run out": _relation("mutes", hide_notifications=True, expires_at=NOW + 1),
    "the filter is for other places": _filter("hide", "home,public"),
    "the filter has run out": _filter("hide", expires_at=NOW + 1),
    "he reads but always wants mails": _user(always_send_emails=True),
}


@pytest.mark.parametrize("become", STILL_WANTED.values(), ids=STILL_WANTED)
async def test_it_is_sent_although(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, become: Any
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    await become(office, ann, bob)
    if await office.db.fetch_value("SELECT always_send_emails FROM users WHERE account_id = $1",
                                   ann.id):  # fmt: skip
        await _read(office, ann, bob)
    await office.send()
    assert len(office.smtp.letters) == 1
    assert "> @ann hello" in office.smtp.letters[0][1].get_body(("plain",)).get_content()


@pytest.mark.parametrize("action", ["warn", "blur"])
async def test_what_a_filter_covers_is_left_out(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, action: str
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    await _filter(action)(office, ann, bob)
    await office.send()
    ((_, letter),) = office.smtp.letters
    body = letter.get_body(("plain",)).get_content()
    assert "“Hellos”" in body
    assert "hello" not in body
    assert "hello" not in letter.get_body(("html",)).get_content()


async def test_a_post_that_may_not_be_read_any_more_is_not_sent(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    status_id = await make_status(office.db, bob.id, visibility="private")
    await tell(office.db, bus, Event(T.QUOTE, 5, bob.id, (ann.id,), NOW, status_id))
    await office.send()
    assert office.smtp.letters == []


async def test_undone_activities_are_not_mailed(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    db, every = office.db, ",".join(one.value for one in emails.MAILABLE)
    await change(db, "users", "account_id", ann, notification_emails=every)
    status_id = await make_status(db, ann.id)
    await make_favourited(db, bus, bob, ann, status_id)
    await make_follow(db, bob.id, ann.id)
    number = await db.fetch_value("SELECT id FROM follows")
    await tell(db, bus, Event(T.FOLLOW, number, bob.id, (ann.id,), NOW))
    assert len(await office.rows()) == 2
    await favourites.unfavourite(db, account_id=bob.id, status_id=status_id)
    await relationships.unfollow(db, bob.id, ann.id, now=NOW)
    await office.send()
    assert office.smtp.letters == []
    assert await office.rows() == []


# ---------------------------------------------------------------- answers of the mail server


async def test_a_four_hundred_is_tried_again_ever_later_until_it_is_old(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    office.smtp.rcpt = lambda address: f"450 4.2.0 <{address}> is greylisted"
    await office.send()
    waits = []
    for attempt in range(1, 40):
        ((kind, attempts, problem, wait, over),) = await office.rows()
        if over:
            break
        assert (kind, attempts, problem) == (
            "notification", attempt, "SMTPRecipientRefused 450 4.2.0",
        )  # fmt: skip
        waits.append(wait)
        assert not await office.send(after=wait - 1)
        assert await office.send(after=1)
    assert 45_000 <= waits[0] <= 75_000
    assert waits[5] >= 3 * times.HOUR
    assert 40 * times.HOUR < office.clock() - NOW <= 2 * times.DAY
    assert office.smtp.letters == []


async def test_it_is_sent_once_the_server_takes_it(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    office.smtp.data = lambda _: "451 4.3.0 full"
    await office.send()
    office.smtp.data = lambda _: None
    await office.send(after=times.HOUR)
    assert (len(office.smtp.letters), await office.rows()) == (1, [])


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_a_five_hundred_is_given_up_noted_and_the_others_go(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, step: str
) -> None:
    eve = await make_account(office.db, "eve", token=None)
    for person in (eve, ann):
        await make_mentioned(office.db, bus, bob, person)
    if step == "rcpt":
        office.smtp.rcpt = lambda one: "550 5.1.1 no eve@x" if "eve" in one else None
    else:
        office.smtp.data = lambda one: "554 5.7.1 spam" if "eve" in str(one["To"]) else None
    await office.send()
    assert [one for one, _ in office.smtp.letters] == ["ann@example.org"]
    ((kind, attempts, problem, _, over),) = await office.rows()
    assert (kind, attempts, over) == ("notification", 1, True)
    assert (
        problem
        == {"rcpt": "SMTPRecipientRefused 550 5.1.1", "data": "SMTPDataError 554 5.7.1"}[step]
    )
    assert not await office.send(after=times.DAY)


async def everything_waits(office: PostOffice) -> None:
    """Nothing was counted against the mails, and they go when the server can be used."""
    with pytest.raises(Unreachable):
        await office.send()
    assert [row[:3] + row[4:] for row in await office.rows()] == [
        ("notification", 0, "", False)
    ] * 3
    assert office.smtp.letters == []


@pytest.mark.parametrize("answer", ["450 4.7.1 not now", "550 5.7.1 not you", "421 4.3.2 closing"])
async def test_a_refused_sender_or_a_closing_server_makes_all_wait(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, answer: str
) -> None:
    for _ in range(3):
        await make_mentioned(office.db, bus, bob, ann)
    office.smtp.mail = answer
    await everything_waits(office)
    office.smtp.mail = None
    await office.send(after=0)
    assert len(office.smtp.letters) == 3


async def test_a_server_that_is_down_makes_all_wait(
    db: Database, clock: Clock, bus: RecordingBus, bob: Person
) -> None:
    server = SmtpServer()
    async with serving(server):
        pass
    office = PostOffice(db, server, clock)
    ann = await make_account(db, "ann", token=None)
    for _ in range(3):
        await make_mentioned(db, bus, bob, ann)
    await everything_waits(office)
    async with serving(server):
        await office.send(after=0)
    assert len(server.letters) == 3


async def test_what_waits_for_a_dead_server_is_given_up_when_it_is_old(
    db: Database, clock: Clock, bus: RecordingBus, bob: Person
) -> None:
    server = SmtpServer()
    async with serving(server):
        pass
    office = PostOffice(db, server, clock)
    ann = await make_account(db, "ann", token=None)
    await make_mentioned(db, bus, bob, ann)
    with pytest.raises(Unreachable):
        await office.send(after=2 * times.DAY - 1)
    await office.send(after=1)
    ((_, _, problem, _, over),) = await office.rows()
    assert (problem, over) == ("too old", True)


async def test_a_message_that_breaks_the_connection_does_not_hold_up_the_others(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    eve = await make_account(office.db, "eve", token=None)
    await make_mentioned(office.db, bus, bob, eve)
    office.clock.advance(milliseconds=1)
    for _ in range(3):
        await make_mentioned(office.db, bus, bob, ann, at=office.clock())

    async def cut(writer: asyncio.StreamWriter) -> None:
        if office.smtp.letters[-1][0].startswith("eve"):
            writer.transport.abort()

    office.smtp.before_answer = cut
    await office.send()
    assert [one.partition("@")[0] for one, _ in office.smtp.letters] == ["eve", "ann", "ann", "ann"]
    assert office.smtp.connections == 2
    ((_, attempts, problem, wait, over),) = await office.rows()
    assert (attempts, over) == (1, False)
    assert problem == "SMTPServerDisconnected"
    assert wait > 0


async def test_a_server_that_breaks_every_message_is_left_alone(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for _ in range(5):
        await make_mentioned(office.db, bus, bob, ann)

    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    office.smtp.before_answer = cut
    with pytest.raises(Unreachable, match="2 messages in a row"):
        await office.send()
    assert sorted(row[1] for row in await office.rows()) == [0, 0, 0, 1, 1]


async def test_a_server_that_says_nothing_is_waited_for_only_so_long(
    db: Database, smtp: SmtpServer, clock: Clock, bus: RecordingBus, bob: Person
) -> None:
    office = PostOffice(db, smtp, clock, timeout=2)
    ann = await make_account(db, "ann", token=None)
    await make_mentioned(db, bus, bob, ann)

    async def sleep(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    smtp.before_answer = sleep
    async with asyncio.timeout(60):
        await office.send()
    ((_, attempts, problem, _, over),) = await office.rows()
    assert (attempts, over) == (1, False)
    assert "Timeout" in problem


# ---------------------------------------------------------------- several workers, and ends


async def test_two_workers_send_everything_once(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for _ in range(45):
        await make_mentioned(office.db, bus, bob, ann)
    office.clock.advance(milliseconds=emails.DELAY)
    mailers = [office.another() for _ in range(3)]
    while any(await asyncio.gather(*map(worker.work, mailers))):
        pass
    numbers = [str(letter["Message-ID"]) for _, letter in office.smtp.letters]
    assert (len(numbers), len(set(numbers))) == (45, 45)
    assert await office.rows() == []


async def test_control_without_a_lease_they_send_some_twice(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, monkeypatch: Any
) -> None:
    for _ in range(5):
        await make_mentioned(office.db, bus, bob, ann)

    async def slow(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)

    office.smtp.before_answer = slow
    office.clock.advance(milliseconds=emails.DELAY)
    monkeypatch.setattr(worker.Mailer, "lease", -1)
    await asyncio.gather(*(worker.work(office.another()) for _ in range(2)))
    numbers = [str(letter["Message-ID"]) for _, letter in office.smtp.letters]
    assert len(numbers) > len(set(numbers)) == 5


async def test_control_a_row_that_goes_before_the_answer_is_lost_with_the_worker(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, monkeypatch: Any
) -> None:
    deliver = worker._Round._deliver

    async def careless(round_: Any, connection: Any, delivery: Any, message: Any) -> bool:
        await round_._settle(delivery, emails.Outcome.SENT)
        return await deliver(round_, connection, delivery, message)

    left = {}
    for name, way in (("ours", deliver), ("careless", careless)):
        monkeypatch.setattr(worker._Round, "_deliver", way)
        await make_mentioned(office.db, bus, bob, ann)
        came = asyncio.Event()

        def refuse(_: str, came: asyncio.Event = came) -> str:
            came.set()
            return "450 4.2.0 later"

        office.smtp.rcpt = refuse
        office.clock.advance(milliseconds=emails.DELAY)
        await worker.work(office.mailer)
        assert came.is_set()
        left[name] = len(await office.rows())
        async with office.db.transaction() as tx:
            await tx.run("DELETE FROM email_deliveries")
    assert left == {"ours": 1, "careless": 0}


async def test_what_was_sent_is_not_sent_again_while_its_row_cannot_be_removed(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, monkeypatch: Any
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    finish = worker.email_deliveries.finish
    failures = 0

    async def full(tx: Any, delivery: Any) -> None:
        nonlocal failures
        failures += 1
        if failures == 3:
            office.clock.advance(milliseconds=office.mailer.lease)
        raise StorageProblem

    monkeypatch.setattr(worker.email_deliveries, "finish", full)
    with pytest.raises(StorageProblem):
        await office.send()
    assert (failures, len(await office.rows())) == (3, 1)
    monkeypatch.setattr(worker.email_deliveries, "finish", finish)
    assert await office.send(after=0)
    assert await office.rows() == []
    assert len(office.smtp.letters) == 1


async def test_a_letter_that_cannot_be_written_holds_up_no_other(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, monkeypatch: Any
) -> None:
    for _ in range(2):
        await make_mentioned(office.db, bus, bob, ann)
    write, broken = worker.letters.write, []

    async def sometimes(*arguments: Any, **named: Any) -> Any:
        if not broken:
            broken.append(True)
            raise ZeroDivisionError
        return await write(*arguments, **named)

    monkeypatch.setattr(worker.letters, "write", sometimes)
    await office.send()
    assert len(office.smtp.letters) == 1
    ((_, attempts, problem, wait, over),) = await office.rows()
    assert (attempts, problem, over) == (1, "cannot be written", False)
    assert wait > 0


async def test_what_a_dead_worker_had_claimed_is_sent_after_its_lease(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    office.clock.advance(milliseconds=emails.DELAY)
    async with office.db.transaction() as tx:
        until = office.clock() + office.mailer.lease
        claimed = await worker.email_deliveries.claim(tx, 20, until=until, now=office.clock())
    assert len(claimed) == 1
    assert not await office.send(after=office.mailer.lease - 1)
    assert await office.send(after=1)
    assert len(office.smtp.letters) == 1


async def test_a_worker_that_is_told_to_stop_ends_the_message_under_way_and_gives_back_the_rest(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for _ in range(4):
        await make_mentioned(office.db, bus, bob, ann)
    came, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: asyncio.StreamWriter) -> None:
        came.set()
        await go_on.wait()

    office.smtp.before_answer = wait
    office.clock.advance(milliseconds=emails.DELAY)
    working = asyncio.create_task(worker.run(office.mailer))
    await asyncio.wait_for(came.wait(), 60)
    working.cancel()
    await asyncio.sleep(0.05)
    assert not working.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert len(office.smtp.letters) == 1
    assert [row[1:4] for row in await office.rows()] == [(0, "", 0)] * 3
    office.smtp.before_answer = None
    await office.send(after=0)
    numbers = [str(letter["Message-ID"]) for _, letter in office.smtp.letters]
    assert (len(numbers), len(set(numbers))) == (4, 4)


async def test_a_batch_that_takes_too_long_leaves_the_rest_to_the_next(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for _ in range(3):
        await make_mentioned(office.db, bus, bob, ann)

    async def slow(_: asyncio.StreamWriter) -> None:
        office.clock.advance(seconds=61)

    office.smtp.before_answer = slow
    await office.send()
    assert len(office.smtp.letters) == 1
    assert [row[1] for row in await office.rows()] == [0, 0]


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await change(office.db, "users", "account_id", ann, email="änn@bücher.example")
    await make_mentioned(office.db, bus, bob, ann)
    await office.send()
    ((recipient, _),) = office.smtp.letters
    assert recipient == "änn@bücher.example"


async def test_an_address_that_the_server_cannot_take_is_given_up(
    db: Database, clock: Clock, bus: RecordingBus, bob: Person
) -> None:
    async with serving(SmtpServer(), smtputf8=False) as server:
        office = PostOffice(db, server, clock)
        ann = await make_account(db, "ann", token=None, user={"email": "änn@example.org"})
        await make_mentioned(db, bus, bob, ann)
        await office.send()
        ((_, _, problem, _, over),) = await office.rows()
        assert (problem, over, server.letters) == ("SMTPNotSupported", True, [])


async def test_the_links_of_a_mail_hold_a_token_for_this_account(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    await office.send()
    link = str(office.smtp.letters[0][1]["List-Unsubscribe"]).strip("<>")
    query = parse_qs(urlsplit(link).query)
    found = emails.read_unsubscribe_token(SECRET, query["token"][0], now=office.clock())
    assert (found, query["type"]) == (ann.id, ["mention"])
    body = office.smtp.letters[0][1].get_body(("plain",)).get_content()
    assert link in body


async def test_no_address_and_no_name_is_logged(
    office: PostOffice, bus: RecordingBus, ann: Person, bob: Person, capfd: Any
) -> None:
    await make_mentioned(office.db, bus, bob, ann)
    office.smtp.rcpt = lambda address: f"550 5.1.1 <{address}>: user unknown"
    await office.send()
    printed = "".join(capfd.readouterr())
    assert "550 5.1.1" in printed
    assert "example.org" not in printed
