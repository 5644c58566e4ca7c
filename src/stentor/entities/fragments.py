"""JSON in pieces: what is shown to many is encoded once, and joined by whoever sends it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec import Raw

#: A piece of JSON.
Fragment = bytes | Raw


class Element:
    """An element of JSON arrays, by itself and with the comma before it: the same bytes."""

    __slots__ = ("_alone", "further", "size")

    def __init__(self, json: bytes) -> None:
        self.further = b"," + json
        #: In bytes, without the comma.
        self.size = len(json)
        self._alone: Raw | None = None

    @property
    def alone(self) -> Raw:
        """Without the comma; always the same object."""
        if self._alone is None:
            self._alone = Raw(memoryview(self.further)[1:])
        return self._alone


def in_a_row(elements: Collection[Element]) -> list[Fragment]:
    """What is between the brackets of an array of them."""
    pieces: list[Fragment] = [one.further for one in elements]
    for first in islice(elements, 1):
        pieces[0] = first.alone
    return pieces


class Parts(NamedTuple):
    """JSON in pieces, to be joined."""

    pieces: Sequence[Fragment]
    #: What of it is remembered once for all answers that show it, as often as it is shown.
    elements: Sequence[Element] = ()
