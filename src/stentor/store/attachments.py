"""What a page of notifications is about, when it is no status: in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from stentor.domain.attachments import ORDINARY, Attachment, Attachments, attached
from stentor.domain.notifications import Attached, NotificationType
from stentor.store import (
    account_warnings,
    annual_reports,
    collections,
    reports,
    severed_relationships,
)
from stentor.store.database import Reader

Found = Mapping[tuple[str, int], Attachment]
Ids = Mapping[str, list[int]]


async def _each(
    ids: Ids, load: Callable[[list[int]], Awaitable[Mapping[int, Attachment]]]
) -> Found:
    return {(type, key): one for type in ids for key, one in (await load(ids[type])).items()}


async def _reports(db: Reader, ids: Ids, account_id: int) -> Found:  # noqa: ARG001  # all alike
    return await _each(ids, lambda wanted: reports.load(db, wanted))


async def _events(db: Reader, ids: Ids, account_id: int) -> Found:
    return await _each(ids, lambda wanted: severed_relationships.load(db, wanted, account_id))


async def _warnings(db: Reader, ids: Ids, account_id: int) -> Found:
    return await _each(ids, lambda wanted: account_warnings.load(db, wanted, account_id))


async def _annual_reports(db: Reader, ids: Ids, account_id: int) -> Found:
    return await _each(ids, lambda wanted: annual_reports.load(db, wanted, account_id))


async def _collections(db: Reader, ids: Ids, account_id: int) -> Found:  # noqa: ARG001  # all alike
    """An activity is an item or the collection itself; both kinds are read together."""
    added, updated = (
        NotificationType.ADDED_TO_COLLECTION.value,
        NotificationType.COLLECTION_UPDATE.value,
    )
    of_items = await collections.of_items(db, ids[added]) if added in ids else {}
    wanted = {(added, item): one for item, one in of_items.items()}
    wanted |= {(updated, one): one for one in ids.get(updated, ())}
    loaded = await collections.load(db, wanted.values()) if wanted else {}
    return {key: loaded[one] for key, one in wanted.items() if one in loaded}


#: How each kind is loaded; statuses are loaded with all that belongs to them, elsewhere.
LOADERS: dict[Attached, Callable[[Reader, Ids, int], Awaitable[Found]]] = {
    Attached.REPORT: _reports,
    Attached.EVENT: _events,
    Attached.MODERATION_WARNING: _warnings,
    Attached.ANNUAL_REPORT: _annual_reports,
    Attached.COLLECTION: _collections,
}


async def load(db: Reader, account_id: int, rows: Iterable[tuple[str, int]]) -> Attachments:
    """What an account's notifications, given as (type, activity id), are about.

    No query for a page without such types; else one for each kind on it, three for collections.
    Somebody else's warnings, losses and annual reports are not found.
    """
    wanted: dict[Attached, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for type, activity_id in rows:
        if type in ORDINARY:
            continue
        kind = attached(type)
        if kind in LOADERS:
            wanted[kind][type].append(activity_id)
    found: dict[tuple[str, int], Attachment] = {}
    for kind, ids in wanted.items():
        found |= await LOADERS[kind](db, ids, account_id)
    return Attachments(found)
