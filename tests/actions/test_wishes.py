"""Who blocks, mutes or lets somebody in at the very moment that this one acts is obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from stentor.actions import blocks, favourites, jobs, mutes, notification_requests, statuses
from stentor.api.services import Services
from stentor.domain.statuses import Draft
from stentor.errors import PublicError
from tests import invariants
from tests.factories import NOW, make_account, make_status

#: Without the inbox being held first, nearly every round fails on PostgreSQL.
ROUNDS = 12


async def quietly(act: Awaitable[Any]) -> None:
    """What is refused is refused; it is never a fault of ours."""
    try:
        await act
    except PublicError as problem:
        assert problem.status < 500


@pytest.mark.parametrize("how", ["block", "mute"])
async def test_nothing_is_left_of_whom_one_blocks_or_mutes_while_he_acts(
    services: Services, how: str
) -> None:
    db, bus = services.db, services.bus
    for _ in range(ROUNDS):
        ann, bob = await make_account(db, token=None), await make_account(db, token=None)
        written = [await make_status(db, ann.id) for _ in range(2)]
        wish: Awaitable[Any] = (
            blocks.block(db, ann.id, bob.id, now=NOW)
            if how == "block"
            else mutes.mute(db, ann.id, bob.id, notifications=True, duration=0, now=NOW)
        )
        await asyncio.gather(
            *(
                quietly(favourites.favourite(db, bus, account_id=bob.id, status_id=one, now=NOW))
                for one in written
            ),
            wish,
        )
    await invariants.check_wishes(db)
    await invariants.check(db)


async def test_nothing_stays_filtered_of_whom_one_lets_in_while_he_writes(
    services: Services,
) -> None:
    db, bus = services.db, services.bus
    for _ in range(ROUNDS):
        ann, cat = await make_account(db, token=None), await make_account(db, token=None)

        async def write(number: int, by: int = cat.id, to: str = ann.username) -> None:
            draft = Draft(text=f"@{to} {number}", visibility="direct")
            await statuses.post(
                db, bus, ids=services.ids, links=services.links, account_id=by, draft=draft, now=NOW
            )

        async def let_in(account_id: int = ann.id) -> None:
            request_id = await db.fetch_value(
                "SELECT id FROM notification_requests WHERE account_id = $1", account_id
            )
            await notification_requests.accept(db, account_id, [request_id], now=NOW)
            await jobs.work_off(db, bus, now=NOW)

        await write(0)
        await asyncio.gather(write(1), write(2), let_in(), write(3))
        await jobs.work_off(db, bus, now=NOW)
    await invariants.check_wishes(db)
    await invariants.check(db)
    assert await db.fetch("SELECT id FROM notification_requests") == []
