"""Collections: what their owners do, and who is told of it (notifications.md 3.1)."""

from __future__ import annotations

from stentor.actions import notify
from stentor.domain.collections import Collection, CollectionText, check
from stentor.domain.notifications import Event, NotificationType
from stentor.errors import RecordNotFound
from stentor.store import accounts, collections, notifications
from stentor.store.database import Database, Transaction
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import Bus

ADDED = NotificationType.ADDED_TO_COLLECTION
UPDATED = NotificationType.COLLECTION_UPDATE


async def add(
    db: Database, ids: Snowflakes, account_id: int, given: CollectionText, *, now: int
) -> int:
    """A collection with nobody in it; its id. Raises ValidationFailed."""
    checked = check(given)
    collection_id = ids.next(now)
    async with db.transaction() as tx:
        await collections.add(tx, collection_id, account_id, checked, now=now)
    return collection_id


async def change(
    db: Database,
    bus: Bus,
    account_id: int,
    collection_id: int,
    given: CollectionText,
    *,
    now: int,
) -> None:
    """Other words for one's own collection; local members are told if anything changed.

    Raises RecordNotFound, ValidationFailed.
    """
    checked = check(given)
    async with db.transaction() as tx:
        before = await _own(tx, account_id, collection_id)
        if checked == (before.name, before.description, bool(before.sensitive), before.tag):
            return
        await collections.change(tx, collection_id, checked, now=now)
        members = [
            item.account_id
            for item in await collections.items(tx, [collection_id])
            if item.state == "accepted"
        ]
        event = Event(UPDATED, collection_id, account_id, tuple(members), now)
        await notify.notify(tx, bus, event, now=now)


async def remove(db: Database, account_id: int, collection_id: int) -> None:
    """One's own collection goes, with what anybody was told of it. Raises RecordNotFound."""
    async with db.transaction() as tx:
        await _own(tx, account_id, collection_id)
        items = [item.id for item in await collections.items(tx, [collection_id])]
        await notifications.remove_caused(tx, [account_id], ADDED, items)
        await notifications.remove_caused(tx, [account_id], UPDATED, [collection_id])
        await collections.remove(tx, collection_id)


async def add_account(
    db: Database, bus: Bus, account_id: int, collection_id: int, member_id: int, *, now: int
) -> None:
    """Puts somebody into one's own collection, who is told so; again changes nothing.

    Raises RecordNotFound.
    """
    async with db.transaction() as tx:
        await _own(tx, account_id, collection_id)
        member = await accounts.find_shown(tx, member_id)
        if member is None or member.unavailable:
            raise RecordNotFound
        item_id = await collections.add_item(tx, collection_id, member_id, now=now)
        if item_id is not None:
            event = Event(ADDED, item_id, account_id, (member_id,), now)
            await notify.notify(tx, bus, event, now=now)


async def remove_account(db: Database, account_id: int, collection_id: int, member_id: int) -> None:
    """Takes somebody out, with what he was told of it. Raises RecordNotFound."""
    async with db.transaction() as tx:
        await _own(tx, account_id, collection_id)
        item_id = await collections.remove_item(tx, collection_id, member_id)
        if item_id is None:
            raise RecordNotFound
        for type, activity_id in ((ADDED, item_id), (UPDATED, collection_id)):
            await notify.retract(tx, account_id=member_id, type=type, activity_id=activity_id)


async def _own(tx: Transaction, account_id: int, collection_id: int) -> Collection:
    """Raises RecordNotFound for somebody else's too."""
    collection = await collections.hold(tx, collection_id, account_id)
    if collection is None:
        raise RecordNotFound
    return collection
