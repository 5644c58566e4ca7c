"""When tokens were last used and people last here: noted beside the requests, a few at a time."""

from __future__ import annotations

import asyncio
from itertools import islice

import structlog

from stentor.domain import times
from stentor.store import access_tokens, users
from stentor.store.database import Database, StorageProblem

log = structlog.get_logger("stentor.last_uses")

#: A use is written down if the one before it was so long ago, so that a token costs one write
#: a day however busy it is.
EVERY = 24 * times.HOUR
#: Seconds between two rounds.
PAUSE = 15.0
#: Uses that wait at most; one that finds no room is noted with the next request.
MOST = 20_000
# Uses that one transaction writes down.
BATCH = 500


class LastUses:
    """What is to be written down: filled by requests, which never wait for it."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[int | None, int]] = {}

    def saw(
        self, token_id: int, account_id: int | None, *, last_used_at: int | None, now: int
    ) -> None:
        """A token, and whoever is behind it, was here; costs nothing within a day of the last."""
        if last_used_at is not None and last_used_at > now - EVERY:
            return
        if len(self._waiting) < MOST or token_id in self._waiting:
            self._waiting[token_id] = (account_id, now)

    async def write(self, db: Database) -> int:
        """Writes down what waits; how many uses. Raises StorageProblem, and then they still wait.

        Several uses at the same moment are written with the latest of their times.
        """
        written = 0
        while batch := dict(islice(self._waiting.items(), BATCH)):
            at = max(seen for _, seen in batch.values())
            people = sorted({one for one, _ in batch.values() if one is not None})
            async with db.transaction() as tx:
                await access_tokens.set_last_used(tx, sorted(batch), at)
                await users.set_last_active(tx, people, at)
            for token_id in batch:
                self._waiting.pop(token_id, None)
            written += len(batch)
        return written


async def run(db: Database, uses: LastUses, *, pause: float = PAUSE) -> None:
    """Writes for ever. A failure is logged, and the next round tries again."""
    while True:
        await asyncio.sleep(pause)
        await attempt(db, uses)


async def attempt(db: Database, uses: LastUses) -> None:
    """One round, whatever comes of it."""
    try:
        await uses.write(db)
    except StorageProblem as problem:
        log.warning("last uses wait for the database", problem=str(problem))
    except Exception:
        log.exception("last uses were not written")
