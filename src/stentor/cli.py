"""``stentor``: the command line. Each command is in `stentor.commands`."""

from __future__ import annotations

import gc
import sys
from functools import cache
from importlib import import_module

import click

from stentor import __version__

# Name, module and function: a command's module is imported when it is used, so that each of
# them starts at once.
COMMANDS = {
    "serve": ("serve", "serve"),
    "worker": ("worker", "worker"),
    "account": ("accounts", "account"),
    "token": ("tokens", "token"),
    "settings": ("settings", "settings"),
    "migrate": ("upkeep", "migrate"),
    "check": ("upkeep", "check"),
    "test-email": ("emails", "test_email"),
    "keys": ("upkeep", "keys"),
    "demo": ("demo", "demo"),
    "annual-report": ("annual_reports", "annual_report"),
}


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """The command with that name, None if there is none."""
        return _command(cmd_name) if cmd_name in COMMANDS else None


@cache
def _command(name: str) -> click.Command:
    module, function = COMMANDS[name]
    # Nothing that a module makes is garbage: not to look for any, now or later, is a fifth of a
    # start.
    gc.disable()
    try:
        command: click.Command = getattr(import_module(f"stentor.commands.{module}"), function)
    finally:
        gc.freeze()
        gc.enable()
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stentor")
def cli() -> None:
    """A notification server that speaks the Mastodon client API.

    \b
    From nothing to a first notification:
      stentor serve
      stentor account create alice --email alice@example.org --role owner
      stentor token create alice --scopes "read write follow push"
    or, to look round first:
      stentor demo

    Every command but `serve` may be used while the server runs. COMMAND --help tells more.
    """


def main() -> None:
    """The program."""
    # structlog loads rich wherever it finds it, for tracebacks that we never show (they hold
    # tokens), and that is a tenth of a start. None means that there is no such module.
    sys.modules["rich"] = None  # type: ignore[assignment]  # as Python's reference has it
    sys.exit(cli.main(prog_name="stentor", standalone_mode=True))
