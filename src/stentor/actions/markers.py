"""Moving the markers."""

from __future__ import annotations

from collections.abc import Mapping

from stentor.store import markers
from stentor.store.database import Database
from stentor.store.markers import Marker


async def save(
    db: Database, account_id: int, positions: Mapping[str, int | None], *, now: int
) -> dict[str, Marker]:
    """Moves each named marker to its id, also backwards; None leaves (or makes) it as it is.

    All or none. The version counts real changes (notifications.md 7.2). Raises Conflict if one
    of them was moved by somebody else meanwhile.
    """
    before = await markers.load(db, account_id, positions)
    after: dict[str, Marker] = {}
    async with db.transaction() as tx:
        for timeline, last_read_id in positions.items():
            old = before.get(timeline)
            current = old or Marker(timeline, 0, 0, now)
            wanted = current.last_read_id if last_read_id is None else last_read_id
            new = current
            if wanted != current.last_read_id:
                new = Marker(timeline, wanted, current.version + 1, now)
            if new is not old:
                seen = old.version if old else None
                await markers.save(tx, account_id, new, seen_version=seen)
            after[timeline] = new
    return after
