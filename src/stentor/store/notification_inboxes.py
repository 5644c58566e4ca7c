"""One row per recipient that changes whenever his list does, and keeps its ids in order."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.store.database import Reader, Transaction

# The update locks the row until the commit: whoever writes to the same inbox waits, so ids
# become visible in the order in which they were given out, and no poll can step over one.
# Only people have one.
TOUCH = """
    INSERT INTO notification_inboxes (account_id, version)
    SELECT account_id, 1 FROM users WHERE account_id = $1
    ON CONFLICT (account_id) DO UPDATE SET version = notification_inboxes.version + 1
"""


HOLD = """
    SELECT account_id FROM notification_inboxes WHERE account_id = ANY($1)
    ORDER BY account_id FOR NO KEY UPDATE
"""


async def touch(tx: Transaction, account_ids: Iterable[int]) -> None:
    """Says that these lists change, and holds them until the commit.

    In order of ids, so that two writers with the same inboxes cannot wait for each other.
    """
    wanted = [(one,) for one in sorted(set(account_ids))]
    if wanted:
        await tx.run_many(TOUCH, wanted)


async def hold(tx: Transaction, account_ids: Iterable[int]) -> None:
    """Holds those inboxes until the commit; whoever removes something does so first.

    As whoever adds something does: no two that work on one inbox ever wait for each other.
    """
    await tx.fetch(HOLD, list(set(account_ids)))


async def versions(db: Reader, account_ids: list[int]) -> dict[int, int]:
    """How often the lists of those accounts have changed; one that never did is left out."""
    rows = await db.fetch(
        "SELECT account_id, version FROM notification_inboxes WHERE account_id = ANY($1)",
        account_ids,
    )
    return {row[0]: row[1] for row in rows}
