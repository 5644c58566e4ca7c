"""When to leave a push service alone, and how much to ask of it: no I/O, no clock.

One breaker for each origin, and one over the server's own VAPID key: if everybody refuses it,
the fault is ours, and trying every message would only make noise (reliability findings 7 and 8).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stentor.domain import times

#: So many failures in a row, and an origin is left alone for so long; then one message is tried.
FAILURES = 5
OPEN = 30 * times.SECOND
#: At most so many requests to one origin at once. It begins with one and grows with success.
MOST = 8


@dataclass(slots=True)
class Breaker:
    """What one process knows of an origin.

    A silence counts whoever meets it; a status of failure once for each subscription, so that
    nobody can close a push service to others with a broken subscription of his own.
    """

    window: int = 1
    silences: int = 0
    complained: set[int] = field(default_factory=set)
    on_trial: bool = False

    @property
    def proven(self) -> bool:
        """It has answered lately."""
        return self.window > 1

    def answered(self) -> None:
        """It has taken a message, or said properly why not."""
        self.silences = 0
        self.complained.clear()
        self.on_trial = False
        self.window = min(self.window + 1, MOST)

    def failed(self, subscription_id: int, *, now: int, silent: bool) -> int | None:
        """It has failed. Until when to leave it alone, None for not at all.

        ``silent``: it gave no status.
        """
        self.window = max(1, self.window // 2)
        if silent:
            self.silences += 1
        else:
            self.complained.add(subscription_id)
        if not self.on_trial and self.silences + len(self.complained) < FAILURES:
            return None
        self.on_trial = False
        self.window = 1
        return now + OPEN


@dataclass(slots=True)
class KeyBreaker:
    """Whether push services take our key: what each of them said of it last, and when."""

    refusing: dict[str, int] = field(default_factory=dict)
    taking: dict[str, int] = field(default_factory=dict)

    # More origins than these must have refused it lately, and none of those that took it within a
    # day may still do so: six services of somebody who means ill prove nothing.
    ORIGINS = 5
    REFUSAL_COUNTS = 10 * times.MINUTE
    TAKING_COUNTS = times.DAY
    KEPT = 1024

    def took(self, origin: str, now: int) -> None:
        """That origin took a message: the key is good."""
        self.refusing.pop(origin, None)
        self.taking.pop(origin, None)
        self.taking[origin] = now
        self._forget(now)

    def refused(self, origin: str, now: int) -> int | None:
        """That origin answered 401 or 403. Until when to send nothing at all, None for go on."""
        self.taking.pop(origin, None)
        self.refusing.pop(origin, None)
        self.refusing[origin] = now
        self._forget(now)
        if len(self.refusing) > self.ORIGINS and not self.taking:
            return now + OPEN
        return None

    def _forget(self, now: int) -> None:
        for known, span in (
            (self.refusing, self.REFUSAL_COUNTS),
            (self.taking, self.TAKING_COUNTS),
        ):
            while known:
                oldest = next(iter(known))
                if len(known) <= self.KEPT and known[oldest] > now - span:
                    break
                del known[oldest]
