"""What is said once for many rows of values does what it does for each of them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from stentor.store import facts, favourites, notification_groups, notification_inboxes
from stentor.store import notification_decisions as decisions
from stentor.store.at_once import for_many
from stentor.store.database import Database
from tests.factories import NOW, make_account

MARKED = """
    SELECT name, id + $2 FROM tags WHERE name > $1 ORDER BY name DESC LIMIT 2
"""


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        (facts.LOAD, ["int8"] * 4),
        (notification_groups.OPEN, ["int8", "text"]),
        (notification_groups.WRITE, ["int8"] * 14),
        (notification_inboxes.TOUCH, ["int8"]),
        (favourites.ADD, ["int8"] * 3),
        (decisions.ADD, ["int8"] * 9),
    ],
)
def test_what_many_ask_for_at_the_same_moment_is_one_statement(sql: str, types: list[str]) -> None:
    said = for_many(sql, types)
    assert said is not None
    assert said.count("unnest") == 1
    assert "$" + str(len(types)) + "::" + types[-1] in said


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("UPDATE tags SET name = $1", ["text"]),
        ("DELETE FROM tags WHERE name = $1", ["text"]),
        ("SELECT 1 FROM tags WHERE id = ANY($1)", ["int8[]"]),
        ("SELECT 1 FROM tags WHERE id = ANY($1)", ["_int8"]),
        ("SELECT 1 FROM tags", []),
        (
            "INSERT INTO tags (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = $2",
            ["text", "text"],
        ),
    ],
)
def test_what_cannot_be_said_of_all_rows_together_is_left_as_it_is(
    sql: str, types: list[str]
) -> None:
    assert for_many(sql, types) is None


async def each(db: Database, sql: str, rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [[list(row) for row in await db.fetch(sql, *values)] for values in rows]


async def test_the_rows_of_each_are_those_that_it_has_alone(db: Database) -> None:
    add = "INSERT INTO tags (name, created_at) VALUES ($1, $2)"
    async with db.transaction() as tx:
        await tx.run_many(add, [(name, NOW) for name in "zebra"[::-1] + "cd"])
        made = await tx.fetch("SELECT name FROM tags ORDER BY id")
        assert "".join(row[0] for row in made) == "arbez" + "cd"
    asked = [("a", 1), ("z", 2), ("c", 3), ("a", 1), ("b", 0)]
    alone = await each(db, MARKED, asked)
    assert [len(rows) for rows in alone] == [2, 0, 2, 2, 2]
    found = await db.fetch_each(MARKED, asked)
    assert [[list(row) for row in rows] for rows in found] == alone
    async with db.transaction() as tx:
        rows = await tx.fetch_many(MARKED, asked)
    assert [list(row) for row in rows] == list(chain.from_iterable(alone))


async def test_an_insert_that_selects_takes_each_row_of_values_by_itself(db: Database) -> None:
    people = [(await make_account(db, name)).id for name in ("ann", "bob", "cyd")]
    strangers = [(await make_account(db, "far", domain="far.example")).id]
    async with db.transaction() as tx:
        for wanted in (people, people[1:] + strangers, people[2:]):
            await notification_inboxes.touch(tx, wanted)
    found = await notification_inboxes.versions(db, people + strangers)
    assert [found.get(one) for one in people + strangers] == [1, 2, 3, None]


async def test_of_two_decisions_about_the_same_the_second_is_kept(db: Database) -> None:
    ann, bob = [(await make_account(db, name)).id for name in ("ann", "bob")]
    first = decisions.NotificationDecision(
        0, ann, bob, "mention", 7, None, None, 2, "block", NOW
    )  # fmt: skip
    async with db.transaction() as tx:
        await decisions.add(tx, [first, first._replace(verdict=0, reason="permitted")])
    assert await db.fetch("SELECT verdict, reason FROM notification_decisions") == [
        (0, "permitted")
    ]
