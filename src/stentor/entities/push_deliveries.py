"""Attempts to push, as our own API shows them: what happened, and what happens next."""

from __future__ import annotations

from msgspec import Struct

from stentor.domain import times
from stentor.domain.push_deliveries import TEST, PushAttempt

#: Every outcome in words for the owner of the device.
EXPLANATIONS = {
    "delivered": "The push service has taken it.",
    "gone": "The push service says that this device is not there any more.",
    "retry": "The push service could not be reached or could not take it now.",
    "too_large": "The push service found it too large.",
    "refused": "The push service does not accept it.",
    "expired": "It was not worth sending any more.",
    "unsent": "The message could not be made.",
    "waiting": "The push service has not been asked yet.",
}


class PushDelivery(Struct, gc=False):
    """One attempt. ``status`` is the push service's; ``problem`` why there is none."""

    id: str
    notification_id: str | None
    test: bool
    attempt: int
    started_at: str
    latency: int
    status: int | None
    outcome: str
    problem: str | None
    explanation: str
    next_attempt_at: str | None


class PushTest(Struct, gc=False):
    """What came of a test; ``latency`` in milliseconds."""

    outcome: str
    explanation: str
    status: int | None
    latency: int | None
    problem: str | None


def explain(outcome: str) -> str:
    """The outcome in words; an unknown one (of an older version) as it is."""
    return EXPLANATIONS.get(outcome, outcome)


def delivery(attempt: PushAttempt) -> PushDelivery:
    """One row of the ledger."""
    test = attempt.notification_id == TEST
    return PushDelivery(
        str(attempt.id),
        None if test else str(attempt.notification_id),
        test,
        attempt.attempt,
        times.iso(attempt.started_at),
        attempt.latency,
        attempt.status,
        attempt.outcome,
        attempt.problem,
        explain(attempt.outcome),
        times.iso_or_none(attempt.next_at),
    )


def tested(attempt: PushAttempt | None) -> PushTest:
    """The answer to a test; None: nobody has tried it yet."""
    if attempt is None:
        return PushTest("waiting", explain("waiting"), None, None, None)
    return PushTest(
        attempt.outcome,
        explain(attempt.outcome),
        attempt.status,
        attempt.latency,
        attempt.problem,
    )
