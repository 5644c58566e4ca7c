"""Collections: accounts that somebody recommends together (notifications.md 2.10)."""

from __future__ import annotations

from typing import NamedTuple

from stentor.domain import limits, text
from stentor.errors import ValidationFailed


class CollectionItem(NamedTuple):
    """A row of ``collection_items``: one account in a collection."""

    id: int
    collection_id: int
    account_id: int
    state: str
    created_at: int


class Collection(NamedTuple):
    """A row of ``collections``; ``tag`` is a hashtag's name. Times are milliseconds."""

    id: int
    account_id: int
    name: str
    description: str | None
    language: str | None
    sensitive: bool
    discoverable: bool
    tag: str | None
    created_at: int
    updated_at: int


class CollectionText(NamedTuple):
    """What an owner decides; members are told when any of these changes."""

    name: str
    description: str | None = None
    sensitive: bool = False
    tag: str | None = None


def check(given: CollectionText) -> CollectionText:
    """As it is kept. Raises ValidationFailed for a name that is blank, or what is too long."""
    name = text.clean(given.name).strip()
    if not name:
        raise ValidationFailed("Name can't be blank")
    sizes = {
        "Name": (name, limits.COLLECTION_NAME),
        "Description": (given.description or "", limits.COLLECTION_DESCRIPTION),
        "Tag": (given.tag or "", limits.COLLECTION_NAME),
    }
    problems = [
        f"{field} is too long (maximum is {most} characters)"
        for field, (value, most) in sizes.items()
        if not text.fits(value, most)
    ]
    if problems:
        raise ValidationFailed(*problems)
    return given._replace(name=name)
