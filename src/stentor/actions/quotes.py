"""Quotes: made with a status, taken back by whom they quote (surroundings B2.1, C6.1)."""

from __future__ import annotations

from collections.abc import Container

from stentor import errors
from stentor.domain import quotes as domain
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.quotes import ACCEPTED, Quote
from stentor.domain.statuses import Status
from stentor.store import mentions, quotes, readable_statuses, status_changes, statuses
from stentor.store.database import Database, Reader, Transaction
from stentor.store.statuses import NewStatus
from stentor.streaming.bus import Bus, News

NOT_QUOTABLE = "The post you are trying to quote does not appear to exist."


async def quotable(db: Reader, status_id: int | None, account_id: int) -> Status | None:
    """What an account wants to quote: never a reblog, but what it reblogs; None is nothing.

    Raises NotFound if it may not be read or quoted, all for the same words.
    """
    if status_id is None:
        return None
    found = await readable_statuses.find(db, status_id, account_id)
    if found is None:
        raise errors.NotFound(NOT_QUOTABLE)
    quoted = found.original
    following = quoted.quote_policy == "followers" and await quotes.follows(
        db, account_id, quoted.account_id
    )
    own = quoted.account_id == account_id
    if not domain.allowed(
        quoted.quote_policy, own=own, blocking=found.blocking, following=following
    ):
        raise errors.NotFound(NOT_QUOTABLE)
    return quoted


def check_audience(row: NewStatus, quoted: Status | None, mentioned: Container[int]) -> None:
    """Raises ValidationFailed for a direct status that hides from whom it quotes (C6.1 item 9)."""
    if quoted is None or row.visibility != "direct" or quoted.account_id == row.account_id:
        return
    if quoted.account_id not in mentioned:
        raise errors.ValidationFailed(
            "Cannot quote a non-mentioned user in a Private Mention post."
        )


async def add(tx: Transaction, row: NewStatus, quoted: Status, *, now: int) -> list[Event]:
    """Lets a new status quote another, which has counted it; what to tell of it.

    The quoted author may read the status, whoever else may not.
    """
    if quoted.account_id != row.account_id:
        await mentions.add_silent(tx, row.id, quoted.account_id)
    quote_id = await quotes.add(
        tx,
        row.id,
        row.account_id,
        quoted_status_id=quoted.id,
        quoted_account_id=quoted.account_id,
        now=now,
    )
    event = Event(
        NotificationType.QUOTE,
        activity_id=quote_id,
        from_account_id=row.account_id,
        recipients=(quoted.account_id,),
        created_at=now,
        status_id=row.id,
    )
    return [event]


async def quoted_ids(db: Reader, status: Status) -> list[int]:
    """What a status quotes: nothing, or one that is still there."""
    quote = await quotes.find(db, status.id) if status.has_quote else None
    return [quote.quoted_status_id] if quote and quote.quoted_status_id else []


async def quoted_author(db: Reader, status: Status) -> int | None:
    """Whom a status quotes with his consent: he was told of the quote, and hears of no mention."""
    quote = await quotes.find(db, status.id) if status.has_quote else None
    return quote.quoted_account_id if quote and quote.state == ACCEPTED else None


async def revoke(
    db: Database,
    bus: Bus,
    *,
    account_id: int,
    status_id: int | None,
    quoting_id: int | None,
    now: int,
) -> int:
    """Takes a quote of an own status back; the id of the status that quoted it.

    Nobody is told: nothing was edited (notifications.md C-17), though whoever reads the quoting
    status sees it change. What the author was told of the quote stays. Again, it changes
    nothing. Raises NotFound, NotAllowed for somebody else's status.
    """
    found = await readable_statuses.find(db, status_id, account_id)
    if found is None:
        raise errors.NotFound
    quoted = found.original
    if quoted.account_id != account_id:
        raise errors.NotAllowed
    async with db.transaction() as tx:
        await statuses.lock(tx, [quoted.id, quoting_id or 0])
        quote = await quotes.find(tx, quoting_id)
        if quote is None or quote.quoted_status_id != quoted.id:
            raise errors.NotFound
        after = domain.taken_back(quote.state)
        if after != quote.state:
            await quotes.set_state(tx, quote.id, after)
            await uncount(tx, quote)
            await status_changes.add_edit(tx, quote.status_id, quote.account_id, now=now)
            tx.after_commit(bus.publish, News(quote.account_id, "status_edited", quote.status_id))
    return quote.status_id


async def uncount(tx: Transaction, quote: Quote) -> None:
    """One accepted quote less; the quoted status is locked."""
    if quote.state == ACCEPTED and quote.quoted_status_id is not None:
        await statuses.count(tx, quote.quoted_status_id, "quotes_count", -1)
