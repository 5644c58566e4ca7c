"""What is to be said to devices, and whether it still may be: for many promises at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from stentor.domain.accounts import Account
from stentor.domain.notifications import Notification
from stentor.domain.push_subscriptions import PushSubscription, Relation
from stentor.domain.statuses import Status
from stentor.store import accounts, notifications, push_subscriptions, statuses
from stentor.store.database import Reader, Row


class Device(NamedTuple):
    """A subscription and the person behind it."""

    subscription: PushSubscription
    locale: str
    role_id: int
    #: His account, his person and this token are all good: he could sign in and read.
    able: bool
    #: What he has seen, by his marker: notifications up to that id, made up to that moment. A
    #: marker may stand beyond all there is; what comes later has not been seen for that.
    last_read_id: int
    read_at: int
    #: He has filters that hide things.
    hides: bool


class Told(NamedTuple):
    """A notification as it stands now, with its sender, its status, and what lies between."""

    notification: Notification
    sender: Account
    relation: Relation
    #: The sender blocks him; or he has blocked or muted the sender, or muted the conversation,
    #: since he was told. (What was so before has been weighed: staff is heard all the same.)
    silenced: bool
    status: Status | None
    #: What decides whether the recipient may read the status.
    author_suspended: bool
    follows_author: bool
    blocked_by_author: bool
    mentioned: bool


# One look for each row, whatever PostgreSQL thinks of the tables: see `store.timelines`.
_ONE = "LIMIT 1 OFFSET 0"

# By primary key, with everything that hangs on each.
DEVICES = f"""
    SELECT {push_subscriptions.COLUMNS}, u.locale, a.role_id,
        a.suspended_at IS NULL AND a.deletion_requested_at IS NULL AND NOT a.memorial
          AND u.confirmed_at IS NOT NULL AND u.approved AND NOT u.disabled
          AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2),
        COALESCE(m.last_read_id, 0), COALESCE(m.updated_at, 0),
        EXISTS (SELECT 1 FROM filters f
                WHERE f.account_id = s.account_id AND f.action = 'hide' {_ONE})
    FROM push_subscriptions s
    JOIN accounts a ON a.id = s.account_id
    JOIN users u ON u.account_id = s.account_id
    JOIN access_tokens t ON t.id = s.access_token_id
    LEFT JOIN markers m ON m.account_id = s.account_id AND m.timeline = 'notifications'
    WHERE s.id = ANY($1)
"""


async def devices(db: Reader, subscription_ids: Iterable[int], *, now: int) -> dict[int, Device]:
    """Those subscriptions that are still there. One query."""
    found = {}
    for row in await db.fetch(DEVICES, list(set(subscription_ids)), now):
        *columns, locale, role_id, able, last_read_id, read_at, hides = row
        subscription = push_subscriptions.read(columns)
        found[subscription.id] = Device(
            subscription, locale, role_id, bool(able), last_read_id, read_at, bool(hides)
        )
    return found


_N, _A, _S = len(Notification._fields), accounts.COLUMNS.count(",") + 1, len(Status._fields)
_BETWEEN = 3
# Pairs in one question: engines bound how many values a statement may have.
_MOST = 512


@lru_cache(maxsize=16)
def told_query(pairs: int) -> str:
    """The SQL for so many pairs of recipient and notification; $1 is the time.

    Each pair is one look into the primary key, and everything else one look for each. For
    senders that are suspended or leaving there is no row, nor for what is filtered.
    """
    wanted = ", ".join(f"(${2 * n + 2}::bigint, ${2 * n + 3}::bigint)" for n in range(pairs))
    return f"""
    WITH wanted (account_id, id) AS (VALUES {wanted})
    SELECT n.account_id, {notifications.COLUMNS}, {accounts.COLUMNS},
        EXISTS (SELECT 1 FROM follows
                WHERE account_id = n.account_id AND target_account_id = a.id {_ONE}),
        EXISTS (SELECT 1 FROM follows
                WHERE account_id = a.id AND target_account_id = n.account_id {_ONE}),
        EXISTS (SELECT 1 FROM blocks
                WHERE account_id = a.id AND target_account_id = n.account_id {_ONE})
          OR EXISTS (SELECT 1 FROM blocks
                WHERE account_id = n.account_id AND target_account_id = a.id
                  AND created_at >= n.created_at {_ONE})
          OR EXISTS (SELECT 1 FROM mutes
                WHERE account_id = n.account_id AND target_account_id = a.id
                  AND created_at >= n.created_at
                  AND hide_notifications AND (expires_at IS NULL OR expires_at > $1) {_ONE})
          OR EXISTS (SELECT 1 FROM conversation_mutes
                WHERE account_id = n.account_id AND conversation_id = s.conversation_id
                  AND created_at >= n.created_at {_ONE}),
        {statuses.COLUMNS},
        author.suspended_at IS NOT NULL OR author.deletion_requested_at IS NOT NULL,
        EXISTS (SELECT 1 FROM follows
                WHERE account_id = n.account_id AND target_account_id = s.account_id {_ONE}),
        EXISTS (SELECT 1 FROM blocks
                WHERE account_id = s.account_id AND target_account_id = n.account_id {_ONE}),
        EXISTS (SELECT 1 FROM mentions
                WHERE status_id = s.id AND account_id = n.account_id {_ONE})
    FROM wanted w
    CROSS JOIN notifications n
    CROSS JOIN accounts a
    LEFT JOIN statuses s ON s.id = n.status_id
    LEFT JOIN applications p ON p.id = s.application_id
    LEFT JOIN accounts author ON author.id = s.account_id
    WHERE n.account_id = w.account_id AND n.filtered = FALSE AND n.id = w.id
      AND a.id = n.from_account_id AND {accounts.AVAILABLE}
    """


async def told(
    db: Reader, pairs: Sequence[tuple[int, int]], *, now: int
) -> dict[tuple[int, int], Told]:
    """Those notifications, by recipient and id, that are still there. One query for each 512.

    Asked for in sizes that are powers of two, so that few statements have to be planned.
    """
    everything = sorted(set(pairs))
    found: dict[tuple[int, int], Told] = {}
    for start in range(0, len(everything), _MOST):
        wanted = everything[start : start + _MOST]
        size = 1 << (len(wanted) - 1).bit_length()
        wanted += wanted[-1:] * (size - len(wanted))
        values = [value for pair in wanted for value in pair]
        for row in await db.fetch(told_query(size), now, *values):
            found[row[0], row[1]] = _told(row[1:])
    return found


def _told(row: Row) -> Told:
    notification = Notification._make(row[:_N])
    sender = Account(*row[_N : _N + _A])
    follows, followed, silenced = row[_N + _A : _N + _A + _BETWEEN]
    rest = row[_N + _A + _BETWEEN :]
    return Told(
        notification,
        sender,
        Relation(follows=bool(follows), followed=bool(followed)),
        bool(silenced),
        Status._make(rest[:_S]) if rest[0] is not None else None,
        *(bool(value) for value in rest[_S:]),
    )
