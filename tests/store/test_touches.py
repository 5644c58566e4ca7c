"""What transactions touch on PostgreSQL: every process hears of it, whoever commits first."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stentor.actions import housekeeping
from stentor.store import statuses
from stentor.store.changes import ACCOUNT, PERSON, STATUS, TOUCHED, key, looking
from stentor.store.postgres import PostgresDatabase
from stentor.store.touches import FORGOTTEN, NEWS
from tests.factories import NOW, insert, make_account, make_status
from tests.fixtures import query_budget
from tests.servers import open_postgres

pytestmark = pytest.mark.postgres
# What is no more written down than on SQLite, and what is written there.
SILENT = {name for name, keys in TOUCHED.items() if not keys} | {
    "migrations", "touches", "touches_forgotten",
}  # fmt: skip
# Whatever fills them touches another table (`changes._SEEN_ELSEWHERE`).
NOT_ADDED = {"favourites", "notifications"}
STRANGER = key(PERSON, 99)


@pytest.fixture
def db(postgres_db: PostgresDatabase) -> PostgresDatabase:
    """On PostgreSQL only."""
    return postgres_db


@pytest.fixture
async def other(
    db: PostgresDatabase, migrated_postgres_url: str
) -> AsyncIterator[PostgresDatabase]:
    """The same for another process."""
    database = await open_postgres(migrated_postgres_url)
    yield database
    await database.close()


async def mark(db: PostgresDatabase, account_id: int) -> None:
    """Something that touches that person and nobody else."""
    await insert(
        db, "markers", account_id=account_id, timeline=f"home{db.statements}", updated_at=NOW
    )


async def people(db: PostgresDatabase) -> tuple[int, int]:
    """Two of them, of whom everything has been heard."""
    found = [(await make_account(db, token=None)).id for _ in range(2)]
    await db.instant()
    return found[0], found[1]


async def test_every_table_says_what_it_touches_or_is_known_to_touch_nothing(
    db: PostgresDatabase,
) -> None:
    rows = await db.fetch(
        "SELECT t.tablename, array_agg(g.tgname::text) FROM pg_tables t"
        " LEFT JOIN pg_trigger g ON g.tgrelid = t.tablename::regclass"
        "   AND g.tgname LIKE 'touches!_%' ESCAPE '!'"
        " WHERE t.schemaname = 'public' GROUP BY t.tablename"
    )
    for table, names in rows:
        every = {f"touches_when_{one}" for one in ("added", "changed", "removed", "emptied")}
        wanted = set() if table in SILENT else every
        if table in NOT_ADDED:
            wanted.remove("touches_when_added")
        assert {*names} - {None} == wanted, table


async def test_what_another_process_commits_is_heard_and_all_else_lasts(
    db: PostgresDatabase, other: PostgresDatabase
) -> None:
    ann, bob = await people(db)
    before = await db.instant()
    await mark(other, ann)
    after = await db.instant()
    assert not db.still(before, after, [key(PERSON, ann)])
    assert db.still(before, after, [key(PERSON, bob), key(ACCOUNT, ann), key(STATUS, ann)])
    assert await db.instant() == after
    # What nothing remembered shows is no news at all.
    await insert(other, "presences", account_id=ann, seen_at=NOW)
    assert await db.instant() == after


async def test_who_began_first_and_commits_last_is_heard_when_he_commits(
    db: PostgresDatabase, other: PostgresDatabase
) -> None:
    ann, bob = await people(db)
    async with other.transaction() as tx:
        await tx.run("UPDATE accounts SET followers_count = 7 WHERE id = $1", ann)
        before = await db.instant()
        await mark(db, bob)
        between = await db.instant()
        assert not db.still(before, between, [key(PERSON, bob)])
        assert db.still(before, between, [key(ACCOUNT, ann)])
        for _ in range(2):
            await mark(db, bob)
            between = await db.instant()
    after = await db.instant()
    assert not db.still(between, after, [key(ACCOUNT, ann)])
    assert db.still(between, after, [key(PERSON, bob), key(PERSON, ann)])


async def test_a_pin_and_a_request_to_follow_touch_whom_they_are_about(
    db: PostgresDatabase,
) -> None:
    """Of these no row is there where each column of each table is changed."""
    ann, bob = await people(db)
    status_id = await make_status(db, ann)
    both = {"account_id": bob, "target_account_id": ann}
    for table, row in (
        ("follow_requests", both),
        ("status_pins", {"account_id": ann, "status_id": status_id}),
    ):
        touched = [key(PERSON, row[one]) for one in both if one in row]
        for statement in (None, "UPDATE {} SET created_at = created_at + 1", "DELETE FROM {}"):
            before = await db.instant()
            if statement is None:
                await insert(db, table, **row, created_at=NOW)
            else:
                async with db.transaction() as tx:
                    assert await tx.run(statement.format(table)) == 1
            after = await db.instant()
            assert [db.still(before, after, [one]) for one in touched] == [False] * len(touched)
            assert db.still(before, after, [STRANGER, key(STATUS, status_id)])


async def test_what_is_undone_touches_nothing(db: PostgresDatabase) -> None:
    ann, _ = await people(db)
    before = await db.instant()
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run("UPDATE accounts SET note = 'x' WHERE id = $1", ann)
            raise ZeroDivisionError
    assert db.still(before, await db.instant(), [key(ACCOUNT, ann), STRANGER])


@pytest.mark.parametrize(
    ("statement", "everything"),
    [
        ("UPDATE accounts SET followers_count = 3", False),
        ("UPDATE accounts SET note = 'x'", True),
        ("INSERT INTO tags (name, created_at) VALUES ('x', 1)", False),
        ("INSERT INTO blocks (account_id, target_account_id, created_at) VALUES (1, 2, 1)", True),
        ("DELETE FROM blocks", False),
        ("UPDATE blocks SET created_at = 2", False),
        ("DELETE FROM accounts WHERE id = 2", True),
        ("TRUNCATE blocks", True),
        ("TRUNCATE markers", True),
    ],
)
async def test_what_may_decide_who_sees_whom_touches_everything_if_a_row_changes(
    db: PostgresDatabase, statement: str, everything: bool
) -> None:
    for number in (1, 2):
        times = dict.fromkeys(("created_at", "updated_at", "first_seen_at"), 1)
        await insert(db, "accounts", id=number, username=f"u{number}", **times)
    before = await db.instant()
    async with db.transaction() as tx:
        await tx.run(statement)
    assert db.still(before, await db.instant(), [STRANGER]) is not everything


async def test_keys_of_the_largest_ids_are_the_same_on_both_sides(db: PostgresDatabase) -> None:
    ann, _ = await people(db)
    large = 2**61 + 5
    status_id = await make_status(db, ann)
    async with db.transaction() as tx:
        await tx.run("UPDATE statuses SET id = $2 WHERE id = $1", status_id, large)
    before = await db.instant()
    async with db.transaction() as tx:
        await tx.run("UPDATE statuses SET content = 'x' WHERE id = $1", large)
    after = await db.instant()
    assert not db.still(before, after, [key(STATUS, large)])
    assert db.still(before, after, [STRANGER, key(STATUS, status_id)])


async def tidy(db: PostgresDatabase, rounds: int) -> int:
    """So many rounds of the chore, each after its time; how many rows are left."""
    for _ in range(rounds):
        async with db.transaction() as tx:
            await tx.run("UPDATE touches_forgotten SET moved_at = moved_at - interval '1 minute'")
        await housekeeping.tidy(db, housekeeping.CHORES, now=NOW)
    return int(await db.fetch_value("SELECT count(*) FROM touches"))


async def test_who_has_not_asked_for_long_counts_everything_as_touched(
    db: PostgresDatabase, other: PostgresDatabase
) -> None:
    ann, bob = await people(db)
    long_ago = await db.instant()
    lately = await other.instant()
    await mark(db, ann)
    assert await tidy(db, 1) > 0
    lately, before = await other.instant(), lately
    assert not other.still(before, lately, [key(PERSON, ann)])
    assert other.still(before, lately, [key(PERSON, bob)])
    left = []
    for _ in range(2):  # who asks in between has heard of all that goes
        left.append(await tidy(db, 1))
        assert other.still(lately, await other.instant(), [STRANGER])
    assert left[-1] == 0
    assert not db.still(long_ago, await db.instant(), [STRANGER])


async def test_where_nobody_writes_it_down_every_commit_touches_everything(
    db: PostgresDatabase,
) -> None:
    """What an operator says who has to do without the triggers (docs/operate/scaling.md)."""
    ann, _ = await people(db)
    async with db.transaction() as tx:
        await tx.run("DELETE FROM touches_forgotten")
    before = await db.instant()
    assert db.still(before, await db.instant(), [STRANGER])
    await insert(db, "presences", account_id=ann, seen_at=NOW)
    assert not db.still(before, await db.instant(), [STRANGER])


async def test_a_database_that_is_restored_on_another_server_is_soon_in_order(
    db: PostgresDatabase,
) -> None:
    """There numbers begin anew, and what was dumped has those of before."""
    await people(db)
    async with db.transaction() as tx:
        later = await tx.fetch_value("SELECT (pg_current_xact_id()::text::bigint + 10000)::text")
        await tx.run("INSERT INTO touches VALUES ($1::text::xid8, $2)", later, [STRANGER])
        await tx.run(
            "UPDATE touches_forgotten SET xid = $1::text::xid8, next = $1::text::xid8", later
        )
    before = await db.instant()
    await tidy(db, 2)
    assert not db.still(before, before := await db.instant(), [STRANGER])
    async with db.transaction() as tx:
        await tx.run("UPDATE accounts SET followers_count = followers_count + 1")
    assert db.still(before, await db.instant(), [STRANGER])


async def test_the_chore_does_nothing_before_its_time(db: PostgresDatabase) -> None:
    ann, _ = await people(db)
    for _ in range(3):
        await mark(db, ann)
        await housekeeping.tidy(db, housekeeping.CHORES, now=NOW)
    assert await db.fetch_value("SELECT count(*) FROM touches") >= 3


async def test_what_was_not_touched_is_not_asked_for_by_whoever_knows_when_he_began(
    db: PostgresDatabase, other: PostgresDatabase
) -> None:
    ann, bob = await people(db)
    made = [await make_status(db, one) for one in (ann, bob)]

    async def load() -> dict[int, str]:
        """The texts, and who wrote them."""
        with looking(set(), await db.instant()):
            loaded = await statuses.load(db, made, None, now=NOW)
        return {one.account_id: one.content for one in loaded.statuses.values()}

    before = await load()
    with query_budget(db, 1):  # what time it is
        assert await load() == before
    await mark(other, ann)
    with query_budget(db, 2):  # and what was touched
        assert await load() == before
    async with other.transaction() as tx:
        await tx.run("UPDATE statuses SET content = 'new' WHERE id = $1", made[0])
    assert await load() == before | {ann: "new"}
    # Whoever does not know when he began asks.
    with query_budget(db, 2):
        await statuses.load(db, made, None, now=NOW)
    assert db.generation() is None


async def test_nothing_that_was_heard_on_a_lost_connection_counts_any_more(
    db: PostgresDatabase,
) -> None:
    await people(db)
    before = await db.instant()
    assert db.still(before, await db.instant(), [STRANGER])
    assert db._watch is not None
    db._watch.connection.terminate()
    after = await db.instant()
    assert not db.still(before, after, [STRANGER])
    assert db.still(after, await db.instant(), [STRANGER])


async def test_news_are_found_by_the_number_of_the_transaction(db: PostgresDatabase) -> None:
    ann, _ = await people(db)
    async with db.transaction() as tx:
        for _ in range(50):
            await tx.run(
                "INSERT INTO touches (xid, keys)"
                " SELECT n::text::xid8, '{1}' FROM generate_series(1, 500) AS n"
            )
        await tx.run("ANALYZE touches")
    snapshot = await db.fetch_value("SELECT pg_current_snapshot()::text")
    await mark(db, ann)
    for sql, values in ((NEWS, [snapshot]), (FORGOTTEN, [])):
        plan = await db.plan(sql, *values)
        assert "Seq Scan on touches " not in plan, plan
