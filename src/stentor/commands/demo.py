"""``stentor demo``: a throw-away server with a community to look at."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace

import click
import structlog

from stentor import __version__
from stentor.actions import oauth
from stentor.api.services import Services
from stentor.app import Application
from stentor.commands import common, serve
from stentor.config import Settings
from stentor.demo.community import PASSWORD, VISITOR, Community, settle, stir
from stentor.demo.people import PEOPLE

log = structlog.get_logger("stentor.demo")

OPTIONS = ("host", "port", "domain", "scheme", "tls_cert", "tls_key", "log_level")


@click.command()
@click.option(
    "--pace", default=4.0, show_default=True, metavar="SECONDS",
    help="How often something happens, on average; 0 for never.",
)  # fmt: skip
@common.settings_options(*OPTIONS)
def demo(settings: Settings, *, pace: float) -> None:
    """Runs a throw-away server with a small community in which something happens all the time.

    A dozen people, their threads and favourites of the last days, and a ready token. Sign in with
    any client. Everything is gone when you stop it with Ctrl-C.

    \b
    Examples:
      stentor demo
      stentor demo --port 0 --pace 1
    """
    folder = tempfile.mkdtemp(prefix="stentor-demo-")
    try:
        serve.start(
            replace(
                settings,
                data=folder,
                database_url="",
                title="Stentor demo",
                description="A throw-away server with made-up people.",
                contact_email=f"{VISITOR}@localhost",
                registrations="open",
                rate_limits=False,
                password_grant=True,
            ),
            lambda app: _ready(app, pace),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _ready(app: Application, pace: float) -> None:
    services = app.services
    if services is None:
        return
    community = Community(services)
    await _settle(community)
    owner = community.accounts[VISITOR]
    issued = await oauth.issue(
        services.db, None, owner, "read write follow push", now=services.now()
    )
    click.echo(_welcome(services, issued.secret))
    if pace > 0:
        app.run_beside(_live(community, pace))


async def _settle(community: Community) -> None:
    now = community.services.now()
    oldest = now - max(person.days_here for person in PEOPLE) * 86_400_000
    with click.progressbar(
        length=now - oldest, label="People move in", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        await settle(community, now, _mover(bar.update, oldest))


def _mover(update: Callable[[int], None], begin: int) -> Callable[[int], None]:
    at = begin

    def progress(now: int) -> None:
        nonlocal at
        update(now - at)
        at = now

    return progress


def _welcome(services: Services, token: str) -> str:
    base = services.links.base
    return f"""\
Stentor {__version__} is ready: {base}
Sign in at {base} (or with a client, server {services.links.domain}) as

  {VISITOR}, password {PASSWORD}

to whom most things happen; all have this password: {", ".join(one.name for one in PEOPLE[1:])}.
Or look from here:

  curl -H 'Authorization: Bearer {token}' {base}/api/v1/notifications

and watch it happen:

  curl -N -H 'Authorization: Bearer {token}' {base}/api/v1/streaming/user

Something happens every few seconds. Ctrl-C ends it, and nothing is left behind."""


async def _live(community: Community, pace: float) -> None:
    while True:
        await asyncio.sleep(community.luck.uniform(0.4, 1.6) * pace)
        try:
            await stir(community, community.services.now())
        except Exception:
            log.exception("nothing happened")
