"""One connection to the mail server, and one message through it, in a time that is bounded."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib
from aiosmtplib import (
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from stentor.domain import emails
from stentor.domain.emails import Outcome

# The server closes the connection: nothing that is said is about this one message.
_CLOSING = 421
# RFC 3463. The rest of an answer often repeats the address, which belongs in no log.
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Unreachable(Exception):
    """The mail server cannot be used now, so everything waits. The text holds no address."""


class Lost(Exception):
    """The connection broke in the middle of a message: whether it was taken is unknown."""


class Refusal(Exception):
    """The mail server did not take this message; ``outcome`` says whether to try again."""

    def __init__(self, outcome: Outcome, problem: str) -> None:
        super().__init__(problem)
        self.outcome = outcome
        self.problem = problem


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails go, and as whom. ``security``: STARTTLS or TLS is demanded, never hoped for."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    #: The address that mails come from, which problems are told to.
    sender: str
    #: What we call ourselves.
    our_name: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    #: Seconds for one step of the protocol; a whole message has twice that.
    timeout: float = 30.0

    def tls(self) -> ssl.SSLContext:
        """What is asked of the server's certificate. Raises OSError for a bad file."""
        return ssl.create_default_context(cafile=self.ca_file or None)


class Connection:
    """An open connection; use it as a context. Raises Unreachable."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.our_name,
            timeout=server.timeout,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username or None,
            password=server.password or None,
            tls_context=tls if server.security != "none" else None,
        )

    async def __aenter__(self) -> Connection:
        try:
            async with asyncio.timeout(2 * self._server.timeout):
                await self._smtp.connect()
        except (SMTPException, OSError, TimeoutError, ValueError) as problem:
            self._smtp.close()
            raise Unreachable(said(problem)) from problem
        except BaseException:
            self._smtp.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._smtp.is_connected:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(min(2.0, self._server.timeout)):
                    await self._smtp.quit()
        self._smtp.close()

    async def send(self, recipient: str, message: bytes, *, utf8: bool = False) -> None:
        """Returns when the server has answered 250: it is its message now.

        ``utf8``: the address needs SMTPUTF8. Raises Refusal, Lost, Unreachable.
        """
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        try:
            async with asyncio.timeout(2 * self._server.timeout):
                await self._smtp.sendmail(
                    self._server.sender, recipient, message, mail_options=options
                )
        except SMTPRecipientsRefused as problem:
            self._judge(problem.recipients[0])
        except SMTPSenderRefused as problem:
            # Whatever its number: it is about us, and so about every message.
            raise Unreachable(f"our sender's address is refused: {said(problem)}") from problem
        except SMTPResponseException as problem:
            self._judge(problem)
        except (SMTPNotSupported, ValueError, UnicodeError) as problem:
            raise Refusal(Outcome.REFUSED, said(problem)) from problem
        except (SMTPException, OSError, TimeoutError) as problem:
            self._smtp.close()
            raise Lost(said(problem)) from problem

    def _judge(self, problem: SMTPResponseException) -> None:
        if problem.code == _CLOSING:
            self._smtp.close()
            raise Unreachable(said(problem)) from problem
        if not self._smtp.is_connected:
            raise Lost(said(problem)) from problem
        outcome = emails.answer(problem.code)
        if outcome is Outcome.SENT:  # a yes in the wrong place is no yes
            outcome = Outcome.DEFERRED
        raise Refusal(outcome, said(problem)) from problem


def said(problem: BaseException) -> str:
    """What happened, without anything that the server repeats: no address, no credentials."""
    name = type(problem).__name__
    if isinstance(problem, SMTPResponseException):
        found = _ENHANCED.search(str(problem.message))
        return f"{name} {problem.code}{f' {found[1]}' if found else ''}"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"{name}: {problem.verify_message}"
    cause = problem.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"{name}: {cause.verify_message}"
    return name
