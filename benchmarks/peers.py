"""Any server that speaks the Mastodon client API, measured by what is public of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.cases import GROUPS, PAGE, UNREAD, request, with_header
from benchmarks.effort import Effort
from benchmarks.measure import CONNECTIONS
from benchmarks.processes import Load, Result

#: What the others are compared with: public, and the same for everybody.
REFERENCE = "/api/v1/instance"
CASES = {
    "page of 40": PAGE,
    "page of 40 groups": GROUPS,
    "unread_count": UNREAD,
    "poll that finds nothing new": f"{PAGE}&since_id={2**53}",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A server elsewhere: its address, tokens of its people, its processes if they run here.

    ``headers`` ("Name: value") are sent with each request, for what a proxy would say.
    """

    url: str
    tokens: Sequence[str]
    pids: Sequence[int] = ()
    headers: Sequence[str] = ()


def measure(peer: Peer, effort: Effort) -> str:
    """A table; requests for each CPU-second only if the server's processes run here.

    Its rate limits have to be off, or it will soon answer 429; what is not answered 200 is said.
    """
    with Load() as load:
        asking = _Asking(peer, load, effort)
        reference = asking.round([asking.request(REFERENCE)])
        rows = [asking.row(f"{REFERENCE} (the reference)", reference, reference)]
        for name, path in CASES.items():
            requests = [asking.request(path, token) for token in peer.tokens]
            try:
                done = asking.round(requests)
            except RuntimeError as problem:
                rows.append(f"| {name} | {problem} | | | | | |")
                continue
            rows.append(asking.row(name, done, reference))
            if path == PAGE and done.etag:
                tagged = [asking.tagged(one) for one in requests]
                done = asking.round(tagged, expected=304)
                rows.append(asking.row(f"{name}, as it was (If-None-Match)", done, reference))
    return "\n".join(
        [
            "| asked for | bytes | for each CPU-second | of the reference | for each second "
            "| p50 ms | p99 ms |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *rows,
        ]
    )


class _Asking:
    """Requests to a peer."""

    def __init__(self, peer: Peer, load: Load, effort: Effort) -> None:
        where = urlsplit(peer.url)
        if where.scheme not in ("http", "https") or not where.hostname or not peer.tokens:
            raise SystemExit("--url takes http(s)://HOST:PORT, together with at least one --token")
        tls = where.scheme == "https"
        self._host = where.netloc
        self._where = {
            "host": where.hostname, "port": where.port or (443 if tls else 80), "tls": tls,
        }  # fmt: skip
        self._peer, self._load, self._effort = peer, load, effort

    def request(self, path: str, token: str = "") -> str:
        """One request."""
        text = request("GET", path, token, self._host)
        for header in self._peer.headers:
            name, _, value = header.partition(":")
            text = with_header(text, name, value.strip())
        return text

    def round(self, requests: Sequence[str], *, expected: int = 200) -> Result:
        """All of them again and again. Raises RuntimeError for an answer with another status."""
        plan = {**self._where, "requests": list(requests), "connections": CONNECTIONS}
        warm = {**plan, "seconds": self._effort.warm}
        self._load.run((), warm, expected=expected)
        seconds = self._effort.seconds * self._effort.rounds
        return self._load.run(self._peer.pids, {**plan, "seconds": seconds}, expected=expected)

    def tagged(self, text: str) -> str:
        """A request that holds if nothing has changed."""
        once = {**self._where, "requests": [text], "connections": 1, "seconds": 5.0, "most": 1}
        return with_header(text, "If-None-Match", self._load.run((), once).etag)

    def row(self, name: str, done: Result, reference: Result) -> str:
        """A line of the table."""
        cost, share = "?", f"1/{reference.answers / done.answers:.1f} (by time)"
        if self._peer.pids:
            cost = f"{done.per_cpu_second:,.0f}"
            share = f"1/{reference.per_cpu_second / done.per_cpu_second:.1f}"
        return (
            f"| {name} | {done.bytes // done.answers:,} | {cost} | {share} "
            f"| {done.answers / done.seconds:,.0f} | {done.p50 * 1e3:.1f} | {done.p99 * 1e3:.1f} |"
        )
