"""Notifications in groups: /api/v2/notifications (notifications.md 1.8 to 1.13)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stentor import errors, telemetry
from stentor.actions import notifications as actions
from stentor.api import notifications as flat
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import grouped_notifications as domain
from stentor.domain import paging
from stentor.domain.attachments import Attachments
from stentor.domain.limits import GROUP_ACCOUNTS_PAGE, NOTIFICATIONS_PAGE, UNREAD_COUNT_PAGE
from stentor.domain.paging import Cursor
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts as account_entities
from stentor.entities import grouped_notifications as entities
from stentor.store import accounts, statuses
from stentor.store import grouped_notifications as store
from stentor.store import notifications as flat_store
from stentor.store.grouped_notifications import Group, Statistics, Wanted

_KEPT = (
    "account_id",
    "include_filtered",
    "types[]",
    "exclude_types[]",
    "grouped_types[]",
    "supported_types[]",
)


def _wanted(request: Request) -> Wanted:
    selection = flat.selection(request)
    return Wanted(
        selection.types,
        domain.grouped_types(request.params.texts("grouped_types")),
        include_filtered=selection.include_filtered,
        from_account_id=selection.from_account_id,
        hidden=selection.hidden,
    )


def _partial(request: Request) -> bool:
    given = request.params.text("expand_accounts")
    if given in (None, "full"):
        return False
    if given == "partial_avatars":
        return True
    raise errors.BadRequest(
        f"Invalid value for 'expand_accounts': '{given}', "
        "allowed values are 'full' and 'partial_avatars'"
    )


async def _load(
    request: Request, groups: list[Group], senders: set[int]
) -> tuple[LoadedStatuses, Attachments]:
    about = await flat.attached(request, ((one.type, one.activity_id) for one in groups))
    loaded = await statuses.load(
        request.services.db,
        (one.status_id for one in groups if one.status_id is not None),
        request.account_id,
        now=request.services.now(),
        with_accounts=[*senders, *about.account_ids()],
    )
    return loaded, about


async def index(request: Request) -> responses.Reply:
    """GET /api/v2/notifications.

    Groups that cannot be shown do not make the page shorter while there are others (T55).
    """
    partial = _partial(request)
    cursor = request.params.cursor(*NOTIFICATIONS_PAGE)
    groups, body = await _page(request, cursor, partial=partial)
    size = cursor.limit
    for _ in range(flat.REFILLS):
        lacking = cursor.limit - len(body.notification_groups)
        if len(groups) < size or lacking <= 0:
            break
        size += lacking
        groups, body = await _page(request, replace(cursor, limit=size), partial=partial)
    return responses.timeline_page(request, body, [one.id for one in groups], kept=_KEPT)


async def _page(
    request: Request, cursor: Cursor, *, partial: bool
) -> tuple[list[Group], entities.Results]:
    db, links = request.services.db, request.services.links
    groups = await store.page(db, request.account_id, cursor, _wanted(request))
    rendered: list[entities.NotificationGroup] = []
    loaded = LoadedStatuses(request.account_id)
    if groups:
        span = domain.page_range([one.id for one in groups], cursor)
        stats = await store.statistics(db, request.account_id, groups, span)
        senders = {one for each in stats.values() for one in each.sample_account_ids}
        loaded, about = await _load(request, groups, senders)
        for one in groups:
            group = _draw(request, one, stats[one.group_key], loaded, about, listed=True)
            if group is not None:
                rendered.append(group)
    return groups, entities.render(rendered, loaded, links, partial=partial)


def _draw(
    request: Request,
    group: Group,
    numbers: Statistics,
    loaded: LoadedStatuses,
    about: Attachments,
    *,
    listed: bool,
) -> entities.NotificationGroup | None:
    """A group, with its ``page_`` keys if it is one of a list; None if it cannot be shown."""
    try:
        entity = entities.render_group(
            group_key=group.group_key,
            type=group.type,
            status_id=group.status_id,
            count=numbers.size,
            most_recent_id=numbers.most_recent_id,
            sample_account_ids=numbers.sample_account_ids,
            loaded=loaded,
        )
        entities.add_details(
            entity,
            group.activity_id,
            loaded,
            request.services.links,
            attached=about,
            supported=flat.supported_types(request),
        )
        if listed:
            entities.add_page(entity, min_id=numbers.page_min_id, latest_at=numbers.latest_at)
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
        telemetry.skipped("group", numbers.most_recent_id, problem)
        return None
    return entity


async def show(request: Request) -> Any:
    """GET /api/v2/notifications/:group_key: one group, whole, without ``page_`` keys."""
    group = await _find(request, request.path["group_key"])
    if group is None:
        raise errors.RecordNotFound
    sample = tuple(sender for _, sender in group.newest)
    loaded, about = await _load(request, [group], set(sample))
    numbers = Statistics(group.size, group.newest_id, group.newest_at, sample, group.oldest_id)
    rendered = _draw(request, group, numbers, loaded, about, listed=False)
    found = [] if rendered is None else [rendered]
    results = entities.render(found, loaded, request.services.links, partial=False)
    if not results.notification_groups:
        raise errors.RecordNotFound
    return results


async def _find(request: Request, group_key: str) -> Group | None:
    """A group by its key; ``ungrouped-<id>`` of a row that has a key means its group (1.9)."""
    db = request.services.db
    number = domain.ungrouped_id(group_key)
    if number is not None:
        row = await flat_store.find(db, request.account_id, number)
        if row is None or flat.hidden(request, row.type):
            return None
        if row.group_key is None:
            return store.alone(row)
        group_key = row.group_key
    group = await store.find(db, request.account_id, group_key)
    return None if group is None or flat.hidden(request, group.type) else group


async def accounts_of_group(request: Request) -> Any:
    """GET /api/v2/notifications/:group_key/accounts; cursors are notification ids (1.11)."""
    cursor = request.params.cursor(*GROUP_ACCOUNTS_PAGE)
    db, links = request.services.db, request.services.links
    members = await _members(request, request.path["group_key"], cursor)
    loaded = await accounts.load(db, (sender for _, sender in members))
    body = [account_entities.encoded(loaded[sender], links) for _, sender in members]
    full = len(members) >= cursor.limit
    return responses.page(
        request,
        body,
        next_max_id=members[-1][0] if members and full else None,
        prev=("min_id", members[0][0]) if members else None,
    )


async def _members(request: Request, group_key: str, cursor: Cursor) -> list[tuple[int, int]]:
    db = request.services.db
    if flat.hidden(request, group_key.partition("-")[0]):
        return []
    return await store.accounts_page(db, request.account_id, group_key, cursor)


async def dismiss(request: Request) -> Any:
    """POST /api/v2/notifications/:group_key/dismiss; an unknown key is none (1.10)."""
    group_key = request.path["group_key"]
    await actions.dismiss_group(
        request.services.db,
        request.account_id,
        group_key,
        notification_id=domain.ungrouped_id(group_key),
    )
    return responses.EMPTY


async def unread_count(request: Request) -> Any:
    """GET /api/v2/notifications/unread_count: groups, not notifications (1.12)."""
    limit = paging.limit(request.params.text("limit"), *UNREAD_COUNT_PAGE)
    wanted = _wanted(request)
    db = request.services.db
    return {"count": await store.unread_count(db, request.account_id, limit, wanted)}
