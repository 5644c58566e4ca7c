"""Who has a stream open, or had one a moment ago (notifications.md 9.7)."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain import times
from stentor.store.database import Reader, Transaction

#: Somebody who was seen this long ago does not count as online any more. A process that was
#: killed does not say goodbye, and so long people get no e-mail after it; but one renewal may be
#: late, and the next fail, without anybody with an open stream getting one.
ONLINE = 7 * times.MINUTE
#: Somebody who has closed his last stream counts as online this much longer: he may be changing
#: the page.
LINGER = 1 * times.MINUTE

SEEN = """
    INSERT INTO presences (account_id, seen_at)
    SELECT id, $2::bigint FROM accounts WHERE id = $1
    ON CONFLICT (account_id) DO UPDATE SET seen_at = excluded.seen_at
    WHERE presences.seen_at < excluded.seen_at
"""


async def seen(tx: Transaction, account_ids: Iterable[int], now: int) -> None:
    """They have a stream open now. Say it again within ONLINE, as long as they have."""
    await tx.run_many(SEEN, [(one, now) for one in sorted(set(account_ids))])


# Not if somebody has seen them since: they have another stream, at another process.
LEFT = """
    UPDATE presences SET seen_at = $3 WHERE account_id = $1 AND seen_at <= $2
"""


async def left(tx: Transaction, account_ids: Iterable[int], now: int) -> None:
    """They have closed their last stream here; they are online for LINGER still."""
    until = now - ONLINE + LINGER
    await tx.run_many(LEFT, [(one, now, until) for one in sorted(set(account_ids))])


async def online(db: Reader, account_id: int, now: int) -> bool:
    """True if that account has a stream open, or had one a moment ago."""
    seen_at: int | None = await db.fetch_value(
        "SELECT seen_at FROM presences WHERE account_id = $1", account_id
    )
    return seen_at is not None and seen_at > now - ONLINE
