"""Search as JSON: always four lists (surroundings B2.5)."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct, field

from stentor.entities.tags import Tag


class Search(Struct, gc=False):
    """What was found of each kind."""

    accounts: list[Raw] = field(default_factory=list)
    statuses: list[Raw] = field(default_factory=list)
    hashtags: list[Tag] = field(default_factory=list)
    collections: list[Any] = field(default_factory=list)
