"""Annual reports: kept, and told to whom they are about."""

from __future__ import annotations

from stentor.actions import notify
from stentor.domain.notifications import Event, NotificationType
from stentor.store import annual_reports
from stentor.store.database import Database
from stentor.streaming.bus import Bus


async def add(db: Database, bus: Bus, account_id: int, year: int, *, now: int) -> bool:
    """Makes an account's report of a year and tells it so; False if there is one already."""
    async with db.transaction() as tx:
        report_id = await annual_reports.add(tx, account_id, year, now=now)
        if report_id is None:
            return False
        event = Event(NotificationType.ANNUAL_REPORT, report_id, None, (account_id,), now)
        await notify.notify(tx, bus, event, now=now)
    return True
