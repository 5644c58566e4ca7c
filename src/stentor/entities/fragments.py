"""JSON in pieces: what is shown to many is encoded once, and joined by whoever sends it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw

#: A piece of JSON. What is remembered of accounts and statuses is shared by answers.
Fragment = bytes | Raw


class Element:
    """An element of JSON arrays, by itself and with the comma before it: the same bytes."""

    __slots__ = ("_alone", "further")

    def __init__(self, json: bytes) -> None:
        self.further = b"," + json
        self._alone: Raw | None = None

    @property
    def alone(self) -> Raw:
        """Without the comma; always the same object."""
        if self._alone is None:
            self._alone = Raw(memoryview(self.further)[1:])
        return self._alone


def in_a_row(elements: Iterable[Element]) -> list[Fragment]:
    """What is between the brackets of an array of them."""
    found = list(elements)
    pieces: list[Fragment] = [one.further for one in found]
    if found:
        pieces[0] = found[0].alone
    return pieces
