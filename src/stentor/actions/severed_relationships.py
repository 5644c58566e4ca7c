"""Telling people which connections they lost, and cutting those of a suspended domain.

What can concern many people is a job: some of them in each step, everybody once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stentor.actions import jobs as work
from stentor.actions import notify
from stentor.domain.accounts import Account
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.severed_relationships import SeveranceType
from stentor.store import accounts, follows, jobs, notifications, severed_relationships
from stentor.store.database import Transaction
from stentor.streaming.bus import Bus

SUSPENSION = "tell_of_suspension"
#: People in one step.
STEP = 100

begin = severed_relationships.add


async def tell(
    tx: Transaction,
    bus: Bus,
    event_id: int,
    losses: Mapping[int, tuple[int, int]],
    *,
    now: int,
) -> None:
    """Keeps how many (followers, followed) each account lost by an event, and tells it so."""
    await severed_relationships.add_losses(tx, event_id, losses, now=now)
    event = Event(
        NotificationType.SEVERED_RELATIONSHIPS,
        event_id,
        None,
        tuple(losses),
        now,
    )
    await notify.notify(tx, bus, event, now=now)


async def account_suspended(tx: Transaction, account: Account, *, now: int) -> None:
    """Promises to tell everybody here whom an account followed or who followed it, if any."""
    for side in range(len(severed_relationships.SIDES)):
        if await severed_relationships.neighbours(tx, account.id, side, 0, 1):
            break
    else:
        return
    event_id = await begin(tx, SeveranceType.ACCOUNT_SUSPENSION, account.acct, now=now)
    await jobs.add(
        tx,
        SUSPENSION,
        str(event_id),
        {"event_id": event_id, "account_id": account.id, "since": now, "side": 0, "after": 0},
        run_at=now,
        account_id=account.id,
    )


@work.step(SUSPENSION)
async def _tell_of_suspension(
    tx: Transaction, bus: Bus, payload: dict[str, Any], now: int
) -> dict[str, Any] | None:
    """Tells some more of them, unless the suspension has been lifted meanwhile."""
    account = await accounts.find(tx, payload["account_id"])
    if account is None or account.suspended_at != payload["since"]:
        return None
    side = payload["side"]
    found = await severed_relationships.neighbours(tx, account.id, side, payload["after"], STEP)
    if found:
        losses = {one.account_id: (one.followers, one.following) for one in found}
        await tell(tx, bus, payload["event_id"], losses, now=now)
    if len(found) == STEP:
        return payload | {"after": found[-1].follow_id}
    last = side + 1 == len(severed_relationships.SIDES)
    return None if last else payload | {"side": side + 1, "after": 0}


class Progress(NamedTuple):
    """How far the severing of a domain has come: the event that all share, and where it is."""

    event_id: int | None = None
    #: Before this account of the domain nothing is left to cut; None: nowhere.
    after: int | None = 0


async def sever_some(
    tx: Transaction, bus: Bus, domain: str, progress: Progress, *, now: int
) -> Progress:
    """Cuts all follows of some local accounts with a domain, and tells them."""
    event_id, after = progress
    pairs = await severed_relationships.connected_to_domain(tx, domain, after or 0, STEP)
    if not pairs:
        return Progress(event_id, None)
    if event_id is None:
        event_id = await begin(tx, SeveranceType.DOMAIN_BLOCK, domain, now=now)
    losses = {}
    for account_id in sorted({local for _, local in pairs}):
        followed, followers = await follows.cut_domain(tx, account_id, domain)
        await follows.forget(tx, account_id, followed)
        await notifications.remove_follows_from_domain(tx, account_id, domain)
        losses[account_id] = (len(followers), len(followed))
    await tell(tx, bus, event_id, losses, now=now)
    return Progress(event_id, pairs[-1][0] if len(pairs) == STEP else None)
