"""After a gap of the bus: reads from the database what may have been missed, and tells it.

Stands between the bus and the hub. It remembers what was told lately, so that nothing is told twice
when a message turns out to be late, not lost. What cannot be found out exactly ends the streams
that it belongs to.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

import structlog

from stentor.domain import ids, streams, times
from stentor.store import fresh_statuses, status_changes
from stentor.store.database import Database, StorageProblem
from stentor.streaming.bus import News
from stentor.streaming.hub import Hub
from stentor.streaming.statuses import CREATED, DELETED, EDITED

log = structlog.get_logger("stentor.streaming")

#: Milliseconds that a status may take from its id to its news, and that clocks may differ.
OVERLAP = 10 * times.SECOND
#: A gap that is longer (milliseconds), or that held more than so many changes, ends streams.
LONGEST = 10 * times.MINUTE
MOST = 1_000
#: News of statuses that are remembered.
REMEMBERED = 50_000
#: Times that the database is asked, and seconds between them.
ATTEMPTS = 10
PAUSE = 1.0

# Of each of these there is one for every id, ever: the second one is a repetition.
_ONCE = frozenset({CREATED, DELETED})


class CatchingUp:
    """``hear`` and ``missed`` are for the bus; `run` does the work."""

    def __init__(self, hub: Hub, db: Database, *, now: Callable[[], int]) -> None:
        self._hub = hub
        self._db = db
        self._now = now
        self._told: OrderedDict[tuple[str, int], int] = OrderedDict()
        #: Everything that was told since then is remembered.
        self._since = 0
        self._gap: int | None = None
        self._bell = asyncio.Event()
        #: Whether it is about to tell something.
        self.busy = False

    def hear(self, news: News) -> None:
        """Passes it on to the hub, unless it was told already."""
        key = (news.kind, news.id)
        if news.kind in _ONCE and key in self._told:
            return
        if news.kind in _ONCE or news.kind == EDITED:
            self._told[key] = self._now()
            self._told.move_to_end(key)
            if len(self._told) > REMEMBERED:
                _, self._since = self._told.popitem(last=False)
        self._hub.hear(news)

    def missed(self, seconds: float) -> None:
        """News of the last so many seconds may be missing: `run` finds out."""
        since = self._now() - int(seconds * 1000) - OVERLAP
        self._gap = since if self._gap is None else min(self._gap, since)
        self._bell.set()

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            since, self._gap = self._gap, None
            if since is not None:
                self.busy = True
                await self._close_gap(since)
                self.busy = False

    async def _close_gap(self, since: int) -> None:
        for _ in range(ATTEMPTS):
            try:
                found = await self.find(since)
            except StorageProblem as problem:
                log.warning("what was missed must wait", problem=str(problem))
                await asyncio.sleep(PAUSE)
            except Exception:
                log.exception("what was missed cannot be found out")
                break
            else:
                if found is None:
                    break
                self.tell(found)
                return
        self._hub.missed()

    async def find(self, since: int) -> list[News] | None:
        """What happened to statuses since then and was not told, in order; None if too much.

        Two queries. Raises StorageProblem.
        """
        if since < max(self._since, self._now() - LONGEST):
            return None
        created = await fresh_statuses.since(self._db, ids.snowflake(since, 0), MOST + 1)
        changes = await status_changes.since(self._db, since, MOST + 1)
        if len(created) > MOST or len(changes) > MOST:
            return None
        found = {
            News(account_id, CREATED, status_id): ids.time_of(status_id)
            for status_id, account_id in created
        }
        for change in changes:
            kind = DELETED if change.deleted else EDITED
            found[News(change.account_id, kind, change.status_id)] = change.created_at
        return sorted(
            (one for one in found if self._is_new(one, found[one])), key=found.__getitem__
        )

    def _is_new(self, news: News, time: int) -> bool:
        told_at = self._told.get((news.kind, news.id))
        # An edit that was told about then may have been an earlier one: rather once more.
        return told_at is None or (news.kind == EDITED and told_at < time + OVERLAP)

    def tell(self, found: list[News]) -> None:
        """Tells it, and what the database does not hold to whomever it may concern."""
        log.info("caught up", news=len(found))
        for news in found:
            self.hear(news)
        # Whether somebody's filters have changed, or held back notifications been let through, is
        # for clients to look: they read it anew.
        for account_id in self._hub.accounts():
            self._hub.hear(News(account_id, "filters_changed", 0))
            self._hub.hear(News(account_id, "notifications_merged", 1))
        # Which conversations were told about cannot be read anywhere.
        self._hub.interrupt(frozenset({streams.DIRECT}))
