"""What a process remembers of committed rows; asked for its version at each use, never stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from stentor.domain.bounded import make_room

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Rows by id, each with the version it had. Forgets the oldest when it is full."""

    __slots__ = ("_entries", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[int, tuple[int, Value]] = {}

    def current(self, versions: Iterable[Sequence[Any]]) -> tuple[dict[int, Value], list[int]]:
        """Of rows of id and version as the database has them now: what is known, what is not."""
        known: dict[int, Value] = {}
        unknown: list[int] = []
        entries = self._entries
        for row_id, version in versions:
            entry = entries.get(row_id)
            if entry is not None and entry[0] == version:
                known[row_id] = entry[1]
            else:
                unknown.append(row_id)
        return known, unknown

    def keep(self, row_id: int, version: int, value: Value) -> None:
        """Remembers a committed row."""
        make_room(self._entries, self._most)
        self._entries[row_id] = (version, value)
