"""Statuses in bulk: what is remembered of them is never stale."""

from __future__ import annotations

import asyncio

import pytest

from stentor.actions import favourites
from stentor.store import mentions, statuses
from stentor.store.database import Database, Reader
from stentor.streaming.bus import Bus
from tests.factories import NOW, insert, make_account, make_status
from tests.fixtures import query_budget

CHANGES = {
    "the text": "UPDATE statuses SET content = '<p>new</p>' WHERE id = $1",
    "a counter": "UPDATE statuses SET favourites_count = 7 WHERE id = $1",
    "the visibility": "UPDATE statuses SET visibility = 'private' WHERE id = $1",
    "a mention silenced": "UPDATE mentions SET silent = TRUE WHERE status_id = $1",
    "a mention gone": "DELETE FROM mentions WHERE status_id = $1",
    "a tag gone": "DELETE FROM status_tags WHERE status_id = $1",
}


async def seen(db: Reader, status_id: int) -> tuple[object, ...]:
    """All that a load says of one status."""
    loaded = await statuses.load(db, [status_id], None, now=NOW)
    return (
        loaded.statuses.get(status_id),
        tuple(loaded.mentions.get(status_id, ())),
        tuple(loaded.tags.get(status_id, ())),
    )


async def fresh(db: Database, status_id: int) -> tuple[object, ...]:
    """The same, read inside a transaction, where nothing is remembered."""
    async with db.transaction() as tx:
        return await seen(tx, status_id)


@pytest.fixture
async def status_id(db: Database) -> int:
    """A status with a mention and a tag."""
    ann = await make_account(db, token=None)
    made = await make_status(db, ann.id, mentions=[ann.id])
    await insert(db, "tags", name="here", created_at=NOW)
    tag_id = await db.fetch_value("SELECT id FROM tags")
    await insert(db, "status_tags", status_id=made, tag_id=tag_id)
    return made


async def test_a_known_status_costs_a_look_at_its_version(db: Database, status_id: int) -> None:
    first = await seen(db, status_id)
    with query_budget(db, 2):  # its version, the accounts'
        assert await seen(db, status_id) == first


@pytest.mark.parametrize("change", CHANGES)
async def test_whoever_changes_it_the_change_is_seen(
    db: Database, status_id: int, change: str
) -> None:
    before = await seen(db, status_id)
    async with db.transaction() as tx:
        await tx.run(CHANGES[change], status_id)
        assert await seen(db, status_id) == before
    assert await seen(db, status_id) == await fresh(db, status_id) != before


async def test_a_mention_and_a_tag_that_come_later_are_seen(db: Database, status_id: int) -> None:
    await seen(db, status_id)
    bob = await make_account(db, token=None)
    await insert(db, "mentions", status_id=status_id, account_id=bob.id)
    assert bob.id in (await seen(db, status_id))[1]
    await insert(db, "tags", name="later", created_at=NOW)
    tag_id = await db.fetch_value("SELECT id FROM tags WHERE name = 'later'")
    await insert(db, "status_tags", status_id=status_id, tag_id=tag_id)
    assert (await seen(db, status_id))[2] == ("here", "later")


async def test_what_was_rolled_back_is_not_remembered(db: Database, status_id: int) -> None:
    before = await seen(db, status_id)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as tx:
            await tx.run(CHANGES["the text"], status_id)
            await seen(tx, status_id)
            raise ZeroDivisionError
    assert await seen(db, status_id) == before


async def test_a_deleted_status_is_gone(db: Database, status_id: int) -> None:
    await seen(db, status_id)
    async with db.transaction() as tx:
        await tx.run("DELETE FROM statuses WHERE id = $1", status_id)
    assert (await seen(db, status_id))[0] is None


async def test_a_statement_raises_the_version_of_each_status_that_it_touches(db: Database) -> None:
    """On PostgreSQL once: fifty mentions would leave fifty versions of a wide row."""
    people = [(await make_account(db, token=None)).id for _ in range(3)]
    made = [await make_status(db, people[0], mentions=people) for _ in range(2)]

    async def versions() -> list[int]:
        rows = await db.fetch("SELECT version FROM statuses WHERE id = ANY($1) ORDER BY id", made)
        return [row[0] for row in rows]

    once = 1 if db.engine == "postgres" else len(people)
    for statement in (
        "UPDATE mentions SET silent = TRUE",
        "DELETE FROM mentions",
    ):
        before = await versions()
        async with db.transaction() as tx:
            await tx.run(statement)
        assert await versions() == [one + once for one in before]
    before = await versions()
    async with db.transaction() as tx:
        await mentions.add(tx, made[0], people)
    assert await versions() == [before[0] + once, before[1]]


async def favourite(db: Database, bus: Bus, status_id: int, *account_ids: int) -> None:
    """All at the same moment."""
    given = (
        favourites.favourite(db, bus, account_id=one, status_id=status_id, now=NOW)
        for one in account_ids
    )
    await asyncio.gather(*given)


async def test_what_favourites_change_of_a_known_status_need_not_be_read(
    db: Database, bus: Bus, status_id: int
) -> None:
    bob, cyd, dan = [(await make_account(db, token=None)).id for _ in range(3)]
    for fans in ((bob, cyd, bob), (cyd, dan), (dan,)):  # some have done so already
        await favourite(db, bus, status_id, *fans)
        with query_budget(db, 2):  # its row, which has the known version; the accounts' versions
            found = await seen(db, status_id)
        assert found == await fresh(db, status_id)
    assert await db.fetch_value("SELECT favourites_count FROM statuses") == 3


@pytest.mark.parametrize("change", [one for one in CHANGES if one != "the visibility"])
@pytest.mark.parametrize("again", [False, True])
async def test_what_else_has_changed_before_a_favourite_is_seen(
    db: Database, bus: Bus, status_id: int, change: str, again: bool
) -> None:
    bob, cyd, dan = [(await make_account(db, token=None)).id for _ in range(3)]
    await favourite(db, bus, status_id, bob)
    known = db.statuses.of_version
    async with db.transaction() as tx:
        await tx.run(CHANGES[change], status_id)
    if again:  # somebody changes it at the moment at which it is favourited
        look, read = db.fetch_each, []

        async def late(sql: str, asked: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
            rows = await look(sql, asked)
            if not read:
                read.append(1)
                async with db.transaction() as tx:
                    await tx.run("UPDATE statuses SET content = 'newest' WHERE id = $1", status_id)
            return rows

        db.fetch_each = late  # type: ignore[method-assign,assignment]  # nothing is left out
    await favourite(db, bus, status_id, cyd, dan)
    assert await seen(db, status_id) == await fresh(db, status_id)
    version = await db.fetch_value("SELECT version FROM statuses WHERE id = $1", status_id)
    assert known(status_id, version) is not None
