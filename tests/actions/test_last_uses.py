"""When tokens were used and people were here: at most once a day, and never while they wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from stentor.actions import last_uses
from stentor.actions.last_uses import LastUses
from stentor.app import create_app
from stentor.config import Settings
from stentor.store.database import Database, StorageProblem
from tests.factories import NOW, Person, make_account, make_token
from tests.fixtures import query_budget
from tests.helpers import Client, Clock

PATH = "/api/v1/notifications"
A_DAY = 24 * 3_600_000


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who comes and goes."""
    return await make_account(db, "ann")


async def noted(db: Database) -> tuple[int | None, int | None]:
    """When the one token was used, and when the one person was here."""
    row = await db.fetch_row(
        "SELECT t.last_used_at, u.last_active_at FROM access_tokens t"
        " JOIN users u ON u.account_id = t.account_id"
    )
    assert row is not None
    return row[0], row[1]


async def test_a_use_is_written_once_a_day_and_not_by_the_request(
    client: Client, ann: Person, clock: Clock
) -> None:
    uses, db = client.services.last_uses, client.db
    for _ in range(5):
        assert (await client.get(PATH, ann)).status == 200
    assert await noted(db) == (None, None)
    assert await uses.write(db) == 1
    assert await noted(db) == (NOW, NOW)
    clock.advance(milliseconds=A_DAY - 1)
    await client.get(PATH, ann)
    assert await uses.write(db) == 0
    clock.advance(milliseconds=1)
    await client.get(PATH, ann)
    assert await uses.write(db) == 1
    assert await noted(db) == (NOW + A_DAY, NOW + A_DAY)


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("GET", PATH, True),
        ("GET", "/api/v1/timelines/public", True),
        ("GET", f"{PATH}/99", True),
        ("POST", "/api/v1/admin/accounts/1/action", False),
        ("GET", "/health", False),
    ],
)
async def test_only_a_good_token_counts(
    client: Client, db: Database, method: str, path: str, counts: bool
) -> None:
    """A refused one does not; what is asked for need not be there."""
    ann = await make_account(db, "ann", token="read write")
    await client.request(method, path, ann)
    await client.services.last_uses.write(db)
    assert (await noted(db))[1] == (NOW if counts else None)


async def test_an_applications_own_token_has_nobody_behind_it(client: Client) -> None:
    token = await make_token(client.db, None, "read")
    await client.get("/api/v1/apps/verify_credentials", token)
    assert await client.services.last_uses.write(client.db) == 1
    assert await client.db.fetch_value("SELECT last_used_at FROM access_tokens") == NOW


async def test_many_are_written_together_and_an_earlier_time_never_wins(db: Database) -> None:
    people = [await make_account(db) for _ in range(5)]
    rows = await db.fetch("SELECT id, account_id FROM access_tokens ORDER BY id")
    uses = LastUses()
    for number, row in enumerate(rows):
        uses.saw(row[0], row[1], last_used_at=None, now=NOW + number)
    with query_budget(db, 2):
        assert await uses.write(db) == len(people)
    uses.saw(rows[0][0], rows[0][1], last_used_at=None, now=NOW - 5)
    await uses.write(db)
    assert await db.fetch_value("SELECT min(last_active_at) FROM users") == NOW + 4
    assert await db.fetch_value("SELECT min(last_used_at) FROM access_tokens") == NOW + 4


async def test_what_waits_is_bounded(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_uses, "MOST", 3)
    monkeypatch.setattr(last_uses, "BATCH", 2)
    uses = LastUses()
    for token_id in (1, 2, 3, 4, 3):
        uses.saw(token_id, None, last_used_at=None, now=NOW)
    assert await uses.write(db) == 3


class Broken:
    """A database that cannot be written to for now."""

    def transaction(self) -> None:
        raise StorageProblem


async def test_what_cannot_be_written_waits_for_the_next_round(client: Client, ann: Person) -> None:
    await client.get(PATH, ann)
    uses = client.services.last_uses
    await last_uses.attempt(Broken(), uses)  # type: ignore[arg-type]  # breaks at the first word
    assert await noted(client.db) == (None, None)
    task = asyncio.create_task(last_uses.run(client.db, uses, pause=0.001))
    try:
        async with asyncio.timeout(60):
            while True:
                if await noted(client.db) == (NOW, NOW):
                    break
                await asyncio.sleep(0.005)
    finally:
        task.cancel()


async def test_a_server_that_stops_writes_what_waits(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"), rate_limits=False)
    app = create_app(settings)
    await app.start()
    assert app.services is not None
    ann = await make_account(app.services.db, "ann")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as ask:
        headers = {"Authorization": f"Bearer {ann.token}"}
        assert (await ask.get(PATH, headers=headers)).status_code == 200
    await app.stop()
    await app.start()
    try:
        assert app.services is not None
        assert None not in await noted(app.services.db)
    finally:
        await app.stop()
