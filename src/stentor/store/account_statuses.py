"""The statuses of one account, as one viewer may list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stentor.domain.paging import Cursor
from stentor.store.database import Reader
from stentor.store.marks import direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of them are asked for; ``tag`` is a hashtag's name."""

    exclude_replies: bool = False
    exclude_reblogs: bool = False
    pinned: bool = False
    tag: str | None = None


class Relation(NamedTuple):
    """What an author ($1) and a viewer ($2) are to each other; ``present``: he can be listed."""

    present: bool
    unavailable: bool
    following: bool
    blocked_by: bool


# By keys alone. An account whose person is unconfirmed or unapproved is not there (C14).
RELATION = """
    SELECT a.domain <> '' OR (u.confirmed_at IS NOT NULL AND u.approved),
        a.suspended_at IS NOT NULL OR a.deletion_requested_at IS NOT NULL,
        EXISTS (SELECT 1 FROM follows f WHERE f.account_id = $2 AND f.target_account_id = a.id),
        EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = a.id AND b.target_account_id = $2)
    FROM accounts a LEFT JOIN users u ON u.account_id = a.id WHERE a.id = $1
"""


async def find_relation(
    db: Reader, account_id: int | None, viewer_id: int | None
) -> Relation | None:
    """What decides about the list, or None if there is no such account."""
    if account_id is None:
        return None
    row = await db.fetch_row(RELATION, account_id, viewer_id or 0)
    relation = None if row is None else Relation(*map(bool, row))
    return relation if relation and relation.present else None


# What a stranger, a follower ($6) and somebody mentioned may read (surroundings C7).
_READABLE = """
    AND (s.visibility IN ('public', 'unlisted') OR ($6::boolean AND s.visibility = 'private')
         OR EXISTS (SELECT 1 FROM mentions m WHERE m.status_id = s.id AND m.account_id = $5))"""
# Of the author's own page nothing is left out; the two parameters still want a use.
_OWN = " AND ($6::boolean OR $5 = $1)"
# A reply to oneself goes on with one's own thread, and stays.
_NO_REPLIES = """
    AND (s.in_reply_to_account_id IS NULL OR s.in_reply_to_account_id = s.account_id)"""
_TAGGED = """
    AND EXISTS (SELECT 1 FROM status_tags st JOIN tags t ON t.id = st.tag_id
                WHERE st.status_id = s.id AND t.name = $7)"""


def page_query(selection: Selection, *, own: bool, cursor: Cursor) -> str:
    """The SQL of a page: account $1, interval ($2, $3), limit $4, viewer $5, following $6, tag $7.

    Along the index of (account, id), or along the account's few pins, the last pinned first.
    """
    table, order = "statuses s", f"s.id {direction(cursor)}"
    if selection.pinned:
        table = "status_pins pin JOIN statuses s ON s.id = pin.status_id"
        order = "pin.id DESC"
    return (
        f"SELECT s.id FROM {table} WHERE s.account_id = $1 AND s.id > $2 AND s.id < $3"
        + (" AND pin.account_id = $1" if selection.pinned else "")
        + (_OWN if own else _READABLE)
        + (" AND s.reblog_of_id IS NULL" if selection.exclude_reblogs else "")
        + (_NO_REPLIES if selection.exclude_replies else "")
        + (_TAGGED if selection.tag is not None else "")
        + f" ORDER BY {order} LIMIT $4"
    )


async def page(
    db: Reader,
    account_id: int,
    viewer_id: int | None,
    cursor: Cursor,
    *,
    selection: Selection,
    following: bool,
) -> list[int]:
    """A page of ids, newest first (pinned ones: last pinned first). One query."""
    sql = page_query(selection, own=account_id == viewer_id, cursor=cursor)
    values: list[int | str] = [
        account_id,
        cursor.after,
        cursor.before,
        cursor.limit,
        viewer_id or 0,
        following,
    ]
    if selection.tag is not None:
        values.append(selection.tag)
    ids = [row[0] for row in await db.fetch(sql, *values)]
    return ids[::-1] if cursor.ascending and not selection.pinned else ids
