"""``stentor worker``: sends pushes and e-mails, and serves nobody."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop

from stentor import __version__, app, logs, outside
from stentor.commands import common, hangups
from stentor.commands.serve import EVERY_SETTING
from stentor.config import Settings

#: Seconds that what is under way is given when the worker is told to stop.
DRAIN_SECONDS = 10


@click.command()
@common.settings_options(*EVERY_SETTING)
def worker(settings: Settings) -> None:
    """Sends pushes and e-mails until it is told to stop (SIGTERM, or Ctrl-C).

    For when the server itself is not to do that (serve --worker off). Any number of workers may
    run beside any number of servers; each message is sent by one of them. They need the same
    settings, keys and database.

    \b
    Example:
      stentor serve --worker off --database-url postgresql://stentor@localhost/stentor
      stentor worker --database-url postgresql://stentor@localhost/stentor

    \b
    Exit codes:
      0 stopped as asked   70 the database cannot be used   78 a setting or the key file is wrong
    """
    logs.configure(settings.log_level)
    try:
        uvloop.run(work(settings))
    except Exception as problem:
        told = common.failure(problem)
        if told is None or told is problem:
            raise
        raise told from problem


async def work(settings: Settings) -> None:
    """Sends until a signal comes. Raises Failure, KeysProblem or StorageProblem."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    hangups.obey(lambda: hangups.certificate(None, "", ""), stopped.set)
    async with common.database(settings) as db:
        keys = await outside.expect_keys(outside.key_file(settings), db)
        bus = outside.open_bus(settings, keys.fingerprint[:16])
        everything = app.services(settings, db, bus)
        sending = app.senders(settings, everything, bus)
        await bus.start()
        tasks = [asyncio.create_task(one()) for one in sending]
        click.echo(f"Stentor {__version__} sends pushes" + (" and e-mails" * settings.mails))
        waiting = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in [waiting, *tasks]:
            task.cancel()
        await asyncio.wait([waiting, *tasks], timeout=DRAIN_SECONDS)
        await bus.close()
        for task in done - {waiting}:
            task.result()  # it should not have ended: say why it did
