"""Notification, flat (notifications.md 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stentor import telemetry
from stentor.domain import times
from stentor.domain.attachments import ORDINARY, Attachments
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, TRAITS, Attached
from stentor.domain.notifications import Notification as NotificationRow
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, notification_details, statuses
from stentor.entities.attachments import KEYS
from stentor.entities.fragments import Element, Fragment, Parts


class Rendered(NamedTuple):
    """A notification as JSON, in pieces to be joined, without the brace that ends it."""

    id: int
    head: bytes
    rest: tuple[Fragment, ...]
    #: Its account and its status, which are among the pieces.
    elements: tuple[Element, ...]

    @property
    def json(self) -> bytes:
        """All of it."""
        return b"".join((self.head, *self.rest, b"}"))


_WITH_STATUS = frozenset(
    name for name, type in BY_NAME.items() if TRAITS[type].attached is Attached.STATUS
)


def render_page(
    rows: Iterable[NotificationRow],
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None = None,
) -> list[Rendered]:
    """Notifications as their owner may see them now; one that cannot be shown is left out.

    ``status`` is there for the types that carry one, and null when the status is deleted or no
    longer his to read. A status that several are about is put together once. ``supported`` are
    the types that the client knows; unless None, others get words that any client can show.
    """
    known: dict[int, Element] = {}
    rendered = []
    for row in rows:
        try:
            one = _render(row, loaded, links, known)
            if row.type not in ORDINARY:
                details = notification_details.encoded(
                    row.type, row.activity_id, [row.from_account_id], loaded, links,
                    keys=KEYS, attached=attached, supported=supported,
                )  # fmt: skip
                one = one._replace(rest=(*one.rest, details))
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("notification", row.id, problem)
        else:
            rendered.append(one)
    return rendered


def joined(rendered: Iterable[Rendered]) -> Parts:
    """The JSON array of them."""
    pieces: list[Fragment] = []
    elements: list[Element] = []
    for _, head, rest, shown in rendered:
        pieces.append(b"}," + head if pieces else b"[" + head)
        pieces += rest
        elements += shown
    pieces.append(b"}]" if pieces else b"[]")
    return Parts(pieces, elements)


def _render(
    row: NotificationRow, loaded: LoadedStatuses, links: Links, known: dict[int, Element]
) -> Rendered:
    """Raises LookupError if its sender is gone, or if nobody knows its type."""
    (number, type, _, from_account_id, status_id, group_key, filtered, created_at) = row
    if type not in BY_NAME:
        raise LookupError(type)
    # None of these holds anything that JSON would have to escape.
    head = (
        f'{{"id":"{number}","type":"{type}","created_at":"{times.iso(created_at)}",'
        f'"group_key":"{group_key or f"ungrouped-{number}"}","account":'
    )
    account = accounts.element(loaded.accounts[from_account_id], links)
    rest: tuple[Fragment, ...] = (account.alone,)
    if filtered:
        rest += (b',"filtered":true',)
    if type not in _WITH_STATUS:
        return Rendered(number, head.encode(), rest, (account,))
    status = _status(status_id, loaded, links, known)
    if status is None:
        return Rendered(number, head.encode(), (*rest, b',"status":null'), (account,))
    return Rendered(number, head.encode(), (*rest, b',"status":', status.alone), (account, status))


def _status(
    status_id: int | None, loaded: LoadedStatuses, links: Links, known: dict[int, Element]
) -> Element | None:
    if status_id is None or not loaded.may_show(status_id):
        return None
    if status_id not in known:
        known[status_id] = statuses.element(loaded, status_id, links)
    return known[status_id]
