"""One request to a push service: to addresses that were looked at, in a time that is bounded.

The guard stands where sockets are made (`_Guard.socket`), which is the only way out: a name that
resolves to something else the next moment, an address instead of a name, or one in an odd
spelling, all end there (reliability T39-T44).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stentor import __version__
from stentor.domain.bounded import make_room
from stentor.domain.push_deliveries import retry_after
from stentor.push import addresses
from stentor.telemetry import Metric, count

#: Seconds for everything: name, connection, TLS, request and status.
DEADLINE = 10.0
CONNECT_SECONDS = 5.0
# What a push service has to say is thrown away; so much is taken for the connection's sake.
BODY_BYTES = 1024
BODY_SECONDS = 1.0
RESOLVE_SECONDS = 2.0
# How long an answer of the name service is believed, and how long its silence.
NAME_SECONDS = 60.0
NO_NAME_SECONDS = 5.0
_NAMES = 4096
_RESOLVERS = 32

AddressInfo = tuple[Any, ...]
Lookup = Callable[[str, int], list[AddressInfo]]


class Failure(Enum):
    """Why there is no status."""

    #: It would have gone to an address inside, or is none at all.
    BLOCKED = "blocked"
    NAME = "name"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    #: Something was said that is not HTTP.
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status, or the kind of failure; how long it took, in ms.

    ``retry_after`` is what the far end asked for, in milliseconds, if it did.
    """

    status: int | None
    failure: Failure | None
    latency: int
    retry_after: int | None = None


class Refused(OSError):
    """That address may not be connected to."""


class Unresolved(OSError):
    """The name has no address, or nobody says so in time."""


class _Known(NamedTuple):
    until: float
    found: list[ResolveResult]
    problem: type[OSError] | None = None


def look_up(host: str, port: int) -> list[AddressInfo]:
    """Asks the system. Blocks, so it is called in a thread."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class _Guard(AbstractResolver):
    """Names to addresses that may be connected to, and the sockets for them."""

    def __init__(self, *, allow_private: bool, lookup: Lookup) -> None:
        self._allow_private = allow_private
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="names")
        self._known: dict[tuple[str, int], _Known] = {}
        self._asked: dict[tuple[str, int], asyncio.Future[list[AddressInfo]]] = {}

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's signature
    ) -> list[ResolveResult]:
        """Those addresses that may be connected to. Raises Refused if none may, Unresolved."""
        clock = asyncio.get_running_loop().time
        key = (host, port)
        known = self._known.get(key)
        if known is None or known.until <= clock():
            known = await self._ask(key, clock())
            make_room(self._known, _NAMES)
            self._known[key] = known
        if known.problem is not None:
            raise known.problem(host)
        return known.found

    async def _ask(self, key: tuple[str, int], now: float) -> _Known:
        loop = asyncio.get_running_loop()
        asked = self._asked.get(key)
        if asked is None:
            asked = loop.run_in_executor(self._threads, self._lookup, *key)
            self._asked[key] = asked
            asked.add_done_callback(lambda done: self._answered(key, done))
        try:
            infos = await asyncio.wait_for(asyncio.shield(asked), RESOLVE_SECONDS)
            allowed = [one for one in infos if self._allows(one[4][0])]
        except (OSError, UnicodeError):
            return _Known(now + NO_NAME_SECONDS, [], Unresolved)
        if not allowed:
            return _Known(now + NO_NAME_SECONDS, [], Refused)
        return _Known(now + NAME_SECONDS, [_result(key[0], one) for one in allowed])

    def _answered(self, key: tuple[str, int], done: asyncio.Future[list[AddressInfo]]) -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # whoever asked may be gone

    def _allows(self, address: str) -> bool:
        if self._allow_private:
            return True
        reason = addresses.refusal(address)
        if reason is not None:
            count(Metric.PUSH_BLOCKED, reason=reason)
        return reason is None

    def socket(self, info: AddressInfo) -> socket.socket:
        """A socket that is about to be connected to that address. Raises Refused."""
        family, kind, protocol, _, address = info
        if not self._allows(address[0]):
            raise Refused("address")  # the same words for each: aiohttp keeps the first of these
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Asks no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _result(host: str, info: AddressInfo) -> ResolveResult:
    family, _, protocol, _, address = info
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _trust(trust_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust_file:
        context.load_verify_locations(trust_file)
    return context


class Sender:
    """Sends; connections are kept for a while and used again. Close it in the end.

    ``allow_private`` lets it send to any address (development and tests), ``trust_file`` adds
    authorities (PEM) to those that the system trusts. ``deadline`` is in seconds.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        trust_file: str | None = None,
        deadline: float = DEADLINE,
        lookup: Lookup = look_up,
    ) -> None:
        self._guard = _Guard(allow_private=allow_private, lookup=lookup)
        self._deadline = deadline
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._guard,
                socket_factory=self._guard.socket,
                ssl=_trust(trust_file),
                use_dns_cache=False,  # the guard remembers, for as long as it likes
                limit=0,  # the worker counts
                happy_eyeballs_delay=0.25,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"Stentor/{__version__}"},
            auto_decompress=False,
            trust_env=False,
            read_bufsize=2 * BODY_BYTES,
        )

    async def send(
        self, endpoint: str, headers: Mapping[str, str], body: bytes, *, now: int
    ) -> Answer:
        """Posts it once. Whatever the far end does, this returns, and in time.

        ``now`` is what a date in Retry-After is compared with.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        status, failure, header = None, None, None
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.post(
                    endpoint, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                status, header = response.status, response.headers.get("Retry-After")
                await _finish(response)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as problem:
            # With a status, the rest is of no interest. (RuntimeError: uvloop, of a connection
            # that is gone.)
            failure = None if status is not None else _kind(problem)
        return Answer(status, failure, int((clock() - begun) * 1000), retry_after(header, now))

    async def close(self) -> None:
        """Closes all connections."""
        await self._session.close()
        await self._guard.close()


async def _finish(response: aiohttp.ClientResponse) -> None:
    """Takes a short body off the connection, so that it can be used again; else closes it."""
    if response.content.at_eof():
        return
    taken = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while taken <= BODY_BYTES:
                piece = await response.content.readany()
                if not piece:
                    return
                taken += len(piece)
    except (aiohttp.ClientError, OSError):
        pass
    response.close()


def _kind(problem: Exception) -> Failure:
    """What went wrong, in one word."""
    if isinstance(problem, aiohttp.ClientSSLError | ssl.SSLError):
        return Failure.TLS
    if isinstance(problem, aiohttp.ClientConnectorError):
        if isinstance(problem.os_error, Refused):
            return Failure.BLOCKED
        named = isinstance(problem, aiohttp.ClientConnectorDNSError)
        return Failure.NAME if named else Failure.CONNECTION
    if isinstance(problem, TimeoutError):
        return Failure.TIMEOUT
    if isinstance(problem, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return Failure.PROTOCOL
    if isinstance(problem, ValueError | aiohttp.NonHttpUrlClientError):  # no URL that we can use
        return Failure.BLOCKED
    return Failure.CONNECTION
