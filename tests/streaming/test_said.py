"""Everything that is said on streams is what the tables of entities say it is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from stentor.domain.notifications import NotificationType
from stentor.domain.roles import OWNER
from tests.api.test_shapes import cause, cause_collections, cause_severances
from tests.factories import make_account
from tests.shapes import WrongShape
from tests.streaming.conftest import Live, eventually
from tests.streaming.said import check_event, check_frame, check_lines

EVERY_TYPE = {one.value for one in NotificationType}


async def test_every_type_of_notification_is_said_as_pages_show_it(live: Live) -> None:
    """`Live` looks at each field of each event when it is closed."""
    ann = await make_account(live.db, "ann", role_id=OWNER.id)
    bob = await make_account(live.db, "bob")
    frames = await live.socket(ann.token, "user:notification")
    events = await live.sse("user", ann.token)
    await eventually(lambda: live.listening("user"))
    caller: Any = SimpleNamespace(db=live.db)
    bus: Any = live.services.bus
    await cause(caller, bus, ann, bob)
    await cause_severances(caller, bus, ann)
    await cause_collections(caller, bus, ann, bob)
    total = await live.db.fetch_value("SELECT count(*) FROM notifications")
    await eventually(lambda: len(frames.named("notification")) == total)
    await eventually(lambda: len(events.notifications) == total)
    assert {one["type"] for one in frames.named("notification")} == EVERY_TYPE
    said = {one["data"] for one in events.events if one["event"] == "notification"}
    assert said == {one["payload"] for one in frames.frames}


@pytest.mark.parametrize(
    ("stream", "event", "payload"),
    [
        ("user", "notification", "{}"),
        ("user", "update", '{"id":1}'),
        ("public", "update", '{"id":"1","filtered":[]}'),
        ("user", "status.update", "[]"),
        ("direct", "conversation", '{"id":"1","unread":false,"accounts":[],"last_status":null}'),
        ("user", "delete", '"1"'),
        ("user", "delete", ""),
        ("user", "filters_changed", ""),
        ("user", "notifications_merged", "2"),
        ("user", "announcement", "{}"),
    ],
)
def test_what_is_none_of_that_is_noticed(stream: str, event: str, payload: str) -> None:
    """The control."""
    with pytest.raises(WrongShape):
        check_event(stream, event, payload)
    with pytest.raises(WrongShape):
        check_frame({"stream": [stream], "event": event, "payload": payload})
    with pytest.raises(WrongShape):
        check_lines(stream, {"event": event, "data": payload, "id": "1-1"})


@pytest.mark.parametrize(
    "frame",
    [
        {"stream": ["user"], "event": "delete", "payload": 1},
        {"stream": "user", "event": "delete", "payload": "1"},
        {"stream": ["list", 1], "event": "delete", "payload": "1"},
        {"stream": [], "event": "delete", "payload": "1"},
        {"event": "delete", "payload": "1"},
        {"stream": ["user"], "event": "delete", "payload": "1", "id": "1"},
        {"error": "Unknown stream type", "status": 400, "more": 1},
    ],
    ids=json.dumps,
)
def test_a_message_that_is_framed_otherwise_is_noticed(frame: Any) -> None:
    with pytest.raises(WrongShape):
        check_frame(frame)
    check_frame({"stream": ["user"], "event": "delete", "payload": "1"})


@pytest.mark.parametrize("change", [{"id": ""}, {"id": "1"}, {"id": "x-1"}, {"retry": "1"}])
def test_an_event_without_a_place_to_come_back_to_is_noticed(change: dict[str, str]) -> None:
    fields = {"event": "delete", "data": "1", "id": "1-1"}
    check_lines("user", fields)
    with pytest.raises(WrongShape):
        check_lines("user", fields | change)
