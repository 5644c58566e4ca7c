"""Admin::Report (surroundings C15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw, Struct

from stentor.domain import reports, times
from stentor.domain.admin_accounts import AdminAccount as AdminAccountRow
from stentor.domain.links import Links
from stentor.domain.reports import Report
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import admin_accounts, statuses
from stentor.entities.admin_accounts import AdminAccount


class AdminReport(Struct, gc=False):
    """The keys in the order of the wire. There are no rules that could be shown."""

    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    updated_at: str
    account: AdminAccount | None
    target_account: AdminAccount | None
    assigned_account: AdminAccount | None
    action_taken_by_account: AdminAccount | None
    statuses: list[Raw]
    rules: list[Any]


def render(
    report: Report,
    people: Mapping[int, AdminAccountRow],
    loaded: LoadedStatuses,
    links: Links,
) -> AdminReport:
    """For staff, who see every reported status that still exists, whoever else may read it."""

    def person(account_id: int | None) -> AdminAccount | None:
        row = None if account_id is None else people.get(account_id)
        return None if row is None else admin_accounts.render(row, links)

    return AdminReport(
        str(report.id),
        report.action_taken_at is not None,
        times.iso_or_none(report.action_taken_at),
        report.category,
        report.comment,
        bool(report.forwarded),
        times.iso(report.created_at),
        times.iso(report.updated_at),
        person(report.account_id),
        person(report.target_account_id),
        person(report.assigned_account_id),
        person(report.action_taken_by_account_id),
        [
            statuses.encoded(loaded, one, links)
            for one in reports.ids(report.status_ids) or []
            if one in loaded.statuses
        ],
        [],
    )
