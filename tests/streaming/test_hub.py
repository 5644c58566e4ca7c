"""The hub: slow readers, lost news, and histories in which a stream equals its table."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from stentor.actions import notifications as notification_actions
from stentor.actions.notify import forget_sender
from stentor.domain.notifications import Event as Happening
from stentor.domain.notifications import NotificationType
from stentor.domain.streams import Closing, Stream, Subscription
from stentor.errors import RecordNotFound
from stentor.store import notification_inboxes, notifications
from stentor.streaming import hub as hubs
from stentor.streaming.bus import News
from stentor.streaming.connections import Connection, Listener
from stentor.streaming.events import Event, text_frame
from stentor.streaming.hub import Hub
from tests.factories import Person, insert, make_account, make_follow, make_status, make_token, tell
from tests.fixtures import query_budget
from tests.streaming.conftest import PATIENCE, Live, eventually


class Kept(Connection):
    """A stream that keeps what is said."""

    transport = "test"

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self.said: list[tuple[str, bytes, bytes]] = []
        self.ended: Closing | None = None

    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        new = [(event.name, label, event.payload) for label in labels]
        self.said += new
        return len(new)

    def end(self, closing: Closing) -> None:
        self.ended = closing

    @property
    def ids(self) -> list[int]:
        """Of the notifications that were said."""
        return [
            int(json.loads(body)["id"]) for name, _, body in self.said if name == "notification"
        ]


@pytest.fixture
async def hub(services: Any) -> AsyncIterator[Hub]:
    """A hub that works, and hears what the tests' bus is told."""
    services.bus.publish = services.hub.hear
    task = asyncio.create_task(services.hub.run())
    yield services.hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def no_versions(*_: Any) -> dict[int, int]:
    """Nobody's list has changed."""
    return {}


def nothing(_: News) -> None:
    """Tells nobody."""


async def listen(hub: Hub, person: Person, *names: str) -> Kept:
    """Somebody opens a stream."""
    one = Kept(Listener(person.id, person.id, frozenset({"read"})))
    await make_token(hub.db, person.id, id=person.id) if not hub.open_streams(person.id) else None
    hub.join(one)
    one.position = await hub.newest(person.id)
    for name in names or ("user:notification",):
        hub.subscribe(one, Subscription(Stream(name), (name,)))
    return one


async def favourite(hub: Hub, bus: Any, author: Person, by: int, activity: int, about: int) -> None:
    await tell(
        hub.db, bus,
        Happening(NotificationType.FAVOURITE, activity, by, (author.id,), hub.now(), about),
        now=hub.now(),
    )  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_frames_are_those_of_the_rfc(size: int) -> None:
    from websockets.frames import Frame, Opcode

    frame = text_frame(b"x" * size)
    assert frame == Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)


def test_an_event_is_encoded_once_for_all_who_call_it_the_same() -> None:
    event = Event("update", b'{"a":"\xc3\xa4\\"\\u0000"}')
    assert event.frame(b'["user"]') is event.frame(b'["user"]')
    message = json.loads(event.text(b'["list","1"]'))
    assert message["stream"] == ["list", "1"]
    assert json.loads(message["payload"]) == {"a": 'ä"\0'}


async def test_an_accounts_streams_share_one_load_and_one_rendering(hub: Hub, bus: Any) -> None:
    ann, bob = await make_account(hub.db, "ann"), await make_account(hub.db, "bob")
    about = await make_status(hub.db, ann.id)
    streams = [await listen(hub, ann) for _ in range(20)]
    await asyncio.sleep(0.05)
    await favourite(hub, bus, ann, bob.id, 1, about)
    await eventually(lambda: all(one.ids for one in streams))
    assert len({id(one.said[0][2]) for one in streams}) == 1
    hub.leave(streams.pop())
    with query_budget(hub.db, 9):
        for one in streams:
            one.position -= 1
        await hub.tell(ann.id)
    assert all(len(one.ids) == 2 for one in streams)


async def test_what_no_news_told_is_found_within_two_seconds(hub: Hub, services: Any) -> None:
    ann, bob = await make_account(hub.db, "ann"), await make_account(hub.db, "bob")
    about = await make_status(hub.db, ann.id)
    one = await listen(hub, ann)
    services.bus.publish = nothing
    await favourite(hub, services.bus, ann, bob.id, 1, about)
    await eventually(lambda: one.ids)


async def test_looking_for_what_was_missed_costs_one_question_for_all(services: Any) -> None:
    hub = services.hub  # at rest
    for _ in range(30):
        await listen(hub, await make_account(hub.db, token=None))
    with query_budget(hub.db, 1):
        await hub.look_for_missed()
    with query_budget(hub.db, 1):
        await hub.sweep()


async def test_filtered_notifications_are_no_news_even_when_they_are_let_in(
    hub: Hub, bus: Any
) -> None:
    ann, bob = await make_account(hub.db, "ann"), await make_account(hub.db, "bob")
    await insert(hub.db, "notification_policies", account_id=ann.id, for_not_following=1)
    about = await make_status(hub.db, ann.id)
    one = await listen(hub, ann)
    await favourite(hub, bus, ann, bob.id, 1, about)
    async with hub.db.transaction() as tx:
        await notifications.unfilter_step(tx, ann.id, bob.id)
    await make_follow(hub.db, ann.id, bob.id)
    await favourite(hub, bus, ann, bob.id, 2, await make_status(hub.db, ann.id))
    await eventually(lambda: one.ids)
    newest = await hub.newest(ann.id)
    assert one.ids == [newest]


async def test_merged_notifications_are_told_with_a_payload_of_one(hub: Hub) -> None:
    ann = await make_account(hub.db, "ann")
    one = await listen(hub, ann, "user", "user:notification")
    hub.hear(News(ann.id, "notifications_merged", 1))
    assert one.said == [
        ("notifications_merged", b'["user"]', b"1"),
        ("notifications_merged", b'["user:notification"]', b"1"),
    ]


async def test_changed_filters_are_told_on_the_user_stream(hub: Hub) -> None:
    ann, bob = await make_account(hub.db, "ann"), await make_account(hub.db, "bob")
    one, other = await listen(hub, ann, "user", "public"), await listen(hub, bob, "user")
    hub.hear(News(ann.id, "filters_changed", 1))
    assert one.said == [("filters_changed", b'["user"]', b"1")]
    assert other.said == []


async def test_staff_that_is_staff_no_more_hears_nothing_of_reports(hub: Hub, bus: Any) -> None:
    boss = await make_account(hub.db, "boss", role_id=3)
    demoted = await make_account(hub.db, "demoted", role_id=3)
    new = await make_account(hub.db, "new")
    told, silent = await listen(hub, boss), await listen(hub, demoted)
    async with hub.db.transaction() as tx:
        await tx.run("UPDATE accounts SET role_id = -99 WHERE id = $1", demoted.id)
    people = (boss.id, demoted.id)
    await tell(
        hub.db, bus,
        Happening(NotificationType.ADMIN_SIGN_UP, new.id, new.id, people, hub.now()),
        now=hub.now(),
    )  # fmt: skip
    await eventually(lambda: told.ids)
    assert silent.ids == []


async def test_a_suspended_senders_notifications_are_not_told(
    hub: Hub, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cat = [await make_account(hub.db, name) for name in ("ann", "bob", "cat")]
    about = await make_status(hub.db, ann.id)
    # Who looks by himself might look before the suspension: that was true then.
    monkeypatch.setattr(notification_inboxes, "versions", no_versions)
    one = await listen(hub, ann)
    bus_hears = bus.publish
    bus.publish = nothing
    await favourite(hub, bus, ann, bob.id, 1, about)
    async with hub.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = 1 WHERE id = $1", bob.id)
    bus.publish = bus_hears
    await favourite(hub, bus, ann, cat.id, 2, about)
    await eventually(lambda: one.ids)
    assert one.ids == [await hub.newest(ann.id)]


async def history(hub: Hub, bus: Any, seed: int) -> tuple[Kept, list[int]]:
    """Notifications, dismissals and forgotten senders by chance; what the table ever held."""
    chance = random.Random(seed)
    ann = await make_account(hub.db, "ann")
    others = [await make_account(hub.db, token=None) for _ in range(5)]
    abouts = [await make_status(hub.db, ann.id) for _ in range(4)]
    one = await listen(hub, ann)
    held: list[int] = []
    for activity in range(60):
        match chance.randrange(8):
            case 0:
                with suppress(RecordNotFound):  # it is gone already
                    await notification_actions.dismiss(hub.db, ann.id, chance.choice(held or [0]))
            case 1:
                async with hub.db.transaction() as tx:
                    await forget_sender(
                        tx, account_id=ann.id, from_account_id=chance.choice(others).id
                    )
            case _:
                by = chance.choice(others).id
                await favourite(hub, bus, ann, by, activity, chance.choice(abouts))
                newest = await hub.newest(ann.id)
                if newest not in held:
                    held.append(newest)
                if chance.random() < 0.7:
                    # Told before it may be taken back: nobody hears of what is gone already.
                    await asyncio.wait_for(settled(one, newest), PATIENCE)
        await asyncio.sleep(0)
    return one, held


async def settled(one: Kept, newest: int) -> None:
    while one.position < newest:  # noqa: ASYNC110  # the hub works elsewhere
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("seed", range(4))
async def test_in_any_history_a_stream_tells_each_notification_once_and_in_order(
    hub: Hub, bus: Any, seed: int
) -> None:
    one, held = await history(hub, bus, seed)
    rows = await hub.db.fetch("SELECT id FROM notifications ORDER BY id")
    last = rows[-1][0]
    await eventually(lambda: one.position >= last)
    assert one.ids == sorted(set(one.ids))
    assert {row[0] for row in rows} <= set(one.ids) <= set(held)


async def test_without_news_and_without_the_look_at_the_table_a_stream_misses_things(
    services: Any, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "FLOOR_SECONDS", 3600.0)
    hub = services.hub
    task = asyncio.create_task(hub.run())
    ann, bob = await make_account(hub.db, "ann"), await make_account(hub.db, "bob")
    one = await listen(hub, ann)
    await asyncio.sleep(0.1)
    await favourite(hub, bus, ann, bob.id, 1, await make_status(hub.db, ann.id))
    await asyncio.sleep(2.5)
    assert one.ids == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_stream_that_joins_from_further_back_misses_nothing(hub: Hub, bus: Any) -> None:
    ann = await make_account(hub.db, "ann")
    others = [await make_account(hub.db, token=None) for _ in range(8)]
    about = await make_status(hub.db, ann.id)
    first = await listen(hub, ann)
    for number, by in enumerate(others[:4]):
        await favourite(hub, bus, ann, by.id, number, about)
    await eventually(lambda: len(first.ids) == 4)
    second = Kept(Listener(ann.id, ann.id, frozenset({"read"})))
    hub.join(second)
    second.position = first.ids[1]
    hub.subscribe(second, Subscription(Stream("user:notification"), ("user:notification",)))
    for number, by in enumerate(others[4:], 4):
        await favourite(hub, bus, ann, by.id, number, about)
    await eventually(lambda: len(first.ids) == 8 and len(second.ids) == 6)
    assert second.ids == first.ids[2:]


async def test_when_news_may_be_lost_only_streams_of_notifications_stay(hub: Hub) -> None:
    ann = await make_account(hub.db, "ann")
    sure, other = await listen(hub, ann), await listen(hub, ann, "user")
    hub.missed(1.0)
    assert (sure.ended, other.ended) == (None, Closing.MISSED)
    assert Closing.MISSED.code == 1012


# --- slow readers -----------------------------------------------------------------------------


async def slow_socket(live: Live, token: str) -> socket.socket:
    """A WebSocket on `public` that takes little and reads nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", live.port))
    before = len(live.listening("public"))
    await loop.sock_sendall(
        raw,
        (
            "GET /api/v1/streaming?stream=public HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode(),
    )
    await eventually(lambda: len(live.listening("public")) > before)
    return raw


async def flood(live: Live, said: Callable[[], bool]) -> int:
    """Says large things in public until that holds; how many."""
    live.checked = False  # what it says is no status, only as large as one
    channel = Stream("public")
    number = 0
    while not said():
        number += 1
        assert number < 5000
        event = Event("update", json.dumps({"id": str(number), "content": "x" * 8000}).encode())
        for account_id in list(live.hub._channels.get(channel, {})):
            live.hub._say([hubs.statuses.Told(channel, {account_id: event})])
        await asyncio.sleep(0.001)
    return number


async def test_whoever_does_not_read_loses_the_stream_and_the_others_lose_nothing(
    live: Live,
) -> None:
    ann = await make_account(live.db, "ann")
    quick = await live.socket(ann.token, "public")
    slow = await slow_socket(live, ann.token)
    said = await flood(live, lambda: len(live.listening("public")) == 1)
    await eventually(lambda: len(quick.frames) == said)
    assert [json.loads(one["payload"])["id"] for one in quick.frames] == [
        str(n) for n in range(1, said + 1)
    ]
    assert quick.socket.close_code is None
    # Whoever reads on after all finds everything up to the end, and why it ended.
    received = b""
    loop = asyncio.get_running_loop()
    while chunk := await asyncio.wait_for(loop.sock_recv(slow, 1 << 16), PATIENCE):
        received += chunk
    assert received.endswith(b"\x88\x0a" + (1013).to_bytes(2, "big") + b"too slow")
    slow.close()


async def test_a_slow_event_stream_ends_too(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    quick = await live.socket(ann.token, "public")
    events = await live.sse("public", bob.token)
    await eventually(lambda: len(live.listening("public")) == 2)
    events.writer.transport.pause_reading()
    said = await flood(live, lambda: len(live.listening("public")) == 1)
    await eventually(lambda: len(quick.frames) == said)
    events.writer.transport.resume_reading()
    await eventually(lambda: events.ended)
    numbers = [int(json.loads(one["data"])["id"]) for one in events.events]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_without_a_bound_what_waits_for_a_slow_reader_grows(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs.streams, "QUEUED_EVENTS", 10**9)
    monkeypatch.setattr(hubs.streams, "QUEUED_BYTES", 10**9)
    ann = await make_account(live.db, "ann")
    slow = await slow_socket(live, ann.token)
    (connection,) = live.listening("public")
    await flood(live, lambda: connection._wire.waiting() > 4 * 1024 * 1024)
    assert live.listening("public") == [connection]
    slow.close()
