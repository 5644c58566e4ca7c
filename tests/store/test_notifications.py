"""Which index serves a page: EXPLAIN on both engines, on histories worth an index."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from stentor.domain.grouped_notifications import GROUPABLE, joinable
from stentor.domain.ids import LARGEST
from stentor.domain.notifications import NotificationType
from stentor.store import (
    email_deliveries,
    notification_group_pages,
    notification_groups,
    notification_pages,
    notification_requests,
    notifications,
    push_messages,
)
from stentor.store.database import Database, Transaction
from stentor.store.notification_group_pages import Shape, Wanted
from tests.factories import NOW, make_status
from tests.fixtures import Fill, Filled

T = NotificationType
NUMBERS = (
    "WITH RECURSIVE n (i) AS (SELECT {least} UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
    " INSERT INTO {table} ({columns}) SELECT {values} FROM n"
)
PEOPLE, ROWS = 3_000, 60_000
#: One statement has a few seconds, and the machine may be busy.
AT_ONCE = 5_000
OWNER, SENDER = 1, 101
#: So many statuses are what everything is about.
STATUSES = 50
#: Where a cursor stands: nowhere, above, below, on both sides, and close together.
CURSORS = {
    "": (0, LARGEST),
    "max_id": (0, ROWS // 2),
    "since_id or min_id": (ROWS // 2, LARGEST),
    "min_id and max_id": (ROWS // 3, ROWS // 2),
    "a narrow range": (ROWS // 2 - 10, ROWS // 2 + 10),
}
TYPES = (None, frozenset({T.MENTION}), frozenset({T.POLL, T.STATUS, T.FAVOURITE}))


async def busy_people(db: Database) -> None:
    """Twelve people with 5,000 notifications each, one in forty filtered."""
    people = NUMBERS.format(
        least=1,
        most=PEOPLE,
        table="accounts",
        columns="id, username, created_at, first_seen_at, updated_at",
        values="i, 'p' || i, 0, 0, 0",
    )
    columns = {
        "columns": "account_id, filtered, id, type, activity_id, from_account_id, group_key,"
        " status_id, created_at",
        "values": "1 + i % 12, i % 40 = 0, i, CASE i % 5 WHEN 0 THEN 'mention' WHEN 1 THEN"
        " 'favourite' WHEN 2 THEN 'reblog' WHEN 3 THEN 'follow' ELSE 'status' END, i,"
        " 100 + (i / 12) % 300,"
        " CASE WHEN i % 5 IN (1, 2, 3) AND i % 40 <> 0 THEN (i % 5) || '-' || (i / 500) END,"
        f" 1 + i % {STATUSES}, i",
    }
    groups = {
        "columns": "account_id, group_key, bucket, type, newest_id, newest_at, oldest_id,"
        " oldest_at, notifications_count, segment_first_id, segment_count, newest",
        "values": "1 + i % 12, 'g-' || i, i, CASE i % 3 WHEN 0 THEN 'favourite' WHEN 1 THEN"
        " 'reblog' ELSE 'follow' END, i + 9, i + 9, i, i, 6, i, 6, '[]'",
    }
    async with db.transaction() as tx:
        await tx.run(people)
    for status_id in range(1, STATUSES + 1):
        await make_status(db, OWNER, id=status_id)
    async with db.transaction() as tx:
        await tx.run(NUMBERS.format(table="notification_groups", least=1, most=ROWS, **groups))
        for least in range(1, ROWS, AT_ONCE):
            span = {"least": least, "most": least + AT_ONCE - 1}
            await tx.run(NUMBERS.format(table="notifications", **span, **columns))
    if db.engine == "postgres":  # which sees to that itself
        await analyze(db)


async def analyze(db: Database) -> None:
    """Makes figures of all rows: from some of them, PostgreSQL makes others each time."""
    async with db.transaction() as tx:
        if db.engine == "postgres":
            await tx.run("SET LOCAL default_statistics_target = 1000")
        await tx.run("ANALYZE")


async def described_people(db: Database) -> None:
    """The same, with figures about them."""
    await busy_people(db)
    await analyze(db)


@pytest.fixture
async def history(filled: Filled) -> Database:
    return await filled(described_people)


async def plans(db: Database, sql: str, values: list[Any]) -> list[str]:
    """How the engine would run it: with these values, and in PostgreSQL with any."""
    found = [await db.plan(sql, *values)]
    if db.engine == "postgres":
        types = ", ".join("text" if isinstance(one, str) else "bigint" for one in values)
        given = ", ".join(repr(one) for one in values)
        async with db.transaction() as tx:
            await tx.run("SET LOCAL plan_cache_mode = force_generic_plan")
            await tx.run(f"PREPARE page ({types}) AS {sql}")
            rows = await tx.fetch(f"EXPLAIN EXECUTE page ({given})")
            await tx.run("DEALLOCATE page")
        found.append("\n".join(row[0] for row in rows))
    return found


def indexes(plan: str) -> set[str]:
    """The indexes of notifications that a plan reads; 'all of it' if it reads the table."""
    found = set(
        re.findall(
            r"(?:using|Scan on|USING INDEX|COVERING INDEX) (notification(?:s|_groups)_\w+)", plan
        )
    )
    if re.search(r"SCAN n\b|Seq Scan on notifications", plan):
        found.add("all of it")
    if re.search(r"SEARCH [cn] USING PRIMARY KEY \(account_id=\? AND filtered=\? AND id", plan):
        found.add("notifications_pkey")
    return found


async def strays(
    db: Database, sql: str, values: list[Any], expected: set[str], where: object
) -> list[str]:
    """Plans that read another index than they should."""
    return [
        f"{where}: {sorted(indexes(plan))}\n{plan}"
        for plan in await plans(db, sql, values)
        if indexes(plan) != expected
    ]


async def test_every_page_reads_a_range_of_its_one_index(history: Database) -> None:
    """All of its parameters: types or none, filtered too or not, one sender, each cursor.

    Without types the clustered key, whose second column is `filtered`: so no page wades through
    what is hidden, however much that is.
    """
    wrong = []
    hiding = (frozenset[NotificationType](), frozenset({T.ADMIN_SIGN_UP, T.ADMIN_REPORT}))
    for types, filtered, ascending, by_sender, (cursor, interval) in product(
        TYPES, (False, True), (False, True), (False, True), CURSORS.items()
    ):
        index = "by_sender" if by_sender else "by_type" if types else "pkey"
        for hidden in hiding if types is None else hiding[:1]:
            sql = notification_pages.page_query(
                types, include_filtered=filtered, ascending=ascending, by_sender=by_sender,
                hidden=hidden,
            )  # fmt: skip
            values = [OWNER, *interval, 40, *([SENDER] if by_sender else [])]
            where = (types, filtered, ascending, by_sender, cursor, hidden)
            wrong += await strays(history, sql, values, {f"notifications_{index}"}, where)
    assert not wrong, "\n\n".join(wrong[:3])


async def test_a_page_without_types_is_not_sorted(history: Database) -> None:
    """It comes in the order of the key; so the millionth row is not looked at."""
    for ascending in (False, True):
        sql = notification_pages.page_query(
            None, include_filtered=False, ascending=ascending, by_sender=False
        )
        for plan in await plans(history, sql, [OWNER, 0, LARGEST, 40]):
            assert "Sort" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan


async def test_a_page_of_groups_reads_ranges_of_its_indexes(history: Database) -> None:
    """What stands alone by the indexes of that; groups by theirs, members by their id or group.

    Nothing is sorted but the few groups that a cursor cuts, which are no range of an index.
    """
    wrong = []
    for types, filtered, ascending, visible, grouped, (cursor, interval) in product(
        TYPES, (False, True), (False, True), (False, True), (GROUPABLE, frozenset({T.REBLOG})),
        CURSORS.items(),
    ):  # fmt: skip
        wanted = Wanted(types, grouped, include_filtered=filtered)
        cut = interval[0] > 0 if ascending else interval[1] < LARGEST
        shape = Shape(ascending, cut, visible)
        expected = {"notifications_by_type"}
        if types is None and grouped == GROUPABLE:
            expected = {"notifications_keyless"}
        elif wanted.shown & grouped:
            expected |= {"notifications_keyless_by_type"}
        if wanted.shown & grouped:
            edge = "oldest" if ascending else "newest"
            expected |= {f"notification_groups_{edge}"}
            if visible:
                expected |= {"notifications_pkey"}
            if shape.cut:
                expected |= {
                    "notification_groups_begun", "notifications_pkey", "notifications_of_group",
                }  # fmt: skip
        sql = notification_group_pages.page_query(wanted, shape)
        where = (types, filtered, shape, sorted(one.value for one in grouped), cursor)
        wrong += await strays(history, sql, [OWNER, *interval, 40], expected, where)
        # Few rows may be sorted as well; for any values (the last plan) they are read in order.
        for plan in (await plans(history, sql, [OWNER, *interval, 40]))[-1:]:
            sorts = len(re.findall(r"Sort  \(|TEMP B-TREE", plan))
            if sorts > shape.cut:
                wrong.append(f"{where}: sorted\n{plan}")
    assert not wrong, "\n\n".join(wrong[:3])


#: One that is named, what is new, and the ends of what is shown and of what is filtered.
ALONG_THE_KEY = (
    (notifications.FIND, [OWNER, 240]),
    (notifications.AFTER, [OWNER, ROWS // 2, 40]),
    (notifications.POSITION, [OWNER]),
    (notification_pages.NEWEST_IDS, [OWNER]),
    (notification_pages.OLDEST, [0, 20]),
)


@pytest.mark.parametrize("fill", [busy_people, described_people])
async def test_there_is_no_index_by_the_id_and_none_is_missed(filled: Filled, fill: Fill) -> None:
    """Both ranges of the primary key are looked into, and their rows come in its order."""
    db = await filled(fill)
    for sql, values in ALONG_THE_KEY:
        for plan in await plans(db, sql, values):
            if db.engine == "sqlite":
                read = re.findall(r"(?:SEARCH|SCAN) (?:n|notifications)\b.*", plan)
                key = re.compile(
                    r"USING PRIMARY KEY \(account_id=\? AND filtered=\?( AND id[=>]\?)?\)"
                )
                assert read, plan
                assert all(key.search(one) for one in read), plan
                assert "TEMP B-TREE" not in plan, plan
            else:
                assert indexes(plan) == {"notifications_pkey"}, plan


async def test_the_group_to_join_is_looked_for_in_a_range_of_the_primary_key(
    history: Database,
) -> None:
    """However many groups of the same things there were before."""
    values = [OWNER, *joinable("g", ROWS - 100)]
    assert await history.fetch(notification_groups.OPEN, *values)
    for plan in await plans(history, notification_groups.OPEN, values):
        if history.engine == "sqlite":
            key = "USING PRIMARY KEY (account_id=? AND group_key>? AND group_key<?)"
            assert f"SEARCH notification_groups {key}" in plan, plan
        else:
            assert "notification_groups_pkey" in plan, plan
            key = r"Index Cond: \(\(account_id = .*\) AND \(group_key > .*\) AND \(group_key < "
            assert re.search(key, plan), plan


async def test_keys_of_groups_are_compared_byte_by_byte(db: Database) -> None:
    """Whatever the language of the database, in which a hyphen may count for nothing."""
    if db.engine == "sqlite":
        assert not any("COLLATE" in line for line in await db.describe())  # as it does by itself
        return
    found = await db.fetch(
        "SELECT table_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'group_key' ORDER BY table_name"
    )
    assert [tuple(row) for row in found] == [
        (table, "C")
        for table in ("notification_group_segments", "notification_groups", "notifications")
    ]


async def test_what_waits_at_the_door_is_counted_by_its_own_index(history: Database) -> None:
    sql = notification_requests.COUNT
    for plan in await plans(history, sql, [OWNER, SENDER]):
        assert "notifications_requested" in plan, plan
        assert "all of it" not in indexes(plan), plan


async def test_a_control_that_the_check_can_see(history: Database) -> None:
    """The plain way to ask is answered by another index, or by sorting."""
    sql = (
        "SELECT n.id FROM notifications n WHERE n.account_id = $1 AND n.id > $2 AND n.id < $3"
        " ORDER BY n.id DESC LIMIT $4"
    )
    assert await strays(history, sql, [OWNER, 0, LARGEST, 40], {"notifications_pkey"}, "plain")


# --- By id -----------------------------------------------------------------------------------


class Overheard:
    """A transaction whose statements are kept, with their values."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.said: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        done = getattr(self._tx, name)

        async def kept(sql: str, *values: Any) -> Any:
            self.said.append((sql, values))
            return await done(sql, *values)

        return kept if name.startswith(("fetch", "run")) else done


#: An index that says no more than whose the notifications are, or a filter for what is named.
WADES = re.compile(
    r"SCAN (?:n|notifications)\b"
    r"|SEARCH (?:n|notifications) USING .* \(account_id=\?(?: AND filtered=\?)?\)"
    r"|Seq Scan on notifications\b"
    r"| on notifications[^\n]*\n +Index Cond: \(\(?account_id = [^()]*\)\n"
    r"| on notifications[^\n]*\n(?: +Index Cond: [^\n]*\n)? +Filter: [^\n]*\bid = ANY"
    r"|notifications_pkey[^\n]*\n +Index Cond: \(\(account_id = [^()]*\) AND \(id = "
)


async def overheard(db: Database, least: int) -> list[tuple[str, tuple[Any, ...]]]:
    """What is asked to find or remove notifications of the owner's that are somehow named.

    They are named by ``least`` ids.
    """
    ids = list(range(12, 12 * least + 1, 12))
    async with db.transaction() as tx:
        heard = Overheard(tx)
        given: Any = heard
        assert await notifications.find(given, OWNER, ids[0]) is not None
        assert await notifications.find_with_reason(given, OWNER, ids[-1]) is not None
        await notifications.direct_mentions(given, OWNER, ids)
        await email_deliveries.add(given, [OWNER], ids, now=NOW)
        await email_deliveries.told(given, [OWNER, 2], ids, now=NOW)
        await given.fetch(push_messages.told_query(1), NOW, OWNER, ids[0])
        assert len(await notifications.unfilter_step(given, OWNER, 110)) == ROWS // 3600 + 1
        assert await notifications.remove_many(given, OWNER, ids) == least
        for step in (
            notifications.remove_about_step(given, 1),
            notifications.remove_step(given, OWNER, ROWS // 2),
            notifications.remove_group_step(given, OWNER, "2-100"),
            notifications.remove_filtered_step(given, OWNER, SENDER),
            notifications.remove_from_step(given, OWNER, SENDER, LARGEST),
        ):
            await step
    return [one for one in heard.said if re.search(r"\bnotifications\b", one[0])]


async def wading(db: Database, said: list[tuple[str, tuple[Any, ...]]]) -> list[str]:
    """The statements that read all of an account's notifications, with the plan for them."""
    found = [(sql, await db.plan(sql, *values)) for sql, values in said]
    return [f"{sql}\n{plan}" for sql, plan in found if WADES.search(plan)]


@pytest.mark.parametrize("least", [1, 2, 40])
@pytest.mark.parametrize("fill", [busy_people, described_people])
async def test_notifications_that_are_named_are_found_by_what_names_them(
    filled: Filled, fill: Fill, least: int
) -> None:
    """However many there are beside them: each statement that is run, with figures and without."""
    db = await filled(fill)
    said = await overheard(db, least)
    assert len(said) >= 12
    assert await wading(db, said) == []


async def test_control_whoever_does_not_say_filtered_or_not_reads_all_of_them(
    filled: Filled,
) -> None:
    """There is no index by the id alone."""
    db = await filled(busy_people)
    either = re.compile(r"(?:n\.)?filtered (?:= (?:FALSE|TRUE)|IN \(FALSE, TRUE\)) AND ")
    said = [one for one in await overheard(db, 40) if either.search(one[0])]
    assert len(said) >= 10
    found = await wading(db, [(either.sub("", sql), values) for sql, values in said])
    assert len(found) >= 8
