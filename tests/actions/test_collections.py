"""Collections and annual reports: what they cause, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import accounts, annual_reports, blocks, collections
from stentor.domain.collections import CollectionText
from stentor.errors import RecordNotFound, ValidationFailed
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
    return await make_account(db, "ann")


async def make(db: Database, owner: Person) -> int:
    """An empty collection."""
    return await collections.add(
        db, Snowflakes(), owner.id, CollectionText("People", tag="x"), now=NOW
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
    await collections.remove_account(db, owner.id, one, ann.id)
    assert await told(db) == []
    with pytest.raises(RecordNotFound):
        await collections.remove_account(db, owner.id, one, ann.id)


async def test_members_are_told_of_the_newest_change_only_and_of_none_if_nothing_changed(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    far = await make_account(db, "far", domain="far.example")
    for member in (ann, far):
        await collections.add_account(db, bus, owner.id, one, member.id, now=NOW)
    pending = await make_account(db, "pending")
    await insert(db, "collection_items", collection_id=one, account_id=pending.id,
                 state="pending", created_at=NOW)  # fmt: skip
    await collections.change(db, bus, owner.id, one, CollectionText("People", tag="x"), now=NOW)
    assert [row[1] for row in await told(db)] == ["added_to_collection"]
    for name in ("Good people", "Best people"):
        await collections.change(db, bus, owner.id, one, CollectionText(name), now=NOW)
    assert (await told(db))[0] == (ann.id, "collection_update", one)
    assert len(await told(db)) == 2


async def test_what_was_told_of_a_collection_goes_with_it(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one, other = await make(db, owner), await make(db, owner)
    for each in (one, other):
        await collections.add_account(db, bus, owner.id, each, ann.id, now=NOW)
    await collections.change(db, bus, owner.id, one, CollectionText("New"), now=NOW)
    await collections.remove(db, owner.id, one)
    assert [row[1] for row in await told(db)] == ["added_to_collection"]
    await accounts.delete(db, bus, owner.id)
    assert await told(db) == []


async def test_who_blocks_the_owner_is_not_told(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    await blocks.block(db, ann.id, owner.id, now=NOW)
    await collections.add_account(db, bus, owner.id, one, ann.id, now=NOW)
    assert await told(db) == []


async def test_only_the_owner_has_a_collection_and_only_what_fits_is_kept(
    db: Database, bus: RecordingBus, owner: Person, ann: Person
) -> None:
    one = await make(db, owner)
    text = CollectionText("Mine")
    with pytest.raises(RecordNotFound):
        await collections.change(db, bus, ann.id, one, text, now=NOW)
    with pytest.raises(RecordNotFound):
        await collections.add_account(db, bus, ann.id, one, ann.id, now=NOW)
    with pytest.raises(RecordNotFound):
        await collections.add_account(db, bus, owner.id, one, 4711, now=NOW)
    with pytest.raises(RecordNotFound):
        await collections.remove(db, ann.id, one)
    for name in ("", "  ", "x" * 41):
        with pytest.raises(ValidationFailed):
            await collections.change(db, bus, owner.id, one, CollectionText(name), now=NOW)


async def test_an_annual_report_is_told_once_a_year(
    db: Database, bus: RecordingBus, ann: Person
) -> None:
    assert await annual_reports.add(db, bus, ann.id, 2025, now=NOW)
    assert not await annual_reports.add(db, bus, ann.id, 2025, now=NOW)
    assert await annual_reports.add(db, bus, ann.id, 2026, now=NOW)
    assert [row[:2] for row in await told(db)] == [(ann.id, "annual_report")] * 2
