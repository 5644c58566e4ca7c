"""Fixtures over real databases: ``db`` on both engines, ``services`` and ``client`` on top."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from falcon import testing

from stentor.api import auth
from stentor.api.rate_limits import RateLimits
from stentor.api.services import Features, Services
from stentor.domain import ids
from stentor.domain.links import Links
from stentor.store.database import Database, open_database
from stentor.store.snowflakes import Snowflakes
from stentor.store.sqlite import SqliteDatabase
from stentor.streaming.bus import News
from stentor.streaming.hub import Hub
from tests.factories import HALF, start_counting
from tests.helpers import Client, Clock
from tests.servers import Postgres, make_schema, wait_for


class RecordingBus:
    """A bus that keeps what was said."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def publish(self, news: News) -> None:
        """Keeps it."""
        self.news.append(news)


class TheirOwn(Snowflakes):
    """Ids of the server that are never those of the factories, though time stands still."""

    def next(self, now: int) -> int:
        luck = HALF | secrets.randbits(ids.SEQUENCE_BITS - 1)
        self._last = ids.following(self._last, now, luck)
        return self._last


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    """The database engine of this run of the test."""
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_schema(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A SQLite file with Stentor's tables; each test gets a copy, which is many times faster."""
    path = tmp_path_factory.mktemp("schema") / "stentor.db"
    wait_for(make_schema(f"sqlite:{path}"))
    return path.read_bytes()


@pytest.fixture
def db_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the test's database is, with the schema and empty, on each engine in turn."""
    start_counting()
    if engine == "postgres":
        return str(request.getfixturevalue("recycled_postgres_url"))
    path = tmp_path / "stentor.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema"))
    return f"sqlite:{path}"


async def open_hastily(url: str) -> Database:
    """The database there, which need not outlive a power cut: nobody waits for the disk.

    So it is with the PostgreSQL of `tests.servers`, too. What waits for the disk is tested by
    `tests.chaos`, and by every server that is a process.
    """
    database = await open_database(url)
    if isinstance(database, SqliteDatabase):
        for connection in (database.writer, database.reader):
            connection.execute("PRAGMA synchronous = OFF")
    return database


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    """An empty database with the schema, on each engine in turn."""
    database = await open_hastily(db_url)
    yield database
    await database.close()


Fill = Callable[[Database], Awaitable[object]]
Filled = Callable[[Fill], Awaitable[Database]]


@pytest.fixture
async def filled(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Filled]:
    """``await filled(fill)``: a database that ``fill`` has filled, on each engine in turn.

    It is filled once, and each test gets a copy: for those that need thousands of rows.
    """
    async with AsyncExitStack() as stack:

        async def copied(fill: Fill) -> Database:
            async def make(url: str) -> None:
                await make_schema(url)
                database = await open_hastily(url)
                await fill(database)
                await database.close()

            name = re.sub(r"\W", "_", f"{fill.__module__}_{fill.__name__}").lower()
            if engine == "sqlite":
                url = f"sqlite:{tmp_path / 'filled.db'}"
                image = request.getfixturevalue("tmp_path_factory").getbasetemp() / f"{name}.db"
                if not image.exists():
                    await make(f"sqlite:{image}")
                shutil.copy(image, tmp_path / "filled.db")
            else:
                server: Postgres = request.getfixturevalue("postgres_server")
                await server.make_template(name, make)
                url = await server.new_database(template=name)
                stack.push_async_callback(server.drop_database, url)
            database = await open_hastily(url)
            stack.push_async_callback(database.close)
            return database

        yield copied


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
        ids=TheirOwn(),
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


class Standing:
    """One application for all tests, with the services of whichever has its turn.

    To build one with its table of routes takes 35 ms, which is more than most tests take.
    """

    def __init__(self) -> None:
        self._application: Any = None
        self._services: Services | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services, name)

    @contextmanager
    def serving(self, services: Services) -> Iterator[Any]:
        """The application, which uses those services until the block is left."""
        from stentor import app  # only here: most tests need no application

        assert self._services is None, "another test has its turn"
        self._services = services
        if self._application is None:
            self._application = app.build(cast("Services", self))
        try:
            yield self._application
        finally:
            self._services = None


@pytest.fixture(scope="session")
def standing() -> Standing:
    """The application that all tests of this process take turns at."""
    return Standing()


@pytest.fixture
async def client(standing: Standing, services: Services) -> AsyncIterator[Client]:
    """Requests to the whole application in this process."""
    with standing.serving(services) as application:
        async with testing.ASGIConductor(application) as conductor:
            yield Client(conductor, services)


@contextmanager
def query_budget(db: Database, most: int) -> Any:
    """Fails if more than that many statements are run inside."""
    before = db.statements
    yield
    used = db.statements - before
    assert used <= most, f"{used} statements, {most} allowed"


async def something_is_committed(db: Database) -> None:
    """So that whoever spares himself a look while nobody commits anything has to look again.

    It touches everything (`stentor.store.changes`).
    """
    async with db.transaction() as tx:
        await tx.run(
            "INSERT INTO severance_events (type, target_name, created_at) VALUES ('none', '', 0)"
        )
