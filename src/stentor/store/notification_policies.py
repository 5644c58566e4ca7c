"""Notification policies: one row for whoever has changed something."""

from __future__ import annotations

from collections.abc import Mapping

from stentor.domain.notification_policies import NAMES, NotificationPolicy, Verdict
from stentor.store.database import Reader, Transaction


async def find(db: Reader, account_id: int) -> NotificationPolicy:
    """What an account wants; the defaults if it never said (notifications.md 1.14)."""
    row = await db.fetch_row(
        f"SELECT {', '.join(NAMES)} FROM notification_policies WHERE account_id = $1", account_id
    )
    if row is None:
        return NotificationPolicy()
    return NotificationPolicy(**dict(zip(NAMES, map(Verdict, row), strict=True)))


async def save(tx: Transaction, account_id: int, changes: Mapping[str, Verdict]) -> None:
    """Changes those options and leaves the others; ``changes`` is not empty."""
    names = [name for name in NAMES if name in changes]
    values = ", ".join(f"${number}" for number in range(2, len(names) + 2))
    await tx.run(
        f"INSERT INTO notification_policies (account_id, {', '.join(names)})"
        f" VALUES ($1, {values}) ON CONFLICT (account_id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in names),
        account_id,
        *(int(changes[name]) for name in names),
    )
