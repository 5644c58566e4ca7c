"""Memories with a bound: when they are full, the oldest tenth is forgotten."""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def make_room(entries: dict[Key, Value], most: int) -> None:
    """Forgets the tenth of the entries that were put in first, if there are ``most`` of them.

    Forgetting all of them would make everybody pay at once for what one more entry needs.
    """
    if len(entries) >= most:
        for key in list(islice(entries, max(1, most // 10))):
            del entries[key]
