"""Fixed windows aligned to the clock, with Mastodon's numbers (surroundings D3, reliability 5f).

A limit hangs on a route object, never on a path: every `Route` names all that it counts against.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum

from stentor.domain import times
from stentor.errors import TooManyRequests
from stentor.store import rate_counts
from stentor.store.database import Database

# Windows that have ended are swept when this many are remembered.
_SWEEP = 50_000


class By(Enum):
    """Whose requests a limit counts together."""

    #: The account behind the token; a request without one does not count.
    ACCOUNT = "account"
    #: The token, an application's own included.
    TOKEN = "token"  # noqa: S105  # what is counted, not a secret
    #: The network address, of requests that no person is behind.
    ADDRESS = "address"
    #: The account, or the address if there is none.
    ANYBODY = "anybody"
    #: As ANYBODY, but only requests that ask for another page of a list.
    PAGE = "page"
    #: The endpoint counts for itself: what decides is in the body.
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in each window of that length (milliseconds).

    What guards signing in is ``shared``: counted in the database, by all processes together.
    """

    name: str
    count: int
    window: int
    by: By = By.ANYBODY
    shared: bool = False


ACCOUNT = Limit("account", 1500, 5 * times.MINUTE, By.ACCOUNT)
TOKEN = Limit("token", 300, 5 * times.MINUTE, By.TOKEN)
ANONYMOUS = Limit("anonymous", 300, 5 * times.MINUTE, By.ADDRESS)
PAGING = Limit("paging", 300, 15 * times.MINUTE, By.PAGE)
APPS = Limit("apps", 5, 10 * times.MINUTE, shared=True)
SIGN_UP = Limit("sign_up", 5, 30 * times.MINUTE, shared=True)
SIGN_IN = Limit("sign_in", 25, 5 * times.MINUTE, By.ENDPOINT, shared=True)
SIGN_IN_ACCOUNT = Limit("sign_in_account", 25, times.HOUR, By.ENDPOINT, shared=True)
OAUTH_TOKEN = Limit("oauth_token", 60, 5 * times.MINUTE, By.ENDPOINT, shared=True)
DELETE = Limit("delete", 30, 30 * times.MINUTE)
STATUSES = Limit("statuses", 300, 3 * times.HOUR)
FOLLOWS = Limit("follows", 400, 24 * times.HOUR)
REPORTS = Limit("reports", 400, 24 * times.HOUR)
MEDIA = Limit("media", 30, 30 * times.MINUTE)
PUSH = Limit("push", 30, times.HOUR, By.TOKEN)
#: Streams that are opened; `stentor.domain.streams` says how many may be open.
STREAMS = Limit("streams", 60, 5 * times.MINUTE, By.ACCOUNT)
# Mastodon leaves these to the proxy in front of it. A page of ours shows a few files, a client
# shows one for each account, and a load balancer asks for our health every second.
PAGES = Limit("pages", 300, 5 * times.MINUTE, By.ADDRESS)
FILES = Limit("files", 3000, 5 * times.MINUTE, By.ADDRESS)
HEALTH = Limit("health", 3000, 5 * times.MINUTE, By.ADDRESS)

#: What every call of the API counts against, whatever else it does.
API = (ACCOUNT, TOKEN, ANONYMOUS, PAGING)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of the limit that is nearest to its end."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The three headers, all or none (trap 49)."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": times.iso(self.reset)[:-1] + "000Z",
        }


def keys(
    limits: Iterable[Limit],
    *,
    account_id: int | None,
    token_id: int | None,
    address: Callable[[], str],
    paging: bool,
) -> list[tuple[Limit, Hashable]]:
    """What a request counts against, and as whose: nobody's is its address's.

    ``paging``: it asks for another page of a list.
    """
    who: Hashable = client_key(address()) if account_id is None else account_id
    found: list[tuple[Limit, Hashable]] = []
    for limit in limits:
        match limit.by:
            case By.ANYBODY:
                found.append((limit, who))
            case By.ACCOUNT if account_id is not None:
                found.append((limit, who))
            case By.TOKEN if token_id is not None:
                found.append((limit, token_id))
            case By.ADDRESS if account_id is None:
                found.append((limit, who))
            case By.PAGE if paging:
                found.append((limit, who))
    return found


class RateLimits:
    """Counts of this process, and through the database of all of them.

    Switched off, it counts nothing and says nothing.
    """

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self._counts: dict[tuple[str, Hashable, int], int] = {}
        self._swept = 0

    def take(self, keys: list[tuple[Limit, Hashable]], now: int) -> Remaining | None:
        """Counts one request against each limit; what is left of the tightest.

        Raises TooManyRequests, with the headers of `Remaining` on it, if one is used up.
        """
        if not self.on:
            return None
        tightest: Remaining | None = None
        for limit, key in keys:
            slot = (limit.name, key, now // limit.window)
            used = self._counts[slot] = self._counts.get(slot, 0) + 1
            tightest = _tighter(tightest, limit, used, now)
        if len(self._counts) > _SWEEP and now - self._swept > times.MINUTE:
            self._sweep(now)
        return tightest

    async def take_shared(
        self, db: Database, keys: list[tuple[Limit, Hashable]], now: int
    ) -> Remaining | None:
        """As `take`, with the counts of all processes. Raises StorageProblem too."""
        tightest: Remaining | None = None
        if not self.on or not keys:
            return None
        slots = [(limit.name, key, now // limit.window) for limit, key in keys]
        for slot, (limit, _) in zip(slots, keys, strict=True):
            if slot in self._counts:  # used up already: a flood costs the database nothing
                _tighter(None, limit, limit.count + 1, now)
        async with db.transaction() as tx:
            counted = [
                await rate_counts.add(
                    tx, limit.name, _digest(key), ends_at=(now // limit.window + 1) * limit.window
                )
                for limit, key in keys
            ]
        for slot, (limit, _), used in zip(slots, keys, counted, strict=True):
            if used > limit.count:
                self._counts[slot] = used
            tightest = _tighter(tightest, limit, used, now)
        return tightest

    def _sweep(self, now: int) -> None:
        self._swept = now
        oldest = {limit.name: now // limit.window for limit in _ALL}
        self._counts = {
            slot: used for slot, used in self._counts.items() if slot[2] >= oldest[slot[0]]
        }


class Throttled(TooManyRequests):
    """429 that says how much was allowed and when it starts again."""

    def __init__(self, left: Remaining, now: int) -> None:
        super().__init__((left.reset - now + 999) // 1000)
        self.left = left

    def headers(self) -> dict[str, str]:
        return {**super().headers(), **self.left.headers()}


def _tighter(tightest: Remaining | None, limit: Limit, used: int, now: int) -> Remaining:
    """The one that is nearer to its end. Raises Throttled if that one is used up."""
    reset = (now // limit.window + 1) * limit.window
    left = Remaining(limit.count, max(0, limit.count - used), reset)
    if used > limit.count:
        raise Throttled(left, now)
    return left if tightest is None or left.remaining < tightest.remaining else tightest


def _digest(key: Hashable) -> str:
    """Whose it is, and no address or name that could be read."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


_ALL = [value for value in globals().values() if isinstance(value, Limit)]


def canonical(address: str) -> str:
    """The one spelling of an address, without port and zone, and of IPv4 never as IPv6.

    What is none stays what it is.
    """
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ip)


def client_key(address: str) -> str:
    """Who an address counts as: an IPv6 customer is a /64."""
    address = canonical(address)
    try:
        ip = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))
