"""Block a whole domain for oneself (surroundings B2.2, C14)."""

from __future__ import annotations

from stentor.actions import notify, severed_relationships
from stentor.domain.severed_relationships import SeveranceType
from stentor.store import accounts, domain_blocks, follows
from stentor.store.database import Database
from stentor.streaming.bus import Bus


async def block(db: Database, bus: Bus, account_id: int, domain: str, *, now: int) -> None:
    """Wants nothing more from a domain (in lower case); again changes nothing.

    Notifications, requests and permissions from there go, follows are cut both ways, follow
    requests from there are turned down. Who lost a follow or a follower by it is told so.
    """
    async with db.transaction() as tx:
        await accounts.hold(tx, [account_id])
        if not await domain_blocks.add(tx, account_id, domain, now=now):
            return
        followed, followers = await follows.cut_domain(tx, account_id, domain)
        await follows.forget(tx, account_id, followed)
        await notify.forget_domain(tx, account_id=account_id, domain=domain)
        if followed or followers:
            type = SeveranceType.USER_DOMAIN_BLOCK
            event_id = await severed_relationships.begin(tx, type, domain, now=now)
            losses = {account_id: (len(followers), len(followed))}
            await severed_relationships.tell(tx, bus, event_id, losses, now=now)
