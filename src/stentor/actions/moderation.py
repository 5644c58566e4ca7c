"""What moderators do to accounts: each action kept as a strike, and told to whom it concerns."""

from __future__ import annotations

from pathlib import Path

from stentor.actions import accounts as actions
from stentor.actions import notify, registrations
from stentor.actions import reports as report_actions
from stentor.domain.accounts import Account
from stentor.domain.moderation import Action, Sanction, outranks
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.reports import Report
from stentor.domain.roles import Role
from stentor.errors import NotAllowed, RecordNotFound, ValidationFailed
from stentor.store import account_warnings, accounts, email_deliveries, moderation, reports
from stentor.store.database import Database, Transaction
from stentor.store.moderation import Mark
from stentor.streaming.bus import Bus

_MARKS = {Action.SENSITIVE: Mark.SENSITIZED, Action.SILENCE: Mark.LIMITED}


async def act(
    db: Database, bus: Bus, sanction: Sanction, *, role: Role | None = None, now: int
) -> None:
    """Does it, keeps a strike, closes reports, and tells the target if he can still read it.

    All open reports on the target are closed; a mere warning closes the one that it answers.
    ``role`` is the moderator's, None for the operator. Raises RecordNotFound, NotAllowed for a
    target whom the moderator does not outrank, ValidationFailed for what cannot be done to him.
    """
    async with db.transaction() as tx:
        target = await held(tx, sanction.target_id, role)
        report = await _answered(tx, sanction)
        await _apply(tx, bus, target, sanction.action, now=now)
        if sanction.action is not Action.NONE:
            await reports.resolve_all(tx, target.id, by=sanction.by, now=now)
        elif report is not None:
            await reports.resolve(tx, report.id, by=sanction.by, now=now)
        status_ids = report.status_ids if report is not None and report.status_ids != "[]" else None
        warning_id = await account_warnings.add(tx, sanction, status_ids=status_ids, now=now)
        if sanction.tell and target.local:
            event = Event(NotificationType.MODERATION_WARNING, warning_id, None, (target.id,), now)
            await notify.notify(tx, bus, event, now=now)
            if tx.mails:
                await email_deliveries.add_warning(tx, target.id, warning_id, now=now)


async def held(tx: Transaction, account_id: int | None, role: Role | None) -> Account:
    """The account, locked until the commit. Raises RecordNotFound, or NotAllowed as `act` does."""
    if account_id is None or not await moderation.hold(tx, account_id):
        raise RecordNotFound
    account = await accounts.find(tx, account_id)
    if account is None:
        raise RecordNotFound
    if role is not None and not outranks(role, account):
        raise NotAllowed
    return account


async def _answered(tx: Transaction, sanction: Sanction) -> Report | None:
    if sanction.report_id is None:
        return None
    report = await report_actions.find(tx, sanction.report_id)
    if report.target_account_id != sanction.target_id:
        raise RecordNotFound
    return report


async def _apply(tx: Transaction, bus: Bus, target: Account, action: Action, *, now: int) -> None:
    if action is Action.DISABLE:
        if not target.local:
            raise ValidationFailed("Type is not included in the list")
        await actions.disable_within(tx, bus, target.id)
    elif action is Action.SUSPEND:
        await actions.suspend_within(tx, bus, target.id, now=now)
    elif action is not Action.NONE:
        await actions.mark(tx, target.id, _MARKS[action], now)


async def approve(db: Database, bus: Bus, account_id: int | None, role: Role, *, now: int) -> None:
    """Lets somebody in who asked for it; staff are told if his address is confirmed too.

    Raises RecordNotFound, NotAllowed for one who does not wait for it.
    """
    async with db.transaction() as tx:
        target = await held(tx, account_id, role)
        if not await moderation.approve(tx, target.id):
            raise NotAllowed
        user = await accounts.find_user(tx, target.id)
        if user is not None and user.confirmed_at is not None:
            await registrations.announce(tx, bus, target.id, now=now)


async def reject(
    db: Database, bus: Bus, account_id: int | None, role: Role, *, media: Path
) -> None:
    """Turns somebody away who asked to be let in. Raises RecordNotFound, NotAllowed."""
    async with db.transaction() as tx:
        target = await held(tx, account_id, role)
        user = await accounts.find_user(tx, target.id)
        if user is None or user.approved:
            raise NotAllowed
    await actions.delete(db, bus, target.id, media=media)


async def purge(db: Database, bus: Bus, account_id: int | None, role: Role, *, media: Path) -> None:
    """Removes a suspended account with its data. Raises RecordNotFound, NotAllowed for others."""
    async with db.transaction() as tx:
        target = await held(tx, account_id, role)
        if target.suspended_at is None:
            raise NotAllowed
    await actions.delete(db, bus, target.id, media=media)
