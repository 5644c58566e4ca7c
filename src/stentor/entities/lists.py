"""List as JSON (surroundings C5.1)."""

from __future__ import annotations

from msgspec import Struct


class List(Struct, gc=False):
    """A list of accounts that its owner has made."""

    id: str
    title: str
    replies_policy: str
    exclusive: bool


def render(list_id: int, title: str, replies_policy: str, exclusive: object) -> List:
    """List; takes a row's values in their order."""
    return List(str(list_id), title, replies_policy, bool(exclusive))
