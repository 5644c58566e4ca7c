"""Accounts in bulk: what is remembered of them is never stale."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.store import accounts
from stentor.store.database import Database, open_database
from tests.factories import NOW, make_account
from tests.fixtures import query_budget


async def test_a_known_account_costs_a_look_at_its_version(db: Database) -> None:
    people = [(await make_account(db, token=None)).id for _ in range(5)]
    with query_budget(db, 2):
        first = await accounts.load(db, [*people, 99])
    with query_budget(db, 1):
        second = await accounts.load(db, people)
    async with db.transaction() as tx:  # a commit, whatever it changes
        await tx.run("UPDATE accounts SET note = 'x' WHERE id = $1", people[0])
    with query_budget(db, 2):
        assert (await accounts.load(db, people))[people[0]].note == "x"
    assert set(first) == set(second) == set(people)
    assert all(second[one] is first[one] for one in people)


@pytest.mark.parametrize(
    ("column", "value"),
    [("display_name", "New"), ("followers_count", 7), ("suspended_at", NOW), ("locked", True)],
)
async def test_whoever_changes_a_row_the_change_is_seen(
    db: Database, column: str, value: Any
) -> None:
    """The database raises the version itself, so no statement can forget to."""
    ann = await make_account(db, token=None)
    await accounts.load(db, [ann.id])
    async with db.transaction() as tx:
        await tx.run(f"UPDATE accounts SET {column} = $1 WHERE id = $2", value, ann.id)
        inside = await accounts.load(tx, [ann.id])
        assert getattr(inside[ann.id], column) == value
        outside = await accounts.load(db, [ann.id])
        assert getattr(outside[ann.id], column) != value
    assert getattr((await accounts.load(db, [ann.id]))[ann.id], column) == value


async def test_while_nobody_commits_anything_a_generation_lasts(db: Database, db_url: str) -> None:
    """SQLite says so for next to nothing, so there even the look at the versions is spared."""
    ann = await make_account(db, token=None)
    await accounts.load(db, [ann.id])
    first = db.generation()
    if db.engine == "postgres":
        assert first is None
        return
    with query_budget(db, 0):
        await accounts.load(db, [ann.id])
    assert db.generation() == first
    other = await open_database(db_url)
    async with other.transaction() as tx:
        await tx.run("UPDATE accounts SET note = 'x' WHERE id = $1", ann.id)
        assert db.generation() == first  # not committed yet
    await other.close()
    assert db.generation() != first
    async with db.transaction() as tx:
        second = db.generation()
        await tx.run("UPDATE accounts SET note = 'y' WHERE id = $1", ann.id)
    assert db.generation() != second


async def test_an_instant_lasts_until_anybody_commits(db: Database, db_url: str) -> None:
    ann = await make_account(db, token=None)
    other = await open_database(db_url)
    seen = [await db.instant(), await db.instant()]
    async with other.transaction() as tx:
        await tx.run("UPDATE accounts SET note = 'x' WHERE id = $1", ann.id)
        # On PostgreSQL one that has begun may show already; it is the same until it ends.
        seen += [await db.instant(), await db.instant()]
    seen += await asyncio.gather(*(db.instant() for _ in range(20)))
    await other.close()
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
    assert len(set(seen[4:])) == 1
    assert seen[4] not in seen[:4]
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run("UPDATE accounts SET note = 'y' WHERE id = $1", ann.id)
            raise ZeroDivisionError
    await accounts.load(db, [ann.id])
    last = await db.instant()
    await accounts.load(db, [ann.id])
    assert await db.instant() == last


async def test_what_was_rolled_back_is_not_remembered(db: Database) -> None:
    ann = await make_account(db, token=None)
    rename = "UPDATE accounts SET display_name = $1 WHERE id = $2"
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run(rename, "Never", ann.id)
            await accounts.load(tx, [ann.id])
            raise ZeroDivisionError
    async with db.transaction() as tx:
        await tx.run(rename, "Now", ann.id)
    assert (await accounts.load(db, [ann.id]))[ann.id].display_name == "Now"


async def test_another_process_is_noticed(db: Database, db_url: str) -> None:
    ann = await make_account(db, token=None)
    await accounts.load(db, [ann.id])
    other = await open_database(db_url)
    async with other.transaction() as tx:
        await tx.run("UPDATE accounts SET display_name = 'Elsewhere' WHERE id = $1", ann.id)
    await other.close()
    assert (await accounts.load(db, [ann.id]))[ann.id].display_name == "Elsewhere"
    async with db.transaction() as tx:
        await tx.run("DELETE FROM accounts WHERE id = $1", ann.id)
    assert await accounts.load(db, [ann.id]) == {}
