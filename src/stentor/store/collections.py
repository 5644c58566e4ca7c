"""Collections and the accounts that are in them."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.attachments import LoadedCollection
from stentor.domain.collections import REVOKED, Collection, CollectionItem, CollectionText
from stentor.store.database import Reader, Transaction

COLUMNS = ", ".join(f"c.{name}" for name in Collection._fields)
ITEM_COLUMNS = ", ".join(f"i.{name}" for name in CollectionItem._fields)


async def add(
    tx: Transaction, collection_id: int, account_id: int, given: CollectionText, *, now: int
) -> None:
    """A collection with nobody in it."""
    await tx.run(
        "INSERT INTO collections (id, account_id, name, description, sensitive, tag, language,"
        " discoverable, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        collection_id,
        account_id,
        *given,
        now,
    )


async def count(db: Reader, account_id: int) -> int:
    """How many an account has made."""
    found: int = await db.fetch_value(
        "SELECT count(*) FROM collections WHERE account_id = $1", account_id
    )
    return found


HOLD = f"SELECT {COLUMNS} FROM collections c WHERE c.id = $1 FOR UPDATE"


async def hold(tx: Transaction, collection_id: int) -> Collection | None:
    """A collection, of whomever; nobody else changes it before the commit."""
    row = await tx.fetch_row(HOLD, collection_id)
    return None if row is None else Collection._make(row)


async def change(tx: Transaction, collection_id: int, given: CollectionText, *, now: int) -> None:
    """Other words for it."""
    await tx.run(
        "UPDATE collections SET name = $2, description = $3, sensitive = $4, tag = $5,"
        " language = $6, discoverable = $7, updated_at = $8 WHERE id = $1",
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


async def remove_item(tx: Transaction, item_id: int) -> None:
    """Takes an account out."""
    await tx.run("DELETE FROM collection_items WHERE id = $1", item_id)


async def revoke_item(tx: Transaction, item_id: int) -> None:
    """Takes an account out at its own wish: the row stays, so that it cannot come back."""
    await tx.run("UPDATE collection_items SET state = $2 WHERE id = $1", item_id, REVOKED)


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


# By the index of its owner's, and by that of the member's places.
_PAGE = f"SELECT {COLUMNS} FROM collections c WHERE %s ORDER BY c.id DESC LIMIT $2 OFFSET $3"
OF_ACCOUNT = _PAGE % "c.account_id = $1"
FEATURING = _PAGE % (
    "c.id IN (SELECT i.collection_id FROM collection_items i"
    " WHERE i.account_id = $1 AND i.state = 'accepted')"
    " AND (c.discoverable OR c.account_id = $4 OR $1 = $4)"
    " AND c.account_id IN (SELECT a.id FROM accounts a"
    " WHERE a.suspended_at IS NULL AND a.deletion_requested_at IS NULL)"
)


async def of_account(db: Reader, account_id: int, *, limit: int, offset: int) -> list[Collection]:
    """What an account has made, the newest first."""
    return [Collection._make(row) for row in await db.fetch(OF_ACCOUNT, account_id, limit, offset)]


async def featuring(
    db: Reader, account_id: int, viewer_id: int | None, *, limit: int, offset: int
) -> list[Collection]:
    """Those that an account is in, the newest first; unlisted ones only for whom they concern."""
    rows = await db.fetch(FEATURING, account_id, limit, offset, viewer_id or 0)
    return [Collection._make(row) for row in rows]


# Of those that everybody may know of and who have nothing against each other.
SHOWN_ITEMS = f"""
    SELECT {ITEM_COLUMNS} FROM collection_items i
    JOIN collections c ON c.id = i.collection_id
    JOIN accounts a ON a.id = i.account_id
    WHERE i.collection_id = ANY($1)
      AND (i.state = 'accepted' OR (i.state = 'pending' AND c.account_id = $2))
      AND a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = $2
                      AND b.target_account_id = i.account_id LIMIT 1 OFFSET 0)
      AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = i.account_id
                      AND b.target_account_id = $2 LIMIT 1 OFFSET 0)
    ORDER BY i.id
"""


async def load_shown(
    db: Reader, found: Iterable[Collection], viewer_id: int | None
) -> list[LoadedCollection]:
    """Collections with the items that somebody may see; one query."""
    wanted = list(found)
    ids = [one.id for one in wanted]
    rows = await db.fetch(SHOWN_ITEMS, ids, viewer_id or 0) if ids else []
    inside = [CollectionItem._make(row) for row in rows]
    return [
        LoadedCollection(one, [item for item in inside if item.collection_id == one.id])
        for one in wanted
    ]


async def find(db: Reader, collection_id: int | None) -> Collection | None:
    """A collection, of whomever."""
    if collection_id is None:
        return None
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM collections c WHERE c.id = $1", collection_id)
    return None if row is None else Collection._make(row)
