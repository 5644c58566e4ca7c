"""GroupedNotificationsResults and NotificationGroup (notifications.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor import telemetry
from stentor.domain import times
from stentor.domain.accounts import Account
from stentor.domain.attachments import ORDINARY, Attachments
from stentor.domain.grouped_notifications import Group
from stentor.domain.links import Links
from stentor.domain.notifications import TRAITS, Attached
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, notification_details, statuses
from stentor.entities.accounts import encoder
from stentor.entities.attachments import GROUP_KEYS
from stentor.entities.fragments import Element, Parts, in_a_row

#: Whether groups of a type have a status, by the type's name.
_WITH_STATUS = {type.value: TRAITS[type].attached is Attached.STATUS for type in TRAITS}


class Results(NamedTuple):
    """Groups with the accounts and statuses that they name, as JSON."""

    #: How many groups there are.
    size: int
    parts: Parts


def render(
    groups: Sequence[Group],
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None = None,
    partial: bool = False,
    listed: bool = True,
) -> Results:
    """Groups as their owner may see them now, every account and status once, in their order.

    With ``partial`` only the newest sender of each group is shown in full. A group of which
    nobody, or something else, cannot be shown is left out. ``supported`` are the types that the
    client knows; unless None, others get words that any client can show. Only if they are
    ``listed`` groups have the ``page_`` keys.
    """
    everyone = loaded.accounts
    shown = _senders(groups, loaded, links)
    about: dict[int, Element] = {}
    kept: list[str] = []
    of_groups: list[list[int]] = []
    for group in groups:
        try:
            senders = [one for _, one in group.newest if one in shown]
            status_id = group.status_id if loaded.may_show(group.status_id) else None
            json = _render(group, senders, status_id, listed=listed)
            if group.type not in ORDINARY:
                json += notification_details.encoded(
                    group.type, group.activity_id, senders, loaded, links,
                    keys=GROUP_KEYS, attached=attached, supported=supported,
                ).decode()  # fmt: skip
            if status_id is not None and status_id not in about:
                about[status_id] = statuses.element(loaded, status_id, links)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("group", group.newest_id, problem)
        else:
            kept.append(json + "}")
            of_groups.append(senders)
    named = dict.fromkeys([one for senders in of_groups for one in senders])
    partly = b""
    if partial:
        newest = dict.fromkeys([senders[0] for senders in of_groups])
        others = [everyone[one] for one in named if one not in newest]
        named, partly = newest, _partly(others, links)
    full = [shown[one] for one in named]
    pieces = [
        b'{"accounts":[',
        *in_a_row(full),
        b'],"statuses":[',
        *in_a_row(about.values()),
        b'],"notification_groups":[%b]%b}' % (",".join(kept).encode(), partly),
    ]
    return Results(len(kept), Parts(pieces, [*full, *about.values()]))


def _partly(others: list[Account], links: Links) -> bytes:
    rendered = [accounts.render_partial(one, links) for one in others]
    return b',"partial_accounts":' + encoder.encode(rendered)


def _senders(groups: Sequence[Group], loaded: LoadedStatuses, links: Links) -> dict[int, Element]:
    """Who is named and can be shown."""
    everyone = loaded.accounts
    ids = dict.fromkeys([one for group in groups for _, one in group.newest])
    return accounts.elements([everyone[one] for one in ids if one in everyone], links)


def _render(group: Group, senders: list[int], status_id: int | None, *, listed: bool) -> str:
    """A group as JSON that is not closed yet. Raises LookupError if nobody can be shown."""
    _, key, type, _, size, _, newest_id, newest_at, oldest_id, *_ = group
    if not senders:
        raise LookupError(key)
    # None of these holds anything that JSON would have to escape.
    sample = f"{senders[0]}" if len(senders) == 1 else '","'.join([str(one) for one in senders])
    page = status = ""
    if listed:
        page = (
            f',"page_min_id":"{oldest_id}","page_max_id":"{newest_id}",'
            f'"latest_page_notification_at":"{times.iso(newest_at)}"'
        )
    if _WITH_STATUS[type]:
        status = ',"status_id":null' if status_id is None else f',"status_id":"{status_id}"'
    return (
        f'{{"group_key":"{key}","notifications_count":{size},"type":"{type}",'
        f'"most_recent_notification_id":{newest_id},"sample_account_ids":["{sample}"]{page}{status}'
    )
