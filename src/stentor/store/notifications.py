"""Notifications: added once, listed by page, removed with what they leave behind put right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stentor.domain.ids import LARGEST
from stentor.domain.notification_policies import NAMES
from stentor.domain.notifications import Notification, NotificationType
from stentor.domain.paging import Cursor
from stentor.store import (
    notification_groups,
    notification_inboxes,
    notification_pages,
    notification_requests,
)
from stentor.store.database import Reader, Row, Transaction
from stentor.store.notification_pages import (
    EITHER,
    FIRST_ONES,
    NEWEST_IDS,
    OLDEST,
    UP_TO,
    page_query,
)

COLUMNS = notification_pages.COLUMNS
# Rows that are removed in one go; a longer list is removed in steps.
STEP = 500


# ---------------------------------------------------------------- adding


class NewNotification(NamedTuple):
    """The columns of a notification when it is made."""

    account_id: int
    filtered: bool
    id: int
    type: str
    activity_id: int
    from_account_id: int
    status_id: int | None
    group_key: str | None
    reason: str
    created_at: int


ADD = f"""
    INSERT INTO notifications ({", ".join(NewNotification._fields)})
    VALUES ({", ".join(f"${n}" for n in range(1, len(NewNotification._fields) + 1))})
    ON CONFLICT (account_id, type, activity_id) DO NOTHING RETURNING id
"""


async def add(tx: Transaction, rows: Sequence[NewNotification]) -> set[int]:
    """Keeps notifications; the ids of those whose activity had not been told of already.

    One statement for any number.
    """
    return {row[0] for row in await tx.fetch_many(ADD, rows)} if rows else set()


# ---------------------------------------------------------------- listing


async def page(
    db: Reader,
    account_id: int,
    cursor: Cursor,
    *,
    types: frozenset[NotificationType] | None,
    include_filtered: bool,
    from_account_id: int | None = None,
    hidden: frozenset[NotificationType] = frozenset(),
) -> list[Notification]:
    """One page, newest first whatever its anchor (notifications.md 1.2, 1.4). One query."""
    if types is not None and not types:
        return []
    by_sender = from_account_id is not None
    sql = page_query(
        types,
        include_filtered=include_filtered,
        ascending=cursor.ascending,
        by_sender=by_sender,
        hidden=hidden,
    )
    values: list[object] = [account_id, cursor.after, cursor.before, cursor.limit]
    if by_sender:
        values.append(from_account_id)
    rows = [Notification._make(row) for row in await db.fetch(sql, *values)]
    if cursor.ascending:
        rows.reverse()
    return rows


async def unread_count(
    db: Reader,
    account_id: int,
    limit: int,
    *,
    types: frozenset[NotificationType] | None,
    include_filtered: bool,
    from_account_id: int | None = None,
    hidden: frozenset[NotificationType] = frozenset(),
) -> int:
    """How many are above the marker, counted up to ``limit`` (notifications.md 1.7).

    Two queries; the work is bounded by the limit.
    """
    if limit <= 0:
        return 0
    last_read = await db.fetch_value(
        "SELECT last_read_id FROM markers WHERE account_id = $1 AND timeline = 'notifications'",
        account_id,
    )
    found = await page(
        db,
        account_id,
        Cursor(limit, last_read or 0),
        types=types,
        include_filtered=include_filtered,
        from_account_id=from_account_id,
        hidden=hidden,
    )
    return len(found)


# By the primary key; hidden while its sender is suspended.
FIND = f"""
    SELECT {COLUMNS} FROM notifications n CROSS JOIN accounts f
    WHERE f.id = n.from_account_id AND n.account_id = $1 AND n.{EITHER} AND n.id = $2
      AND f.suspended_at IS NULL AND f.deletion_requested_at IS NULL
"""


async def find(db: Reader, account_id: int, notification_id: int) -> Notification | None:
    """One notification of that account, filtered ones included; one query."""
    row = await db.fetch_row(FIND, account_id, notification_id)
    return None if row is None else Notification._make(row)


async def find_with_reason(
    db: Reader, account_id: int, notification_id: int
) -> tuple[Notification, str] | None:
    """Like `find`, with the rule that settled it."""
    sql = FIND.replace("n.created_at", "n.created_at, n.reason", 1)
    row = await db.fetch_row(sql, account_id, notification_id)
    return None if row is None else (Notification._make(row[:-1]), row[-1])


class Fresh(NamedTuple):
    """A notification that a stream has not told yet, and whether it is to tell of it."""

    row: Notification
    told: bool


# Along the primary key. What a policy has filtered, and what was filtered and let in later, is no
# news (notifications.md 6.5); nor is anything of whom nobody shall see.
AFTER = f"""
    SELECT {COLUMNS}, n.reason IN ({", ".join(f"'{name}'" for name in NAMES)})
        OR f.suspended_at IS NOT NULL OR f.deletion_requested_at IS NOT NULL
    FROM notifications n CROSS JOIN accounts f
    WHERE f.id = n.from_account_id AND n.account_id = $1 AND n.filtered = FALSE AND n.id > $2
    ORDER BY n.id LIMIT $3
"""


async def after(db: Reader, account_id: int, position: int, limit: int) -> list[Fresh]:
    """What an account's list shows after that id, in order, the untold too. One query."""
    rows = await db.fetch(AFTER, account_id, position, limit)
    return [Fresh(Notification._make(row[:-1]), not row[-1]) for row in rows]


# Of what is shown, which is all that `after` reads.
POSITION = "SELECT max(id) FROM notifications WHERE account_id = $1 AND filtered = FALSE"


async def position(db: Reader, account_id: int) -> int:
    """The id after which `after` finds nothing yet; 0 if the list is empty."""
    return await db.fetch_value(POSITION, account_id) or 0


async def newest_id(db: Reader, account_id: int) -> int | None:
    """The highest id in that account's list, whatever is hidden from it; None if it is empty."""
    row = await db.fetch_row(NEWEST_IDS, account_id)
    return max((one for one in row or () if one is not None), default=None)


async def oldest(db: Reader, after: int, limit: int) -> list[tuple[int, int]]:
    """Accounts with ids above that, and when their first notification was made.

    ``limit`` of them at most; one whose list is empty was made never: at `LARGEST`.
    """
    rows = await db.fetch(OLDEST, after, limit)
    return [
        (account_id, min((one for one in firsts if one is not None), default=LARGEST))
        for account_id, *firsts in rows
    ]


async def oldest_step(db: Reader, account_id: int, before: int) -> int | None:
    """The highest id among some of an account's first notifications that are older than that."""
    found: int | None = await db.fetch_value(FIRST_ONES, account_id, before, STEP)
    return found


# ---------------------------------------------------------------- removing

_REMOVED = "RETURNING account_id, id, from_account_id, group_key, filtered"


async def remove_one(tx: Transaction, account_id: int, notification_id: int) -> bool:
    """Removes one of the account's own; False if there is none with that id."""
    return await remove_many(tx, account_id, [notification_id]) == 1


async def remove_many(tx: Transaction, account_id: int, ids: Sequence[int]) -> int:
    """Removes those that are the account's own; how many that were."""
    await notification_inboxes.hold(tx, [account_id])
    return await _remove(tx, account_id, list(ids))


async def remove_activity(
    tx: Transaction, account_ids: list[int], type: NotificationType, activity_id: int
) -> None:
    """Removes what one activity had caused for those accounts, if anything."""
    await notification_inboxes.hold(tx, account_ids)
    rows = await tx.fetch(
        "DELETE FROM notifications"
        f" WHERE account_id = ANY($1) AND type = $2 AND activity_id = $3 {_REMOVED}",
        account_ids,
        type.value,
        activity_id,
    )
    await _settle(tx, rows)


async def remove_from_step(
    tx: Transaction, account_id: int, from_account_id: int, up_to: int
) -> bool:
    """Removes some of what an account has from a sender, newest first; False when none is left.

    Only ids up to that. What it asks to be let in with goes with the first step.
    """
    await notification_inboxes.hold(tx, [account_id])
    return await _remove_some(
        tx, account_id, "from_account_id = $3 AND id <= $4", from_account_id, up_to
    )


async def remove_from(tx: Transaction, account_id: int, from_account_id: int) -> None:
    """Removes everything that account has from a sender, the request included."""
    await notification_inboxes.hold(tx, [account_id])
    rows = await tx.fetch(
        f"DELETE FROM notifications WHERE account_id = $1 AND from_account_id = $2 {_REMOVED}",
        account_id,
        from_account_id,
    )
    await _settle(tx, rows)
    await tx.run(
        "DELETE FROM notification_requests WHERE account_id = $1 AND from_account_id = $2",
        account_id,
        from_account_id,
    )


async def remove_from_domain(tx: Transaction, account_id: int, domain: str) -> None:
    """Removes everything that account has from a domain: requests and permissions included."""
    await notification_inboxes.hold(tx, [account_id])
    rows = await tx.fetch(
        "DELETE FROM notifications WHERE account_id = $1 AND from_account_id IN"
        f" (SELECT id FROM accounts WHERE domain = $2) {_REMOVED}",
        account_id,
        domain,
    )
    await _settle(tx, rows)
    for table in ("notification_requests", "notification_permissions"):
        await tx.run(
            f"DELETE FROM {table} WHERE account_id = $1 AND from_account_id IN"
            " (SELECT id FROM accounts WHERE domain = $2)",
            account_id,
            domain,
        )


# By the index on senders.
_CAUSED = """
    FROM notifications
    WHERE from_account_id = ANY($1) AND type = $2 AND activity_id = ANY($3)
"""


async def remove_caused(
    tx: Transaction,
    from_account_ids: Iterable[int],
    type: NotificationType,
    activity_ids: Iterable[int],
) -> None:
    """Removes what anybody was told of those activities of those senders."""
    values = (list(from_account_ids), type.value, list(activity_ids))
    told = await tx.fetch(f"SELECT DISTINCT account_id {_CAUSED}", *values)
    await notification_inboxes.hold(tx, [row[0] for row in told])
    await _settle(tx, await tx.fetch(f"DELETE {_CAUSED} {_REMOVED}", *values))


async def remove_follows_from_domain(tx: Transaction, account_id: int, domain: str) -> None:
    """Removes what that account was told of follows and requests from a domain."""
    await notification_inboxes.hold(tx, [account_id])
    rows = await tx.fetch(
        "DELETE FROM notifications WHERE account_id = $1 AND type IN ('follow', 'follow_request')"
        " AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = notifications.from_account_id"
        f" AND a.domain || '' = $2) {_REMOVED}",
        account_id,
        domain,
    )
    await _settle(tx, rows)


async def remove_about(
    tx: Transaction, status_ids: Iterable[int], type: NotificationType | None = None
) -> None:
    """Removes whatever anybody was told about those statuses, whole groups at once.

    With a type only that, which must be one that is never grouped.
    """
    wanted = list(status_ids)
    told = await tx.fetch(
        "SELECT DISTINCT account_id FROM notifications WHERE status_id = ANY($1)", wanted
    )
    await notification_inboxes.hold(tx, [row[0] for row in told])
    if type is not None:
        sql = f"DELETE FROM notifications WHERE status_id = ANY($1) AND type = $2 {_REMOVED}"
        await _settle(tx, await tx.fetch(sql, wanted, type.value))
        return
    rows = await tx.fetch(f"DELETE FROM notifications WHERE status_id = ANY($1) {_REMOVED}", wanted)
    await tx.run("DELETE FROM notification_groups WHERE status_id = ANY($1)", wanted)
    await _settle(tx, rows)


async def remove_about_step(tx: Transaction, status_id: int) -> bool:
    """Removes some of what anybody was told about a status; False when none is left.

    Whole groups go first, so a list never shows a group that is half gone.
    """
    found = await tx.fetch(
        "SELECT account_id, id FROM notifications WHERE status_id = $1 LIMIT $2", status_id, STEP
    )
    accounts = sorted({row[0] for row in found})
    await notification_inboxes.hold(tx, accounts)
    await tx.run("DELETE FROM notification_groups WHERE status_id = $1", status_id)
    rows = await tx.fetch(
        "DELETE FROM notifications WHERE account_id = ANY($1) AND id = ANY($2)"
        f" AND status_id = $3 {_REMOVED}",
        accounts,
        [row[1] for row in found],
        status_id,
    )
    await _settle(tx, rows)
    return len(found) == STEP


async def remove_step(tx: Transaction, account_id: int, up_to: int) -> bool:
    """Removes some of an account's notifications with ids up to that; False when none is left.

    Whole groups go first, so a list never shows a group that is half gone.
    """
    await notification_inboxes.hold(tx, [account_id])
    await tx.run(
        "DELETE FROM notification_groups WHERE account_id = $1 AND group_key IN"
        " (SELECT group_key FROM notification_groups"
        "  WHERE account_id = $1 AND newest_id <= $2 LIMIT $3)",
        account_id,
        up_to,
        STEP,
    )
    ids = [row[0] for row in await tx.fetch(UP_TO, account_id, up_to, STEP)]
    await _remove(tx, account_id, ids)
    return len(ids) == STEP


async def remove_group_step(tx: Transaction, account_id: int, group_key: str) -> bool:
    """Removes some of a group's members, newest first; False when none is left."""
    await notification_inboxes.hold(tx, [account_id])
    return await _remove_some(tx, account_id, "group_key = $3", group_key)


async def remove_filtered_step(tx: Transaction, account_id: int, from_account_id: int) -> bool:
    """Removes some of what is filtered of a sender, newest first; False when none is left."""
    await notification_inboxes.hold(tx, [account_id])
    return await _remove_some(tx, account_id, _FILTERED_OF, from_account_id)


_FILTERED_OF = "from_account_id = $3 AND filtered"


# Two statements each time: given the first one as its subquery, PostgreSQL would rather read all
# of the account's notifications than look for 500 of them.
async def _some(tx: Transaction, account_id: int, where: str, *values: int | str) -> list[int]:
    """A step of the account's, newest first, to which the condition on $3 and $4 applies."""
    rows = await tx.fetch(
        f"SELECT id FROM notifications WHERE account_id = $1 AND {where} ORDER BY id DESC LIMIT $2",
        account_id,
        STEP,
        *values,
    )
    return [row[0] for row in rows]


async def _remove_some(tx: Transaction, account_id: int, where: str, *values: int | str) -> bool:
    """Removes a step of those to which the condition applies; False when none is left."""
    ids = await _some(tx, account_id, where, *values)
    await _remove(tx, account_id, ids)
    return len(ids) == STEP


async def _remove(tx: Transaction, account_id: int, ids: list[int]) -> int:
    """Removes those that are the account's, whose inbox is held; how many that were."""
    rows = await tx.fetch(
        f"DELETE FROM notifications WHERE account_id = $1 AND {EITHER} AND id = ANY($2) {_REMOVED}",
        account_id,
        ids,
    )
    await _settle(tx, rows)
    return len(rows)


async def unfilter_step(tx: Transaction, account_id: int, from_account_id: int) -> list[int]:
    """Shows some of what is filtered of a sender, with ids and times as they were (6.5).

    The ids; fewer than STEP means that none is left. They stay without a group for ever (5.3).
    """
    await notification_inboxes.hold(tx, [account_id])
    ids = await _some(tx, account_id, _FILTERED_OF, from_account_id)
    if ids:
        await tx.run(
            "UPDATE notifications SET filtered = FALSE"
            " WHERE account_id = $1 AND filtered = TRUE AND id = ANY($2)",
            account_id,
            ids,
        )
        await notification_inboxes.touch(tx, [account_id])
    return ids


async def direct_mentions(tx: Transaction, account_id: int, ids: list[int]) -> list[int]:
    """The direct statuses among what those notifications are about, oldest first.

    None for what is filtered.
    """
    rows = await tx.fetch(
        "SELECT s.id FROM notifications n JOIN statuses s ON s.id = n.status_id"
        " WHERE n.account_id = $1 AND n.filtered = FALSE AND n.id = ANY($2)"
        " AND n.type IN ('mention', 'quote') AND s.visibility = 'direct' ORDER BY s.id",
        account_id,
        ids,
    )
    return [row[0] for row in rows]


async def _settle(tx: Transaction, rows: list[Row]) -> None:
    """Puts inboxes, groups and requests right after rows were removed."""
    if not rows:
        return
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    requests: set[tuple[int, int]] = set()
    for account_id, notification_id, from_account_id, group_key, filtered in rows:
        if group_key is not None:
            groups[account_id, group_key].append(notification_id)
        if filtered:
            requests.add((account_id, from_account_id))
    await notification_inboxes.touch(tx, {row[0] for row in rows})
    for (account_id, group_key), removed in sorted(groups.items()):
        await notification_groups.leave(tx, account_id, group_key, removed)
    for account_id, from_account_id in sorted(requests):
        await notification_requests.evaluate(tx, account_id, from_account_id)
