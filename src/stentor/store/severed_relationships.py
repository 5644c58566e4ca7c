"""What cut people's connections, and how many each of them lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from stentor.domain.severed_relationships import SeveranceEvent, SeveranceType
from stentor.store.database import Reader, Transaction


async def add(tx: Transaction, type: SeveranceType, target_name: str, *, now: int) -> int:
    """Something that cuts connections; its id."""
    event_id: int = await tx.fetch_value(
        "INSERT INTO severance_events (type, target_name, created_at) VALUES ($1, $2, $3)"
        " RETURNING id",
        type.value,
        target_name,
        now,
    )
    return event_id


ADD_LOSS = """
    INSERT INTO account_severance_events
      (account_id, severance_event_id, followers_count, following_count, created_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account_id, severance_event_id) DO UPDATE SET
      followers_count = account_severance_events.followers_count + excluded.followers_count,
      following_count = account_severance_events.following_count + excluded.following_count
"""


async def add_losses(
    tx: Transaction, event_id: int, losses: Mapping[int, tuple[int, int]], *, now: int
) -> None:
    """How many followers, and how many followed, each account lost by it."""
    await tx.run_many(
        ADD_LOSS,
        [(account_id, event_id, *counts, now) for account_id, counts in sorted(losses.items())],
    )


LOAD = """
    SELECT e.id, m.id, e.type, e.purged, e.target_name, m.followers_count, m.following_count,
           m.created_at
    FROM account_severance_events m JOIN severance_events e ON e.id = m.severance_event_id
    WHERE m.account_id = $1 AND m.severance_event_id = ANY($2)
"""


async def load(db: Reader, ids: Iterable[int], account_id: int) -> dict[int, SeveranceEvent]:
    """What that account lost by those events, by their ids; nobody else's losses."""
    rows = await db.fetch(LOAD, account_id, list(set(ids)))
    return {row[0]: SeveranceEvent._make(row[1:]) for row in rows}


# Follows between a domain's accounts ($2 and on, the first of them included) and local ones: along
# the index of the domain, so that what lies before the cursor, and is cut, is not walked again.
CONNECTED = """
    SELECT remote, local FROM (
      SELECT * FROM (
        SELECT r.id AS remote, f.account_id AS local
        FROM accounts r CROSS JOIN follows f CROSS JOIN accounts a
        WHERE r.domain = $1 AND r.id >= $2 AND f.target_account_id = r.id
          AND a.id = f.account_id AND a.domain = '' ORDER BY r.id LIMIT $3) AS followers
      UNION ALL
      SELECT * FROM (
        SELECT r.id AS remote, f.target_account_id AS local
        FROM accounts r CROSS JOIN follows f CROSS JOIN accounts a
        WHERE r.domain = $1 AND r.id >= $2 AND f.account_id = r.id
          AND a.id = f.target_account_id AND a.domain = '' ORDER BY r.id LIMIT $3) AS followed
    ) AS pairs ORDER BY remote LIMIT $3
"""


async def connected_to_domain(
    tx: Transaction, domain: str, after: int, limit: int
) -> list[tuple[int, int]]:
    """So many follows with a domain, as pairs of its account and the local one.

    By the rising id of its account, beginning with ``after``.
    """
    rows = await tx.fetch(CONNECTED, domain, after, limit)
    return [(row[0], row[1]) for row in rows]


class Neighbour(NamedTuple):
    """A local account that is connected with another: by which follow, and what it would lose."""

    follow_id: int
    account_id: int
    followers: int
    following: int


# Each along an index of follows, from the follow $2 on: who follows the account $1, and whether
# it follows him; then whom it follows without being followed by him.
FOLLOWING_IT = """
    SELECT f.id, f.account_id, CASE WHEN b.id IS NULL THEN 0 ELSE 1 END, 1
    FROM follows f CROSS JOIN accounts a
    LEFT JOIN follows b ON b.account_id = $1 AND b.target_account_id = f.account_id
    WHERE f.target_account_id = $1 AND f.id > $2 AND a.id = f.account_id AND a.domain = ''
    ORDER BY f.id LIMIT $3
"""
FOLLOWED_BY_IT = """
    SELECT f.id, f.target_account_id, 1, 0 FROM follows f CROSS JOIN accounts a
    WHERE f.account_id = $1 AND f.id > $2 AND a.id = f.target_account_id AND a.domain = ''
      AND NOT EXISTS (SELECT 1 FROM follows b
                      WHERE b.account_id = f.target_account_id AND b.target_account_id = $1)
    ORDER BY f.id LIMIT $3
"""
#: Together they are everybody here who is connected with an account, each once.
SIDES = (FOLLOWING_IT, FOLLOWED_BY_IT)


async def neighbours(
    tx: Transaction, account_id: int, side: int, after: int, limit: int
) -> list[Neighbour]:
    """So many of one of the `SIDES`, by rising id of their follows, from that follow on."""
    rows = await tx.fetch(SIDES[side], account_id, after, limit)
    return [Neighbour(*map(int, row)) for row in rows]
