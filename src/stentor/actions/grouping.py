"""Notifications are added, and those that group join their groups, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain import grouped_notifications
from stentor.store import notification_groups, notifications
from stentor.store.database import Transaction
from stentor.store.notification_groups import Group, Member
from stentor.store.notifications import NewNotification


class Joining(NamedTuple):
    """A notification that is to join a group of a prefix; its key is not known yet."""

    row: NewNotification
    prefix: str
    activity_at: int


async def add(
    tx: Transaction, alone: Sequence[NewNotification], joining: Sequence[Joining], *, now: int
) -> set[int]:
    """Keeps notifications; the ids of those whose activity had not been told of already.

    Both by rising ids, whose inboxes the caller holds. The number of statements does not depend
    on how many there are.
    """
    if not joining:
        return await notifications.add(tx, alone)
    groups = await _groups(tx, joining, now=now)
    rows = [
        one.row._replace(group_key=group.group_key)
        for one, group in zip(joining, groups, strict=True)
    ]
    added = await notifications.add(tx, [*alone, *rows])
    for row, group in zip(rows, groups, strict=True):
        if row.id in added:
            notification_groups.join(
                group,
                Member(
                    row.account_id, row.id, row.type, row.from_account_id, row.status_id,
                    row.created_at,
                ),
            )  # fmt: skip
    await notification_groups.write(tx, {id(one): one for one in groups}.values())
    return added


async def _groups(tx: Transaction, joining: Sequence[Joining], *, now: int) -> list[Group]:
    """The group of each of them, in their order; one that must be begun is not kept yet."""
    slots = [(one.row.account_id, one.prefix) for one in joining]
    hours = [grouped_notifications.hour(one.activity_at, now=now) for one in joining]
    last = await notification_groups.find_open(
        tx, [(*slot, hour) for slot, hour in zip(slots, hours, strict=True)]
    )
    # Whoever does not join the last group may still join an earlier one, named by his hour.
    leaving = {
        slot
        for slot, one in zip(slots, joining, strict=True)
        if slot in last and _bucket(one, last[slot], now=now) != last[slot].open.bucket
    }
    earlier = [
        (slot[0], grouped_notifications.key(slot[1], hour))
        for slot, hour in zip(slots, hours, strict=True)
        if slot in leaving
    ]
    known = {(one.account_id, one.group_key): one for one in last.values()}
    known = await notification_groups.find(tx, earlier) | known
    found = []
    for slot, one in zip(slots, joining, strict=True):
        bucket = _bucket(one, last.get(slot), now=now)
        key = (slot[0], grouped_notifications.key(one.prefix, bucket))
        group = known.get(key)
        if group is None:
            group = known[key] = notification_groups.begin(*key, bucket, now=now)
        group.open = group.open._replace(newest_at=now)
        last[slot] = group
        found.append(group)
    return found


def _bucket(one: Joining, last: Group | None, *, now: int) -> int:
    return grouped_notifications.bucket(
        one.activity_at, None if last is None else last.open, now=now
    )
