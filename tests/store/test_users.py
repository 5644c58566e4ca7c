"""Looking people up at sign-in."""

from __future__ import annotations

import pytest

from stentor.domain.roles import ADMIN, MODERATOR, OWNER
from stentor.store import users
from tests.factories import make_account


@pytest.mark.parametrize(
    ("sql", "value", "index"),
    [
        (users.BY_EMAIL, "alice@example.org", "users_email"),
        (users.BY_NAME, "alice", "accounts_handle"),
        (users.STAFF, [1, 2, 3], "accounts_staff"),
    ],
)
async def test_nobody_is_looked_for_by_reading_everybody(db, sql, value, index):
    if db.engine == "postgres":
        # It would rather read an empty table from end to end.
        async with db.transaction() as tx:
            await tx.run("SET LOCAL enable_seqscan = off")
            rows = await tx.fetch(f"EXPLAIN {sql}", value)
        plan = "\n".join(row[0] for row in rows)
    else:
        plan = await db.plan(sql, value)
    assert index in plan


async def test_the_managers_are_those_whose_role_can_manage_users(db):
    staff = [
        (await make_account(db, f"staff{role.id}", role_id=role.id)).id
        for role in (MODERATOR, ADMIN, OWNER)
    ]
    await make_account(db, "alice")
    await make_account(db, "remote", domain="far.example")
    await make_account(db, "gone", role_id=OWNER.id, suspended_at=1)
    assert await users.managers(db) == sorted(staff)
