"""JSON in pieces: what is shown to many is encoded once, and joined by whoever sends it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

from msgspec import Raw

#: A piece of JSON. What is remembered of accounts and statuses is shared by answers.
Fragment = bytes | Raw


class Element(NamedTuple):
    """An element of JSON arrays, by itself and with the comma before it: the same bytes."""

    alone: Raw
    further: bytes

    @classmethod
    def of(cls, json: bytes) -> Self:
        """One of what was encoded."""
        further = b"," + json
        return cls(Raw(memoryview(further)[1:]), further)


def in_a_row(elements: Sequence[Element]) -> list[Fragment]:
    """What is between the brackets of an array of them."""
    pieces: list[Fragment] = [one.further for one in elements]
    if elements:
        pieces[0] = elements[0].alone
    return pieces


def separated(values: Collection[Fragment]) -> list[Fragment]:
    """The same of what has no comma."""
    pieces: list[Fragment] = [b","] * max(0, 2 * len(values) - 1)
    pieces[::2] = values
    return pieces
