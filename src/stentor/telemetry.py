"""Names of metrics and log fields, each once (house rule: labels come from closed sets)."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stentor import __version__

log = structlog.get_logger("stentor.telemetry")

registry = CollectorRegistry()


class Metric(Enum):
    """Every counter: its name, what it counts, its labels."""

    EMAIL = ("stentor_emails", "E-mails, by what came of an attempt", ("outcome",))
    BUS_GAPS = (
        "stentor_bus_gaps",
        "Times that news of other processes may have been missed, by how that was noticed",
        ("reason",),
    )
    BUS_GARBAGE = ("stentor_bus_garbage", "Messages on the bus that are none of ours", ())
    BUS_OVERFLOWS = ("stentor_bus_overflows", "Times that too much waited for the bus", ())
    HTTP_FAILURES = ("stentor_http_failures", "Requests that ended in a fault of ours", ("kind",))
    NOTIFICATION_DECIDED = (
        "stentor_notification_decided",
        "Decisions on notifications, by verdict and by the reason that settled it",
        ("type", "verdict", "reason"),
    )
    PUSH_ATTEMPT = ("stentor_push_attempts", "Attempts to push, by what came of it", ("outcome",))
    PUSH_BLOCKED = (
        "stentor_push_blocked",
        "Addresses that nothing was sent to, by what they are",
        ("reason",),
    )
    PUSH_DEAD_LETTER = (
        "stentor_push_dead_letters",
        "Pushes that were given up, by the reason",
        ("reason",),
    )
    ROWS_SKIPPED = (
        "stentor_rows_skipped",
        "Stored rows that answers leave out since they cannot be shown",
        ("kind",),
    )
    STREAM_EVENTS = ("stentor_stream_events", "Events said on streams, by their name", ("event",))
    STREAMS_ENDED = (
        "stentor_stream_evictions",
        "Streams that the server has ended, by the reason",
        ("reason",),
    )
    SIGN_IN = ("stentor_sign_in", "Attempts to sign in, by outcome", ("outcome",))


class Timing(Enum):
    """Every histogram: its name, what it measures in seconds, its bounds."""

    PUSH_ACCEPTED = (
        "stentor_push_seconds",
        "From the event until a push service has taken it",
        (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, 172800),
    )


class Level(Enum):
    """Every gauge: its name, what it shows, its labels."""

    STREAM_CLIENTS = ("stentor_stream_clients", "Streams that are open", ("transport",))
    BUS_UP = ("stentor_bus_up", "Whether the bus to other processes carries: 1, or 0", ())
    PUSH_SUBSCRIPTIONS = (
        "stentor_push_subscriptions",
        "Push subscriptions: good, or failing at the moment",
        ("state",),
    )
    PUSH_WAITING = ("stentor_push_waiting", "Pushes that are promised and not yet sent", ())
    PUSH_CLOSED = (
        "stentor_push_closed_origins",
        "Push services that are not asked for a while, by the reason",
        ("reason",),
    )


_counters = {
    metric: Counter(metric.value[0], metric.value[1], metric.value[2], registry=registry)
    for metric in Metric
}


_histograms = {
    timing: Histogram(timing.value[0], timing.value[1], buckets=timing.value[2], registry=registry)
    for timing in Timing
}
_gauges = {
    level: Gauge(level.value[0], level.value[1], level.value[2], registry=registry)
    for level in Level
}

_build = Gauge("stentor_build_info", "What is running; always 1", ["version"], registry=registry)
_build.labels(version=__version__).set(1)


# To look one up by its labels costs more than to count; they come from closed sets.
@lru_cache(maxsize=4096)
def _counter(metric: Metric, **labels: str) -> Counter:
    counter = _counters[metric]
    return counter.labels(**labels) if labels else counter


def count(metric: Metric, **labels: str) -> None:
    """Adds one."""
    _counter(metric, **labels).inc()


def count_many(metric: Metric, amount: int, **labels: str) -> None:
    """Adds that many."""
    _counter(metric, **labels).inc(amount)


def took(timing: Timing, seconds: float) -> None:
    """Notes how long something took."""
    _histograms[timing].observe(seconds)


def show(level: Level, value: float, **labels: str) -> None:
    """What a gauge shows from now on."""
    gauge = _gauges[level]
    (gauge.labels(**labels) if labels else gauge).set(value)


def move(level: Level, by: float, **labels: str) -> None:
    """A gauge shows so much more from now on, or less."""
    gauge = _gauges[level]
    (gauge.labels(**labels) if labels else gauge).inc(by)


def skipped(kind: str, row_id: int, problem: Exception | str) -> None:
    """A stored row cannot be shown: logged by its id, counted, and left out (reliability T55).

    Of the problem only its kind is told: its words may quote the row.
    """
    why = problem if isinstance(problem, str) else type(problem).__name__
    log.error("row cannot be shown", kind=kind, id=row_id, problem=why)
    count(Metric.ROWS_SKIPPED, kind=kind)
