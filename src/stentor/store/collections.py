"""Collections and the accounts that are in them."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.attachments import LoadedCollection
from stentor.domain.collections import Collection, CollectionItem, CollectionText
from stentor.store.database import Reader, Transaction

COLUMNS = ", ".join(f"c.{name}" for name in Collection._fields)
ITEM_COLUMNS = ", ".join(f"i.{name}" for name in CollectionItem._fields)


async def add(
    tx: Transaction, collection_id: int, account_id: int, given: CollectionText, *, now: int
) -> None:
    """A collection with nobody in it."""
    await tx.run(
        "INSERT INTO collections (id, account_id, name, description, sensitive, tag, created_at,"
        " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        collection_id,
        account_id,
        *given,
        now,
    )


HOLD = f"SELECT {COLUMNS} FROM collections c WHERE c.id = $1 AND c.account_id = $2 FOR UPDATE"


async def hold(tx: Transaction, collection_id: int, account_id: int) -> Collection | None:
    """An account's own collection; nobody else changes it before the commit."""
    row = await tx.fetch_row(HOLD, collection_id, account_id)
    return None if row is None else Collection._make(row)


async def change(tx: Transaction, collection_id: int, given: CollectionText, *, now: int) -> None:
    """Other words for it."""
    await tx.run(
        "UPDATE collections SET name = $2, description = $3, sensitive = $4, tag = $5,"
        " updated_at = $6 WHERE id = $1",
        collection_id,
        *given,
        now,
    )


async def remove(tx: Transaction, collection_id: int) -> None:
    """The collection and its items."""
    await tx.run("DELETE FROM collections WHERE id = $1", collection_id)


ADD_ITEM = """
    INSERT INTO collection_items (collection_id, account_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (collection_id, account_id) DO NOTHING RETURNING id
"""


async def add_item(tx: Transaction, collection_id: int, account_id: int, *, now: int) -> int | None:
    """Puts an account in; the item's id, None if it is in already."""
    item_id: int | None = await tx.fetch_value(ADD_ITEM, collection_id, account_id, now)
    return item_id


async def remove_item(tx: Transaction, collection_id: int, account_id: int) -> int | None:
    """Takes an account out; the id that the item had, None if it was not in."""
    item_id: int | None = await tx.fetch_value(
        "DELETE FROM collection_items WHERE collection_id = $1 AND account_id = $2 RETURNING id",
        collection_id,
        account_id,
    )
    return item_id


async def items(db: Reader, ids: Iterable[int]) -> list[CollectionItem]:
    """What is in those collections, oldest first; by the unique key."""
    rows = await db.fetch(
        f"SELECT {ITEM_COLUMNS} FROM collection_items i WHERE i.collection_id = ANY($1)"
        " ORDER BY i.id",
        list(set(ids)),
    )
    return [CollectionItem._make(row) for row in rows]


async def load(db: Reader, ids: Iterable[int]) -> dict[int, LoadedCollection]:
    """Collections with their items; two queries."""
    wanted = list(set(ids))
    rows = await db.fetch(f"SELECT {COLUMNS} FROM collections c WHERE c.id = ANY($1)", wanted)
    inside = await items(db, wanted)
    return {
        row[0]: LoadedCollection(
            Collection._make(row), [one for one in inside if one.collection_id == row[0]]
        )
        for row in rows
    }


async def of_items(db: Reader, item_ids: Iterable[int]) -> dict[int, int]:
    """The collection of each item; by primary key."""
    rows = await db.fetch(
        "SELECT id, collection_id FROM collection_items WHERE id = ANY($1)", list(set(item_ids))
    )
    return {row[0]: row[1] for row in rows}
