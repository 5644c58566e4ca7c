"""/api/v1/markers (notifications.md 7, A82 to A84)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.actions import markers as actions
from stentor.errors import Conflict
from stentor.store import markers
from stentor.store.database import Database
from stentor.store.markers import Marker
from tests.factories import NOW, Person, make_account
from tests.helpers import Client

PATH = "/api/v1/markers"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whose markers they are."""
    return await make_account(db, "ann")


async def move(client: Client, ann: Person, last_read_id: Any) -> Any:
    """Moves the notifications' marker; its entity."""
    answer = await client.post(PATH, ann, json={"notifications": {"last_read_id": last_read_id}})
    assert answer.status == 200, answer
    return answer.json["notifications"]


async def test_the_version_counts_real_changes(client: Client, ann: Person) -> None:
    """A82; also backwards."""
    assert await move(client, ann, "42") == {
        "last_read_id": "42", "version": 1, "updated_at": "2026-06-01T12:00:00.000Z",
    }  # fmt: skip
    client.services.now.advance(seconds=5)  # type: ignore[attr-defined]  # the tests' clock
    assert (await move(client, ann, "42"))["updated_at"] == "2026-06-01T12:00:00.000Z"
    assert (await move(client, ann, 42))["version"] == 1
    moved = await move(client, ann, "43")
    assert (moved["version"], moved["updated_at"]) == (2, "2026-06-01T12:00:05.000Z")
    back = await move(client, ann, "40")
    assert (back["version"], back["last_read_id"]) == (3, "40")


async def test_only_existing_ones_are_shown(client: Client, ann: Person) -> None:
    assert (await client.get(PATH, ann)).json == {}
    assert (await client.get(PATH, ann, params="timeline=notifications")).json == {}
    await move(client, ann, "5")
    for query in ("timeline=notifications", "timeline[]=notifications&timeline[]=home",
                  "timeline[]=x&timeline[]=notifications"):  # fmt: skip
        assert set((await client.get(PATH, ann, params=query)).json) == {"notifications"}
    assert (await client.get(PATH, ann, params="timeline=home")).json == {}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("12abc", "12"), ("abc", "0"), ("-5", "0"), ("9" * 30, str(2**63 - 1)), (True, "0")],
)
async def test_an_id_is_read_by_its_prefix(
    client: Client, ann: Person, sent: Any, stored: str
) -> None:
    assert (await move(client, ann, sent))["last_read_id"] == stored


@pytest.mark.parametrize("sent", ["", None, [], {}])
async def test_a_blank_id_is_refused(client: Client, ann: Person, sent: Any) -> None:
    """A84."""
    body = {"home": {"last_read_id": "1"}, "notifications": {"last_read_id": sent}}
    answer = await client.post(PATH, ann, json=body)
    assert (answer.status, answer.json) == (
        422,
        {"error": "Validation failed: Last read can't be blank"},
    )
    assert (await client.get(PATH, ann, params="timeline=home")).json == {}


async def test_an_object_without_an_id_makes_a_marker_at_zero(client: Client, ann: Person) -> None:
    answer = await client.post(PATH, ann, json={"home": {}, "x": {"last_read_id": "1"}})
    assert answer.json == {
        "home": {"last_read_id": "0", "version": 0, "updated_at": "2026-06-01T12:00:00.000Z"}
    }
    assert (await client.post(PATH, ann)).json == {}


async def test_a_lost_race_changes_neither_timeline(db: Database, ann: Person) -> None:
    """A83."""
    await actions.save(db, ann.id, {"home": 1, "notifications": 1}, now=NOW)
    stale = await markers.load(db, ann.id, ["home", "notifications"])
    await actions.save(db, ann.id, {"notifications": 2}, now=NOW)
    with pytest.raises(Conflict):
        async with db.transaction() as tx:
            for name in ("home", "notifications"):
                marker = Marker(name, 9, stale[name].version + 1, NOW)
                await markers.save(tx, ann.id, marker, seen_version=stale[name].version)
    after = await markers.load(db, ann.id, ["home", "notifications"])
    assert (after["home"].last_read_id, after["notifications"].last_read_id) == (1, 2)


async def test_of_many_at_once_each_wins_or_is_told(db: Database, ann: Person) -> None:
    outcomes = await asyncio.gather(
        *(actions.save(db, ann.id, {"home": n}, now=NOW) for n in range(1, 11)),
        return_exceptions=True,
    )
    won = [one for one in outcomes if not isinstance(one, BaseException)]
    assert all(isinstance(one, Conflict) for one in outcomes if isinstance(one, BaseException))
    after = await markers.load(db, ann.id, ["home"])
    assert after["home"].version == len(won) >= 1


async def test_a_client_that_loses_the_race_is_told_so(
    client: Client, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A83, over HTTP: 409, and nothing of its request is kept."""
    for name in ("home", "notifications"):
        await client.post(PATH, ann, json={name: {"last_read_id": "1"}})
    load = markers.load

    async def overtaken(db: Any, account_id: int, timelines: Any) -> Any:
        found = await load(db, account_id, timelines)
        # Somebody else is faster between this look and the writing.
        monkeypatch.setattr(markers, "load", load)
        await actions.save(client.db, account_id, {"notifications": 5}, now=NOW)
        return found

    monkeypatch.setattr(markers, "load", overtaken)
    body = {"home": {"last_read_id": "9"}, "notifications": {"last_read_id": "9"}}
    answer = await client.post(PATH, ann, json=body)
    assert (answer.status, answer.json) == (
        409,
        {"error": "Conflict during update, please try again"},
    )
    left = (await client.get(PATH, ann, params="timeline[]=home&timeline[]=notifications")).json
    assert {name: one["last_read_id"] for name, one in left.items()} == {
        "home": "1", "notifications": "5",
    }  # fmt: skip
    assert (await client.post(PATH, ann, json=body)).status == 200
