"""The only place that puts things together: settings to database, bus, routes; start and stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from stentor.api import application
from stentor.api.rate_limits import RateLimits
from stentor.api.routes import ROUTES
from stentor.api.services import Features, Services
from stentor.config import Settings
from stentor.domain.links import Links
from stentor.keys import load_or_create
from stentor.store.database import Database, open_database
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import LocalBus


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def services(settings: Settings, db: Database) -> Services:
    """What endpoints may use, from settings and an open database. Raises KeysProblem."""
    keys = load_or_create(Path(settings.data) / "keys.json")
    return Services(
        db=db,
        bus=LocalBus(),
        ids=Snowflakes(),
        links=Links(settings.site_scheme, settings.site_domain),
        limits=RateLimits(on=settings.rate_limits),
        features=Features(
            title=settings.title,
            description=settings.description,
            contact_email=settings.contact_email,
            registrations=settings.registrations,  # type: ignore[arg-type]  # checked by config
            password_grant=settings.password_grant,
            poll_min_expiration=settings.poll_min_expiration,
            nodeinfo_name=settings.nodeinfo_name,
            vapid_public_key=keys.vapid_public,
            trusted_proxies=settings.proxies,
        ),
        now=now,
        media=Path(settings.data) / "media",
        secret=keys.secret,
    )


def build(everything: Services) -> Any:
    """The ASGI application over services that are open already; closes nothing."""
    return application.build(ROUTES, everything)


class Application:
    """A plain ASGI application that opens its database when it starts and closes it at the end.

    A server that speaks the lifespan protocol starts and stops it. Mounted in an application
    that does not forward it, call `start` and `stop` there.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._db: Database | None = None
        self._inner: Any = None

    async def start(self) -> None:
        """Opens the database, brings its schema up to date, and is ready to answer."""
        Path(self.settings.data).mkdir(parents=True, exist_ok=True)
        self._db = await open_database(self.settings.site_database)
        await self._db.migrate()
        self._inner = build(services(self.settings, self._db))

    async def stop(self) -> None:
        """Finishes what was begun and closes the database."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._inner is None:
            await self.start()
        await self._inner(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as problem:
                    await send({"type": "lifespan.startup.failed", "message": str(problem)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_app(settings: Settings | None = None) -> Application:
    """A plain ASGI application; without settings they come from the environment."""
    if settings is None:
        from stentor.config import load

        settings, _ = load()
    return Application(settings)
