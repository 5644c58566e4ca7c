"""Filters with their keywords and statuses, of one account; another's are as good as none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from stentor.domain.filters import Filter, FilteredStatus, Keyword
from stentor.store.database import Reader, Row, Transaction

# Filters, keywords and statuses in one pass, told apart by the first column; each branch goes
# along the index of an account's filters and of what hangs on them.
_PARTS = """
    SELECT 'filter', f.id, f.id, f.title, f.contexts, f.action, f.expires_at, FALSE
    FROM filters f WHERE f.account_id = $1 {which}
    UNION ALL
    SELECT 'keyword', k.filter_id, k.id, k.keyword, '', '', NULL, k.whole_word
    FROM filters f CROSS JOIN filter_keywords k
    WHERE k.filter_id = f.id AND f.account_id = $1 {which}
    UNION ALL
    SELECT 'status', s.filter_id, s.id, '', '', '', s.status_id, FALSE
    FROM filters f CROSS JOIN filter_statuses s
    WHERE s.filter_id = f.id AND f.account_id = $1 {which} {statuses}
"""
OF_ACCOUNT = _PARTS.format(which="", statuses="")
FIND = _PARTS.format(which="AND f.id = $2", statuses="")
# Not expired at $2, and of the statuses only those on the page ($3).
ACTIVE = _PARTS.format(
    which="AND (f.expires_at IS NULL OR f.expires_at > $2)",
    statuses="AND s.status_id = ANY($3)",
)


def _assembled(rows: Sequence[Row]) -> list[Filter]:
    """The filters of such a pass, oldest first, as are their keywords and statuses."""
    keywords: dict[int, list[Keyword]] = defaultdict(list)
    statuses: dict[int, list[FilteredStatus]] = defaultdict(list)
    found: list[Row] = []
    for row in rows:
        if row[0] == "keyword":
            keywords[row[1]].append(Keyword(row[2], row[3], bool(row[7])))
        elif row[0] == "status":
            statuses[row[1]].append(FilteredStatus(row[2], row[6]))
        else:
            found.append(row)
    return [
        Filter(
            row[1],
            row[3],
            tuple(row[4].split(",")),
            row[5],
            row[6],
            tuple(sorted(keywords[row[1]])),
            tuple(sorted(statuses[row[1]])),
        )
        for row in sorted(found, key=lambda row: int(row[1]))
    ]


async def of_account(db: Reader, account_id: int) -> list[Filter]:
    """All filters of an account, the expired ones too, oldest first. One query."""
    return _assembled(await db.fetch(OF_ACCOUNT, account_id))


async def active(
    db: Reader, account_id: int, status_ids: Sequence[int], *, now: int
) -> tuple[Filter, ...]:
    """Those that have not expired; of the statuses they name only those asked for. One query."""
    return tuple(_assembled(await db.fetch(ACTIVE, account_id, now, list(status_ids))))


# What the accounts ($1) do not even want to be told of: words, and those of the statuses ($3).
# Not expired at $2.
_HIDING = """
    f.account_id = ANY($1) AND f.action = 'hide' AND (f.expires_at IS NULL OR f.expires_at > $2)
    AND ',' || f.contexts || ',' LIKE '%,notifications,%'
"""
HIDING = f"""
    SELECT f.account_id, k.id, k.keyword, k.whole_word, 0
    FROM filters f CROSS JOIN filter_keywords k WHERE k.filter_id = f.id AND {_HIDING}
    UNION ALL
    SELECT f.account_id, s.id, '', FALSE, s.status_id
    FROM filters f CROSS JOIN filter_statuses s WHERE s.filter_id = f.id AND {_HIDING}
      AND s.status_id = ANY($3)
"""


async def hiding(
    db: Reader, account_ids: Collection[int], status_ids: Collection[int], *, now: int
) -> dict[int, Filter]:
    """For each of those accounts that has any, all that hides notifications, as one filter.

    Of the statuses it names only those asked for. One query.
    """
    rows = await db.fetch(HIDING, list(account_ids), now, list(status_ids))
    keywords: dict[int, list[Keyword]] = defaultdict(list)
    statuses: dict[int, list[FilteredStatus]] = defaultdict(list)
    for account_id, number, keyword, whole_word, status_id in rows:
        if status_id:
            statuses[account_id].append(FilteredStatus(number, status_id))
        else:
            keywords[account_id].append(Keyword(number, keyword, bool(whole_word)))
    return {
        one: Filter(
            0, "", ("notifications",), "hide", None, tuple(keywords[one]), tuple(statuses[one])
        )
        for one in {row[0] for row in rows}
    }


async def find(db: Reader, account_id: int, filter_id: int | None) -> Filter | None:
    """One filter. One query."""
    if filter_id is None:
        return None
    found = _assembled(await db.fetch(FIND, account_id, filter_id))
    return found[0] if found else None


# By primary key, then checked against the owner.
_OWNER = "SELECT {part}.filter_id FROM {table} {part} JOIN filters f ON f.id = {part}.filter_id"
OF_KEYWORD = (
    _OWNER.format(part="k", table="filter_keywords") + " WHERE k.id = $2 AND f.account_id = $1"
)
OF_STATUS = (
    _OWNER.format(part="s", table="filter_statuses") + " WHERE s.id = $2 AND f.account_id = $1"
)


async def find_of_keyword(
    db: Reader, account_id: int, keyword_id: int | None
) -> tuple[Filter, Keyword] | None:
    """A keyword and the filter it belongs to. Two queries."""
    if keyword_id is None:
        return None
    found = await find(db, account_id, await db.fetch_value(OF_KEYWORD, account_id, keyword_id))
    keywords = [one for one in found.keywords if one.id == keyword_id] if found else []
    return (found, keywords[0]) if found and keywords else None


async def find_of_status(
    db: Reader, account_id: int, row_id: int | None
) -> tuple[Filter, FilteredStatus] | None:
    """A named status, by its row's id, and the filter that names it. Two queries."""
    if row_id is None:
        return None
    found = await find(db, account_id, await db.fetch_value(OF_STATUS, account_id, row_id))
    statuses = [one for one in found.statuses if one.id == row_id] if found else []
    return (found, statuses[0]) if found and statuses else None


# --- Writing ---------------------------------------------------------------------------------


async def lock(tx: Transaction, account_id: int) -> None:
    """Lets one transaction at a time change an account's filters, so that limits hold.

    To be called after statuses were locked: accounts come after them.
    """
    await tx.fetch("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)


COUNT = {
    "filters": "SELECT count(*) FROM filters WHERE account_id = $1",
    "keywords": "SELECT count(*) FROM filters f JOIN filter_keywords k ON k.filter_id = f.id"
    " WHERE f.account_id = $1",
    "statuses": "SELECT count(*) FROM filters f JOIN filter_statuses s ON s.filter_id = f.id"
    " WHERE f.account_id = $1",
}


async def count(tx: Transaction, account_id: int, what: str) -> int:
    """How many "filters", "keywords" or "statuses" an account has in all its filters."""
    return int(await tx.fetch_value(COUNT[what], account_id))


ADD = """
    INSERT INTO filters (account_id, title, contexts, action, expires_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""


async def add(tx: Transaction, account_id: int, one: Filter, *, now: int) -> int:
    """Keeps a new filter without keywords and statuses; its id."""
    return int(
        await tx.fetch_value(
            ADD, account_id, one.title, ",".join(one.contexts), one.action, one.expires_at, now
        )
    )


async def update(tx: Transaction, one: Filter) -> None:
    """Keeps title, contexts, action and end of a filter."""
    await tx.run(
        "UPDATE filters SET title = $2, contexts = $3, action = $4, expires_at = $5 WHERE id = $1",
        one.id,
        one.title,
        ",".join(one.contexts),
        one.action,
        one.expires_at,
    )


async def delete(tx: Transaction, account_id: int, filter_id: int) -> bool:
    """Removes a filter of that account with all its parts; False if there was none."""
    return bool(
        await tx.run("DELETE FROM filters WHERE id = $1 AND account_id = $2", filter_id, account_id)
    )


ADD_KEYWORD = """
    INSERT INTO filter_keywords (filter_id, keyword, whole_word) VALUES ($1, $2, $3) RETURNING id
"""


async def add_keyword(
    tx: Transaction, filter_id: int, keyword: str, *, whole_word: bool
) -> Keyword:
    """Adds a keyword."""
    keyword_id = await tx.fetch_value(ADD_KEYWORD, filter_id, keyword, whole_word)
    return Keyword(keyword_id, keyword, whole_word)


async def update_keyword(tx: Transaction, changed: Keyword) -> None:
    """Keeps what a keyword looks for."""
    await tx.run("UPDATE filter_keywords SET keyword = $2, whole_word = $3 WHERE id = $1", *changed)


async def delete_keyword(tx: Transaction, keyword_id: int) -> None:
    """Removes a keyword."""
    await tx.run("DELETE FROM filter_keywords WHERE id = $1", keyword_id)


ADD_STATUS = """
    INSERT INTO filter_statuses (filter_id, status_id) VALUES ($1, $2)
    ON CONFLICT (filter_id, status_id) DO NOTHING RETURNING id
"""


async def add_status(tx: Transaction, filter_id: int, status_id: int) -> FilteredStatus | None:
    """Names a status; None if the filter names it already."""
    row_id = await tx.fetch_value(ADD_STATUS, filter_id, status_id)
    return None if row_id is None else FilteredStatus(row_id, status_id)


async def delete_status(tx: Transaction, row_id: int) -> None:
    """Forgets a named status, by its row's id."""
    await tx.run("DELETE FROM filter_statuses WHERE id = $1", row_id)
