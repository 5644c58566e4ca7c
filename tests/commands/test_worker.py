"""Pushes by whole processes: inside `stentor serve`, and by `stentor worker` alone."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.push_service import SHARED, PushService, b64
from tests.serving import PATIENCE, Served


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService() as one:
        yield one


def call(served: Served, path: str, token: str, body: Any = None) -> Any:
    answer = requests.request(
        "GET" if body is None else "POST",
        f"{served.base}{path}",
        headers={"Authorization": f"Bearer {token}"},
        json=body,
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def people(served: Served, endpoint: str) -> tuple[str, str]:
    """Alice, with a device, and Bob: their tokens."""
    for name in ("alice", "bob"):
        served.account(name)
    alice, bob = served.token("alice"), served.token("bob")
    keys = {"p256dh": b64(SHARED.p256dh), "auth": b64(SHARED.auth)}
    call(
        served,
        "/api/v1/push/subscription",
        alice,
        {
            "subscription": {"endpoint": endpoint, "keys": keys, "standard": True},
            "data": {"alerts": {"mention": True}},
        },
    )
    return alice, bob


async def until(done: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "that never happened"
        await asyncio.sleep(0.05)


async def test_serve_pushes_by_itself(tmp_path: Path, service: PushService) -> None:
    served = Served(tmp_path, push_allow_private="on")
    await asyncio.to_thread(served.start)
    try:
        alice, bob = await asyncio.to_thread(people, served, service.url("/alice"))
        await asyncio.to_thread(call, served, "/api/v1/statuses", bob, {"status": "@alice hello"})
        await until(lambda: service.received)
        (message,) = service.received
        assert message.problems == []
        assert message.payload["access_token"] == alice
        tested = await asyncio.to_thread(call, served, "/api/stentor/v1/push/test", alice, {})
        assert tested["outcome"] == "delivered"
        rows = await asyncio.to_thread(call, served, "/api/stentor/v1/push/deliveries", alice)
        assert [row["test"] for row in rows] == [True, False]
        assert await asyncio.to_thread(served.stop) == 0
        assert "/alice" not in served.log, "an endpoint is a secret"
    finally:
        served.stop(signal.SIGKILL)


async def test_a_worker_of_its_own_sends_and_stops_in_time(
    tmp_path: Path, service: PushService
) -> None:
    served = Served(tmp_path, worker="off", push_allow_private="on")
    await asyncio.to_thread(served.start)
    worker = None
    try:
        _, bob = await asyncio.to_thread(people, served, service.url("/stall/x"))
        await asyncio.to_thread(call, served, "/api/v1/statuses", bob, {"status": "@alice hello"})
        await asyncio.sleep(1)
        assert service.received == [], "worker=off: the server sends nothing"
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stentor", "worker", env=served.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert worker.stdout
        assert b"sends pushes" in await asyncio.wait_for(worker.stdout.readline(), PATIENCE)
        await until(lambda: service.received)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), PATIENCE) == 0
        with sqlite3.connect(served.data / "stentor.db") as db:
            kept = db.execute("SELECT COUNT(*) FROM push_deliveries").fetchone()
        db.close()
        assert kept == (1,), "what was under way is given back"
    finally:
        if worker and worker.returncode is None:
            worker.kill()
            await worker.wait()
        served.stop(signal.SIGKILL)


def test_a_worker_without_a_server_says_what_is_missing(tmp_path: Path) -> None:
    served = Served(tmp_path, database_url="sqlite:/no/such/folder/stentor.db")
    done = served.run("worker", check=False)
    assert done.returncode == 70
    assert done.stderr.startswith("stentor: ")
