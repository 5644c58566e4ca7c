"""Consents: asked on a page, given for a code, swapped once for a token (T23, T26)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from stentor.domain import times
from stentor.store.access_tokens import digest, new_secret
from stentor.store.database import Reader, Row, Transaction

#: How long the consent page may lie open, and how long a code is good.
ASKED = times.HOUR
GIVEN = 10 * times.MINUTE
# A swapped grant is remembered this long, so that a second try is noticed.
SWAPPED = 7 * times.DAY


@dataclass(frozen=True, slots=True)
class Wish:
    """What an application asks a person for: checked, kept here, never taken from a form."""

    application_id: int
    account_id: int
    redirect_uri: str
    scopes: str
    state: str | None
    response_mode: str
    code_challenge: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A row: the wish, its number, how long it is good and whether it has been swapped."""

    id: int
    wish: Wish
    expires_at: int
    used_at: int | None


_WISH = ", ".join(one.name for one in fields(Wish))


def _values(wish: Wish) -> list[object]:
    return [getattr(wish, one.name) for one in fields(Wish)]


def _grant(row: Row | None) -> Grant | None:
    if row is None:
        return None
    number, expires_at, used_at, *wish = row
    return Grant(number, Wish(*wish), expires_at, used_at)


# Only this person's, and only what nothing can be done with any more.
SWEEP = """
    DELETE FROM access_grants
    WHERE account_id = $1 AND ((used_at IS NULL AND expires_at <= $2) OR used_at <= $3)
"""
ASK = f"""
    INSERT INTO access_grants (request_hash, expires_at, {_WISH})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def ask(tx: Transaction, wish: Wish, now: int) -> str:
    """Keeps what is asked while the person thinks; the key of the request, for the form."""
    await tx.run(SWEEP, wish.account_id, now, now - SWAPPED)
    request = new_secret()
    await tx.run(ASK, digest(request), now + ASKED, *_values(wish))
    return request


GIVE = f"""
    INSERT INTO access_grants (code_hash, expires_at, {_WISH})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def give(tx: Transaction, wish: Wish, now: int) -> str:
    """Grants without asking, where the person has agreed to the same before; the code."""
    await tx.run(SWEEP, wish.account_id, now, now - SWAPPED)
    code = new_secret()
    await tx.run(GIVE, digest(code), now + GIVEN, *_values(wish))
    return code


# Pressed twice, the later code replaces the earlier one, until one has been swapped.
APPROVE = f"""
    UPDATE access_grants SET code_hash = $1, expires_at = $2
    WHERE request_hash = $3 AND account_id = $4 AND used_at IS NULL AND expires_at > $5
    RETURNING id, expires_at, used_at, {_WISH}
"""


async def approve(
    tx: Transaction, request: str, account_id: int, now: int
) -> tuple[Grant, str] | None:
    """The person's yes to a request that was put to that person; None if there is none."""
    code = new_secret()
    row = await tx.fetch_row(APPROVE, digest(code), now + GIVEN, digest(request), account_id, now)
    grant = _grant(row)
    return None if grant is None else (grant, code)


DENY = f"""
    DELETE FROM access_grants
    WHERE request_hash = $1 AND account_id = $2 AND used_at IS NULL AND expires_at > $3
    RETURNING id, expires_at, used_at, {_WISH}
"""


async def deny(tx: Transaction, request: str, account_id: int, now: int) -> Grant | None:
    """The person's no; a code that was given before it is worth nothing any more."""
    return _grant(await tx.fetch_row(DENY, digest(request), account_id, now))


FIND = f"SELECT id, expires_at, used_at, {_WISH} FROM access_grants WHERE code_hash = $1"


async def find(db: Reader, code: str) -> Grant | None:
    """The grant of a code, good or not."""
    return _grant(await db.fetch_row(FIND, digest(code)))


async def lock(tx: Transaction, code: str) -> Grant | None:
    """Like `find`, and nobody else can swap it until this transaction ends."""
    return _grant(await tx.fetch_row(f"{FIND} FOR UPDATE", digest(code)))


async def swap(tx: Transaction, grant_id: int, now: int) -> bool:
    """Marks it as swapped; False if somebody was faster."""
    sql = "UPDATE access_grants SET used_at = $1 WHERE id = $2 AND used_at IS NULL"
    return bool(await tx.run(sql, now, grant_id))


async def forget(tx: Transaction, account_id: int, application_id: int | None = None) -> None:
    """Removes what a person was asked and has granted, to everybody or to one application."""
    sql = "DELETE FROM access_grants WHERE account_id = $1"
    if application_id is None:
        await tx.run(sql, account_id)
    else:
        await tx.run(f"{sql} AND application_id = $2", account_id, application_id)
