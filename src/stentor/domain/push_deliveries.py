"""What becomes of a push after an attempt: again, and when; put aside; or never again.

Source: reliability.md 3b (retries), F10, F11; findings 7 and 8. No clock and no dice: the time
and a random number come as arguments.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from stentor.domain import times
from stentor.domain.push_subscriptions import LIFETIME, Outcome

#: The notification of a message that somebody has asked for as a test: there is none.
TEST = 0

# Full jitter: anything between nothing and a span that doubles with each attempt.
BASE = 2 * times.SECOND
CAP = 15 * times.MINUTE
# What a push service may ask for at most; and what is refused is tried this rarely.
RETRY_AFTER_CAP = 6 * times.HOUR
PARKED = times.HOUR

_SECONDS = re.compile(r"\d+\Z", re.ASCII)


class Next(NamedTuple):
    """What follows: another attempt at ``run_at``, or none if that is None.

    ``smaller``: with less in it. ``expired``: there would have been one, but its time is over.
    """

    run_at: int | None
    smaller: bool = False
    expired: bool = False


class Tried(NamedTuple):
    """One delivery as it stands: attempts made so far, this one included."""

    attempts: int
    created_at: int
    smaller: bool = False


class PushAttempt(NamedTuple):
    """One attempt, as the ledger has it.

    ``status`` is the push service's, None if it gave none; then ``problem`` says what was in the
    way. ``next_at`` is when it is tried again, None for never.
    """

    id: int
    account_id: int
    subscription_id: int
    notification_id: int
    attempt: int
    started_at: int
    latency: int
    status: int | None
    outcome: str
    problem: str | None
    next_at: int | None


def follow_up(
    outcome: Outcome, tried: Tried, *, now: int, chance: float, retry_after: int | None = None
) -> Next:
    """What follows an attempt; ``chance`` is random, from 0 up to 1; times in milliseconds."""
    if outcome in (Outcome.DELIVERED, Outcome.GONE):
        return Next(None)
    if outcome is Outcome.TOO_LARGE and not tried.smaller:
        return Next(now, smaller=True)
    if outcome is Outcome.RETRY:
        wait = max(backoff(tried.attempts, chance), retry_after or 0)
    else:
        wait = max(parking(chance), retry_after or 0)
    if now + wait >= expires_at(tried):
        return Next(None, tried.smaller, expired=True)
    return Next(now + wait, tried.smaller)


def backoff(attempts: int, chance: float) -> int:
    """How long to wait after so many attempts: at random up to 2 s, 4 s, 8 s … 15 minutes."""
    return int(min(CAP, BASE * 2 ** min(attempts - 1, 30)) * chance)


def parking(chance: float) -> int:
    """How long what was refused is put aside: one to two hours."""
    return PARKED + int(PARKED * chance)


def expires_at(tried: Tried) -> int:
    """From then on it is not worth sending any more."""
    return tried.created_at + LIFETIME


def retry_after(header: str | None, now: int) -> int | None:
    """Milliseconds that a Retry-After asks for, at most six hours; None if it makes no sense."""
    text = (header or "").strip()
    if _SECONDS.match(text):
        seconds = int(text) if len(text) < 10 else RETRY_AFTER_CAP
        return min(seconds * times.SECOND, RETRY_AFTER_CAP)
    if not 20 <= len(text) <= 40:  # no form of a date in HTTP is shorter or longer
        return None
    try:
        moment = parsedate_to_datetime(text)
        wait = int(moment.timestamp() * 1000) - now
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return min(max(wait, 0), RETRY_AFTER_CAP)
