"""A push service that takes everything and thinks nothing: only the sender is to be measured."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Begins."""
        self._transport, self._data = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answers each request when all of it is there."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._data, 0, end + 2)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._data) < whole:
                return
            self._data = self._data[whole:]
            self._transport.write(_TAKEN)


async def main(origins: int) -> None:
    """Listens on that many ports, prints them, ends with its input."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Receiver, "127.0.0.1", 0) for _ in range(origins)]
    print(*(one.sockets[0].getsockname()[1] for one in servers), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
