"""Favourites: who likes which status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stentor.domain.paging import Cursor
from stentor.store import marks
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO favourites (account_id, status_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, status_id) DO NOTHING RETURNING id, account_id, status_id
"""


async def add(
    tx: Transaction, pairs: Iterable[tuple[int, int]], *, now: int
) -> dict[tuple[int, int], int]:
    """Keeps favourites of accounts for statuses; the ids of those that were not there already.

    Raises RecordNotFound if one of them is gone, and then none is kept.
    """
    rows = await tx.fetch_many(ADD, [(*pair, now) for pair in pairs])
    return {(row[1], row[2]): row[0] for row in rows}


# With its version, as `statuses.count` does.
COUNT = """
    UPDATE statuses SET favourites_count = favourites_count + 1, version = version + 1
    WHERE id = $1 RETURNING id, favourites_count, version
"""


class Counted(NamedTuple):
    """How many favourites a status has, and its version; before, it had that of ``since``."""

    favourites_count: int
    version: int
    since: int


async def count(tx: Transaction, status_ids: Iterable[int]) -> dict[int, Counted]:
    """Counts a favourite for each of these, in the order of ids, for one as often as it is named.

    What each has then. One statement. What is gone is passed over.
    """
    rows = await tx.fetch_many(COUNT, [(one,) for one in sorted(status_ids)])
    counted: dict[int, Counted] = {}
    for status_id, favourites_count, version in rows:
        before = counted.get(status_id)
        since = version - 1 if before is None else before.since
        counted[status_id] = Counted(favourites_count, version, since)
    return counted


async def remove(tx: Transaction, account_id: int, status_id: int) -> int | None:
    """Removes a favourite; its id, or None if there was none."""
    return await marks.remove(tx, "favourites", account_id, status_id)


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[tuple[int, int]]:
    """One account's favourites, newest first: pairs of row id and status id."""
    return await marks.page(db, "favourites", account_id, cursor)


# By (status, id). Left out: who is suspended or leaving; for a viewer ($4, or 0) also whom he
# blocks or mutes and who blocks him (surroundings C8).
ACCOUNTS = f"""
    SELECT f.id, f.account_id FROM favourites f JOIN accounts a ON a.id = f.account_id
    WHERE f.status_id = $1 AND f.id > $2 AND f.id < $3 AND {marks.SHOWN_ACCOUNT}
    ORDER BY f.id
"""


async def accounts_page(
    db: Reader, status_id: int, viewer_id: int | None, cursor: Cursor, *, now: int
) -> list[tuple[int, int]]:
    """Who favourited a status, newest first: pairs of row id and account id."""
    return await marks.accounts_page(db, ACCOUNTS, status_id, viewer_id, cursor, now=now)
