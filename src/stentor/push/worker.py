"""Sends what is promised: claims rows, so many for each push service, and notes what came of it.

Each origin has a lane of its own: a short queue, a number of requests at once that grows with
success, and a breaker. Nothing that one push service does can take another's turn
(reliability F09-F12); what is written down is in `stentor.push.journal`.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from stentor.domain import times
from stentor.domain.push_deliveries import TEST, Next, Tried, expires_at, follow_up
from stentor.domain.push_subscriptions import PROMISED, Outcome, outcome
from stentor.push import envelope, payload
from stentor.push.breaker import KeyBreaker
from stentor.push.journal import LEASE, Closing, Journal, Result
from stentor.push.lanes import Bounds, Job, Lane
from stentor.push.payload import Message
from stentor.push.sender import DEADLINE, Answer, Failure, Sender
from stentor.store import push_deliveries, push_origins, push_subscriptions
from stentor.store.database import Database, StorageProblem
from stentor.store.push_deliveries import Claimed, Due, Promise
from stentor.store.push_origins import ALL
from stentor.telemetry import Level, Metric, Timing, count, show, took

log = structlog.get_logger("stentor.push")

#: Seconds between two looks when nobody says that there is something.
FLOOR = 0.5
# A message that has waited so long in its lane is looked at again before it is sent.
FRESH = 2.0
#: Seconds that requests under way are given when the worker is to stop.
GRACE = 7.0
# And the database, for what came of them.
LAST_WORDS = 2.0
# Seconds between two countings for the metrics.
COUNTING = 30.0
# A message that cannot even be made is tried so often (F18).
RENDERINGS = 3


class Worker:
    """One of any number of workers. `run` works until it is cancelled; `wake` makes it look.

    ``identity`` signs and seals, ``sender`` sends and is closed by its owner.
    """

    def __init__(
        self,
        db: Database,
        sender: Sender,
        identity: envelope.Sender,
        *,
        now: Callable[[], int],
        bounds: Bounds | None = None,
    ) -> None:
        self._db = db
        self._sender = sender
        self._identity = identity
        self._now = now
        self._bounds = bounds or Bounds()
        self._journal = Journal(db, now=now, written=self._written)
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unproven = 0
        self._key = KeyBreaker()
        self._key_on_trial = False
        self._cursor = ""
        self._something = asyncio.Event()
        # What is ours until it is written down: a clock that jumps may end a lease before its time.
        self._in_hand: set[Promise] = set()

    def hear(self, kind: str) -> None:
        """Some news of that kind: most of them are about people without a device."""
        if kind == PROMISED:
            self.wake()

    def wake(self) -> None:
        """There may be something to send."""
        self._something.set()

    async def run(self) -> None:
        """Works for ever. Cancelled, it ends what is under way and gives back the rest."""
        writing = asyncio.create_task(self._journal.run())
        counting = asyncio.create_task(self._count())
        try:
            while True:
                self._something.clear()
                turn = asyncio.ensure_future(self._turn())
                try:
                    more = await asyncio.shield(turn)
                except asyncio.CancelledError:
                    await turn  # it may have claimed something
                    raise
                if not more:
                    await self._pause()
        finally:
            counting.cancel()
            await self._stop()
            self._journal.end()
            # Not cancelled in the middle: what a commit has taken would be written twice.
            await asyncio.wait({writing}, timeout=LAST_WORDS)
            writing.cancel()
            await asyncio.gather(counting, writing, return_exceptions=True)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(FLOOR):
                await self._something.wait()
        except TimeoutError:
            pass

    # ------------------------------------------------------------ claiming

    async def _turn(self) -> bool:
        """Claims for some origins and begins to send; True if there are more to look at."""
        try:
            return await self._claim()
        except StorageProblem:
            log.warning("pushes wait for the database")
        except Exception:
            log.exception("pushes cannot be claimed")
        await asyncio.sleep(FLOOR)
        return False

    async def _claim(self) -> bool:
        now = self._now()
        if not await self._key_is_good(now):
            return False
        limit = self._bounds.origins
        found = await push_deliveries.due(self._db, after=self._cursor, now=now, limit=limit)
        begun, self._cursor = self._cursor, found[-1].origin if len(found) == limit else ""
        wanted = [(one, room) for one in found if (room := self._room(one, now)) > 0]
        if self._key_on_trial:
            wanted = [(random.choice(wanted)[0], 1)] if wanted else []  # noqa: S311 - any will do
        if wanted:
            claimed = await self._take(wanted, now)
            await self._prepare(claimed)
            self._pump()
        return bool(self._cursor or begun)

    async def _key_is_good(self, now: int) -> bool:
        """False while nothing at all is sent. After that, one message finds out."""
        until = await push_origins.closed_until(self._db, ALL)
        if until is None:
            self._key_on_trial = False
            return True
        if until > now:
            return False
        async with self._db.transaction() as tx:
            mine = await push_origins.try_one(tx, ALL, now=now, until=now + LEASE)
        self._key_on_trial = mine
        return mine

    def _room(self, one: Due, now: int) -> int:
        """How many rows to claim for an origin."""
        lane = self._lanes.get(one.origin)
        if lane is None:
            self._tidy()
            lane = self._lanes[one.origin] = Lane(one.origin)
        if lane.closed_until > now:
            return 0
        if one.on_trial:
            return 0 if lane.load else 1
        if not lane.breaker.proven:
            if self._unproven >= self._bounds.unproven:
                return 0
            return lane.breaker.window - lane.load
        lane.more = lane.load > lane.breaker.window
        return 0 if lane.more else lane.breaker.window * self._bounds.ahead - lane.load

    def _tidy(self) -> None:
        """Forgets lanes that nothing is known of, when there are many."""
        if len(self._lanes) < 4096:
            return
        now = self._now()
        self._lanes = {
            origin: lane
            for origin, lane in self._lanes.items()
            if lane.load or lane.closed_until > now
        }

    async def _take(self, wanted: Sequence[tuple[Due, int]], now: int) -> list[Claimed]:
        claimed: list[Claimed] = []
        async with self._db.transaction() as tx:
            for one, room in wanted:
                lane = self._lanes[one.origin]
                if one.on_trial:
                    lane.breaker.on_trial = await push_origins.try_one(
                        tx, one.origin, now=now, until=now + LEASE
                    )
                    if not lane.breaker.on_trial:
                        continue
                rows = await push_deliveries.claim(
                    tx, one.origin, now=now, until=now + LEASE, limit=room
                )
                lane.more = len(rows) == room
                claimed += rows
        return claimed

    async def _prepare(self, claimed: Sequence[Claimed]) -> None:
        """Makes the messages and puts them into their lanes."""
        now, moment = self._now(), asyncio.get_running_loop().time()
        fresh = []
        for one in claimed:
            if one.promise in self._in_hand:
                continue
            self._in_hand.add(one.promise)
            if now < expires_at(_tried(one)):
                fresh.append(one)
            else:
                self._give_up(one, "expired")
        for one, message in zip(fresh, await self._render(fresh), strict=True):
            if message is not None:
                lane = self._lanes.setdefault(one.origin, Lane(one.origin))
                lane.queue.append(Job(one, message, moment))
                self._line_up(lane)

    async def _render(self, claimed: Sequence[Claimed]) -> list[Message | None]:
        """A message for each; those that are not to be sent are taken care of."""
        try:
            found = await self._build(claimed)
        except StorageProblem:
            raise
        except Exception:
            if len(claimed) == 1:
                log.exception("a push cannot be made", notification=claimed[0].notification_id)
                self._give_up(claimed[0], "unrenderable")
                return [None]
            return [(await self._render([one]))[0] for one in claimed]
        for one, message in zip(claimed, found, strict=True):
            if message is None:
                count(Metric.PUSH_ATTEMPT, outcome="cancelled")
                self._journal.drop(one.promise)
        return found

    async def _build(self, claimed: Sequence[Claimed]) -> list[Message | None]:
        db, now = self._db, self._now()
        links, _, seals = self._identity
        real = [one.promise for one in claimed if one.notification_id != TEST]
        found = iter(await payload.build(db, links, seals, real, now=now) if real else [])
        return [
            next(found)
            if one.notification_id != TEST
            else await payload.build_test(db, links, seals, one.subscription_id, now=now)
            for one in claimed
        ]

    def _give_up(self, one: Claimed, reason: str) -> None:
        """It is not sent: its time is over, or it cannot be made."""
        last = reason == "expired" or one.attempts >= RENDERINGS
        now = self._now()
        follows = Next(None) if last else Next(now + times.MINUTE)
        if last:
            count(Metric.PUSH_DEAD_LETTER, reason=reason)
        word = "expired" if reason == "expired" else "unsent"
        count(Metric.PUSH_ATTEMPT, outcome=word)
        self._journal.note(Result(one, None, None, word, follows, now, problem=reason))

    # ------------------------------------------------------------ sending

    def _line_up(self, lane: Lane) -> None:
        if lane.eligible and not lane.waiting:
            lane.waiting = True
            self._ready.append(lane)

    def _pump(self) -> None:
        """Begins requests: one for each lane in turn, as long as there is room."""
        held: list[Lane] = []
        while self._ready and len(self._tasks) < self._bounds.total:
            lane = self._ready.popleft()
            lane.waiting = False
            if not lane.eligible:
                continue
            unproven = not lane.breaker.proven
            if unproven and self._unproven >= self._bounds.unproven:
                held.append(lane)
                continue
            self._begin(lane, unproven=unproven)
            self._line_up(lane)
        for lane in held:
            self._line_up(lane)

    def _begin(self, lane: Lane, *, unproven: bool) -> None:
        job = lane.queue.popleft()
        lane.under_way += 1
        self._unproven += unproven
        task = asyncio.create_task(self._attempt(lane, job))
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            lane.under_way -= 1
            self._unproven -= unproven
            if done.cancelled():
                self._journal.release(job.claimed)
                return
            if (problem := done.exception()) is not None:  # then the lease ends by itself
                log.error("push failed", exc_info=problem)
            self._line_up(lane)
            self._pump()
            if lane.more and lane.load <= lane.breaker.window:
                self.wake()

        task.add_done_callback(ended)

    async def _attempt(self, lane: Lane, job: Job) -> None:
        try:
            message = await self._still(job)
            if message is None:
                return
            now = self._now()
            # Before anything is sent: what fails here is this message's own fault.
            sealed = envelope.seal(message, self._identity, now)
        except StorageProblem:
            self._journal.release(job.claimed)
            return
        except Exception:
            log.exception("a push cannot be made", notification=job.claimed.notification_id)
            self._give_up(job.claimed, "unrenderable")
            return
        left = expires_at(_tried(job.claimed)) - now
        headers = {**sealed.headers, "TTL": str(max(0, left // times.SECOND))}
        answer = await self._sender.send(sealed.url, headers, sealed.body, now=now)
        self._conclude(lane, job, message, answer)

    async def _still(self, job: Job) -> Message | None:
        """The message, made anew if it has waited; None if it is not to be sent by us or now."""
        waited = asyncio.get_running_loop().time() - job.claimed_at
        if waited > LEASE / 1000 - DEADLINE - 1:  # somebody else may be about to take it
            self._journal.release(job.claimed)
            return None
        message: Message | None = job.message
        if waited > FRESH:
            message = (await self._render([job.claimed]))[0]
        if message is not None and job.claimed.smaller:
            message = message.without_body()
        return message

    def _conclude(self, lane: Lane, job: Job, message: Message, answer: Answer) -> None:
        now, one = self._now(), job.claimed
        meaning = _meaning(answer)
        tried = Tried(one.attempts, one.created_at, one.smaller or not message.has_body)
        follows = follow_up(
            meaning,
            tried,
            now=now,
            chance=random.random(),  # noqa: S311 - spreads load, hides nothing
            retry_after=answer.retry_after,
        )
        if one.notification_id == TEST:
            follows = Next(None)
        word = "expired" if follows.expired else meaning.value
        count(Metric.PUSH_ATTEMPT, outcome=word)
        if follows.expired:
            count(Metric.PUSH_DEAD_LETTER, reason="expired")
        if meaning is Outcome.DELIVERED:
            took(Timing.PUSH_ACCEPTED, max(0, now - one.created_at) / 1000)
        self._learn(lane, message.subscription.id, answer, meaning)
        log.debug(
            "push tried",
            subscription=one.subscription_id,
            origin=lane.origin,
            endpoint=fingerprint(message.subscription.endpoint),
            outcome=word,
            status=answer.status,
            problem=answer.failure and answer.failure.value,
            latency=answer.latency,
        )
        self._journal.note(
            Result(
                one,
                message.subscription,
                meaning,
                word,
                follows,
                now - answer.latency,
                answer.latency,
                answer.status,
                answer.failure and answer.failure.value,
            )
        )

    # ------------------------------------------------------------ what is known of origins

    def _learn(self, lane: Lane, subscription_id: int, answer: Answer, meaning: Outcome) -> None:
        """Opens and closes breakers by what an origin has answered."""
        now, breaker = self._now(), lane.breaker
        if meaning is Outcome.RETRY:
            until = breaker.failed(subscription_id, now=now, silent=answer.status is None)
            if answer.status in (429, 503) and answer.retry_after:
                self._close(lane, Closing(now + answer.retry_after, "asked"))
            elif until is not None:
                self._close(lane, Closing(until, "failing"))
            return
        if answer.failure is None:
            if breaker.on_trial:
                self._journal.open_again(lane.origin)
            breaker.answered()
        if answer.status in (401, 403):
            until = self._key.refused(lane.origin, now)
            if until is not None or self._key_on_trial:
                log.error("push services refuse the server's key", origins=len(self._key.refusing))
                self._journal.close(ALL, Closing(until or now + LEASE, "key"))
        elif meaning is Outcome.DELIVERED:
            self._key.took(lane.origin, now)
            if self._key_on_trial:
                self._key_on_trial = False
                self._journal.open_again(ALL)

    def _close(self, lane: Lane, closing: Closing) -> None:
        """Leaves an origin alone: what is in its lane goes back."""
        log.warning("push service is left alone", origin=lane.origin, reason=closing.reason)
        lane.closed_until = max(lane.closed_until, closing.until)
        lane.more = False
        self._journal.close(lane.origin, closing)
        while lane.queue:
            self._journal.release(lane.queue.popleft().claimed)

    def _written(self, promises: list[Promise]) -> None:
        """They are done with; some may be due again at once."""
        self._in_hand.difference_update(promises)
        self.wake()

    # ------------------------------------------------------------ stopping, counting

    async def _stop(self) -> None:
        """Gives back what has not begun, and waits for what has."""
        for lane in self._lanes.values():
            lane.more = False
            while lane.queue:
                self._journal.release(lane.queue.popleft().claimed)
        self._ready.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _count(self) -> None:
        while True:
            try:
                for state, number in (await push_subscriptions.counts(self._db)).items():
                    show(Level.PUSH_SUBSCRIPTIONS, number, state=state)
                show(Level.PUSH_WAITING, await push_deliveries.waiting(self._db))
                closed = await push_origins.counts(self._db, self._now())
                for reason in ("asked", "failing", "key"):
                    show(Level.PUSH_CLOSED, closed.get(reason, 0), reason=reason)
            except StorageProblem:
                log.warning("pushes cannot be counted")
            await asyncio.sleep(COUNTING)


def _tried(one: Claimed) -> Tried:
    return Tried(one.attempts, one.created_at, bool(one.smaller))


def _meaning(answer: Answer) -> Outcome:
    """What an answer means, a missing one too: where nothing may be sent, later is no better."""
    if answer.status is not None:
        return outcome(answer.status)
    return Outcome.REFUSED if answer.failure is Failure.BLOCKED else Outcome.RETRY


def fingerprint(endpoint: str) -> str:
    """What the log says instead of an endpoint, which is a secret (reliability 5e)."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:8]
