"""The bus on PostgreSQL's LISTEN and NOTIFY: needs nothing beside the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stentor.store import hosts
from stentor.streaming.relay import PATIENCE, RelayBus

CHANNEL = "stentor_news"
# All in one transaction: NOTIFY takes one lock for the whole database at the commit. Each line is
# told in this order, and none is dropped as a repetition, because each has a number of its own.
NOTIFY = "SELECT pg_notify($1, line) FROM unnest($2::text[]) AS line"
# A session that listens and answers hears whatever is committed: PostgreSQL drops nothing.
LISTENS = "SELECT $1 IN (SELECT pg_listening_channels())"


class PostgresCarrier:
    """Two connections beside the pool: one listens, the other one speaks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listening: Any = None
        self._speaking: Any = None

    async def open(self, hear: Callable[[bytes | str], None], lost: Callable[[], None]) -> None:
        self._listening = await self._connect()
        self._listening.add_termination_listener(lambda _: lost())
        await self._listening.add_listener(CHANNEL, lambda _, __, ___, payload: hear(payload))
        self._speaking = await self._connect()
        self._speaking.add_termination_listener(lambda _: lost())

    async def _connect(self) -> Any:
        return await hosts.connect(
            self._url,
            timeout=PATIENCE,
            command_timeout=PATIENCE,
            server_settings={"application_name": "stentor bus"},
        )

    async def send(self, messages: Sequence[bytes]) -> None:
        await self._speaking.execute(NOTIFY, CHANNEL, [one.decode() for one in messages])

    async def hears(self) -> bool:
        return bool(await self._listening.fetchval(LISTENS, CHANNEL))

    async def close(self) -> None:
        connections = (self._listening, self._speaking)
        self._listening = self._speaking = None
        for one in connections:
            if one is not None:
                one.terminate()  # nothing on it waits to be finished


def postgres_bus(url: str) -> RelayBus:
    """The bus of all processes on that database."""
    return RelayBus(PostgresCarrier(url), name="postgres")
