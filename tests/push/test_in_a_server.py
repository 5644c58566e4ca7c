"""Pushes by what a server puts together: settings, keys, bus and worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stentor import app
from stentor.config import Settings
from stentor.push import worker as worker_module
from stentor.store.database import Database
from stentor.streaming.bus import LocalBus
from tests import factories as make
from tests.push import office as office_module
from tests.push.office import Office, check
from tests.push_service import PushService


async def test_a_promise_wakes_who_sends_by_the_servers_bus(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be sent without, but only when the worker looks of itself."""
    monkeypatch.setattr(worker_module, "FLOOR", 3600.0)
    bus = LocalBus()
    settings = Settings(data=str(tmp_path / "data"), push_allow_private=True)
    everything = app.services(settings, db, bus)
    monkeypatch.setattr(office_module, "SECRET", everything.secret)
    office = Office(db)
    office.clock = everything.now  # type: ignore[assignment]  # it does not jump
    async with PushService() as service:
        bob, alice = await office.person(), await office.person(service.url("/alice"))
        (send,) = app.senders(settings, everything, bus)
        sending = asyncio.create_task(send())
        office.running.append(sending)
        await office.until(lambda: bus._listeners)
        await asyncio.sleep(0.1)  # it has looked, and waits by now
        await make.make_mentioned(db, bus, bob, alice, at=everything.now())
        await office.until(lambda: service.received)
        check(service)
        await office.close()
