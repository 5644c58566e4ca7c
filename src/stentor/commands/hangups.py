"""SIGHUP: reads the certificate anew; ends only what was started at a terminal that is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Callable
from contextlib import suppress

import structlog

log = structlog.get_logger("stentor.server")

_STDIN = 0


def obey(again: Callable[[], None], stop: Callable[[], None]) -> None:
    """From now on SIGHUP calls ``again``, or ``stop`` if it says that our terminal is gone.

    Without this it would end the process at once, and drop whatever is under way. They are called
    by the running loop: a signal comes between any two steps of a coroutine, also between its look
    at an `asyncio.Event` and its waiting for it, and one that is set just then wakes nobody.
    """
    at_terminal = os.isatty(_STDIN)
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if at_terminal and not os.isatty(_STDIN):
            stop()
        else:
            again()

    def hang_up(*_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: it is ending anyway
            loop.call_soon_threadsafe(heard)

    signal.signal(signal.SIGHUP, hang_up)


def certificate(context: ssl.SSLContext | None, cert: str, key: str) -> None:
    """Whoever connects from now on sees the certificate that is in the file now, if it is good."""
    if context is None:
        log.info("SIGHUP: nothing to read anew")
        return
    try:
        # Tried elsewhere first: half a pair would serve nobody.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key or None)
        context.load_cert_chain(cert, key or None)
    except (OSError, ssl.SSLError) as problem:
        log.error("SIGHUP: certificate not taken", problem=str(problem))  # noqa: TRY400 - it says all
    else:
        log.info("SIGHUP: certificate read anew")
