"""``stentor test-email``: whether e-mails get out, without waiting for one."""

from __future__ import annotations

import click

from stentor import outside
from stentor.commands import common
from stentor.config import Settings
from stentor.domain.email_texts import ENGLISH
from stentor.mail import office
from stentor.mail.messages import Letter, compose
from stentor.mail.sender import Connection, Lost, Refusal, Unreachable

_SETTINGS = ("domain", "scheme", "title")


@click.command("test-email")
@click.argument("address")
@common.settings_options(*_SETTINGS)
def test_email(settings: Settings, address: str) -> None:
    """Sends one e-mail to ADDRESS and says what the mail server answered.

    It takes the settings of the server (smtp_host and the others), from its settings file or
    the environment.

    \b
    Example:
      STENTOR_SMTP_HOST=mail.example.org stentor test-email me@example.org
    """
    if not settings.mails:
        raise common.Failure("no mail server is named: set smtp_host", common.CONFIG)
    common.run(_send(settings, address))
    click.echo(f"{settings.smtp_host} has taken it")


async def _send(settings: Settings, address: str) -> None:
    """Raises Failure, ConfigProblem."""
    server, site = office.mail_server(settings)
    letter = Letter(
        words=ENGLISH,
        username=address.partition("@")[0],
        address=address,
        heading="A test from {site}",
        headers={},
        notes=("E-mails of this server arrive.",),
    )
    where = f"{server.host}:{server.port}"
    try:
        message = compose(letter, site, now=outside.now()).as_bytes()
        async with Connection(server, office.tls(server)) as connection:
            await connection.send(address, message, utf8=not address.isascii())
    except (Unreachable, Lost) as problem:
        raise common.Failure(f"{where} cannot be used: {problem}", common.UNAVAILABLE) from problem
    except (Refusal, ValueError) as problem:
        raise common.Failure(f"{where} does not take it: {problem}") from problem
