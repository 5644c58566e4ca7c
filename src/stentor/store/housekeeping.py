"""What nobody needs any more, removed a bounded number of rows at a time."""

from __future__ import annotations

from stentor.domain import times
from stentor.store import idempotency_keys
from stentor.store.database import Transaction

#: Rows that one call removes at most, so that it never holds up the writers for long.
MOST = 500

# Kept for a while after their end, so that a code used twice is noticed (T26).
GRANTS_KEPT = times.DAY
# As long as a browser may stay away (reliability 5b), and a day.
SESSIONS_KEPT = 15 * times.DAY
# An application that nobody has signed in with by then was a try.
APPLICATIONS_KEPT = times.DAY

# Two processes that tidy at once pass each other by: nobody waits, and none deadlocks.
# Each by an index on the age, or by a table that these very deletions keep small.
IDEMPOTENCY_KEYS = """
    DELETE FROM idempotency_keys WHERE (account_id, key) IN (
      SELECT account_id, key FROM idempotency_keys WHERE created_at <= $1 LIMIT $2
      FOR UPDATE SKIP LOCKED)
"""
GRANTS = """
    DELETE FROM access_grants WHERE id IN (
      SELECT id FROM access_grants WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
SESSIONS = """
    DELETE FROM web_sessions WHERE token_hash IN (
      SELECT token_hash FROM web_sessions WHERE seen_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
APPLICATIONS = """
    DELETE FROM applications WHERE id IN (
      SELECT a.id FROM applications a
      WHERE a.created_at <= $1
        AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.application_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM access_grants g WHERE g.application_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM users u WHERE u.created_by_application_id = a.id)
      LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


async def old_idempotency_keys(tx: Transaction, *, now: int) -> int:
    """Forgets keys that are past their hour; how many."""
    return await tx.run(IDEMPOTENCY_KEYS, now - idempotency_keys.REMEMBERED, MOST)


async def ended_grants(tx: Transaction, *, now: int) -> int:
    """Forgets consents a day after their end; how many."""
    return await tx.run(GRANTS, now - GRANTS_KEPT, MOST)


async def idle_sessions(tx: Transaction, *, now: int) -> int:
    """Forgets browsers that have not been seen for so long that they are signed out; how many."""
    return await tx.run(SESSIONS, now - SESSIONS_KEPT, MOST)


async def unused_applications(tx: Transaction, *, now: int) -> int:
    """Forgets applications that were registered a day ago and never given anything; how many."""
    return await tx.run(APPLICATIONS, now - APPLICATIONS_KEPT, MOST)


async def old_touches(tx: Transaction, *, now: int) -> int:  # noqa: ARG001  # by the database's clock
    """Forgets what commits of some minutes ago have touched; how many rows of it."""
    return await tx.forget_touches()
