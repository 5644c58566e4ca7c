"""People act at the same time, in any order; whatever they do, the lists say what the rows say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stentor.actions import jobs
from stentor.store.database import Database
from tests.communities import begin
from tests.fixtures import RecordingBus
from tests.helpers import Client

PEOPLE = ("ann", "bob", "cat")
who = st.sampled_from(PEOPLE)
some = st.integers(0, 30)

ACTS = st.one_of(
    st.tuples(st.just("post"), who, who, st.sampled_from(["public", "private", "direct"]), some),
    st.tuples(st.sampled_from(["favourite", "unfavourite", "reblog", "unreblog"]), who, some),
    st.tuples(st.sampled_from(["mute", "unmute"]), who, some),
    st.tuples(st.sampled_from(["delete", "edit", "ask", "vote"]), who, some),
    st.tuples(
        st.sampled_from(["follow", "listen", "unfollow", "block", "unblock", "hide", "unhide"]),
        who, who,
    ),
    st.tuples(st.sampled_from(["dismiss", "dismiss_group"]), who, some),
    st.tuples(st.just("clear"), who),
    st.tuples(st.sampled_from(["accept", "dismiss_request", "dismiss_requests"]), who, some),
    st.tuples(
        st.just("policy"), who,
        st.sampled_from(["for_not_following", "for_private_mentions"]),
        st.sampled_from(["accept", "filter", "drop"]),
    ),
    st.tuples(st.just("marker"), who, some),
)  # fmt: skip
#: Each inner list happens at once.
HISTORIES = st.lists(st.lists(ACTS, min_size=1, max_size=6), min_size=4, max_size=14)


@given(history=HISTORIES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)
async def test_whatever_people_do_the_lists_stay_true(
    client: Client, bus: RecordingBus, history: list[list[tuple[Any, ...]]]
) -> None:
    community = await begin(client, *PEOPLE)
    for at_once in history:
        await asyncio.gather(*(community.act(*act) for act in at_once))
        # Polls of five minutes end after each round.
        await jobs.work_off(client.db, bus, now=client.services.now() + 300_000)
        await community.check()


async def test_a_control_that_the_check_can_see(client: Client, db: Database) -> None:
    """A group row that is off by one is found."""
    community = await begin(client, *PEOPLE)
    await community.act("post", "ann", "ann", "public", 1)
    await community.act("favourite", "bob", 0)
    await community.check()
    async with db.transaction() as tx:
        await tx.run("UPDATE notification_groups SET notifications_count = 2")
    with pytest.raises(AssertionError):
        await community.check()
