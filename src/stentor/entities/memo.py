"""Remembers what was rendered from a row, for as long as the row is the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from stentor.domain.bounded import make_room

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Results of a pure function, one for each key, good only while its input is equal.

    Unlike a cache that is told when something changes, it cannot show anything stale: the input
    is compared every time. Comparing rows is cheaper than hashing their texts, which is what
    `functools.lru_cache` would do. Forgets the oldest when it is full.
    """

    __slots__ = ("_entries", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[Hashable, tuple[object, Value]] = {}

    def get(self, key: Hashable, given: object, make: Callable[[], Value]) -> Value:
        """What ``make`` returns, or what it returned for that key while ``given`` was equal."""
        entry = self._entries.get(key)
        if entry is not None and entry[0] == given:
            return entry[1]
        make_room(self._entries, self._most)
        value = make()
        self._entries[key] = (given, value)
        return value
