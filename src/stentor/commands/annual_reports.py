"""``stentor annual-report``: tells somebody that a year's report is there."""

from __future__ import annotations

import click

from stentor import outside
from stentor.actions import annual_reports as actions
from stentor.commands import common
from stentor.commands.accounts import find
from stentor.config import Settings


@click.command("annual-report")
@click.argument("name")
@click.argument("year", type=click.IntRange(2000, 9999))
@common.settings_options(*common.PLACES)
def annual_report(settings: Settings, name: str, year: int) -> None:
    """Makes the report of NAME for YEAR and notifies NAME of it, once.

    \b
    Example:
      stentor annual-report alice 2025
    """

    async def done() -> None:
        async with common.database(settings) as db, common.news(settings, db) as bus:
            account = await find(db, name)
            if not account.local:
                raise common.Failure(f"{name} does not live here")
            if not await actions.add(db, bus, account.id, year, now=outside.now()):
                raise common.Failure(f"{name} has a report of {year} already")

    common.run(done())
