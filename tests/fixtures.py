"""Fixtures over real databases: ``db`` on both engines, ``services`` and ``client`` on top."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from stentor.api import auth
from stentor.api.rate_limits import RateLimits
from stentor.api.services import Features, Services
from stentor.domain.links import Links
from stentor.store.database import Database, open_database
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import News
from stentor.streaming.hub import Hub
from tests.helpers import Client, Clock


class RecordingBus:
    """A bus that keeps what was said."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def publish(self, news: News) -> None:
        """Keeps it."""
        self.news.append(news)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    """The database engine of this run of the test."""
    return str(request.param)


@pytest.fixture
async def db(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Database]:
    """An empty database with the schema, on each engine in turn."""
    if engine == "sqlite":
        url = f"sqlite:{tmp_path / 'stentor.db'}"
    else:
        url = request.getfixturevalue("migrated_postgres_url")
    database = await open_database(url)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


@pytest.fixture
def bus() -> RecordingBus:
    """What was said."""
    return RecordingBus()


@pytest.fixture
def features() -> dict[str, Any]:
    """Features that differ from the default; override this fixture in a test module."""
    return {}


def make_services(
    db: Database, clock: Clock, bus: RecordingBus, features: dict[str, Any], folder: Path
) -> Services:
    """Everything an endpoint may use; no rate limits."""
    values = {
        "title": "Test",
        "description": "A server for tests",
        "contact_email": "owner@example.org",
        "registrations": "open",
        "password_grant": True,
        "poll_min_expiration": 300,
        "nodeinfo_name": "mastodon",
        "vapid_public_key": "BE" + "x" * 85 + "=",
        **features,
    }
    links = Links("https", "stentor.example")
    return Services(
        db=db,
        bus=bus,
        ids=Snowflakes(),
        links=links,
        limits=RateLimits(on=False),
        features=Features(**values),
        now=clock,
        media=folder / "media",
        hub=Hub(db, links=links, now=clock, good=auth.good),
        secret=b"s" * 32,
    )


@pytest.fixture
def services(
    db: Database, clock: Clock, bus: RecordingBus, features: dict[str, Any], tmp_path: Path
) -> Services:
    """Everything an endpoint may use; no rate limits."""
    return make_services(db, clock, bus, features, tmp_path)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    """Requests to the whole application in this process."""
    from stentor import app  # only here: most tests need no application

    async with testing.ASGIConductor(app.build(services)) as conductor:
        yield Client(conductor, services)


@contextmanager
def query_budget(db: Database, most: int) -> Any:
    """Fails if more than that many statements are run inside."""
    before = db.statements
    yield
    used = db.statements - before
    assert used <= most, f"{used} statements, {most} allowed"


async def something_is_committed(db: Database) -> None:
    """So that whoever spares himself a look while nobody commits anything has to look again."""
    async with db.transaction() as tx:
        await tx.run("INSERT INTO conversations (created_at) VALUES (0)")
