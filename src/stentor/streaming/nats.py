"""The bus on a NATS server or cluster: core subjects, nothing kept there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client

from stentor.streaming.relay import PATIENCE, RelayBus

log = structlog.get_logger("stentor.bus")

# What may wait here to be read; beyond that the connection counts as lost, which is a gap.
PENDING_MESSAGES = 16_384
PENDING_BYTES = 16 * 1024 * 1024


class NatsCarrier:
    """One connection; reconnecting is the relay's, so that it is the same for every bus."""

    def __init__(self, servers: Sequence[str], subject: str) -> None:
        self._servers = list(servers)
        self._subject = subject
        self._client: Client | None = None

    async def open(self, hear: Callable[[bytes | str], None], lost: Callable[[], None]) -> None:
        client = self._client = Client()

        async def ended() -> None:
            lost()

        async def failed(problem: Exception) -> None:
            log.warning("bus failed", bus="nats", problem=repr(problem))
            if isinstance(problem, nats.errors.SlowConsumerError):
                lost()

        async def heard(message: Any) -> None:
            hear(message.data)

        await client.connect(
            servers=self._servers,
            name="stentor",
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=int(PATIENCE),
            ping_interval=10,
            max_outstanding_pings=2,
            pending_size=PENDING_BYTES,
            error_cb=failed,
            closed_cb=ended,
        )
        await client.subscribe(
            self._subject,
            cb=heard,
            pending_msgs_limit=PENDING_MESSAGES,
            pending_bytes_limit=PENDING_BYTES,
        )

    async def send(self, messages: Sequence[bytes]) -> None:
        if self._client is None:
            raise nats.errors.ConnectionClosedError
        for one in messages:
            await self._client.publish(self._subject, one)

    async def hears(self) -> bool:
        return False  # our server answers, but it may have lost the others

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and not client.is_closed:
            with contextlib.suppress(nats.errors.Error, OSError):
                await client.close()


def nats_bus(urls: str, site: str) -> RelayBus:
    """The bus of all processes of a site on these servers (separated by commas).

    ``site`` keeps the sites of one NATS apart; letters and digits.
    """
    servers = [one.strip() for one in urls.split(",") if one.strip()]
    scheme = servers[0].partition("://")[0]
    servers = [one if "://" in one else f"{scheme}://{one}" for one in servers]
    return RelayBus(NatsCarrier(servers, f"stentor.{site}.news"), name="nats")
