"""`python -m benchmarks`: seeds what is missing, measures, prints the tables."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from benchmarks import (
    arithmetic,
    fan_out,
    growth,
    measure,
    peers,
    plot,
    pushes,
    report,
    sites,
    start,
    streams,
)
from benchmarks.effort import QUICK, Effort
from benchmarks.growth import Point
from benchmarks.peers import Peer
from benchmarks.processes import Server
from benchmarks.seed import Site
from benchmarks.sites import Sites
from stentor.store.database import open_database

TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
DURABLE = {"sqlite": "synchronous=FULL", "postgres": "synchronous_commit=on"}


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures Stentor and prints tables. Takes up to ten minutes, and 20 GB of"
        " disk for a while.",
    )
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--notifications", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--people", type=int, default=1000, metavar="N")
    parser.add_argument("--size", type=int, action="append", default=[], metavar="N",
                        help="grow to that many too: a multiple of --notifications")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="see that it runs; no figures")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the tables there too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the growth there (SVG)")
    parser.add_argument("--url", help="measure another server instead, by its public API")
    parser.add_argument("--token", action="append", default=[],
                        help="with --url: a token, or several")  # fmt: skip
    parser.add_argument("--pid", type=int, action="append", default=[],
                        help="with --url: its processes, if they run here")  # fmt: skip
    parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE",
                        help="with --url: what a proxy would add")  # fmt: skip
    return parser


def say(text: str) -> None:
    """What is being done, for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def tell_many(site: Site, effort: Effort) -> str:
    """Lines about statuses that many are told of."""
    db = await open_database(site.url)
    try:
        await fan_out.follow(db, site.seed, effort)
        with Server(site.data, site.url, more_pids=site.pids) as server:
            return report.told(await fan_out.measure(db, server, site.seed, effort))
    finally:
        await db.close()


def one_engine(
    engine: str, found: Sites, base: tuple[int, int], effort: Effort
) -> tuple[str, list[Point]]:
    """Everything that is measured of an engine, as Markdown, and its growth."""
    notifications, people = base
    title, site = TITLES[engine], found[notifications]
    say(f"{title}: starting")
    started = report.started(start.measure(site, effort.tries), notifications)
    say(f"{title}: growth")
    grown = [found[size] for size in sorted(found)]
    points = asyncio.run(growth.measure(grown, people, effort))
    say(f"{title}: requests")
    lines = asyncio.run(measure.run(site, effort))
    say(f"{title}: fan-out")
    told = asyncio.run(tell_many(site, effort))
    table = report.table(f"{title}, {DURABLE[engine]}", site.seed, lines)
    return f"{table}\n\n{started}\n{told}\n\n{report.grown(title, points)}", points


def main(given: list[str] | None = None) -> str:
    """Measures what the command line asks for; also returns what it prints."""
    asked = arguments().parse_args(given)
    effort = QUICK if asked.quick else Effort()
    if asked.url:
        peer = Peer(asked.url, asked.token, asked.pid, asked.header)
        text = peers.measure(peer, effort)
        print(text)
        return text
    engines = ["sqlite", "postgres"] if asked.engine == "both" else [asked.engine]
    base = (asked.notifications, asked.people)
    sizes = {min(10_000, base[0] // 3), base[0], 5 * base[0], *asked.size}
    if any(size % base[0] for size in sizes if size > base[0]):
        raise SystemExit(f"--size takes multiples of {base[0]:,}")
    say("making databases")
    with sites.ready(engines, base, sorted(sizes)) as found:
        done = {one: one_engine(one, found[one], base, effort) for one in engines}
    text = report.figures(table for table, _ in done.values())
    print(text)
    if asked.plot:
        grown = {TITLES[engine]: points for engine, (_, points) in done.items()}
        asked.plot.parent.mkdir(parents=True, exist_ok=True)
        asked.plot.write_text(plot.svg(grown, "Costs as the number of notifications grows"))
    if asked.readme:
        report.write_readme(asked.readme, text)
        if asked.readme.resolve() == arithmetic.README:
            arithmetic.main(["--write"])  # it follows from them
    if "sqlite" in engines:
        say("streams and pushes")
        streams.main(["--quick"] if asked.quick else [])
        print(pushes.measure(effort))
    say("done")
    return text


if __name__ == "__main__":
    # Ended from outside, too, it leaves no servers and no gigabytes behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main()
