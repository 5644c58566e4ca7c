"""After a gap: what happened meanwhile is told once, or the streams that it belongs to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest

from stentor.domain import streams, times
from stentor.domain.streams import Closing, Stream, Subscription
from stentor.store import access_tokens
from stentor.store.database import Database, StorageProblem
from stentor.streaming import catching_up
from stentor.streaming.bus import LocalBus, News
from stentor.streaming.catching_up import OVERLAP, CatchingUp
from stentor.streaming.connections import Connection, Listener
from stentor.streaming.events import Event
from stentor.streaming.hub import Hub
from tests.factories import Person, make_account, make_follow
from tests.fixtures import RecordingBus
from tests.helpers import Client, Clock


class Stay(Connection):
    """An open stream that keeps what it was told."""

    __slots__ = ("closing", "events")
    transport = "websocket"

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self.events: list[tuple[str, bytes]] = []
        self.closing: Closing | None = None

    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        self.events += [(event.name, bytes(event.payload)) for _ in labels]
        return 1

    def end(self, closing: Closing) -> None:
        self.closing = closing

    def told(self, name: str) -> list[bytes]:
        return [payload for one, payload in self.events if one == name]


class Town:
    """Ann, who is followed by Bob, who listens in this process; Ann is at another one."""

    def __init__(self, client: Client, said: RecordingBus, clock: Clock) -> None:
        self.client = client
        self.said = said
        self.clock = clock
        self.db: Database = client.db
        self.hub: Hub = client.services.hub
        self.catching_up = CatchingUp(self.hub, self.db, now=clock)
        self.bus = LocalBus()
        self.bus.listen(self.catching_up.hear, self.catching_up.missed)
        self.ann = Person(0, "")
        self.bob = Person(0, "")

    async def post(self, text: str, **rest: Any) -> int:
        """What Ann writes; its news lies in ``said``."""
        answer = await self.client.post("/api/v1/statuses", self.ann, json={"status": text, **rest})
        assert answer.status == 200, answer
        return int(answer.json["id"])

    async def listen(self, *names: str) -> Stay:
        """A stream of Bob's."""
        found = await access_tokens.find(self.db, self.bob.token)
        assert found is not None
        listener = Listener(self.bob.id, found.id, frozenset({"read"}))
        stay = Stay(listener)
        self.hub.join(stay)
        stay.position = await self.hub.newest(self.bob.id)
        for name in names:
            self.hub.subscribe(stay, Subscription(Stream(name), (name,)))
        return stay

    def deliver(self, *kinds: str) -> None:
        """The other process's news arrive (all, or of those kinds)."""
        for news in self.said.news:
            if not kinds or news.kind in kinds:
                self.bus.tell(news)
        self.said.news.clear()

    async def gap(self, seconds: float = 1.0) -> None:
        """The bus says that something may be missing; until all has been said."""
        self.bus.tell_missed(seconds)
        work = asyncio.create_task(self.catching_up.run())
        await until(lambda: self.catching_up._gap is None and not self.catching_up.busy)
        await settle(self)
        work.cancel()


@pytest.fixture
async def town(client: Client, bus: RecordingBus, clock: Clock) -> AsyncIterator[Town]:
    """With the hub at work."""
    found = Town(client, bus, clock)
    found.ann = await make_account(found.db, "ann")
    found.bob = await make_account(found.db, "bob")
    await make_follow(found.db, found.bob.id, found.ann.id)
    work = asyncio.create_task(found.hub.run())
    yield found
    work.cancel()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what holds is said by many things
            await asyncio.sleep(0.01)


async def settle(town: Town) -> None:
    """Until the hub has said all that it heard."""
    await until(lambda: not town.hub._waiting)
    await asyncio.sleep(0.05)


async def test_a_status_whose_news_was_lost_is_told_once_and_the_stream_goes_on(town: Town):
    stay = await town.listen(streams.USER)
    await town.post("heard")
    town.deliver()
    await settle(town)
    await town.post("lost")
    town.said.news.clear()
    await town.gap()
    assert [b"heard" in one for one in stay.told("update")] == [True, False]
    assert b"lost" in stay.told("update")[1]
    assert stay.closing is None
    await town.gap()
    assert len(stay.told("update")) == 2  # nor again after the next gap


async def test_news_that_was_only_late_is_not_told_twice(town: Town):
    stay = await town.listen(streams.USER)
    await town.post("late")
    await town.gap()
    town.deliver()
    await settle(town)
    assert len(stay.told("update")) == 1


async def test_a_deletion_and_an_edit_whose_news_were_lost_are_told(town: Town):
    stay = await town.listen(streams.USER)
    gone, edited = await town.post("first"), await town.post("second")
    town.deliver()
    await settle(town)
    assert (await town.client.delete(f"/api/v1/statuses/{gone}", town.ann)).status == 200
    path = f"/api/v1/statuses/{edited}"
    assert (await town.client.put(path, town.ann, json={"status": "better"})).status == 200
    late = list(town.said.news)
    await town.gap()
    assert stay.told("delete") == [str(gone).encode()]
    assert [b"better" in one for one in stay.told("status.update")] == [True]
    for news in late:
        town.bus.tell(news)
    await settle(town)
    assert stay.told("delete") == [str(gone).encode()]


async def test_a_second_edit_is_told_although_the_first_one_was(town: Town):
    stay = await town.listen(streams.USER)
    edited = await town.post("one")
    for text in ("two", "three"):
        town.clock.advance(seconds=1)
        path = f"/api/v1/statuses/{edited}"
        assert (await town.client.put(path, town.ann, json={"status": text})).status == 200
        if text == "two":
            town.deliver()
            await settle(town)
    await town.gap()
    assert b"three" in stay.told("status.update")[-1]


async def test_what_a_gap_cannot_tell_is_looked_at_by_the_client(town: Town):
    stay = await town.listen(streams.USER)
    await town.gap()
    assert len(stay.told("filters_changed")) == 1
    assert stay.told("notifications_merged") == [b"1"]
    assert stay.closing is None


async def test_a_stream_of_conversations_ends(town: Town):
    direct = await town.listen(streams.DIRECT)
    home = await town.listen(streams.USER)
    await town.gap()
    assert (direct.closing, home.closing) == (Closing.MISSED, None)


async def test_more_than_can_be_told_ends_the_streams(town: Town, monkeypatch):
    monkeypatch.setattr(catching_up, "MOST", 2)
    home, notices = await town.listen(streams.USER), await town.listen(streams.NOTIFICATIONS)
    for number in range(3):
        await town.post(f"number {number}")
    await town.gap()
    assert (home.closing, notices.closing) == (Closing.MISSED, None)


@pytest.mark.parametrize(("minutes", "closing"), [(9, None), (11, Closing.MISSED)])
async def test_a_gap_that_is_too_long_ends_the_streams(
    town: Town, minutes: int, closing: Closing | None
):
    home = await town.listen(streams.USER)
    await town.gap(minutes * 60)
    assert home.closing is closing


async def test_a_gap_from_before_what_is_remembered_ends_the_streams(town: Town, monkeypatch):
    monkeypatch.setattr(catching_up, "REMEMBERED", 2)
    home = await town.listen(streams.USER)
    for number in range(3):
        await town.post(f"number {number}")
    town.deliver()
    await settle(town)
    await town.gap()
    assert home.closing is Closing.MISSED


async def test_a_database_that_cannot_be_asked_for_a_moment_is_asked_again(town: Town, monkeypatch):
    monkeypatch.setattr(catching_up, "PAUSE", 0.01)
    home = await town.listen(streams.USER)
    await town.post("in the end")
    town.said.news.clear()
    real, failures = CatchingUp.find, [1, 2, 3]

    async def find(self: CatchingUp, since: int) -> list[News] | None:
        if failures:
            failures.pop()
            raise StorageProblem
        return await real(self, since)

    monkeypatch.setattr(CatchingUp, "find", find)
    await town.gap()
    assert len(home.told("update")) == 1


async def test_a_database_that_cannot_be_asked_at_all_ends_the_streams(town: Town, monkeypatch):
    monkeypatch.setattr(catching_up, "PAUSE", 0.001)
    home = await town.listen(streams.USER)

    async def find(_: CatchingUp, __: int) -> list[News] | None:
        raise StorageProblem

    monkeypatch.setattr(CatchingUp, "find", find)
    await town.gap()
    assert home.closing is Closing.MISSED


async def test_two_gaps_at_once_are_closed_from_the_earlier_one_on(town: Town):
    home = await town.listen(streams.USER)
    await town.post("long ago")
    town.said.news.clear()
    town.clock.advance(milliseconds=OVERLAP + times.MINUTE)
    town.bus.tell_missed(90)
    await town.gap(1)
    assert len(home.told("update")) == 1


async def test_control_without_catching_up_the_stream_is_silently_behind(town: Town):
    stay = await town.listen(streams.USER)
    await town.post("lost")
    town.said.news.clear()
    await town.post("heard")
    town.deliver()
    await settle(town)
    assert [b"heard" in one for one in stay.told("update")] == [True]  # and nothing else is known
    assert stay.closing is None
