"""E-mails of a real server: sent at least once, and twice only after a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from stentor.store.database import open_database
from tests.mail_server import SmtpServer, serving
from tests.serving import Served

PATIENCE = 60.0


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    """A mail server that takes everything."""
    async with serving(SmtpServer()) as server:
        yield server


@pytest.fixture
async def mailing(unserved: Served, smtp: SmtpServer) -> Served:
    """A running server with one account, that sends e-mails there."""
    unserved.environment |= {
        "STENTOR_SMTP_HOST": "127.0.0.1",
        "STENTOR_SMTP_PORT": str(smtp.port),
        "STENTOR_SMTP_SECURITY": "none",
        "STENTOR_SMTP_FROM": "Test <us@stentor.example>",
    }
    await asyncio.to_thread(unserved.start)
    await asyncio.to_thread(unserved.account, "ann")
    return unserved


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)


async def waiting(served: Served) -> list[str]:
    """The problems of what waits."""
    url = served.environment.get("STENTOR_DATABASE_URL", f"sqlite:{served.data / 'stentor.db'}")
    db = await open_database(url)
    try:
        return [row[0] for row in await db.fetch("SELECT problem FROM email_deliveries")]
    finally:
        await db.close()


async def nothing_waits(served: Served) -> None:
    """Until everything is said to have been sent."""
    async with asyncio.timeout(PATIENCE):
        while await waiting(served):  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.1)


async def end_leases(served: Served) -> None:
    """As if the time that a dead worker had claimed for itself were over."""
    url = served.environment.get("STENTOR_DATABASE_URL", f"sqlite:{served.data / 'stentor.db'}")
    db = await open_database(url)
    async with db.transaction() as tx:
        await tx.run("UPDATE email_deliveries SET run_at = 0")
    await db.close()


async def warn(served: Served) -> None:
    await asyncio.to_thread(served.run, "account", "warn", "ann", "--text", "Please.")


async def test_what_the_operator_decides_is_mailed_by_the_running_server_once(
    mailing: Served, smtp: SmtpServer
) -> None:
    await warn(mailing)
    port = mailing.port
    await until(lambda: smtp.letters)
    await nothing_waits(mailing)
    await asyncio.sleep(3)
    assert smtp.subjects == [f"A warning from the moderators of localhost:{port}"]
    assert await asyncio.to_thread(mailing.stop) == 0
    assert "ann@example.org" not in mailing.log


@pytest.mark.parametrize("moment", ["before the answer", "before the message"])
async def test_a_kill_loses_nothing_and_doubles_only_what_was_under_way(
    mailing: Served, smtp: SmtpServer, moment: str
) -> None:
    taken = asyncio.Event()

    async def hold(_: asyncio.StreamWriter) -> None:
        taken.set()
        await asyncio.sleep(PATIENCE)

    def refuse(_: str) -> str:
        taken.set()
        return "450 4.2.0 later"

    if moment == "before the answer":
        smtp.before_answer = hold
    else:
        smtp.rcpt = refuse
    await warn(mailing)
    await asyncio.wait_for(taken.wait(), PATIENCE)
    await asyncio.to_thread(mailing.stop, signal.SIGKILL)
    assert len(await waiting(mailing)) == 1
    smtp.before_answer, smtp.rcpt = None, lambda _: None
    before = len(smtp.letters)
    await end_leases(mailing)
    await asyncio.to_thread(mailing.start)
    await until(lambda: len(smtp.letters) > before)
    await nothing_waits(mailing)
    await asyncio.sleep(3)
    assert len(smtp.letters) == before + 1
    assert len({str(letter["Message-ID"]) for _, letter in smtp.letters}) == 1
    assert await asyncio.to_thread(mailing.stop) == 0


async def test_a_server_that_is_stopped_ends_the_message_under_way(
    mailing: Served, smtp: SmtpServer
) -> None:
    taken = asyncio.Event()

    async def hold(_: asyncio.StreamWriter) -> None:
        taken.set()
        await asyncio.sleep(1.5)

    smtp.before_answer = hold
    await warn(mailing)
    await asyncio.wait_for(taken.wait(), PATIENCE)
    assert await asyncio.to_thread(mailing.stop) == 0
    assert len(smtp.letters) == 1
    assert await waiting(mailing) == []
