"""``stentor token``: access tokens without a browser."""

from __future__ import annotations

import click

from stentor import outside
from stentor.actions import oauth
from stentor.commands import common
from stentor.config import Settings
from stentor.domain import oauth as rules
from stentor.store import users

DEFAULT_SCOPES = "read write follow push"


@click.group()
def token() -> None:
    """Makes access tokens; may be used while the server runs.

    \b
    Example:
      TOKEN=$(stentor token create alice)
      curl -H "Authorization: Bearer $TOKEN" http://localhost:3000/api/v1/notifications
    """


@token.command()
@click.argument("name")
@click.option(
    "--scopes", default=DEFAULT_SCOPES, show_default=True,
    help="What the token permits, separated by spaces.",
)  # fmt: skip
@common.settings_options(*common.PLACES)
def create(settings: Settings, name: str, scopes: str) -> None:
    """Prints a new token of the account NAME, and nothing else.

    Whoever has it acts as NAME, so keep it secret. It lives until it is revoked.

    \b
    Examples:
      stentor token create alice
      stentor token create alice --scopes "read:notifications"
    """
    wanted = _scopes(scopes)

    async def done() -> str:
        async with common.database(settings) as db:
            login = await users.find_login(db, name)
            if login is None:
                raise common.Failure(f"nobody called {name} lives here")
            issued = await oauth.issue(db, None, login.account_id, wanted, now=outside.now())
            return issued.secret

    click.echo(common.run(done()))


def _scopes(text: str) -> str:
    wanted = text.replace(",", " ").split()
    unknown = sorted(set(wanted) - set(rules.KNOWN))
    if unknown or not wanted:
        known = ", ".join(sorted(rules.KNOWN))
        raise click.BadParameter(
            f"unknown: {', '.join(unknown) or 'none at all'}; there are {known}",
            param_hint="--scopes",
        )
    return " ".join(dict.fromkeys(wanted))
