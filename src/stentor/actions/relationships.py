"""Follow, unfollow, requests: what changes between two accounts, each time in one transaction.

Everything here answers with the relationship as it is afterwards, and raises RecordNotFound for
an account that others cannot know of. Both accounts' rows are held, so that what two people do
to each other at the same time happens one after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from stentor.actions import notify
from stentor.domain.accounts import Account
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.relationships import (
    FollowOptions,
    Relationship,
    WantedOptions,
    follow_limit,
    may_follow,
    needs_request,
)
from stentor.errors import NotAllowed, RecordNotFound, ValidationFailed
from stentor.store import accounts, endorsements, follows, relationships
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus

FOLLOW, FOLLOW_REQUEST = NotificationType.FOLLOW, NotificationType.FOLLOW_REQUEST


@dataclass(slots=True)
class Pair:
    """Two accounts, held in a transaction, and how the first stands to the second.

    ``relationship`` is that of the beginning until `read` is called.
    """

    tx: Transaction
    account: Account
    target: Account
    relationship: Relationship
    now: int

    @property
    def same(self) -> bool:
        """True if both are one."""
        return self.account.id == self.target.id

    async def read(self) -> Relationship:
        """The relationship as it is now."""
        self.relationship = await _relationship(
            self.tx, self.account.id, self.target.id, now=self.now
        )
        return self.relationship

    async def cut(self) -> None:
        """Ends follows and requests in both directions, and what people were told of them."""
        await cut(self.tx, self.account.id, self.target.id)
        await cut(self.tx, self.target.id, self.account.id)


@asynccontextmanager
async def pair(
    db: Database, account_id: int, target_id: int | None, *, now: int
) -> AsyncIterator[Pair]:
    """A transaction in which both accounts are held. Raises RecordNotFound."""
    if target_id is None:
        raise RecordNotFound
    async with db.transaction() as tx:
        held = await accounts.hold(tx, (account_id, target_id))
        if target_id not in held or account_id not in held:
            raise RecordNotFound
        relationship = await _relationship(tx, account_id, target_id, now=now)
        yield Pair(tx, held[account_id], held[target_id], relationship, now)


async def _relationship(
    tx: Transaction, account_id: int, target_id: int, *, now: int
) -> Relationship:
    found = await relationships.load(tx, account_id, [target_id], now=now, suspended=True)
    return found[target_id]


async def cut(tx: Transaction, account_id: int, target_id: int) -> bool:
    """Ends the follow and the request of one to the other; False if there was neither.

    What the target was told of it, places on lists and endorsements go with it.
    """
    follow_id = await follows.remove(tx, account_id, target_id)
    request = await follows.remove_request(tx, account_id, target_id)
    if follow_id is not None:
        await notify.retract(tx, account_id=target_id, type=FOLLOW, activity_id=follow_id)
    if request is not None:
        await notify.retract(tx, account_id=target_id, type=FOLLOW_REQUEST, activity_id=request[0])
    if follow_id is None and request is None:
        return False
    await follows.forget(tx, account_id, [target_id])
    return True


async def follow(
    db: Database,
    bus: Bus,
    account_id: int,
    target_id: int | None,
    *,
    wanted: WantedOptions,
    now: int,
) -> Relationship:
    """Follows, or asks to (surroundings C14). Once more only changes the options that are named.

    Raises NotAllowed for oneself, across a block and for who has moved, RecordNotFound for who
    is suspended, ValidationFailed past the limit.
    """
    if target_id == account_id:
        raise NotAllowed("Following your own account is not allowed")
    async with pair(db, account_id, target_id, now=now) as both:
        if both.target.unavailable:
            raise RecordNotFound
        if not may_follow(both.relationship, both.target):
            raise NotAllowed
        there = both.relationship.following or both.relationship.requested
        if there is not None:
            options = wanted.over(there)
            if options != there:
                await follows.change(both.tx, account_id, both.target.id, options)
        else:
            await _begin(both, bus, wanted.over(FollowOptions()))
        return await both.read()


async def _begin(both: Pair, bus: Bus, options: FollowOptions) -> None:
    """The follow or the request that was not there before, and who is told of it."""
    most = follow_limit(both.account.followers_count)
    if both.account.following_count >= most:
        raise ValidationFailed(f"You cannot follow more than {most} people")
    ask = needs_request(both.account, both.target)
    add = follows.add_request if ask else follows.add
    row_id = await add(both.tx, both.account.id, both.target.id, options, now=both.now)
    if row_id is not None and both.target.local:
        event = Event(
            FOLLOW_REQUEST if ask else FOLLOW,
            row_id,
            both.account.id,
            (both.target.id,),
            both.now,
        )
        await notify.notify(both.tx, bus, event, now=both.now)


async def unfollow(
    db: Database, account_id: int, target_id: int | None, *, now: int
) -> Relationship:
    """Ends the follow, or takes the request back."""
    async with pair(db, account_id, target_id, now=now) as both:
        await cut(both.tx, account_id, both.target.id)
        return await both.read()


async def remove_from_followers(
    db: Database, account_id: int, target_id: int | None, *, now: int
) -> Relationship:
    """Ends the other's follow; he is not told."""
    async with pair(db, account_id, target_id, now=now) as both:
        if both.relationship.followed_by:
            await cut(both.tx, both.target.id, account_id)
        return await both.read()


async def authorize(
    db: Database, bus: Bus, account_id: int, target_id: int | None, *, now: int
) -> Relationship:
    """Makes a follow of somebody's request; the authoriser is told of it, as of any follow.

    Raises RecordNotFound if there is no request.
    """
    async with pair(db, account_id, target_id, now=now) as both:
        options = await _take_request(both)
        if both.target.unavailable:
            raise RecordNotFound
        follow_id = await follows.add(both.tx, both.target.id, account_id, options, now=now)
        if follow_id is not None:
            event = Event(FOLLOW, follow_id, both.target.id, (account_id,), now)
            await notify.notify(both.tx, bus, event, now=now)
        return await both.read()


async def reject(db: Database, account_id: int, target_id: int | None, *, now: int) -> Relationship:
    """Turns somebody's request down; he is not told. Raises RecordNotFound if there is none."""
    async with pair(db, account_id, target_id, now=now) as both:
        await _take_request(both)
        await follows.forget(both.tx, both.target.id, [account_id])
        return await both.read()


async def _take_request(both: Pair) -> FollowOptions:
    """The request from the target is gone, and so is what the account was told of it."""
    request = await follows.remove_request(both.tx, both.target.id, both.account.id)
    if request is None:
        raise RecordNotFound
    request_id, options = request
    await notify.retract(
        both.tx, account_id=both.account.id, type=FOLLOW_REQUEST, activity_id=request_id
    )
    return options


async def endorse(
    db: Database, account_id: int, target_id: int | None, *, now: int
) -> Relationship:
    """Shows somebody on one's profile. Raises ValidationFailed unless one follows him."""
    async with pair(db, account_id, target_id, now=now) as both:
        if both.relationship.following is None:
            raise ValidationFailed("You must be already following the person you want to endorse")
        await endorsements.add(both.tx, account_id, both.target.id, now=now)
        return await both.read()
