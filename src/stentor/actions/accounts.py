"""What happens to an account as a whole, each time in one transaction.

Limit, suspend, disable and delete are what moderators and the operator do: all take an account's
id and raise RecordNotFound if there is none; doing one again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from stentor.actions import notify, severed_relationships
from stentor.domain import profiles
from stentor.domain.accounts import Account
from stentor.domain.notifications import NotificationType
from stentor.domain.profiles import ProfileChanges, Value
from stentor.errors import RecordNotFound, ValidationFailed
from stentor.store import (
    accounts,
    media_files,
    moderation,
    notification_inboxes,
    notifications,
    reports,
)
from stentor.store import profiles as profile_rows
from stentor.store.database import Database, Transaction
from stentor.store.moderation import Mark
from stentor.streaming.bus import Bus, News


async def update(
    db: Database, media: Path, account_id: int, changes: ProfileChanges, *, domain: str, now: int
) -> None:
    """Changes a profile: all of it, or nothing. ``domain`` is the local one.

    Raises ValidationFailed with details for what is too long or not allowed.
    """
    problems = profiles.problems(changes, domain)
    if problems:
        raise ValidationFailed(*profiles.sentences(problems), details=problems)
    columns = dict(changes.account)
    if changes.fields is not None:
        columns["fields"] = _json(profiles.kept_fields(changes.fields))
    if changes.attribution_domains is not None:
        columns["attribution_domains"] = _json(profiles.kept_domains(changes.attribution_domains))
    kept: list[str] = []
    try:
        for kind, data in changes.images.items():
            columns[kind] = ""
            if data is not None:
                save = media_files.save_profile_image
                path = await asyncio.to_thread(save, media, kind, account_id, data)
                kept.append(path)
                columns[kind] = path
        before = await _write(db, account_id, columns, changes.user, now=now)
    except Exception:  # nothing was kept; whoever is cancelled cannot know that
        await _remove_files(media, kept)
        raise
    replaced = {"avatar": before.avatar, "header": before.header}
    await _remove_files(media, [replaced[kind] for kind in changes.images])


async def _write(
    db: Database,
    account_id: int,
    account: Mapping[str, Value],
    user: Mapping[str, Value],
    *,
    now: int,
) -> Account:
    """Keeps columns of the account and its person; the account as it was before."""
    async with db.transaction() as tx:
        before = (await accounts.hold(tx, [account_id])).get(account_id)
        if before is None:
            raise RecordNotFound
        await profile_rows.update(tx, account_id, account=account, user=user, now=now)
        return before


async def _remove_files(media: Path, paths: Iterable[str]) -> None:
    for path in paths:
        if path:
            await asyncio.to_thread(media_files.remove, media, path)


def _json(value: Sequence[object]) -> str:
    return msgspec.json.encode(value).decode()


async def limit(db: Database, account_id: int, *, now: int) -> None:
    """Keeps an account out of what strangers see; its follows become requests (C15)."""
    async with db.transaction() as tx:
        await mark(tx, account_id, Mark.LIMITED, now)


async def unlimit(db: Database, account_id: int) -> None:
    """Takes back `limit`."""
    async with db.transaction() as tx:
        await mark(tx, account_id, Mark.LIMITED, None)


async def unsensitize(db: Database, account_id: int) -> None:
    """Takes back that all its media count as sensitive."""
    async with db.transaction() as tx:
        await mark(tx, account_id, Mark.SENSITIZED, None)


async def suspend(db: Database, bus: Bus, account_id: int, *, now: int) -> None:
    """Hides an account and shuts its person out; nothing is removed (C15).

    Who follows it, or is followed by it, is told that this has no effect any more.
    """
    async with db.transaction() as tx:
        await suspend_within(tx, bus, account_id, now=now)


async def suspend_within(tx: Transaction, bus: Bus, account_id: int, *, now: int) -> None:
    """`suspend` as a part of something larger."""
    before = await accounts.find(tx, account_id)
    await mark(tx, account_id, Mark.SUSPENDED, now)
    if before is not None and before.suspended_at is None:
        await severed_relationships.account_suspended(tx, before, now=now)
    tx.after_commit(bus.publish, News(account_id, "account_suspended", account_id))


async def unsuspend(db: Database, account_id: int) -> None:
    """Takes back `suspend`: what was hidden is seen again."""
    async with db.transaction() as tx:
        await mark(tx, account_id, Mark.SUSPENDED, None)


async def disable(db: Database, bus: Bus, account_id: int) -> None:
    """Freezes the sign-in of a local account; its tokens answer 403 (C0.4)."""
    async with db.transaction() as tx:
        await disable_within(tx, bus, account_id)


async def disable_within(tx: Transaction, bus: Bus, account_id: int) -> None:
    """`disable` as a part of something larger."""
    if not await moderation.set_disabled(tx, account_id, disabled=True):
        raise RecordNotFound
    tx.after_commit(bus.publish, News(account_id, "account_disabled", account_id))


async def enable(db: Database, account_id: int) -> None:
    """Takes back `disable`."""
    async with db.transaction() as tx:
        if not await moderation.set_disabled(tx, account_id, disabled=False):
            raise RecordNotFound


async def delete(db: Database, bus: Bus, account_id: int, *, media: Path | None = None) -> None:
    """Removes an account with everything it has done; others' counters stay right.

    ``media`` is the folder of uploaded files, from which its images go too.
    """
    async with db.transaction() as tx:
        if not await moderation.hold(tx, account_id):
            raise RecordNotFound
        told = await moderation.told_by(tx, account_id)
        await notification_inboxes.touch(tx, told)
        for recipient in told:
            await notify.forget_sender(tx, account_id=recipient, from_account_id=account_id)
        await notify.forget_statuses(tx, await moderation.statuses_of(tx, account_id))
        await _forget_reports(tx, account_id)
        await moderation.remove(tx, account_id)
        tx.after_commit(bus.publish, News(account_id, "account_suspended", account_id))
    if media is not None:
        await asyncio.to_thread(media_files.remove_account, media, account_id)


async def _forget_reports(tx: Transaction, account_id: int) -> None:
    """Reports on an account go with it, and so does what staff were told of them (trap 46)."""
    found = await reports.on_account(tx, account_id)
    if found:
        await notifications.remove_caused(
            tx,
            {reporter for _, reporter in found},
            NotificationType.ADMIN_REPORT,
            [report_id for report_id, _ in found],
        )


async def mark(tx: Transaction, account_id: int, which: Mark, since: int | None) -> None:
    """Sets a mark or lifts it. Whoever is told things by that account lists something else now.

    Raises RecordNotFound.
    """
    if not await moderation.set_mark(tx, account_id, which, since):
        raise RecordNotFound
    await notification_inboxes.touch(tx, await moderation.told_by(tx, account_id))
