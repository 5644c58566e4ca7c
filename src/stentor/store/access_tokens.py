"""Access tokens: found by their hash, with everything that decides whether they are good."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Hashable
from dataclasses import dataclass

from stentor.store.database import Database, Reader, Transaction


def digest(secret: str) -> bytes:
    """What is kept of a token, a code or a client secret.

    They are 256 random bits each, so a plain SHA-256 cannot be guessed backwards (T33).
    """
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token row and the state of whoever is behind it; ``account_id`` is None for an app's."""

    id: int
    application_id: int | None
    account_id: int | None
    scopes: str
    expires_at: int | None
    revoked_at: int | None
    role_id: int | None
    suspended_at: int | None
    deletion_requested_at: int | None
    memorial: bool | None
    locale: str | None
    confirmed_at: int | None
    approved: bool | None
    disabled: bool | None
    last_used_at: int | None = None


_SELECT = """
    SELECT t.id, t.application_id, t.account_id, t.scopes, t.expires_at, t.revoked_at,
           a.role_id, a.suspended_at, a.deletion_requested_at, a.memorial,
           u.locale, u.confirmed_at, u.approved, u.disabled, t.last_used_at
    FROM access_tokens t
    LEFT JOIN accounts a ON a.id = t.account_id
    LEFT JOIN users u ON u.account_id = t.account_id
"""
# One row by the unique key of the hash.
FIND = f"{_SELECT} WHERE t.token_hash = $1"
# By primary key.
LOAD = f"{_SELECT} WHERE t.id = ANY($1)"


async def find(db: Reader, token: str, *, instant: Hashable | None = None) -> FoundToken | None:
    """The token, dead or alive, or None if there never was one.

    One query, none if it was looked at since the last commit of anybody. ``instant`` is the
    database's of a moment before, if it is known.
    """
    hashed = digest(token)
    if not isinstance(db, Database):
        row = await db.fetch_row(FIND, hashed)
        return None if row is None else FoundToken(*row)
    generation = db.generation() if instant is None else instant
    known, _ = db.tokens.unchanged((hashed,), generation)
    if known:
        found: FoundToken = known[hashed]
        return found
    row = await db.fetch_row(FIND, hashed)
    if row is None:
        return None
    found = FoundToken(*row)
    db.tokens.keep(hashed, 0, found, generation)
    return found


async def load(db: Reader, ids: list[int]) -> list[FoundToken]:
    """Those of the tokens that are there, dead or alive. One query."""
    return [FoundToken(*row) for row in await db.fetch(LOAD, ids)]


ADD = """
    INSERT INTO access_tokens (token_hash, application_id, account_id, grant_id, scopes, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""


async def add(
    tx: Transaction,
    *,
    application_id: int | None,
    account_id: int | None,
    scopes: str,
    now: int,
    grant_id: int | None = None,
) -> str:
    """Makes a token and returns it: the only moment at which it can be read."""
    token = new_secret()
    await tx.fetch(ADD, digest(token), application_id, account_id, grant_id, scopes, now)
    return token


async def find_scopes(db: Reader, *, account_id: int, application_id: int, now: int) -> list[str]:
    """The scopes of every good token that a person's application holds."""
    rows = await db.fetch(
        "SELECT DISTINCT scopes FROM access_tokens WHERE account_id = $1 AND application_id = $2"
        " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)",
        account_id,
        application_id,
        now,
    )
    return [row[0] for row in rows]


async def set_last_used(tx: Transaction, ids: list[int], at: int) -> None:
    """Notes when those tokens were last used; never an earlier time than is known."""
    await tx.run(
        "UPDATE access_tokens SET last_used_at = $2"
        " WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < $2)",
        ids,
        at,
    )


async def revoke(
    tx: Transaction,
    *,
    now: int,
    token_id: int | None = None,
    grant_id: int | None = None,
    application_id: int | None = None,
    account_id: int | None = None,
) -> list[tuple[int, int | None]]:
    """Ends the live tokens to which everything that is given applies.

    Their ids and accounts. Raises ValueError if nothing is given: that would be all of them.
    For the actions only; `stentor.actions.oauth.revoke` is what everybody calls.
    """
    given = {
        name: value
        for name, value in (
            ("id", token_id),
            ("grant_id", grant_id),
            ("application_id", application_id),
            ("account_id", account_id),
        )
        if value is not None
    }
    if not given:
        raise ValueError("which tokens?")
    where = " AND ".join(f"{name} = ${at}" for at, name in enumerate(given, start=2))
    rows = await tx.fetch(
        f"UPDATE access_tokens SET revoked_at = $1 WHERE revoked_at IS NULL AND {where}"
        " RETURNING id, account_id",
        now,
        *given.values(),
    )
    return [(row[0], row[1]) for row in rows]
