"""The server that is measured: `stentor serve` itself, with a static answer beside it.

``GET /benchmarks/static/N`` is answered with N bytes before Stentor sees the request, so both
answers come from the same process, event loop, HTTP server and headers' limits. Settings come
from the environment as always; the port is printed when it listens.
"""

from __future__ import annotations

from typing import Any

import uvloop

from stentor import app, logs
from stentor.commands import server
from stentor.config import load

STATIC = "/benchmarks/static/"
_TYPE = (b"content-type", b"application/json; charset=utf-8")


class Measured(app.Application):
    """Stentor, and the answer that nothing can undercut."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        path = scope.get("path", "")
        if not path.startswith(STATIC):
            await super().__call__(scope, receive, send)
            return
        start, body = _static(path)
        await send(start)
        await send(body)


_made: dict[str, tuple[dict[str, object], dict[str, object]]] = {}


def _static(path: str) -> tuple[dict[str, object], dict[str, object]]:
    if path not in _made:
        size = int(path.removeprefix(STATIC))
        headers = [_TYPE, (b"content-length", str(size).encode())]
        _made[path] = (
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": b"x" * size},
        )
    return _made[path]


async def _announce(ready: app.Application) -> None:
    print(f"port {ready.settings.port}", flush=True)


def main() -> None:
    """Serves until it is told to stop."""
    settings, _ = load()
    logs.configure(settings.log_level)
    server.Application = Measured  # type: ignore[attr-defined] # our only change
    uvloop.run(server.serve(settings, _announce))


if __name__ == "__main__":
    main()
