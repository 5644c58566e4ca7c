"""Whatever people quote, take back, edit and delete, the numbers equal the rows."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.actions import quotes, statuses
from stentor.api.services import Services
from stentor.domain.statuses import Draft
from stentor.store.database import Database
from tests import invariants
from tests.sequences import ANY_SEQUENCE, PEOPLE, World

ACTIONS = ("post", "quote", "quote", "answer", "reblog", "revoke", "edit", "delete")
STEPS = st.tuples(
    st.sampled_from(ACTIONS), st.integers(0, PEOPLE - 1), st.integers(0, 30), st.integers(0, 30)
)
VISIBILITY = ("public", "unlisted", "private", "direct")


class Quoters(World):
    """Three people who quote each other."""

    async def post(self, who: int, target: int, second: int) -> None:
        visibility = VISIBILITY[(target + second) % 4]
        await self.write(who, Draft(text="hello", visibility=visibility))

    async def quote(self, who: int, target: int, second: int) -> None:
        named = " ".join(f"@{person.username}" for person in self.people[: second % PEOPLE])
        visibility = VISIBILITY[second % 4]
        await self.write(who, Draft(text=named, quoted_status_id=target, visibility=visibility))

    async def answer(self, who: int, target: int, second: int) -> None:
        await self.write(
            who, Draft(text="yes", quoted_status_id=target, in_reply_to_id=self.status(second))
        )

    async def reblog(self, who: int, target: int, _: int) -> None:
        await self.repeat(who, target, None)

    async def revoke(self, who: int, target: int, second: int) -> None:
        await quotes.revoke(
            self.services.db, self.services.bus, account_id=who, status_id=target,
            quoting_id=self.status(second), now=self.now,
        )  # fmt: skip

    async def edit(self, who: int, target: int, second: int) -> None:
        tools = self.services
        await statuses.edit(
            tools.db, tools.bus, links=tools.links, account_id=who, status_id=target,
            draft=Draft(text=f"version {second} {self.now}"), now=self.now,
        )  # fmt: skip


async def check(db: Database) -> None:
    """Counts everything again."""
    rows = await db.fetch(
        "SELECT s.id, s.quotes_count, s.has_quote,"
        " (SELECT count(*) FROM quotes q WHERE q.quoted_status_id = s.id AND q.state = 'accepted'),"
        " (SELECT count(*) FROM quotes q WHERE q.status_id = s.id) FROM statuses s"
    )
    for row in rows:
        assert row[1] == row[3], row
        assert bool(row[2]) == bool(row[4]), row
    made = await db.fetch(
        "SELECT id, quoted_account_id, status_id FROM quotes WHERE account_id <> quoted_account_id"
    )
    told = await db.fetch(
        "SELECT activity_id, account_id, status_id FROM notifications WHERE type = 'quote'"
    )
    assert sorted(tuple(row) for row in told) == sorted(tuple(row) for row in made)
    mentioned = await db.fetch(
        "SELECT q.id FROM quotes q LEFT JOIN mentions m"
        " ON m.status_id = q.status_id AND m.account_id = q.quoted_account_id"
        " WHERE q.account_id <> q.quoted_account_id AND m.id IS NULL"
    )
    assert not mentioned, "the quoted author may not read it"
    edits = await db.fetch(
        "SELECT n.account_id, s.account_id, n.activity_id, n.status_id FROM notifications n"
        " JOIN statuses s ON s.id = n.status_id WHERE n.type = 'quoted_update'"
    )
    assert all(row[0] == row[1] and row[2] == row[3] for row in edits)
    await invariants.check(db)


@given(steps=st.lists(STEPS, max_size=25))
@ANY_SEQUENCE
async def test_after_any_sequence_the_number_of_quotes_is_that_of_the_accepted_rows(
    services: Services, steps: list[tuple[str, int, int, int]]
) -> None:
    world = await Quoters.begin(services)
    for step in steps:
        await world.do(step)
    await check(services.db)


@pytest.mark.parametrize("seed", range(4))
async def test_all_at_once_ends_in_order_and_nobody_waits_in_a_ring(
    services: Services, seed: int
) -> None:
    world = await Quoters.begin(services)
    luck = random.Random(seed)
    for _ in range(5):
        for who in range(PEOPLE):
            await world.do(("quote" if world.statuses else "post", who, luck.randrange(9), 0))
        steps = [
            (luck.choice(ACTIONS), luck.randrange(PEOPLE), luck.randrange(99), luck.randrange(99))
            for _ in range(16)
        ]
        await asyncio.gather(*(world.do(step) for step in steps))
    await check(services.db)


async def test_one_status_is_quoted_and_taken_back_by_many_at_once(services: Services) -> None:
    world = await Quoters.begin(services)
    ann, *others = [person.id for person in world.people]
    await world.post(ann, 0, 0)
    original = world.statuses[0]
    await asyncio.gather(*(world.quote(others[n % 2], original, 0) for n in range(10)))
    made = world.statuses[1:]
    at = world.statuses.index
    await asyncio.gather(
        *(world.do(("revoke", 0, 0, at(one))) for one in made[:5] for _ in range(2)),
        *(world.do(("delete", who, at(one), 0)) for one in made[3:8] for who in (1, 2)),
    )
    await check(services.db)
    count = await services.db.fetch_value(
        "SELECT quotes_count FROM statuses WHERE id = $1", original
    )
    assert count == 2


async def test_what_is_deleted_while_it_is_being_quoted_was_quoted_or_was_not(
    services: Services,
) -> None:
    for _ in range(5):
        world = await Quoters.begin(services)
        await world.do(("post", 0, 0, 0))
        original = world.statuses[0]
        await asyncio.gather(
            world.do(("quote", 1, 0, 0)),
            world.do(("delete", 0, 0, 0)),
            world.do(("answer", 2, 0, 0)),
        )
        assert await services.db.fetch_value(
            "SELECT count(*) FROM statuses WHERE id = $1", original
        ) == 0  # fmt: skip
        await check(services.db)
