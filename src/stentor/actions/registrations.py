"""How accounts come to be: by the API, by the operator, and the first owner by a link."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

from stentor.actions import notify, passwords
from stentor.domain import registrations as rules
from stentor.domain.accounts import Account
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.registrations import Problems, Wanted
from stentor.domain.roles import OWNER
from stentor.errors import NotAllowed, ValidationFailed
from stentor.store import accounts, users
from stentor.store.database import Database, Reader, Transaction
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import Bus, LocalBus


class Details(TypedDict, total=False):
    """What may be said of a new account beyond its name, address and password.

    ``created_at`` backdates it (milliseconds). Not ``confirmed`` or not ``approved``: it cannot
    sign in yet.
    """

    role_id: int
    locale: str
    time_zone: str | None
    locked: bool
    bot: bool
    created_at: int | None
    reason: str
    application_id: int | None
    confirmed: bool
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newcomer:
    """An account as it will be written; validated, the password hashed."""

    username: str
    email: str
    password_hash: str = field(repr=False)
    now: int
    id: int = 0
    role_id: int = -99
    locale: str = "en"
    time_zone: str | None = None
    locked: bool = False
    bot: bool = False
    created_at: int | None = None
    reason: str = ""
    application_id: int | None = None
    confirmed: bool = True
    approved: bool = True


async def create(
    db: Database,
    ids: Snowflakes,
    *,
    username: str,
    email: str,
    password: str,
    now: int,
    agreement: bool = True,
    allow_reserved: bool = True,
    bus: Bus | None = None,
    **details: Unpack[Details],
) -> Account:
    """Makes a local account; usable at once if it is confirmed and approved.

    Staff who can manage users are then told. ``allow_reserved`` is for those who speak for the
    server. Without a ``bus`` nobody is woken: for a process that serves nobody. Raises
    ValidationFailed with details (C2), Unavailable.
    """
    wanted = Wanted(
        username,
        email.strip(),
        password,
        agreement,
        details.get("locale", "en"),
        details.get("reason", ""),
    )
    newcomer = await _newcomer(db, wanted, now=now, reserved=allow_reserved, **details)

    async def write(account_id: int) -> Account:
        async with db.transaction() as tx:
            await _add(tx, bus or LocalBus(), replace(newcomer, id=account_id))
            account = await accounts.find(tx, account_id)
        assert account is not None  # noqa: S101 - it was inserted in this transaction
        return account

    return await ids.use(now, write)


async def _newcomer(
    db: Database,
    wanted: Wanted,
    *,
    now: int,
    reserved: bool,
    **details: Unpack[Details],
) -> _Newcomer:
    await _refuse_bad(db, wanted, allow_reserved=reserved)
    return _Newcomer(
        username=wanted.username,
        email=wanted.email,
        password_hash=await passwords.hash_password(wanted.password),
        now=now,
        **details,
    )


def _failure(found: Problems) -> ValidationFailed:
    return ValidationFailed(*rules.sentences(found), details=found)


async def _refuse_bad(db: Reader, wanted: Wanted, *, allow_reserved: bool) -> None:
    """Raises ValidationFailed with everything that is wrong at once, as forms show it.

    Taken names are looked up here to spare hashing the password; the unique keys decide.
    """
    found = rules.problems(wanted, allow_reserved=allow_reserved)
    if "username" not in found and await users.find_login(db, wanted.username):
        found["username"] = [rules.TAKEN]
    if "email" not in found and await users.email_taken(db, wanted.email):
        found["email"] = [rules.TAKEN]
    if found:
        raise _failure(found)


async def _add(tx: Transaction, bus: Bus, newcomer: _Newcomer) -> None:
    created_at = newcomer.now if newcomer.created_at is None else newcomer.created_at
    added = await users.add_account(
        tx,
        id=newcomer.id,
        username=newcomer.username,
        actor_type="Service" if newcomer.bot else "Person",
        locked=newcomer.locked,
        role_id=newcomer.role_id,
        created_at=created_at,
        now=newcomer.now,
    )
    if not added:
        raise _failure({"username": [rules.TAKEN]})
    added = await users.add(
        tx,
        account_id=newcomer.id,
        email=newcomer.email,
        password_hash=newcomer.password_hash,
        locale=newcomer.locale,
        time_zone=newcomer.time_zone,
        reason=newcomer.reason,
        created_by_application_id=newcomer.application_id,
        created_at=created_at,
        confirmed_at=created_at if newcomer.confirmed else None,
        approved=newcomer.approved,
    )
    if not added:
        raise _failure({"email": [rules.TAKEN]})
    if newcomer.confirmed and newcomer.approved:
        await announce(tx, bus, newcomer.id, now=newcomer.now)


async def announce(tx: Transaction, bus: Bus, account_id: int, *, now: int) -> None:
    """Tells staff of somebody who has just become both confirmed and approved (C2)."""
    staff = tuple(one for one in await users.managers(tx) if one != account_id)
    if not staff:
        return
    event = Event(
        NotificationType.ADMIN_SIGN_UP,
        activity_id=account_id,
        from_account_id=account_id,
        recipients=staff,
        created_at=now,
    )
    await notify.notify(tx, bus, event, now=now)


# --- The first owner ---------------------------------------------------------------------------


def _first_owner_secret(secret: bytes) -> str:
    digest = hmac.new(secret, b"the link of the first owner", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def first_owner_token(db: Reader, secret: bytes) -> str | None:
    """The ``token`` of ``/auth/first_owner?token=…``; None if anybody lives here already.

    ``secret`` is the server's (`stentor.keys`). The link dies with the first account.
    """
    return None if await users.any_exists(db) else _first_owner_secret(secret)


async def is_first_owner_token(db: Reader, secret: bytes, token: str) -> bool:
    """True if that link may still be used."""
    right = hmac.compare_digest(token.encode(), _first_owner_secret(secret).encode())
    return right and not await users.any_exists(db)


async def create_first_owner(
    db: Database, ids: Snowflakes, *, username: str, email: str, password: str, now: int
) -> int:
    """Makes the account that owns the server, if it is the first; its id.

    Raises ValidationFailed, Unavailable, and NotAllowed if somebody lives here already.
    """
    wanted = Wanted(username, email.strip(), password)
    newcomer = await _newcomer(db, wanted, now=now, reserved=True, role_id=OWNER.id)

    async def write(account_id: int) -> int:
        async with db.transaction() as tx:
            if await users.any_exists(tx):
                raise NotAllowed
            await _add(tx, LocalBus(), replace(newcomer, id=account_id))
            if not await users.add_first_owner(tx, account_id):
                raise NotAllowed
        return account_id

    return await ids.use(now, write)
