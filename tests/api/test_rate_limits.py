"""Limits that all processes count together: what guards signing in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from falcon import testing

from stentor import app
from stentor.api import rate_limits
from stentor.api.rate_limits import APPS, OAUTH_TOKEN, SIGN_IN, SIGN_IN_ACCOUNT, SIGN_UP, RateLimits
from stentor.api.services import Services
from stentor.domain import times
from stentor.store import rate_counts
from stentor.store.database import Database, StorageProblem
from tests.factories import NOW
from tests.helpers import Client, Clock

LATE = NOW // times.HOUR * times.HOUR + times.HOUR  # an hour begins


async def throttled(limits: RateLimits, db: Database, key: str, now: int) -> bool:
    try:
        await limits.take_shared(db, [(SIGN_IN, key)], now)
    except rate_limits.Throttled:
        return True
    return False


@pytest.mark.parametrize("limit", [APPS, OAUTH_TOKEN, SIGN_IN, SIGN_IN_ACCOUNT, SIGN_UP])
def test_what_guards_signing_in_is_shared(limit: rate_limits.Limit):
    assert limit.shared


async def test_processes_count_together_and_a_restart_forgets_nothing(db: Database):
    processes = [RateLimits(on=True) for _ in range(3)]
    refused = [await throttled(processes[n % 3], db, "ann", LATE) for n in range(30)]
    assert refused == [False] * SIGN_IN.count + [True] * 5
    assert await throttled(RateLimits(on=True), db, "ann", LATE)  # as after a restart
    assert not await throttled(processes[0], db, "bob", LATE)
    assert not await throttled(processes[0], db, "ann", LATE + SIGN_IN.window)


async def test_what_is_left_is_told_of_all_processes(db: Database):
    one, other = RateLimits(on=True), RateLimits(on=True)
    await one.take_shared(db, [(SIGN_IN, "ann")], LATE)
    left = await other.take_shared(db, [(SIGN_IN, "ann")], LATE)
    assert left is not None
    assert (left.limit, left.remaining, left.reset) == (25, 23, LATE + SIGN_IN.window)


async def test_a_flood_that_is_refused_costs_the_database_nothing(db: Database):
    limits = RateLimits(on=True)
    for _ in range(SIGN_IN.count + 1):
        await throttled(limits, db, "ann", LATE)
    before = db.statements
    assert all([await throttled(limits, db, "ann", LATE) for _ in range(100)])
    assert db.statements == before


async def test_nobodys_address_or_name_is_kept(db: Database):
    await throttled(RateLimits(on=True), db, "ann@example.org", LATE)
    rows = await db.fetch("SELECT name, who FROM rate_counts")
    assert len(rows) == 1
    assert "ann" not in str([tuple(row) for row in rows])


async def test_windows_that_have_ended_are_swept(db: Database):
    limits = RateLimits(on=True)
    await throttled(limits, db, "ann", LATE)
    await throttled(limits, db, "bob", LATE + SIGN_IN.window)
    async with db.transaction() as tx:
        assert await rate_counts.sweep(tx, now=LATE + SIGN_IN.window) == 1
        assert await rate_counts.sweep(tx, now=LATE + SIGN_IN.window) == 0


async def test_two_servers_refuse_the_sixth_application(services: Services, clock: Clock):
    """Through the whole of two applications on one database."""
    form = {"client_name": "x", "redirect_uris": "https://x.example/"}
    async with (
        testing.ASGIConductor(app.build(replace(services, limits=RateLimits(on=True)))) as one,
        testing.ASGIConductor(app.build(replace(services, limits=RateLimits(on=True)))) as other,
    ):
        clients = [Client(one, services), Client(other, services)]
        answers = [await clients[n % 2].post("/api/v1/apps", form=form) for n in range(7)]
    assert [one.status for one in answers] == [200] * 5 + [429] * 2
    assert [int(one.headers["x-ratelimit-remaining"]) for one in answers] == [4, 3, 2, 1, 0, 0, 0]


async def test_what_guards_signing_in_is_closed_while_it_cannot_be_counted(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_: object, **__: object) -> int:
        raise StorageProblem

    monkeypatch.setattr(rate_counts, "add", broken)
    limited = replace(services, limits=RateLimits(on=True))
    async with testing.ASGIConductor(app.build(limited)) as conductor:
        client = Client(conductor, limited)
        form = {"client_name": "x", "redirect_uris": "https://x.example/"}
        assert (await client.post("/api/v1/apps", form=form)).status == 503
        assert (await client.get("/api/v1/instance")).status == 200
