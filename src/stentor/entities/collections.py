"""Collection, with who is in it (notifications.md 2.10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from stentor.domain import times
from stentor.domain.attachments import LoadedCollection
from stentor.domain.collections import CollectionItem as CollectionItemRow
from stentor.domain.links import Links


class CollectionItem(Struct, gc=False):
    """One place; whose it is is said of those who agreed, or have not been asked yet."""

    id: str
    state: str
    created_at: str
    account_id: str | UnsetType = UNSET


class Tag(Struct, gc=False):
    """The hashtag that a collection is about."""

    name: str
    url: str


class Collection(Struct, gc=False):
    """The keys in the order of the wire."""

    id: str
    uri: str
    name: str
    description: str | None
    language: str | None
    account_id: str
    local: bool
    sensitive: bool
    discoverable: bool
    url: str
    item_count: int
    created_at: str
    updated_at: str
    tag: Tag | None
    items: list[CollectionItem]


class WrappedCollection(Struct, gc=False):
    """What writing a collection answers."""

    collection: Collection


class CollectionWithAccounts(Struct, gc=False):
    """One collection with its owner and all who are in it; accounts are encoded already."""

    accounts: list[Any]
    collection: Collection


class Collections(Struct, gc=False):
    """A list of collections, wrapped."""

    collections: list[Collection]


class WrappedCollectionItem(Struct, gc=False):
    """What putting an account into a collection answers."""

    collection_item: CollectionItem


_NAMED = frozenset({"pending", "accepted"})


def render_item(item: CollectionItemRow) -> CollectionItem:
    """One place in a collection."""
    entity = CollectionItem(str(item.id), item.state, times.iso(item.created_at))
    if item.state in _NAMED:
        entity.account_id = str(item.account_id)
    return entity


def render(loaded: LoadedCollection, links: Links) -> Collection:
    """As everybody sees it; all collections are local ones."""
    one = loaded.collection
    address = links.collection(one.account_id, one.id)
    return Collection(
        str(one.id),
        address,
        one.name,
        one.description,
        one.language,
        str(one.account_id),
        local=True,
        sensitive=bool(one.sensitive),
        discoverable=bool(one.discoverable),
        url=address,
        item_count=sum(item.state == "accepted" for item in loaded.items),
        created_at=times.iso(one.created_at),
        updated_at=times.iso(one.updated_at),
        tag=None if one.tag is None else Tag(one.tag, links.tag(one.tag)),
        items=[render_item(item) for item in loaded.items],
    )


def render_list(found: Iterable[LoadedCollection], links: Links) -> Collections:
    """Collections in their order."""
    return Collections([render(one, links) for one in found])
