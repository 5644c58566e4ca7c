"""What came of pushes, written down many at a time: which are done, which are due again.

While one commit is on its way to the disk, whatever comes in meanwhile waits for the next. So a
quiet server writes at once, and a busy one does not write for each message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from stentor.domain import times
from stentor.domain.push_deliveries import Next, PushAttempt
from stentor.domain.push_subscriptions import Outcome, PushSubscription
from stentor.store import push_attempts, push_deliveries, push_origins, push_subscriptions
from stentor.store.database import Database, StorageProblem, Transaction
from stentor.store.push_deliveries import Claimed, Promise

log = structlog.get_logger("stentor.push")

#: How long a claim lasts. Whoever has not written by then has been killed.
LEASE = 30 * times.SECOND
#: Seconds until a database that did not take it is tried again.
PAUSE = 0.5


class Result(NamedTuple):
    """One attempt: what was tried, and what follows. ``outcome`` None: it was not even sent."""

    claimed: Claimed
    subscription: PushSubscription | None
    outcome: Outcome | None
    #: The ledger's word for it.
    word: str
    next: Next
    started_at: int
    latency: int = 0
    status: int | None = None
    problem: str | None = None

    def noted(self) -> PushAttempt:
        """The ledger's row."""
        one = self.claimed
        return PushAttempt(
            0,
            one.account_id,
            one.subscription_id,
            one.notification_id,
            one.attempts,
            self.started_at,
            self.latency,
            self.status,
            self.word,
            self.problem,
            self.next.run_at,
        )


class Closing(NamedTuple):
    """Until when an origin is left alone, and why."""

    until: int
    reason: str


@dataclass(slots=True)
class _Page:
    """What is to be written next."""

    results: list[Result] = field(default_factory=list)
    dropped: list[Promise] = field(default_factory=list)
    released: list[Claimed] = field(default_factory=list)
    # An origin's latest news; None: it is open again.
    origins: dict[str, Closing | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.results or self.dropped or self.released or self.origins)

    def promises(self) -> list[Promise]:
        """Whose turn this ends."""
        claimed = [one.claimed for one in self.results] + self.released
        return [one.promise for one in claimed] + self.dropped

    def single(self) -> list[_Page]:
        """The same one by one, in order."""
        return [
            *(_Page(origins={origin: news}) for origin, news in self.origins.items()),
            *(_Page(results=[one]) for one in self.results),
            *(_Page(dropped=[one]) for one in self.dropped),
            *(_Page(released=[one]) for one in self.released),
        ]


class Journal:
    """Collects, and writes while `run` runs.

    After each commit ``written`` is called with the deliveries that were in it.
    """

    def __init__(
        self, db: Database, *, now: Callable[[], int], written: Callable[[list[Promise]], None]
    ) -> None:
        self._db = db
        self._now = now
        self._written = written
        self._page = _Page()
        self._something = asyncio.Event()
        self._ending = False

    def note(self, result: Result) -> None:
        """An attempt was made."""
        self._page.results.append(result)
        self._something.set()

    def drop(self, promise: Promise) -> None:
        """Nobody is to be told of that any more."""
        self._page.dropped.append(promise)
        self._something.set()

    def release(self, claimed: Claimed) -> None:
        """It was not tried."""
        self._page.released.append(claimed)
        self._something.set()

    def close(self, origin: str, closing: Closing) -> None:
        """That origin is to be left alone."""
        self._page.origins[origin] = closing
        self._something.set()

    def open_again(self, origin: str) -> None:
        """That origin has answered."""
        self._page.origins[origin] = None
        self._something.set()

    def end(self) -> None:
        """`run` writes what there is and returns."""
        self._ending = True
        self._something.set()

    async def run(self) -> None:
        """Writes until `end`; while the database cannot be written, everything is kept."""
        while self._page or not self._ending:
            await self._something.wait()
            self._something.clear()
            try:
                await self._flush()
            except StorageProblem:
                log.warning("pushes wait for the database")
                self._something.set()
                await asyncio.sleep(PAUSE)

    async def _flush(self) -> None:
        page, self._page = self._page, _Page()
        if not page:
            return
        try:
            try:
                await self._write(page)
            except StorageProblem:
                raise
            except Exception:
                log.exception("pushes are written one by one")
                await self._write_singly(page)
        except BaseException:
            self._put_back(page)
            raise
        self._written(page.promises())

    async def _write_singly(self, page: _Page) -> None:
        for one in page.single():
            try:
                await self._write(one)
            except StorageProblem:
                raise
            except Exception:
                log.exception("a push cannot be written down")

    def _put_back(self, page: _Page) -> None:
        """In front of what has come since. Repeating what was written already does no harm."""
        since, self._page = self._page, page
        page.results += since.results
        page.dropped += since.dropped
        page.released += since.released
        page.origins.update(since.origins)

    async def _write(self, page: _Page) -> None:
        now = self._now()
        async with self._db.transaction() as tx:
            for origin, closing in sorted(page.origins.items()):
                if closing is None:
                    await push_origins.open_again(tx, [origin])
                else:
                    await push_origins.close(tx, origin, until=closing.until, reason=closing.reason)
            done, again = await _sort(tx, page.results, now)
            await push_deliveries.remove(tx, page.dropped + done)
            await push_deliveries.postpone(tx, again)
            await push_deliveries.release(tx, page.released, now=now)
            await _note_subscriptions(tx, page.results, now)
            await push_attempts.add(tx, [one.noted() for one in page.results])


async def _sort(
    tx: Transaction, results: list[Result], now: int
) -> tuple[list[Promise], list[tuple[Claimed, int, bool]]]:
    """Which rows are done and which due again; subscriptions that are gone, go."""
    done: list[Promise] = []
    again: list[tuple[Claimed, int, bool]] = []
    for one in results:
        if one.outcome is Outcome.GONE and one.subscription is not None:
            if await push_subscriptions.remove_gone(tx, one.subscription):
                continue
            # It has moved meanwhile: what was sent to the old address goes to the new one.
            again.append((one.claimed, now, False))
        elif one.next.run_at is None:
            done.append(one.claimed.promise)
        else:
            again.append((one.claimed, one.next.run_at, one.next.smaller))
    return done, again


async def _note_subscriptions(tx: Transaction, results: list[Result], now: int) -> None:
    """Which subscriptions work, since when others do not, and what of theirs can wait."""
    good = {one.claimed.subscription_id for one in results if one.outcome is Outcome.DELIVERED}
    failing = {
        one.claimed.subscription_id
        for one in results
        if one.outcome in (Outcome.RETRY, Outcome.REFUSED)
    }
    if good:
        recovered = await push_subscriptions.note_good(tx, sorted(good))
        if recovered:
            await push_deliveries.bring_forward(tx, recovered, now=now, beyond=now + LEASE)
    if failing - good:
        await push_subscriptions.note_failing(tx, sorted(failing - good), now=now)
    aside = {
        one.claimed.subscription_id: one.next.run_at
        for one in results
        if one.outcome is Outcome.REFUSED and one.next.run_at is not None
    }
    for subscription_id, until in sorted(aside.items()):
        if subscription_id not in good:
            await push_deliveries.put_aside(tx, subscription_id, until=until)
