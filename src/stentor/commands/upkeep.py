"""``stentor migrate``, ``check`` and ``keys``: what keeps a server in order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from stentor import outside
from stentor.commands import common
from stentor.config import Settings
from stentor.domain import limits
from stentor.keys import load_or_create
from stentor.store import site_keys, users

# Less free disk than this is a problem (reliability 5h).
DISK = 64 * limits.MIB


@click.command()
@common.settings_options(*common.PLACES)
def migrate(settings: Settings) -> None:
    """Brings the database's schema up to date. `serve` does that too when it starts."""
    for name in common.run(_migrate(settings)) or ["nothing to do"]:
        click.echo(name)


async def _migrate(settings: Settings) -> list[str]:
    db = await common.open_existing(settings)
    try:
        return await db.migrate()
    finally:
        await db.close()


@click.command()
@common.settings_options(*common.PLACES)
@click.pass_context
def check(context: click.Context, settings: Settings) -> None:
    """Looks whether a server could start here; one line for each thing it needs.

    \b
    Exit codes: that of the first thing that is wrong
      0 all is well   70 the database or the disk   78 a setting or the key file
    """
    click.echo("ok    settings")
    worst = 0
    for name, look in (("disk", _disk), ("database", _database), ("keys", _keys)):
        said, code = common.run(_told(look, settings))
        click.echo(f"{'FAIL' if code else 'ok':5} {name}: {said}")
        worst = worst or code
    context.exit(worst)


Look = Callable[[Settings], Awaitable[str]]


async def _told(look: Look, settings: Settings) -> tuple[str, int]:
    try:
        return await look(settings), 0
    except Exception as problem:
        told = common.failure(problem)
        if told is None:
            raise
        return told.message, told.exit_code


def _free(folder: Path) -> int:
    folder = folder.absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free


def _made(settings: Settings) -> bool:
    """False for an embedded database that is not there yet; opening it would make it."""
    url = settings.site_database
    return not url.startswith("sqlite:") or Path(url.removeprefix("sqlite:")).exists()


async def _disk(settings: Settings) -> str:
    free = _free(Path(settings.data))
    text = f"{free // limits.MIB} MiB free for {settings.data}"
    if free < DISK:
        raise common.Failure(text, common.STORAGE)
    return text


async def _database(settings: Settings) -> str:
    if not _made(settings):
        return "not made yet; serve will"
    db = await common.open_existing(settings)
    try:
        _, pending = await db.migrations()
        if not pending:
            return f"{db.engine}, schema up to date"
        return f"{db.engine}, {len(pending)} migrations to go; serve will apply them"
    finally:
        await db.close()


async def _keys(settings: Settings) -> str:
    file = outside.key_file(settings)
    there = await asyncio.to_thread(file.exists)
    if there:
        load_or_create(file)
    if _made(settings):
        db = await common.open_existing(settings)
        try:
            applied, pending = await db.migrations()
            if applied and not pending and (there or await users.any_exists(db)):
                await outside.expect_keys(file, db)
        finally:
            await db.close()
    return str(file) if there else "not made yet; serve will"


@click.group()
def keys() -> None:
    """The server's keys: they sign sessions, links and push messages."""


@keys.command()
@click.option("--anew", is_flag=True, help="Also if the database's servers have keys already.")
@common.settings_options(*common.PLACES)
def create(settings: Settings, *, anew: bool) -> None:
    """Makes keys.json in the data folder, if there is none.

    `serve` does this for a new server. All machines that serve one database have the same file:
    copy it. With --anew the old keys are given up: no subscription of Web Push works any more and
    nobody stays signed in at the sign-in pages.
    """
    file = outside.key_file(settings)
    there = file.exists()
    common.run(_create(settings, file, anew=anew))
    click.echo(f"{file} was there already" if there else f"made {file}")


async def _create(settings: Settings, file: Path, *, anew: bool) -> None:
    there = await asyncio.to_thread(file.exists)
    if there or not _made(settings):
        load_or_create(file)
        return
    db = await common.open_existing(settings)
    try:
        known = (await db.migrations())[0]
        if known and not anew:
            await outside.expect_keys(file, db)
            return
        made = load_or_create(file)
        if known:
            async with db.transaction() as tx:
                await site_keys.replace(tx, made.fingerprint)
    finally:
        await db.close()
