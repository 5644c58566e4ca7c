"""Event to facts to decision to row, group and news. The heart (notifications.md 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stentor import telemetry
from stentor.actions import grouping
from stentor.actions.grouping import Joining
from stentor.domain import grouped_notifications, ids
from stentor.domain.notification_policies import Decision, Verdict, decide
from stentor.domain.notifications import TRAITS, Event, NotificationType
from stentor.domain.push_subscriptions import PROMISED, wants
from stentor.store import (
    conversations,
    email_deliveries,
    facts,
    notification_decisions,
    notification_inboxes,
    notification_requests,
    notifications,
    push_deliveries,
    push_subscriptions,
)
from stentor.store.database import Transaction
from stentor.store.facts import Recipient
from stentor.store.notification_decisions import NotificationDecision
from stentor.store.notifications import NewNotification
from stentor.store.push_deliveries import Promise
from stentor.streaming.bus import Bus, News

# Nobody asks why he was not told of his own doings, and who is gone asks nothing.
UNREMARKABLE = frozenset({"oneself", "recipient_unavailable"})
# Only these open a request, other filtered types wait silently (notifications.md 6.2); and only
# they may bring a direct message, whose author may quote whom he names.
REQUESTING = frozenset({NotificationType.MENTION, NotificationType.QUOTE})


class _Told(NamedTuple):
    """One recipient who is to be told of one event, and how."""

    event: Event
    recipient: Recipient
    decision: Decision


async def notify(tx: Transaction, bus: Bus, *events: Event, now: int) -> None:
    """Tells every recipient of these events who is to be told; once, whatever is repeated.

    Part of the caller's transaction: nothing is kept or said if that does not commit. The
    number of queries depends on the number of recipients only, and hardly on that for types
    that stand alone in a list. All inboxes are locked at once, in their order: whoever tells
    of several things in one transaction hands them over together.
    """
    told: list[_Told] = []
    dropped: list[NotificationDecision] = []
    # Before anything is read: whoever blocks, mutes or lets in the sender at the same moment
    # holds the inbox too, and has either not begun or is seen.
    await notification_inboxes.touch(tx, _listeners(events))
    for event, recipient in await _recipients(tx, events, now=now):
        decision = decide(event.type, recipient.facts, recipient.policy)
        telemetry.count(
            telemetry.Metric.NOTIFICATION_DECIDED,
            type=event.type.value,
            verdict=decision.verdict.name.lower(),
            reason=decision.reason,
        )
        one = _Told(event, recipient, decision)
        if decision.verdict is not Verdict.DROP:
            told.append(one)
        elif decision.reason not in UNREMARKABLE:
            dropped.append(_noted(one, None, now=now))
    if not told:
        await notification_decisions.add(tx, dropped)
        return
    await _retract_older(tx, told)
    numbers = await tx.next_ids("notification", len(told))
    kept = await _keep(tx, list(zip(numbers, told, strict=True)), now=now)
    await _promise_emails(tx, kept, now=now)
    noted = [_noted(one, number, now=now) for number, one in kept]
    await notification_decisions.add(tx, dropped + noted)
    for promise in (await _promise_pushes(tx, kept, now=now))[:1]:  # to wake the senders, once
        news = News(promise.account_id, PROMISED, promise.notification_id)
        tx.after_commit(bus.publish, news)
    for number, one in kept:
        if one.decision.verdict is Verdict.ACCEPT:
            account_id = one.recipient.account_id
            if _brings_message(one):
                tx.after_commit(
                    bus.publish, News(account_id, "conversation", one.event.status_id or 0)
                )
            tx.after_commit(bus.publish, News(account_id, "notification", number))


def _listeners(events: Iterable[Event]) -> set[int]:
    """Whose lists may change: nobody's by what he does himself, but for the types that may."""
    return {
        one
        for event in events
        for one in event.recipients
        if one != event.from_account_id or TRAITS[event.type].from_oneself
    }


async def _recipients(
    tx: Transaction, events: Sequence[Event], *, now: int
) -> list[tuple[Event, Recipient]]:
    """Each event with each of its recipients who exists, by rising id of the account.

    Events of one sender about one status cost one round of queries together.
    """
    alike: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        key = (event.type, event.from_account_id, event.status_id, event.silenced)
        alike.setdefault(key, []).append(event)
    groups = list(alike.values())
    together = [_together(group) for group in groups]
    found: list[tuple[Event, Recipient]] = []
    for group, loaded in zip(groups, await facts.load(tx, together, now=now), strict=True):
        if len(group) == 1:
            found += [(group[0], one) for one in loaded]
            continue
        by_id = {one.account_id: one for one in loaded}
        found += [
            (event, by_id[one]) for event in group for one in event.recipients if one in by_id
        ]
    return found


def _together(alike: list[Event]) -> Event:
    """One event with the recipients of all of them."""
    if len(alike) == 1:
        return alike[0]
    everyone = tuple(one for event in alike for one in event.recipients)
    return alike[0]._replace(recipients=everyone)


def _noted(one: _Told, notification_id: int | None, *, now: int) -> NotificationDecision:
    event, recipient, decision = one
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


async def _retract_older(tx: Transaction, told: Sequence[_Told]) -> None:
    """What a newer word about the same thing replaces goes first (edits)."""
    older: dict[tuple[NotificationType, int], list[int]] = {}
    for event, recipient, _ in told:
        if TRAITS[event.type].replaces:
            older.setdefault((event.type, event.activity_id), []).append(recipient.account_id)
    for (type_, activity_id), account_ids in older.items():
        await notifications.remove_activity(tx, account_ids, type_, activity_id)


async def _keep(
    tx: Transaction, told: list[tuple[int, _Told]], *, now: int
) -> list[tuple[int, _Told]]:
    """Keeps notifications by their ids, with groups and requests; those that were new."""
    rows: list[NewNotification] = []
    joining: list[Joining] = []
    for number, one in told:
        event, recipient, decision = one
        row = NewNotification(
            recipient.account_id,
            decision.verdict is Verdict.FILTER,
            number,
            event.type.value,
            event.activity_id,
            recipient.from_account_id,
            event.status_id,
            None,
            decision.reason,
            now,
        )
        prefix = grouped_notifications.prefix(event.type, event.status_id)
        if prefix is None or row.filtered:
            rows.append(row)
        else:
            joining.append(Joining(row, prefix, event.created_at))
    added = await grouping.add(tx, rows, joining, now=now)
    kept = [(number, one) for number, one in told if number in added]
    for number, one in kept:
        await _announce(tx, number, one, now=now)
    return kept


async def _announce(tx: Transaction, number: int, one: _Told, *, now: int) -> None:
    """What a new notification brings with it: the request, or the direct message."""
    event, recipient, decision = one
    if decision.verdict is Verdict.FILTER:
        if event.type in REQUESTING:
            await notification_requests.touch(
                tx,
                request_id=ids.snowflake(now, number),
                account_id=recipient.account_id,
                from_account_id=recipient.from_account_id,
                now=now,
            )
    elif _brings_message(one) and event.status_id:
        await conversations.add_direct_mention(tx, recipient.account_id, event.status_id)


def _brings_message(one: _Told) -> bool:
    """True if it is about a direct message, which goes into the recipient's conversations."""
    event = one.event
    return event.type in REQUESTING and one.recipient.direct and event.status_id is not None


async def _promise_pushes(
    tx: Transaction, kept: Sequence[tuple[int, _Told]], *, now: int
) -> list[Promise]:
    """Keeps, for each device that wants to be told, that it will be (notifications.md 8.3).

    Asks nothing if none of the recipients has a device, else two questions for all of them.
    """
    shown = [
        (number, one)
        for number, one in kept
        if one.decision.verdict is Verdict.ACCEPT and one.recipient.has_push
    ]
    devices = await push_subscriptions.of_accounts(
        tx, {one.recipient.account_id for _, one in shown}
    )
    promises = [
        Promise(one.recipient.account_id, number, subscription_id)
        for number, one in shown
        for subscription_id, preferences in devices.get(one.recipient.account_id, ())
        if wants(preferences, one.event.type, one.recipient.relation)
    ]
    await push_deliveries.add(tx, promises, now=now)
    return promises


async def _promise_emails(tx: Transaction, kept: list[tuple[int, _Told]], *, now: int) -> None:
    """Promises e-mails to those who want one about it; one statement, none if nobody does."""
    if not tx.mails:
        return
    mailed = [
        (one.recipient.account_id, number)
        for number, one in kept
        if one.decision.verdict is Verdict.ACCEPT and one.event.type in one.recipient.emails
    ]
    if mailed:
        account_ids = list(dict.fromkeys(account_id for account_id, _ in mailed))
        await email_deliveries.add(tx, account_ids, [number for _, number in mailed], now=now)


async def retract(
    tx: Transaction, *, account_id: int, type: NotificationType, activity_id: int
) -> None:
    """Takes back what an undone activity had caused for one account, if anything."""
    await notifications.remove_activity(tx, [account_id], type, activity_id)


async def forget_sender(tx: Transaction, *, account_id: int, from_account_id: int) -> None:
    """Removes all notifications and the request that an account has from a sender."""
    await notifications.remove_from(tx, account_id, from_account_id)


async def forget_domain(tx: Transaction, *, account_id: int, domain: str) -> None:
    """Removes all notifications, requests and permissions that an account has from a domain."""
    await notifications.remove_from_domain(tx, account_id, domain)


async def forget_poll(tx: Transaction, status_id: int) -> None:
    """Removes whatever anybody was told about the end of a status's poll."""
    await notifications.remove_about(tx, [status_id], NotificationType.POLL)


async def forget_statuses(tx: Transaction, status_ids: Iterable[int]) -> None:
    """Removes whatever anybody was told about those statuses; call it before deleting them."""
    await notifications.remove_about(tx, status_ids)
