"""Subscribing a device to Web Push, and letting a push service end that."""

from __future__ import annotations

from stentor import errors
from stentor.domain import limits
from stentor.domain.push_subscriptions import Preferences, PushSubscription, Target
from stentor.push.sealing import Unsubscribing, fingerprint
from stentor.store import push_subscriptions
from stentor.store.database import Database
from stentor.store.push_subscriptions import Owner


async def subscribe(
    db: Database,
    owner: Owner,
    target: Target,
    preferences: Preferences,
    *,
    sealed_token: bytes,
    now: int,
) -> PushSubscription:
    """The token's subscription from now on; an earlier one has been good until this moment.

    Raises TokenRevoked if the token ended meanwhile, ValidationFailed if the person has too
    many devices already (T45).
    """
    async with db.transaction() as tx:
        if not await push_subscriptions.hold(tx, owner):
            raise errors.TokenRevoked
        if await push_subscriptions.count_others(tx, owner) >= limits.PUSH_SUBSCRIPTIONS:
            raise errors.ValidationFailed(
                f"You cannot have more than {limits.PUSH_SUBSCRIPTIONS} push subscriptions"
            )
        return await push_subscriptions.save(
            tx, owner, target, preferences, sealed_token=sealed_token, now=now
        )


async def unsubscribe(db: Database, claim: Unsubscribing) -> None:
    """Ends the subscription that a signed link was made for, unless it has moved since."""
    found = await push_subscriptions.find(db, claim.subscription_id)
    if found is None or fingerprint(found) != claim.fingerprint:
        return
    async with db.transaction() as tx:
        await push_subscriptions.remove_gone(tx, found)
