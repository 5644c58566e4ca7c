"""Lanes: what is on its way to one push service, and how much at once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from stentor.push.breaker import Breaker
from stentor.push.payload import Message
from stentor.store.push_deliveries import Claimed


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much at once, over all origins."""

    #: Requests under way; and how many of them to origins that have not answered lately.
    total: int = 256
    unproven: int = 128
    # Origins looked at in one turn, and rows claimed ahead for each request to a good one.
    origins: int = 64
    ahead: int = 4


class Job(NamedTuple):
    """A message that is ours to send."""

    claimed: Claimed
    message: Message
    # By the loop's clock, which never jumps.
    claimed_at: float


@dataclass(slots=True)
class Lane:
    """What is on its way to one origin."""

    origin: str
    breaker: Breaker = field(default_factory=Breaker)
    queue: deque[Job] = field(default_factory=deque)
    under_way: int = 0
    #: The database holds more that is due.
    more: bool = False
    waiting: bool = False
    closed_until: int = 0

    @property
    def load(self) -> int:
        """How many are here, waiting or under way."""
        return len(self.queue) + self.under_way

    @property
    def eligible(self) -> bool:
        """It has something to send and may send it now."""
        return bool(self.queue) and self.under_way < self.breaker.window
