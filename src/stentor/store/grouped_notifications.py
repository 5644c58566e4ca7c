"""A page of groups, whose cost does not depend on how many members a group has.

A group is represented by its newest member in the page's interval (the oldest, if the page is
anchored at ``min_id``). For nearly all groups that is written in the group's row. Two kinds need
a look at their members: those that the cursor cuts in two, which are among the groups begun in
the day before it, and those whose member at the edge is hidden because its sender is suspended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

import msgspec

from stentor.domain import grouped_notifications as domain
from stentor.domain.grouped_notifications import SAMPLE, Group, PageRange
from stentor.domain.ids import LARGEST
from stentor.domain.notifications import BY_NAME, Notification
from stentor.domain.paging import Cursor
from stentor.store import notifications
from stentor.store.database import Reader, Row
from stentor.store.notification_group_pages import (
    PLAIN,
    VISIBLE,
    Shape,
    Wanted,
    named_query,
    page_query,
)

_members = msgspec.json.Decoder(tuple[tuple[int, int], ...])


def _newest(text: str) -> tuple[tuple[int, int], ...]:
    """The newest members as the group's row has them; none if they cannot be read."""
    try:
        return _members.decode(text)
    except msgspec.DecodeError:
        return ()


def _group(row: Row, *, judged: bool) -> Group:
    """A row of `page_query` or `named_query`; ``judged``: nobody who is suspended sent it."""
    (
        number, key, type, status_id, size, newest, newest_id, newest_at, oldest_id, at, sender,
        activity_id, _, is_alone,
    ) = row  # fmt: skip
    members: tuple[tuple[int, int], ...] = ((number, sender),)
    if is_alone:
        key = f"ungrouped-{number}"
    else:
        members = _newest(newest)
        if not sender and members:
            sender = members[0][1]
    return Group(
        number, key, type, status_id, size, members, newest_id, newest_at, oldest_id, at,
        0 if judged else sender, activity_id,
    )  # fmt: skip


def alone(row: Notification) -> Group:
    """A notification as a group of one, whatever key it has."""
    return Group(
        row.id, f"ungrouped-{row.id}", row.type, row.status_id, 1,
        ((row.id, row.from_account_id),), row.id, row.created_at, row.id, row.created_at, 0,
        row.activity_id,
    )  # fmt: skip


async def page(
    db: Reader, account_id: int, cursor: Cursor, wanted: Wanted, *, visible_only: bool = False
) -> list[Group]:
    """The groups of one page as it shows them, newest representative first (1.8, 5.4).

    Unless ``visible_only`` it may be as if nobody were suspended. Whoever shows it knows the
    senders: if the one of a representative is suspended, the page is to be asked for again.

    One query for the common page, one more if a cursor cuts large groups, and a few more if senders
    at the edges of groups are suspended; none depends on the size of a group.
    """
    found = await _representatives(db, account_id, cursor, wanted, visible_only=visible_only)
    if not found:
        return []
    span = domain.page_range([one.id for one in found], cursor)
    return await _within(db, account_id, found, span)


async def _representatives(
    db: Reader, account_id: int, cursor: Cursor, wanted: Wanted, *, visible_only: bool
) -> list[Group]:
    """The groups of a page as their rows have them, newest representative first."""
    if wanted.from_account_id is not None:
        return await _by_sender(db, account_id, cursor, wanted)
    # The row of a group does not say who sent its oldest member.
    judged = visible_only or cursor.ascending
    rows = await _rows(db, account_id, cursor, wanted, visible_only=judged)
    found = [_group(row, judged=judged) for row in rows]
    return found[::-1] if cursor.ascending else found


async def _rows(
    db: Reader, account_id: int, cursor: Cursor, wanted: Wanted, *, visible_only: bool
) -> list[Row]:
    """The rows of `page_query`, in the order of the page's anchor."""
    if cursor.limit <= 0 or not wanted.shown:
        return []
    ascending = cursor.ascending
    cut = cursor.after > 0 if ascending else cursor.before < LARGEST
    sql = page_query(wanted, Shape(ascending, cut, visible_only))
    interval = (account_id, cursor.after, cursor.before)
    size = cursor.limit
    while True:
        rows = await db.fetch(sql, *interval, size)
        hidden = [row[1] for row in rows if row[-2]]
        if not hidden:
            return rows
        # Enough that show their edge; those on the way that hide it may stand further on.
        if len(rows) < size or len(rows) - len(hidden) >= cursor.limit:
            break
        size = cursor.limit + 2 * len(hidden)
    rows = [row for row in rows if not row[-2]]
    rows += await db.fetch(named_query(ascending=ascending), *interval, hidden)
    return sorted(rows, key=itemgetter(0), reverse=not ascending)[: cursor.limit]


async def _by_sender(db: Reader, account_id: int, cursor: Cursor, wanted: Wanted) -> list[Group]:
    """The groups that one sender has a part in, represented by his part.

    A page of his notifications, and further ones only while some of them share a group.
    """
    found: dict[str, Notification] = {}
    at = cursor
    while len(found) < cursor.limit:
        rows = await notifications.page(
            db, account_id, at, types=wanted.types, include_filtered=True,
            from_account_id=wanted.from_account_id, hidden=wanted.hidden,
        )  # fmt: skip
        for row in reversed(rows) if cursor.ascending else rows:
            key = row.effective_key
            if row.group_key is None or BY_NAME[row.type] not in wanted.grouped:
                key = f"ungrouped-{row.id}"
            if len(found) < cursor.limit:
                found.setdefault(key, row)
        if len(rows) < at.limit:
            break
        at = replace(at, after=rows[0].id) if cursor.ascending else replace(at, before=rows[-1].id)
    groups = await _load(db, account_id, [key for key in found if not key.startswith("ungrouped")])
    page = [
        groups[key]._replace(id=row.id, at=row.created_at) if key in groups else alone(row)
        for key, row in found.items()
    ]
    return sorted(page, key=lambda one: one.id, reverse=True)


async def _load(db: Reader, account_id: int, group_keys: list[str]) -> dict[str, Group]:
    """Groups by their keys."""
    if not group_keys:
        return {}
    rows = await db.fetch(
        f"SELECT g.newest_id, {PLAIN.replace('$at', 'g.newest_at')} FROM notification_groups g"
        " WHERE g.account_id = $1 AND g.group_key = ANY($2)",
        account_id,
        group_keys,
    )
    return {row[1]: _group(row, judged=True) for row in rows}


# Of the groups with keys $2: their members up to $3 (all segments begun by then, less what the
# last of them has beyond it), the lowest id from $4 on, and the newest members up to $3.
MEMBERS = f"""
    WITH counted AS MATERIALIZED (
      SELECT g.group_key,
        COALESCE((SELECT sum(s.notifications_count) FROM notification_group_segments s
          WHERE s.account_id = g.account_id AND s.group_key = g.group_key
            AND s.first_id <= $3), 0)
        + CASE WHEN g.segment_first_id <= $3 THEN g.segment_count ELSE 0 END
        - (SELECT count(*) FROM notifications n
           WHERE n.account_id = g.account_id AND n.group_key = g.group_key AND n.id > $3
             AND n.id < CASE WHEN g.segment_first_id <= $3 THEN {LARGEST}
               ELSE COALESCE((SELECT min(s.first_id) FROM notification_group_segments s
                 WHERE s.account_id = g.account_id AND s.group_key = g.group_key
                   AND s.first_id > $3), g.segment_first_id) END) AS size,
        (SELECT min(n.id) FROM notifications n
         WHERE n.account_id = g.account_id AND n.group_key = g.group_key AND n.id >= $4) AS lowest,
        COALESCE((SELECT n.id FROM notifications n
          WHERE n.account_id = g.account_id AND n.group_key = g.group_key AND n.id <= $3
          ORDER BY n.id DESC LIMIT 1 OFFSET {SAMPLE - 1}), 0) AS sampled
      FROM notification_groups g WHERE g.account_id = $1 AND g.group_key = ANY($2))
    SELECT c.group_key, c.size, c.lowest, n.id, n.from_account_id, n.created_at
    FROM counted c CROSS JOIN notifications n /*+ notifications_of_group */
    WHERE n.account_id = $1 AND n.group_key = c.group_key AND n.id >= c.sampled AND n.id <= $3
    ORDER BY n.id DESC
"""


async def _within(
    db: Reader, account_id: int, groups: list[Group], span: PageRange
) -> list[Group]:  # fmt: skip
    """The groups with the figures of a page with that range (5.4); at most one query.

    Most groups need none: those that reach neither below the page nor above it, and those
    whose row has all members that matter.
    """
    low, high = span.low, span.high
    asked: dict[str, int] = {}
    for index, one in enumerate(groups):
        if one.oldest_id < low or one.newest_id > high:
            shown = domain.within(one, span)
            if shown is None:
                asked[one.group_key] = index
            else:
                groups[index] = shown
    if asked:
        members: dict[str, list[Row]] = {}
        for row in await db.fetch(MEMBERS, account_id, list(asked), high, low):
            members.setdefault(row[0], []).append(row)
        for key, rows in members.items():
            groups[asked[key]] = _counted(groups[asked[key]], rows)
    return groups


def _counted(group: Group, rows: Sequence[Row]) -> Group:
    """A group by its rows of MEMBERS."""
    _, size, lowest, newest_id, _, newest_at = rows[0]
    return group._replace(
        size=int(size),
        newest=tuple((row[3], row[4]) for row in rows),
        newest_id=newest_id,
        newest_at=newest_at,
        oldest_id=lowest,
    )


# One visible notification of that key; uses notifications_of_group.
FIND = f"""
    SELECT n.id FROM notifications n CROSS JOIN accounts f
    WHERE f.id = n.from_account_id AND n.account_id = $1 AND n.group_key = $2 AND {VISIBLE}
    ORDER BY n.id DESC LIMIT 1
"""


async def find(db: Reader, account_id: int, group_key: str) -> Group | None:
    """A whole group of that account, if any of its senders is not suspended; two queries."""
    visible = await db.fetch_value(FIND, account_id, group_key)
    if visible is None:
        return None
    return (await _load(db, account_id, [group_key])).get(group_key)


# Senders of a group, newest first, along notifications_of_group.
ACCOUNTS = f"""
    SELECT n.id, n.from_account_id FROM notifications n CROSS JOIN accounts f
    WHERE f.id = n.from_account_id AND n.account_id = $1 AND n.group_key = $2
      AND n.id > $3 AND n.id < $4 AND {VISIBLE}
    ORDER BY n.id %s LIMIT $5
"""
ACCOUNTS_PAGE = {False: ACCOUNTS % "DESC", True: ACCOUNTS % "ASC"}


async def accounts_page(
    db: Reader, account_id: int, group_key: str, cursor: Cursor
) -> list[tuple[int, int]]:
    """Notification id and sender of a group's members, newest first; suspended ones left out."""
    rows = await db.fetch(
        ACCOUNTS_PAGE[cursor.ascending],
        account_id,
        group_key,
        cursor.after,
        cursor.before,
        cursor.limit,
    )
    found = [(row[0], row[1]) for row in rows]
    return found[::-1] if cursor.ascending else found


async def unread_count(db: Reader, account_id: int, limit: int, wanted: Wanted) -> int:
    """How many groups have something above the marker, counted up to ``limit`` (1.12)."""
    last_read = await db.fetch_value(
        "SELECT last_read_id FROM markers WHERE account_id = $1 AND timeline = 'notifications'",
        account_id,
    )
    unread = Cursor(limit, last_read or 0)
    if wanted.from_account_id is not None:
        return len(await _by_sender(db, account_id, unread, wanted))
    return len(await _rows(db, account_id, unread, wanted, visible_only=True))
