"""What the server tidies up by itself: what is over, a little at a time, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from stentor.actions import housekeeping as actions
from stentor.domain import times
from stentor.store import housekeeping
from stentor.store.database import Database
from tests import factories
from tests.factories import NOW


async def application(db: Database, name: str, at: int) -> int:
    await factories.insert(
        db, "applications", name=name, redirect_uris="x", scopes="read", client_id=name,
        secret_hash=name.encode(), created_at=at,
    )  # fmt: skip
    return await db.fetch_value("SELECT id FROM applications WHERE client_id = $1", name)


async def names(db: Database, table: str, column: str) -> set:
    return {row[0] for row in await db.fetch(f"SELECT {column} FROM {table}")}


async def test_idempotency_keys_live_for_an_hour(db: Database):
    alice = await factories.make_account(db, "alice")
    for key, at in (("old", NOW - times.HOUR), ("new", NOW - times.HOUR + 1)):
        await factories.insert(
            db, "idempotency_keys", account_id=alice.id, key=key, status_id=1, created_at=at
        )
    done = await actions.tidy(db, actions.CHORES, now=NOW)
    assert done["old_idempotency_keys"] == 1
    assert await names(db, "idempotency_keys", "key") == {"new"}


async def test_ended_mutes_are_removed_and_others_stay(db: Database):
    alice, *others = [await factories.make_account(db) for _ in range(4)]
    for other, expires_at in zip(others, (NOW - 1, NOW + 1, None), strict=True):
        await factories.insert(
            db, "mutes", account_id=alice.id, target_account_id=other.id,
            expires_at=expires_at, created_at=NOW - times.DAY,
        )  # fmt: skip
    await actions.tidy(db, actions.CHORES, now=NOW)
    assert await names(db, "mutes", "target_account_id") == {others[1].id, others[2].id}


async def test_consents_are_kept_for_a_day_after_their_end(db: Database):
    alice = await factories.make_account(db, "alice")
    app = await application(db, "app", NOW)
    for code, expires_at in ((b"old", NOW - times.DAY), (b"ended", NOW - 1), (b"live", NOW + 1)):
        await factories.insert(
            db, "access_grants", code_hash=code, application_id=app, account_id=alice.id,
            redirect_uri="x", scopes="read", response_mode="query", expires_at=expires_at,
        )  # fmt: skip
    await actions.tidy(db, actions.CHORES, now=NOW)
    assert {bytes(code) for code in await names(db, "access_grants", "code_hash")} == {
        b"ended",
        b"live",
    }


async def test_browsers_that_stayed_away_are_forgotten(db: Database):
    alice = await factories.make_account(db, "alice")
    for name, seen_at in ((b"old", NOW - 16 * times.DAY), (b"new", NOW - 13 * times.DAY)):
        await factories.insert(
            db, "web_sessions", token_hash=name, account_id=alice.id,
            created_at=NOW - 20 * times.DAY, seen_at=seen_at,
        )  # fmt: skip
    await actions.tidy(db, actions.CHORES, now=NOW)
    assert {bytes(one) for one in await names(db, "web_sessions", "token_hash")} == {b"new"}


async def test_applications_that_nobody_used_are_forgotten_after_a_day(db: Database):
    old = NOW - times.DAY
    signed_up = await application(db, "signed-up", old)
    await factories.make_account(db, "bob", user={"created_by_application_id": signed_up})
    alice = await factories.make_account(db, "alice")
    await application(db, "unused", old)
    await application(db, "fresh", old + 1)
    own = await application(db, "own-token", old)
    await factories.make_token(db, None, application_id=own)
    revoked = await application(db, "revoked-token", old)
    await factories.make_token(db, alice.id, application_id=revoked, revoked_at=old)
    done = await actions.tidy(db, actions.RARE_CHORES, now=NOW)
    assert done == {"unused_applications": 1}
    assert await names(db, "applications", "name") == {
        "signed-up", "fresh", "own-token", "revoked-token",
    }  # fmt: skip


async def test_a_backlog_is_worked_off_in_small_transactions(db: Database, monkeypatch):
    monkeypatch.setattr(housekeeping, "MOST", 3)
    alice = await factories.make_account(db, "alice")
    for number in range(40):
        await factories.insert(
            db, "idempotency_keys", account_id=alice.id, key=str(number), status_id=1, created_at=0
        )
    chores = (housekeeping.old_idempotency_keys,)
    assert await actions.tidy(db, chores, now=NOW) == {"old_idempotency_keys": 30}
    assert await actions.tidy(db, chores, now=NOW) == {"old_idempotency_keys": 10}
    assert await actions.tidy(db, chores, now=NOW) == {"old_idempotency_keys": 0}


async def test_it_goes_on_after_a_failure(db: Database, monkeypatch):
    calls = []
    enough = asyncio.Event()

    async def chore(tx: object, *, now: int) -> int:
        calls.append(now)
        if len(calls) == 1:
            raise RuntimeError("the first time")
        if len(calls) == 3:
            enough.set()
        return 0

    monkeypatch.setattr(actions, "CHORES", (chore,))
    task = asyncio.create_task(actions.run(db, now=lambda: NOW, pause=0.001))
    await asyncio.wait_for(enough.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls[:3] == [NOW] * 3
