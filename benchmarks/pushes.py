"""Pushes for each second of CPU time: `python -m benchmarks.pushes`.

Twice: encrypted, signed and sent; and the whole way, with rows that are claimed in a database,
rendered, and written down. The receiver runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks import people
from benchmarks.effort import QUICK, Effort
from benchmarks.report import mark
from stentor import logs, outside
from stentor.domain.links import Links
from stentor.domain.push_subscriptions import Preferences, PushSubscription, Target
from stentor.push import envelope
from stentor.push.payload import Message, Payload
from stentor.push.sealing import Seals
from stentor.push.sender import Sender
from stentor.push.vapid import Vapid
from stentor.push.worker import Worker
from stentor.store import push_subscriptions
from stentor.store.database import Database, open_database
from stentor.store.push_subscriptions import Owner

TARGET = 2000
ORIGINS = 4
LEFT = "SELECT 1 FROM push_deliveries LIMIT 1"
_SECRET = b"b" * 32
_BODY = "Somebody has said something about which one would like to know at once, if possible. " * 2


@contextmanager
def receivers() -> Any:
    """Origins that take everything."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.push_receiver", str(ORIGINS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout
        assert child.stdin
        ports = child.stdout.readline().split()
        yield [f"http://127.0.0.1:{int(port)}" for port in ports]
        child.stdin.close()


def identity() -> envelope.Sender:
    """A server's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    return envelope.Sender(
        Links("https", "stentor.example"), Vapid(key, "mailto:a@example.org"), Seals(_SECRET)
    )


def point() -> bytes:
    """A device's public key."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


async def sent(origins: Sequence[str], effort: Effort) -> float:
    """Encrypted, signed and sent: how many for each second of our CPU time."""
    us, sender, now = identity(), Sender(allow_private=True), outside.now()
    payload = Payload("t" * 43, "en", 12345, "mention", "https://stentor.example/avatar.png",
                      "Somebody mentioned you", _BODY[:140])  # fmt: skip
    messages = [
        Message(
            PushSubscription(
                n, n, n, f"{origin}/push/{n}", point(), b"a" * 16, True, {}, None, b"", now, now
            ),
            payload,
            "normal",
            "t" * 32,
        )
        for n, origin in enumerate(origins)
    ]
    left = iter(range(effort.pushes))

    async def work(message: Message) -> None:
        for _ in left:
            sealed = envelope.seal(message, us, now)
            answer = await sender.send(sealed.url, sealed.headers, sealed.body, now=now)
            assert answer.status == 201, answer

    begun = time.process_time()
    await asyncio.gather(*(work(one) for one in messages for _ in range(8)))
    used = time.process_time() - begun
    await sender.close()
    return effort.pushes / used


async def promise(db: Database, origins: Sequence[str], number: int) -> None:
    """People with a device each, all of them told of one favourite."""
    now, seals, key = outside.now(), Seals(_SECRET), point()
    numbers = range(1, number + 1)
    async with db.transaction() as tx:
        await people.add(tx, ((n, f"person{n}") for n in numbers), now=now)
        tokens = await people.tokens(tx, numbers, now=now)
        for n, token in zip(numbers, tokens, strict=True):
            saved = await push_subscriptions.save(
                tx,
                Owner(n, n),
                Target(f"{origins[n % len(origins)]}/push/{n}", key, b"a" * 16, True),
                Preferences({"follow": True}),
                sealed_token=seals.seal_token(token, n),
                now=now,
            )
            await tx.run(
                "INSERT INTO notifications (account_id, filtered, id, type, activity_id,"
                " from_account_id, reason, created_at)"
                " VALUES ($1, $2, $1, 'follow', $1, $3, 'nothing_applies', $4)",
                n, False, 1, now,
            )  # fmt: skip
            await tx.run(
                "INSERT INTO push_deliveries (account_id, notification_id, subscription_id,"
                " origin, run_at, created_at) VALUES ($1, $1, $2, $3, $4, $4)",
                n, saved.id, origins[n % len(origins)], now,
            )  # fmt: skip


async def the_whole_way(origins: Sequence[str], effort: Effort) -> float:
    """From the promise to the ledger, on SQLite: how many for each second of our CPU time."""
    with tempfile.TemporaryDirectory(prefix="stentor-benchmark-") as folder:
        db = await open_database(f"sqlite:{Path(folder) / 'stentor.db'}")
        await db.migrate()
        await promise(db, origins, effort.pushes)
        sender = Sender(allow_private=True)
        begun = time.process_time()
        worker = asyncio.create_task(Worker(db, sender, identity(), now=outside.now).run())
        while await db.fetch_value(LEFT):  # noqa: ASYNC110 - the table is the truth
            await asyncio.sleep(0.02)
        used = time.process_time() - begun
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        delivered = await db.fetch_value(
            "SELECT COUNT(*) FROM push_attempts WHERE outcome = 'delivered'"
        )
        assert delivered == effort.pushes, delivered
        await sender.close()
        await db.close()
    return effort.pushes / used


def measure(effort: Effort) -> str:
    """The lines of the table."""
    logs.configure_if_nobody_has("warning")
    lines = []
    with receivers() as origins:
        for name, work, target in (
            ("pushes encrypted, signed and sent", sent, TARGET),
            ("pushes claimed, rendered, sent and written down", the_whole_way, None),
        ):
            rates = [uvloop.run(work(origins, effort)) for _ in range(effort.tries)]
            wanted = f": {mark(f'{target:,}', reached=median(rates) >= target)}" if target else ""
            lines.append(
                f"{name}: {median(rates):,.0f} per CPU-second"
                f" ({min(rates):,.0f} to {max(rates):,.0f}){wanted}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(measure(QUICK if "--quick" in sys.argv else Effort()))
