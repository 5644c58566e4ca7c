"""The people behind local accounts: how they sign in, and how they come to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stentor.domain.roles import NAMES, Permission
from stentor.store.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Login:
    """What decides whether somebody may sign in."""

    account_id: int
    username: str
    password_hash: str
    suspended_at: int | None
    deletion_requested_at: int | None
    memorial: bool
    confirmed_at: int | None
    approved: bool
    disabled: bool


_LOGIN = """
    SELECT a.id, a.username, u.password_hash, a.suspended_at, a.deletion_requested_at,
           a.memorial, u.confirmed_at, u.approved, u.disabled
    FROM users u JOIN accounts a ON a.id = u.account_id
"""
# Each by its unique index.
BY_EMAIL = f"{_LOGIN} WHERE lower(u.email) = lower($1)"
BY_NAME = f"{_LOGIN} WHERE lower(a.username) = lower($1) AND lower(a.domain) = ''"


async def find_login(db: Reader, name: str) -> Login | None:
    """By e-mail address, or by user name with or without its ``@``; in any case."""
    name = name.strip()
    plain = name.removeprefix("@")
    row = await db.fetch_row(BY_EMAIL if "@" in plain else BY_NAME, plain)
    return None if row is None else Login(*row)


async def set_password(tx: Transaction, account_id: int, password_hash: str) -> bool:
    """Replaces the hash; False if nobody local has that id."""
    sql = "UPDATE users SET password_hash = $1 WHERE account_id = $2"
    return bool(await tx.run(sql, password_hash, account_id))


async def set_last_active(tx: Transaction, account_ids: list[int], at: int) -> None:
    """Notes when those people were last here; never an earlier time than is known."""
    await tx.run(
        "UPDATE users SET last_active_at = $2"
        " WHERE account_id = ANY($1) AND (last_active_at IS NULL OR last_active_at < $2)",
        account_ids,
        at,
    )


async def any_exists(db: Reader) -> bool:
    """True if somebody lives here."""
    return await db.fetch_value("SELECT 1 FROM users LIMIT 1") is not None


async def email_taken(db: Reader, email: str) -> bool:
    """True if somebody has that address, in any case."""
    sql = "SELECT 1 FROM users WHERE lower(email) = lower($1)"
    return await db.fetch_value(sql, email) is not None


ADD_ACCOUNT = """
    INSERT INTO accounts
      (id, username, actor_type, locked, role_id, created_at, first_seen_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
    ON CONFLICT (lower(username), lower(domain)) DO NOTHING RETURNING id
"""


async def add_account(tx: Transaction, **values: Any) -> bool:
    """A local account: ``id, username, actor_type, locked, role_id, created_at, now``.

    False if the name is taken, in any case.
    """
    names = ("id", "username", "actor_type", "locked", "role_id", "created_at", "now")
    return await tx.fetch_value(ADD_ACCOUNT, *(values[name] for name in names)) is not None


ADD = """
    INSERT INTO users
      (account_id, email, password_hash, locale, time_zone, reason, created_by_application_id,
       created_at, confirmed_at, approved)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING RETURNING account_id
"""


async def add(tx: Transaction, **values: Any) -> bool:
    """The person behind it, by the names of the columns; False if the address is taken."""
    names = (
        "account_id", "email", "password_hash", "locale", "time_zone", "reason",
        "created_by_application_id", "created_at", "confirmed_at", "approved",
    )  # fmt: skip
    return await tx.fetch_value(ADD, *(values[name] for name in names)) is not None


async def add_first_owner(tx: Transaction, account_id: int) -> bool:
    """Claims the one place of the first owner; False if somebody has it."""
    sql = "INSERT INTO first_owner (id, account_id) VALUES (1, $1) ON CONFLICT DO NOTHING"
    return bool(await tx.run(sql, account_id))


# By the partial index on roles, which holds the staff alone; remote accounts have no role here.
STAFF = """
    SELECT id FROM accounts
    WHERE role_id <> -99 AND role_id = ANY($1) AND suspended_at IS NULL
"""


async def managers(db: Reader) -> list[int]:
    """The accounts whose role can manage users."""
    return await staff(db, Permission.MANAGE_USERS)


async def staff(db: Reader, permission: Permission) -> list[int]:
    """The accounts whose own role permits that."""
    roles = [role.id for role in NAMES.values() if role.may(permission)]
    return sorted(row[0] for row in await db.fetch(STAFF, roles))
