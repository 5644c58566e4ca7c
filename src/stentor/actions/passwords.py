"""Passwords: argon2id beside the event loop, never too many at once (reliability 5c, T35)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2

from stentor.actions import oauth
from stentor.domain import limits
from stentor.errors import RecordNotFound, Unavailable
from stentor.store import access_grants, users, web_sessions
from stentor.store.database import Database
from stentor.store.users import Login
from stentor.streaming.bus import Bus

_T = TypeVar("_T")
#: So many are hashed at once, and so many more may wait for their turn.
WORKERS = 2
QUEUE = 32

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# A hash of nobody's password, for names that nobody has: they take as long as the others.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$sq9TGrbRIvV9EyGQJsuRPA$LF//rp2gL8EFVpwlEK0cJlDhciILQmlCyFmpgqhwXd0"
)


class Workers:
    """A thread pool that refuses work rather than pile it up."""

    def __init__(self, workers: int, queue: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._free = workers + queue
        self._lock = threading.Lock()

    async def run(self, work: Callable[[], _T]) -> _T:
        """What ``work`` returns. Raises Unavailable if too many wait already."""
        with self._lock:
            if self._free == 0:
                raise Unavailable
            self._free -= 1
        # Counted until the thread is done, also when nobody waits for it any more.
        done = self._pool.submit(self._counted, work)
        return await asyncio.wrap_future(done)

    def _counted(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        finally:
            with self._lock:
                self._free += 1


_workers = Workers(WORKERS, QUEUE)


async def hash_password(password: str) -> str:
    """What is kept of a password. Raises Unavailable when too many people sign in at once."""
    return await _workers.run(lambda: _hasher.hash(password))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except argon2.exceptions.InvalidHashError:
        _matches(_NOBODY, password)  # no password at all: it takes as long
        return False
    except argon2.exceptions.VerificationError:
        return False


async def sign_in(db: Database, name: str, password: str) -> Login | None:
    """Who has that name or e-mail address and that password; None takes as long.

    Whether that person may act is for the caller to judge. Raises Unavailable.
    """
    login = await users.find_login(db, name)
    kept = _NOBODY if login is None else login.password_hash
    # Longer ones were never accepted; one character more makes sure they match nothing.
    tried = password[: limits.PASSWORD + 1]
    right = await _workers.run(lambda: _matches(kept, tried))
    if login is None or not right:
        return None
    if _hasher.check_needs_rehash(kept):
        fresh = await hash_password(tried)
        async with db.transaction() as tx:
            await users.set_password(tx, login.account_id, fresh)
    return login


async def change(db: Database, bus: Bus, account_id: int, password: str, *, now: int) -> None:
    """Sets a new password and ends everything that the old one had opened (T13, T14).

    Tokens, their streams, grants and browser sessions. The password has been validated.
    Raises RecordNotFound, Unavailable.
    """
    password_hash = await hash_password(password)
    async with db.transaction() as tx:
        if not await users.set_password(tx, account_id, password_hash):
            raise RecordNotFound
        await oauth.revoke(tx, bus, account_id=account_id, now=now)
        await access_grants.forget(tx, account_id)
        await web_sessions.remove_all(tx, account_id)
