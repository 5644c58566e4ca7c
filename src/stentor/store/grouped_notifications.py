"""A page of groups, whose cost does not depend on how many members a group has.

A group is represented by its newest member in the page's interval (the oldest, if the page is
anchored at ``min_id``). For nearly all groups that is written in the group's row. Two kinds need
a look at their members: those that the cursor cuts in two, which are among the groups begun in
the day before it, and those whose member at the edge is hidden because its sender is suspended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from stentor.domain import times
from stentor.domain.grouped_notifications import GROUPABLE, LIFETIME, PageRange
from stentor.domain.ids import LARGEST
from stentor.domain.notifications import BY_NAME, Notification, NotificationType
from stentor.domain.paging import Cursor
from stentor.store import notification_pages, notifications
from stentor.store.database import Reader, Row
from stentor.store.notification_pages import ALONG_ALL, ALONG_TYPE, Along


class Group(NamedTuple):
    """A group as its row has it, or a notification that stands alone (a group of one).

    ``id`` is its representative on the page; ``newest`` pairs of notification and sender.
    """

    id: int
    group_key: str
    type: str
    status_id: int | None
    size: int
    newest: tuple[tuple[int, int], ...]
    newest_id: int
    newest_at: int
    oldest_id: int
    hidden: bool
    alone: bool
    activity_id: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page shows: which types (None: all), which of them grouped, filtered ones too?"""

    types: frozenset[NotificationType] | None
    grouped: frozenset[NotificationType]
    include_filtered: bool = False
    #: Only what comes from that account, filtered or not.
    from_account_id: int | None = None
    #: If ``types`` is None: all but these.
    hidden: frozenset[NotificationType] = frozenset()

    @property
    def shown(self) -> frozenset[NotificationType]:
        """The types that the page may hold."""
        return (frozenset(NotificationType) if self.types is None else self.types) - self.hidden


_VISIBLE = "f.suspended_at IS NULL AND f.deletion_requested_at IS NULL"
_GROUP = (
    "g.group_key, g.type, g.status_id, g.notifications_count, g.newest, g.newest_id,"
    " g.newest_at, g.oldest_id"
)


def _group_branch(type: NotificationType, *, ascending: bool) -> str:
    edge, order = ("oldest_id", "ASC") if ascending else ("newest_id", "DESC")
    return (
        f"SELECT g.{edge} AS id, {_GROUP},"
        " CASE WHEN f.suspended_at IS NULL AND f.deletion_requested_at IS NULL"
        " THEN 0 ELSE 1 END AS hidden, 0 AS alone, 0 AS sender, 0 AS activity"
        " FROM notification_groups g"
        " CROSS JOIN notifications n CROSS JOIN accounts f"
        f" WHERE n.account_id = g.account_id AND n.id = g.{edge} AND f.id = n.from_account_id"
        f" AND g.account_id = $1 AND g.type = '{type.value}'"
        f" AND g.{edge} > $2 AND g.{edge} < $3 ORDER BY g.{edge} {order} LIMIT $4"
    )


def _single_branch(
    along: Along, index: str, more: str = "", *, filtered: bool, ascending: bool
) -> str:
    return (
        "SELECT n.id AS id, n.group_key, n.type, n.status_id, 1, '' AS newest, n.id AS newest_id,"
        " n.created_at AS newest_at, n.id AS oldest_id, 0 AS hidden, 1 AS alone,"
        " n.from_account_id AS sender, n.activity_id AS activity"
        f" FROM notifications n /*+ notifications_{index} */ CROSS JOIN accounts f"
        " WHERE f.id = n.from_account_id"
        f" AND n.account_id = $1 AND n.filtered = {filtered} AND {along.where}{more}"
        f" AND {_VISIBLE} ORDER BY {along.order(ascending=ascending)} LIMIT $4"
    )


@lru_cache(maxsize=512)
def page_query(wanted: Wanted, *, ascending: bool) -> str:
    """The SQL of a page: account $1, open interval ($2, $3), limit $4.

    A merge of bounded ranges: for each grouped type its groups, and what stands alone.
    """
    shown = wanted.shown
    grouped = [one for one in NotificationType if one in shown & wanted.grouped]
    branches = [_group_branch(one, ascending=ascending) for one in grouped]
    for filtered in (False, True) if wanted.include_filtered else (False,):
        if wanted.types is None and wanted.grouped == GROUPABLE:
            more = " AND n.group_key IS NULL"
            if wanted.hidden:
                more += f" AND n.type NOT IN ({notification_pages.names(wanted.hidden)})"
            branches.append(
                _single_branch(ALONG_ALL, "keyless", more, filtered=filtered, ascending=ascending)
            )
            continue
        for one in [one for one in NotificationType if one in shown]:
            more, index = "", "by_type"
            if one in wanted.grouped:
                more, index = " AND (n.group_key IS NULL) IS TRUE", "keyless_by_type"
            branches.append(
                _single_branch(ALONG_TYPE[one], index, more, filtered=filtered, ascending=ascending)
            )
    merged = " UNION ALL ".join(
        f"SELECT * FROM ({branch}) AS branch{number}" for number, branch in enumerate(branches)
    )
    order = "ASC" if ascending else "DESC"
    return f"SELECT * FROM ({merged}) AS merged ORDER BY id {order} LIMIT $4"


def _newest(row: Row) -> tuple[tuple[int, int], ...]:
    """The newest members as the group's row has them; none if they cannot be read."""
    try:
        return tuple((int(one[0]), int(one[1])) for one in json.loads(row[5]))
    except (IndexError, KeyError, TypeError, ValueError):
        return ()


def _member(row: Row) -> Group:
    """A row of `page_query` or `_inner_query`."""
    sender, activity_id = row[-2:]
    if row[-3]:
        return Group(
            row[0], f"ungrouped-{row[0]}", row[2], row[3], 1, ((row[0], sender),), row[0], row[7],
            row[0], hidden=False, alone=True, activity_id=activity_id,
        )  # fmt: skip
    return Group(
        row[0], row[1], row[2], row[3], row[4], _newest(row), row[6], row[7], row[8],
        hidden=bool(row[9]), alone=False,
    )  # fmt: skip


def alone(row: Notification) -> Group:
    """A notification as a group of one, whatever key it has."""
    return Group(
        row.id, f"ungrouped-{row.id}", row.type, row.status_id, 1,
        ((row.id, row.from_account_id),), row.id, row.created_at, row.id,
        hidden=False, alone=True, activity_id=row.activity_id,
    )  # fmt: skip


@lru_cache(maxsize=128)
def _inner_query(which: str, types: frozenset[NotificationType], *, ascending: bool) -> str:
    """Groups of that kind with their visible member nearest to the page's anchor in ($2, $3)."""
    order = "ASC" if ascending else "DESC"
    names = ", ".join(f"'{one.value}'" for one in NotificationType if one in types)
    return (
        "SELECT * FROM (SELECT ("
        "  SELECT n.id FROM notifications n CROSS JOIN accounts f"
        "  WHERE f.id = n.from_account_id"
        "  AND n.account_id = g.account_id AND n.group_key = g.group_key"
        f"  AND n.id > $2 AND n.id < $3 AND {_VISIBLE} ORDER BY n.id {order} LIMIT 1) AS id,"
        f" {_GROUP}, 0 AS hidden, 0 AS alone, 0 AS sender, 0 AS activity"
        f" FROM notification_groups g WHERE g.account_id = $1 AND g.type IN ({names})"
        f" AND {which}) AS inner_groups WHERE id IS NOT NULL"
    )


# The groups that reach across id $4: begun before it and still growing after it. A member at or
# after the cursor is at most LIFETIME younger than the group; $5 is that, and some for clocks.
_CUT = (
    "g.oldest_id < $4 AND g.newest_id >= $4 AND g.oldest_at >= ("
    " SELECT c.created_at FROM notifications c WHERE c.account_id = $1 AND c.id >= $4"
    " ORDER BY c.id LIMIT 1) - $5"
)
_SLACK = times.HOUR


async def page(db: Reader, account_id: int, cursor: Cursor, wanted: Wanted) -> list[Group]:
    """The groups of one page, newest representative first (notifications.md 1.8).

    One query for the common page, one more if a cursor may cut groups, two more if the sender
    at the edge of a group is suspended; none depends on the size of a group.
    """
    if wanted.from_account_id is not None:
        return await _by_sender(db, account_id, cursor, wanted)
    types = wanted.shown
    if not types or cursor.limit <= 0:
        return []
    grouped = types & wanted.grouped
    ascending = cursor.ascending
    found, hidden = await _edges(db, account_id, cursor, wanted)
    interval = (account_id, cursor.after, cursor.before)
    if hidden:
        sql = _inner_query("g.group_key = ANY($4)", grouped, ascending=ascending)
        rows = await db.fetch(sql, *interval, [one.group_key for one in hidden])
        found += [_member(row) for row in rows]
    cut = cursor.after + 1 if ascending else cursor.before
    if grouped and (cut < LARGEST if not ascending else cut > 1):
        sql = _inner_query(_CUT, grouped, ascending=ascending)
        rows = await db.fetch(sql, *interval, cut, LIFETIME + _SLACK)
        found += [_member(row) for row in rows]
    found.sort(key=lambda one: one.id, reverse=not ascending)
    return sorted(found[: cursor.limit], key=lambda one: one.id, reverse=True)


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
        groups[key]._replace(id=row.id) if key in groups else alone(row)
        for key, row in found.items()
    ]
    return sorted(page, key=lambda one: one.id, reverse=True)


async def _load(db: Reader, account_id: int, group_keys: list[str]) -> dict[str, Group]:
    """Groups by their keys."""
    if not group_keys:
        return {}
    rows = await db.fetch(
        f"SELECT g.newest_id, {_GROUP}, 0, 0, 0, 0 FROM notification_groups g"
        " WHERE g.account_id = $1 AND g.group_key = ANY($2)",
        account_id,
        group_keys,
    )
    return {row[1]: _member(row) for row in rows}


async def _edges(
    db: Reader, account_id: int, cursor: Cursor, wanted: Wanted
) -> tuple[list[Group], list[Group]]:
    """Enough groups that show their edge in the interval, and those on the way that hide it."""
    sql = page_query(wanted, ascending=cursor.ascending)
    size = cursor.limit
    while True:
        rows = await db.fetch(sql, account_id, cursor.after, cursor.before, size)
        members = [_member(row) for row in rows]
        hidden = [one for one in members if one.hidden]
        if len(rows) < size or len(members) - len(hidden) >= cursor.limit:
            return [one for one in members if not one.hidden], hidden
        size = cursor.limit + 2 * len(hidden)


class Statistics(NamedTuple):
    """What a list says of a group (notifications.md 5.4)."""

    size: int
    most_recent_id: int
    latest_at: int
    sample_account_ids: tuple[int, ...]
    page_min_id: int


LOWEST = """
    SELECT g.group_key, (
        SELECT min(n.id) FROM notifications n
        WHERE n.account_id = g.account_id AND n.group_key = g.group_key AND n.id >= $3)
    FROM notification_groups g WHERE g.account_id = $1 AND g.group_key = ANY($2)
"""
# The n-th newest member up to $3, for n from 0 to 7: eight short seeks.
_NTH = ", ".join(
    "(SELECT n.id FROM notifications n WHERE n.account_id = g.account_id"
    f" AND n.group_key = g.group_key AND n.id <= $3 ORDER BY n.id DESC LIMIT 1 OFFSET {n})"
    for n in range(8)
)
# Members up to $3: all segments begun by then, less what the last of them has beyond it.
UP_TO = f"""
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
                   AND s.first_id > $3), g.segment_first_id) END),
        {_NTH}
    FROM notification_groups g WHERE g.account_id = $1 AND g.group_key = ANY($2)
"""
# By id: SQLite would rather read all of the account's notifications along the clustered key.
SENDERS = """
    SELECT id, from_account_id, created_at FROM notifications /*+ notifications_id */
    WHERE account_id = $1 AND id = ANY($2)
"""


async def statistics(
    db: Reader, account_id: int, groups: list[Group], span: PageRange
) -> dict[str, Statistics]:
    """The statistics of a page by group key; at most three queries.

    Most groups need none: only those that reach below the page are asked for their lowest id on
    it, and only those that reach above it are counted.
    """
    below = [one.group_key for one in groups if not one.alone and one.oldest_id < span.low]
    above = [one.group_key for one in groups if not one.alone and one.newest_id > span.high]
    lowest: dict[str, int] = {}
    if below:
        lowest = {row[0]: row[1] for row in await db.fetch(LOWEST, account_id, below, span.low)}
    counted = await _counted(db, account_id, above, span.high) if above else {}
    stats = {}
    for one in groups:
        page_min_id = lowest.get(one.group_key, one.oldest_id)
        stats[one.group_key] = counted.get(
            one.group_key,
            Statistics(
                one.size,
                one.newest_id,
                one.newest_at,
                tuple(sender for _, sender in one.newest),
                page_min_id,
            ),
        )._replace(page_min_id=page_min_id)
    return stats


async def _counted(
    db: Reader, account_id: int, keys: list[str], high: int
) -> dict[str, Statistics]:
    rows = await db.fetch(UP_TO, account_id, keys, high)
    samples = {row[0]: [one for one in row[2:] if one is not None] for row in rows}
    ids = [one for sample in samples.values() for one in sample]
    senders = {row[0]: row for row in await db.fetch(SENDERS, account_id, ids)}
    return {
        row[0]: Statistics(
            int(row[1]),
            samples[row[0]][0],
            senders[samples[row[0]][0]][2],
            tuple(senders[one][1] for one in samples[row[0]]),
            0,
        )
        for row in rows
        if samples[row[0]]
    }


# One visible notification of that key; uses notifications_of_group.
FIND = f"""
    SELECT n.id FROM notifications n CROSS JOIN accounts f
    WHERE f.id = n.from_account_id AND n.account_id = $1 AND n.group_key = $2 AND {_VISIBLE}
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
      AND n.id > $3 AND n.id < $4 AND {_VISIBLE}
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
    return len(await page(db, account_id, Cursor(limit, last_read or 0), wanted))
