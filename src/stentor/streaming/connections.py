"""What the hub knows of an open stream, whatever carries it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from stentor.domain.ids import LARGEST
from stentor.domain.streams import Closing, Subscription
from stentor.streaming.events import Event

#: What `Connection.deliver` says when too much waits for its reader.
OVERFLOW = -1
#: A position beyond all notifications: none is said yet.
HELD = LARGEST


class Listener(NamedTuple):
    """Whoever is behind a connection, by a token that was good when it was opened."""

    account_id: int
    token_id: int
    scopes: frozenset[str]


class Connection(ABC):
    """One open stream, as the hub sees it."""

    __slots__ = ("labels", "listener", "notified", "position")
    transport: ClassVar[str]

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        #: The highest id of a notification that was said here, or was there before.
        self.position = 0
        #: How it calls what notifications are said on.
        self.notified: tuple[bytes, ...] = ()
        self.labels: dict[Subscription, bytes] = {}

    @abstractmethod
    def deliver(self, event: Event, labels: Iterable[bytes]) -> int:
        """Says it, once for each label, without waiting; how often, or OVERFLOW if it cannot."""

    @abstractmethod
    def end(self, closing: Closing) -> None:
        """Ends the stream, and leaves the hub soon."""
