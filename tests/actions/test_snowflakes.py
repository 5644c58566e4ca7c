"""Two processes may give out the same id in the same millisecond; nobody notices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from stentor.actions import collections, reblogs, registrations, statuses
from stentor.api.services import Services
from stentor.domain.collections import CollectionText
from stentor.domain.statuses import Draft
from stentor.errors import DuplicateRecord
from stentor.store import snowflakes
from stentor.store.snowflakes import Snowflakes
from tests.factories import Person, make_account, make_status

Make = Callable[[Services, Snowflakes, Person, int], Awaitable[int]]


async def post(given: Services, ids: Snowflakes, who: Person, number: int) -> int:
    return await statuses.post(
        given.db, given.bus, ids=ids, links=given.links, account_id=who.id,
        draft=Draft(text=f"hello {number}", idempotency_key=f"key {number}"), now=given.now(),
    )  # fmt: skip


async def reblog(given: Services, ids: Snowflakes, who: Person, number: int) -> int:
    return await reblogs.reblog(
        given.db, given.bus, ids=ids, account_id=who.id, visibility=None, now=given.now(),
        status_id=await make_status(given.db, who.id, at=number),
    )  # fmt: skip


async def register(given: Services, ids: Snowflakes, who: Person, number: int) -> int:
    made = await registrations.create(
        given.db, ids, username=f"{who.username}{number}", email=f"{number}@example.org",
        password="correct horse battery", now=given.now(),
    )  # fmt: skip
    return made.id


async def collect(given: Services, ids: Snowflakes, who: Person, number: int) -> int:
    return await collections.add(
        given.db, given.bus, ids, who.id, CollectionText(f"name {number}"), now=given.now()
    )


@pytest.mark.parametrize("make", [post, reblog, register, collect])
async def test_an_id_that_another_process_has_given_out_is_replaced(
    services: Services, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbits", lambda _: 7)
    ann = await make_account(services.db, "ann")
    here, there = Snowflakes(), Snowflakes()
    made = [
        await make(services, ids, ann, number)
        for number, ids in enumerate((here, here, there, there, here), start=1)
    ]
    assert len(set(made)) == 5


@pytest.mark.parametrize("make", [post, reblog, register, collect])
async def test_control_without_another_attempt_the_request_would_fail(
    services: Services, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbits", lambda _: 7)
    monkeypatch.setattr(snowflakes, "ATTEMPTS", 1)
    ann = await make_account(services.db, "ann")
    await make(services, Snowflakes(), ann, 1)
    with pytest.raises(DuplicateRecord):
        await make(services, Snowflakes(), ann, 2)
