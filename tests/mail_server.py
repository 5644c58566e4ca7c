"""A real SMTP server on loopback that keeps what it was given, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import datetime
import email
import email.policy
import ipaddress
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what its authors are warned of is not ours to mend
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class SmtpServer:
    """What came in, and how to answer: ``rcpt``, ``data`` and the rest are lines of SMTP."""

    def __init__(self) -> None:
        #: Recipient and message, in the order of their coming.
        self.letters: list[tuple[str, EmailMessage]] = []
        #: The same as bytes.
        self.raw: list[bytes] = []
        self.connections = 0
        self.senders: list[str] = []
        #: The user names that have signed in.
        self.users: list[str] = []
        #: What is said to MAIL FROM, RCPT TO and after the message; None says yes.
        self.mail: str | None = None
        self.rcpt: Callable[[str], str | None] = lambda _: None
        self.data: Callable[[EmailMessage], str | None] = lambda _: None
        #: Awaited before the message is answered, with the writer of the connection.
        self.before_answer: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
        self.port = 0

    @property
    def subjects(self) -> list[str]:
        """What came in, by its subject."""
        return [str(letter["Subject"]) for _, letter in self.letters]

    # --- called by aiosmtpd ----------------------------------------------------------

    async def handle_MAIL(  # noqa: N802 - its name
        self, _: Any, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """MAIL FROM."""
        if self.mail is not None:
            return self.mail
        self.senders.append(address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - its name
        self, _: Any, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """RCPT TO."""
        refusal = self.rcpt(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - its name
        self, server: SMTP, _: Session, envelope: Envelope
    ) -> str:
        """A whole message."""
        raw = bytes(envelope.content or b"")
        letter = email.message_from_bytes(raw, policy=email.policy.SMTP)
        assert isinstance(letter, EmailMessage)
        refusal = self.data(letter)
        if refusal is None:
            self.raw.append(raw)
            self.letters.append((envelope.rcpt_tos[0], letter))
        if self.before_answer is not None:
            await self.before_answer(server._writer)
        return refusal or "250 2.0.0 taken"


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    other: x509.GeneralName
    try:
        other = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        other = x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "mail.crt", folder / "mail.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def context(files: tuple[Path, Path]) -> ssl.SSLContext:
    """The server's side of TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    return made


@asynccontextmanager
async def serving(
    server: SmtpServer,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    password: str | None = None,
    smtputf8: bool = True,
) -> AsyncIterator[SmtpServer]:
    """Serves it in this loop; with a password, nobody else is let in."""

    def authenticator(*arguments: Any) -> AuthResult:
        data = arguments[-1]
        assert isinstance(data, LoginPassword)
        if data.password.decode() != password:
            return AuthResult(success=False, handled=False)
        server.users.append(data.login.decode())
        return AuthResult(success=True)

    def protocol() -> SMTP:
        server.connections += 1
        opened.append(
            SMTP(
                server,
                hostname="mail.test",
                enable_SMTPUTF8=smtputf8,
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=password is not None,
                auth_require_tls=False,
                authenticator=authenticator if password is not None else None,
                timeout=30,
            )
        )
        return opened[-1]

    opened: list[SMTP] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(protocol, "127.0.0.1", server.port, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listening.close()
            for one in opened:
                if one.transport is not None:
                    one.transport.abort()
            await asyncio.sleep(0.01)  # so that what was aborted is closed before the loop is
