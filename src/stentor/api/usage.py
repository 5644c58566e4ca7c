"""Numbers about the whole server, counted now and then and remembered in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from stentor.domain import times
from stentor.domain.instance import Counts, Week
from stentor.store import instance
from stentor.store.database import Reader

T = TypeVar("T")

COUNTS_KEPT = times.MINUTE
ACTIVITY_KEPT = times.HOUR


class _Remembered(Generic[T]):
    """One value with its age. Whoever comes while it is made waits for it."""

    def __init__(self, make: Callable[..., Awaitable[T]], kept: int) -> None:
        self._make = make
        self._kept = kept
        self._made_at = -1
        self._value: T | None = None
        self._turn = asyncio.Lock()

    async def get(self, db: Reader, now: int) -> T:
        async with self._turn:
            if self._value is None or not 0 <= now - self._made_at < self._kept:
                self._value = await self._make(db, now=now)
                self._made_at = now
            return self._value


class Usage:
    """What is remembered by one process."""

    def __init__(self) -> None:
        self._counts = _Remembered(instance.counts, COUNTS_KEPT)
        self._activity = _Remembered(instance.activity, ACTIVITY_KEPT)

    async def counts(self, db: Reader, now: int) -> Counts:
        """How many; at most a minute old. No query if it is remembered, otherwise two."""
        return await self._counts.get(db, now)

    async def activity(self, db: Reader, now: int) -> list[Week]:
        """What happened week by week; at most an hour old."""
        return await self._activity.get(db, now)
