"""Notifications in groups: /api/v2/notifications (notifications.md 1.8 to 1.13)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from stentor import errors
from stentor.actions import notifications as actions
from stentor.api import notifications as flat
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain import grouped_notifications as domain
from stentor.domain import paging
from stentor.domain.attachments import Attachments
from stentor.domain.grouped_notifications import Group
from stentor.domain.limits import GROUP_ACCOUNTS_PAGE, NOTIFICATIONS_PAGE, UNREAD_COUNT_PAGE
from stentor.domain.paging import Cursor
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts as account_entities
from stentor.entities import grouped_notifications as entities
from stentor.store import accounts, statuses
from stentor.store import grouped_notifications as store
from stentor.store import notifications as flat_store
from stentor.store.notification_group_pages import Wanted

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


async def index(request: Request) -> responses.Reply:
    """GET /api/v2/notifications.

    Groups that cannot be shown do not make the page shorter while there are others (T55).
    """
    partial = _partial(request)
    wanted = _wanted(request)
    cursor = request.params.cursor(*NOTIFICATIONS_PAGE)
    groups, body = await _page(request, cursor, wanted, partial=partial)
    size = cursor.limit
    for _ in range(flat.REFILLS):
        lacking = cursor.limit - body.size
        if len(groups) < size or lacking <= 0:
            break
        size += lacking
        groups, body = await _page(request, replace(cursor, limit=size), wanted, partial=partial)
    ids = [one.id for one in groups]
    return responses.timeline_page(request, body.parts, ids, kept=_KEPT)


async def _page(
    request: Request, cursor: Cursor, wanted: Wanted, *, partial: bool
) -> tuple[list[Group], entities.Results]:
    """A page, and the same as JSON. Only if somebody on it is suspended it is asked for twice."""
    db = request.services.db
    groups = await store.page(db, request.account_id, cursor, wanted)
    shown = await _load(request, groups)
    if any(_suspended(one, shown) for one in groups):
        groups = await store.page(db, request.account_id, cursor, wanted, visible_only=True)
        shown = await _load(request, groups)
    return groups, _render(request, groups, shown, partial=partial)


class _Shown(NamedTuple):
    """What is shown beside the groups."""

    loaded: LoadedStatuses
    about: Attachments


async def _load(request: Request, groups: list[Group]) -> _Shown:
    if not groups:
        return _Shown(LoadedStatuses(request.account_id), Attachments())
    about = await flat.attached(request, ((one.type, one.activity_id) for one in groups))
    senders = {sender for one in groups for _, sender in one.newest}
    loaded = await statuses.load(
        request.services.db,
        (one.status_id for one in groups if one.status_id is not None),
        request.account_id,
        now=request.services.now(),
        with_accounts=[*senders, *about.account_ids()],
    )
    request.lasts_until(loaded.until)
    return _Shown(loaded, about)


def _suspended(group: Group, shown: _Shown) -> bool:
    sender = shown.loaded.accounts.get(group.sender)
    return sender is not None and sender.unavailable


def _render(
    request: Request,
    groups: list[Group],
    shown: _Shown,
    *,
    partial: bool = False,
    listed: bool = True,
) -> entities.Results:
    return entities.render(
        groups,
        shown.loaded,
        request.services.links,
        attached=shown.about,
        supported=flat.supported_types(request),
        partial=partial,
        listed=listed,
    )


async def show(request: Request) -> Any:
    """GET /api/v2/notifications/:group_key: one group, whole, without ``page_`` keys."""
    group = await _find(request, request.path["group_key"])
    if group is None:
        raise errors.RecordNotFound
    results = _render(request, [group], await _load(request, [group]), listed=False)
    if not results.size:
        raise errors.RecordNotFound
    return results.parts


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
