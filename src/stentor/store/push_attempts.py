"""The ledger of pushes: one row for each attempt, kept for some days."""

from __future__ import annotations

from collections.abc import Sequence

from stentor.domain import times
from stentor.domain.paging import Cursor
from stentor.domain.push_deliveries import PushAttempt
from stentor.store.database import Reader, Transaction

#: Attempts are remembered for so long.
KEPT = 7 * times.DAY


# The account may have gone meanwhile.
ADD = """
    INSERT INTO push_attempts (account_id, subscription_id, notification_id, attempt, started_at,
        latency, status, outcome, problem, next_at)
    SELECT a.id, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::text,
        $9::text, $10::bigint
    FROM accounts a WHERE a.id = $1
"""


async def add(tx: Transaction, attempts: Sequence[PushAttempt]) -> None:
    """Notes them; their ``id`` is not looked at."""
    if attempts:
        await tx.run_many(ADD, [one[1:] for one in attempts])


COLUMNS = ", ".join(f"p.{name}" for name in PushAttempt._fields)
_PAGE = f"""
    SELECT {COLUMNS} FROM push_attempts p
    WHERE p.account_id = $1 AND p.id > $2 AND p.id < $3 ORDER BY p.id %s LIMIT $4
"""


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[PushAttempt]:
    """A page of attempts to reach one account's devices, the latest first."""
    sql = _PAGE % ("ASC" if cursor.ascending else "DESC")
    rows = await db.fetch(sql, account_id, cursor.after, cursor.before, cursor.limit)
    found = [PushAttempt._make(row) for row in rows]
    return found[::-1] if cursor.ascending else found


async def latest_id(db: Reader, account_id: int) -> int:
    """The number of the account's latest attempt, 0 if there is none."""
    found: int | None = await db.fetch_value(
        "SELECT MAX(id) FROM push_attempts WHERE account_id = $1", account_id
    )
    return found or 0


async def find_newer(
    db: Reader, account_id: int, subscription_id: int, notification_id: int, after: int
) -> PushAttempt | None:
    """The first attempt of that delivery after a number."""
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM push_attempts p WHERE p.account_id = $1 AND p.id > $4"
        " AND p.subscription_id = $2 AND p.notification_id = $3 ORDER BY p.id LIMIT 1",
        account_id,
        subscription_id,
        notification_id,
        after,
    )
    return None if row is None else PushAttempt._make(row)


async def old_push_attempts(tx: Transaction, *, now: int) -> int:
    """Forgets some of those that are older than KEPT; how many."""
    return await tx.run(
        "DELETE FROM push_attempts WHERE (account_id, id) IN"
        " (SELECT account_id, id FROM push_attempts WHERE started_at < $1 LIMIT 1000)",
        now - KEPT,
    )
