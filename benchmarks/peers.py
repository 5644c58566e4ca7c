"""Any server that speaks the Mastodon client API, measured by what is public of it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.cases import PAGE, request
from benchmarks.measure import CONNECTIONS, Effort
from benchmarks.processes import Load


def measure(url: str, tokens: Sequence[str], pids: Sequence[int], effort: Effort) -> str:
    """A table; requests for each CPU-second only if the server's processes run here.

    Plain HTTP only. Its rate limits have to be off, or it will soon answer 429.
    """
    where = urlsplit(url)
    if where.scheme != "http" or not where.hostname or not tokens:
        raise SystemExit("--url takes http://HOST:PORT, together with at least one --token")
    host = where.netloc
    cases = {
        "page of 40": [request("GET", PAGE, token, host) for token in tokens],
        "unread_count": [
            request("GET", "/api/v1/notifications/unread_count", token, host) for token in tokens
        ],
        "poll that finds nothing new": [
            request("GET", f"{PAGE}&since_id={2**53}", token, host) for token in tokens
        ],
    }
    rows = ["| asked for | bytes | for each CPU-second | for each second | p50 ms | p99 ms |",
            "|---|--:|--:|--:|--:|--:|"]  # fmt: skip
    with Load() as load:
        for name, requests in cases.items():
            plan = {
                "host": where.hostname, "port": where.port or 80, "requests": requests,
                "connections": CONNECTIONS, "seconds": effort.seconds * effort.rounds,
            }  # fmt: skip
            done = load.run(pids, plan)
            cost = f"{done.per_cpu_second:,.0f}" if pids else "?"
            rows.append(
                f"| {name} | {done.bytes // done.answers:,} | {cost} "
                f"| {done.answers / done.seconds:,.0f} | {done.p50 * 1e3:.1f} "
                f"| {done.p99 * 1e3:.1f} |"
            )
    return "\n".join(rows)
