"""Event to facts to decision to row, group and news. The heart (notifications.md 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable

from stentor import telemetry
from stentor.domain import grouped_notifications, ids
from stentor.domain.notification_policies import Decision, Verdict, decide
from stentor.domain.notifications import TRAITS, Event, NotificationType
from stentor.store import (
    conversations,
    facts,
    notification_decisions,
    notification_groups,
    notification_inboxes,
    notification_requests,
    notifications,
)
from stentor.store.database import Transaction
from stentor.store.facts import Recipient
from stentor.store.notification_decisions import NotificationDecision
from stentor.store.notification_groups import Member
from stentor.streaming.bus import Bus, News

# Nobody asks why he was not told of his own doings, and who is gone asks nothing.
UNREMARKABLE = frozenset({"oneself", "recipient_unavailable"})
# Only these open a request; other filtered types wait silently (notifications.md 6.2).
REQUESTING = frozenset({NotificationType.MENTION, NotificationType.QUOTE})


async def notify(tx: Transaction, bus: Bus, event: Event, *, now: int) -> None:
    """Tells every recipient of an event who is to be told; once, whatever is repeated.

    Part of the caller's transaction: nothing is kept or said if that does not commit. The
    number of queries depends on the number of recipients only.
    """
    told: list[tuple[Recipient, Decision]] = []
    dropped: list[NotificationDecision] = []
    for recipient in await facts.load(tx, event, now=now):
        decision = decide(event.type, recipient.facts, recipient.policy)
        telemetry.count(
            telemetry.Metric.NOTIFICATION_DECIDED,
            type=event.type.value,
            verdict=decision.verdict.name.lower(),
            reason=decision.reason,
        )
        if decision.verdict is not Verdict.DROP:
            told.append((recipient, decision))
        elif decision.reason not in UNREMARKABLE:
            dropped.append(_noted(event, recipient, decision, now=now))
    await notification_decisions.add(tx, dropped)
    if not told:
        return
    await notification_inboxes.touch(tx, [recipient.account_id for recipient, _ in told])
    numbers = await tx.next_ids("notification", len(told))
    for notification_id, (recipient, decision) in zip(numbers, told, strict=True):
        if TRAITS[event.type].replaces:
            await retract(
                tx,
                account_id=recipient.account_id,
                type=event.type,
                activity_id=event.activity_id,
            )
        await _keep(tx, bus, event, recipient, decision, notification_id=notification_id, now=now)


def _noted(
    event: Event,
    recipient: Recipient,
    decision: Decision,
    *,
    now: int,
    notification_id: int | None = None,
) -> NotificationDecision:
    return NotificationDecision(
        0,
        recipient.account_id,
        recipient.from_account_id,
        event.type.value,
        event.activity_id,
        event.status_id,
        notification_id,
        int(decision.verdict),
        decision.reason,
        now,
    )


async def _keep(
    tx: Transaction,
    bus: Bus,
    event: Event,
    recipient: Recipient,
    decision: Decision,
    *,
    notification_id: int,
    now: int,
) -> None:
    filtered = decision.verdict is Verdict.FILTER
    member = Member(
        account_id=recipient.account_id,
        id=notification_id,
        type=event.type.value,
        from_account_id=recipient.from_account_id,
        status_id=event.status_id,
        created_at=now,
    )
    prefix = None if filtered else grouped_notifications.prefix(event.type, event.status_id)
    key, bucket = None, 0
    if prefix is not None:
        last = await notification_groups.find_open(tx, member.account_id, prefix)
        bucket = grouped_notifications.bucket(event.created_at, last, now=now)
        key = f"{prefix}-{bucket}"
    added = await notifications.add(
        tx,
        member,
        activity_id=event.activity_id,
        filtered=filtered,
        group_key=key,
        reason=decision.reason,
    )
    if not added:
        return
    noted = _noted(event, recipient, decision, now=now, notification_id=notification_id)
    await notification_decisions.add(tx, [noted])
    if filtered:
        if event.type in REQUESTING:
            await notification_requests.touch(
                tx,
                request_id=ids.snowflake(now, notification_id),
                account_id=member.account_id,
                from_account_id=member.from_account_id,
                now=now,
            )
        return
    if key is not None and prefix is not None:
        await notification_groups.join(tx, member, group_key=key, prefix=prefix, bucket=bucket)
    if event.type is NotificationType.MENTION and recipient.direct and event.status_id:
        await conversations.add_direct_mention(tx, member.account_id, event.status_id)
    tx.after_commit(bus.publish, News(member.account_id, "notification", notification_id))


async def retract(
    tx: Transaction, *, account_id: int, type: NotificationType, activity_id: int
) -> None:
    """Takes back what an undone activity had caused for one account, if anything."""
    await notifications.remove_activity(tx, account_id, type, activity_id)


async def forget_sender(tx: Transaction, *, account_id: int, from_account_id: int) -> None:
    """Removes all notifications and the request that an account has from a sender."""
    await notifications.remove_from(tx, account_id, from_account_id)


async def forget_domain(tx: Transaction, *, account_id: int, domain: str) -> None:
    """Removes all notifications, requests and permissions that an account has from a domain."""
    await notifications.remove_from_domain(tx, account_id, domain)


async def forget_statuses(tx: Transaction, status_ids: Iterable[int]) -> None:
    """Removes whatever anybody was told about those statuses; call it before deleting them."""
    await notifications.remove_about(tx, status_ids)
