"""What arrives as bytes: framing that two parsers could read in two ways, and slow peers.

reliability T61 and T62, against a served Stentor over a raw socket.
"""

from __future__ import annotations

import re
import socket

import pytest

from tests.serving import PATIENCE, Served

CANARY = "GET /api/v1/canary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """One server for all cases."""
    served = Served(tmp_path_factory.mktemp("http"))
    served.start()
    yield served
    served.stop()


def exchange(served: Served, sent: bytes, *, patience: float = PATIENCE) -> bytes:
    """Everything that comes back until the peer closes or is silent for a while."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as peer:
        peer.sendall(sent)
        peer.settimeout(patience)
        received = b""
        try:
            while part := peer.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def statuses(received: bytes) -> list[int]:
    """The status of each answer."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3})", received)]


POST = "POST /api/v1/markers HTTP/1.1\r\nHost: x\r\n"
#: Framing that a proxy and we could disagree about: refused, and nothing behind it is answered.
AMBIGUOUS = {
    "length and chunks": f"{POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"{POST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "a list of lengths": f"{POST}Content-Length: 0, 44\r\n\r\n",
    "a plus in the length": f"{POST}Content-Length: +0\r\n\r\n",
    "a minus in the length": f"{POST}Content-Length: -1\r\n\r\n",
    "a hexadecimal length": f"{POST}Content-Length: 0x2C\r\n\r\n",
    "a length with a space inside": f"{POST}Content-Length: 4 4\r\n\r\n",
    "an unknown encoding": f"{POST}Transfer-Encoding: xchunked\r\n\r\n",
    "chunked twice": f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    "chunked not last": f"{POST}Transfer-Encoding: chunked, identity\r\n\r\n",
    "a space before the colon": f"{POST}Content-Length : 0\r\n\r\n",
    "a space in a name": f"{POST}Content Length: 0\r\n\r\n",
    "a folded header": f"{POST}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a header without colon": f"{POST}nonsense\r\n\r\n",
    "a bad chunk size": f"{POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a negative chunk size": f"{POST}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "two hosts": "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "NUL in a header": "GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "no such version": "GET /health HTTP/3.7\r\nHost: x\r\n\r\n",
    "no method": " /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "nonsense": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_ambiguous_framing_is_refused_and_nothing_behind_it_answered(
    server: Served, case: str
) -> None:
    received = exchange(server, (AMBIGUOUS[case] + CANARY).encode("latin-1"))
    found = statuses(received)
    assert len(found) <= 1, received
    assert all(400 <= status < 500 for status in found), received
    assert b"canary" not in received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("GET /health HTTP/1.1\r\nHost: x\r\nX-A: " + "a" * 60_000 + "\r\n\r\n", 431),
        ("GET /health HTTP/1.1\r\nHost: x\r\n" + "X-A: a\r\n" * 200 + "\r\n", 431),
        ("GET /health?" + "a" * 20_000 + " HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (f"{POST}Connection: close\r\nContent-Length: 300000\r\n\r\n" + "a" * 300_000, 413),
    ],
)
def test_what_is_too_large_is_refused(server: Served, sent: str, status: int) -> None:
    assert statuses(exchange(server, sent.encode())) == [status]


def test_a_chunked_body_beyond_the_limit_is_refused(server: Served) -> None:
    chunk = f"{65536:x}\r\n" + "a" * 65536 + "\r\n"
    sent = f"{POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 6
    assert statuses(exchange(server, sent.encode()))[0] == 413


def test_requests_one_behind_the_other_are_answered_in_order(server: Served) -> None:
    sent = (
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /api/v1/notifications HTTP/1.1\r\nHost: x\r\n\r\n"
        "HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert statuses(exchange(server, sent.encode())) == [200, 401, 200]


def test_half_a_head_is_not_waited_for_for_ever(server: Served) -> None:
    """And others are served meanwhile."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as peer:
        peer.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        healthy = exchange(server, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert statuses(healthy) == [200]
        assert peer.recv(1024) == b""


def test_the_canary_is_answered_when_it_comes_alone(server: Served) -> None:
    """The control: a request that is not hidden in another is seen."""
    assert statuses(exchange(server, CANARY.encode())) == [404]
