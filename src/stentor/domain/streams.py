"""Streams: what they are called, which scope each needs, and how a stream ends (9.1 to 9.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from stentor.domain import paging, tags
from stentor.domain.oauth import permits

#: Of one connection (reliability T58).
SUBSCRIPTIONS = 100
#: Messages that a client may send in a minute.
CONTROL_MESSAGES = 60
#: Open at once, of one account.
OPEN_STREAMS = 30
#: What may wait for a reader; whoever lets more pile up loses the stream.
QUEUED_EVENTS = 256
QUEUED_BYTES = 1024 * 1024
#: Events that are told again to whoever comes back with the id of his last one.
REPLAYED = 400

USER = "user"
NOTIFICATIONS = "user:notification"
DIRECT = "direct"
LIST = "list"
HASHTAG = "hashtag"
HASHTAG_LOCAL = "hashtag:local"
PUBLIC = "public"
#: Streams of what everybody may read, and the part of the world that each shows.
PUBLIC_STREAMS: Mapping[str, str] = {
    PUBLIC: "all",
    "public:local": "local",
    "public:remote": "remote",
}
HASHTAG_STREAMS: Mapping[str, str] = {HASHTAG: "all", HASHTAG_LOCAL: "local"}
#: The same with media only. No status has any yet, so they are silent.
MEDIA_STREAMS: Mapping[str, str] = {f"{name}:media": name for name in PUBLIC_STREAMS}

READ_STATUSES = frozenset({"read", "read:statuses"})
READ_NOTIFICATIONS = frozenset({"read", "read:notifications"})
#: Every stream by its name on a WebSocket, with the scopes of which it needs one.
SCOPES: Mapping[str, frozenset[str]] = {
    USER: READ_STATUSES,
    NOTIFICATIONS: READ_NOTIFICATIONS,
    DIRECT: READ_STATUSES,
    LIST: READ_STATUSES,
    **dict.fromkeys((*HASHTAG_STREAMS, *PUBLIC_STREAMS, *MEDIA_STREAMS), READ_STATUSES),
}
#: What stands behind ``/api/v1/streaming/``, and the stream that it is.
PATHS: Mapping[str, str] = {
    name.replace(":", "/"): name for name in SCOPES if name not in MEDIA_STREAMS
}


class Stream(NamedTuple):
    """A channel that things are said on: a name, with a list's id or a hashtag's known name."""

    name: str
    parameter: str = ""


class Subscription(NamedTuple):
    """What a client listens to: the channel, and how that client called it."""

    stream: Stream
    label: tuple[str, ...]


class Refusal(Enum):
    """Why a subscription is not to be had: the text and the status of the answer (9.5)."""

    UNKNOWN = ("Unknown stream type", 400)
    NO_TAG = ("Missing tag name parameter", 400)
    NO_LIST = ("Missing list name parameter", 400)
    FOREIGN_LIST = ("Not authorized to stream this list", 401)
    SCOPE = ("Access token does not have the required scopes", 401)


class Closing(Enum):
    """How a stream ends by our doing: the WebSocket's close code, and what is said with it."""

    ENDED = (1000, "")
    BINARY = (1003, "text only")
    TOO_MUCH = (1008, "too many messages or subscriptions")
    FAULT = (1011, "a temporary problem")
    RESTART = (1012, "the server restarts")
    SLOW = (1013, "too slow")
    MISSED = (1012, "something was missed")

    @property
    def code(self) -> int:
        """The close code of RFC 6455."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """The words that go with it."""
        return self.value[1]


class Wish(NamedTuple):
    """A stream as a client names it; empty for what it does not say."""

    name: str
    tag: str = ""
    list_id: str = ""


def find(wish: Wish, scopes: frozenset[str]) -> Subscription | Refusal:
    """What is wished for, or why not: unknown, then the scope, then what is missing.

    Whose list it is remains to be seen. A hashtag that nobody can write is a stream like any
    other on which nothing is ever said.
    """
    needed = SCOPES.get(wish.name)
    if needed is None:
        return Refusal.UNKNOWN
    if not permits(scopes, needed):
        return Refusal.SCOPE
    if wish.name in HASHTAG_STREAMS:
        if not wish.tag:
            return Refusal.NO_TAG
        shown = wish.tag[:100]
        known = tags.normalised(wish.tag) if len(wish.tag) <= 100 else None
        return Subscription(Stream(wish.name, known or ""), (wish.name, shown))
    if wish.name == LIST:
        if not wish.list_id:
            return Refusal.NO_LIST
        number = paging.parse_id(wish.list_id)
        if number is None:
            return Refusal.FOREIGN_LIST
        return Subscription(Stream(LIST, str(number)), (LIST, wish.list_id))
    return Subscription(Stream(wish.name), (wish.name,))


def of_path(path: str, *, only_media: bool) -> str | None:
    """The stream behind ``/api/v1/streaming/``, None if there is none of that name."""
    name = PATHS.get(path)
    if name in PUBLIC_STREAMS and only_media:
        return f"{name}:media"
    return name


def hears_notifications(stream: Stream, scopes: frozenset[str]) -> bool:
    """True if notifications are said on it: on `user` only to whom may read them (A96)."""
    if stream.name == NOTIFICATIONS:
        return True
    return stream.name == USER and permits(scopes, READ_NOTIFICATIONS)
