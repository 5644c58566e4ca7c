"""Hashtags of statuses."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.store.database import Transaction

# Sorted, so that two statuses with the same new tags cannot wait for each other.
ADD = """
    INSERT INTO tags (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
"""
TAG = """
    INSERT INTO status_tags (status_id, tag_id) SELECT $1::bigint, t.id FROM tags t
    WHERE t.name = ANY($2) ON CONFLICT (status_id, tag_id) DO NOTHING
"""


async def tag(tx: Transaction, status_id: int, names: Iterable[str], *, now: int) -> None:
    """Gives a status those hashtags (normalised names); new ones are made. Two statements."""
    wanted = sorted(set(names))
    if not wanted:
        return
    await tx.run_many(ADD, [(name, now) for name in wanted])
    await tx.run(TAG, status_id, wanted)


async def untag(tx: Transaction, status_id: int) -> None:
    """Takes all hashtags off a status."""
    await tx.run("DELETE FROM status_tags WHERE status_id = $1", status_id)
