"""Reports, and which of them wait for a moderator."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from stentor.domain.paging import Cursor
from stentor.domain.reports import Complaint, Report
from stentor.store.database import Reader, Transaction

COLUMNS = ", ".join(f"r.{name}" for name in Report._fields)

ADD = """
    INSERT INTO reports (account_id, target_account_id, category, comment, status_ids, rule_ids,
        collection_ids, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id
"""


async def add(
    tx: Transaction, account_id: int, target_id: int, complaint: Complaint, *, now: int
) -> Report:
    """A report as it was checked; open."""
    report_id = await tx.fetch_value(
        ADD,
        account_id,
        target_id,
        complaint.category or "other",
        complaint.comment,
        _ids(complaint.status_ids),
        None if complaint.rule_ids is None else _ids(complaint.rule_ids),
        _ids(complaint.collection_ids),
        now,
    )
    return (await load(tx, [report_id]))[report_id]


def _ids(ids: Sequence[int]) -> str:
    return json.dumps(list(ids))


async def load(db: Reader, ids: Iterable[int]) -> dict[int, Report]:
    """By primary key."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM reports r WHERE r.id = ANY($1)", list(set(ids)))
    return {row[0]: Report._make(row) for row in rows}


# By the partial index on open reports.
OPEN = """
    SELECT 1 FROM reports WHERE target_account_id = $1 AND id <> $2 AND action_taken_at IS NULL
    LIMIT 1
"""


async def another_is_open(db: Reader, report: Report) -> bool:
    """True if somebody's report on the same account waits already."""
    return await db.fetch_value(OPEN, report.target_account_id, report.id) is not None


async def resolve(tx: Transaction, report_id: int, *, by: int | None, now: int) -> None:
    """Closes one; who closed it first stays."""
    await tx.run(
        "UPDATE reports SET action_taken_at = $2, action_taken_by_account_id = $3::bigint,"
        " updated_at = $2 WHERE id = $1 AND action_taken_at IS NULL",
        report_id,
        now,
        by,
    )


async def resolve_all(tx: Transaction, target_id: int, *, by: int | None, now: int) -> None:
    """Closes all open ones on an account."""
    await tx.run(
        "UPDATE reports SET action_taken_at = $2, action_taken_by_account_id = $3::bigint,"
        " updated_at = $2 WHERE target_account_id = $1 AND action_taken_at IS NULL",
        target_id,
        now,
        by,
    )


async def reopen(tx: Transaction, report_id: int, *, now: int) -> None:
    """As if nobody had closed it."""
    await tx.run(
        "UPDATE reports SET action_taken_at = NULL, action_taken_by_account_id = NULL,"
        " updated_at = $2 WHERE id = $1",
        report_id,
        now,
    )


async def assign(tx: Transaction, report_id: int, to: int | None, *, now: int) -> None:
    """Says who takes care of it; None: nobody."""
    await tx.run(
        "UPDATE reports SET assigned_account_id = $2::bigint, updated_at = $3 WHERE id = $1",
        report_id,
        to,
        now,
    )


async def classify(
    tx: Transaction, report_id: int, category: str, rule_ids: Sequence[int] | None, *, now: int
) -> None:
    """Puts it into another category, under those rules."""
    await tx.run(
        "UPDATE reports SET category = $2, rule_ids = $3::text, updated_at = $4 WHERE id = $1",
        report_id,
        category,
        None if rule_ids is None else _ids(rule_ids),
        now,
    )


# Open ones by the index of those alone; a reporter's or a target's by theirs.
PAGE = f"""
    SELECT {COLUMNS} FROM reports r
    WHERE r.id > $1 AND r.id < $2 AND {{where}} ORDER BY r.id {{order}} LIMIT $3
"""


async def page(
    db: Reader,
    cursor: Cursor,
    *,
    resolved: bool,
    account_id: int | None = None,
    target_id: int | None = None,
) -> list[Report]:
    """Open or closed ones, newest first; of a reporter, on an account."""
    where = ["r.action_taken_at IS NOT NULL" if resolved else "r.action_taken_at IS NULL"]
    values: list[object] = [cursor.after, cursor.before, cursor.limit]
    for column, value in (("account_id", account_id), ("target_account_id", target_id)):
        if value is not None:
            values.append(value)
            where.append(f"r.{column} = ${len(values)}")
    order = "ASC" if cursor.ascending else "DESC"
    rows = await db.fetch(PAGE.format(where=" AND ".join(where), order=order), *values)
    found = [Report._make(row) for row in rows]
    return found[::-1] if cursor.ascending else found


async def on_account(tx: Transaction, target_id: int) -> list[tuple[int, int]]:
    """The reports on an account: id, and who reported."""
    rows = await tx.fetch(
        "SELECT id, account_id FROM reports WHERE target_account_id = $1 ORDER BY id", target_id
    )
    return [(row[0], row[1]) for row in rows]
