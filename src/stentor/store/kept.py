"""What a process remembers of committed rows; asked for its version at each use, never stale."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from stentor.domain.bounded import make_room

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Rows by key, each with the version it had and when that was last seen to be current.

    "When" is a generation or an instant of the database (`Database.generation`): while nobody has
    committed anything that touches a row's ``ground``, nothing needs to be asked again (``still``
    is `Database.still`). Forgets the oldest when it is full.
    """

    __slots__ = ("_entries", "_ground", "_most", "_still")

    def __init__(
        self,
        most: int,
        *,
        ground: Callable[[Key, Value], Sequence[int] | None],
        still: Callable[[Hashable | None, Hashable | None, Sequence[int] | None], bool],
    ) -> None:
        self._most = most
        self._ground = ground
        self._still = still
        self._entries: dict[Key, tuple[int, Value, Hashable | None]] = {}

    def unchanged(
        self, keys: Iterable[Key], generation: Hashable | None
    ) -> tuple[dict[Key, Value], list[Key]]:
        """What is known to be current in this generation; the keys that must be asked for."""
        keys = list(keys)
        if generation is None:
            return {}, keys
        known: dict[Key, Value] = {}
        unsure: list[Key] = []
        entries = self._entries
        for key in keys:
            entry = entries.get(key)
            if entry is None:
                unsure.append(key)
            elif entry[2] == generation:
                known[key] = entry[1]
            elif self._still(entry[2], generation, self._ground(key, entry[1])):
                known[key] = entry[1]
                entries[key] = (entry[0], entry[1], generation)
            else:
                unsure.append(key)
        return known, unsure

    def current(
        self, versions: Iterable[Sequence[Any]], generation: Hashable | None
    ) -> tuple[dict[Key, Value], list[Key]]:
        """Of rows of key and version as the database has them now: what is known, what is not.

        ``generation`` is that of a moment before the versions were read.
        """
        known: dict[Key, Value] = {}
        unknown: list[Key] = []
        entries = self._entries
        for key, version in versions:
            entry = entries.get(key)
            if entry is not None and entry[0] == version:
                known[key] = value = entry[1]
                if generation is not None:
                    entries[key] = (version, value, generation)
            else:
                unknown.append(key)
        return known, unknown

    def of_version(self, key: Key, version: int) -> Value | None:
        """The row that is remembered if it has that version, current or not."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and entry[0] == version else None

    def keep(self, key: Key, version: int, value: Value, generation: Hashable | None) -> None:
        """Remembers a committed row that was read after that generation began."""
        make_room(self._entries, self._most)
        self._entries[key] = (version, value, generation)
