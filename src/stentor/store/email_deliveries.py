"""E-mails that are promised: written with what they tell of, claimed, sent, and then gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain import emails
from stentor.domain.moderation import AccountWarning
from stentor.store import presences
from stentor.store.database import Reader, Transaction

#: Rows that one call of the housekeeping removes at most.
MOST = 500


# ---------------------------------------------------------------- promising

# Of these notifications ($2) of these people ($1), as far as they are not filtered, those whose
# recipient always wants e-mails, or is not there: no stream since $5, and no device that could be
# reached since $6 (C-26).
ADD = """
    INSERT INTO email_deliveries (account_id, kind, about_id, run_at, created_at)
    SELECT n.account_id, 'notification', n.id, $3, $4
    FROM notifications n
    JOIN users u ON u.account_id = n.account_id
    LEFT JOIN presences p ON p.account_id = n.account_id
    WHERE n.account_id = ANY($1) AND n.filtered = FALSE AND n.id = ANY($2)
      AND (u.always_send_emails
           OR ((p.seen_at IS NULL OR p.seen_at <= $5)
               AND NOT EXISTS (SELECT 1 FROM push_subscriptions s
                               JOIN access_tokens t ON t.id = s.access_token_id
                               WHERE s.account_id = n.account_id AND t.revoked_at IS NULL
                                 AND (t.expires_at IS NULL OR t.expires_at > $4)
                                 AND (s.failing_since IS NULL OR s.failing_since > $6))))
    ON CONFLICT DO NOTHING
"""
ADD_WARNING = """
    INSERT INTO email_deliveries (account_id, kind, about_id, run_at, created_at)
    VALUES ($1, 'warning', $2, $3, $3) ON CONFLICT DO NOTHING
"""


async def add(
    tx: Transaction, account_ids: list[int], notification_ids: list[int], *, now: int
) -> None:
    """Promises an e-mail about each of these notifications whose recipient is not there.

    Whether he wants to hear of the type at all has been asked before. One statement.
    """
    await tx.run(
        ADD,
        account_ids,
        notification_ids,
        now + emails.DELAY,
        now,
        now - presences.ONLINE,
        now - emails.PUSH_PATIENCE,
    )


async def add_warning(tx: Transaction, account_id: int, warning_id: int, *, now: int) -> None:
    """Promises an e-mail about a moderator's decision, at once and whatever is set."""
    await tx.run(ADD_WARNING, account_id, warning_id, now)


# ---------------------------------------------------------------- claiming


class Delivery(NamedTuple):
    """One promise that is being worked on. ``lease`` says that it is ours until then."""

    account_id: int
    kind: str
    about_id: int
    attempts: int
    created_at: int
    lease: int


# By the index of what is due.
DUE = "SELECT 1 FROM email_deliveries WHERE given_up_at IS NULL AND run_at <= $1 LIMIT 1"
# What is due, longest first; rows that somebody else is just taking are stepped over. As a common
# table that locks, it is worked out once, however the rest is planned.
CLAIM = """
    WITH due AS (
      SELECT account_id, kind, about_id FROM email_deliveries
      WHERE given_up_at IS NULL AND run_at <= $1 ORDER BY run_at LIMIT $3
      FOR UPDATE SKIP LOCKED)
    UPDATE email_deliveries SET run_at = $2, attempts = attempts + 1
    WHERE (account_id, kind, about_id) IN (SELECT account_id, kind, about_id FROM due)
    RETURNING account_id, kind, about_id, attempts, created_at, run_at
"""


async def due(db: Reader, *, now: int) -> bool:
    """True if anything is due."""
    return await db.fetch_value(DUE, now) is not None


async def claim(tx: Transaction, most: int, *, until: int, now: int) -> list[Delivery]:
    """Takes what is due, oldest first, for nobody else to take before ``until``."""
    rows = await tx.fetch(CLAIM, now, until, most)
    return sorted((Delivery._make(row) for row in rows), key=lambda one: one.created_at)


# ---------------------------------------------------------------- what became of it

_KEY = "account_id = $1 AND kind = $2 AND about_id = $3"
# Only while it is still ours: after the lease somebody else may be at it.
_OURS = f"{_KEY} AND run_at = $4"


async def finish(tx: Transaction, delivery: Delivery) -> None:
    """It was sent, or there is nothing to send any more."""
    await tx.run(f"DELETE FROM email_deliveries WHERE {_KEY}", *delivery[:3])


async def postpone(tx: Transaction, delivery: Delivery, run_at: int, problem: str) -> None:
    """It is tried again then."""
    await tx.run(
        f"UPDATE email_deliveries SET run_at = $5, problem = $6 WHERE {_OURS}",
        *delivery[:3],
        delivery.lease,
        run_at,
        problem,
    )


async def give_back(tx: Transaction, deliveries: Sequence[Delivery], run_at: int) -> None:
    """They were not tried: nothing is counted against them."""
    await tx.run_many(
        "UPDATE email_deliveries SET run_at = $5, attempts = attempts - 1 WHERE " + _OURS,
        [(*one[:3], one.lease, run_at) for one in deliveries],
    )


async def give_up(tx: Transaction, delivery: Delivery, problem: str, *, now: int) -> None:
    """Nobody tries again; the row stays for some days, to be looked at."""
    await tx.run(
        f"UPDATE email_deliveries SET given_up_at = $5, problem = $6 WHERE {_OURS}",
        *delivery[:3],
        delivery.lease,
        now,
        problem,
    )


# By the index of what was given up.
SWEEP = """
    DELETE FROM email_deliveries WHERE (account_id, kind, about_id) IN (
      SELECT account_id, kind, about_id FROM email_deliveries
      WHERE given_up_at IS NOT NULL AND given_up_at <= $1 LIMIT $2)
"""


async def old_email_problems(tx: Transaction, *, now: int) -> int:
    """Forgets what was given up a week ago; how many."""
    return await tx.run(SWEEP, now - emails.PROBLEMS_KEPT, MOST)


# ---------------------------------------------------------------- what is known when it is sent


class Addressee(NamedTuple):
    """Whom an e-mail goes to."""

    account_id: int
    username: str
    email: str
    locale: str
    #: Confirmed, and neither leaving nor remembered: his mailbox may be written to.
    reachable: bool
    #: He may sign in, too: approved, not disabled, not suspended.
    functional: bool
    always: bool
    notification_emails: str
    #: The highest notification he has read.
    last_read_id: int


# By primary keys.
ADDRESSEES = """
    SELECT a.id, a.username, u.email, u.locale,
           u.confirmed_at IS NOT NULL AND a.deletion_requested_at IS NULL AND NOT a.memorial,
           u.approved AND NOT u.disabled AND a.suspended_at IS NULL,
           u.always_send_emails, u.notification_emails, COALESCE(m.last_read_id, 0)
    FROM accounts a JOIN users u ON u.account_id = a.id
    LEFT JOIN markers m ON m.account_id = a.id AND m.timeline = 'notifications'
    WHERE a.id = ANY($1)
"""


async def addressees(db: Reader, account_ids: Sequence[int]) -> dict[int, Addressee]:
    """Those people, as far as they are still there. One query."""
    found = await db.fetch(ADDRESSEES, list(set(account_ids)))
    return {row[0]: Addressee._make(row) for row in found}


class Told(NamedTuple):
    """A notification that an e-mail is about, as it stands now."""

    account_id: int
    id: int
    type: str
    from_account_id: int
    status_id: int | None
    conversation_id: int | None
    conversation_at: int | None
    #: Its sender is gone or suspended, or is blocked or muted now.
    silenced: bool


# By unique keys: the notification's, the pair of recipient and sender, the status, its thread.
TOLD = """
    SELECT n.account_id, n.id, n.type, n.from_account_id, n.status_id, c.id, c.created_at,
           f.suspended_at IS NOT NULL OR f.deletion_requested_at IS NOT NULL
             OR b.id IS NOT NULL OR back.id IS NOT NULL OR m.id IS NOT NULL
             OR d.id IS NOT NULL OR muted.account_id IS NOT NULL
    FROM notifications n
    JOIN accounts f ON f.id = n.from_account_id
    LEFT JOIN statuses s ON s.id = n.status_id
    LEFT JOIN conversations c ON c.id = s.conversation_id
    LEFT JOIN blocks b ON b.account_id = n.account_id AND b.target_account_id = f.id
    LEFT JOIN blocks back ON back.account_id = f.id AND back.target_account_id = n.account_id
    LEFT JOIN mutes m ON m.account_id = n.account_id AND m.target_account_id = f.id
          AND m.hide_notifications AND (m.expires_at IS NULL OR m.expires_at > $3)
    LEFT JOIN account_domain_blocks d
           ON d.account_id = n.account_id AND d.domain = f.domain AND f.domain <> ''
    LEFT JOIN conversation_mutes muted
           ON muted.account_id = n.account_id AND muted.conversation_id = s.conversation_id
    WHERE n.account_id = ANY($1) AND n.filtered = FALSE AND n.id = ANY($2)
"""


async def told(
    db: Reader, account_ids: Sequence[int], notification_ids: Sequence[int], *, now: int
) -> dict[tuple[int, int], Told]:
    """Those notifications by recipient and id, as far as they are still shown. One query."""
    rows = await db.fetch(TOLD, list(set(account_ids)), list(set(notification_ids)), now)
    return {(row[0], row[1]): Told._make(row) for row in rows}


# By primary key.
WARNINGS = f"""
    SELECT {", ".join(AccountWarning._fields)} FROM account_warnings WHERE id = ANY($1)
"""


async def warnings(db: Reader, ids: Sequence[int]) -> dict[int, AccountWarning]:
    """Those strikes, whomever they concern. One query."""
    rows = await db.fetch(WARNINGS, list(ids))
    return {row[0]: AccountWarning._make(row) for row in rows}
