"""One request: where it may go, how long it may take, and that nothing the far end does hurts."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stentor.push import sender as sender_module
from stentor.push.sender import Answer, Failure, Sender
from tests.factories import NOW
from tests.push_service import Authority, PushService, Reply

PUBLIC = "93.184.216.34"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService(strict=False) as one:
        yield one


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    one = Sender(allow_private=True, deadline=60)
    yield one
    await one.close()


async def post(sender: Sender, url: str, body: bytes = b"x" * 100, now: int = NOW) -> Answer:
    return await sender.send(url, {"TTL": "60"}, body, now=now)


def info(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (address, port))


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("status", [200, 201, 202, 204, 301, 400, 404, 410, 413, 429, 500, 599])
async def test_a_status_is_told_as_it_is(service: PushService, sender: Sender, status: int) -> None:
    answer = await post(sender, service.url(f"/status/{status}/x"))
    assert (answer.status, answer.failure) == (status, None)
    assert 0 <= answer.latency < 60_000


async def test_connections_are_used_again(service: PushService, sender: Sender) -> None:
    service.tell("/with-body", Reply(201, body=b"x" * 1000))
    for path in ["/a", "/with-body", "/status/410/x", "/status/500/x"] * 5:
        await post(sender, service.url(path))
    assert service.connections == 1
    assert len(service.received) == 20


async def test_a_large_answer_is_not_read(service: PushService, sender: Sender) -> None:
    answer = await post(sender, service.url("/body/x"))
    assert (answer.status, answer.failure) == (201, None)
    await post(sender, service.url("/a"))
    assert service.connections == 2, "the connection is not good for anything any more"


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("/stall/x", Failure.TIMEOUT),
        ("/trickle/x", Failure.TIMEOUT),
        ("/continue/x", Failure.TIMEOUT),
        ("/headers/x", Failure.PROTOCOL),
        ("/longline/x", Failure.PROTOCOL),
        ("/garbage/x", Failure.PROTOCOL),
        ("/reset/x", Failure.CONNECTION),
        ("/close/x", Failure.CONNECTION),
    ],
)
async def test_misbehaviour_is_a_failure_within_the_deadline(
    service: PushService, sender: Sender, path: str, failure: Failure
) -> None:
    hasty = Sender(allow_private=True, deadline=3 if failure is Failure.TIMEOUT else 60)
    answer = await post(hasty, service.url(path))
    assert answer.status is None
    assert answer.failure is failure
    assert (await post(sender, service.url("/after"))).status == 201
    await hasty.close()


async def test_a_status_counts_though_its_body_never_ends(
    service: PushService, sender: Sender
) -> None:
    assert (await post(sender, service.url("/slowbody/x"))).status == 201


async def test_without_a_deadline_a_silent_service_would_hold_us(service: PushService) -> None:
    """The control: what `test_misbehaviour…` proves is the deadline's doing."""
    patient = Sender(allow_private=True, deadline=3600)
    waiting = asyncio.create_task(post(patient, service.url("/stall/x")))
    done, _ = await asyncio.wait({waiting}, timeout=4)
    assert not done
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await patient.close()


async def test_nobody_listens(sender: Sender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert (await post(sender, f"http://127.0.0.1:{port}/")).failure is Failure.CONNECTION


async def test_no_such_name(sender: Sender) -> None:
    answer = await post(sender, "http://no-such-name.invalid/")
    assert (answer.status, answer.failure) == (None, Failure.NAME)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "http://",
        "ftp://x/",
        "http://[::1/",
        "http://x:99999/",
        "http://exa mple/",
        "http://a..b/",
        f"http://{'a' * 300}/",
    ],
)
async def test_what_is_no_url_is_a_failure_too(sender: Sender, url: str) -> None:
    answer = await post(sender, url)
    assert answer.status is None
    assert answer.failure in {Failure.BLOCKED, Failure.NAME}


# ---------------------------------------------------------------- what is sent


async def test_no_cookie_is_ever_sent_and_no_proxy_used(
    service: PushService, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    service.tell("/a", Reply(201, (("Set-Cookie", "spy=1; Path=/"),)))
    await post(sender, service.url("/a"))
    answer = await post(sender, service.url("/a"))
    assert answer.status == 201
    assert "cookie" not in service.received[1].headers
    assert service.received[1].headers["user-agent"].startswith("Stentor/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    service: PushService, sender: Sender, status: int
) -> None:
    async with PushService(strict=False) as inner:
        service.tell("/a", Reply(status, (("Location", inner.url("/stolen")),)))
        assert (await post(sender, service.url("/a"))).status == status
        assert inner.connections == 0


# ---------------------------------------------------------------- Retry-After


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("5", 5_000), ("0", 0), (" 7 ", 7_000), ("-1", None), ("1e9", None),
        ("1000000000", 21_600_000), ("9" * 5000, 21_600_000), ("soon", None), ("", None),
        ("5, 6", None), ("٥", None),
        ("Mon, 01 Jun 2026 12:01:00 GMT", 60_000), ("Mon, 01 Jun 2026 11:00:00 GMT", 0),
        ("Mon, 01 Jun 2099 12:01:00 GMT", 21_600_000), ("Monday, 01-Jun-26 12:01:00 GMT", 60_000),
        ("Mon, 99 Jun 2026 12:01:00 GMT", None), ("2026-06-01T12:01:00Z", None),
    ],
)  # fmt: skip
async def test_retry_after_is_understood_or_ignored(
    service: PushService, sender: Sender, header: str, expected: int | None
) -> None:
    service.tell("/a", Reply(503, (("Retry-After", header.encode().decode("latin-1")),)))
    answer = await post(sender, service.url("/a"))
    assert answer.status == 503
    assert answer.retry_after == expected


# ---------------------------------------------------------------- where it may go


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "localhost.localdomain", "localhost.", "LOCALHOST", "127.1",
        "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "127.000.000.001",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "0",
        "１２７.０.０.１", "①②⑦.0.0.1", "127。0。0。1", "10.0.0.1", "169.254.169.254",
        "[fe80::1%25lo]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_inner_address_is_connected_to(
    service: PushService, host: str
) -> None:
    guarded = Sender(deadline=60)
    answer = await post(guarded, f"http://{host}:{service.port}/")
    assert answer.status is None
    assert answer.failure in {Failure.BLOCKED, Failure.NAME}
    assert service.connections == 0
    await guarded.close()


async def test_the_switch_for_tests_lets_it_through(service: PushService, sender: Sender) -> None:
    """The control of the table above: without the guard the service is reached."""
    reached = 0
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
        reached += (await post(sender, f"http://{host}:{service.port}/")).status == 201
    assert reached == 4


@pytest.mark.parametrize(
    "found", [["10.0.0.1"], ["127.0.0.1", "::1"], ["::ffff:10.1.1.1"], ["169.254.169.254"]]
)
async def test_a_name_that_leads_inside_is_not_followed(
    service: PushService, found: list[str]
) -> None:
    guarded = Sender(deadline=60, lookup=lambda _, port: [info(one, port) for one in found])
    answer = await post(guarded, f"http://push.example:{service.port}/")
    assert answer.failure is Failure.BLOCKED
    assert service.connections == 0
    await guarded.close()


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that anything tries to connect to; public ones lead nowhere."""
    tried: list[str] = []
    loop = asyncio.get_event_loop_policy().get_event_loop()
    real = type(loop).sock_connect

    async def connect(self: Any, sock: Any, address: Any) -> Any:
        tried.append(address[0])
        if address[0] == PUBLIC:
            raise ConnectionRefusedError(111, "nobody there")
        return await real(self, sock, address)

    monkeypatch.setattr(type(loop), "sock_connect", connect)
    return tried


async def test_only_the_good_ones_of_several_addresses_are_connected_to(
    service: PushService, connects: list[str]
) -> None:
    mixed = ["127.0.0.1", PUBLIC, "::1", "10.0.0.1"]
    guarded = Sender(deadline=60, lookup=lambda _, port: [info(one, port) for one in mixed])
    answer = await post(guarded, f"http://push.example:{service.port}/")
    assert answer.failure is Failure.CONNECTION
    assert set(connects) == {PUBLIC}
    await guarded.close()


class Rebinding:
    """A name that is public when it is looked at and loopback when it is used."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: str, port: int) -> list[Any]:
        self.asked += 1
        return [info(PUBLIC if self.asked % 2 else "127.0.0.1", port)]


async def test_rebinding_never_reaches_the_inside(
    service: PushService, connects: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "NAME_SECONDS", 0.0)  # every request asks again
    monkeypatch.setattr(sender_module, "NO_NAME_SECONDS", 0.0)
    names = Rebinding()
    guarded = Sender(deadline=60, lookup=names)
    answers = [await post(guarded, f"http://push.example:{service.port}/") for _ in range(500)]
    assert names.asked == 500
    assert {one.failure for one in answers} == {Failure.CONNECTION, Failure.BLOCKED}
    assert service.connections == 0
    assert set(connects) == {PUBLIC}
    await guarded.close()


async def test_a_check_before_the_connection_alone_is_not_enough(service: PushService) -> None:
    """The control: look first, then connect by name, as the usual guard does."""
    names = Rebinding()
    unguarded = Sender(allow_private=True, deadline=60, lookup=names)
    looked_at = names("push.example", service.port)[0][4][0]
    assert looked_at == PUBLIC
    await post(unguarded, f"http://push.example:{service.port}/")
    assert service.connections == 1
    await unguarded.close()


async def test_what_slips_past_the_names_is_stopped_at_the_socket(service: PushService) -> None:
    """Even a resolver that is fooled opens no connection: the socket itself is guarded."""
    guarded = Sender(deadline=60)

    async def fooled(host: str, port: int = 0, family: Any = 0) -> list[Any]:
        return [sender_module._result(host, info("127.0.0.1", port))]

    guarded._guard.resolve = fooled
    assert (await post(guarded, service.url("/"))).failure is Failure.BLOCKED
    answer = await post(guarded, f"http://push.example:{service.port}/")
    assert answer.failure is Failure.BLOCKED
    assert service.connections == 0
    await guarded.close()


# ---------------------------------------------------------------- names that are slow or gone


async def test_a_slow_name_service_does_not_hold_others_up(service: PushService) -> None:
    enough = threading.Event()

    def lookup(host: str, port: int) -> list[Any]:
        if host.startswith("slow"):
            enough.wait()
        return [info("127.0.0.1", port)]

    one = Sender(allow_private=True, lookup=lookup)
    slow = [asyncio.create_task(post(one, f"http://slow{n}:{service.port}/")) for n in range(8)]
    again = [asyncio.create_task(post(one, f"http://slow0:{service.port}/")) for n in range(50)]
    await asyncio.sleep(0.05)
    assert (await post(one, f"http://quick:{service.port}/")).status == 201
    answers = await asyncio.gather(*slow, *again)
    assert {answer.failure for answer in answers} == {Failure.NAME}
    enough.set()
    await one.close()


async def test_a_name_is_asked_for_once_a_minute(service: PushService) -> None:
    asked = []

    def lookup(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [info("127.0.0.1", port)]

    one = Sender(allow_private=True, lookup=lookup)
    service.tell(None, Reply(201, (("Connection", "close"),)))
    await asyncio.gather(*(post(one, f"http://push.example:{service.port}/") for _ in range(20)))
    assert asked == ["push.example"]
    await one.close()


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def https(authority: Authority, tls: Any, *, trusted: bool = True) -> tuple[Answer, int]:
    """One request to a server with that certificate; the answer, and how many it has read."""
    one = Sender(
        allow_private=True, deadline=60, trust_file=str(authority.file) if trusted else None
    )
    async with PushService(tls=tls, strict=False, name="localhost") as service:
        answer = await post(one, service.url("/a"))
        read = len(service.received)
    await one.close()
    return answer, read


async def test_a_good_certificate_is_taken(authority: Authority) -> None:
    answer, read = await https(authority, authority.server("localhost"))
    assert (answer.status, read) == (201, 1)


@pytest.mark.parametrize("fault", ["expired", "wrong name", "self-signed", "unknown", "too old"])
async def test_a_bad_certificate_is_never_sent_to(authority: Authority, fault: str) -> None:
    tls = {
        "expired": lambda: authority.server("localhost", days=-1),
        "wrong name": lambda: authority.server("push.example"),
        "self-signed": lambda: authority.server("localhost", self_signed=True),
        "unknown": lambda: authority.server("localhost"),
        "too old": lambda: authority.server("localhost", old=True),
    }[fault]()
    answer, read = await https(authority, tls, trusted=fault != "unknown")
    assert (answer.status, read) == (None, 0)
    # A server that is too old hangs up by itself.
    assert answer.failure in {Failure.TLS, Failure.CONNECTION if fault == "too old" else None}


async def test_a_handshake_that_never_ends_is_a_timeout(authority: Authority) -> None:
    one = Sender(allow_private=True, deadline=2)
    held = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(await reader.read(5))
        try:
            await asyncio.sleep(30)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await post(one, f"https://localhost:{port}/secret")
    assert answer.failure is Failure.TIMEOUT
    assert held[0][:1] == b"\x16", "nothing in the clear"
    server.close()
    await one.close()


async def test_plain_http_behind_https_is_never_fallen_back_to(sender: Sender) -> None:
    async with PushService(strict=False) as service:
        answer = await post(sender, service.url("/a").replace("http:", "https:"))
        assert answer.failure in {Failure.TLS, Failure.CONNECTION, Failure.TIMEOUT}
        assert service.received == []


async def test_files_and_threads_do_not_pile_up(service: PushService) -> None:
    def handles() -> int:
        folder = Path("/proc/self/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0

    one = Sender(allow_private=True, deadline=0.2)
    await post(one, service.url("/stall/x"))
    before = handles()
    for _ in range(10):
        await asyncio.gather(
            *(post(one, service.url(f"/{kind}/x")) for kind in ("stall", "reset", "garbage"))
        )
    async with asyncio.timeout(60):
        # The service in this process keeps its ten ends of what has stalled, and we none of ours.
        while handles() - before >= 15:  # noqa: ASYNC110 - nobody tells when the last is closed
            await asyncio.sleep(0.05)
    await one.close()
