"""Markers: how far somebody has read, with a counter that guards against lost updates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stentor.errors import Conflict
from stentor.store.database import Reader, Transaction

TIMELINES = ("home", "notifications")


class Marker(NamedTuple):
    """A row of ``markers``."""

    timeline: str
    last_read_id: int
    version: int
    updated_at: int


async def load(db: Reader, account_id: int, timelines: Iterable[str]) -> dict[str, Marker]:
    """Those of the account's markers that exist."""
    rows = await db.fetch(
        "SELECT timeline, last_read_id, version, updated_at FROM markers"
        " WHERE account_id = $1 AND timeline = ANY($2)",
        account_id,
        list(timelines),
    )
    return {row[0]: Marker._make(row) for row in rows}


async def save(
    tx: Transaction, account_id: int, marker: Marker, *, seen_version: int | None
) -> None:
    """Stores it if the row is still at ``seen_version``; None means there was no row.

    Raises Conflict if somebody was faster, and so nothing of the transaction is kept.
    """
    if seen_version is None:
        changed = await tx.run(
            "INSERT INTO markers (account_id, timeline, last_read_id, version, updated_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            account_id,
            *marker,
        )
    else:
        changed = await tx.run(
            "UPDATE markers SET last_read_id = $3, version = $4, updated_at = $5"
            " WHERE account_id = $1 AND timeline = $2 AND version = $6",
            account_id,
            *marker,
            seen_version,
        )
    if changed != 1:
        raise Conflict
