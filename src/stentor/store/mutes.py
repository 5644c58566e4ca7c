"""Mutes. One whose time is over counts as none everywhere, before it is swept up too."""

from __future__ import annotations

from typing import NamedTuple

from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.domain.relationships import Mute
from stentor.store import accounts
from stentor.store.accounts import AVAILABLE
from stentor.store.database import Reader, Transaction

FORGET_ENDED = """
    DELETE FROM mutes WHERE account_id = $1 AND target_account_id = $2 AND expires_at <= $3
"""
SET = """
    INSERT INTO mutes (account_id, target_account_id, hide_notifications, expires_at, created_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account_id, target_account_id) DO UPDATE
    SET hide_notifications = excluded.hide_notifications, expires_at = excluded.expires_at
"""


async def set_mute(
    tx: Transaction, account_id: int, target_id: int, mute: Mute, *, now: int
) -> None:
    """Mutes somebody, or changes the mute that holds; after one that has ended it is a new one."""
    await tx.run(FORGET_ENDED, account_id, target_id, now)
    await tx.run(SET, account_id, target_id, mute.hide_notifications, mute.expires_at, now)


async def remove(tx: Transaction, account_id: int, target_id: int) -> None:
    """Ends a mute, if there is one."""
    await tx.run(
        "DELETE FROM mutes WHERE account_id = $1 AND target_account_id = $2",
        account_id,
        target_id,
    )


# The bound keeps one sweep short; whoever sweeps does it again until nothing is left.
SWEEP = """
    DELETE FROM mutes WHERE id IN (
      SELECT id FROM mutes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
      FOR UPDATE SKIP LOCKED)
"""


async def sweep(tx: Transaction, *, now: int, most: int = 1000) -> int:
    """Removes mutes that have ended, the oldest first; how many."""
    return await tx.run(SWEEP, now, most)


class MutedAccount(NamedTuple):
    """Who is muted, and until when (None: without an end)."""

    account: Account
    expires_at: int | None


# By the index of the mutes of an account.
PAGE = f"""
    SELECT m.id, m.expires_at, {accounts.COLUMNS}
    FROM mutes m JOIN accounts a ON a.id = m.target_account_id
    WHERE m.account_id = $1 AND m.id > $2 AND m.id < $3 AND {AVAILABLE}
      AND (m.expires_at IS NULL OR m.expires_at > $5)
    ORDER BY m.id DESC LIMIT $4
"""


async def page(
    db: Reader, account_id: int, cursor: Cursor, *, now: int
) -> tuple[list[int], list[MutedAccount]]:
    """A page of whom an account mutes, newest first: the mutes' ids, and who is muted."""
    rows = await accounts.page_rows(db, PAGE, account_id, cursor, now)
    muted = await accounts.with_moved(db, (Account(*row[2:]) for row in rows))
    return (
        [row[0] for row in rows],
        [MutedAccount(one, row[1]) for one, row in zip(muted, rows, strict=True)],
    )
