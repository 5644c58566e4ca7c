"""The brain of one connection: what a client says in, what is to be done out. No I/O (9.5)."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from stentor.domain import streams, times
from stentor.domain.streams import Closing, Refusal, Subscription, Wish

_encoder = msgspec.json.Encoder()
_CANNOT_UNSUBSCRIBE = _encoder.encode({"error": "Error unsubscribing from channel"})


class Outcome(NamedTuple):
    """What is to be done about a message, in this order; most of it is nothing."""

    #: To be answered, one text frame.
    answer: bytes | None = None
    #: From now on heard, or not any more.
    opened: Subscription | None = None
    ended: Subscription | None = None
    #: Somebody's list: find out whether it is the listener's, and tell `Session.owns`.
    asks: Subscription | None = None
    close: Closing | None = None


NOTHING = Outcome()


def refusal(why: Refusal) -> bytes:
    """The frame that says so."""
    text, status = why.value
    return _encoder.encode({"error": text, "status": status})


class Session:
    """What a connection listens to, and how much it has said lately."""

    __slots__ = ("_heard", "_minute", "scopes", "subscriptions")

    def __init__(self, scopes: frozenset[str]) -> None:
        self.scopes = scopes
        self.subscriptions: set[Subscription] = set()
        self._minute = 0
        self._heard = 0

    def hear(self, text: str, *, now: int) -> Outcome:
        """A text message. What is no JSON, or of an unknown type, says nothing."""
        if self._too_often(now):
            return Outcome(close=Closing.TOO_MUCH)
        message = _read(text)
        kind = message.get("type")
        if kind == "subscribe":
            return self.subscribe(_wish(message))
        if kind == "unsubscribe":
            return self.unsubscribe(_wish(message))
        return NOTHING

    def hear_bytes(self) -> Outcome:
        """A binary message: there is nothing that it could mean (A100)."""
        return Outcome(close=Closing.BINARY)

    def subscribe(self, wish: Wish) -> Outcome:
        """Listens to one more stream; to one that is open already, nothing happens."""
        found = streams.find(wish, self.scopes)
        if isinstance(found, Refusal):
            return Outcome(refusal(found))
        if found in self.subscriptions:
            return NOTHING
        if len(self.subscriptions) >= streams.SUBSCRIPTIONS:
            return Outcome(close=Closing.TOO_MUCH)
        if found.stream.name == streams.LIST:
            return Outcome(asks=found)
        self.subscriptions.add(found)
        return Outcome(opened=found)

    def owns(self, asked: Subscription, *, owned: bool) -> Outcome:
        """The answer to what an outcome asked."""
        if not owned:
            return Outcome(refusal(Refusal.FOREIGN_LIST))
        self.subscriptions.add(asked)
        return Outcome(opened=asked)

    def unsubscribe(self, wish: Wish) -> Outcome:
        """Ends listening to a stream; to one that is not open, silence."""
        found = streams.find(wish, streams.SCOPES.get(wish.name, frozenset()))
        if isinstance(found, Refusal):
            return Outcome(_CANNOT_UNSUBSCRIBE)
        if found not in self.subscriptions:
            return NOTHING
        self.subscriptions.discard(found)
        return Outcome(ended=found)

    def _too_often(self, now: int) -> bool:
        minute = now // times.MINUTE
        if minute != self._minute:
            self._minute, self._heard = minute, 0
        self._heard += 1
        return self._heard > streams.CONTROL_MESSAGES


def _read(text: str) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return {}
    return message if isinstance(message, dict) else {}


def _wish(message: dict[str, Any]) -> Wish:
    """What it names; of a list the first, as Mastodon reads it, and a number as its digits."""
    return Wish(*(_text(message.get(key)) for key in ("stream", "tag", "list")))


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
