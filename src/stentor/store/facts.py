"""Everything that the decision needs, for all recipients of an event at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stentor.domain import emails, roles
from stentor.domain.accounts import BOTS
from stentor.domain.notification_policies import (
    FOLLOWER_AGE,
    NEW_ACCOUNT_AGE,
    Facts,
    NotificationPolicy,
    Verdict,
)
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.push_subscriptions import Relation
from stentor.store.database import Row, Transaction


class Recipient(NamedTuple):
    """One recipient of an event: whom he hears of, what is known, and what he wants."""

    account_id: int
    from_account_id: int
    facts: Facts
    policy: NotificationPolicy
    #: The status is a direct message.
    direct: bool = False
    #: How the two stand to each other, as push subscriptions ask for it: whatever its age.
    relation: Relation = Relation(follows=False, followed=False)
    #: He has devices that want to be told, and is not locked out (weakness C-41).
    has_push: bool = False
    #: The types that he wants to be told of by e-mail.
    emails: frozenset[NotificationType] = frozenset()


# The row of a recipient ($1): he, the sender ($2, himself if null), the status ($3), and
# what stands between them, each a look into a unique index. PostgreSQL, which estimates, would
# join it by reading whomever the sender follows and all who follow him.
LOAD = """
    SELECT a.id, a.suspended_at, a.deletion_requested_at, a.role_id, u.account_id,
           f.id, f.actor_type, f.role_id, f.silenced_at, f.created_at, f.first_seen_at,
           s.visibility,
           (SELECT t.id FROM follows t WHERE t.account_id = a.id AND t.target_account_id = f.id),
           (SELECT t.created_at FROM follows t
            WHERE t.account_id = f.id AND t.target_account_id = a.id),
           (SELECT t.id FROM blocks t WHERE t.account_id = a.id AND t.target_account_id = f.id),
           (SELECT t.id FROM account_domain_blocks t
            WHERE t.account_id = a.id AND t.domain = f.domain AND f.domain <> ''),
           (SELECT t.id FROM mutes t WHERE t.account_id = a.id AND t.target_account_id = f.id
              AND t.hide_notifications AND (t.expires_at IS NULL OR t.expires_at > $4)),
           (SELECT t.account_id FROM conversation_mutes t
            WHERE t.account_id = a.id AND t.conversation_id = s.conversation_id),
           (SELECT t.account_id FROM notification_permissions t
            WHERE t.account_id = a.id AND t.from_account_id = f.id),
           u.notification_emails,
           p.for_not_following, p.for_not_followers, p.for_new_accounts,
           p.for_private_mentions, p.for_limited_accounts, p.for_bots,
           NOT COALESCE(u.disabled, FALSE)
             AND EXISTS (SELECT 1 FROM push_subscriptions
                         WHERE account_id = a.id LIMIT 1 OFFSET 0),
           $2::bigint, $3::bigint
    FROM accounts a
    JOIN accounts f ON f.id = COALESCE($2::bigint, a.id)
    LEFT JOIN users u ON u.account_id = a.id
    LEFT JOIN statuses s ON s.id = $3
    LEFT JOIN notification_policies p ON p.account_id = a.id
    WHERE a.id = $1
"""

# Those recipients ($1) who block or mute (hiding notifications) somebody whom the status ($2)
# names or answers.
AMONG_HIDDEN = """
    WITH named (id) AS (
        SELECT account_id FROM mentions WHERE status_id = $2 AND NOT silent
        UNION SELECT in_reply_to_account_id FROM statuses
              WHERE id = $2 AND in_reply_to_account_id IS NOT NULL
    )
    SELECT b.account_id FROM blocks b
    WHERE b.account_id = ANY($1) AND b.target_account_id IN (SELECT id FROM named)
    UNION
    SELECT m.account_id FROM mutes m
    WHERE m.account_id = ANY($1) AND m.target_account_id IN (SELECT id FROM named)
      AND m.hide_notifications AND (m.expires_at IS NULL OR m.expires_at > $3)
"""

# Those recipients ($1) who wrote, somewhere above the status ($2), a direct status that mentions
# the sender ($3). The parent and 100 further ancestors are looked at, so a cycle ends too.
ANSWERED = """
    WITH RECURSIVE above (id, depth) AS (
        SELECT in_reply_to_id, 0 FROM statuses WHERE id = $2
        UNION
        SELECT s.in_reply_to_id, above.depth + 1 FROM above JOIN statuses s ON s.id = above.id
        WHERE above.depth < 100
    )
    SELECT DISTINCT s.account_id FROM above CROSS JOIN statuses s CROSS JOIN mentions m
    WHERE s.id = above.id AND s.visibility = 'direct' AND s.account_id = ANY($1)
      AND m.status_id = s.id AND m.account_id = $3 AND NOT m.silent
"""


#: The sender, if there is one, and the status that something is about.
_Subject = tuple[int | None, int | None]
_WORDS = (NotificationType.MENTION, NotificationType.QUOTE)


async def load(tx: Transaction, events: Sequence[Event], *, now: int) -> list[list[Recipient]]:
    """For each of the events its recipients that exist, by rising id.

    One query for all of them, and at most two more for each that brings words.
    """
    # Of one sender and one status, the same is known whatever the event.
    people: dict[_Subject, dict[int, None]] = {}
    for event in events:
        everyone = people.setdefault((event.from_account_id, event.status_id), {})
        everyone.update(dict.fromkeys(event.recipients))
    wanted = [(one, *subject, now) for subject, everyone in people.items() for one in everyone]
    known: dict[_Subject, dict[int, Row]] = {subject: {} for subject in people}
    for row in await tx.fetch_many(LOAD, wanted):
        known[row[-2], row[-1]][row[0]] = row
    found = []
    for event in events:
        of_subject = known[event.from_account_id, event.status_id]
        rows = [of_subject[one] for one in sorted({*event.recipients} & of_subject.keys())]
        found.append(await _recipients(tx, event, rows, now=now))
    return found


async def _recipients(
    tx: Transaction, event: Event, rows: list[Row], *, now: int
) -> list[Recipient]:
    hidden: set[int] = set()
    answered: set[int] | None = None
    everyone = [row[0] for row in rows]
    if event.status_id is not None and rows:
        if event.type is NotificationType.MENTION:
            hiding = await tx.fetch(AMONG_HIDDEN, everyone, event.status_id, now)
            hidden = {row[0] for row in hiding}
        # Whoever is quoted hears of that and of no mention: it is a private message all the same.
        if event.type in _WORDS and rows[0][11] == "direct":
            above = await tx.fetch(ANSWERED, everyone, event.status_id, event.from_account_id)
            answered = {row[0] for row in above}
    return [_recipient(row, event, hidden, answered, now) for row in rows]


def _recipient(
    row: Any, event: Event, hidden: set[int], answered: set[int] | None, now: int
) -> Recipient:
    (
        account_id, suspended_at, deletion_requested_at, role_id, user_id,
        from_id, actor_type, from_role_id, silenced_at, created_at, first_seen_at,
        visibility, follow_id, follower_since, block_id, domain_block_id, mute_id, muted,
        permission, notification_emails, *policy, has_push, _, _,
    ) = row  # fmt: skip
    facts = Facts(
        unavailable=(
            suspended_at is not None or deletion_requested_at is not None or user_id is None
        ),
        oneself=account_id == from_id,
        staff=roles.is_staff_to(roles.get(from_role_id), roles.get(role_id)),
        following=follow_id is not None,
        follower_ok=follower_since is not None and follower_since <= now - FOLLOWER_AGE,
        blocks=block_id is not None,
        blocks_domain=domain_block_id is not None,
        mutes=mute_id is not None,
        mutes_conversation=muted is not None,
        among_hidden=account_id in hidden,
        permitted=permission is not None,
        limited=silenced_at is not None or event.silenced,
        # What another server claims counts only from when we first saw it (weakness C-39).
        new_account=max(created_at, first_seen_at) > now - NEW_ACCOUNT_AGE,
        bot=actor_type in BOTS,
        private_unsolicited=answered is not None and account_id not in answered,
    )
    return Recipient(
        account_id,
        from_id,
        facts,
        _policy(policy),
        direct=visibility == "direct",
        relation=Relation(follows=follow_id is not None, followed=follower_since is not None),
        has_push=bool(has_push),
        emails=emails.wanted(notification_emails),
    )


def _policy(columns: list[int | None]) -> NotificationPolicy:
    if columns[0] is None:
        return NotificationPolicy()
    values = [Verdict(value or 0) for value in columns]
    return NotificationPolicy(
        for_not_following=values[0],
        for_not_followers=values[1],
        for_new_accounts=values[2],
        for_private_mentions=values[3],
        for_limited_accounts=values[4],
        for_bots=values[5],
    )
