"""``stentor account``: making accounts, and what a moderator can do to one."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from stentor import outside
from stentor.actions import accounts as actions
from stentor.actions import moderation as moderation_actions
from stentor.actions import registrations
from stentor.commands import common
from stentor.config import Settings
from stentor.domain import moderation, roles, times
from stentor.domain.accounts import Account
from stentor.domain.moderation import Action, Sanction
from stentor.entities import accounts as entities
from stentor.store import accounts
from stentor.store.database import Database
from stentor.store.snowflakes import Snowflakes


@click.group()
def account() -> None:
    """Makes accounts and moderates them; may be used while the server runs.

    \b
    Examples:
      stentor account create alice --email alice@example.org --role owner
      stentor account warn bob --text "Please be kind."
      stentor account limit spammer
      stentor account delete spammer --yes
    """


@account.command()
@click.argument("name")
@click.option("--email", required=True, help="The e-mail address; it counts as confirmed.")
@click.option("--password", help="Asked for, or read from standard input, if it is not given.")
@click.option(
    "--role", type=click.Choice(list(roles.NAMES)), default="user", show_default=True,
    help="What the account may do.",
)  # fmt: skip
@click.option("--locked", is_flag=True, help="Followers have to be let in one by one.")
@click.option("--bot", is_flag=True, help="The account says that it is automated.")
@click.option("--created-at", metavar="ISO8601", help="As if it had been made then.")
@common.settings_options(*common.PLACES)
def create(
    settings: Settings, name: str, password: str | None, created_at: str | None, **given: object
) -> None:
    """Makes the account NAME, ready to sign in, and prints it as one JSON object.

    \b
    Examples:
      stentor account create alice --email alice@example.org --role owner
      stentor account create bob --email bob@example.org < password.txt
      stentor account create old --email old@example.org --created-at 2024-02-29T12:00:00Z
    """
    at = None
    if created_at is not None:
        at = times.parse(created_at)
        if at is None or at > outside.now():
            raise click.BadParameter(
                "give a time of the past like 2024-02-29T12:00:00Z", param_hint="--created-at"
            )
    if password is None:
        password = _ask()
    click.echo(json.dumps(common.run(_create(settings, name, password, at, given))))


def _ask() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


async def _create(
    settings: Settings, name: str, password: str, at: int | None, given: dict[str, object]
) -> dict[str, object]:
    role = roles.NAMES[str(given["role"])]
    async with common.database(settings) as db:
        made = await registrations.create(
            db,
            Snowflakes(),
            username=name,
            email=str(given["email"]),
            password=password,
            role_id=role.id,
            locked=bool(given["locked"]),
            bot=bool(given["bot"]),
            created_at=at,
            now=outside.now(),
        )
    links = common.links(settings)
    return {
        "id": str(made.id),
        "username": made.username,
        "acct": made.acct,
        "email": str(given["email"]),
        "role": given["role"],
        "locked": bool(made.locked),
        "bot": made.bot,
        "url": entities.account_url(made, links),
        "created_at": times.iso(made.created_at),
    }


async def find(db: Database, name: str) -> Account:
    """The account that an operator names, ``alice`` or ``@bob@far.example``. Raises Failure."""
    username, _, domain = name.removeprefix("@").partition("@")
    found = await accounts.find_by_handle(db, username, domain)
    if found is None:
        raise common.Failure(f"there is no account {name}")
    return found


def _moderate(name: str, work: Callable[[Database, int], Awaitable[object]], say: str) -> None:
    """Adds the command ``name``, which does ``work`` to one account."""

    @account.command(name, help=say)
    @click.argument("name")
    @common.settings_options(*common.PLACES)
    def command(settings: Settings, name: str) -> None:
        async def done() -> None:
            async with common.database(settings) as db:
                await work(db, (await find(db, name)).id)

        common.run(done())


def _sanction(action: Action, name: str, say: str, *, text_required: bool = False) -> None:
    """Adds the command ``name``: an action that is kept, and told if the person can read it."""
    # An option with a default is never missing.
    default: dict[str, Any] = {"required": True} if text_required else {"default": ""}

    @account.command(name, help=say)
    @click.argument("name")
    @click.option("--text", type=str, help="What NAME is told.", **default)
    @common.settings_options(*common.PLACES)
    def command(settings: Settings, name: str, text: str) -> None:
        async def done() -> None:
            async with common.database(settings) as db, common.news(settings, db) as bus:
                target = await find(db, name)
                sanction = Sanction(
                    target_id=target.id, action=action, text=moderation.warning_text(text)
                )
                await moderation_actions.act(db, bus, sanction, now=outside.now())

        common.run(done())


_sanction(Action.NONE, "warn", "Warns NAME, and does nothing else.", text_required=True)
_sanction(Action.SILENCE, "limit", "Keeps NAME out of what strangers see; nothing is deleted.")
_moderate("unlimit", actions.unlimit, "Takes back `limit`.")
_sanction(
    Action.SUSPEND,
    "suspend",
    "Hides NAME and everything of it, and shuts the person out; nothing is deleted.",
)
_moderate("unsuspend", actions.unsuspend, "Takes back `suspend`.")
_sanction(
    Action.DISABLE,
    "disable",
    "Keeps the person behind NAME from signing in; the account is still seen.",
)
_moderate("enable", actions.enable, "Takes back `disable`.")


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common.settings_options(*common.PLACES)
def delete(settings: Settings, name: str, *, yes: bool) -> None:
    """Removes NAME with everything it has done. This cannot be taken back."""
    asked = sys.stdin.isatty() and not yes
    if asked and not click.confirm(f"Remove {name} and everything it has done?", err=True):
        raise common.Failure("nothing was removed")

    async def done() -> None:
        async with common.database(settings) as db, common.news(settings, db) as bus:
            await actions.delete(db, bus, (await find(db, name)).id)

    common.run(done())
