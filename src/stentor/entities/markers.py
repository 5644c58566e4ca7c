"""Marker (notifications.md 2.11)."""

from __future__ import annotations

from msgspec import Struct

from stentor.domain import times


class Marker(Struct, gc=False):
    """How far somebody has read one timeline."""

    last_read_id: str
    version: int
    updated_at: str


def render(last_read_id: int, version: int, updated_at: int) -> Marker:
    """The entity of one timeline."""
    return Marker(str(last_read_id), version, times.iso(updated_at))
