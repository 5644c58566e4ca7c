"""Making and changing filters; whoever shows statuses to their owner is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stentor import errors
from stentor.domain import filters as domain
from stentor.domain import limits, text
from stentor.domain.filters import Changes, Filter, FilteredStatus, Keyword, KeywordChange
from stentor.store import filters as store
from stentor.store import readable_statuses, statuses
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus, News


@asynccontextmanager
async def _changing(
    db: Database, account_id: int, *, naming: int | None = None
) -> AsyncIterator[Transaction]:
    """A transaction that alone changes an account's filters; ``naming`` is locked before."""
    async with db.transaction() as tx:
        if naming is not None and not await statuses.lock(tx, [naming]):
            raise errors.RecordNotFound
        await store.lock(tx, account_id)
        yield tx


def _tell(tx: Transaction, bus: Bus, account_id: int, filter_id: int) -> None:
    tx.after_commit(bus.publish, News(account_id, "filters_changed", filter_id))


async def _room(tx: Transaction, account_id: int, what: str, most: int, more: int = 1) -> None:
    """Raises ValidationFailed if the account would have too many of something."""
    if more and await store.count(tx, account_id, what) + more > most:
        noun = what if what == "filters" else f"filtered {what}"
        raise errors.ValidationFailed(f"You have reached the maximum number of {noun}")


async def create(db: Database, bus: Bus, account_id: int, changes: Changes, *, now: int) -> Filter:
    """A new filter with its keywords. Raises ValidationFailed; nothing is kept then."""
    made = domain.changed(domain.NEW, changes)
    async with _changing(db, account_id) as tx:
        await _room(tx, account_id, "filters", limits.FILTERS)
        made = made._replace(id=await store.add(tx, account_id, made, now=now))
        made = await _change_keywords(tx, account_id, made, changes.keywords)
        _tell(tx, bus, account_id, made.id)
    return made


async def update(
    db: Database, bus: Bus, account_id: int, filter_id: int | None, *, changes: Changes
) -> Filter:
    """Changes a filter, and adds, changes and removes keywords: all of it or nothing.

    Raises RecordNotFound, for a keyword of another filter too, or ValidationFailed.
    """
    async with _changing(db, account_id) as tx:
        before = await _find(tx, account_id, filter_id)
        after = domain.changed(before, changes)
        await store.update(tx, after)
        after = await _change_keywords(tx, account_id, after, changes.keywords)
        _tell(tx, bus, account_id, after.id)
    return after


async def _find(tx: Transaction, account_id: int, filter_id: int | None) -> Filter:
    found = await store.find(tx, account_id, filter_id)
    if found is None:
        raise errors.RecordNotFound
    return found


async def _change_keywords(
    tx: Transaction, account_id: int, one: Filter, changes: tuple[KeywordChange, ...]
) -> Filter:
    """Does what is asked of the keywords; the filter with those it has then."""
    keywords = {keyword.id: keyword for keyword in one.keywords}
    for change in changes:
        if change.id is None:
            continue
        if change.id not in keywords:
            raise errors.RecordNotFound
        if change.destroy:
            del keywords[change.id]
            await store.delete_keyword(tx, change.id)
        else:
            keywords[change.id] = await _change_keyword(tx, keywords[change.id], change)
    added = [change for change in changes if change.id is None and not change.destroy]
    await _room(tx, account_id, "keywords", limits.FILTER_KEYWORDS, len(added))
    for change in added:
        made = await _add_keyword(tx, one.id, change)
        keywords[made.id] = made
    return one._replace(keywords=tuple(keywords.values()))


async def _change_keyword(tx: Transaction, before: Keyword, change: KeywordChange) -> Keyword:
    after = before
    if change.keyword is not None:
        after = after._replace(keyword=text.clean(change.keyword))
    if change.whole_word is not None:
        after = after._replace(whole_word=change.whole_word)
    if after != before:
        await store.update_keyword(tx, after)
    return after


async def _add_keyword(tx: Transaction, filter_id: int, change: KeywordChange) -> Keyword:
    return await store.add_keyword(
        tx,
        filter_id,
        text.clean(change.keyword or ""),
        whole_word=change.whole_word is not False,
    )


async def delete(db: Database, bus: Bus, account_id: int, filter_id: int | None) -> None:
    """Removes a filter. Raises RecordNotFound."""
    async with _changing(db, account_id) as tx:
        if filter_id is None or not await store.delete(tx, account_id, filter_id):
            raise errors.RecordNotFound
        _tell(tx, bus, account_id, filter_id)


# --- Keywords --------------------------------------------------------------------------------


def _check(keyword: str | None) -> None:
    if problems := domain.keyword_problems(keyword or ""):
        raise errors.ValidationFailed(*problems)


async def add_keyword(
    db: Database, bus: Bus, account_id: int, filter_id: int | None, *, change: KeywordChange
) -> Keyword:
    """Adds a keyword to a filter. Raises RecordNotFound or ValidationFailed."""
    async with _changing(db, account_id) as tx:
        found = await _find(tx, account_id, filter_id)
        _check(change.keyword)
        await _room(tx, account_id, "keywords", limits.FILTER_KEYWORDS)
        made = await _add_keyword(tx, found.id, change)
        _tell(tx, bus, account_id, found.id)
    return made


async def update_keyword(
    db: Database, bus: Bus, account_id: int, keyword_id: int | None, *, change: KeywordChange
) -> Keyword:
    """Changes what is not None. Raises RecordNotFound or ValidationFailed."""
    async with _changing(db, account_id) as tx:
        found = await store.find_of_keyword(tx, account_id, keyword_id)
        if found is None:
            raise errors.RecordNotFound
        if change.keyword is not None:
            _check(change.keyword)
        after = await _change_keyword(tx, found[1], change)
        _tell(tx, bus, account_id, found[0].id)
    return after


async def delete_keyword(db: Database, bus: Bus, account_id: int, keyword_id: int | None) -> None:
    """Removes a keyword; its filter stays. Raises RecordNotFound."""
    async with _changing(db, account_id) as tx:
        found = await store.find_of_keyword(tx, account_id, keyword_id)
        if found is None:
            raise errors.RecordNotFound
        await store.delete_keyword(tx, found[1].id)
        _tell(tx, bus, account_id, found[0].id)


# --- Statuses --------------------------------------------------------------------------------


async def add_status(
    db: Database, bus: Bus, account_id: int, filter_id: int | None, *, status_id: int | None
) -> FilteredStatus:
    """Names a status that the account may read.

    Raises RecordNotFound for the filter and, whether it is missing or hidden, for the status;
    ValidationFailed if the filter names it already.
    """
    readable = await readable_statuses.find(db, status_id, account_id)
    if readable is None:
        raise errors.RecordNotFound
    async with _changing(db, account_id, naming=readable.status.id) as tx:
        found = await _find(tx, account_id, filter_id)
        await _room(tx, account_id, "statuses", limits.FILTER_STATUSES)
        made = await store.add_status(tx, found.id, readable.status.id)
        if made is None:
            raise errors.ValidationFailed("Status has already been taken")
        _tell(tx, bus, account_id, found.id)
    return made


async def delete_status(db: Database, bus: Bus, account_id: int, row_id: int | None) -> None:
    """Forgets a named status, by its row's id. Raises RecordNotFound."""
    async with _changing(db, account_id) as tx:
        found = await store.find_of_status(tx, account_id, row_id)
        if found is None:
            raise errors.RecordNotFound
        await store.delete_status(tx, found[1].id)
        _tell(tx, bus, account_id, found[0].id)


# --- Version 1 -------------------------------------------------------------------------------


async def update_v1(
    db: Database,
    bus: Bus,
    account_id: int,
    keyword_id: int | None,
    *,
    changes: Changes,
    change: KeywordChange,
    irreversible: bool | None,
) -> tuple[Filter, Keyword]:
    """Changes a keyword, and the filter it is alone in. What is None stays.

    Raises RecordNotFound, ValidationFailed or SharedFilter.
    """
    async with _changing(db, account_id) as tx:
        found = await store.find_of_keyword(tx, account_id, keyword_id)
        if found is None:
            raise errors.RecordNotFound
        if change.keyword is not None:
            _check(change.keyword)
        after = domain.changed_v1(*found, changes, irreversible=irreversible)
        await store.update(tx, after)
        keyword = await _change_keyword(tx, found[1], change)
        _tell(tx, bus, account_id, after.id)
    return after, keyword


async def delete_v1(db: Database, bus: Bus, account_id: int, keyword_id: int | None) -> None:
    """Removes a keyword, and with the last thing in it the filter. Raises RecordNotFound."""
    async with _changing(db, account_id) as tx:
        found = await store.find_of_keyword(tx, account_id, keyword_id)
        if found is None:
            raise errors.RecordNotFound
        if len(found[0].keywords) == 1 and not found[0].statuses:
            await store.delete(tx, account_id, found[0].id)
        else:
            await store.delete_keyword(tx, found[1].id)
        _tell(tx, bus, account_id, found[0].id)
