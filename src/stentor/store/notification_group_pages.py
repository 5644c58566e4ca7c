"""The SQL of a page of groups: ranges of indexes, merged, of which no more is read than needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from stentor.domain import times
from stentor.domain.grouped_notifications import GROUPABLE, LIFETIME
from stentor.domain.notifications import NotificationType
from stentor.store.notification_pages import names


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


@dataclass(frozen=True, slots=True)
class Shape:
    """What the SQL of a page depends on beside what it shows."""

    ascending: bool = False
    #: A cursor may cut groups in two.
    cut: bool = False
    #: Whose sender is suspended is left out; else it is as if nobody were.
    visible_only: bool = False

    @property
    def order(self) -> str:
        """The direction of ids."""
        return "ASC" if self.ascending else "DESC"


VISIBLE = "f.suspended_at IS NULL AND f.deletion_requested_at IS NULL"
GROUP = (
    "g.group_key, g.type, g.status_id, g.notifications_count, g.newest, g.newest_id,"
    " g.newest_at, g.oldest_id"
)
# A notification of a group is never filtered (5.3): with its id it is named by the primary key.
_MEMBER = "n.account_id = $1 AND n.filtered = FALSE"
# A group that its row says all about: when its representative came is $at.
PLAIN = f"{GROUP}, $at AS at, 0::bigint AS sender, 0::bigint AS activity, 0 AS hidden, 0 AS alone"
# Clocks of several servers differ by less.
_SLACK = times.HOUR


def _groups(type: NotificationType, shape: Shape) -> str:
    """Groups of a type by their newest member, or by their oldest."""
    edge = "oldest" if shape.ascending else "newest"
    columns = f"g.{edge}_id AS id, {PLAIN.replace('$at', f'g.{edge}_at')}"
    if shape.visible_only:
        visible = (
            f"SELECT 0 FROM notifications n CROSS JOIN accounts f WHERE {_MEMBER}"
            f" AND n.id = g.{edge}_id AND f.id = n.from_account_id"
            f" AND {VISIBLE}"
        )
        columns = columns.replace("0 AS hidden", f"COALESCE(({visible}), 1) AS hidden")
    return (
        f"SELECT {columns} FROM notification_groups g WHERE g.account_id = $1"
        f" AND g.type = '{type.value}' AND g.{edge}_id > $2 AND g.{edge}_id < $3"
        f" ORDER BY g.{edge}_id {shape.order}"
    )


def _alone(where: str, index: str, shape: Shape) -> str:
    """Notifications that stand alone, along an index that ends in the id."""
    tables = f"notifications n /*+ notifications_{index} */"
    if shape.visible_only:
        tables += " CROSS JOIN accounts f"
        where = f"f.id = n.from_account_id AND {VISIBLE} AND {where}"
    return (
        "SELECT n.id AS id, n.group_key, n.type, n.status_id, 1::bigint AS notifications_count,"
        " ''::text AS newest, n.id AS newest_id, n.created_at AS newest_at, n.id AS oldest_id,"
        " n.created_at AS at, n.from_account_id AS sender, n.activity_id AS activity,"
        f" 0 AS hidden, 1 AS alone FROM {tables}"
        f" WHERE {where} AND n.account_id = $1 AND n.id > $2 AND n.id < $3"
        f" ORDER BY n.id {shape.order}"
    )


def _nearest(shape: Shape) -> str:
    """The member of the group g that is nearest to the page's anchor in ($2, $3)."""
    tables = "notifications m /*+ notifications_of_group */"
    where = "m.account_id = $1 AND m.group_key = g.group_key AND m.id > $2 AND m.id < $3"
    if shape.visible_only:
        tables += " CROSS JOIN accounts f"
        where += f" AND f.id = m.from_account_id AND {VISIBLE}"
    return f"(SELECT m.id FROM {tables} WHERE {where} ORDER BY m.id {shape.order} LIMIT 1)"


def _by_member(shape: Shape) -> tuple[str, str]:
    """Columns and condition for groups that are represented by `_nearest`, the row n."""
    columns = (
        f"n.id AS id, {GROUP}, n.created_at AS at, n.from_account_id AS sender,"
        " 0::bigint AS activity, 0 AS hidden, 0 AS alone"
    )
    return columns, f"{_MEMBER} AND n.id = {_nearest(shape)}"


def _cut(types: frozenset[NotificationType], shape: Shape) -> str:
    """Groups that the cursor cuts in two: begun before it, and growing after it.

    A member after it is at most LIFETIME younger than its group, which so is among those that
    were begun that long before the first notification after the cursor; members are not filtered.
    """
    columns, member = _by_member(shape)
    if shape.ascending:
        after, across = "c.id > $2", "g.oldest_id <= $2 AND g.newest_id > $2"
    else:
        after, across = "c.id >= $3", "g.oldest_id < $3 AND g.newest_id >= $3"
    at = (
        "(SELECT c.created_at FROM notifications c"
        f" WHERE c.account_id = $1 AND c.filtered = FALSE AND {after} ORDER BY c.id LIMIT 1)"
    )
    return (
        f"SELECT {columns} FROM notification_groups g /*+ notification_groups_begun */"
        " CROSS JOIN notifications n"
        f" WHERE g.account_id = $1 AND g.oldest_at >= {at} - {LIFETIME + _SLACK}"
        f" AND g.oldest_at <= {at} + {_SLACK} AND g.type IN ({names(types)})"
        f" AND {across} AND {member} ORDER BY n.id {shape.order}"
    )


def _branches(wanted: Wanted, shape: Shape) -> list[str]:
    shown = wanted.shown
    grouped = shown & wanted.grouped
    branches = [_groups(one, shape) for one in NotificationType if one in grouped]
    if grouped and shape.cut:
        branches.append(_cut(grouped, shape))
    for filtered in ("FALSE", "TRUE") if wanted.include_filtered else ("FALSE",):
        where = f"n.filtered = {filtered}"
        if wanted.types is None and grouped == shown & GROUPABLE:
            where += " AND n.group_key IS NULL"
            if wanted.hidden:
                where += f" AND n.type NOT IN ({names(wanted.hidden)})"
            branches.append(_alone(where, "keyless", shape))
            continue
        for one in [one for one in NotificationType if one in shown]:
            of_type, index = f"{where} AND n.type = '{one.value}'", "by_type"
            if one in grouped:
                of_type, index = f"{of_type} AND (n.group_key IS NULL) IS TRUE", "keyless_by_type"
            branches.append(_alone(of_type, index, shape))
    return branches


@lru_cache(maxsize=512)
def page_query(wanted: Wanted, shape: Shape) -> str:
    """The SQL of a page: account $1, open interval ($2, $3), limit $4; some type is shown.

    For each grouped type its groups, the groups that a cursor cuts, and what stands alone, by
    type if not all types are shown. Both engines take from each range only what the page needs.
    PostgreSQL merges only what has the same types of columns, hence the casts.
    """
    merged = " UNION ALL ".join(
        f"SELECT * FROM ({branch} LIMIT $4 /*- lazily */) AS branch{number}"
        for number, branch in enumerate(_branches(wanted, shape))
    )
    return f"{merged} ORDER BY id {shape.order} LIMIT $4"


@lru_cache(maxsize=128)
def named_query(*, ascending: bool) -> str:
    """The SQL of the groups with keys $4, each by its visible member nearest to the anchor."""
    columns, member = _by_member(Shape(ascending=ascending, visible_only=True))
    return (
        f"SELECT {columns} FROM notification_groups g CROSS JOIN notifications n"
        f" WHERE g.account_id = $1 AND g.group_key = ANY($4) AND {member}"
    )
