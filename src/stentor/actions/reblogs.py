"""Reblogs: made and taken back (surroundings C8). A reblog is a status with ``reblog_of_id``."""

from __future__ import annotations

from stentor import errors
from stentor.actions.deletions import remove_reblog
from stentor.actions.notify import notify
from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.domain import statuses as domain
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.statuses import Status
from stentor.store import accounts, status_changes, statuses
from stentor.store.database import Database, Reader
from stentor.store.snowflakes import Snowflakes
from stentor.store.statuses import NewStatus
from stentor.streaming.bus import Bus, News

# Who reblogs speaks to more than those who are named.
VISIBILITIES = ("public", "unlisted", "private")


async def reblog(
    db: Database,
    bus: Bus,
    *,
    ids: Snowflakes,
    account_id: int,
    status_id: int | None,
    visibility: str | None,
    now: int,
) -> int:
    """Reblogs a status, or what a reblog reblogs; the id of the reblog, of the first if repeated.

    Raises NotFound if it cannot be read, NotAllowed if it may not be reblogged or the account
    blocks its author, ValidationFailed for a visibility that a reblog cannot have.
    """
    found = await get_readable(db, status_id, account_id)
    original = found.original
    if found.blocking or not domain.may_reblog(original, account_id):
        raise errors.NotAllowed
    domain.check_visibility(visibility, VISIBILITIES)
    allowed = await _visibility(db, original, account_id, visibility)

    async def write(reblog_id: int) -> int:
        row = NewStatus(
            id=reblog_id,
            account_id=account_id,
            conversation_id=original.conversation_id,
            visibility=allowed,
            created_at=now,
            reblog_of_id=original.id,
        )
        return await _write(db, bus, row, original)

    return await ids.use(now, write)


async def _write(db: Database, bus: Bus, row: NewStatus, original: Status) -> int:
    account_id, now = row.account_id, row.created_at
    with gone_is_not_found():
        async with db.transaction() as tx:
            # Counted first: see the order of locks at `actions.statuses`.
            await statuses.count(tx, original.id, "reblogs_count", 1)
            if not await statuses.add(tx, row):
                await statuses.count(tx, original.id, "reblogs_count", -1)
                first = await statuses.find_reblog(tx, original.id, account_id)
                if first is None:
                    raise errors.NotFound
                return first
            await statuses.count_written(tx, account_id, now=now)
            if original.account_id != account_id:
                event = Event(
                    NotificationType.REBLOG,
                    activity_id=row.id,
                    from_account_id=account_id,
                    recipients=(original.account_id,),
                    created_at=now,
                    status_id=original.id,
                )
                await notify(tx, bus, event, now=now)
            tx.after_commit(bus.publish, News(account_id, "status_created", row.id))
    return row.id


async def _visibility(db: Reader, original: Status, account_id: int, asked: str | None) -> str:
    """As asked, else as the account usually writes; never wider than the original's."""
    if original.visibility == "private":
        return "private"
    author = await accounts.find(db, account_id)
    user = None if asked else await accounts.find_user(db, account_id)
    chosen = asked or domain.default_visibility(user, locked=bool(author and author.locked))
    silenced = author is not None and author.silenced_at is not None
    return domain.narrowed("private" if chosen == "direct" else chosen, silenced=silenced)


async def unreblog(
    db: Database, bus: Bus, *, account_id: int, status_id: int | None, now: int
) -> int:
    """Takes a reblog back, and what the author was told; the id of the original.

    Without a reblog nothing happens. Raises NotFound if the status cannot be read.
    """
    original = (await get_readable(db, status_id, account_id)).original
    async with db.transaction() as tx:
        await statuses.lock(tx, [original.id])
        reblog_id = await statuses.find_reblog(tx, original.id, account_id)
        if reblog_id is not None:
            await status_changes.add_deletion(tx, reblog_id, now=now)
            await remove_reblog(tx, reblog_id=reblog_id, account_id=account_id, original=original)
            tx.after_commit(bus.publish, News(account_id, "status_deleted", reblog_id))
    return original.id
