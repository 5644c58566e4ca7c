"""News from process to process, on each bus, with everything that can happen to it.

Each end is a bus of its own on a real server, as in a process of its own; where a process has to be
killed or stopped, it is one. ``Ear`` is what a hub is to a bus: whatever it has heard when nothing
more comes is complete, or it was told that something may be missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from stentor.streaming import relay
from stentor.streaming.bus import LocalBus, News
from stentor.streaming.nats import nats_bus
from stentor.streaming.numbering import BEAT, SILENCE, Peers
from stentor.streaming.postgres import postgres_bus
from stentor.streaming.relay import SETTLING, RelayBus
from tests.servers import Nats, Postgres, free_port, wait_for

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


async def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits for it."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what holds is said by many things
            await asyncio.sleep(0.01)


class Ear:
    """What was heard on a bus, and when something may have been missed."""

    def __init__(self, bus: LocalBus) -> None:
        self.ids: list[int] = []
        self.gaps: list[float] = []
        bus.listen(lambda news: self.ids.append(news.id), self.gaps.append)

    async def wait(self, said: Callable[[Ear], bool], seconds: float = PATIENCE) -> None:
        """Until that holds."""
        await until(lambda: said(self), seconds)

    async def hear(self, *ids: int) -> None:
        """Until exactly that was heard."""
        await self.wait(lambda ear: len(ear.ids) >= len(ids))
        assert self.ids == list(ids)


def news(*ids: int) -> list[News]:
    return [News(1, "notification", one) for one in ids]


def say(bus: LocalBus, *ids: int) -> None:
    for one in news(*ids):
        bus.publish(one)


class Place:
    """Where buses meet: a server, how to lose it, and how to make a bus on it."""

    def __init__(self, kind: str, server: Postgres | Nats, url: str) -> None:
        self.kind = kind
        self.server = server
        self.url = url
        self.open: list[LocalBus] = []

    def make(self) -> RelayBus:
        return postgres_bus(self.url) if self.kind == "postgres" else nats_bus(self.url, "test")

    async def bus(self) -> RelayBus:
        """One that is connected."""
        made = self.make()
        self.open.append(made)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relay, "PATIENCE", PATIENCE)
            await made.start()
        assert made._up.is_set()
        return made

    async def pair(self) -> tuple[RelayBus, RelayBus, Ear]:
        """One that speaks, and one that listens to it and knows it."""
        speaker, listener = await self.bus(), await self.bus()
        ear = Ear(listener)
        await until(lambda: len(listener._peers) and time.monotonic() >= listener._settled_at)
        return speaker, listener, ear


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres), "nats"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Each bus in turn, on the server that all tests share."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        found = Place("postgres", server, request.getfixturevalue("postgres_url"))
    else:
        found = Place("nats", None, request.getfixturevalue("nats_url"))
    yield found
    for bus in found.open:
        await bus.close()


# --- what travels


async def test_what_one_process_says_another_hears_in_order_and_once(place: Place):
    speaker, listener, ear = await place.pair()
    own = Ear(speaker)
    say(speaker, *range(500))
    assert own.ids == list(range(500))  # at once, not by the way round
    await ear.hear(*range(500))
    say(listener, 1000)
    await own.wait(lambda one: one.ids[-1] == 1000)
    await asyncio.sleep(0.2)
    assert own.ids == [*range(500), 1000]
    assert ear.ids == [*range(500), 1000]
    assert (own.gaps, ear.gaps) == ([], [])


async def test_many_speak_at_once_and_each_is_heard_in_its_order(place: Place):
    listener = await place.bus()
    ear = Ear(listener)
    speakers = [await place.bus() for _ in range(4)]
    for turn in range(200):
        for number, one in enumerate(speakers):
            say(one, number * 1000 + turn)
        await asyncio.sleep(0)
    await ear.wait(lambda one: len(one.ids) == 800)
    for number in range(4):
        mine = [one for one in ear.ids if one // 1000 == number]
        assert mine == [number * 1000 + turn for turn in range(200)]
    assert ear.gaps == []


async def test_who_comes_later_hears_what_is_said_from_then_on(place: Place):
    speaker = await place.bus()
    say(speaker, 1, 2, 3)
    await asyncio.sleep(BEAT * 1.5)
    came = time.monotonic()
    ear = Ear(await place.bus())
    say(speaker, 4)
    await ear.hear(4)
    await ear.wait(lambda one: bool(one.gaps))
    lasted = time.monotonic() - came
    await asyncio.sleep(SETTLING + BEAT)
    # What was said before he listened he has not missed; but what was said before he first heard
    # the speaker may be more than that, so he is told once.
    assert len(ear.gaps) == 1
    assert ear.gaps[0] < lasted


async def test_who_leaves_with_a_goodbye_is_not_missed(place: Place):
    speaker, _, ear = await place.pair()
    say(speaker, 1)
    await speaker.close()
    await ear.hear(1)  # what he said last, he said before he left
    await asyncio.sleep(SILENCE + 2 * BEAT)
    assert ear.gaps == []


async def test_publishing_never_waits_for_a_bus_that_is_out(place: Place):
    with Postgres() if place.kind == "postgres" else Nats() as server:
        url = server.url() if isinstance(server, Postgres) else server.url
    bus = Place(place.kind, server, url).make()
    own = Ear(bus)
    await bus.start()
    say(bus, *range(1000))
    assert own.ids == list(range(1000))
    await bus.close()


async def test_rubbish_on_the_channel_is_no_news(place: Place):
    speaker, _, ear = await place.pair()
    await speaker._carrier.send([b"hello", b'["x"]', b"[" * 1000, b"{}", b'["o",7,1,1,[]]'])
    say(speaker, 1)
    await ear.hear(1)
    assert ear.gaps == []


# --- what gets lost


async def cut(place: Place, bus: RelayBus) -> None:
    """Ends that bus's connections from outside."""
    if place.kind == "nats":
        assert bus._carrier._client is not None
        bus._carrier._client._transport.close()
        return
    pid = bus._carrier._listening.get_server_pid()
    connection = await asyncpg.connect(place.url)
    await connection.execute("SELECT pg_terminate_backend($1)", pid)
    await connection.close()


async def test_a_listener_that_was_cut_off_is_told_and_hears_again(place: Place):
    speaker, listener, ear = await place.pair()
    say(speaker, 1)
    await ear.hear(1)
    await cut(place, listener)
    await asyncio.sleep(0.02)
    say(speaker, 2)
    await ear.wait(lambda one: bool(one.gaps))
    say(speaker, 3)
    await ear.wait(lambda one: 3 in one.ids)
    assert len(ear.gaps) == 1
    assert ear.ids == sorted(set(ear.ids))


async def test_a_bus_that_comes_and_goes_does_not_put_off_for_ever_what_is_missing(place: Place):
    _, listener, ear = await place.pair()
    for _ in range(20):
        await cut(place, listener)
        await asyncio.sleep(0.3)
        await until(listener._up.is_set)
        await asyncio.sleep(0.5)  # never long enough to settle
        if ear.gaps:
            break
    assert ear.gaps


async def test_a_speaker_that_was_cut_off_loses_nothing_unnoticed(place: Place):
    speaker, _, ear = await place.pair()
    for turn in range(5):
        say(speaker, *range(turn * 100, turn * 100 + 50))
        await cut(place, speaker)
        say(speaker, *range(turn * 100 + 50, turn * 100 + 100))
        await asyncio.sleep(0.3)
    say(speaker, 999)
    await ear.wait(lambda one: one.ids[-1:] == [999])
    assert ear.ids == sorted(set(ear.ids))
    await asyncio.sleep(BEAT * 2)
    assert ear.gaps or ear.ids == [*range(500), 999]


async def lose(bus: RelayBus, *ids: int) -> None:
    """Says that so that nobody hears it: the message is dropped on its way."""
    real, bus._carrier = bus._carrier, Silence()
    say(bus, *ids)
    await until(lambda: not bus._queue and not bus._unsent)
    bus._carrier = real


class Silence:
    """Takes everything and says nothing."""

    async def send(self, messages: list[bytes]) -> None:
        """Drops them."""


async def test_a_message_that_was_lost_is_noticed_within_a_heartbeat(place: Place):
    speaker, _, ear = await place.pair()
    say(speaker, 1)
    await ear.hear(1)
    await lose(speaker, 2)
    await ear.wait(lambda one: bool(one.gaps))
    assert ear.ids == [1]


async def test_a_message_that_was_lost_is_noticed_with_the_next(place: Place):
    speaker, _, ear = await place.pair()
    await lose(speaker, 1)
    say(speaker, 2)
    await ear.wait(lambda one: bool(one.ids))
    assert len(ear.gaps) == 1


async def test_a_queue_that_runs_over_is_noticed_by_all_others(place: Place, monkeypatch):
    monkeypatch.setattr(relay, "WAITING", 100)
    speaker, _, ear = await place.pair()
    other = Ear(await place.bus())
    own = Ear(speaker)
    say(speaker, *range(250))
    for one in (ear, other):
        await one.wait(lambda one: bool(one.gaps))
        await one.wait(lambda one: one.ids[-1:] == [249])
        assert one.ids == sorted(set(one.ids))
    assert own.ids == list(range(250))
    assert own.gaps == []
    assert len(speaker._queue) <= 100


async def test_a_bus_that_does_not_bring_back_what_we_say_counts_as_out(place: Place, monkeypatch):
    """As with a pooler in transaction mode, or a connection whose other end is gone."""
    monkeypatch.setattr(relay, "SILENCE", 1.5)
    speaker, listener, ear = await place.pair()
    if place.kind == "postgres":
        await listener._carrier._listening.execute("UNLISTEN *")
    else:
        for one in listener._carrier._client._subs.values():
            await one.unsubscribe()
            break
    say(speaker, 1)
    await ear.wait(lambda one: bool(one.gaps))
    say(speaker, 2)
    await ear.wait(lambda one: 2 in one.ids)


# --- whoever is alone


class Counting:
    """A carrier that notes what is said by it."""

    def __init__(self, bus: RelayBus) -> None:
        self.said: list[bytes] = []
        self._real = bus._carrier
        bus._carrier = self

    async def send(self, messages: list[bytes]) -> None:
        """Says them."""
        self.said += messages
        await self._real.send(messages)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.mark.parametrize("company", [False, True])
async def test_only_on_postgresql_and_alone_no_heart_beats(place: Place, monkeypatch, company):
    monkeypatch.setattr(relay, "ALONE", 2 * BEAT)
    bus = await place.bus()
    if company:
        await place.bus()
    await asyncio.sleep(BEAT * 3.5)
    counted = Counting(bus)
    if company or place.kind == "nats":
        await until(lambda: len(counted.said) >= 3)
    else:
        async with asyncio.timeout(PATIENCE):
            before = -1
            while before != len(counted.said):
                before = len(counted.said)
                await asyncio.sleep(BEAT * 3)
    assert bus._up.is_set()


async def test_whoever_was_alone_is_heard_and_hears_as_soon_as_another_comes(
    place: Place, monkeypatch
):
    monkeypatch.setattr(relay, "ALONE", 2 * BEAT)
    alone = await place.bus()
    own = Ear(alone)
    await asyncio.sleep(BEAT * 3.5)
    say(alone, 1)
    with process(place) as other:
        other.stdin.write(b"2\n")
        await own.hear(1, 2)
        monkeypatch.undo()
        other.send_signal(signal.SIGKILL)
        await own.wait(lambda one: bool(one.gaps))
    ear = Ear(await place.bus())
    await ear.wait(lambda one: bool(one.gaps))  # it has spoken before: so its heart beats again
    await lose(alone, 3)
    await ear.wait(lambda one: len(one.gaps) == 2)


async def test_whoever_is_alone_notices_that_it_hears_nothing(place: Place, monkeypatch):
    monkeypatch.setattr(relay, "ALONE", 2 * BEAT)
    monkeypatch.setattr(relay, "SILENCE", 1.5)
    bus = await place.bus()
    ear = Ear(bus)
    await asyncio.sleep(BEAT * 3.5)
    if place.kind == "postgres":
        await bus._carrier._listening.execute("UNLISTEN *")
    else:
        await bus._carrier._client._subs[1].unsubscribe()
    await ear.wait(lambda one: bool(one.gaps))
    assert bus._up.is_set()


# --- outages of the whole server


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres), "nats"])
async def own_place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Each bus in turn, on a server of its own that may be killed."""
    server: Postgres | Nats = Postgres() if request.param == "postgres" else Nats(port=free_port())
    with server:
        url = wait_for(server.new_database()) if isinstance(server, Postgres) else server.url
        found = Place(request.param, server, url)
        yield found
        for bus in found.open:
            await bus.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_after_an_outage_every_listener_is_complete_or_told(own_place: Place, how: int):
    speaker, _, ear = await own_place.pair()
    say(speaker, 1)
    await ear.hear(1)
    own_place.server.stop(how)
    say(speaker, 2)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_place.server.start)
    await ear.wait(lambda one: bool(one.gaps))
    say(speaker, 3)
    await ear.wait(lambda one: 3 in one.ids)
    assert ear.ids == sorted(set(ear.ids))
    assert ear.gaps[0] >= 0.4  # since before the outage


async def test_a_server_that_hangs_is_an_outage_too(own_place: Place):
    speaker, _, ear = await own_place.pair()
    pids = [own_place.server.pid]
    if own_place.kind == "postgres":
        connection = await asyncpg.connect(own_place.url)
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        await connection.close()
        pids += [row[0] for row in rows]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    say(speaker, 1)
    await asyncio.sleep(SILENCE + 2.5)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    await ear.wait(lambda one: bool(one.gaps) or one.ids == [1])
    say(speaker, 2)
    await ear.wait(lambda one: 2 in one.ids)
    assert ear.ids == sorted(set(ear.ids))
    assert 1 in ear.ids or ear.gaps


# --- processes that die, or stop

SPEAKER = """
import asyncio, sys
from stentor.streaming import relay
from stentor.streaming.bus import News
from stentor.streaming.nats import nats_bus
from stentor.streaming.postgres import postgres_bus

relay.PATIENCE = 60.0

async def main(kind, url):
    bus = postgres_bus(url) if kind == "postgres" else nats_bus(url, "test")
    await bus.start()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        bus.publish(News(1, "notification", int(line)))
    await bus.close()

asyncio.run(main(*sys.argv[1:]))
"""


@contextlib.contextmanager
def process(place: Place):
    """Another process that says each number that is written to it."""
    made = subprocess.Popen(
        [sys.executable, "-c", SPEAKER, place.kind, place.url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=ROOT, bufsize=0,
    )  # fmt: skip
    assert made.stdout is not None
    while b"ready" not in made.stdout.readline():
        assert made.poll() is None
    try:
        yield made
    finally:
        made.kill()
        made.communicate()


async def test_a_process_that_is_killed_is_missed(place: Place):
    ear = Ear(await place.bus())
    with process(place) as other:
        other.stdin.write(b"1\n")
        await ear.hear(1)
        assert ear.gaps == []
        other.send_signal(signal.SIGKILL)
        await ear.wait(lambda one: bool(one.gaps))
        assert ear.gaps[0] >= SILENCE
    await asyncio.sleep(BEAT)
    assert len(ear.gaps) == 1


async def test_a_process_that_stops_for_a_while_is_missed_and_then_heard_again(place: Place):
    ear = Ear(await place.bus())
    with process(place) as other:
        other.stdin.write(b"1\n")
        await ear.hear(1)
        other.send_signal(signal.SIGSTOP)
        other.stdin.write(b"2\n")  # it is about to say that
        await ear.wait(lambda one: bool(one.gaps))
        other.send_signal(signal.SIGCONT)
        await ear.hear(1, 2)
        other.stdin.write(b"3\n")
        await ear.hear(1, 2, 3)
        assert len(ear.gaps) == 1


async def test_whoever_stops_for_a_while_blames_nobody_and_misses_nothing(place: Place):
    """The listener is the one that stops: what was said meanwhile waits for it."""
    with process(place) as other:
        listener = await place.bus()
        ear = Ear(listener)
        other.stdin.write(b"1\n")
        await ear.hear(1)
        other.stdin.write(b"2\n")
        time.sleep(SILENCE + 1.5)  # noqa: ASYNC251 - that is the point: nothing runs here
        await ear.hear(1, 2)
        await asyncio.sleep(BEAT * 2)
        assert ear.gaps == []


# --- negative controls: the mechanisms off, a listener is behind and does not know


async def test_control_without_numbers_a_lost_message_is_never_noticed(place: Place, monkeypatch):
    speaker, _, ear = await place.pair()
    real = Peers.hear

    def trusting(self: Peers, message, at):
        heard = real(self, message, at)
        heard.gap = None
        return heard

    monkeypatch.setattr(Peers, "hear", trusting)
    await lose(speaker, 1)
    say(speaker, 2)
    await ear.hear(2)
    await asyncio.sleep(BEAT * 2)
    assert ear.gaps == []  # and 1 is missing


async def test_control_without_silence_a_killed_process_is_never_missed(place: Place, monkeypatch):
    monkeypatch.setattr(Peers, "vanished", lambda *_: None)
    ear = Ear(await place.bus())
    with process(place) as other:
        other.stdin.write(b"1\n")
        await ear.hear(1)
        other.send_signal(signal.SIGKILL)
        await asyncio.sleep(SILENCE + 2 * BEAT)
    assert ear.gaps == []


async def test_control_without_the_gap_of_reconnecting_a_listener_is_silently_behind(
    place: Place, monkeypatch
):
    monkeypatch.setattr(RelayBus, "_gap", lambda *_: None)
    monkeypatch.setattr(relay, "PAUSES", (4.0, 4.0))  # long enough to be seen
    speaker, listener, ear = await place.pair()
    await cut(place, listener)
    await asyncio.sleep(0.02)
    await until(lambda: not listener._up.is_set())
    say(speaker, 1)
    await until(listener._up.is_set)
    await asyncio.sleep(1.0)
    say(speaker, 2)
    await ear.wait(lambda one: 2 in one.ids)
    assert ear.ids == [2] or ear.ids == [1, 2]  # 1 was said while nobody was connected
    assert ear.gaps == []
