"""What commits have touched on PostgreSQL, where every process hears of it (`store.changes`).

Triggers write the keys down in the transaction that touches them (migration 0020), so that they
can be seen when what it did can be seen. Rows are told apart by the transaction's number: new is
whatever could not be seen in the snapshot of the last time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from stentor.store.changes import Changes
from stentor.store.database import Transaction

# Which transactions can be seen.
INSTANT = "SELECT pg_current_snapshot()::text"
# The same, whether something that could not be seen in the snapshot $1 may be forgotten already,
# and the keys that the rest has touched. By the index on xid, twice.
NEWS = """
    SELECT pg_current_snapshot()::text,
        (SELECT xid > pg_snapshot_xmin($1::text::pg_snapshot) FROM touches_forgotten),
        ARRAY(
            SELECT unnest(keys) FROM touches WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot)
            UNION ALL
            SELECT unnest(keys) FROM touches
            WHERE xid = ANY(ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot))))
"""
_EVERYTHING = -1
# Keys of very large ids look negative there.
_UNSIGNED = 2**64 - 1

# All processes tidy, one after the other. Who has not asked for as long as this takes twice finds
# that some of it is forgotten.
FORGET = """
    UPDATE touches_forgotten
    SET xid = next, next = pg_snapshot_xmin(pg_current_snapshot()), moved_at = now()
    WHERE moved_at < now() - interval '50 seconds'
"""
# What was restored from another server may have numbers that are still to come.
FORGOTTEN = """
    DELETE FROM touches WHERE ctid = ANY(ARRAY(
        SELECT t.ctid FROM touches t, touches_forgotten f
        WHERE t.xid < f.xid OR t.xid >= pg_snapshot_xmax(pg_current_snapshot())
        LIMIT 10000 FOR UPDATE OF t SKIP LOCKED))
"""


@dataclass(slots=True)
class Watch:
    """A connection that is only asked what has been committed.

    What it tells is compared with nothing that another one has told: after a crash, or when a
    standby has taken over, numbers may be given anew, and what was touched is forgotten.
    """

    connection: Any
    #: Its own among those of this process.
    number: int
    instant: Any
    news: Any
    #: Everything that can be seen in it has been heard of.
    snapshot: str

    async def hear(self, changes: Changes) -> int:
        """Notes what was touched since the last time; how many statements that took.

        Mostly nothing was committed at all, which one tells that costs less.
        """
        snapshot = await self.instant.fetchval()
        if snapshot == self.snapshot:
            return 1
        forgotten, keys = None, []
        # A standby has no tables that are not logged.
        with suppress(asyncpg.FeatureNotSupportedError):
            snapshot, forgotten, keys = await self.news.fetchrow(self.snapshot)
        if forgotten is not False or _EVERYTHING in keys:
            changes.note(None)
        elif keys:
            changes.note([one & _UNSIGNED for one in keys])
        self.snapshot = snapshot
        return 2


async def watch(connection: Any, number: int) -> Watch:
    """Begins to watch on a connection that is used for nothing else."""
    instant, news = await connection.prepare(INSTANT), await connection.prepare(NEWS)
    return Watch(connection, number, instant, news, await instant.fetchval())


async def forget(tx: Transaction) -> int:
    """Removes some of what most processes have heard of long ago; how much."""
    await tx.run(FORGET)
    return await tx.run(FORGOTTEN)
