"""Lists as bindings mean the same on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.store.database import Database
from tests.factories import make_account


@pytest.mark.parametrize(
    ("column", "wanted", "found"),
    [
        ("id", [], 0),
        ("id", [2**63 - 1, -(2**63)], 0),
        ("username", [], 0),
        ("username", ["ann"], 1),
        ("username", ["ann", "Ünal \U0001f600", "'", ""], 1),
        ("username", ["ann", "bob"], 2),
    ],
)
async def test_a_list_matches_what_is_in_it(
    db: Database, column: str, wanted: list[Any], found: int
) -> None:
    for name in ("ann", "bob"):
        await make_account(db, name, token=None)
    rows = await db.fetch(f"SELECT id FROM accounts WHERE {column} = ANY($1)", wanted)
    assert len(rows) == found


async def test_several_lists_and_values_stand_side_by_side(db: Database) -> None:
    ann, bob = [(await make_account(db, name, token=None)).id for name in ("ann", "bob")]
    rows = await db.fetch(
        "SELECT id FROM accounts WHERE id = ANY($1) AND username = ANY($2) AND id <> $3",
        [ann, bob],
        ["ann", "bob"],
        bob,
    )
    assert [row[0] for row in rows] == [ann]
