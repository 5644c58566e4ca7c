"""/api/stentor/v1/push: the ledger is the owner's own, and a test takes the usual way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stentor.api import push_deliveries as api
from stentor.domain.push_deliveries import PushAttempt
from stentor.store import push_attempts
from stentor.store.database import Database
from tests import factories as make
from tests.factories import NOW
from tests.helpers import Client
from tests.push.office import Office, check
from tests.push_service import PushService, Reply

LEDGER, TEST = "/api/stentor/v1/push/deliveries", "/api/stentor/v1/push/test"


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Office]:
    one = Office(db)
    yield one
    await one.close()


async def note(db: Database, account_id: int, number: int, **values: Any) -> None:
    row = PushAttempt(0, account_id, 7, number, 1, NOW, 31, 201, "delivered", None, None)
    async with db.transaction() as tx:
        await push_attempts.add(tx, [row._replace(**values)])


async def test_the_ledger_says_what_happened_and_what_follows(client: Client, db: Database) -> None:
    alice = await make.make_account(db)
    await note(db, alice.id, 5)
    await note(db, alice.id, 6, status=None, outcome="retry", problem="timeout", next_at=NOW + 1500,
               attempt=3, latency=10_000)  # fmt: skip
    answer = await client.get(LEDGER, alice)
    assert answer.status == 200
    second, first = answer.json
    assert first == {
        "id": first["id"], "notification_id": "5", "test": False, "attempt": 1,
        "started_at": "2026-06-01T12:00:00.000Z", "latency": 31, "status": 201,
        "outcome": "delivered", "problem": None, "explanation": "The push service has taken it.",
        "next_attempt_at": None,
    }  # fmt: skip
    assert (second["status"], second["outcome"], second["problem"], second["attempt"]) == (
        None, "retry", "timeout", 3,
    )  # fmt: skip
    assert second["next_attempt_at"] == "2026-06-01T12:00:01.500Z"


async def test_nobody_sees_anothers_attempts(client: Client, db: Database) -> None:
    alice, bob = await make.make_account(db), await make.make_account(db)
    await note(db, alice.id, 5)
    assert (await client.get(LEDGER, bob)).json == []


async def test_the_ledger_is_paged(client: Client, db: Database) -> None:
    alice = await make.make_account(db)
    for number in range(1, 8):
        await note(db, alice.id, number)
    answer = await client.get(LEDGER, alice, params={"limit": 3})
    assert [row["notification_id"] for row in answer.json] == ["7", "6", "5"]
    answer = await client.get(
        LEDGER, alice, params={"limit": 3, "max_id": answer.links["next"]["max_id"][0]}
    )
    assert [row["notification_id"] for row in answer.json] == ["4", "3", "2"]
    answer = await client.get(
        LEDGER, alice, params={"limit": 2, "min_id": answer.links["prev"]["min_id"][0]}
    )
    assert [row["notification_id"] for row in answer.json] == ["6", "5"]


async def test_attempts_are_forgotten_after_a_week(db: Database) -> None:
    alice = await make.make_account(db)
    await note(db, alice.id, 1, started_at=NOW - push_attempts.KEPT - 1)
    await note(db, alice.id, 2, started_at=NOW - push_attempts.KEPT)
    async with db.transaction() as tx:
        assert await push_attempts.old_push_attempts(tx, now=NOW) == 1
    rows = await db.fetch("SELECT notification_id FROM push_attempts")
    assert [row[0] for row in rows] == [2]


@pytest.mark.parametrize(("method", "path"), [("GET", LEDGER), ("POST", TEST)])
async def test_only_a_token_for_push_may(
    client: Client, db: Database, method: str, path: str
) -> None:
    assert (await client.request(method, path)).status == 401
    reader = await make.make_account(db, token="read write follow")
    assert (await client.request(method, path, reader)).status == 403


async def test_without_a_subscription_there_is_nothing_to_test(
    client: Client, db: Database, office: Office
) -> None:
    alice = await office.person("https://push.example/1")
    other = await make.make_token(db, alice.id)
    answer = await client.post(TEST, other)
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})
    assert await office.rows() == []


async def test_a_test_arrives_and_says_how_long_it_took(client: Client, office: Office) -> None:
    async with PushService() as service:
        alice = await office.person(service.url("/alice"))
        office.start()
        answer = await client.post(TEST, alice)
        assert answer.status == 200, answer
        body = answer.json
        assert (body["outcome"], body["status"], body["problem"]) == ("delivered", 201, None)
        assert 0 <= body["latency"] < 10_000
        (message,) = service.received
        assert message.payload["notification_id"] == 0
        assert message.payload["access_token"] == alice.token
        assert message.payload["title"]
        check(service)
        await office.until(office.empty)
    (row,) = (await client.get(LEDGER, alice)).json
    assert (row["test"], row["notification_id"], row["outcome"]) == (True, None, "delivered")


@pytest.mark.parametrize(
    ("reply", "outcome", "status", "problem"),
    [
        (Reply(503), "retry", 503, None),
        (Reply(403), "refused", 403, None),
        (Reply(410), "gone", 410, None),
        (Reply(413), "too_large", 413, None),
        (Reply(kind="reset"), "retry", None, "connection"),
    ],
)
async def test_a_test_that_fails_says_why_and_is_not_repeated(
    client: Client, office: Office, reply: Reply, outcome: str, status: int | None,
    problem: str | None,
) -> None:  # fmt: skip
    async with PushService() as service:
        service.tell(None, reply)
        alice = await office.person(service.url("/alice"))
        office.start()
        body = (await client.post(TEST, alice)).json
        assert (body["outcome"], body["status"], body["problem"]) == (outcome, status, problem)
        await office.until(office.empty)
        office.clock.advance(hours=3)
        await asyncio.sleep(0.7)
        assert len(service.received) == 1
    assert (len(await office.subscriptions()) == 1) == (status != 410)


async def test_a_test_that_nobody_sends_says_that_it_waits(
    client: Client, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PATIENCE", 0.3)
    alice = await office.person("https://push.example/1")
    body = (await client.post(TEST, alice)).json
    assert (body["outcome"], body["status"], body["latency"]) == ("waiting", None, None)
    assert await office.rows() == [], "and it is not sent when nobody waits for it any more"


async def test_each_test_has_its_own_answer(client: Client, office: Office) -> None:
    async with PushService() as service:
        service.tell("/alice", Reply(500), Reply(201))
        alice = await office.person(service.url("/alice"))
        office.start()
        assert (await client.post(TEST, alice)).json["outcome"] == "retry"
        assert (await client.post(TEST, alice)).json["outcome"] == "delivered"
