"""GroupedNotificationsResults and NotificationGroup (notifications.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Raw

from stentor import telemetry
from stentor.domain import times
from stentor.domain.attachments import ORDINARY, Attachments
from stentor.domain.grouped_notifications import Group
from stentor.domain.links import Links
from stentor.domain.notifications import TRAITS, Attached
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, notification_details, statuses
from stentor.entities.accounts import PartialAccount, encoder
from stentor.entities.attachments import GROUP_KEYS
from stentor.entities.fragments import Fragment

#: Whether groups of a type have a status, by the type's name.
_WITH_STATUS = {type.value: TRAITS[type].attached is Attached.STATUS for type in TRAITS}


class Results(NamedTuple):
    """Groups with the accounts and statuses that they name, as JSON in pieces to be joined.

    The pieces of accounts and statuses are those that others are shown too.
    """

    #: How many groups there are.
    size: int
    pieces: list[Fragment]


@dataclass(slots=True)
class _Named:
    """What the groups of a page name, each once, in the order of the groups."""

    loaded: LoadedStatuses
    links: Links
    accounts: dict[int, Raw] = field(default_factory=dict)
    partly: dict[int, PartialAccount] = field(default_factory=dict)
    statuses: dict[int, Raw] = field(default_factory=dict)

    def add(self, senders: list[int], status_id: int | None, *, partial: bool) -> None:
        """Whom and what a group names; raises without adding any, if one cannot be shown."""
        everyone, known = self.loaded.accounts, self.accounts
        fresh = {
            one: accounts.encoded(everyone[one], self.links)
            for one in (senders[:1] if partial else senders)
            if one not in known
        }
        partly = {}
        if partial:
            partly = {
                one: accounts.render_partial(everyone[one], self.links) for one in senders[1:]
            }
        if status_id is not None and status_id not in self.statuses:
            self.statuses[status_id] = statuses.encoded(self.loaded, status_id, self.links)
        if fresh:
            known.update(fresh)
        self.partly.update(partly)


def render(
    groups: Iterable[Group],
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
    something cannot be shown is left out. ``supported`` are the types that the client knows;
    unless None, others get words that any client can show. Only if they are ``listed`` groups
    have the ``page_`` keys.
    """
    everyone = loaded.accounts
    named = _Named(loaded, links)
    kept = []
    for group in groups:
        try:
            senders = [one for _, one in group.newest if one in everyone]
            status_id = group.status_id if loaded.may_show(group.status_id) else None
            json = _render(group, senders, status_id, listed=listed)
            if group.type not in ORDINARY:
                json += notification_details.encoded(
                    group.type, group.activity_id, senders, loaded, links,
                    keys=GROUP_KEYS, attached=attached, supported=supported,
                ).decode()  # fmt: skip
            named.add(senders, status_id, partial=partial)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("group", group.newest_id, problem)
        else:
            kept.append(json)
    return Results(len(kept), _joined(named, kept, partial=partial))


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


def _joined(named: _Named, groups: list[str], *, partial: bool) -> list[Fragment]:
    """The envelope."""
    closed = "},".join(groups) + "}" if groups else ""
    end = f'],"notification_groups":[{closed}]'.encode()
    if partial:
        others = [one for key, one in named.partly.items() if key not in named.accounts]
        end += b',"partial_accounts":' + encoder.encode(others)
    return [
        b'{"accounts":[',
        *_separated(named.accounts.values()),
        b'],"statuses":[',
        *_separated(named.statuses.values()),
        end + b"}",
    ]


def _separated(values: Collection[Raw]) -> list[Fragment]:
    """With commas between them."""
    pieces: list[Fragment] = [b","] * max(0, 2 * len(values) - 1)
    pieces[::2] = values
    return pieces
