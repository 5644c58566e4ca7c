"""Mentions: whom a status names, found by handle and kept with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import NamedTuple

from stentor.domain.accounts import Account
from stentor.store import accounts
from stentor.store.database import Reader, Transaction


class Mention(NamedTuple):
    """A row of ``mentions``; ``silent`` ones may read and are not told."""

    id: int
    account_id: int
    silent: bool


# By the index of handles, all of them at once. Whoever cannot be reached is nobody: suspended,
# leaving, unconfirmed or unapproved (surroundings C6.3).
RESOLVE = f"""
    SELECT {accounts.COLUMNS} FROM accounts a LEFT JOIN users u ON u.account_id = a.id
    WHERE lower(a.username) = ANY($1) AND lower(a.domain) = ANY($2)
      AND a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
      AND (a.domain <> '' OR (u.confirmed_at IS NOT NULL AND u.approved))
"""

# Those of the accounts ($2) whom the author ($1) blocks, or whose domain he blocks.
BLOCKED = """
    SELECT b.target_account_id FROM blocks b
    WHERE b.account_id = $1 AND b.target_account_id = ANY($2)
    UNION SELECT a.id FROM accounts a JOIN account_domain_blocks d ON d.domain = a.domain
    WHERE d.account_id = $1 AND a.id = ANY($2) AND a.domain <> ''
"""

OF_STATUS = "SELECT id, account_id, silent FROM mentions WHERE status_id = $1 ORDER BY id"


async def resolve(
    db: Reader, keys: Iterable[tuple[str, str | None]], author_id: int
) -> dict[tuple[str, str | None], Account]:
    """The accounts that an author's text names, by `Handle.key`; those he blocks left out.

    Two queries whatever the text holds, one if it names nobody who exists.
    """
    wanted = set(keys)
    if not wanted:
        return {}
    rows = await db.fetch(
        RESOLVE,
        list({username for username, _ in wanted}),
        list({domain or "" for _, domain in wanted}),
    )
    found = {}
    for account in await accounts.with_moved(db, starmap(Account, rows)):
        key = (account.username.lower(), account.domain.lower() or None)
        if key in wanted:
            found[key] = account
    if not found:
        return {}
    ids = [account.id for account in found.values()]
    blocked = {row[0] for row in await db.fetch(BLOCKED, author_id, ids)}
    return {key: account for key, account in found.items() if account.id not in blocked}


async def of_status(db: Reader, status_id: int) -> list[Mention]:
    """Everybody a status mentions, silently too, in the order of the text."""
    return [Mention._make(row) for row in await db.fetch(OF_STATUS, status_id)]


async def add(tx: Transaction, status_id: int, account_ids: Sequence[int]) -> list[Mention]:
    """Mentions those accounts, each once and in that order; the mentions of the status.

    An account that was mentioned silently is mentioned aloud.
    """
    if not account_ids:
        return []
    await tx.run_many(
        "INSERT INTO mentions (status_id, account_id, silent) VALUES ($1, $2, FALSE)"
        " ON CONFLICT (status_id, account_id) DO UPDATE SET silent = FALSE",
        [(status_id, one) for one in dict.fromkeys(account_ids)],
    )
    return await of_status(tx, status_id)


async def add_silent(tx: Transaction, status_id: int, account_id: int) -> None:
    """Lets an account read a status without naming it; named aloud it stays so."""
    await tx.run(
        "INSERT INTO mentions (status_id, account_id, silent) VALUES ($1, $2, TRUE)"
        " ON CONFLICT (status_id, account_id) DO NOTHING",
        status_id,
        account_id,
    )


async def silence(tx: Transaction, status_id: int, account_ids: list[int]) -> None:
    """Makes those mentions silent: the name has gone, the right to read stays (C6.3)."""
    if account_ids:
        await tx.run(
            "UPDATE mentions SET silent = TRUE WHERE status_id = $1 AND account_id = ANY($2)",
            status_id,
            account_ids,
        )
