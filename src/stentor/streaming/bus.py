"""News: that something changed for somebody. The bus wakes and carries ids, never documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened to what an account can see.

    ``kind`` is the stream event's name (``notification``, ``update``, ``delete`` …), ``id`` the
    row it is about.
    """

    account_id: int
    kind: str
    id: int


class Bus(Protocol):
    """Whoever passes news on. Publishing never waits and never fails."""

    def publish(self, news: News) -> None:
        """Tells everyone who listens for that account."""


class LocalBus:
    """The bus of a single process: listeners are called at once, in order."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[News], None]] = []

    def listen(self, listener: Callable[[News], None]) -> None:
        """From now on that is called with all news."""
        self._listeners.append(listener)

    def publish(self, news: News) -> None:
        for listener in self._listeners:
            listener(news)
