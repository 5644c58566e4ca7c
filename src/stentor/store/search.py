"""Finding accounts by what somebody types, and browsing those who want to be found."""

from __future__ import annotations

from itertools import starmap

from stentor.domain.accounts import Account
from stentor.store import accounts as account_rows
from stentor.store.database import Reader
from stentor.store.timelines import HIDDEN_ACCOUNTS

# Whoever can be found at all: not suspended, and a local one only if its person is confirmed and
# approved.
_FINDABLE = """
    a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
    AND (a.domain <> '' OR EXISTS (
      SELECT 1 FROM users u WHERE u.account_id = a.id AND u.confirmed_at IS NOT NULL AND u.approved
    ))
"""

# $1 the name in lower case, $2 names that begin with it, $3 texts that hold it, $4 the same as it
# was typed, $5 the domain or its beginning. The exact name first, local before remote; then names
# that begin like it; then the rest, whom the viewer ($6) follows first.
_ACCOUNTS = f"""
    SELECT {account_rows.COLUMNS} FROM accounts a
    WHERE {_FINDABLE}
      AND (lower(a.username) LIKE $3 ESCAPE '!' OR lower(a.display_name) LIKE $3 ESCAPE '!'
           OR a.display_name LIKE $4 ESCAPE '!')
      AND a.domain LIKE $5 ESCAPE '!' %s
    ORDER BY
      CASE WHEN lower(a.username) = $1 AND a.domain = '' THEN 0
           WHEN lower(a.username) = $1 THEN 1
           WHEN lower(a.username) LIKE $2 ESCAPE '!' THEN 2 ELSE 3 END,
      CASE WHEN EXISTS (SELECT 1 FROM follows f
                        WHERE f.account_id = $6 AND f.target_account_id = a.id) THEN 0 ELSE 1 END,
      a.followers_count DESC, a.id
    LIMIT $7 OFFSET $8
"""
_FOLLOWED = """
      AND a.id IN (SELECT target_account_id FROM follows WHERE account_id = $6)
"""
ACCOUNTS = {False: _ACCOUNTS % "", True: _ACCOUNTS % _FOLLOWED}

# Longer than any handle; longer patterns find nothing and cost time.
LONGEST = 300


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


async def accounts(
    db: Reader,
    q: str,
    viewer_id: int | None,
    *,
    local_domain: str,
    limit: int,
    offset: int = 0,
    following: bool = False,
) -> list[Account]:
    """Accounts by name or displayed name (surroundings C4), the exact one first.

    ``q`` may be a handle, with or without the first @; our own domain, with or without its port,
    means local accounts. ``following`` leaves those whom the viewer follows. One query.
    """
    name, _, domain = q.strip().removeprefix("@").partition("@")
    name, domain = name.strip(), domain.strip().lower()
    if not name or limit <= 0 or len(q) > LONGEST or "@" in domain:
        return []
    own = local_domain.lower()
    ours = domain in (own, own.partition(":")[0])
    domains = "" if ours else f"{_escaped(domain)}%"  # LIKE '' is local accounts alone
    part = _escaped(name)
    lower = _escaped(name.lower())
    rows = await db.fetch(
        ACCOUNTS[following],
        name.lower(),
        f"{lower}%",
        f"%{lower}%" if not domain else f"{lower}%",
        f"%{part}%" if not domain else f"{part}%",
        domains,
        viewer_id,
        limit,
        offset,
    )
    return await account_rows.with_moved(db, starmap(Account, rows))


# Local or all accounts that want to be found, without those whom the viewer ($1) hides.
_DIRECTORY = f"""
    WITH {HIDDEN_ACCOUNTS}
    SELECT {account_rows.COLUMNS} FROM accounts a
    WHERE {_FINDABLE} AND a.discoverable AND a.silenced_at IS NULL AND a.moved_to_id IS NULL
      AND a.id NOT IN (SELECT id FROM hidden)
      AND NOT EXISTS (
        SELECT 1 FROM account_domain_blocks d
        WHERE d.account_id = $1 AND d.domain = lower(a.domain)
      ) %s
    ORDER BY %s LIMIT $3 OFFSET $4
"""
_ORDERS = {
    "active": "COALESCE(a.last_status_at, 0) DESC, a.id DESC",
    "new": "a.id DESC",
}
DIRECTORY = {
    (order, local): _DIRECTORY % ("AND a.domain = ''" if local else "", by)
    for order, by in _ORDERS.items()
    for local in (False, True)
}


async def directory(
    db: Reader,
    viewer_id: int | None,
    *,
    order: str,
    local: bool,
    limit: int,
    offset: int,
    now: int,
) -> list[Account]:
    """Discoverable accounts, lately active or newest first (``order``: active or new)."""
    query = DIRECTORY["new" if order == "new" else "active", local]
    rows = await db.fetch(query, viewer_id, now, limit, offset)
    return [Account(*row) for row in rows]
