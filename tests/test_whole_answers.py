"""Answers that go out at once, over the HTTP server that offers it."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Sequence
from typing import Any

import pytest

from stentor.api.whole_answers import giver, joined, lines
from tests.serving import PATIENCE, listening

LONG = b"x" * 3_000_000


class Told:
    """An application that answers as the path says, through `joined`; and whether it could."""

    def __init__(self) -> None:
        self.offered: list[bool] = []

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        self.offered.append(giver(scope) is not None)
        send = joined(scope, send)
        kind = scope["path"][1:]
        status, headers, bodies = ANSWERS[kind]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, 1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})


def sized(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


# Status, headers, pieces of the body.
ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]], Sequence[bytes]]] = {
    "plain": (200, [(b"x-a", b"1"), (b"x-a", b"2"), sized(b"hello")], [b"hello"]),
    "long": (200, [sized(LONG)], [LONG]),
    "pieces": (200, [(b"x-a", b"1")], [b"one", b"two"]),
    "unsized": (200, [(b"x-a", b"1")], [b"one"]),
    "unchanged": (304, [(b"etag", b'"1"')], [b""]),
    "closing": (200, [sized(b"bye"), (b"connection", b"close")], [b"bye"]),
    "broken": (200, [(b"x-a", b"1\r\nx-evil: 2"), sized(b"hello")], [b"hello"]),
}


async def ask(port: int, *requests: tuple[str, str, str]) -> bytes:
    """All that comes on one connection, on which all is asked at once, until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    sent = "".join(f"{method} /{kind} {http}\r\nHost: x\r\n\r\n" for method, kind, http in requests)
    writer.write(sent.encode())
    got = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return re.sub(rb"(date|server): [^\r]*\r\n", b"", got)


GET, LAST = ("GET", "HTTP/1.1"), ("GET", "plain", "HTTP/1.0")
PLAIN = b"HTTP/1.1 200 OK\r\nx-a: 1\r\nx-a: 2\r\ncontent-length: 5\r\n"
END = PLAIN + b"connection: close\r\n\r\nhello"


@pytest.mark.parametrize(
    ("method", "kind", "wanted"),
    [
        ("GET", "plain", PLAIN + b"\r\nhello"),
        ("HEAD", "plain", PLAIN + b"\r\n"),
        ("GET", "unchanged", b'HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n'),
        ("GET", "long", b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + LONG),
        (
            "GET",
            "pieces",
            b"HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        ),
        (
            "GET",
            "unsized",
            b"HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
        ),
    ],
    ids=["plain", "head", "unchanged", "long", "pieces", "unsized"],
)
async def test_each_answer_is_what_it_would_be_in_pieces_and_the_connection_goes_on(
    method: str, kind: str, wanted: bytes
):
    app = Told()
    async with listening(app) as port:
        one = (method, kind, "HTTP/1.1")
        assert await ask(port, one, LAST) == wanted + END
        assert await ask(port, ("GET", "plain", "HTTP/1.1"), one, one, LAST) == (
            PLAIN + b"\r\nhello" + wanted + wanted + END
        )
    assert app.offered == [True] * 6


async def test_who_says_that_the_connection_ends_ends_it():
    async with listening(Told()) as port:
        got = await ask(port, ("GET", "closing", "HTTP/1.1"), LAST)
        assert got == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbye"


async def test_a_header_is_one_line():
    async with listening(Told()) as port:
        got = await ask(port, ("GET", "broken", "HTTP/1.1"))
        assert got.startswith(b"HTTP/1.1 500 ")
        assert b"evil" not in got
    for value in (b"a\nb", b"a\rb", b"a\r\nb", b"\0"):
        with pytest.raises(ValueError, match="line"):
            lines([(b"x-a", value)])


async def test_it_is_done_at_once():
    """The control of the tests above: they would pass, too, if nothing was ever given whole."""
    given: list[tuple[int, bytes, bytes]] = []
    sent: list[Any] = []

    def give(status: int, head: bytes, body: bytes) -> bool:
        given.append((status, head, body))
        return status != 304

    async def send(message: Any) -> None:
        sent.append(message["type"])

    for kind in ANSWERS:
        if kind != "broken":
            scope = {"path": f"/{kind}", "extensions": {"stentor.give": give}}
            await Told()(scope, None, send)
    assert [(status, len(body)) for status, _, body in given] == [
        (200, 5), (200, len(LONG)), (304, 0),
    ]  # fmt: skip
    # In pieces; as one whose end is left to the server, twice; because the server could not.
    start, body = "http.response.start", "http.response.body"
    assert sent == [start, body, body, *[start, body] * 3]


@pytest.mark.parametrize("kind", ["plain", "unsized"])
async def test_nothing_of_an_answer_waits_for_the_collector(kind: str):
    async with listening(Told()) as port:
        requests = [("GET", kind, "HTTP/1.1")] * 200
        await ask(port, *requests[:1], LAST)
        gc.collect()
        gc.disable()
        try:
            await ask(port, *requests, LAST)
            assert gc.collect() < len(requests)
        finally:
            gc.enable()
