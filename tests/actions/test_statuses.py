"""Whatever people do, in whatever order, the counters equal the rows and nobody is told twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.actions import favourites, reblogs
from stentor.api.services import Services
from stentor.domain.statuses import VISIBILITIES, Draft
from stentor.store.database import Database
from tests.factories import NOW, Person, make_account, make_status
from tests.sequences import ANY_SEQUENCE, PEOPLE, World


class Writers(World):
    """Three people who answer, favourite and reblog each other."""

    async def post(self, who: int, target: int, visibility: str, *, reply: bool = False) -> None:
        names = " ".join(f"@{person.username}" for person in self.people)
        draft = Draft(
            text=f"{names} #tag",
            visibility=visibility,
            in_reply_to_id=target if reply else None,
        )
        await self.write(who, draft)

    async def reply(self, who: int, target: int, visibility: str) -> None:
        await self.post(who, target, visibility, reply=True)

    async def favourite(self, who: int, target: int, _: str) -> None:
        await favourites.favourite(
            self.services.db, self.services.bus, account_id=who, status_id=target, now=self.now
        )

    async def unfavourite(self, who: int, target: int, _: str) -> None:
        await favourites.unfavourite(self.services.db, account_id=who, status_id=target)

    async def reblog(self, who: int, target: int, visibility: str) -> None:
        await self.repeat(who, target, None if visibility == "direct" else visibility)

    async def unreblog(self, who: int, target: int, _: str) -> None:
        await reblogs.unreblog(
            self.services.db, self.services.bus, account_id=who, status_id=target, now=self.now
        )


ACTIONS = ("post", "reply", "delete", "favourite", "unfavourite", "reblog", "unreblog")
STEPS = st.tuples(
    st.sampled_from(ACTIONS),
    st.integers(0, PEOPLE - 1),
    st.integers(0, 30),
    st.sampled_from(VISIBILITIES),
)


async def check(db: Database) -> None:
    """Counts everything again."""
    rows = await db.fetch(
        "SELECT id, account_id, reblog_of_id, in_reply_to_id, visibility, created_at,"
        " favourites_count, reblogs_count, replies_count FROM statuses ORDER BY id"
    )
    favourited = Counter(row[0] for row in await db.fetch("SELECT status_id FROM favourites"))
    reblogged = Counter(row[2] for row in rows)
    answered = Counter(row[3] for row in rows if row[4] in ("public", "unlisted"))
    for row in rows:
        counted = (favourited[row[0]], reblogged[row[0]], answered[row[0]])
        assert tuple(row[6:]) == counted, row
    written: dict[int, list[int]] = {}
    for row in rows:
        if row[4] != "direct":
            written.setdefault(row[1], []).append(row[5])
    for account in await db.fetch("SELECT id, statuses_count, last_status_at FROM accounts"):
        times = written.get(account[0], [])
        assert tuple(account[1:]) == (len(times), times[-1] if times else None)
    await check_told(db)


async def check_told(db: Database) -> None:
    """Every notification has its cause, and belongs to whoever wrote or was named."""
    causes = {
        ("favourite", row[0], row[1])
        for row in await db.fetch(
            "SELECT f.id, s.account_id FROM favourites f JOIN statuses s ON s.id = f.status_id"
            " WHERE f.account_id <> s.account_id"
        )
    } | {
        ("reblog", row[0], row[1])
        for row in await db.fetch(
            "SELECT r.id, s.account_id FROM statuses r JOIN statuses s ON s.id = r.reblog_of_id"
            " WHERE r.account_id <> s.account_id"
        )
    } | {
        ("mention", row[0], row[1])
        for row in await db.fetch(
            "SELECT m.id, m.account_id FROM mentions m JOIN statuses s ON s.id = m.status_id"
            " WHERE m.account_id <> s.account_id"
        )
    }  # fmt: skip
    told = await db.fetch("SELECT type, activity_id, account_id FROM notifications")
    assert len({tuple(row) for row in told}) == len(told)
    assert {tuple(row) for row in told} == causes


@given(steps=st.lists(STEPS, max_size=25))
@ANY_SEQUENCE
async def test_after_any_sequence_counters_and_notifications_equal_the_rows(
    services: Services, steps: list[tuple[str, int, int, str]]
) -> None:
    world = await Writers.begin(services)
    for step in steps:
        await world.do(step)
    await check(services.db)


@pytest.mark.parametrize("visibility", ["public", "direct"])
@pytest.mark.parametrize("seed", range(3))
async def test_all_at_once_ends_in_order_and_nobody_waits_in_a_ring(
    services: Services, seed: int, visibility: str
) -> None:
    world = await Writers.begin(services)
    luck = random.Random(seed)
    for _ in range(6):
        for who in range(PEOPLE):
            await world.do(
                ("reply" if world.statuses else "post", who, luck.randrange(9), visibility)
            )
        steps = [
            (luck.choice(ACTIONS), luck.randrange(PEOPLE), luck.randrange(99), visibility)
            for _ in range(16)
        ]
        await asyncio.gather(*(world.do(step) for step in steps))
    rows = await services.db.fetch("SELECT last_status_at FROM accounts")
    assert len(rows) == PEOPLE
    # Times of the same moment may be written down in another order than they were taken.
    async with services.db.transaction() as tx:
        await tx.run(
            "UPDATE accounts SET last_status_at = (SELECT s.created_at FROM statuses s WHERE"
            " s.account_id = accounts.id AND s.visibility <> 'direct' ORDER BY s.id DESC LIMIT 1)"
        )
    await check(services.db)


async def test_a_viral_status_is_favourited_with_as_few_statements_as_any(
    services: Services,
) -> None:
    db = services.db
    author, *people = [await make_account(db, token=None) for _ in range(4)]
    status = await make_status(db, author.id)
    like: Callable[[Person], Awaitable[Any]] = lambda person: favourites.favourite(  # noqa: E731 - shorter than a function
        db, services.bus, account_id=person.id, status_id=status, now=NOW
    )
    await like(people[0])
    spent = []
    for person, many in ((people[1], 10), (people[2], 1_000_000)):
        async with db.transaction() as tx:
            await tx.run("UPDATE statuses SET favourites_count = $1", many)
        before = db.statements
        await like(person)
        spent.append(db.statements - before)
    assert spent[1] <= spent[0]
    count = await db.fetch_value("SELECT favourites_count FROM statuses WHERE id = $1", status)
    assert count == 1_000_001


@pytest.mark.parametrize("counter", ["favourites_count", "reblogs_count", "replies_count"])
async def test_a_counter_that_is_wrong_already_never_goes_below_zero(
    services: Services, counter: str
) -> None:
    world = await Writers.begin(services)
    await world.do(("post", 0, 0, "public"))
    for action in ("favourite", "reblog", "reply"):
        await world.do((action, 1, 0, "public"))
    async with services.db.transaction() as tx:
        await tx.run(f"UPDATE statuses SET {counter} = 0")
        await tx.run("UPDATE accounts SET statuses_count = 0")
    await world.do(("unfavourite", 1, 0, "public"))
    await world.do(("unreblog", 1, 0, "public"))
    await world.do(("delete", 1, 2, "public"))
    rows = await services.db.fetch(f"SELECT {counter} FROM statuses")
    assert [row[0] for row in rows] == [0]
    rows = await services.db.fetch("SELECT DISTINCT statuses_count FROM accounts")
    assert [row[0] for row in rows] == [0]
