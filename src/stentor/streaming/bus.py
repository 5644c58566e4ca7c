"""News: that something changed for somebody. The bus wakes and carries ids, never documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

log = structlog.get_logger("stentor.bus")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened to what an account can see, or that is to be done for it.

    ``kind`` is the stream event's name (``notification``, ``update``, ``delete`` …), ``id`` the
    row it is about.
    """

    account_id: int
    kind: str
    id: int


#: Is told of news.
Hear = Callable[[News], None]
#: Is told that news of the last so many seconds may have been lost on the way from another process.
Missed = Callable[[float], None]


class Bus(Protocol):
    """Whoever passes news on. Publishing never waits and never fails."""

    def publish(self, news: News) -> None:
        """Tells everyone who listens for that account."""


class LocalBus:
    """The bus of a single process: listeners are called at once, in order.

    Also the part of every other bus that listeners see.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Hear, Missed | None]] = []

    def listen(self, hear: Hear, missed: Missed | None = None) -> None:
        """From now on ``hear`` is called with all news, and ``missed`` when some may be missing.

        What is heard after ``missed`` was called is complete again.
        """
        self._listeners.append((hear, missed))

    def publish(self, news: News) -> None:
        self.tell(news)

    def tell(self, news: News) -> None:
        """Calls the listeners of this process, whatever one of them makes of it."""
        for hear, _ in self._listeners:
            try:
                hear(news)
            except Exception:
                log.exception("a listener failed", kind=news.kind)

    def tell_missed(self, seconds: float) -> None:
        """Tells the listeners of this process that news of the last so many seconds may be lost."""
        for _, missed in self._listeners:
            if missed is not None:
                missed(seconds)

    async def start(self) -> None:
        """Begins to listen to other processes; there are none."""

    async def close(self) -> None:
        """Says what is still to be said, and ends."""
