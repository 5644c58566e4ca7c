"""Single statuses, each as another viewer sees it, in a fixed number of queries for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from typing import NamedTuple

from stentor.domain.statuses import NO_MARKS, LoadedStatuses, Marks
from stentor.store import accounts, filters, statuses
from stentor.store.database import Database, Row
from stentor.store.statuses import Known

# What the viewer ($1) did with a status ($2), how he and its author ($3) stand to each other,
# whether he has muted its conversation ($4), and has filters that have not expired at $5: each a
# look into an index.
STANDING = """
    SELECT (SELECT t.id FROM favourites t WHERE t.account_id = $1 AND t.status_id = $2),
        (SELECT t.id FROM statuses t WHERE t.account_id = $1 AND t.reblog_of_id = $2),
        (SELECT t.account_id FROM conversation_mutes t
         WHERE t.account_id = $1 AND t.conversation_id = $4),
        (SELECT t.id FROM bookmarks t WHERE t.account_id = $1 AND t.status_id = $2),
        (SELECT t.id FROM status_pins t WHERE t.account_id = $1 AND t.status_id = $2),
        (SELECT t.id FROM follows t WHERE t.account_id = $1 AND t.target_account_id = $3),
        (SELECT t.id FROM blocks t WHERE t.account_id = $3 AND t.target_account_id = $1),
        (SELECT t.id FROM blocks t WHERE t.account_id = $1 AND t.target_account_id = $3),
        (SELECT t.id FROM filters t
         WHERE t.account_id = $1 AND (t.expires_at IS NULL OR t.expires_at > $5) LIMIT 1)
"""


class View(NamedTuple):
    """A status as somebody sees it, and the authors in it whom he blocks."""

    loaded: LoadedStatuses
    blocking: set[int]


async def load_each(db: Database, asked: Sequence[tuple[int, int]], *, now: int) -> list[View]:
    """`statuses.load` for each pair of a status and a viewer, in few trips however many there are.

    What filters, polls and quotes take besides is asked for by all at the same moment.
    """
    known = await statuses.known_with_originals(db, (status_id for status_id, _ in asked))
    views: list[tuple[LoadedStatuses, dict[int, Known]]] = []
    everyone: set[int] = set()
    wanted: list[tuple[int, ...]] = []
    for status_id, viewer_id in asked:
        own = _of(status_id, known)
        loaded = LoadedStatuses(viewer_id, now)
        everyone.update(statuses.take(loaded, own))
        views.append((loaded, own))
        wanted += (
            (viewer_id, one.reblog_of_id or one.id, one.account_id, one.conversation_id, now)
            for one in loaded.statuses.values()
        )
    them = await accounts.load(db, everyone)
    rows = iter(await db.fetch_each(STANDING, wanted))
    found: list[View] = []
    rest: list[Awaitable[None]] = []
    for loaded, own in views:
        loaded.accounts = them
        blocking, more = _judged(loaded, own, rows)
        found.append(View(loaded, blocking))
        if more:
            rest.append(_add_more(db, found, len(found) - 1, own))
    await asyncio.gather(*rest)
    return found


def _of(status_id: int, known: dict[int, Known]) -> dict[int, Known]:
    """A status and what it reblogs."""
    own: dict[int, Known] = {}
    wanted: int | None = status_id
    while wanted is not None and wanted in known:
        own[wanted] = known[wanted]
        wanted = known[wanted].status.reblog_of_id
    return own


def _judged(
    loaded: LoadedStatuses, own: dict[int, Known], rows: Iterator[list[Row]]
) -> tuple[set[int], bool]:
    """Takes in a row of STANDING for each status, and decides what may be read.

    The authors whom the viewer blocks, and whether there is more to be loaded.
    """
    blocked_by: set[int] = set()
    blocking: set[int] = set()
    more = False
    for status in loaded.statuses.values():
        *did, follows, blocked, blocks, filtered = next(rows)[0]
        marks = Marks(*(one is not None for one in did))
        if marks != NO_MARKS:
            loaded.marks[status.id] = marks
        for found, authors in (
            (follows, loaded.following), (blocked, blocked_by), (blocks, blocking),
        ):  # fmt: skip
            if found is not None:
                authors.add(status.account_id)
        more = more or filtered is not None or bool(status.has_poll or status.has_quote)
    statuses.judge(loaded, own, blocked_by)
    return blocking, more


async def _add_more(db: Database, views: list[View], at: int, own: dict[int, Known]) -> None:
    """Polls, quotes and filters of one of the views."""
    loaded, blocking = views[at]
    viewer_id, now = loaded.viewer_id or 0, loaded.now
    if any(one.status.has_quote for one in own.values()):
        views[at] = View(await statuses.load(db, own, viewer_id, now=now), blocking)
        return
    await statuses.add_polls(db, loaded)
    loaded.filters = await filters.active(db, viewer_id, list(own), now=now)
