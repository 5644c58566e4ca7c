"""What may be said on a stream: every event, field by field, against `tests.entity_tables`."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.answers import TABLES
from tests.shapes import WrongShape

#: Whoever listens to these hears the status as it is for everybody.
PUBLIC = ("public", "hashtag")
ENTITIES = {
    "notification": "Notification",
    "update": "Status",
    "status.update": "Status",
    "conversation": "Conversation",
}
#: Scalars are said as they are (notifications.md 9.4).
SCALARS = {"delete": r"\d+", "notifications_merged": "1", "filters_changed": "1"}
PLACE = re.compile(r"\d+-\d+")


def check_event(stream: str, event: str, payload: str) -> None:
    """Raises WrongShape unless that may be said on a stream of that name."""
    if event in SCALARS:
        if not re.fullmatch(SCALARS[event], payload):
            raise WrongShape(f"{event}: {payload!r}")
        return
    if event not in ENTITIES:
        raise WrongShape(f"an unknown event: {event!r}")
    value = json.loads(payload)
    if event == "notification" and not {"fallback", "filtered"}.isdisjoint(value):
        raise WrongShape("a streamed notification has no fallback and was not filtered")
    if re.split("[:/?]", stream)[0] in PUBLIC:
        # Nothing that is the viewer's, but what his filters say.
        for one in value.pop("filtered"):
            TABLES.check("FilterResult", one)
    TABLES.check(ENTITIES[event], value)


def check_lines(path: str, fields: dict[str, str]) -> None:
    """Raises WrongShape unless a server-sent event may look like that."""
    if set(fields) != {"event", "data", "id"} or not PLACE.fullmatch(fields["id"]):
        raise WrongShape(f"not the fields of an event: {fields}")
    check_event(path, fields["event"], fields["data"])


def check_frame(frame: Any) -> None:
    """Raises WrongShape unless a WebSocket message of ours may look like that."""
    if "error" in frame:
        if set(frame) - {"error", "status"}:
            raise WrongShape(f"an error with more than that: {frame}")
        return
    if set(frame) != {"stream", "event", "payload"}:
        raise WrongShape(f"not the keys of a message: {sorted(frame)}")
    label = frame["stream"]
    if not isinstance(label, list) or not label or not all(isinstance(x, str) for x in label):
        raise WrongShape(f"not the name of a stream: {frame['stream']}")
    if not isinstance(frame["payload"], str):
        raise WrongShape("a payload is text")
    check_event(frame["stream"][0], frame["event"], frame["payload"])
