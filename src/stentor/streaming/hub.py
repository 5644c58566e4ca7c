"""This process's open streams: who listens to what, what they are told, and when they end.

Of notifications the table is the truth. Each connection knows the highest id that it was told;
news on the bus only says whose table to read, and a look at all lists each second finds what no
news told. Of statuses the news is all there is: see `stentor.streaming.statuses`.
Nobody here ever waits for a reader: `Connection.deliver` takes what it is given, or ends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable

import structlog

from stentor import telemetry
from stentor.domain import streams
from stentor.domain.ids import LARGEST
from stentor.domain.links import Links
from stentor.domain.streams import Closing, Stream, Subscription
from stentor.store import access_tokens, notification_inboxes, notifications, presences
from stentor.store.access_tokens import FoundToken
from stentor.store.database import Database, StorageProblem
from stentor.streaming import notifications as notices
from stentor.streaming import statuses
from stentor.streaming.bus import News
from stentor.streaming.connections import OVERFLOW, Connection
from stentor.streaming.events import Event, label_json
from stentor.telemetry import Level, Metric

log = structlog.get_logger("stentor.streaming")

#: Seconds between two looks at what no news told, and between two looks at the tokens.
FLOOR_SECONDS = 1.0
SWEEP_SECONDS = 1.0
#: Accounts or tokens of one statement.
SLICE = 500
#: Accounts that are told of notifications at the same time.
TELLERS = 4
#: Notifications that are read at once.
BATCH = 50
#: So often the news of a status is tried while the database cannot be asked.
ATTEMPTS = 10
#: News of statuses that may wait; beyond that streams are closed rather than left behind.
WAITING = 10_000
#: Milliseconds after which an open stream is noted again (`stentor.store.presences`).
NOTED = 180_000
#: A restart closes at most so many streams in a second, and takes no longer than that (F15).
DRAIN_RATE = 500
DRAIN_SECONDS = 8.0

_ENDS = frozenset({"account_suspended", "account_disabled"})
_MERGED = Event("notifications_merged", b"1")
_FILTERS_CHANGED = Event("filters_changed", b"1")
_USER = Stream(streams.USER)


_NOBODY: dict[Connection, tuple[bytes, ...]] = {}


class _Account:
    """The streams of one account, and the version of its list that was looked at last."""

    __slots__ = ("connections", "noted", "version")

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.version = -1
        self.noted = 0


class Hub:
    """Open streams. ``good`` says whether a token still opens anything (`api.auth.good`)."""

    def __init__(
        self,
        db: Database,
        *,
        links: Links,
        now: Callable[[], int],
        good: Callable[[FoundToken, int], bool],
    ) -> None:
        self.db = db
        self.links = links
        self.now = now
        self.draining = False
        self._good = good
        self._accounts: dict[int, _Account] = {}
        self._tokens: dict[int, set[Connection]] = {}
        self._channels: statuses.Channels[Connection] = {}
        self._woken: dict[int, None] = {}
        self._busy: set[int] = set()
        self._bell = asyncio.Event()
        self._waiting: deque[tuple[int, News]] = deque()
        self._status_bell = asyncio.Event()
        self._left: set[int] = set()
        # What the database was like when all tokens and all lists were looked at, and when the
        # first of the tokens ends.
        self._swept: Hashable | None = None
        self._looked: Hashable | None = None
        self._expiry = 0

    # --- who is here

    def __len__(self) -> int:
        return sum(len(one.connections) for one in self._accounts.values())

    def open_streams(self, account_id: int) -> int:
        """How many streams an account has open here."""
        entry = self._accounts.get(account_id)
        return len(entry.connections) if entry else 0

    def join(self, connection: Connection) -> None:
        """It is open from now on; whoever opens a stream makes sure that it leaves."""
        listener = connection.listener
        self._accounts.setdefault(listener.account_id, _Account()).connections.add(connection)
        self._tokens.setdefault(listener.token_id, set()).add(connection)
        self._swept = self._looked = None
        telemetry.move(Level.STREAM_CLIENTS, 1, transport=connection.transport)

    def leave(self, connection: Connection) -> None:
        """It is gone; once more does no harm."""
        listener = connection.listener
        entry = self._accounts.get(listener.account_id)
        if entry is None or connection not in entry.connections:
            return
        for subscription in list(connection.labels):
            self.unsubscribe(connection, subscription)
        entry.connections.discard(connection)
        if not entry.connections:
            del self._accounts[listener.account_id]
            self._left.add(listener.account_id)
        same = self._tokens[listener.token_id]
        same.discard(connection)
        if not same:
            del self._tokens[listener.token_id]
        telemetry.move(Level.STREAM_CLIENTS, -1, transport=connection.transport)

    async def newest(self, account_id: int) -> int:
        """Where a stream begins that asks for nothing earlier."""
        return await notifications.position(self.db, account_id)

    def subscribe(self, connection: Connection, wanted: Subscription) -> None:
        """Says on it what belongs to that stream.

        ``connection.position`` has been set by `newest`, if notifications belong to it and to
        nothing that it listens to already.
        """
        connection.labels[wanted] = label_json(wanted.label)
        self._arrange(connection, wanted.stream)
        if streams.hears_notifications(wanted.stream, connection.listener.scopes):
            self._wake(connection.listener.account_id)

    def unsubscribe(self, connection: Connection, ended: Subscription) -> None:
        """Says on it no more what belongs to that stream only."""
        if connection.labels.pop(ended, None) is not None:
            self._arrange(connection, ended.stream)

    def resume(self, connection: Connection, position: int) -> None:
        """Notifications after that one are said from now on; HELD until then."""
        connection.position = position
        self._wake(connection.listener.account_id)

    def _arrange(self, connection: Connection, stream: Stream) -> None:
        labels = tuple(label for one, label in connection.labels.items() if one.stream == stream)
        account_id = connection.listener.account_id
        channel = self._channels.setdefault(stream, {})
        if labels:
            channel.setdefault(account_id, {})[connection] = labels
        elif account_id in channel:
            channel[account_id].pop(connection, None)
            if not channel[account_id]:
                del channel[account_id]
        if not channel:
            del self._channels[stream]
        scopes = connection.listener.scopes
        if streams.hears_notifications(stream, scopes):
            connection.notified = tuple(
                label
                for one, label in connection.labels.items()
                if streams.hears_notifications(one.stream, scopes)
            )

    # --- what happens

    def hear(self, news: News) -> None:
        """Listens to the bus."""
        kind = news.kind
        if kind == "notification":
            if news.account_id in self._accounts:
                self._wake(news.account_id)
        elif kind in statuses.KINDS:
            self._queue(news)
        elif kind == "token_revoked":
            self._end(self._tokens.get(news.id, ()), Closing.ENDED, "revoked")
        elif kind in _ENDS:
            self._end(self._of(news.account_id), Closing.ENDED, "account")
        elif kind == "notifications_merged":
            for one in list(self._of(news.account_id)):
                self._deliver(one, _MERGED, one.notified)
        elif kind == "filters_changed":
            self._say([statuses.Told(_USER, {news.account_id: _FILTERS_CHANGED})])

    def missed(self, seconds: float = 0.0) -> None:  # noqa: ARG002  # the bus says how many
        """News may have been lost: ends the streams that nothing but news can keep complete.

        The bus calls it after an outage. Streams of notifications alone read their table.
        """
        self._waiting.clear()
        self.interrupt(frozenset(streams.SCOPES) - {streams.NOTIFICATIONS})

    def interrupt(self, names: frozenset[str]) -> None:
        """Ends every connection that listens to any of those: it cannot be kept complete."""
        for entry in list(self._accounts.values()):
            incomplete = [
                one
                for one in entry.connections
                if any(wanted.stream.name in names for wanted in one.labels)
            ]
            self._end(incomplete, Closing.MISSED, "missed")

    def accounts(self) -> list[int]:
        """Whoever has a stream open here."""
        return list(self._accounts)

    def horizon(self) -> int:
        """Everything that was heard of statuses before that time has been said."""
        return self._waiting[0][0] if self._waiting else self.now()

    def _of(self, account_id: int) -> Iterable[Connection]:
        entry = self._accounts.get(account_id)
        return entry.connections if entry else ()

    def _wake(self, account_id: int) -> None:
        self._woken[account_id] = None
        self._bell.set()

    def _queue(self, news: News) -> None:
        if not self._channels:
            return
        if len(self._waiting) >= WAITING:
            self.missed()
            return
        self._waiting.append((self.now(), news))
        self._status_bell.set()

    def _deliver(self, connection: Connection, event: Event, labels: Iterable[bytes]) -> None:
        said = connection.deliver(event, labels)
        if said == OVERFLOW:
            self._end([connection], Closing.SLOW, "slow")
        elif said:
            telemetry.count_many(Metric.STREAM_EVENTS, said, event=event.name)

    def _end(self, connections: Iterable[Connection], closing: Closing, reason: str) -> None:
        for one in list(connections):
            telemetry.count(Metric.STREAMS_ENDED, reason=reason)
            one.end(closing)
            self.leave(one)

    # --- work

    async def run(self) -> None:
        """Does the hub's work until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(TELLERS):
                group.create_task(self._tell_notifications())
            group.create_task(self._tell_statuses())
            group.create_task(self._every(FLOOR_SECONDS, self.look_for_missed))
            group.create_task(self._every(SWEEP_SECONDS, self.sweep))
            group.create_task(self._every(FLOOR_SECONDS, self.note_presences))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except StorageProblem as problem:
                log.warning("streaming upkeep failed", problem=str(problem))
            except Exception:
                log.exception("streaming upkeep failed")

    async def _tell_notifications(self) -> None:
        """One of a few that work side by side, never two of them for the same account."""
        while True:
            account_id = next((one for one in self._woken if one not in self._busy), None)
            if account_id is None:
                self._bell.clear()
                await self._bell.wait()
                continue
            del self._woken[account_id]
            self._busy.add(account_id)
            await self._attempt(account_id)
            self._busy.discard(account_id)
            if account_id in self._woken:
                self._bell.set()

    async def _attempt(self, account_id: int) -> None:
        try:
            await self.tell(account_id)
        except StorageProblem as problem:
            log.warning("notifications not told", problem=str(problem))
            entry = self._accounts.get(account_id)
            if entry is not None:
                entry.version, self._looked = -1, None  # the next look finds it
        except Exception:
            # Nobody may be left behind in silence: whoever comes back reads what he missed.
            log.exception("notifications not told", account_id=account_id)
            heard = [one for one in self._of(account_id) if one.notified]
            self._end(heard, Closing.MISSED, "fault")

    async def tell(self, account_id: int) -> None:
        """Says what that account's list holds beyond what was said, in the order of ids.

        Each is read and rendered once, for all the account's streams. One that has joined
        meanwhile from further back has its turn in the next round: none skips anything.
        """
        while True:
            heard = [one for one in self._of(account_id) if one.notified]
            if not heard:
                return
            start = min(one.position for one in heard)
            rows = await notifications.after(self.db, account_id, start, BATCH)
            if not rows:
                return
            events = await notices.events(self.db, self.links, account_id, rows, now=self.now())
            for one in [one for one in self._of(account_id) if one.notified]:
                if one.position < start:
                    continue
                for fresh in rows:
                    if fresh.row.id <= one.position:
                        continue
                    one.position = fresh.row.id
                    event = events.get(fresh.row.id)
                    if event is not None:
                        self._deliver(one, event, one.notified)
            await asyncio.sleep(0)  # readers have their turn before more is said

    async def look_for_missed(self) -> None:
        """Reads the lists that have changed since they were looked at. One query for each slice."""
        generation = self.db.generation()
        if generation is not None and generation == self._looked:
            return
        heard = [
            account_id
            for account_id, entry in self._accounts.items()
            if any(one.notified for one in entry.connections)
        ]
        self._looked = (
            generation  # before anything is asked: who joins meanwhile is looked at again
        )
        try:
            for first in range(0, len(heard), SLICE):
                part = heard[first : first + SLICE]
                versions = await notification_inboxes.versions(self.db, part)
                for account_id, version in versions.items():
                    entry = self._accounts.get(account_id)
                    if entry is not None and entry.version != version:
                        entry.version = version
                        self._wake(account_id)
                await asyncio.sleep(0)
        except Exception:
            self._looked = None
            raise

    async def sweep(self) -> None:
        """Ends the streams whose token opens nothing any more. One query for each slice (T13)."""
        generation = self.db.generation()
        now = self.now()
        if generation is not None and generation == self._swept and now < self._expiry:
            return
        self._swept = generation
        tokens, expiry = list(self._tokens), LARGEST
        try:
            for first in range(0, len(tokens), SLICE):
                part = tokens[first : first + SLICE]
                found = await access_tokens.load(self.db, part)
                good = {one.id for one in found if self._good(one, now)}
                for token_id in set(part) - good:
                    self._end(self._tokens.get(token_id, ()), Closing.ENDED, "swept")
                expiry = min([expiry, *(one.expires_at for one in found if one.expires_at)])
                await asyncio.sleep(0)
        except Exception:
            self._swept = None
            raise
        self._expiry = expiry

    async def note_presences(self) -> None:
        """Notes who has a stream open, and who has none any more."""
        now = self.now()
        left, self._left = self._left - self._accounts.keys(), set()
        due = [
            account_id for account_id, entry in self._accounts.items() if now - entry.noted >= NOTED
        ]
        for first in range(0, max(len(due), len(left)), SLICE):
            here, gone = due[first : first + SLICE], sorted(left)[first : first + SLICE]
            async with self.db.transaction() as tx:
                await presences.seen(tx, here, now)
                await presences.left(tx, gone, now)
            for account_id in here:
                entry = self._accounts.get(account_id)
                if entry is not None:
                    entry.noted = now

    async def _tell_statuses(self) -> None:
        while True:
            await self._status_bell.wait()
            self._status_bell.clear()
            while self._waiting:
                first = self._waiting[0]
                if not await self._tell_status(first[1]):
                    self.missed()
                elif self._waiting and self._waiting[0] is first:
                    self._waiting.popleft()
                await asyncio.sleep(0)  # readers have their turn before more is said

    async def _tell_status(self, news: News) -> bool:
        """Says what follows from it; False if that could not be done."""
        interest = statuses.Interest(self._channels)
        for _ in range(ATTEMPTS):
            try:
                self._say(await statuses.told(self.db, self.links, interest, news, now=self.now()))
            except StorageProblem as problem:
                log.warning("news of a status must wait", problem=str(problem))
                await asyncio.sleep(FLOOR_SECONDS)
            except Exception:
                log.exception("news of a status not told", kind=news.kind)
                return False
            else:
                return True
        return False

    def _say(self, told: Iterable[statuses.Told]) -> None:
        """Says it to all of them at once; whoever cannot take it is ended afterwards."""
        for stream, events in told:
            channel = self._channels.get(stream)
            if not channel:
                continue
            said, slow, name = 0, [], ""
            for account_id, event in events.items():
                for one, labels in channel.get(account_id, _NOBODY).items():
                    number = one.deliver(event, labels)
                    if number == OVERFLOW:
                        slow.append(one)
                    else:
                        said += number
                        name = event.name
            if said:
                telemetry.count_many(Metric.STREAM_EVENTS, said, event=name)
            self._end(slow, Closing.SLOW, "slow")

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Ends all streams, not all at the same moment: they will all come back (F15)."""
        self.draining = True
        everybody = [one for entry in self._accounts.values() for one in entry.connections]
        pause = min(seconds / max(len(everybody), 1), 1 / DRAIN_RATE)
        done = 0
        for one in everybody:
            self._end([one], Closing.RESTART, "restart")
            done += 1
            if done * pause >= 0.01:
                await asyncio.sleep(done * pause)
                done = 0
        try:
            await self.note_presences()
        except StorageProblem as problem:
            log.warning("presences not noted", problem=str(problem))
