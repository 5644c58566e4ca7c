"""``stentor serve``: from settings to a running server, and what it says when it is ready."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Awaitable, Callable

import click
import uvloop

from stentor import __version__, logs
from stentor.actions import registrations
from stentor.app import Application
from stentor.commands import common
from stentor.config import Settings

EVERY_SETTING = tuple(one.name for one in dataclasses.fields(Settings))


@click.command()
@common.settings_options(*EVERY_SETTING)
def serve(settings: Settings) -> None:
    """Runs the server until it is told to stop (SIGTERM, or Ctrl-C).

    Without options it listens on 127.0.0.1:3000 and keeps everything in ./data.

    \b
    Examples:
      stentor serve
      stentor serve --port 8080 --data /var/lib/stentor
      stentor serve --domain social.example --database-url postgresql://stentor@localhost/stentor
      stentor serve --workers 4 --database-url postgresql://stentor@localhost/stentor

    \b
    Exit codes:
      0 stopped as asked   69 the address is taken   70 the database cannot be used
      75 another server uses the data folder         78 a setting or the key file is wrong
    """
    start(settings)


def start(
    settings: Settings, ready: Callable[[Application], Awaitable[None]] | None = None
) -> None:
    """Runs the server; ends the process as `serve` says. ``ready`` replaces what is printed."""
    from stentor.commands import server, workers

    logs.configure(settings.log_level)
    try:
        if settings.workers == 1:
            uvloop.run(server.serve(settings, ready or announce))
            return
        code = workers.run(settings, announcement)
    except Exception as problem:
        told = common.failure(problem)
        if told is None or told is problem:
            raise
        raise told from problem
    raise SystemExit(code)


async def announce(app: Application) -> None:
    """Prints `announcement`."""
    click.echo(await announcement(app))


async def announcement(app: Application) -> str:
    """Where the server is and, while nobody lives there, how to make the first account."""
    services = app.services
    if services is None:
        return ""
    say = [f"Stentor {__version__} is ready: {services.links.base}"]
    token = await registrations.first_owner_token(services.db, services.secret)
    if token is not None:
        say += [
            "Nobody lives here yet. Make the owner's account with this link (it works once):",
            f"  {services.links.base}/auth/first_owner?token={token}",
            "or with this command:",
            f"  stentor account create NAME --email E-MAIL --role owner{_options(app.settings)}",
        ]
    return "\n".join(say)


def _options(settings: Settings) -> str:
    options = "" if settings.data == "data" else f" --data {shlex.quote(settings.data)}"
    return f"{options} --database-url URL" if settings.database_url else options
