"""The only place that puts things together: settings to database, bus, routes; start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from stentor import folders, logs
from stentor.actions import housekeeping, jobs, last_uses, retention
from stentor.api import application, auth
from stentor.api.rate_limits import RateLimits
from stentor.api.routes import ROUTES
from stentor.api.services import Features, Services
from stentor.config import Settings
from stentor.domain.links import Links
from stentor.keys import load_or_create
from stentor.lock import Lock
from stentor.outside import expect_keys, key_file, now, open_bus
from stentor.store.database import Database, open_database
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import LocalBus
from stentor.streaming.catching_up import CatchingUp
from stentor.streaming.hub import Hub

# Seconds that are left to the first answers.
_MOMENT = 0.2


def services(settings: Settings, db: Database, bus: LocalBus | None = None) -> Services:
    """What endpoints may use, from settings and an open database. Raises KeysProblem."""
    keys = load_or_create(key_file(settings))
    db.mails = settings.mails
    links = Links(settings.site_scheme, settings.site_domain)
    bus, hub = bus or LocalBus(), Hub(db, links=links, now=now, good=auth.good)
    return Services(
        db=db,
        bus=bus,
        ids=Snowflakes(),
        links=links,
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
            push_allow_private=settings.push_allow_private,
        ),
        now=now,
        media=Path(settings.data) / "media",
        hub=hub,
        secret=keys.secret,
    )


async def later(module: str) -> None:
    """Loads a module beside the loop, a moment after the start.

    For what takes long to load while the first answers do not need it: whoever waits for the
    server to be ready shall not wait for that.
    """
    await asyncio.sleep(_MOMENT)
    await asyncio.to_thread(import_module, module)


async def push(settings: Settings, everything: Services, bus: LocalBus) -> None:
    """Sends pushes until it is cancelled; then ends what is under way and gives back the rest."""
    await later("stentor.push.sender")  # with aiohttp
    from stentor.push import envelope, vapid
    from stentor.push.sealing import Seals
    from stentor.push.sender import Sender
    from stentor.push.worker import Worker

    keys = load_or_create(key_file(settings))
    links = everything.links
    identity = envelope.Sender(
        links,
        vapid.Vapid(keys.vapid, vapid.subject(settings.contact_email, links)),
        Seals(everything.secret),
    )
    sender = Sender(allow_private=settings.push_allow_private)
    worker = Worker(everything.db, sender, identity, now=everything.now)
    bus.listen(lambda news: worker.hear(news.kind), lambda _: worker.wake())
    try:
        await worker.run()
    finally:
        await sender.close()


def senders(
    settings: Settings, everything: Services, bus: LocalBus
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What sends pushes and e-mails, each until it is cancelled. Raises ConfigProblem."""
    found: list[Callable[[], Coroutine[Any, Any, None]]] = [
        partial(push, settings, everything, bus)
    ]
    if settings.mails:
        # What e-mails are made of is not loaded where nobody sends any.
        from stentor.mail import office, worker

        mailer = office.mailer(settings, everything.db, everything.secret, now)
        found += [partial(worker.run, mailer)] * settings.smtp_connections
    return found


def build(everything: Services) -> Any:
    """The ASGI application over services that are open already; closes nothing."""
    return application.build(ROUTES, everything)


class Application:
    """A plain ASGI application that opens its database when it starts and closes it at the end.

    A server that speaks the lifespan protocol starts and stops it. Mounted in an application
    that does not forward it, it starts with the first request; call `stop` at the end.
    With ``locked`` another process holds the lock of the data folder on its behalf.
    """

    def __init__(self, settings: Settings, *, locked: bool = False) -> None:
        self.settings = settings
        self._locked = locked
        #: What its endpoints use, while it runs.
        self.services: Services | None = None
        self._inner: Any = None
        self._lock: Lock | None = None
        self._bus = LocalBus()
        self._background: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Opens the database, brings its schema up to date, and is ready to answer.

        Started again it does nothing. Raises AlreadyRunning if another server has the data
        folder, KeysProblem, StorageProblem, or OSError if the folder cannot be used.
        """
        async with self._turn:
            if self._inner is not None:
                return
            logs.configure_if_nobody_has(self.settings.log_level)
            folder = Path(self.settings.data)
            await asyncio.to_thread(folders.make, folder, mode=0o700)
            self._lock = None if self._locked else Lock(folder)
            if self._lock is not None:
                self._lock.note(f"{self.settings.site_scheme}://{self.settings.site_domain}")
            try:
                await self._open()
            except BaseException:
                if self._lock is not None:
                    self._lock.release()
                raise

    async def _open(self) -> None:
        db = await open_database(self.settings.site_database)
        try:
            await db.migrate()
            keys = await expect_keys(key_file(self.settings), db)
            self._bus = open_bus(self.settings, keys.fingerprint[:16])
            self.services = services(self.settings, db, self._bus)
            sending = senders(self.settings, self.services, self._bus)
        except BaseException:
            await db.close()
            raise
        catching_up = CatchingUp(self.services.hub, db, now=now)
        self._bus.listen(catching_up.hear, catching_up.missed)
        await self._bus.start()
        self._inner = build(self.services)
        self._background = [
            asyncio.create_task(housekeeping.run(db, now=now)),
            asyncio.create_task(self.services.hub.run()),
            asyncio.create_task(catching_up.run()),
            asyncio.create_task(jobs.run(db, self.services.bus, now=now)),
            asyncio.create_task(last_uses.run(db, self.services.last_uses)),
            asyncio.create_task(later("jinja2")),  # for the first page
        ]
        days = self.settings.notifications_kept_days
        if days:
            self.run_beside(retention.run(db, kept_days=days, now=now))
        if self.settings.worker:
            for work in sending:
                self.run_beside(work())

    def run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs that, too, until the application stops."""
        self._background.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """Finishes what was begun, closes the database and lets go of the data folder."""
        async with self._turn:
            self._inner = None
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
            self._background = []
            if self.services is not None:
                await last_uses.attempt(self.services.db, self.services.last_uses)
                await self._bus.close()
                await self.services.db.close()
                self.services = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection, as ASGI wants it."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._inner is None:
            await self.start()
        root = scope.get("root_path", "")
        if root and scope["path"].startswith(f"{root}/"):
            # Mounted under a path: our routes begin where that path ends.
            scope = {**scope, "path": scope["path"][len(root) :]}
        await self._inner(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as problem:  # noqa: BLE001 - the server prints it
                    await send({"type": "lifespan.startup.failed", "message": str(problem)})
                    return
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
