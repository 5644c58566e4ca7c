"""Collections: what their owners do, and who is told of it (notifications.md 3.1).

Whoever changes a collection holds its row first. Somebody else's raises NotAllowed, as everybody
may know of a collection; one that is not there RecordNotFound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stentor.actions import notify
from stentor.domain import limits
from stentor.domain.accounts import Account
from stentor.domain.collections import (
    REVOKED,
    Collection,
    CollectionItem,
    CollectionText,
    check,
    may_feature,
    text_of,
)
from stentor.domain.notifications import Event, NotificationType
from stentor.errors import NotAllowed, RecordNotFound, ValidationFailed
from stentor.store import accounts, collections, notifications, relationships
from stentor.store.database import Database, Transaction
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import Bus

ADDED = NotificationType.ADDED_TO_COLLECTION
UPDATED = NotificationType.COLLECTION_UPDATE


async def add(
    db: Database,
    bus: Bus,
    ids: Snowflakes,
    account_id: int,
    given: CollectionText,
    *,
    member_ids: Iterable[int] = (),
    now: int,
) -> int:
    """A collection with these accounts in it, who are told so; its id. Raises ValidationFailed."""
    checked = check(given)
    members = list(dict.fromkeys(member_ids))

    async def write(collection_id: int) -> int:
        async with db.transaction() as tx:
            await accounts.hold(tx, [account_id])
            if await collections.count(tx, account_id) >= limits.COLLECTIONS:
                raise ValidationFailed("You have reached the limit of collections")
            await collections.add(tx, collection_id, account_id, checked, now=now)
            owned = await _own(tx, account_id, collection_id)
            await _add_accounts(tx, bus, owned, members, now=now)
        return collection_id

    return await ids.use(now, write)


async def change(
    db: Database,
    bus: Bus,
    account_id: int,
    collection_id: int | None,
    changed: Callable[[CollectionText], CollectionText],
    *,
    now: int,
) -> None:
    """Other words for one's own collection, made of those that it has.

    Local members are told, unless nothing changed but its language and where it is found. Raises
    RecordNotFound, NotAllowed, ValidationFailed.
    """
    async with db.transaction() as tx:
        owned = await _own(tx, account_id, collection_id)
        before = text_of(owned)
        checked = check(changed(before))
        if checked == before:
            return
        await collections.change(tx, owned.id, checked, now=now)
        if checked.told == before.told:
            return
        members = [
            item.account_id
            for item in await collections.items(tx, [owned.id])
            if item.state == "accepted"
        ]
        event = Event(UPDATED, owned.id, account_id, tuple(members), now)
        await notify.notify(tx, bus, event, now=now)


async def remove(db: Database, account_id: int, collection_id: int | None) -> None:
    """One's own collection goes, with what anybody was told of it.

    Raises RecordNotFound, NotAllowed.
    """
    async with db.transaction() as tx:
        owned = await _own(tx, account_id, collection_id)
        items = [item.id for item in await collections.items(tx, [owned.id])]
        await notifications.remove_caused(tx, [account_id], ADDED, items)
        await notifications.remove_caused(tx, [account_id], UPDATED, [owned.id])
        await collections.remove(tx, owned.id)


async def add_account(
    db: Database,
    bus: Bus,
    account_id: int,
    collection_id: int | None,
    member_id: int | None,
    *,
    now: int,
) -> CollectionItem:
    """Puts somebody into one's own collection, who is told so; again changes nothing.

    Raises RecordNotFound, NotAllowed, ValidationFailed for one who cannot be put there.
    """
    async with db.transaction() as tx:
        owned = await _own(tx, account_id, collection_id)
        wanted = [] if member_id is None else [member_id]
        await _add_accounts(tx, bus, owned, wanted, now=now)
        for item in await collections.items(tx, [owned.id]):
            if item.account_id == member_id:
                return item
        raise ValidationFailed("Account can't be blank")


async def _add_accounts(
    tx: Transaction, bus: Bus, owned: Collection, member_ids: list[int], *, now: int
) -> None:
    inside = {item.account_id: item for item in await collections.items(tx, [owned.id])}
    fresh = [one for one in member_ids if one not in inside]
    if len(inside) + len(fresh) > limits.COLLECTION_ITEMS:
        raise ValidationFailed(f"A collection holds at most {limits.COLLECTION_ITEMS} accounts")
    found = await accounts.load_shown(tx, fresh)
    stand = await relationships.load(tx, owned.account_id, fresh, now=now) if fresh else {}
    for one in member_ids:
        there = inside[one].state != REVOKED if one in inside else _agrees(owned, found.get(one))
        between = stand.get(one)
        if not there or (between and (between.blocking or between.blocked_by)):
            raise ValidationFailed("Account cannot be added to this collection")
    events = []
    for one in fresh:
        item_id = await collections.add_item(tx, owned.id, one, now=now)
        if item_id is not None:
            events.append(Event(ADDED, item_id, owned.account_id, (one,), now))
    await notify.notify(tx, bus, *events, now=now)


def _agrees(owned: Collection, account: Account | None) -> bool:
    return (
        account is not None and not account.unavailable and may_feature(owned.account_id, account)
    )


async def remove_item(
    db: Database, account_id: int, collection_id: int | None, item_id: int | None
) -> None:
    """Takes somebody out of one's own collection, with what he was told of it.

    Raises RecordNotFound, NotAllowed.
    """
    async with db.transaction() as tx:
        owned = await _own(tx, account_id, collection_id)
        item = await _item(tx, owned, item_id)
        await collections.remove_item(tx, item.id)
        await _forget(tx, owned, item)


async def revoke(
    db: Database, account_id: int, collection_id: int | None, item_id: int | None
) -> None:
    """Takes oneself out of somebody's collection, for good.

    Raises RecordNotFound, NotAllowed for another's place.
    """
    async with db.transaction() as tx:
        held = await _hold(tx, collection_id)
        item = await _item(tx, held, item_id)
        if item.account_id != account_id:
            raise NotAllowed
        await collections.revoke_item(tx, item.id)
        await _forget(tx, held, item)


async def _forget(tx: Transaction, held: Collection, item: CollectionItem) -> None:
    for type, activity_id in ((ADDED, item.id), (UPDATED, held.id)):
        await notify.retract(tx, account_id=item.account_id, type=type, activity_id=activity_id)


async def _item(tx: Transaction, held: Collection, item_id: int | None) -> CollectionItem:
    for item in await collections.items(tx, [held.id]):
        if item.id == item_id and item.state != REVOKED:
            return item
    raise RecordNotFound


async def _hold(tx: Transaction, collection_id: int | None) -> Collection:
    found = None if collection_id is None else await collections.hold(tx, collection_id)
    if found is None:
        raise RecordNotFound
    return found


async def _own(tx: Transaction, account_id: int, collection_id: int | None) -> Collection:
    found = await _hold(tx, collection_id)
    if found.account_id != account_id:
        raise NotAllowed
    return found
