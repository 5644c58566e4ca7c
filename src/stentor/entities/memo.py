"""Remembers what was rendered from a row, for as long as the row is the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from stentor.domain.bounded import make_room

Given = TypeVar("Given")
Value = TypeVar("Value")


class Memo(Generic[Given, Value]):
    """Results of a pure function, one for each key, good only while its input is equal.

    Unlike a cache that is told when something changes, it cannot show anything stale: the input
    is compared every time. Comparing rows is cheaper than hashing their texts, which is what
    `functools.lru_cache` would do. Forgets the oldest when it is full.
    """

    __slots__ = ("_entries", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[Hashable, tuple[Given, Value]] = {}

    def get(
        self,
        key: Hashable,
        given: Given,
        make: Callable[[], Value],
        renew: Callable[[Given, Value], Value | None] | None = None,
    ) -> Value:
        """What ``make`` returns, or what it returned for that key while ``given`` was equal.

        ``renew`` may know a shorter way from what was given before and what was made of it; it
        returns None if it does not.
        """
        entry = self._entries.get(key)
        value: Value | None = None
        if entry is not None:
            if entry[0] == given:
                return entry[1]
            if renew is not None:
                value = renew(*entry)
        if value is None:
            value = make()
        make_room(self._entries, self._most)
        self._entries[key] = (given, value)
        return value
