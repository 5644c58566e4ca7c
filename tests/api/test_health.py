"""A database that takes nothing more: writing is refused, reading goes on, and it passes."""

from __future__ import annotations

from collections.abc import Iterator

import apsw
import pytest

from stentor.store.database import Database
from tests.chaos.faulty_files import FaultyFile, FaultyFiles
from tests.factories import make_account
from tests.helpers import Client


class Disk:
    """Has room, or not."""

    full = False

    def before(self, file: FaultyFile, end: int) -> None:
        if self.full and end > file.xFileSize():
            raise apsw.FullError


@pytest.fixture(autouse=True)
def disk() -> Iterator[Disk]:
    """Under every database that a test opens after this."""
    disk = Disk()
    layer = FaultyFiles(disk.before)
    yield disk
    layer.unregister()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_finds_no_room_is_refused_until_there_is_some(
    client: Client, db: Database, disk: Disk
):
    alice = await make_account(db, "alice")
    before = await client.post("/api/v1/statuses", alice, json={"status": "before"})
    disk.full = True
    for _ in range(3):
        refused = await client.post("/api/v1/statuses", alice, json={"status": "too much"})
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json == {
            "error": "There was a temporary problem serving your request, please try again"
        }
    listed = await client.get("/api/v1/timelines/home", alice)
    assert [one["id"] for one in listed.json] == [before.json["id"]]
    for _ in range(3):  # though nobody else writes
        health = await client.get("/health")
        assert (health.status, health.text) == (200, "degraded")
    assert (await client.get("/api/v1/streaming/health")).text == "OK"
    disk.full = False
    assert (await client.get("/health")).text == "degraded"
    assert (await client.get("/health")).text == "OK"
    after = await client.post("/api/v1/statuses", alice, json={"status": "there is room"})
    listed = await client.get("/api/v1/timelines/home", alice)
    assert [one["id"] for one in listed.json] == [after.json["id"], before.json["id"]]


async def test_trouble_is_told_of_once_when_it_has_passed(client: Client, db: Database):
    assert (await client.get("/health")).text == "OK"
    db.troubled = True
    said = [(await client.get("/health")).text for _ in range(3)]
    assert said == ["degraded", "OK", "OK"]
