"""Claims e-mails that are due and sends them: each at least once, and twice only after a kill."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from stentor.domain import emails, times
from stentor.domain.emails import Outcome
from stentor.mail import letters
from stentor.mail.letters import Desk
from stentor.mail.messages import UTF8, Letter, Site, compose
from stentor.mail.sender import Connection, Lost, MailServer, Refusal, Unreachable
from stentor.store import email_deliveries
from stentor.store.database import Database, StorageProblem, Transaction
from stentor.store.email_deliveries import Delivery
from stentor.telemetry import Metric, count

log = structlog.get_logger("stentor.mail")

#: Seconds between two looks when nothing is due; every mail has waited two minutes by then.
IDLE = 2.0
#: E-mails that are claimed together and sent through one connection.
BATCH = 20
# No new message of a batch is begun later than this, and the lease outlives the last one.
_BEGIN_WITHIN = times.MINUTE
_SPARE = times.MINUTE
# Seconds that everything waits while the mail server cannot be used.
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
# Messages in a row that break the connection before that is held against the server.
_LOST_IN_A_ROW = 2
# Seconds that a message under way is given to end when the worker is told to stop.
_FAREWELL = 8.0
# E-mails that are sent, whose rows could not be removed for as long as the lease was ours.
_REMEMBERED = 10_000


@dataclass(slots=True)
class Mailer:
    """What is needed to send e-mails, and what one process remembers of it."""

    db: Database
    server: MailServer
    site: Site
    secret: bytes
    now: Callable[[], int]
    tls: ssl.SSLContext | None = None
    sent: set[tuple[int, str, int]] = field(default_factory=set)

    @property
    def lease(self) -> int:
        """How long (ms) claimed rows are left to us."""
        return _BEGIN_WITHIN + int(6 * self.server.timeout * times.SECOND) + _SPARE


async def run(mailer: Mailer) -> None:
    """Works for ever; while the mail server cannot be used it asks ever more rarely."""
    failures = 0
    while True:
        pause = IDLE
        try:
            if await work(mailer):
                pause = 0.0
            failures = 0
        except Unreachable as problem:
            pause = min(_FIRST_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE)
            failures += 1
            log.warning("the mail server cannot be used", problem=str(problem), failures=failures)
        except StorageProblem:
            log.warning("e-mails wait for the database")
        except Exception:
            log.exception("e-mails wait after a fault")
            pause = _FIRST_PAUSE
        await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads, no secret


async def work(mailer: Mailer) -> bool:
    """Sends what is due now, up to a batch; False if nothing was.

    Raises Unreachable if the mail server cannot be used: what was not tried is due again.
    """
    db, begun = mailer.db, mailer.now()
    if not await email_deliveries.due(db, now=begun):
        return False
    async with db.transaction() as tx:
        claimed = await email_deliveries.claim(tx, BATCH, until=begun + mailer.lease, now=begun)
    left = list(claimed)
    try:
        desk = await letters.lay_out(db, claimed, mailer.site, mailer.secret, now=begun)
        await _Round(mailer, desk, left, begun).go()
    finally:
        if left:
            await asyncio.shield(_give_back(mailer, left))
    return bool(claimed)


async def _give_back(mailer: Mailer, left: list[Delivery]) -> None:
    async with mailer.db.transaction() as tx:
        await email_deliveries.give_back(tx, left, mailer.now())


class _Message(NamedTuple):
    """A message as it goes over the wire; ``utf8``: its address needs that."""

    address: str
    data: bytes
    utf8: bool


def _message(letter: Letter, site: Site, *, now: int) -> _Message:
    composed = compose(letter, site, now=now)
    # The domain is not turned into ASCII here: which that is differs between standards.
    utf8 = not letter.address.isascii()
    return _Message(letter.address, composed.as_bytes(policy=UTF8 if utf8 else None), utf8)


@dataclass(slots=True)
class _Round:
    """One batch, worked off in order; ``left`` is what has not been dealt with."""

    mailer: Mailer
    desk: Desk
    left: list[Delivery]
    begun: int
    lost: int = 0

    async def go(self) -> None:
        """Deals with all, or with as many as there is time for. Raises Unreachable."""
        async with AsyncExitStack() as stack:
            connection: Connection | None = None
            while self.left and self.mailer.now() < self.begun + _BEGIN_WITHIN:
                delivery = self.left[0]
                message = await self._written(delivery)
                if message is not None:
                    if connection is None:
                        opened = Connection(self.mailer.server, self.mailer.tls)
                        connection = await stack.enter_async_context(opened)
                    if await _to_the_end(self._deliver(connection, delivery, message)):
                        await stack.aclose()
                        connection = None
                self.left.remove(delivery)

    async def _written(self, delivery: Delivery) -> _Message | None:
        """The message to send; None if this is dealt with without."""
        now = self.mailer.now()
        if delivery[:3] in self.mailer.sent:
            await self._settle(delivery, Outcome.SENT)
            return None
        if now >= delivery.created_at + emails.LIFETIME:
            await self._settle(delivery, Outcome.EXPIRED, "too old")
            return None
        try:
            letter = await letters.write(self.mailer.db, self.desk, delivery, now=now)
            message = None if letter is None else _message(letter, self.mailer.site, now=now)
        except StorageProblem:
            raise
        except Exception:
            log.exception("e-mail cannot be written", kind=delivery.kind, id=delivery.about_id)
            await self._settle(delivery, Outcome.FAILED, "cannot be written")
            return None
        if message is None:
            await self._settle(delivery, Outcome.UNWANTED)
        return message

    async def _deliver(self, connection: Connection, delivery: Delivery, message: _Message) -> bool:
        """Sends it and notes what came of it; True if the connection is of no more use."""
        try:
            await connection.send(message.address, message.data, utf8=message.utf8)
        except Refusal as problem:
            self.lost = 0
            await self._settle(delivery, problem.outcome, problem.problem)
            return False
        except Lost as problem:
            # Perhaps it was taken, perhaps it is what broke the connection: the others go first.
            self.lost += 1
            await self._settle(delivery, Outcome.DEFERRED, str(problem))
            if self.lost >= _LOST_IN_A_ROW:
                self.left.remove(delivery)
                raise Unreachable(f"{self.lost} messages in a row: {problem}") from problem
            return True
        self.lost = 0
        await self._settle(delivery, Outcome.SENT)
        return False

    async def _settle(self, delivery: Delivery, outcome: Outcome, problem: str = "") -> None:
        """Puts down what became of it; insists for as long as the row is ours."""
        again = emails.retry_at(
            delivery.attempts,
            delivery.created_at,
            luck=random.random(),  # noqa: S311 - spreads retries, no secret
            now=self.mailer.now(),
        )
        tried_later = outcome in (Outcome.DEFERRED, Outcome.FAILED)
        if tried_later and again is None:
            outcome = Outcome.EXPIRED
        now = self.mailer.now()

        async def write(tx: Transaction) -> None:
            if tried_later and again is not None:
                await email_deliveries.postpone(tx, delivery, again, problem)
            elif outcome in (Outcome.SENT, Outcome.UNWANTED):
                await email_deliveries.finish(tx, delivery)
            else:
                await email_deliveries.give_up(tx, delivery, problem, now=now)

        count(Metric.EMAIL, outcome=outcome.value)
        if problem:
            log.info(
                "e-mail not sent", outcome=outcome.value, problem=problem, kind=delivery.kind,
                id=delivery.about_id, account_id=delivery.account_id, attempts=delivery.attempts,
            )  # fmt: skip
        if outcome is Outcome.SENT:
            self._remember(delivery)
        await self._insist(write, until=delivery.lease)
        if outcome is Outcome.SENT:
            self.mailer.sent.discard(delivery[:3])

    def _remember(self, delivery: Delivery) -> None:
        if len(self.mailer.sent) < _REMEMBERED:
            self.mailer.sent.add(delivery[:3])

    async def _insist(self, write: Callable[[Transaction], Awaitable[None]], *, until: int) -> None:
        while True:
            try:
                async with self.mailer.db.transaction() as tx:
                    await write(tx)
            except StorageProblem:
                if self.mailer.now() >= until:
                    raise
                await asyncio.sleep(0.5)
            else:
                return


async def _to_the_end(work: Awaitable[bool]) -> bool:
    """Waits for it; told to stop, lets it end first: a message under way is not sent twice."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task}, timeout=_FAREWELL)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # what is left to do is given back, whatever it was
        raise
