"""What any process of a site has round it: the clock, the key file, the bus.

Apart from `stentor.app`, so that a command that serves nobody need not load the whole API.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from stentor.config import ConfigProblem, Settings
from stentor.keys import Keys, KeysProblem, load_or_create
from stentor.store import site_keys, users
from stentor.store.database import Database
from stentor.streaming.bus import LocalBus


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def key_file(settings: Settings) -> Path:
    """Where the server's keys are."""
    return Path(settings.data) / "keys.json"


def open_bus(settings: Settings, site: str) -> LocalBus:
    """The bus that the settings name, not started yet. Raises ConfigProblem.

    ``site`` keeps apart those who share a NATS.
    """
    chosen = settings.site_bus
    if chosen == "local":
        return LocalBus()
    try:
        if chosen == "postgres":
            from stentor.streaming.postgres import postgres_bus

            return postgres_bus(settings.site_database)
        from stentor.streaming.nats import nats_bus
    except ImportError as problem:
        extra = "postgres" if chosen == "postgres" else "nats"
        raise ConfigProblem(f"bus: install it first: pip install 'stentor[{extra}]'") from problem
    return nats_bus(chosen, site)


async def expect_keys(file: Path, db: Database) -> Keys:
    """The keys of this database's servers, made if there was never any. Raises KeysProblem."""
    fingerprint = await site_keys.current(db)
    if not await asyncio.to_thread(file.exists) and (fingerprint or await users.any_exists(db)):
        raise KeysProblem(
            f"{file} is missing, and this database has keys already: put the file back, or copy it "
            "from another machine that serves this database. New keys would silence every push "
            "subscription. (To begin with new ones all the same: stentor keys create --anew)"
        )
    keys = load_or_create(file)
    if fingerprint is None:
        async with db.transaction() as tx:
            fingerprint = await site_keys.claim(tx, keys.fingerprint)
    if keys.fingerprint != fingerprint:
        raise KeysProblem(
            f"{file} is not the key file of this database: it is {keys.fingerprint}, and the "
            f"database's servers use {fingerprint}. Copy the file from a machine that serves this "
            "database, or put the old one back"
        )
    return keys
