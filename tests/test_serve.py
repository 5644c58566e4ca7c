"""The program as people start it: a real process, real signals, a second one beside it."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import socket
import ssl
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import websockets

from stentor.commands import server
from tests.serving import PATIENCE, Served, listening, running


def get(served: Served, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{served.base}{path}", headers=headers, timeout=PATIENCE)


def test_a_newcomer_gets_from_nothing_to_a_signed_in_account(served: Served):
    assert get(served, "/health").text == "OK"
    account = served.account("alice", "--role", "owner")
    token = served.token("alice")
    answer = get(served, "/api/v1/instance", Authorization=f"Bearer {token}")
    assert answer.status_code == 200
    assert answer.json()["stats"]["user_count"] in (0, 1)
    me = get(served, "/api/v1/accounts/verify_credentials", Authorization=f"Bearer {token}")
    assert me.status_code == 200
    assert (me.json()["id"], me.json()["role"]["name"]) == (account["id"], "Owner")
    served.account("bob")
    said = httpx.post(
        f"{served.base}/api/v1/statuses",
        headers={"Authorization": f"Bearer {served.token('bob')}"},
        data={"status": "Hello @alice"},
        timeout=PATIENCE,
    )
    assert said.status_code == 200
    told = get(served, "/api/v1/notifications", Authorization=f"Bearer {token}").json()
    assert (told[0]["type"], told[0]["account"]["acct"]) == ("mention", "bob")


def test_an_empty_server_says_how_to_make_the_first_account_and_later_does_not(unserved: Served):
    unserved.start()
    assert f"{unserved.base}/auth/first_owner?token=" in unserved.said
    assert "stentor account create NAME" in unserved.said
    assert unserved.stop() == 0
    unserved.account("alice")
    unserved.start()
    assert unserved.said == f"Stentor 0.1.0 is ready: {unserved.base}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_drains_and_ends_with_zero_when_told_to_stop(served: Served, number: int):
    with httpx.Client(base_url=served.base, timeout=PATIENCE) as kept:
        assert kept.get("/health").status_code == 200
        assert served.stop(number) == 0
    assert "graceful shutdown exceeded" not in served.log  # an open connection does not hold it up
    assert "Traceback" not in served.log


def test_a_second_server_on_the_same_folder_refuses_with_one_line(served: Served):
    second = served.run("serve", check=False)
    assert second.returncode == 75
    assert second.stdout == ""
    assert second.stderr == (
        f"stentor: another server (process {served.pid}) is using the folder {served.data}\n"
    )
    assert get(served, "/health").text == "OK"


def test_a_server_that_was_killed_leaves_no_lock_behind(served: Served):
    assert served.stop(signal.SIGKILL) == -signal.SIGKILL
    served.start()
    assert get(served, "/health").text == "OK"


def test_commands_work_while_it_runs_and_are_seen_at_once(served: Served):
    served.account("alice")
    token = served.token("alice")
    me = "/api/v1/accounts/verify_credentials"
    assert get(served, me, Authorization=f"Bearer {token}").status_code == 200
    served.run("account", "disable", "alice")
    refused = get(served, me, Authorization=f"Bearer {token}")
    assert (refused.status_code, refused.json()) == (
        403,
        {"error": "Your login is currently disabled"},
    )
    served.run("account", "enable", "alice")
    assert get(served, me, Authorization=f"Bearer {token}").status_code == 200


def test_what_clients_are_told_carries_the_port_that_was_found(served: Served):
    assert served.base == f"http://localhost:{served.port}"
    assert get(served, "/api/v2/instance").json()["domain"] == f"localhost:{served.port}"


def test_keys_are_made_once_and_only_their_owner_can_read_them(unserved: Served):
    unserved.start()
    keys = unserved.data / "keys.json"
    before = keys.read_bytes()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    unserved.stop()
    unserved.start()
    assert keys.read_bytes() == before


def test_the_first_account_may_be_made_before_the_server_ever_ran(tmp_path: Path):
    server = Served(tmp_path / "served")
    server.account("ann")
    token = server.token("ann")
    server.start()
    assert token
    server.stop()


def test_lost_keys_are_not_replaced_while_somebody_lives_here(unserved: Served):
    unserved.start()
    unserved.account("alice")
    unserved.stop()
    (unserved.data / "keys.json").unlink()
    refused = unserved.run("serve", check=False)
    assert refused.returncode == 78
    assert "keys.json is missing" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert unserved.run("keys", "create", check=False).returncode == 78
    unserved.run("keys", "create", "--anew")
    unserved.start()


def test_the_key_file_of_another_server_is_refused(unserved: Served, tmp_path: Path):
    unserved.start()
    unserved.stop()
    other = Served(tmp_path / "other")
    other.run("keys", "create")
    own = (unserved.data / "keys.json").read_bytes()
    (unserved.data / "keys.json").write_bytes((other.data / "keys.json").read_bytes())
    for command in ("serve", "check"):
        refused = unserved.run(command, check=False)
        assert refused.returncode == 78
        assert "is not the key file of this database" in refused.stderr + refused.stdout
    (unserved.data / "keys.json").write_bytes(own)
    unserved.start()


# --- What does not depend on the database -------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path):
    server = Served(tmp_path / "served")
    yield server
    server.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("port", "many", "port: 'many' is not a whole number"),
        ("port", "70000", "port: 70000 is not between 0 and 65535"),
        ("registrations", "maybe", "registrations: 'maybe' is none of open, approval, closed"),
        ("domain", "https://example.org", "domain: 'https://example.org' is not host or host:port"),
        ("tls_cert", "cert.pem", "tls_cert and tls_key go together"),
        ("database_url", "mysql://x", "database_url: begin it with sqlite: or postgresql:"),
        ("trusted_proxies", "proxy.local", "trusted_proxies: 'proxy.local' is no IP address"),
    ],
)
def test_a_bad_setting_ends_it_with_78_and_one_line(
    tmp_path: Path, setting: str, value: str, line: str
):
    done = Served(tmp_path, **{setting: value}).run("serve", check=False)
    assert done.returncode == 78
    assert done.stderr.startswith(f"stentor: {line}")
    assert done.stderr.count("\n") == 1


def test_a_database_that_nobody_serves_ends_it_with_70_and_does_not_show_its_password(
    tmp_path: Path,
):
    url = "postgresql://stentor:hunter2@127.0.0.1:1/stentor"
    done = Served(tmp_path, database_url=url).run("serve", check=False)
    assert done.returncode == 70
    assert done.stderr.startswith("stentor: the database cannot be used")
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_database_ends_it_with_70(tmp_path: Path):
    file = tmp_path / "stentor.db"
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    done = Served(tmp_path, database_url=f"sqlite:{file}").run("serve", check=False)
    assert done.returncode == 70
    assert "Traceback" not in done.stderr


def test_a_taken_port_ends_it_with_69_and_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = Served(tmp_path, port=str(port)).run("serve", check=False)
    assert done.returncode == 69
    assert (
        done.stderr == f"stentor: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )


def test_a_start_loads_nothing_that_only_later_work_needs():
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stentor", "serve", "--help"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "stentor.api.routes" in loaded
    later = {
        "aiohttp",
        "aiosmtplib",
        "asyncpg",
        "jinja2",
        "nats",
        "rich.text",
        "stentor.mail.worker",
    }
    assert not later & loaded


def test_it_says_who_it_is_to_nobody(alone: Served):
    answer = get(alone.start(), "/health")
    assert "server" not in answer.headers
    assert "date" in answer.headers


def test_it_serves_tls_with_a_certificate_of_ones_own(alone: Served, certificate: tuple[str, str]):
    cert, key = certificate
    alone.start("--tls-cert", cert, "--tls-key", key)
    assert alone.base.startswith("https://localhost:")
    trusted = ssl.create_default_context(cafile=cert)
    answer = httpx.get(f"{alone.base}/api/v1/instance", verify=trusted, timeout=PATIENCE)
    assert answer.json()["urls"]["streaming_api"] == f"wss://localhost:{alone.port}"


def test_a_certificate_that_is_none_ends_it_with_78(tmp_path: Path):
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    done = Served(tmp_path, tls_cert=str(bad), tls_key=str(bad)).run("serve", check=False)
    assert done.returncode == 78
    assert "tls_cert or tls_key cannot be used" in done.stderr


def test_a_settings_file_is_read_and_the_command_line_wins(tmp_path: Path):
    file = tmp_path / "stentor.toml"
    file.write_text('title = "From the file"\ndescription = "also"\nport = 1\n')
    alone = Served(tmp_path / "served")
    alone.environment["STENTOR_CONFIG"] = str(file)
    try:
        alone.start("--title", "From the command line")
        about = get(alone, "/api/v2/instance").json()
        assert (about["title"], about["description"]) == ("From the command line", "also")
    finally:
        alone.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


# --- What a peer may send ------------------------------------------------------------------------


def raw(port: int, sent: bytes, *, seconds: float = PATIENCE) -> bytes:
    """What comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as peer:
        peer.sendall(sent)
        got = b""
        try:
            while piece := peer.recv(65536):
                got += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return got


HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Connection: close\r\n\r\n", b"200"),
        (HEAD + b"X-Big: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(120)) + b"\r\n", b"431"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"431"),
        (HEAD + b"X-Endless: " + b"x" * 200_000, b"431"),
        (HEAD + b"Host: evil.example\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: +3\r\n\r\nabc", b"400"),
        (HEAD + b"Bad Header\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1", b"400"),
    ],
    ids=[
        "plain", "big", "many", "long-url", "endless", "two-hosts", "cl-and-te", "plus",
        "no-colon", "tls-hello",
    ],
)  # fmt: skip
def test_a_head_has_its_limits(one_for_all: Served, sent: bytes, status: bytes):
    got = raw(one_for_all.port, sent)
    assert got.startswith(b"HTTP/1.1 " + status), got[:200]
    assert got.count(b"HTTP/1.1 ") == 1  # never two answers to one request
    assert get(one_for_all, "/health").text == "OK"


@pytest.fixture(scope="module")
def one_for_all(tmp_path_factory: pytest.TempPathFactory):
    with Served(tmp_path_factory.mktemp("served")) as server:
        yield server


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body; as a WebSocket, with each message."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", HEAD, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + HEAD, POST, POST + b"abc"],
    ids=["nothing", "line", "head", "second", "body", "some-body"],
)
async def test_a_peer_that_does_not_go_on_is_hung_up_on(monkeypatch, begun: bytes):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        await asyncio.wait_for(reader.read(), PATIENCE)  # until it hangs up
        writer.close()


async def test_a_peer_that_is_slow_but_goes_on_is_heard_out(monkeypatch):
    monkeypatch.setattr(server, "BODY_SECONDS", 1.0)
    monkeypatch.setattr(server, "BYTES_PER_SECOND", 2)  # 20 bytes are good for ten seconds
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST)
        for _ in range(20):
            writer.write(b"x" * 20)
            await asyncio.sleep(0.07)  # longer than a second in all
        assert b"\r\n400\r\n" in await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()


async def test_a_quiet_websocket_is_left_alone(monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)
    async with listening(echo) as port, websockets.connect(f"ws://127.0.0.1:{port}/") as socket:
        await asyncio.sleep(0.6)
        await socket.send("still there")
        assert await asyncio.wait_for(socket.recv(), PATIENCE) == "still there"


@pytest.mark.parametrize("asks", [True, False])
async def test_whoever_has_just_come_is_heard_by_a_server_that_ends(monkeypatch, asks: bool):
    monkeypatch.setattr(server, "LATE_SECONDS", PATIENCE if asks else 0.1)
    async with running(echo) as one:
        port = one.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not one.server_state.connections:  # noqa: ASYNC110 - it is accepted by itself
            await asyncio.sleep(0.01)
        (connection,) = one.server_state.connections
        one.should_exit = True
        while not connection._draining:  # noqa: ASYNC110 - and begins to end by itself
            await asyncio.sleep(0.01)
        if asks:
            writer.write(HEAD + b"\r\n")
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200") == asks
    assert bool(answer) == asks


def test_a_request_that_has_begun_is_finished_when_it_is_told_to_stop(served: Served):
    served.account("alice")
    token = served.token("alice")
    body = b"status=Last+words"
    head = (
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as peer:
        peer.sendall(head.encode() + body[:5])
        until(lambda: takes(served, peer))
        with ThreadPoolExecutor(1) as pool:
            stopped = pool.submit(served.stop)
            until(lambda: refuses(served))
            peer.sendall(body[5:])
            answer = b"".join(iter(lambda: peer.recv(65536), b""))
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"Last words" in answer
            assert stopped.result(PATIENCE) == 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def takes(served: Served, peer: socket.socket) -> bool:
    """Whether it has accepted that connection, and read what was sent."""
    mine = peer.getsockname()
    found = psutil.Process(served.pid).net_connections("tcp")
    unread = fcntl.ioctl(peer, termios.TIOCOUTQ, b"0000")
    return any(one.raddr == mine for one in found) and unread == bytes(4)


def refuses(served: Served) -> bool:
    """Whether it has begun to end."""
    try:
        socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "stentor", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "stentor, version 0.1.0\n"
