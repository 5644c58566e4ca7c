"""Who is to be told of what many may want to hear: a bounded page of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.store.database import Reader, Row


class Listener(NamedTuple):
    """Somebody who is to be told: of which activity, and of which status."""

    account_id: int
    activity_id: int
    status_id: int


class Page(NamedTuple):
    """Some of an audience. ``after``: where the next page begins; None if this is the last."""

    listeners: list[Listener]
    after: int | None


def _page(status_id: int, rows: Sequence[Row], limit: int) -> Page:
    """Rows of an account and whether it is to be told, by rising ids of accounts."""
    listeners = [Listener(row[0], status_id, status_id) for row in rows if row[1]]
    return Page(listeners, rows[-1][0] if len(rows) == limit else None)


# Along the index of those who want to be told; what hides the status from somebody's home is
# looked up for the page only. LIMIT 1 OFFSET 0: see `store.timelines`.
FOLLOWERS = """
    WITH wanting AS (
      SELECT f.account_id, f.languages FROM follows f
      WHERE f.target_account_id = (SELECT account_id FROM statuses WHERE id = $1)
        AND f.notify AND f.account_id > $2
      ORDER BY f.account_id LIMIT $3
    ),
    named (id) AS (
      SELECT account_id FROM statuses WHERE id = $1
      UNION SELECT account_id FROM mentions WHERE status_id = $1 AND NOT silent
    )
    SELECT w.account_id,
      (w.languages IS NULL OR s.language IS NULL OR w.languages LIKE '%"' || s.language || '"%')
      AND NOT EXISTS (
        SELECT 1 FROM blocks b WHERE b.account_id = w.account_id
        AND b.target_account_id IN (SELECT id FROM named) LIMIT 1 OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM mutes m WHERE m.account_id = w.account_id
        AND m.target_account_id IN (SELECT id FROM named)
        AND (m.expires_at IS NULL OR m.expires_at > $4) LIMIT 1 OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM blocks b WHERE b.account_id = a.id
        AND b.target_account_id = w.account_id LIMIT 1 OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM account_domain_blocks d WHERE d.account_id = w.account_id
        AND a.domain <> '' AND d.domain = lower(a.domain) LIMIT 1 OFFSET 0)
    FROM wanting w CROSS JOIN statuses s CROSS JOIN accounts a
    WHERE s.id = $1 AND a.id = s.account_id
    ORDER BY w.account_id
"""


async def followers(db: Reader, status_id: int, after: int, limit: int, *, now: int) -> Page:
    """Followers with ``notify`` of a status's author whose home shows it (C6.6).

    One query, bounded by ``limit`` however many follow him and however many do not want it.
    """
    rows = await db.fetch(FOLLOWERS, status_id, after, limit, now)
    return _page(status_id, rows, limit)


# Nobody is told of what he may not read any more (C7); `s` is the status.
_MAY_READ = """
    (s.account_id = found.account_id OR (
      NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = s.account_id
                  AND b.target_account_id = found.account_id LIMIT 1 OFFSET 0)
      AND (s.visibility IN ('public', 'unlisted')
        OR EXISTS (SELECT 1 FROM mentions m WHERE m.status_id = s.id
                   AND m.account_id = found.account_id LIMIT 1 OFFSET 0)
        OR (s.visibility = 'private' AND EXISTS (
          SELECT 1 FROM follows f WHERE f.account_id = found.account_id
          AND f.target_account_id = s.account_id LIMIT 1 OFFSET 0)))))
"""
# Along the unique index of reblogs.
REBLOGGERS = f"""
    SELECT found.account_id, {_MAY_READ} FROM (
      SELECT account_id FROM statuses WHERE reblog_of_id = $1 AND account_id > $2
      ORDER BY account_id LIMIT $3
    ) found CROSS JOIN statuses s WHERE s.id = $1 ORDER BY found.account_id
"""


async def rebloggers(
    db: Reader,
    status_id: int,
    after: int,
    limit: int,
    *,
    now: int,  # noqa: ARG001  # every audience is asked with it
) -> Page:
    """Whoever reblogged a status; one query."""
    return _page(status_id, await db.fetch(REBLOGGERS, status_id, after, limit), limit)


# Along the unique index of votes, and the owner at his place among them.
VOTERS = f"""
    SELECT found.account_id, {_MAY_READ} FROM (
      SELECT account_id FROM (
        SELECT DISTINCT account_id FROM poll_votes WHERE poll_id = $1 AND account_id > $2
        ORDER BY account_id LIMIT $3
      ) voters
      UNION SELECT account_id FROM statuses WHERE id = $1 AND account_id > $2
    ) found CROSS JOIN statuses s WHERE s.id = $1 ORDER BY found.account_id LIMIT $3
"""


async def voters(
    db: Reader,
    status_id: int,
    after: int,
    limit: int,
    *,
    now: int,  # noqa: ARG001  # every audience is asked with it
) -> Page:
    """Whoever voted in a status's poll, and its author; one query."""
    return _page(status_id, await db.fetch(VOTERS, status_id, after, limit), limit)


# Along the index of a status's accepted quotes, in the order in which they were made.
QUOTERS = f"""
    SELECT found.account_id, found.status_id, {_MAY_READ}, found.id FROM (
      SELECT id, account_id, status_id FROM quotes
      WHERE quoted_status_id = $1 AND state = 'accepted' AND id > $2 ORDER BY id LIMIT $3
    ) found CROSS JOIN statuses s WHERE s.id = $1 ORDER BY found.id
"""


async def quoters(
    db: Reader,
    status_id: int,
    after: int,
    limit: int,
    *,
    now: int,  # noqa: ARG001  # every audience is asked with it
) -> Page:
    """Whoever quotes a status, accepted, once for each status that does; one query."""
    rows = await db.fetch(QUOTERS, status_id, after, limit)
    listeners = [Listener(row[0], row[1], row[1]) for row in rows if row[2]]
    return Page(listeners, rows[-1][3] if len(rows) == limit else None)
