"""Taking back that a sender's notifications pass the policy."""

from __future__ import annotations

from stentor.store import notification_inboxes, notification_permissions
from stentor.store.database import Database


async def revoke(db: Database, account_id: int, from_account_id: int) -> None:
    """From now on the policy decides about that sender again; what is there stays where it is."""
    async with db.transaction() as tx:
        # What is being told at this moment is decided before we begin, or sees it gone.
        await notification_inboxes.hold(tx, [account_id])
        await notification_permissions.remove(tx, account_id, from_account_id)
