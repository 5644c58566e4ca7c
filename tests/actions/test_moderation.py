"""Limit, suspend, disable, delete: what they leave behind in the tables, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import accounts
from stentor.errors import RecordNotFound
from stentor.store.database import Database
from stentor.streaming.bus import News
from tests.factories import NOW, insert, make_account, make_follow, make_status
from tests.fixtures import RecordingBus

VERBS: dict[str, Any] = {
    "limit": lambda db, _, one: accounts.limit(db, one, now=NOW),
    "unlimit": lambda db, _, one: accounts.unlimit(db, one),
    "suspend": lambda db, bus, one: accounts.suspend(db, bus, one, now=NOW),
    "unsuspend": lambda db, _, one: accounts.unsuspend(db, one),
    "disable": lambda db, bus, one: accounts.disable(db, bus, one),
    "enable": lambda db, _, one: accounts.enable(db, one),
    "delete": lambda db, bus, one: accounts.delete(db, bus, one),
}
STATE = """
    SELECT a.silenced_at, a.suspended_at, u.disabled FROM accounts a
    JOIN users u ON u.account_id = a.id WHERE a.id = $1
"""


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_cannot_be_moderated(db: Database, bus: RecordingBus, verb: str) -> None:
    with pytest.raises(RecordNotFound):
        await VERBS[verb](db, bus, 12345)
    assert bus.news == []


@pytest.mark.parametrize(
    ("verb", "undo", "state", "news"),
    [
        ("limit", "unlimit", (NOW, None, False), []),
        ("suspend", "unsuspend", (None, NOW, False), ["account_suspended"]),
        ("disable", "enable", (None, None, True), ["account_disabled"]),
    ],
)
async def test_a_mark_is_set_is_kept_when_set_again_and_can_be_lifted(
    db: Database, bus: RecordingBus, verb: str, undo: str, state: Any, news: list[str]
) -> None:
    alice = await make_account(db)
    bob = await make_account(db)
    await VERBS[verb](db, bus, alice.id)
    assert tuple(await db.fetch_row(STATE, alice.id) or ()) == state
    assert bus.news == [News(alice.id, kind, alice.id) for kind in news]
    await VERBS[verb](db, bus, alice.id)
    assert tuple(await db.fetch_row(STATE, alice.id) or ()) == state
    assert tuple(await db.fetch_row(STATE, bob.id) or ()) == (None, None, False)
    await VERBS[undo](db, bus, alice.id)
    assert tuple(await db.fetch_row(STATE, alice.id) or ()) == (None, None, False)


async def test_deleting_an_account_leaves_everybody_elses_counters_right(
    db: Database, bus: RecordingBus
) -> None:
    alice = await make_account(db, followers_count=1, following_count=1)
    fan = await make_account(db, following_count=1)
    idol = await make_account(db, followers_count=1)
    reader = await make_account(db, statuses_count=1)
    await make_follow(db, fan.id, alice.id)
    await make_follow(db, alice.id, idol.id)
    liked = await make_status(db, idol.id, favourites_count=1, reblogs_count=1, replies_count=2)
    mine = await make_status(db, alice.id)
    await insert(db, "favourites", account_id=alice.id, status_id=liked, created_at=NOW)
    await make_status(db, alice.id, "", reblog_of_id=liked)
    for visibility in ("public", "unlisted", "private"):
        await make_status(db, alice.id, in_reply_to_id=liked, visibility=visibility)
    gone = await make_status(db, reader.id, "", reblog_of_id=mine)

    await accounts.delete(db, bus, alice.id)

    assert await db.fetch_value("SELECT following_count FROM accounts WHERE id = $1", fan.id) == 0
    assert await db.fetch_value("SELECT followers_count FROM accounts WHERE id = $1", idol.id) == 0
    assert await db.fetch_value("SELECT statuses_count FROM accounts WHERE id = $1", reader.id) == 0
    counts = "SELECT favourites_count, reblogs_count, replies_count FROM statuses WHERE id = $1"
    assert tuple(await db.fetch_row(counts, liked) or ()) == (0, 0, 0)
    assert await db.fetch("SELECT id FROM statuses WHERE id = ANY($1)", [mine, gone]) == []
    for table in ("follows", "favourites"):
        assert await db.fetch_value(f"SELECT count(*) FROM {table}") == 0
    assert await db.fetch_value("SELECT count(*) FROM users WHERE account_id = $1", alice.id) == 0
    assert bus.news == [News(alice.id, "account_suspended", alice.id)]
