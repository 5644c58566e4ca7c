"""Answers that go out at once, head and body: a server may offer it in a scope's extensions.

ASGI says the one after the other, and a server writes each and looks at each header anew. For a
short answer that costs more than to find out what it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

Headers = Iterable[tuple[bytes, bytes]]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
#: Writes a status, header lines (`lines`) and a body. False if that cannot be done just now, and
#: then nothing is written.
Give = Callable[[int, bytes, bytes], bool]

#: Under this name an ASGI scope's extensions may hold a `Give`.
GIVE = "stentor.give"
# A server has to say itself how such an answer ends, or what follows it.
_LEFT_TO_THE_SERVER = frozenset({b"transfer-encoding", b"connection"})
_WITHOUT_LENGTH = frozenset({204, 304})


def giver(scope: Mapping[str, Any]) -> Give | None:
    """What the server offers, if it does."""
    give: Give | None = scope.get("extensions", {}).get(GIVE)
    return give


def lines(headers: Headers) -> bytes:
    """The headers as they are on the wire. Raises ValueError if one would be more than one line."""
    headers = list(headers)
    found = b"".join([b"%b: %b\r\n" % one for one in headers])
    if not found.count(b"\r") == found.count(b"\n") == len(headers) or b"\0" in found:
        raise ValueError("a header with a line break")
    return found


def joined(scope: Mapping[str, Any], send: Send) -> Send:
    """``send`` of a server, or what holds back the start of an answer until its body is there."""
    give = giver(scope)
    return send if give is None else _Joined(give, send)


class _Joined:
    __slots__ = ("_give", "_send", "_start")

    def __init__(self, give: Give, send: Send) -> None:
        self._give = give
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if _is_whole(start, message) and self._give(
                start["status"], lines(start["headers"]), message.get("body", b"")
            ):
                return
            await self._send(start)
        await self._send(message)


def _is_whole(start: Message, body: Message) -> bool:
    if body.get("more_body"):
        return False
    names = {name for name, _ in start["headers"]}
    return not names & _LEFT_TO_THE_SERVER and (
        b"content-length" in names or start["status"] in _WITHOUT_LENGTH
    )
