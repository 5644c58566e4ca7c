"""The connection to a mail server: TLS that is demanded, signing in, and what is never sent."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from stentor.domain.emails import Outcome
from stentor.mail.sender import Connection, MailServer, Refusal, Unreachable
from tests.mail_server import SmtpServer, certificate, context, serving

MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"


def server(smtp: SmtpServer, **given: Any) -> MailServer:
    return MailServer(**{
        "host": "127.0.0.1", "port": smtp.port, "security": "none", "sender": "us@x.example",
        "our_name": "x.example", "timeout": 60.0, **given,
    })  # fmt: skip


async def send(where: MailServer) -> None:
    tls = None if where.security == "none" else where.tls()
    async with Connection(where, tls) as connection:
        await connection.send("ann@example.org", MESSAGE)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("password", [None, "p ä$§"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_message_goes_through_every_kind_of_connection(
    certificates: tuple[Path, Path], security: str, password: str | None
) -> None:
    tls = context(certificates)
    kind = {"starttls": {"starttls": tls}, "tls": {"tls": tls}}.get(security, {})
    async with serving(SmtpServer(), password=password, **kind) as smtp:
        sign_in = {} if password is None else {"username": "stentor", "password": password}
        await send(server(smtp, security=security, ca_file=str(certificates[0]), **sign_in))
        assert len(smtp.letters) == 1
        assert smtp.users == ([] if password is None else ["stentor"])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    certificates: tuple[Path, Path], security: str
) -> None:
    tls = context(certificates)
    kind = {"starttls": {"starttls": tls}, "tls": {"tls": tls}}[security]
    async with serving(SmtpServer(), **kind) as smtp:
        with pytest.raises(Unreachable):
            await send(server(smtp, security=security))
        assert smtp.letters == []


async def test_a_certificate_for_another_name_is_not_believed(tmp_path: Path) -> None:
    files = certificate(tmp_path, "other.example")
    async with serving(SmtpServer(), tls=context(files)) as smtp:
        with pytest.raises(Unreachable):
            await send(server(smtp, security="tls", ca_file=str(files[0])))
        assert smtp.letters == []


async def test_nothing_is_sent_if_the_server_has_no_starttls(
    certificates: tuple[Path, Path],
) -> None:
    async with serving(SmtpServer(), password="secret") as smtp:
        with pytest.raises(Unreachable):
            await send(
                server(smtp, security="starttls", username="stentor", password="secret",
                       ca_file=str(certificates[0]))
            )  # fmt: skip
        assert (smtp.letters, smtp.users) == ([], [])


async def test_a_wrong_password_makes_everything_wait_and_is_not_repeated_in_the_problem() -> None:
    async with serving(SmtpServer(), password="right") as smtp:
        with pytest.raises(Unreachable, match="SMTPAuthenticationError 535") as caught:
            await send(server(smtp, username="stentor", password="wrong-secret"))
        assert "wrong-secret" not in str(caught.value)
        assert "wrong-secret" not in repr(server(smtp, username="stentor", password="wrong-secret"))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("450 later", Outcome.DEFERRED), ("452 full", Outcome.DEFERRED), ("550 no", Outcome.REFUSED),
     ("553 <ann@example.org> no", Outcome.REFUSED)],
)  # fmt: skip
async def test_what_is_said_of_a_recipient_decides_about_his_message_alone(
    answer: str, outcome: Outcome
) -> None:
    async with serving(SmtpServer()) as smtp:
        smtp.rcpt = lambda one: answer if one.startswith("ann") else None
        async with Connection(server(smtp), None) as connection:
            with pytest.raises(Refusal) as caught:
                await connection.send("ann@example.org", MESSAGE)
            await connection.send("eve@example.org", MESSAGE)
    assert caught.value.outcome is outcome
    assert "example.org" not in caught.value.problem
    assert [one for one, _ in smtp.letters] == ["eve@example.org"]


@pytest.mark.parametrize("address", ["ann@example.org\r\nDATA", "a b@example.org", "ann"])
async def test_an_address_cannot_speak_smtp(address: str) -> None:
    async with serving(SmtpServer()) as smtp:
        async with Connection(server(smtp), None) as connection:
            try:
                await connection.send(address, MESSAGE)
            except Refusal as problem:
                assert problem.outcome in (Outcome.REFUSED, Outcome.DEFERRED)
        assert all("\r" not in one and "\n" not in one for one, _ in smtp.letters)
        assert len(smtp.letters) <= 1


async def test_lines_that_begin_with_a_dot_arrive_as_they_were() -> None:
    async with serving(SmtpServer()) as smtp:
        async with Connection(server(smtp), None) as connection:
            await connection.send("ann@example.org", b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\nend\r\n")
        assert smtp.raw[0].replace(b"\r\n", b"\n").endswith(b".\n..\n.x\nend\n")


async def test_a_server_that_trickles_is_left_in_bounded_time() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-")
        while not reader.at_eof():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()

    listening = await asyncio.start_server(trickle, "127.0.0.1", 0)
    try:
        port = listening.sockets[0].getsockname()[1]
        where = MailServer("127.0.0.1", port, "none", "us@x.example", "x.example", timeout=0.3)
        async with asyncio.timeout(60):
            with pytest.raises(Unreachable):
                await send(where)
        await asyncio.sleep(0.2)  # the far end notices
    finally:
        listening.close()


def test_tls_wants_a_certificate_and_a_name() -> None:
    made = MailServer("h", 1, "tls", "us@x.example", "x.example").tls()
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
