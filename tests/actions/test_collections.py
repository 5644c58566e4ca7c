"""Collections and annual reports: what they cause, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import accounts, annual_reports, blocks, collections
from stentor.domain.collections import CollectionText
from stentor.errors import NotAllowed, RecordNotFound, ValidationFailed
from stentor.store.database import Database
from stentor.store.snowflakes import Snowflakes
from tests import invariants
from tests.factories import NOW, Person, insert, make_account
from tests.fixtures import RecordingBus


@pytest.fixture
async def owner(db: Database) -> Person:
    """Whose collection it is."""
    return await make_account(db, "owner")


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who is put into it."""
    return await make_account(db, "ann", discoverable=True)


async def make(db: Database, owner: Person) -> int:
    """An empty collection."""
    return await collections.add(
        db, RecordingBus(), Snowflakes(), owner.id, CollectionText("People", tag="x"), now=NOW
    )


async def reword(
    db: Database, bus: RecordingBus, owner: Person, collection_id: int, **words: Any
) -> None:
    """Changes some of what it says."""
    await collections.change(
        db, bus, owner.id, collection_id, lambda before: before._replace(**words), now=NOW
    )


async def told(db: Database) -> list[tuple[Any, ...]]:
    """Who was told what of which activity, newest first; and the tables fit together."""
    await invariants.check(db)
    rows = await db.fetch(
        "SELECT account_id, type, activity_id FROM notifications ORDER BY id DESC"
    )
    return [tuple(row) for row in rows]


async def test_who_is_put_into_a_collection_is_told_once(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    for _ in range(2):
        await collections.add_account(db, bus, owner.id, one, ann.id, now=NOW)
    [(account_id, type, item)] = await told(db)
    assert (account_id, type) == (ann.id, "added_to_collection")
    assert await db.fetch_value("SELECT collection_id FROM collection_items WHERE id = $1", item)
    await collections.remove_item(db, owner.id, one, item)
    assert await told(db) == []
    with pytest.raises(RecordNotFound):
        await collections.remove_item(db, owner.id, one, item)


async def test_members_are_told_of_the_newest_change_only_and_of_none_if_nothing_changed(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    await collections.add_account(db, bus, owner.id, one, ann.id, now=NOW)
    pending = await make_account(db, "pending")
    await insert(db, "collection_items", collection_id=one, account_id=pending.id,
                 state="pending", created_at=NOW)  # fmt: skip
    await reword(db, bus, owner, one, name=" People ")
    await reword(db, bus, owner, one, language="en", discoverable=True)
    assert [row[1] for row in await told(db)] == ["added_to_collection"]
    for words in ({"description": "x"}, {"sensitive": True}, {"tag": None}, {"name": "Best"}):
        before = [row[0] for row in await db.fetch("SELECT max(id) FROM notifications")]
        await reword(db, bus, owner, one, **words)
        assert before != [row[0] for row in await db.fetch("SELECT max(id) FROM notifications")]
    assert (await told(db))[0] == (ann.id, "collection_update", one)
    assert len(await told(db)) == 2


async def test_what_was_told_of_a_collection_goes_with_it(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one, other = await make(db, owner), await make(db, owner)
    for each in (one, other):
        await collections.add_account(db, bus, owner.id, each, ann.id, now=NOW)
    await reword(db, bus, owner, one, name="New")
    await collections.remove(db, owner.id, one)
    assert [row[1] for row in await told(db)] == ["added_to_collection"]
    await accounts.delete(db, bus, owner.id)
    assert await told(db) == []


@pytest.mark.parametrize("who_blocks", ["owner", "ann"])
async def test_nobody_is_put_into_the_collection_of_somebody_he_has_nothing_to_do_with(
    db: Database, bus: RecordingBus, owner: Person, ann: Person, who_blocks: str
) -> None:
    one = await make(db, owner)
    pair = (owner.id, ann.id) if who_blocks == "owner" else (ann.id, owner.id)
    await blocks.block(db, *pair, now=NOW)
    with pytest.raises(ValidationFailed):
        await collections.add_account(db, bus, owner.id, one, ann.id, now=NOW)
    assert await told(db) == []
    assert await db.fetch("SELECT * FROM collection_items") == []


async def test_who_blocks_the_owner_later_hears_of_no_change(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    await collections.add_account(db, bus, owner.id, one, ann.id, now=NOW)
    await blocks.block(db, ann.id, owner.id, now=NOW)
    await reword(db, bus, owner, one, name="New")
    assert await told(db) == []


async def test_only_the_owner_has_a_collection_and_only_what_fits_is_kept(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    with pytest.raises(NotAllowed):
        await reword(db, bus, ann, one, name="Mine")
    with pytest.raises(NotAllowed):
        await collections.add_account(db, bus, ann.id, one, ann.id, now=NOW)
    with pytest.raises(NotAllowed):
        await collections.remove(db, ann.id, one)
    with pytest.raises(RecordNotFound):
        await collections.remove(db, owner.id, one + 1)
    for words in (
        {"name": ""}, {"name": "  "}, {"name": "x" * 41}, {"description": "x" * 101},
        {"tag": "no tag"}, {"language": "xx"},
    ):  # fmt: skip
        with pytest.raises(ValidationFailed):
            await reword(db, bus, owner, one, **words)


async def test_an_annual_report_is_told_once_a_year(
    db: Database, bus: RecordingBus, ann: Person
) -> None:
    assert await annual_reports.add(db, bus, ann.id, 2025, now=NOW)
    assert not await annual_reports.add(db, bus, ann.id, 2025, now=NOW)
    assert await annual_reports.add(db, bus, ann.id, 2026, now=NOW)
    assert [row[:2] for row in await told(db)] == [(ann.id, "annual_report")] * 2
