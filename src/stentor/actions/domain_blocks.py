"""Block a whole domain for oneself (surroundings B2.2, C14)."""

from __future__ import annotations

from stentor.actions import notify
from stentor.store import accounts, domain_blocks, follows
from stentor.store.database import Database


async def block(db: Database, account_id: int, domain: str, *, now: int) -> None:
    """Wants nothing more from a domain (in lower case); again changes nothing.

    Notifications, requests and permissions from there go, follows are cut both ways, follow
    requests from there are turned down.
    """
    async with db.transaction() as tx:
        await accounts.hold(tx, [account_id])
        if not await domain_blocks.add(tx, account_id, domain, now=now):
            return
        followed, _ = await follows.cut_domain(tx, account_id, domain)
        await follows.forget(tx, account_id, followed)
        await notify.forget_domain(tx, account_id=account_id, domain=domain)
