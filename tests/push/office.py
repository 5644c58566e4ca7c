"""A post office for tests: people with devices at a push service on loopback, and workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from stentor.domain.links import Links
from stentor.domain.push_subscriptions import Preferences, Target
from stentor.push import envelope
from stentor.push.lanes import Bounds
from stentor.push.sealing import Seals
from stentor.push.sender import Sender
from stentor.push.vapid import Vapid
from stentor.push.worker import Worker
from stentor.store import access_tokens, push_subscriptions
from stentor.store.database import Database
from stentor.store.push_subscriptions import Owner
from tests import factories as make
from tests.factories import NOW, Person
from tests.fixtures import RecordingBus
from tests.push_service import SHARED, PushService

SECRET = b"s" * 32
ALERTS = {"mention": True, "favourite": True, "status": True, "follow": True}
#: How long anything is waited for.
PATIENCE = 60.0


class RunningClock:
    """Time that goes on by itself, and jumps when it is told to."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._offset = 0
        self._stopped = False

    def __call__(self) -> int:
        gone_on = 0 if self._stopped else int((time.monotonic() - self._begun) * 1000)
        return NOW + self._offset + gone_on

    def stop(self) -> None:
        """From now on it only jumps."""
        self._offset, self._stopped = self() - NOW, True

    def advance(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Jumps."""
        self._offset += int(seconds * 1000 + hours * 3_600_000)


class Office:
    """Subscribes, starts workers, waits. `close` it in the end."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.bus = RecordingBus()
        self.clock = RunningClock()
        self.key = ec.derive_private_key(0xBEEF, ec.SECP256R1())
        self.links = Links("https", "stentor.example")
        self.identity = envelope.Sender(
            self.links, Vapid(self.key, "mailto:owner@example.org"), Seals(SECRET)
        )
        self.senders: list[Sender] = []
        self.running: list[asyncio.Task[None]] = []

    def worker(self, *, bounds: Bounds | None = None, deadline: float = 10.0) -> Worker:
        """A worker that is not running yet."""
        sender = Sender(allow_private=True, deadline=deadline)
        self.senders.append(sender)
        return Worker(self.db, sender, self.identity, now=self.clock, bounds=bounds)

    def start(self, worker: Worker | None = None) -> asyncio.Task[None]:
        """Runs a worker until the end of the test, or until it is cancelled."""
        task = asyncio.create_task((worker or self.worker()).run())
        self.running.append(task)
        return task

    async def stop(self) -> None:
        """Ends all workers in order."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running = []

    async def close(self) -> None:
        """Ends everything."""
        await self.stop()
        for sender in self.senders:
            await sender.close()

    async def person(self, endpoint: str | None = None, **columns: Any) -> Person:
        """Somebody, with a device there."""
        person = await make.make_account(self.db, **columns)
        if endpoint is not None:
            await self.subscribe(person, endpoint)
        return person

    async def subscribe(
        self, person: Person, endpoint: str, *, secret: str | None = None, standard: bool = True
    ) -> int:
        """A device for a token of theirs; the subscription's number."""
        secret = secret or person.token
        token = await access_tokens.find(self.db, secret)
        assert token is not None
        async with self.db.transaction() as tx:
            saved = await push_subscriptions.save(
                tx,
                Owner(token.id, person.id),
                Target(endpoint, SHARED.p256dh, SHARED.auth, standard),
                Preferences(ALERTS),
                sealed_token=Seals(SECRET).seal_token(secret, token.id),
                now=self.clock(),
            )
        return saved.id

    async def crowd(self, person: Person, endpoints: list[str]) -> None:
        """Many devices at once, each with a token of its own that nobody can open."""
        async with self.db.transaction() as tx:
            first = await tx.fetch_value("SELECT COALESCE(MAX(id), 0) FROM access_tokens") + 1_000
            await tx.run_many(
                "INSERT INTO access_tokens (id, token_hash, account_id, scopes, created_at)"
                " VALUES ($1, $2, $3, 'push', $4)",
                [
                    (first + n, access_tokens.digest(f"secret {first + n}"), person.id, NOW)
                    for n in range(len(endpoints))
                ],
            )
            seals = Seals(SECRET)
            for n, endpoint in enumerate(endpoints):
                await push_subscriptions.save(
                    tx,
                    Owner(first + n, person.id),
                    Target(endpoint, SHARED.p256dh, SHARED.auth, True),
                    Preferences(ALERTS),
                    sealed_token=seals.seal_token(f"secret {first + n}", first + n),
                    now=self.clock(),
                )

    async def mention(self, sender: Person, named: Person) -> int:
        """Somebody mentions somebody, now; the status's id."""
        return await make.make_mentioned(self.db, self.bus, sender, named, at=self.clock())

    async def rows(self) -> list[Any]:
        """What is promised and not done."""
        return await self.db.fetch(
            "SELECT notification_id, subscription_id, attempts, run_at, smaller"
            " FROM push_deliveries ORDER BY run_at"
        )

    async def ledger(self, columns: str = "outcome, status") -> list[Any]:
        """The ledger, in order."""
        rows = await self.db.fetch(f"SELECT {columns} FROM push_attempts ORDER BY id")
        return [tuple(row) for row in rows]

    async def subscriptions(self) -> list[int]:
        """Those that are left."""
        rows = await self.db.fetch("SELECT id FROM push_subscriptions ORDER BY id")
        return [row[0] for row in rows]

    async def until(self, done: Callable[[], Any], *, patience: float = PATIENCE) -> None:
        """Waits until that is true; it may be a coroutine function."""
        deadline = time.monotonic() + patience
        while True:
            found = done()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            assert time.monotonic() < deadline, "that never happened"
            await asyncio.sleep(0.02)

    async def until_empty(self, *, leap: float) -> None:
        """Waits until nothing is promised any more, while time makes leaps of so many seconds."""

        async def done() -> bool:
            if not (empty := await self.empty()):
                self.clock.advance(seconds=leap)
                await asyncio.sleep(0.6)
            return empty

        await self.until(done)

    async def empty(self) -> bool:
        """Nothing is promised any more."""
        return not await self.rows()


def check(service: PushService) -> None:
    """Everything that came could be opened and was in order."""
    assert [one.problems for one in service.received if one.problems] == []
