"""Accounts with what only moderators see, by id and by what is asked."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.accounts import Account
from stentor.domain.admin_accounts import AdminAccount, Person, Wanted
from stentor.domain.paging import Cursor
from stentor.store.accounts import COLUMNS, FIELDS, with_moved
from stentor.store.database import Reader, Row

_SELECT = f"""
    SELECT {COLUMNS}, a.sensitized_at, u.account_id, u.email, u.locale, u.reason,
           u.created_by_application_id, u.confirmed_at, u.approved, u.disabled
    FROM accounts a LEFT JOIN users u ON u.account_id = a.id
"""
_WIDTH = len(FIELDS)
_STATES = {
    "active": "a.suspended_at IS NULL AND (a.domain <> '' OR (u.approved AND NOT u.disabled))",
    "pending": "u.approved = FALSE",
    "disabled": "u.disabled = TRUE",
    "silenced": "a.silenced_at IS NOT NULL",
    "suspended": "a.suspended_at IS NOT NULL",
    "sensitized": "a.sensitized_at IS NOT NULL",
}


def _account(row: Row) -> AdminAccount:
    sensitized_at, user_id, email, locale, reason, application, confirmed_at, approved, disabled = (
        row[_WIDTH:]
    )
    person = None
    if user_id is not None:
        person = Person(
            email, locale, reason, application,
            confirmed_at is not None, bool(approved), bool(disabled),
        )  # fmt: skip
    return AdminAccount(Account(*row[:_WIDTH]), sensitized_at is not None, person)


async def load(db: Reader, ids: Iterable[int]) -> dict[int, AdminAccount]:
    """By primary key, whatever their state."""
    rows = await db.fetch(f"{_SELECT} WHERE a.id = ANY($1)", list(set(ids)))
    return {one.account.id: one for one in await _with_moved(db, map(_account, rows))}


async def _with_moved(db: Reader, rows: Iterable[AdminAccount]) -> list[AdminAccount]:
    found = list(rows)
    shown = await with_moved(db, (one.account for one in found))
    return [one._replace(account=account) for one, account in zip(found, shown, strict=True)]


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    """What has to hold, with its values from $4 on."""
    where = [_STATES[state] for state in wanted.states]
    values: list[object] = []

    def asked(sql: str, value: object) -> None:
        values.append(value)
        where.append(sql.replace("$n", f"${len(values) + 3}"))

    if wanted.local is not None:
        where.append("a.domain = ''" if wanted.local else "a.domain <> ''")
    if wanted.staff:
        where.append("a.role_id <> -99")
    if wanted.role_ids is not None:
        asked("a.role_id = ANY($n::bigint[])", list(wanted.role_ids))
    if wanted.domain:
        asked("a.domain = $n", wanted.domain)
    for column, text in (
        ("a.username", wanted.username),
        ("a.display_name", wanted.display_name),
        ("u.email", wanted.email),
    ):
        if text:
            asked(f"lower({column}) LIKE lower($n) || '%' ESCAPE '!'", _escaped(text))
    if wanted.ip:
        where.append("FALSE")
    return where, values


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


async def page(db: Reader, cursor: Cursor, wanted: Wanted) -> list[AdminAccount]:
    """Newest first; along the primary key, narrowed by everything that is asked."""
    where, values = _conditions(wanted)
    order = "ASC" if cursor.ascending else "DESC"
    conditions = " AND ".join(["a.id > $1", "a.id < $2", *where])
    rows = await db.fetch(
        f"{_SELECT} WHERE {conditions} ORDER BY a.id {order} LIMIT $3",
        cursor.after,
        cursor.before,
        cursor.limit,
        *values,
    )
    found = await _with_moved(db, map(_account, rows))
    return found[::-1] if cursor.ascending else found
