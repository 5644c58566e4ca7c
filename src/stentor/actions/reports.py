"""Filing a report, and what moderators do with it (surroundings B2.4, C15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stentor.actions import notify
from stentor.domain import reports as domain
from stentor.domain.accounts import Account
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.reports import Complaint, Report
from stentor.domain.roles import Permission
from stentor.errors import RecordNotFound
from stentor.store import accounts, reports, statuses, users
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus


async def add(
    db: Database,
    bus: Bus,
    account_id: int,
    target_id: int | None,
    complaint: Complaint,
    *,
    now: int,
) -> tuple[Report, Account]:
    """Files a report, and tells staff unless another one on the same account waits already.

    Statuses that are not the target's, or that the reporter may not read, are left out. Raises
    RecordNotFound for an account that is suspended or that nobody can know of, ValidationFailed.
    """
    checked = domain.check(complaint)
    if target_id is None:
        raise RecordNotFound
    async with db.transaction() as tx:
        # The target's row is held: of two reports at once one sees the other.
        target = (await accounts.hold(tx, [target_id])).get(target_id)
        if target is None or target.unavailable:
            raise RecordNotFound
        kept = await _evidence(tx, account_id, target_id, complaint.status_ids, now=now)
        report = await reports.add(
            tx, account_id, target_id, checked._replace(status_ids=kept), now=now
        )
        if not await reports.another_is_open(tx, report):
            event = Event(
                NotificationType.ADMIN_REPORT,
                report.id,
                account_id,
                tuple(await users.staff(tx, Permission.MANAGE_REPORTS)),
                now,
            )
            await notify.notify(tx, bus, event, now=now)
    return report, target


async def _evidence(
    tx: Transaction, account_id: int, target_id: int, ids: Iterable[int], *, now: int
) -> list[int]:
    loaded = await statuses.load(tx, ids, account_id, now=now)
    return [
        one
        for one in dict.fromkeys(ids)
        if loaded.may_show(one) and loaded.statuses[one].account_id == target_id
    ]


async def find(tx: Transaction, report_id: int | None) -> Report:
    """A report, of whomever. Raises RecordNotFound."""
    found = await reports.load(tx, [] if report_id is None else [report_id])
    for report in found.values():
        return report
    raise RecordNotFound


async def assign(db: Database, report_id: int | None, to: int | None, *, now: int) -> Report:
    """Says which moderator takes care of it; None: nobody. Raises RecordNotFound."""
    async with db.transaction() as tx:
        report = await find(tx, report_id)
        await reports.assign(tx, report.id, to, now=now)
        return await find(tx, report.id)


async def resolve(db: Database, report_id: int | None, by: int, *, now: int) -> Report:
    """Closes it; the next report on that account is told of again. Raises RecordNotFound."""
    async with db.transaction() as tx:
        report = await find(tx, report_id)
        await reports.resolve(tx, report.id, by=by, now=now)
        return await find(tx, report.id)


async def reopen(db: Database, report_id: int | None, *, now: int) -> Report:
    """Takes `resolve` back. Raises RecordNotFound."""
    async with db.transaction() as tx:
        report = await find(tx, report_id)
        await reports.reopen(tx, report.id, now=now)
        return await find(tx, report.id)


async def classify(
    db: Database,
    report_id: int | None,
    category: str | None,
    rule_ids: Sequence[int] | None,
    *,
    now: int,
) -> Report:
    """Puts it into another category; what is None stays.

    Raises RecordNotFound, ValidationFailed.
    """
    async with db.transaction() as tx:
        report = await find(tx, report_id)
        checked = domain.category(category or report.category, rule_ids)
        keep = rule_ids is None and checked == "violation"
        rules = domain.ids(report.rule_ids) if keep else rule_ids
        await reports.classify(tx, report.id, checked, rules, now=now)
        return await find(tx, report.id)
