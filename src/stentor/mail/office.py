"""From the settings of a server to what sends its e-mails."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from stentor.config import ConfigProblem, Settings, first_line
from stentor.domain import emails
from stentor.domain.links import Links
from stentor.mail.messages import Sender, Site, sender
from stentor.mail.sender import MailServer
from stentor.mail.worker import Mailer
from stentor.store.database import Database


def mailer(settings: Settings, db: Database, secret: bytes, now: Callable[[], int]) -> Mailer:
    """What sends e-mails, where a mail server is named. Raises ConfigProblem."""
    server, site = mail_server(settings)
    return Mailer(db, server, site, secret, now, tls(server))


def tls(server: MailServer) -> ssl.SSLContext | None:
    """What is asked of the mail server's certificate, if anything is. Raises ConfigProblem."""
    try:
        return None if server.security == "none" else server.tls()
    except OSError as problem:
        raise ConfigProblem(f"smtp_ca_file: {server.ca_file}: {problem}") from problem


def mail_server(settings: Settings) -> tuple[MailServer, Site]:
    """Where e-mails go, and who writes them. Raises ConfigProblem."""
    links = Links(settings.site_scheme, settings.site_domain)
    name = emails.host(links.domain)
    from_us = Sender(emails.one_line(settings.title), f"notifications@{name}")
    if settings.smtp_from:
        from_us = sender(settings.smtp_from)
    server = MailServer(
        host=settings.smtp_host,
        port=settings.site_smtp_port,
        security=settings.smtp_security,  # type: ignore[arg-type]  # checked by config
        sender=from_us.address,
        our_name=name,
        username=settings.smtp_username,
        password=settings.smtp_password or first_line(settings.smtp_password_file),
        ca_file=settings.smtp_ca_file,
        timeout=float(settings.smtp_timeout),
    )
    site = Site(
        title=settings.title,
        domain=links.domain,
        base=links.base,
        sender=from_us,
        link=settings.email_link,
        contact=settings.contact_email,
    )
    return server, site
