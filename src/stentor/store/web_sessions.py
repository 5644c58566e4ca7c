"""Signed-in browsers: an opaque cookie, kept as a hash (reliability 5b)."""

from __future__ import annotations

from dataclasses import dataclass

from stentor.domain import times
from stentor.store.access_tokens import digest, new_secret
from stentor.store.database import Reader, Transaction

#: Unused for that long, or that old altogether, a session has ended.
IDLE = 14 * times.DAY
ABSOLUTE = 90 * times.DAY
# How exactly it is known when a session was last used.
_STEP = times.HOUR


@dataclass(frozen=True, slots=True)
class Session:
    """A live session, and who is signed in with what standing."""

    account_id: int
    username: str
    display_name: str
    created_at: int
    seen_at: int
    suspended_at: int | None
    deletion_requested_at: int | None
    memorial: bool
    confirmed_at: int | None
    approved: bool
    disabled: bool

    def stale(self, now: int) -> bool:
        """True if its last use should be written down again."""
        return now - self.seen_at >= _STEP


# Live ones only, by the key.
FIND = """
    SELECT s.account_id, a.username, a.display_name, s.created_at, s.seen_at, a.suspended_at,
           a.deletion_requested_at, a.memorial, u.confirmed_at, u.approved, u.disabled
    FROM web_sessions s
    JOIN accounts a ON a.id = s.account_id
    JOIN users u ON u.account_id = s.account_id
    WHERE s.token_hash = $1 AND s.seen_at > $2 AND s.created_at > $3
"""


async def find(db: Reader, cookie: str, now: int) -> Session | None:
    """The session of a cookie, None if it has ended or there never was one."""
    row = await db.fetch_row(FIND, digest(cookie), now - IDLE, now - ABSOLUTE)
    return None if row is None else Session(*row)


async def add(tx: Transaction, account_id: int, now: int) -> str:
    """Starts one and returns its cookie. This person's ended ones are swept away."""
    await tx.run(
        "DELETE FROM web_sessions WHERE account_id = $1 AND (seen_at <= $2 OR created_at <= $3)",
        account_id,
        now - IDLE,
        now - ABSOLUTE,
    )
    cookie = new_secret()
    await tx.run(
        "INSERT INTO web_sessions (token_hash, account_id, created_at, seen_at)"
        " VALUES ($1, $2, $3, $3)",
        digest(cookie),
        account_id,
        now,
    )
    return cookie


async def touch(tx: Transaction, cookie: str, now: int) -> None:
    """It is in use."""
    await tx.run("UPDATE web_sessions SET seen_at = $1 WHERE token_hash = $2", now, digest(cookie))


async def remove(tx: Transaction, cookie: str) -> None:
    """Ends one."""
    await tx.run("DELETE FROM web_sessions WHERE token_hash = $1", digest(cookie))


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Signs a person out everywhere."""
    await tx.run("DELETE FROM web_sessions WHERE account_id = $1", account_id)
