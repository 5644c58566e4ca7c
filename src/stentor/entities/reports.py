"""Report, as its author and a notification see it (notifications.md 2.7)."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain import reports, times
from stentor.domain.accounts import Account
from stentor.domain.links import Links
from stentor.domain.reports import Report as ReportRow
from stentor.entities import accounts


class Report(Struct, gc=False):
    """The keys in the order of the wire."""

    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: list[str]
    rule_ids: list[str] | None
    collection_ids: list[str]
    target_account: Raw


def ids(stored: str | None) -> list[str] | None:
    """A stored list of ids as clients read it."""
    found = reports.ids(stored)
    return None if found is None else [str(one) for one in found]


def render(report: ReportRow, target: Account, links: Links) -> Report:
    """Without who reported: that is the notification's account, or nobody's business."""
    return Report(
        str(report.id),
        report.action_taken_at is not None,
        times.iso_or_none(report.action_taken_at),
        report.category,
        report.comment,
        bool(report.forwarded),
        times.iso(report.created_at),
        ids(report.status_ids) or [],
        ids(report.rule_ids),
        ids(report.collection_ids) or [],
        accounts.encoded(target, links),
    )
