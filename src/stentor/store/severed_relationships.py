"""What cut people's connections, and how many each of them lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


# Local accounts with a follow from or to a domain; by the indexes on domain and follows.
CONNECTED = """
    SELECT f.account_id FROM follows f
    JOIN accounts r ON r.id = f.target_account_id AND r.domain = $1
    JOIN accounts a ON a.id = f.account_id AND a.domain = ''
    UNION
    SELECT f.target_account_id FROM follows f
    JOIN accounts r ON r.id = f.account_id AND r.domain = $1
    JOIN accounts a ON a.id = f.target_account_id AND a.domain = ''
    ORDER BY 1 LIMIT $2
"""


async def connected_to_domain(tx: Transaction, domain: str, limit: int) -> list[int]:
    """Some of the local accounts that follow a domain's accounts, or are followed from there."""
    return [row[0] for row in await tx.fetch(CONNECTED, domain, limit)]


# The next local accounts ($2 and on) that follow an account ($1), or that it follows: whether it
# follows them, whether they follow it. Along the indexes of both sides.
NEIGHBOURS = """
    SELECT id, max(follower), max(followed) FROM (
      SELECT * FROM (
        SELECT f.account_id AS id, 0 AS follower, 1 AS followed FROM follows f
        JOIN accounts a ON a.id = f.account_id AND a.domain = ''
        WHERE f.target_account_id = $1 AND f.account_id > $2 ORDER BY 1 LIMIT $3) AS theirs
      UNION ALL
      SELECT * FROM (
        SELECT f.target_account_id AS id, 1 AS follower, 0 AS followed FROM follows f
        JOIN accounts a ON a.id = f.target_account_id AND a.domain = ''
        WHERE f.account_id = $1 AND f.target_account_id > $2 ORDER BY 1 LIMIT $3) AS its
    ) AS both_sides GROUP BY id ORDER BY id LIMIT $3
"""


async def neighbours(
    tx: Transaction, account_id: int, after: int, limit: int
) -> dict[int, tuple[int, int]]:
    """Local accounts connected to one, by rising id: (followers, followed) that each would lose."""
    rows = await tx.fetch(NEIGHBOURS, account_id, after, limit)
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}
