"""Which PostgreSQL to connect to when several are named: the one that takes writes."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

#: Seconds that a host is waited for before the next one is asked as well.
HEAD_START = 0.3
#: What is asked of a host among several, unless the URL says something else.
WANTED = "target_session_attrs=read-write"


def one_by_one(url: str) -> list[str]:
    """A URL for each host that ``postgresql://a,b:5433/…`` names, otherwise the same."""
    parts = urlsplit(url)
    user, at, places = parts.netloc.rpartition("@")
    if "," not in places:
        return [url]
    query = parts.query
    if "target_session_attrs=" not in query:
        query = f"{query}&{WANTED}".removeprefix("&")
    return [
        urlunsplit(parts._replace(netloc=f"{user}{at}{place}", query=query))
        for place in places.split(",")
    ]


async def connect(url: str, *, timeout: float, **options: Any) -> Any:  # noqa: ASYNC109 - the pool's own signature
    """A connection to the first host that takes writes; the order is that of the URL.

    asyncpg asks one host after the other, and a machine that is switched off answers nothing: it
    would use up all the time there is. Raises what asyncpg.connect raises, for the last host that
    answered, or TimeoutError.
    """
    waiting = one_by_one(url)
    if len(waiting) == 1:
        return await asyncpg.connect(url, timeout=timeout, **options)
    tried: set[asyncio.Task[Any]] = set()
    try:
        async with asyncio.timeout(timeout):
            return await _first(waiting, tried, {"timeout": timeout, **options})
    finally:
        for one in tried:
            one.cancel()
            one.add_done_callback(_hang_up)


async def _first(waiting: list[str], tried: set[asyncio.Task[Any]], options: dict[str, Any]) -> Any:
    running: set[asyncio.Task[Any]] = set()
    problem: BaseException = TimeoutError()
    while waiting or running:
        if waiting:
            attempt = asyncio.create_task(asyncpg.connect(waiting.pop(0), **options))
            tried.add(attempt)
            running.add(attempt)
        done, running = await asyncio.wait(
            running,
            timeout=HEAD_START if waiting else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for one in done:
            failed = one.exception()
            if failed is None:
                tried.remove(one)
                return one.result()
            problem = failed
    raise problem


def _hang_up(attempt: asyncio.Task[Any]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()
