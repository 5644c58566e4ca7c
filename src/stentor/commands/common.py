"""What all commands share: settings as options, an open database, and how a failure ends."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from stentor import folders, logs
from stentor.config import ConfigProblem, Settings, load, variable
from stentor.domain.links import Links
from stentor.errors import PublicError
from stentor.keys import KeysProblem, load_or_create
from stentor.lock import AlreadyRunning, find_address
from stentor.logs import clean
from stentor.outside import key_file, open_bus
from stentor.store import site_keys
from stentor.store.database import Database, StorageProblem, open_database
from stentor.streaming.bus import Bus, LocalBus

T = TypeVar("T")

# Exit codes (reliability 5i; the numbers are those of sysexits.h).
FAILED, UNAVAILABLE, STORAGE, LOCKED, CONFIG = 1, 69, 70, 75, 78

#: What every command of the operator takes.
PLACES = ("data", "database_url")


class Failure(click.ClickException):
    """Ends the command with one line on stderr and that exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: Any = None) -> None:
        """The line."""
        click.echo(f"stentor: {self.format_message()}", file=file, err=True)


def settings_options(*names: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Options for those settings; the command is given the resulting `Settings` first.

    A bad setting ends it with exit code 78.
    """
    fields = {one.name: one for one in dataclasses.fields(Settings)}

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @wraps(function)
        def command(*, config: str | None, **options: Any) -> T:
            given = {name: options.pop(name) for name in names}
            return function(settings_from(given, config)[0], **options)

        command = click.option(
            "--config",
            metavar="FILE",
            envvar="STENTOR_CONFIG",
            help="A settings file (TOML). Also STENTOR_CONFIG.",
        )(command)
        for name in reversed(names):
            one = fields[name]
            command = click.option(
                f"--{name.replace('_', '-')}",
                name,
                metavar=_metavar(one),
                help=f"{one.metadata['text']} Also {variable(name)}.",
            )(command)
        return command

    return decorate


def _metavar(one: dataclasses.Field[Any]) -> str:
    choices: tuple[str, ...] = one.metadata["choices"]
    if choices:
        return "|".join(filter(None, choices))
    if isinstance(one.default, bool):
        return "on|off"
    if isinstance(one.default, int):
        return "N"
    return {"data": "DIR", "database_url": "URL", "host": "ADDRESS"}.get(one.name, "TEXT")


def settings_from(options: dict[str, Any], config: str | None) -> tuple[Settings, dict[str, str]]:
    """The settings and where each came from. Raises Failure."""
    config = config or os.environ.get("STENTOR_CONFIG")
    try:
        return load(options, file=Path(config) if config else None)
    except ConfigProblem as problem:
        raise Failure(str(problem), CONFIG) from problem


def links(settings: Settings) -> Links:
    """The URLs that clients are given; of the running server, unless the domain is set here."""
    running = None if settings.domain else find_address(Path(settings.data))
    scheme, _, domain = (running or "").partition("://")
    return Links(scheme, domain) if domain else Links(settings.site_scheme, settings.site_domain)


def failure(problem: BaseException) -> Failure | None:
    """What a known problem says to the operator, None for a mistake of ours."""
    if isinstance(problem, Failure):
        return problem
    if isinstance(problem, AlreadyRunning):
        return Failure(str(problem), LOCKED)
    if isinstance(problem, KeysProblem | ConfigProblem):
        return Failure(str(problem), CONFIG)
    if isinstance(problem, StorageProblem):
        cause = problem.__cause__
        reason = f"{type(cause).__name__}: {cause}" if cause else problem.message
        return Failure(f"the database cannot be used: {clean(reason)}", STORAGE)
    if isinstance(problem, PublicError):
        return Failure(problem.message)
    if isinstance(problem, OSError):
        return Failure(str(problem), STORAGE)
    return None


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine; what it is known to raise becomes one clear line."""
    try:
        return asyncio.run(work)
    except Exception as problem:
        told = failure(problem)
        if told is None or told is problem:
            raise
        raise told from problem


def make_folder(settings: Settings) -> None:
    """The data folder, unless the database is elsewhere."""
    if not settings.database_url:
        folders.make(Path(settings.data), mode=0o700)


async def open_existing(settings: Settings) -> Database:
    """The database as it is. Raises Failure or StorageProblem."""
    make_folder(settings)
    try:
        db = await open_database(settings.site_database)
    except ValueError as problem:
        raise Failure(str(problem), CONFIG) from problem
    db.mails = settings.mails
    return db


@asynccontextmanager
async def news(settings: Settings, db: Database) -> AsyncIterator[Bus]:
    """The bus of the servers that run on this database, so that they hear at once.

    If it cannot be reached they find out by themselves within seconds.
    """
    logs.configure_if_nobody_has("warning")
    site = await site_keys.current(db)
    bus = LocalBus() if site is None else open_bus(settings, site[:16])
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database, with the schema of this version; a new one is given it.

    A new embedded one is given keys as well, so that the first account may be made before the
    server has ever run. An older schema is not touched, because an older server may be using
    it: raises Failure.
    """
    db = await open_existing(settings)
    try:
        applied, pending = await db.migrations()
        if not applied:
            await db.migrate()
            if not settings.database_url:  # else the keys are with the servers
                load_or_create(key_file(settings))
        elif pending:
            raise Failure(
                f"the database has an older schema ({len(pending)} steps to go): "
                "stop the server and run: stentor migrate",
                CONFIG,
            )
        yield db
    finally:
        await db.close()
