"""A bus between processes, whatever carries it: queue, heartbeats, reconnecting, noticing gaps.

What is published is told here at once and put in a queue; one task sends it, in order, in parcels.
Whatever may have got lost becomes a gap: the listeners are told that news may be missing, and since
when (`stentor.streaming.bus.Missed`). Losing the bus never loses a row: it only wakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from stentor import telemetry
from stentor.streaming import numbering
from stentor.streaming.bus import LocalBus, News
from stentor.streaming.numbering import BEAT, SILENCE, Kind, Peers
from stentor.telemetry import Level, Metric

log = structlog.get_logger("stentor.bus")

#: News that may wait to be sent; beyond that all are dropped, and the others notice it.
WAITING = 20_000
#: News that are taken from the queue at once.
BATCH = 2_000
#: Seconds that connecting and sending may take, and that starting and closing wait for it.
PATIENCE = 2.0
#: Seconds after connecting during which what is found missing is told together.
SETTLING = 1.5
#: Seconds between two attempts to connect, at first and at most.
PAUSES = (0.1, 2.0)
#: Seconds after which a process that has heard no other one may take itself to be alone.
ALONE = 3 * SILENCE


class Carrier(Protocol):
    """A way to say something to all processes that listen, ourselves included, in order."""

    async def open(self, hear: Callable[[bytes | str], None], lost: Callable[[], None]) -> None:
        """Connects. Whoever hears what he says himself, hears everything that is said after it.

        ``lost`` is called when that is over, or when something heard had to be dropped.
        """

    async def send(self, messages: Sequence[bytes]) -> None:
        """Says them in that order. Raises if that is not possible."""

    async def hears(self) -> bool:
        """Whether all that anybody says certainly reaches us, seen without saying anything.

        False where nobody can see that. Raises if the connection does not answer.
        """

    async def close(self) -> None:
        """Ends the connection, in whatever state it is."""


class _LostError(Exception):
    """The connection is gone, or does not bring us what we say ourselves."""


class RelayBus(LocalBus):
    """News from and to other processes. `publish` is for the loop that `start` ran in."""

    def __init__(self, carrier: Carrier, *, name: str) -> None:
        super().__init__()
        self._carrier = carrier
        self._name = name
        self._begun = time.monotonic()
        self._origin = secrets.token_hex(8)
        self._peers = Peers(self._origin)
        self._number = 0
        self._queue: deque[News] = deque()
        self._unsent: list[bytes] = []
        self._bell = asyncio.Event()
        self._up = asyncio.Event()
        self._is_lost = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        # When we were last sure to hear everything; None before we ever did and nobody listened.
        self._sure_at: float | None = None
        self._settled_at = 0.0
        self._unsettled_at = math.inf
        self._pending_gap: tuple[float, str] | None = None
        self._echo_at = 0.0
        self._company_at = 0.0
        self._beat_at = 0.0
        self._looked_at = 0.0

    # --- for those who use it

    def publish(self, news: News) -> None:
        super().publish(news)
        if len(self._queue) >= WAITING:
            self._queue.clear()
            self._number += 1  # a number that nobody will hear: the others notice that
            telemetry.count(Metric.BUS_OVERFLOWS)
        self._queue.append(news)
        self._bell.set()

    async def start(self) -> None:
        """Connects and listens until `close`; if the bus is out, goes on and keeps trying."""
        self._task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(PATIENCE):
                await self._up.wait()
        except TimeoutError:
            self._sure_at = self._sure_at or time.monotonic()
            log.warning("the bus is out of reach; still trying", bus=self._name)

    async def close(self) -> None:
        """Sends what waits, says goodbye and ends; takes no longer than twice `PATIENCE`."""
        task, self._task = self._task, None
        if task is None:
            return
        self._closing = True
        self._bell.set()
        if self._up.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(task), PATIENCE)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await self._disconnect()

    # --- the task

    async def _run(self) -> None:
        shortest, longest = PAUSES
        pause = shortest
        while not self._closing:
            try:
                await self._connect()
                pause = shortest
                await self._pump()
            except Exception as problem:  # noqa: BLE001 - whatever it is, we connect again
                self._disconnected(problem)
                await self._disconnect()
                await asyncio.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
                pause = min(pause * 2, longest)

    async def _connect(self) -> None:
        self._is_lost = False
        async with asyncio.timeout(PATIENCE):
            await self._carrier.open(self._hear, self._lost)
        self._connected()

    def _connected(self) -> None:
        now = time.monotonic()
        self._peers.connected(now)
        self._settled_at = math.inf
        self._echo_at = self._company_at = self._looked_at = now
        self._beat_at = 0.0  # to be sent at once: when it comes back, we hear

    def _came_up(self, now: float) -> None:
        if self._sure_at is not None:
            self._gap(now - self._sure_at, "outage")
        # One that comes and goes does not put off for ever what is to be told.
        self._settled_at = min(now + SETTLING, max(now, self._unsettled_at + SILENCE))
        self._bell.set()
        self._up.set()
        telemetry.show(Level.BUS_UP, 1)
        log.info("bus connected", bus=self._name)

    def _disconnected(self, problem: Exception) -> None:
        if self._up.is_set():
            log.warning("bus lost", bus=self._name, problem=f"{type(problem).__name__}: {problem}")
        self._up.clear()
        telemetry.show(Level.BUS_UP, 0)

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._carrier.close()
        except Exception as problem:  # noqa: BLE001 - it is of no use any more
            log.debug("bus did not close", bus=self._name, problem=repr(problem))

    async def _pump(self) -> None:
        """Sends until told to stop; returns after the goodbye. Raises when the bus is lost."""
        while True:
            self._look()
            messages = self._take(beat=await self._is_to_beat())
            if messages:
                self._unsent = messages
                async with asyncio.timeout(PATIENCE):
                    await self._carrier.send(messages)
                self._unsent = []
            if self._queue:
                continue
            if self._closing:
                async with asyncio.timeout(PATIENCE):
                    await self._carrier.send([self._message(Kind.BYE)])
                return
            self._bell.clear()
            wait = max(0.0, self._beat_at + BEAT - time.monotonic())
            alarm = asyncio.get_running_loop().call_later(wait, self._bell.set)
            await self._bell.wait()
            alarm.cancel()

    async def _is_to_beat(self) -> bool:
        """Whether it is time for a heartbeat, and it is of use to anybody."""
        now = time.monotonic()
        if now - self._beat_at < BEAT:
            return False
        self._beat_at = now
        if not self._up.is_set() or now - self._company_at < ALONE:
            return True
        # A beat is a commit where the bus is a database: whatever was asked of it has to be asked
        # again. Nobody is there who needs it, and that we hear whoever comes can be seen for less.
        async with asyncio.timeout(PATIENCE):
            if not await self._carrier.hears():
                return True
        self._echo_at = self._sure_at = now
        return False

    def _take(self, *, beat: bool) -> list[bytes]:
        # What was not sent keeps its numbers: whoever has heard it all the same, drops it.
        messages, self._unsent = self._unsent, []
        news = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        for parcel in numbering.in_parcels(map(numbering.encode_news, news)):
            self._number += 1
            messages.append(self._message(Kind.NEWS, parcel))
        if beat:
            messages.append(self._message(Kind.BEAT))
        return messages

    def _message(self, kind: Kind, parcel: Sequence[bytes] = ()) -> bytes:
        age = time.monotonic() - self._begun
        return numbering.encode(self._origin, kind, self._number, age, parcel)

    # --- what is heard, and what is not

    def _lost(self) -> None:
        self._is_lost = True
        self._bell.set()

    def _hear(self, payload: bytes | str) -> None:
        message = numbering.decode(payload)
        if message is None:
            telemetry.count(Metric.BUS_GARBAGE)
            return
        now = time.monotonic()
        if message.origin == self._origin:
            if not self._up.is_set():
                self._came_up(now)
            self._echo_at = self._sure_at = now
            return
        self._company_at = now
        heard = self._peers.hear(message, now)
        if heard.gap is not None:
            self._gap(heard.gap, "missing")
        for news in heard.news:
            self.tell(news)

    def _look(self) -> None:
        """Judges who is silent: the others, or the bus itself. Raises _LostError."""
        if self._is_lost:
            raise _LostError("the connection ended")
        now = time.monotonic()
        if now - self._looked_at > 2 * BEAT:
            # It was we who did not listen; whatever has been said meanwhile is about to be read.
            self._peers.excuse(now)
            self._echo_at = now
        self._looked_at = now
        if now - self._echo_at > SILENCE:
            raise _LostError("it does not bring what we say ourselves")
        silent = self._peers.vanished(now)
        if silent is not None:
            self._gap(silent, "vanished")
        if self._pending_gap is not None and now >= self._settled_at:
            since, reason = self._pending_gap
            self._pending_gap = None
            self._report(now - since, reason)

    def _gap(self, seconds: float, reason: str) -> None:
        now = time.monotonic()
        if now >= self._settled_at:
            self._report(seconds, reason)
            return
        # Just connected: the others' first words tell what else is missing.
        since = now - seconds
        if self._pending_gap is None:
            self._unsettled_at = now
        if self._pending_gap is None or since < self._pending_gap[0]:
            self._pending_gap = (since, reason)

    def _report(self, seconds: float, reason: str) -> None:
        telemetry.count(Metric.BUS_GAPS, reason=reason)
        log.warning("news may be missing", bus=self._name, reason=reason, seconds=round(seconds, 1))
        self.tell_missed(seconds)
