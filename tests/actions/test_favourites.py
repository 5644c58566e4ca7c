"""Favourites that are given at the same moment share a transaction, and stay each other's equal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from stentor.actions import favourites
from stentor.domain.statuses import NO_MARKS
from stentor.errors import NotFound
from stentor.store.database import Database
from stentor.together import Together
from tests.factories import NOW, Person, insert, make_account, make_status
from tests.fixtures import RecordingBus, query_budget


async def people(db: Database, count: int) -> list[Person]:
    """That many, without tokens."""
    return [await make_account(db, token=None) for _ in range(count)]


async def give(db: Database, bus: RecordingBus, *pairs: tuple[Person, int]) -> list[Any]:
    """All at once: what came of each."""
    return await asyncio.gather(
        *(
            favourites.favourite(db, bus, account_id=person.id, status_id=status_id, now=NOW)
            for person, status_id in pairs
        ),
        return_exceptions=True,
    )


def give_all(db: Database, bus: RecordingBus) -> Any:
    """The work of `Together`, after everybody has looked whether he may."""

    async def work(wanted: Any) -> list[None]:
        await favourites._give(db, bus, wanted)
        return [None] * len(wanted)

    return work


async def counts(db: Database, status_id: int) -> tuple[int, int, int]:
    """The counter of a status, its favourites, and the notifications of them."""
    counter = await db.fetch_value("SELECT favourites_count FROM statuses WHERE id = $1", status_id)
    rows = await db.fetch_value("SELECT count(*) FROM favourites WHERE status_id = $1", status_id)
    told = await db.fetch_value(
        "SELECT count(*) FROM notifications WHERE status_id = $1", status_id
    )
    return counter, rows, told


async def test_many_at_once_are_all_kept_told_of_and_grouped(
    db: Database, bus: RecordingBus
) -> None:
    ann, bob, *fans = await people(db, 27)
    theirs = [await make_status(db, ann.id), await make_status(db, bob.id)]
    wanted = [(fan, status_id) for fan in fans for status_id in theirs]
    for (fan, status_id), seen in zip(wanted, await give(db, bus, *wanted), strict=True):
        assert (seen.viewer_id, list(seen.statuses)) == (fan.id, [status_id])
        assert seen.may_show(status_id)
        assert seen.marks_of(status_id) == NO_MARKS._replace(favourited=True)
    for author, status_id in zip((ann, bob), theirs, strict=True):
        assert await counts(db, status_id) == (25, 25, 25)
        group = await db.fetch_row(
            "SELECT notifications_count, newest_id, oldest_id, segment_first_id, segment_count,"
            " newest FROM notification_groups WHERE account_id = $1",
            author.id,
        )
        members = await db.fetch(
            "SELECT id, from_account_id FROM notifications WHERE account_id = $1 ORDER BY id DESC",
            author.id,
        )
        assert group is not None
        last, first = members[0][0], members[-1][0]
        assert tuple(group[:5]) == (25, last, first, first, 25)
        assert json.loads(group[5]) == [list(row) for row in members[:8]]
    told = {(news.account_id, news.id) for news in bus.news if news.kind == "notification"}
    assert len(told) == 50


async def test_many_at_once_cost_hardly_more_statements_than_one(
    db: Database, bus: RecordingBus
) -> None:
    ann, *fans = await people(db, 31)
    status_ids = [await make_status(db, ann.id) for _ in fans]
    await give(db, bus, *zip(fans, status_ids, strict=True))
    more = [await make_status(db, ann.id) for _ in fans]
    # One transaction, or two if some have been quicker than others. SQLite makes no trips: there
    # what each may see is a statement of its own.
    own = len(fans) if db.engine == "sqlite" else 0
    with query_budget(db, own + 2 * 15):
        await give(db, bus, *zip(fans, more, strict=True))


async def test_twice_at_once_counts_once(db: Database, bus: RecordingBus) -> None:
    ann, bob = await people(db, 2)
    status_id = await make_status(db, ann.id)
    for seen in await give(db, bus, *[(bob, status_id)] * 5):
        assert seen.statuses[status_id].favourites_count == 1
    assert await counts(db, status_id) == (1, 1, 1)


async def test_whoever_may_not_is_told_so_and_the_others_get_theirs(
    db: Database, bus: RecordingBus
) -> None:
    ann, bob, cyd, dan = await people(db, 4)
    public = await make_status(db, ann.id)
    private = await make_status(db, ann.id, visibility="private")
    reblog = await make_status(db, bob.id, reblog_of_id=public)
    hidden = await make_status(db, bob.id, reblog_of_id=private)
    await insert(db, "blocks", account_id=cyd.id, target_account_id=ann.id, created_at=NOW)
    wanted = [(bob, public), (bob, private), (bob, 1), (cyd, public), (bob, hidden), (dan, reblog)]
    outcomes = await give(db, bus, *wanted, *[(ann, private), (cyd, reblog)])
    assert [type(one).__name__ for one in outcomes] == [
        "LoadedStatuses", "NotFound", "NotFound", "NotAllowed", "NotFound", "LoadedStatuses",
        "LoadedStatuses", "NotAllowed",
    ]  # fmt: skip
    assert outcomes[5].may_show(reblog)
    assert outcomes[5].marks_of(reblog).favourited
    assert await counts(db, public) == (2, 2, 2)
    assert await counts(db, reblog) == (0, 0, 0)
    assert await counts(db, private) == (1, 1, 0)


async def test_ones_own_is_counted_and_not_told(db: Database, bus: RecordingBus) -> None:
    ann, bob = await people(db, 2)
    status_id = await make_status(db, ann.id)
    await give(db, bus, (ann, status_id), (bob, status_id))
    assert await counts(db, status_id) == (2, 2, 1)


async def test_a_status_that_goes_meanwhile_takes_nothing_from_the_others(
    db: Database, bus: RecordingBus
) -> None:
    ann, *fans = await people(db, 7)
    stays, goes = await make_status(db, ann.id), await make_status(db, ann.id)
    # Everybody has seen both, and nobody has favourited one yet.
    async with db.transaction() as tx:
        await tx.run("DELETE FROM statuses WHERE id = $1", goes)
    giving: Together[favourites.Favourite, None] = Together(give_all(db, bus), most=64)
    outcomes = await asyncio.gather(
        *(
            giving(favourites.Favourite(fan.id, status_id, ann.id, NOW))
            for fan, status_id in zip(fans, [stays, goes] * 3, strict=True)
        ),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in outcomes] == ["NoneType", "RecordNotFound"] * 3
    assert await counts(db, stays) == (3, 3, 3)
    assert await db.fetch_value("SELECT count(*) FROM notifications") == 3
    for outcome in await give(db, bus, (fans[0], goes)):
        assert isinstance(outcome, NotFound)
