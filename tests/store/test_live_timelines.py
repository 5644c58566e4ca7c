"""Who sees a status live, against the pages of the same timelines."""

from __future__ import annotations

from collections import defaultdict

import pytest

from stentor.domain.paging import Cursor
from stentor.store import lists, live_timelines, statuses, timelines
from stentor.store.database import Database
from tests.factories import NOW
from tests.fixtures import query_budget
from tests.store.test_timelines import World, build, imagine

ALL = Cursor(500)


async def abouts(db: Database, world: World) -> dict[int, live_timelines.About]:
    loaded = await statuses.load(db, list(world.posts), None, now=NOW)
    return {one: live_timelines.about(loaded, one) for one in world.posts}


@pytest.mark.parametrize("seed", range(6))
async def test_a_status_goes_live_to_those_whose_home_shows_it(db: Database, seed: int) -> None:
    world = imagine(seed)
    await build(db, world)
    pages = {one: set(await timelines.home(db, one, ALL, now=NOW)) for one in world.viewers}
    assert sum(map(len, pages.values())) > 50
    for status_id, about in (await abouts(db, world)).items():
        author = world.posts[status_id].author
        if author in world.suspended:
            continue  # of whom nothing goes live at all
        live = await live_timelines.home(db, world.viewers, about, now=NOW)
        assert live == {one for one, page in pages.items() if status_id in page}


@pytest.mark.parametrize("seed", range(6))
async def test_a_status_goes_live_on_the_lists_that_show_it(db: Database, seed: int) -> None:
    world = imagine(seed)
    await build(db, world)
    shown: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for list_id, (owner, *_) in world.lists.items():
        found = await lists.find(db, owner, list_id)
        assert found is not None
        for status_id in await timelines.of_list(
            db, owner, ALL, list_id=list_id, replies_policy=found.replies_policy, now=NOW
        ):
            shown[status_id].add((list_id, owner))
    assert shown
    owners = {owner for owner, *_ in world.lists.values()}
    for status_id, about in (await abouts(db, world)).items():
        if world.posts[status_id].author in world.suspended:
            continue
        live = await live_timelines.on_lists(db, owners, list(world.lists), about, now=NOW)
        assert set(live) == shown[status_id]
        assert len(live) == len(set(live))


@pytest.mark.parametrize("seed", range(6))
async def test_a_public_status_goes_live_to_those_who_see_it_in_public(
    db: Database, seed: int
) -> None:
    world = imagine(seed)
    await build(db, world)
    for viewer in world.viewers:
        page = await timelines.public(db, viewer, ALL, origin="all", now=NOW)
        authors = {world.posts[one].author for one in page}
        everybody = {
            post.author
            for post in world.posts.values()
            if post.visibility == "public" and post.reblog_of is None and post.reply_to is None
        } - world.suspended
        for author in everybody:
            live = await live_timelines.unasked(db, [viewer], author, now=NOW)
            assert bool(live) == (author in authors)


async def test_any_number_of_listeners_is_asked_about_in_slices(db: Database) -> None:
    world = imagine(1)
    await build(db, world)
    about = next(iter((await abouts(db, world)).values()))
    with query_budget(db, 1):
        await live_timelines.home(db, world.viewers, about, now=NOW)
    with query_budget(db, 3):
        await live_timelines.home(db, range(1, 1200), about, now=NOW)
