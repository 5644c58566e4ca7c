"""SIGHUP does not end a server; a terminal that goes away does."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from stentor.commands import hangups
from tests.mail_server import certificate
from tests.serving import PATIENCE, Served


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def shown(served: Served) -> bytes:
    """The certificate that whoever connects now is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as opened,
    ):
        found = opened.getpeercert(binary_form=True)
    assert found
    return found


def copy(pair: tuple[Path, Path], folder: Path) -> None:
    for source, name in zip(pair, ("cert.pem", "key.pem"), strict=True):
        (folder / name).write_bytes(source.read_bytes())


def test_the_certificate_is_read_anew_if_it_is_good_and_streams_stay(tmp_path: Path) -> None:
    for name in ("one", "two", "use"):
        (tmp_path / name).mkdir()
    used = tmp_path / "use"
    copy(certificate(tmp_path / "one"), used)
    cert, key = str(used / "cert.pem"), str(used / "key.pem")
    served = Served(tmp_path / "served", tls_cert=cert, tls_key=key, log_level="info")
    with served, httpx.Client(base_url=served.base, verify=False, timeout=PATIENCE) as kept:
        first = shown(served)
        assert kept.get("/health").status_code == 200
        copy(certificate(tmp_path / "two"), used)
        os.kill(served.pid, signal.SIGHUP)
        eventually(lambda: shown(served) != first)
        second = shown(served)
        # A certificate without its key is not taken, and does not spoil the one that is there.
        Path(key).write_text("nothing")
        os.kill(served.pid, signal.SIGHUP)
        eventually(lambda: "certificate not taken" in served.log)
        assert shown(served) == second
        assert kept.get("/health").status_code == 200
        assert served.stop() == 0


async def test_it_is_obeyed_between_the_steps_of_the_loop_not_within_one() -> None:
    """Else whoever looks whether to stop, and then waits to be told, may miss it in between."""
    heard: list[str] = []
    before = signal.getsignal(signal.SIGHUP)
    hangups.obey(lambda: heard.append("again"), lambda: heard.append("stop"))
    try:
        signal.raise_signal(signal.SIGHUP)
        assert heard == []
        await asyncio.sleep(0)
        assert heard == ["again"]
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",)], ids=lambda one: one[0])
@pytest.mark.parametrize("gone", [False, True], ids=["terminal stays", "terminal goes"])
def test_only_a_terminal_that_goes_away_ends_it(
    tmp_path: Path, command: tuple[str, ...], *, gone: bool
) -> None:
    served = Served(tmp_path / "served", log_level="info")
    served.start()
    served.stop()  # the schema and the keys are there now
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stentor", *command],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=served.environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        assert process.stdout
        assert b"Stentor" in process.stdout.readline()
        if gone:
            os.close(master)
            process.send_signal(signal.SIGHUP)
        else:
            process.send_signal(signal.SIGHUP)
            while b"nothing to read anew" not in (line := process.stdout.readline()):
                assert line, "it has ended"
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
        if not gone:
            os.close(master)
