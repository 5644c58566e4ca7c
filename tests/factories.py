"""Rows for tests: everything off unless asked for. Real tables, real constraints, no mocks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from stentor.actions.notify import notify
from stentor.domain import ids
from stentor.domain.notifications import Event, NotificationType
from stentor.store import access_tokens
from stentor.store.database import Database

#: The tests' clock starts here: 2026-06-01T12:00:00Z.
NOW = 1_780_315_200_000
#: Ids that the factories give out in a millisecond; the other half are the server's own.
HALF = 1 << ids.SEQUENCE_BITS - 1
_sequence = itertools.count(1)
ALL_SCOPES = "read write follow push profile"


def start_counting() -> None:
    """Ids begin anew, as a new database does: so a test has the same ones each time."""
    global _sequence
    _sequence = itertools.count(1)


def snowflake(at: int = NOW) -> int:
    """A fresh id of that moment."""
    number = next(_sequence)
    assert number < HALF
    return ids.snowflake(at, number)


@dataclass(frozen=True, slots=True)
class Person:
    """A made account; ``token`` holds ALL_SCOPES and is empty if none was made."""

    id: int
    username: str
    token: str = ""


async def insert(db: Database, table: str, **values: Any) -> None:
    """One row, column by column."""
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    async with db.transaction() as tx:
        await tx.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())


async def make_account(
    db: Database, username: str | None = None, *, token: str | None = ALL_SCOPES, **columns: Any
) -> Person:
    """A local account with a person behind it (confirmed, approved); more columns by name.

    ``user=dict(...)`` sets columns of ``users``; ``token=None`` makes none. An account with a
    ``domain`` is remote and has neither.
    """
    user = columns.pop("user", {})
    account_id = columns.pop("id", None) or snowflake()
    username = username or f"person{account_id & 0xFFFF}"
    created_at = columns.pop("created_at", NOW - 400 * 86_400_000)
    if columns.get("domain"):
        columns.setdefault("url", f"https://{columns['domain']}/@{username}")
        columns.setdefault("uri", f"https://{columns['domain']}/users/{username}")
    await insert(
        db,
        "accounts",
        id=account_id,
        username=username,
        created_at=created_at,
        first_seen_at=columns.pop("first_seen_at", created_at),
        updated_at=created_at,
        **columns,
    )
    if columns.get("domain"):
        return Person(account_id, username)
    await insert(
        db,
        "users",
        account_id=account_id,
        **{
            "email": f"{username}@example.org".lower(),
            "password_hash": "!",
            "created_at": created_at,
            "confirmed_at": created_at,
            **user,
        },
    )
    secret = await make_token(db, account_id, token) if token is not None else ""
    return Person(account_id, username, secret)


async def make_token(
    db: Database, account_id: int | None, scopes: str = ALL_SCOPES, **columns: Any
) -> str:
    """A token for a person, or for an application when the account is None."""
    secret = access_tokens.new_secret()
    await insert(
        db,
        "access_tokens",
        token_hash=access_tokens.digest(secret),
        account_id=account_id,
        scopes=scopes,
        created_at=NOW,
        **columns,
    )
    return secret


async def make_status(
    db: Database, account_id: int, text: str = "hello", *, mentions: Any = (), **columns: Any
) -> int:
    """A status; ``mentions`` are ids of accounts. ``at`` is its time. Returns its id.

    A reblog has no text, and what comes from elsewhere has an address there.
    """
    at = columns.pop("at", NOW)
    status_id = columns.pop("id", None) or snowflake(at)
    conversation_id = columns.pop("conversation_id", None)
    if columns.get("reblog_of_id"):
        text, columns["content"] = "", ""
    async with db.transaction() as tx:
        domain = await tx.fetch_value("SELECT domain FROM accounts WHERE id = $1", account_id)
        if domain:
            columns = dict.fromkeys(("uri", "url"), f"https://{domain}/{status_id}") | columns
        if conversation_id is None:
            conversation_id = await tx.fetch_value(
                "INSERT INTO conversations (created_at) VALUES ($1) RETURNING id", at
            )
    await insert(
        db,
        "statuses",
        id=status_id,
        account_id=account_id,
        conversation_id=conversation_id,
        text=text,
        content=columns.pop("content", f"<p>{text}</p>"),
        visibility=columns.pop("visibility", "public"),
        created_at=at,
        **columns,
    )
    for mentioned in mentions:
        await insert(db, "mentions", status_id=status_id, account_id=mentioned)
    return status_id


async def make_follow(
    db: Database,
    account_id: int,
    target_id: int,
    *,
    at: int = NOW - 10 * 86_400_000,
    **columns: Any,
) -> None:
    """A follow of ten days ago, straight into its table, telling nobody."""
    await insert(
        db, "follows", account_id=account_id, target_account_id=target_id, created_at=at, **columns
    )


async def make_favourite(db: Database, account_id: int, status_id: int, *, at: int = NOW) -> int:
    """A favourite, straight into its table, telling nobody. Returns its id."""
    async with db.transaction() as tx:
        return int(
            await tx.fetch_value(
                "INSERT INTO favourites (account_id, status_id, created_at) VALUES ($1, $2, $3)"
                " RETURNING id",
                account_id,
                status_id,
                at,
            )
        )


async def tell(db: Database, bus: Any, event: Event, *, now: int = NOW) -> list[int]:
    """Notifies of an event in a transaction of its own; the ids of all notifications then."""
    async with db.transaction() as tx:
        await notify(tx, bus, event, now=now)
    return [row[0] for row in await db.fetch("SELECT id FROM notifications ORDER BY id")]


async def make_favourited(
    db: Database, bus: Any, sender: Person, author: Person, status_id: int, *, at: int = NOW
) -> int:
    """A favourite that its author is told of, if he is; the favourite's id."""
    favourite_id = await make_favourite(db, sender.id, status_id, at=at)
    event = Event(NotificationType.FAVOURITE, favourite_id, sender.id, (author.id,), at, status_id)
    await tell(db, bus, event, now=at)
    return favourite_id


async def make_mentioned(
    db: Database, bus: Any, sender: Person, named: Person, *, at: int = NOW, **columns: Any
) -> int:
    """A status that mentions somebody, who is told of it, if he is; the status's id."""
    status_id = await make_status(db, sender.id, f"@{named.username} hello", at=at, **columns)
    async with db.transaction() as tx:
        mention_id = await tx.fetch_value(
            "INSERT INTO mentions (status_id, account_id) VALUES ($1, $2) RETURNING id",
            status_id,
            named.id,
        )
    event = Event(NotificationType.MENTION, mention_id, sender.id, (named.id,), at, status_id)
    await tell(db, bus, event, now=at)
    return status_id
