"""`stentor test-email`: one message, and one line that says what came of it."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.mail_server import SmtpServer, serving
from tests.serving import Served


async def typed(
    folder: Path, smtp: SmtpServer | None, address: str = "me@example.org"
) -> subprocess.CompletedProcess[str]:
    given = {} if smtp is None else {"smtp_host": "127.0.0.1", "smtp_port": str(smtp.port),
                                     "smtp_security": "none", "domain": "x.example"}  # fmt: skip
    served = Served(folder, **given)
    return await asyncio.to_thread(served.run, "test-email", address, check=False)


async def test_it_sends_one_mail_and_says_so(tmp_path: Path) -> None:
    async with serving(SmtpServer()) as smtp:
        done = await typed(tmp_path, smtp)
    assert (done.returncode, done.stdout) == (0, "127.0.0.1 has taken it\n"), done.stderr
    ((recipient, letter),) = smtp.letters
    assert recipient == "me@example.org"
    assert letter["Subject"] == "A test from x.example"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [("no@example.org", "SMTPRecipientRefused 550 5.1.1"), ("me", ""), ("a@b\r\nDATA", "")],
)
async def test_it_says_why_the_server_does_not_take_it(
    tmp_path: Path, address: str, said: str
) -> None:
    async with serving(SmtpServer()) as smtp:
        smtp.rcpt = lambda one: None if one.startswith("me@") else f"550 5.1.1 <{one}> unknown"
        done = await typed(tmp_path, smtp, address)
    assert done.returncode == 1
    assert f"does not take it: {said}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert smtp.letters == []


async def test_it_says_that_nobody_answers(tmp_path: Path) -> None:
    async with serving(SmtpServer()) as smtp:
        pass
    done = await typed(tmp_path, smtp)
    assert done.returncode == 69
    assert f"127.0.0.1:{smtp.port} cannot be used: SMTPConnectError" in done.stderr


async def test_it_asks_for_a_mail_server(tmp_path: Path) -> None:
    done = await typed(tmp_path, None)
    assert (done.returncode, done.stderr) == (
        78, "stentor: no mail server is named: set smtp_host\n",
    )  # fmt: skip
