"""What this process itself commits: answers that rest on nothing of it last, all others do not."""

from __future__ import annotations

import random
from typing import Any

import apsw
import asyncpg
import pytest

from stentor.errors import DuplicateRecord, RecordNotFound
from stentor.store import accounts, changes, statuses
from stentor.store.changes import ACCOUNT, MOST, PERSON, STATUS, TOUCHED, Changes, key, looking
from stentor.store.database import Database
from stentor.store.sqlite import SqliteDatabase
from tests.factories import insert, make_account, make_status
from tests.fixtures import query_budget
from tests.remembering import COUNTS, LISTS, Scene, afresh, read, said

PATHS = [LISTS[0], LISTS[1], COUNTS[0], f"{LISTS[1]}?expand_accounts=partial_avatars&limit=1"]
# What is not read off the row itself goes with another change, always (`changes._SEEN_ELSEWHERE`).
ELSEWHERE = {"notification_groups", "notification_group_segments"}
TABLES = sorted({"accounts", *TOUCHED} - ELSEWHERE - {"sqlite_sequence"})
# Other texts are JSON of ours or names of things, which another text would not be.
TEXTS = {"content", "display_name", "note", "spoiler_text", "username"}
# Rows of it come and go, and no trigger waits for one that changes.
LASTING = {"status_tags"}
# Nothing of this is there to be changed.
EMPTY = {
    "email_deliveries", "follow_requests", "idempotency_keys", "presences", "push_attempts",
    "push_deliveries", "push_origins", "rate_counts", "status_changes",
    "status_edits", "status_pins",
}  # fmt: skip


async def columns(db: Database) -> dict[str, list[tuple[str, str]]]:
    """Each table's columns, with what they hold."""
    if db.engine == "sqlite":
        rows = await db.fetch(
            "SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p"
            " WHERE m.type = 'table' ORDER BY m.name, p.cid"
        )
    else:
        rows = await db.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
        )
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        found.setdefault(str(table), []).append((str(column), str(kind)))
    return found


@pytest.fixture
async def busy(scene: Scene, db: Database) -> Scene:
    """More of everything: marks, a vote, a marker, another device, a follow that is asked for."""
    it = scene
    bob, ann = it.bob, it.ann
    await it.does(ann, "POST", f"/api/v1/statuses/{it.mention}/favourite")
    await it.does(ann, "POST", f"/api/v1/statuses/{it.quoting}/bookmark")
    await it.does(ann, "POST", f"/api/v1/statuses/{it.quoting}/mute")
    await it.does(bob, "POST", f"/api/v1/statuses/{it.own}/reblog")
    await it.does(ann, "POST", f"/api/v1/polls/{it.mention}/votes", json={"choices": [0]})
    await it.does(ann, "POST", "/api/v1/markers", json={"notifications": {"last_read_id": "1"}})
    tagged = {"status": "@ann a #tag for you", "visibility": "direct"}
    await it.does(bob, "POST", "/api/v1/statuses", json=tagged)
    await it.does(ann, "POST", f"/api/v1/accounts/{bob.id}/follow", json={"notify": True})
    only = {"status": "for followers", "visibility": "private"}
    await it.does(bob, "POST", "/api/v1/statuses", json=only)
    return it


async def change(db: Database, sql: str) -> bool:
    """Commits that here, in the process that remembers; False if the schema does not allow it."""
    try:
        async with db.transaction() as tx:
            return await tx.run(sql) > 0
    except (apsw.Error, asyncpg.PostgresError, DuplicateRecord, RecordNotFound):
        return False


def another(column: str, kind: str) -> str:
    """SQL for another value of that column."""
    if kind == "boolean":
        return f"NOT {column}"
    if kind in {"text", "TEXT"}:
        return f"{column} || 'x'"
    return f"{column} + 1"


@pytest.mark.parametrize("table", TABLES)
async def test_whatever_is_changed_in_a_row_is_seen_in_the_next_answer(busy: Scene, table: str):
    """Each column of each table that does not touch everything, and at last the rows go."""
    db = busy.client.db
    changed = []
    known = (await columns(db)).get(table)
    if known is None:
        assert (db.engine, table) == ("postgres", "sequences")
        return
    for statement in [
        *(
            f"UPDATE {table} SET {name} = {another(name, kind)}"
            for name, kind in (() if table in LASTING else known)
            if kind.lower() not in {"blob", "bytea"} and (kind.lower() != "text" or name in TEXTS)
        ),
        f"DELETE FROM {table}",
    ]:
        before = [said(await read(busy.client, busy.ann, path)) for path in PATHS]
        if not await change(db, statement):
            continue
        changed.append(statement)
        now = [said(await read(busy.client, busy.ann, path)) for path in PATHS]
        assert now == await afresh(busy, busy.ann, *PATHS), (statement, now == before)
    assert bool(changed) == (table not in EMPTY)


async def test_the_control_a_process_that_notes_nothing_would_give_the_old_answer_again(
    busy: Scene, monkeypatch: pytest.MonkeyPatch
):
    db = busy.client.db
    monkeypatch.setattr(changes.Changes, "untouched", lambda *_, **__: True)
    before = [said(await read(busy.client, busy.ann, path)) for path in PATHS[:3]]
    assert await change(db, "DELETE FROM notifications")
    now = [said(await read(busy.client, busy.ann, path)) for path in PATHS[:3]]
    assert now == before
    assert now != await afresh(busy, busy.ann, *PATHS[:3])


@pytest.mark.parametrize("path", PATHS)
async def test_what_somebody_is_told_of_is_there_the_next_time(
    busy: Scene, db: Database, path: str
):
    carol = await make_account(db, "carol")
    before = said(await read(busy.client, busy.ann, path))
    await busy.does(carol, "POST", f"/api/v1/statuses/{busy.own}/favourite")
    now = said(await read(busy.client, busy.ann, path))
    assert now != before
    assert [now] == await afresh(busy, busy.ann, path)


# Who, how, where (the statuses that there are, and whose they are), and what is sent.
STEPS: list[tuple[str, str, str, dict[str, Any]]] = [
    *((who, "POST", f"/api/v1/statuses/{{status}}/{verb}", {})
      for who in ("ann", "bob", "carol")
      for verb in ("favourite", "unfavourite", "reblog", "unreblog", "bookmark", "mute")),
    *((who, "POST", f"/api/v1/accounts/{{other}}/{verb}", {})
      for who in ("ann", "bob", "carol")
      for verb in ("follow", "unfollow", "block", "unblock", "mute", "unmute")),
    *((who, "POST", "/api/v1/statuses", {"status": text, "visibility": visibility})
      for who in ("bob", "carol")
      for text in ("@ann hello", "to nobody", "@bob @carol #tag")
      for visibility in ("public", "private", "direct")),
    *((who, "PUT", "/api/v1/statuses/{status}", {"status": "@ann better"})
      for who in ("ann", "bob", "carol")),
    ("bob", "DELETE", "/api/v1/statuses/{status}", {}),
    ("ann", "POST", "/api/v1/polls/{status}/votes", {"choices": [0]}),
    ("carol", "POST", "/api/v1/polls/{status}/votes", {"choices": [1]}),
    ("ann", "POST", "/api/v1/notifications/{told}/dismiss", {}),
    ("bob", "PATCH", "/api/v1/accounts/update_credentials", {"display_name": "Robert"}),
    ("ann", "PATCH", "/api/v2/notifications/policy", {"for_not_following": "filter"}),
    ("ann", "PATCH", "/api/v2/notifications/policy", {"for_not_following": "accept"}),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_these_three_do_each_is_told_what_is_true(
    busy: Scene, db: Database, seed: int
):
    luck = random.Random(seed)
    carol = await make_account(db, "carol")
    people = {"ann": busy.ann, "bob": busy.bob, "carol": carol}
    done = 0
    for step in range(30):
        who, method, path, sent = luck.choice(STEPS)
        rows = await db.fetch("SELECT id FROM statuses ORDER BY id")
        told = await db.fetch("SELECT id FROM notifications ORDER BY id")
        path = path.format(
            status=luck.choice(rows)[0],
            told=luck.choice(told)[0] if told else 1,
            other=luck.choice([one.id for name, one in people.items() if name != who]),
        )
        answer = await busy.client.request(method, path, people[who], json=sent)
        assert answer.status < 500
        done += answer.status == 200
        reader, wanted = luck.choice([*people.values()]), luck.sample(PATHS, 2)
        now = [said(await read(busy.client, reader, one)) for one in wanted]
        assert now == await afresh(busy, reader, *wanted), (seed, step, who, method, path, sent)
    assert done > 10


@pytest.mark.parametrize("path", PATHS)
async def test_what_others_do_to_each_other_costs_nobody_else_anything(busy: Scene, path: str):
    db = busy.client.db
    carol, dave = await make_account(db, "carol"), await make_account(db, "dave")
    status_id = (await busy.does(dave, "POST", "/api/v1/statuses", json={"status": "hello"}))["id"]
    before = await read(busy.client, busy.ann, path)
    await busy.does(carol, "POST", f"/api/v1/statuses/{status_id}/favourite")
    await busy.does(carol, "POST", f"/api/v1/accounts/{dave.id}/follow")
    await busy.does(carol, "POST", "/api/v1/statuses", json={"status": "@dave well, #tag"})
    spent = db.statements
    assert (await read(busy.client, busy.ann, path)).whole == before.whole
    # PostgreSQL is asked whether anything was committed, and what that has touched.
    assert db.statements - spent == (0 if db.engine == "sqlite" else 2)


async def test_a_commit_that_fails_or_is_undone_leaves_the_answer_good(busy: Scene):
    db = busy.client.db
    before = [said(await read(busy.client, busy.ann, path)) for path in PATHS]
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run("DELETE FROM notifications")
            raise ZeroDivisionError
    assert [said(await read(busy.client, busy.ann, path)) for path in PATHS] == before
    assert await afresh(busy, busy.ann, *PATHS) == before


async def test_tables_and_columns_that_are_named_exist_and_every_other_table_touches_everything(
    db: Database,
):
    known = await columns(db)
    for table, named in TOUCHED.items():
        if table in known:
            names = [name for name, _ in known[table]]
            assert {name for _, name in named} - {""} <= set(names), table
        else:
            assert table in {"sequences", "sqlite_sequence"}
    if isinstance(db, SqliteDatabase):
        silent = [
            table for table, own in known.items()
            if table not in TOUCHED and not _touches(table, [name for name, _ in own])
        ]  # fmt: skip
        assert silent == []


def _touches(table: str, names: list[str]) -> bool:
    """True if a row that goes touches everything."""
    found = changes.touches(table, names)
    gone: Any = type("Gone", (), {"op": "DELETE", "rowid": 1, "new": None, "old": (1,) * 99})
    return found is not None and not found(gone, set())


async def test_what_was_looked_at_is_noted_whether_it_is_there_or_not(db: Database):
    ann = await make_account(db, token=None)
    status_id = await make_status(db, ann.id)
    for _ in range(2):  # also when nothing is asked any more
        ground: set[int] = set()
        with looking(ground):
            await statuses.load(db, [status_id, 5], ann.id, now=1)
            await accounts.load(db, [7])
        assert ground == {
            key(STATUS, status_id), key(STATUS, 5), key(ACCOUNT, ann.id), key(ACCOUNT, 7),
        }  # fmt: skip
    await accounts.load(db, [8])
    assert key(ACCOUNT, 8) not in ground


async def test_an_account_that_was_not_touched_is_known_after_a_commit(db: Database):
    people = [(await make_account(db, token=None)).id for _ in range(3)]
    await accounts.load(db, people)
    await insert(db, "tags", name="here", created_at=1)
    with query_budget(db, 0 if db.engine == "sqlite" else 1):
        await accounts.load(db, people)
    async with db.transaction() as tx:
        await tx.run("UPDATE accounts SET followers_count = 9 WHERE id = $1", people[0])
    assert (await accounts.load(db, people))[people[0]].followers_count == 9


def test_of_more_keys_than_are_remembered_all_count_as_touched():
    log = Changes()
    log.note([key(PERSON, 1)])
    since = log.number
    log.note([key(PERSON, 2)])
    assert log.untouched([key(PERSON, 1), key(STATUS, 2)], since=since)
    assert not log.untouched([key(PERSON, 2)], since=since)
    log.note(key(PERSON, number) for number in range(10, MOST + 10))
    assert not log.untouched([key(PERSON, 1)], since=since)
    since = log.number
    assert log.untouched([key(PERSON, 1)], since=since)
    log.note(None)
    assert not log.untouched([], since=since)
