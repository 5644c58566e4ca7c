"""Gives out snowflake ids for one process."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from stentor.domain import ids
from stentor.errors import DuplicateRecord

#: So often another id is tried, when another process has given out the same one. Even with 64
#: processes that all write in the same millisecond, eight in a row are taken once in 10**24.
ATTEMPTS = 8

Made = TypeVar("Made")


class Snowflakes:
    """Ids that rise within this process; two processes differ by 16 random bits."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: int) -> int:
        """A fresh id for a row made at ``now`` (milliseconds), most probably nobody else's."""
        self._last = ids.following(self._last, now, secrets.randbits(ids.SEQUENCE_BITS))
        return self._last

    async def use(self, now: int, make: Callable[[int], Awaitable[Made]]) -> Made:
        """What ``make`` makes with a fresh id, and with others if it finds that one taken.

        It is a transaction of its own, or holds one: raising DuplicateRecord it leaves nothing
        behind.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return await make(self.next(now))
            except DuplicateRecord:
                continue
        return await make(self.next(now))
