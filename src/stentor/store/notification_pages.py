"""The SQL of a page of notifications, so that on either engine one index serves it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from stentor.domain.notifications import NotificationType

COLUMNS = (
    "n.id, n.type, n.activity_id, n.from_account_id, n.status_id, n.group_key, n.filtered,"
    " n.created_at"
)


def names(types: frozenset[NotificationType]) -> str:
    """The types as SQL lists them, always in the same order."""
    return ", ".join(f"'{one.value}'" for one in NotificationType if one in types)


class Along(NamedTuple):
    """The interval ($2, $3) of ids and its order, in words that only the meant index answers.

    SQLite is told which index to take. PostgreSQL estimates, for a list of average length, and
    would take the index of all ids: wading through whatever a policy has hidden, or through
    everybody else's to find one sender's. So the order names `filtered`, which that index has
    not, and a sender is given by bounds of triples: an equation would say nothing of the order.
    """

    where: str
    columns: tuple[str, ...]

    def order(self, *, ascending: bool) -> str:
        """ORDER BY."""
        return ", ".join(f"{one} {'ASC' if ascending else 'DESC'}" for one in self.columns)


#: The clustered key; `n.filtered` is to be given too, here and for a type.
ALONG_ALL = Along("n.id > $2 AND n.id < $3", ("n.filtered", "n.id"))
ALONG_TYPE = {
    one: Along(f"n.type = '{one.value}' AND {ALONG_ALL.where}", ALONG_ALL.columns)
    for one in NotificationType
}
_SENDER = ("n.from_account_id", "n.account_id", "n.id")
ALONG_SENDER = Along(
    f"({', '.join(_SENDER)}) > ($5, $1, $2) AND ({', '.join(_SENDER)}) < ($5, $1, $3)", _SENDER
)


@lru_cache(maxsize=512)
def page_query(
    types: frozenset[NotificationType] | None,
    *,
    include_filtered: bool,
    ascending: bool,
    by_sender: bool,
    hidden: frozenset[NotificationType] = frozenset(),
) -> str:
    """The SQL of a page: account $1, open interval ($2, $3), limit $4, sender $5.

    Without types one range of the clustered key, ``hidden`` ones stepped over: they are what was
    told to staff that is staff no more. With types one bounded range for each of them
    (and for filtered and not), merged: the cost never depends on what is left out. Senders that
    are suspended or leaving are left out, and come back when they do.
    """
    if by_sender:
        if types is None and hidden:
            types = frozenset(NotificationType) - hidden
        return _sender_query(types, include_filtered=include_filtered, ascending=ascending)
    split = [None] if types is None else [one for one in NotificationType if one in types]
    stepped_over = f" AND n.type NOT IN ({names(hidden)})" if types is None and hidden else ""
    branches = []
    for filtered in ("FALSE", "TRUE") if include_filtered else ("FALSE",):
        for one in split:
            along = ALONG_TYPE[one] if one else ALONG_ALL
            branches.append(
                f"SELECT {COLUMNS} FROM notifications n"
                + (" /*+ notifications_by_type */" if one else "")
                + " CROSS JOIN accounts f WHERE f.id = n.from_account_id"
                f" AND n.account_id = $1 AND n.filtered = {filtered} AND {along.where}"
                + ("" if one else stepped_over)
                + " AND f.suspended_at IS NULL AND f.deletion_requested_at IS NULL"
                f" ORDER BY {along.order(ascending=ascending)} LIMIT $4"
            )
    if len(branches) == 1:
        return branches[0]
    merged = " UNION ALL ".join(
        f"SELECT * FROM ({branch}) AS branch{number}" for number, branch in enumerate(branches)
    )
    return (
        f"SELECT * FROM ({merged}) AS merged ORDER BY id {'ASC' if ascending else 'DESC'} LIMIT $4"
    )


def _sender_query(
    types: frozenset[NotificationType] | None, *, include_filtered: bool, ascending: bool
) -> str:
    """One range of the senders' index; he has few enough rows to step over some."""
    more = "" if include_filtered else " AND n.filtered = FALSE"
    if types is not None:
        more += f" AND (n.type IN ({names(types)})) IS TRUE"
    return (
        f"SELECT {COLUMNS} FROM notifications n /*+ notifications_by_sender */"
        f" WHERE {ALONG_SENDER.where}{more} AND EXISTS ("
        "  SELECT 1 FROM accounts f WHERE f.id = $5"
        "  AND f.suspended_at IS NULL AND f.deletion_requested_at IS NULL)"
        f" ORDER BY {ALONG_SENDER.order(ascending=ascending)} LIMIT $4"
    )


# --- Shown and filtered ----------------------------------------------------------------------

# They are two ranges of the primary key. Whoever looks for either names both: so no index of ids
# alone has to be kept up, and nothing is waded through.
EITHER = "filtered IN (FALSE, TRUE)"


def _merged(one: str) -> str:
    """Both ranges, of a query of one in which ``$filtered`` stands for which."""
    return " UNION ALL ".join(
        f"SELECT * FROM ({one.replace('$filtered', value)}) AS {name}"
        for name, value in (("shown", "FALSE"), ("hidden", "TRUE"))
    )


_NEWEST = "(SELECT max(id) FROM notifications WHERE account_id = $1 AND filtered = {})"
#: Of each its highest id, or nothing.
NEWEST_IDS = f"SELECT {_NEWEST.format('FALSE')}, {_NEWEST.format('TRUE')}"

_OLDEST = """(
        SELECT n.created_at FROM notifications n
        WHERE n.account_id = i.account_id AND n.filtered = {} ORDER BY n.id LIMIT 1)"""
#: One after the other by the inboxes, and for each the first of either: no table is read.
OLDEST = f"""
    SELECT i.account_id, {_OLDEST.format("FALSE")}, {_OLDEST.format("TRUE")}
    FROM (SELECT account_id FROM notification_inboxes WHERE account_id > $1
          ORDER BY account_id LIMIT $2) i
    ORDER BY i.account_id
"""

_FIRST_ONES = """
    SELECT id, created_at FROM notifications
    WHERE account_id = $1 AND filtered = $filtered ORDER BY id LIMIT $3
"""
FIRST_ONES = f"""
    SELECT max(id) FROM (
        SELECT * FROM ({_merged(_FIRST_ONES)}) AS either ORDER BY id LIMIT $3) AS first_ones
    WHERE created_at < $2
"""

#: Some of them, in no order.
_UP_TO = """
    SELECT id FROM notifications
    WHERE account_id = $1 AND filtered = $filtered AND id <= $2 ORDER BY id DESC LIMIT $3
"""
UP_TO = f"SELECT id FROM ({_merged(_UP_TO)}) AS either LIMIT $3"
