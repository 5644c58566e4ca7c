"""Numbers about the whole server, and what it knows of others."""

from __future__ import annotations

from stentor.domain import ids, times
from stentor.domain.accounts import Account
from stentor.domain.instance import Counts, Week
from stentor.domain.roles import OWNER
from stentor.store.accounts import AVAILABLE, COLUMNS, with_moved
from stentor.store.database import Reader, Row

#: So many weeks of activity are told, this one included.
WEEKS = 12
WEEK = 7 * times.DAY
# The epoch was a Thursday; weeks begin on Mondays.
_FIRST_MONDAY = 4 * times.DAY


# Reads every local account: its answer is remembered for a while (stentor.api.usage).
COUNTS = f"""
    SELECT COUNT(*), COALESCE(SUM(a.statuses_count), 0)::bigint,
           COALESCE(SUM(CASE WHEN u.last_active_at >= $1 OR a.last_status_at >= $1
                             THEN 1 ELSE 0 END), 0)::bigint,
           COALESCE(SUM(CASE WHEN u.last_active_at >= $2 OR a.last_status_at >= $2
                             THEN 1 ELSE 0 END), 0)::bigint
    FROM users u JOIN accounts a ON a.id = u.account_id
    WHERE u.confirmed_at IS NOT NULL AND u.approved AND {AVAILABLE}
"""


async def counts(db: Reader, *, now: int) -> Counts:
    """Who may sign in here, and the other servers that accounts are known of."""
    row = await db.fetch_row(COUNTS, now - 30 * times.DAY, now - 180 * times.DAY)
    domains = await db.fetch_value("SELECT COUNT(DISTINCT domain) FROM accounts WHERE domain <> ''")
    users, statuses, month, half_year = row or (0, 0, 0, 0)
    return Counts(users, statuses, month, half_year, domains)


def monday(time: int) -> int:
    """The first moment of that time's week, UTC."""
    return time - (time - _FIRST_MONDAY) % WEEK


# Public statuses only: their ids are an index of their own, with the time in them.
WEEKLY_STATUSES = """
    SELECT ((id >> 16) - $1) / $2, COUNT(*) FROM statuses
    WHERE id >= $3 AND visibility = 'public' AND reblog_of_id IS NULL
    GROUP BY 1
"""
WEEKLY_LOGINS = """
    SELECT (created_at - $1) / $2, COUNT(DISTINCT account_id) FROM access_tokens
    WHERE created_at >= $1 GROUP BY 1
"""
WEEKLY_REGISTRATIONS = """
    SELECT (created_at - $1) / $2, COUNT(*) FROM users
    WHERE created_at >= $1 GROUP BY 1
"""


def _by_week(rows: list[Row]) -> dict[int, int]:
    return {int(row[0]): int(row[1]) for row in rows}


async def activity(db: Reader, *, now: int) -> list[Week]:
    """The last weeks, the newest first.

    Public statuses, people who were given a token, and accounts that were made.
    """
    first = monday(now) - (WEEKS - 1) * WEEK
    statuses = _by_week(await db.fetch(WEEKLY_STATUSES, first, WEEK, ids.snowflake(first, 0)))
    logins = _by_week(await db.fetch(WEEKLY_LOGINS, first, WEEK))
    registrations = _by_week(await db.fetch(WEEKLY_REGISTRATIONS, first, WEEK))
    return [
        Week(
            first + at * WEEK,
            statuses.get(at, 0),
            logins.get(at, 0),
            registrations.get(at, 0),
        )
        for at in reversed(range(WEEKS))
    ]


# By the partial index on roles, which holds the staff alone.
CONTACT = f"""
    SELECT {COLUMNS} FROM accounts a
    WHERE a.role_id <> -99 AND a.role_id = $1 AND a.domain = '' AND {AVAILABLE}
    ORDER BY a.id LIMIT 1
"""


async def find_contact(db: Reader) -> Account | None:
    """The owner's account, the eldest if there are several."""
    row = await db.fetch_row(CONTACT, OWNER.id)
    return None if row is None else (await with_moved(db, [Account(*row)]))[0]


#: So many other servers are told.
PEERS = 5000


async def peers(db: Reader) -> list[str]:
    """The domains of the accounts known from elsewhere."""
    rows = await db.fetch(
        "SELECT DISTINCT domain FROM accounts WHERE domain <> '' ORDER BY domain LIMIT $1", PEERS
    )
    return sorted(row[0] for row in rows)
