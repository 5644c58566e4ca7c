"""Event streams over real sockets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from stentor.actions import statuses as statuses_actions
from stentor.domain.statuses import Draft
from stentor.streaming import sse
from tests.factories import make_account, make_follow, make_status
from tests.streaming.conftest import Live, eventually

BROWSER = {"Accept": "text/event-stream"}


async def test_a_stream_has_the_head_that_proxies_and_clients_need(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    events = await live.sse("user", ann.token)
    assert events.status == 200
    assert events.headers["content-type"] == "text/event-stream"
    assert events.headers["cache-control"] == "private, no-store"
    assert events.headers["vary"] == "Authorization, Origin"
    assert events.headers["access-control-allow-origin"] == "*"
    assert events.text == ":)\n"


async def test_the_token_may_be_in_the_query(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    assert (await live.sse(f"user?access_token={ann.token}")).status == 200


async def test_events_have_a_name_one_line_of_data_and_an_id(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    events = await live.sse("user", ann.token)
    await eventually(lambda: live.listening("user"))
    status_id = await live.post(ann, "two\nlines")
    await eventually(lambda: events.events)
    await live.favourited(ann, bob, status_id)
    await eventually(lambda: len(events.events) == 2)
    update, notification = events.events
    assert (update["event"], notification["event"]) == ("update", "notification")
    assert json.loads(update["data"])["id"] == str(status_id)
    number = json.loads(notification["data"])["id"]
    assert notification["id"].startswith(f"{number}-")
    assert update["id"].startswith("0-")


async def test_an_idle_stream_shows_that_it_lives(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sse.HEARTBEAT == 15.0
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    ann = await make_account(live.db, "ann")
    events = await live.sse("user", ann.token)
    await eventually(lambda: events.text.count(":thump\n") >= 3)


async def test_a_stream_that_is_left_is_forgotten(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    events = await live.sse("user", ann.token)
    await eventually(lambda: len(live.hub) == 1)
    await events.close()
    await eventually(lambda: len(live.hub) == 0)


async def test_a_browser_is_told_at_once_where_it_is(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    status_id = await make_status(live.db, ann.id)
    await live.favourited(ann, bob, status_id)
    events = await live.sse("user", ann.token, **BROWSER)
    await eventually(lambda: events.last_id)
    assert int(events.last_id.split("-")[0]) > 0
    assert events.events == []


async def test_missed_notifications_come_once_each_and_in_order(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    others = [await make_account(live.db) for _ in range(12)]
    status_id = await make_status(live.db, ann.id)
    events = await live.sse("user/notification", ann.token, **BROWSER)
    await eventually(lambda: events.last_id)
    for one in others[:4]:
        await live.favourited(ann, one, status_id)
    await eventually(lambda: len(events.notifications) == 4)
    await events.close()
    for one in others[4:10]:
        await live.favourited(ann, one, status_id)
    again = await live.sse("user/notification", ann.token, Last_Event_ID=events.last_id)
    for one in others[10:]:
        await live.favourited(ann, one, status_id)
    await eventually(lambda: len(again.notifications) == 8)
    everything = events.notifications + again.notifications
    rows = await live.db.fetch("SELECT id FROM notifications ORDER BY id")
    assert everything == [row[0] for row in rows]
    third = await live.sse("user/notification?last_event_id=" + again.last_id, ann.token)
    await asyncio.sleep(0.2)
    assert third.events == []


async def test_missed_statuses_edits_and_deletions_come_again(live: Live, clock: Any) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    await make_follow(live.db, ann.id, bob.id)
    services = live.services
    old = await live.post(bob, "old")
    clock.advance(seconds=3600)
    events = await live.sse("user", ann.token, **BROWSER)
    await eventually(lambda: events.last_id)
    await events.close()
    await eventually(lambda: len(live.hub) == 0)
    clock.advance(seconds=60)
    fresh, gone = await live.post(bob, "fresh"), await live.post(bob, "gone")
    clock.advance(seconds=1)
    await statuses_actions.edit(
        live.db, services.bus, links=services.links, account_id=bob.id, status_id=old,
        draft=Draft(text="changed"), now=services.now(),
    )  # fmt: skip
    clock.advance(seconds=1)
    await statuses_actions.delete(
        live.db, services.bus, account_id=bob.id, status_id=gone, now=services.now()
    )
    again = await live.sse("user", ann.token, Last_Event_ID=events.last_id)
    await eventually(lambda: len(again.events) == 3)
    assert [
        (one["event"], str(json.loads(one["data"])["id"]) if "{" in one["data"] else one["data"])
        for one in again.events
    ] == [("update", str(fresh)), ("status.update", str(old)), ("delete", str(gone))]
    after = await live.post(bob, "live again")
    await eventually(lambda: len(again.events) == 4)
    assert json.loads(again.events[-1]["data"])["id"] == str(after)


@pytest.mark.parametrize("path", ["public", "public/local", "hashtag?tag=bread"])
async def test_public_streams_tell_again_too(live: Live, clock: Any, path: str) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    place = f"0-{clock()}"
    clock.advance(seconds=60)
    status_id = await live.post(bob, "missed #bread")
    events = await live.sse(path, ann.token, Last_Event_ID=place)
    await eventually(lambda: events.events)
    assert json.loads(events.events[0]["data"])["id"] == str(status_id)


async def test_whoever_missed_too_much_is_told_so_and_can_go_on(live: Live, clock: Any) -> None:
    ann = await make_account(live.db, "ann")
    place = f"0-{clock()}"
    clock.advance(hours=24 * 4)
    events = await live.sse("user", ann.token, Last_Event_ID=place)
    await eventually(lambda: events.ended)
    assert ": too much was missed" in events.text
    assert events.events == []
    assert events.last_id != place
    again = await live.sse("user", ann.token, Last_Event_ID=events.last_id)
    await eventually(lambda: live.listening("user"))
    assert not again.ended


@pytest.mark.parametrize("place", ["", "x", "1", "-", "1-", "-1", "1-x", "9" * 50 + "-1"])
async def test_an_id_that_is_none_of_ours_begins_a_new_stream(live: Live, place: str) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    status_id = await make_status(live.db, ann.id)
    await live.favourited(ann, bob, status_id)
    events = await live.sse("user", ann.token, Last_Event_ID=place)
    await eventually(lambda: live.listening("user"))
    await live.post(ann)
    await eventually(lambda: events.events)
    assert [one["event"] for one in events.events] == ["update"]


async def test_an_id_ahead_of_everything_hides_nothing(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    status_id = await make_status(live.db, ann.id)
    events = await live.sse("user/notification", ann.token, Last_Event_ID="999999999-1")
    await eventually(lambda: live.listening("user:notification"))
    await live.favourited(ann, bob, status_id)
    await eventually(lambda: events.notifications)
