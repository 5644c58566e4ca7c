"""A mailer over a test's database and a real SMTP server, one batch at a time."""

from __future__ import annotations

from typing import Any

from stentor.domain import times
from stentor.mail import worker
from stentor.mail.messages import Sender, Site
from stentor.mail.sender import MailServer
from stentor.mail.worker import Mailer
from stentor.store.database import Database, Row
from tests.helpers import Clock
from tests.mail_server import SmtpServer

SECRET = b"s" * 32
SITE = Site(
    title="Test",
    domain="stentor.example",
    base="https://stentor.example",
    sender=Sender("Test", "notifications@stentor.example"),
    link="https://web.example/notifications",
    contact="owner@example.org",
)


class PostOffice:
    """Sends what is due, when it is told to."""

    def __init__(self, db: Database, smtp: SmtpServer, clock: Clock, **server: Any) -> None:
        db.mails = True
        self.db, self.smtp, self.clock = db, smtp, clock
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": smtp.port,
            "security": "none",
            "sender": SITE.sender.address,
            "our_name": "stentor.example",
            "timeout": 60.0,
            **server,
        }
        self.server = MailServer(**given)
        self.mailer = self.another()

    def another(self) -> Mailer:
        """One more worker, as in another process."""
        return Mailer(self.db, self.server, SITE, SECRET, self.clock)

    async def send(self, *, after: int = 2 * times.MINUTE) -> bool:
        """Lets that much time pass and works once."""
        self.clock.advance(milliseconds=after)
        return await worker.work(self.mailer)

    async def rows(self) -> list[Row]:
        """What waits: kind, attempts, problem, milliseconds from now, whether it was given up."""
        found = await self.db.fetch(
            "SELECT kind, attempts, problem, run_at, given_up_at FROM email_deliveries"
            " ORDER BY account_id, about_id"
        )
        now = self.clock()
        return [(row[0], row[1], row[2], row[3] - now, row[4] is not None) for row in found]
