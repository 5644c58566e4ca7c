"""Names of metrics and log fields, each once (house rule: labels come from closed sets)."""

from __future__ import annotations

from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Gauge

from stentor import __version__

registry = CollectorRegistry()


class Metric(Enum):
    """Every counter: its name, what it counts, its labels."""

    HTTP_FAILURES = ("stentor_http_failures", "Requests that ended in a fault of ours", ("kind",))
    NOTIFICATION_DECIDED = (
        "stentor_notification_decided",
        "Decisions on notifications, by verdict and by the reason that settled it",
        ("type", "verdict", "reason"),
    )
    SIGN_IN = ("stentor_sign_in", "Attempts to sign in, by outcome", ("outcome",))


_counters = {
    metric: Counter(metric.value[0], metric.value[1], metric.value[2], registry=registry)
    for metric in Metric
}


_build = Gauge("stentor_build_info", "What is running; always 1", ["version"], registry=registry)
_build.labels(version=__version__).set(1)


def count(metric: Metric, **labels: str) -> None:
    """Adds one."""
    _counters[metric].labels(**labels).inc()
