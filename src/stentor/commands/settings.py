"""``stentor settings``: every setting, what it is, and where that came from."""

from __future__ import annotations

import dataclasses

import click

from stentor import config as rules
from stentor.commands import common
from stentor.logs import HIDDEN, clean

NAMES = tuple(one.name for one in dataclasses.fields(rules.Settings))
SECRET = {one.name for one in dataclasses.fields(rules.Settings) if one.metadata["secret"]}


@click.command()
@click.option("--config", metavar="FILE", envvar="STENTOR_CONFIG", help="A settings file (TOML).")
@click.option("--data", metavar="DIR", help="As for the other commands.")
@click.option("--database-url", metavar="URL", help="As for the other commands.")
@click.option("--example", is_flag=True, help="Print an annotated settings file instead.")
def settings(config: str | None, *, example: bool, **options: str | None) -> None:
    """Prints every setting, its value and where it came from. Passwords are hidden.

    An option on the command line wins over an environment variable, which wins over the file.

    \b
    Examples:
      stentor settings
      STENTOR_PORT=8080 stentor settings --config stentor.toml
      stentor settings --example > stentor.toml
    """
    if example:
        click.echo(rules.example(), nl=False)
        return
    found, sources = common.settings_from(options, config)
    values = {name: _shown(name, getattr(found, name)) for name in NAMES}
    widest = max(map(len, NAMES))
    wide = min(40, max(map(len, values.values())))
    for name in NAMES:
        click.echo(f"{name:{widest}}  {values[name]:{wide}}  {sources[name]}")


def _shown(name: str, value: object) -> str:
    if name in SECRET and value:
        return HIDDEN
    if isinstance(value, bool):
        return "on" if value else "off"
    return clean(str(value)) or "(empty)"
