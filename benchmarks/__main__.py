"""`python -m benchmarks`: seeds what is missing, measures, prints the table."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path

from benchmarks import arithmetic, peers, postgres, pushes, report, seed, streams
from benchmarks.measure import QUICK, Effort, Line, run


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures Stentor and prints a table. Takes some minutes.",
    )
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--notifications", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--people", type=int, default=1000, metavar="N")
    parser.add_argument("--quick", action="store_true", help="see that it runs; no figures")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--url", help="measure another server instead, by its public API")
    parser.add_argument("--token", action="append", help="with --url: a token, or several")
    parser.add_argument("--pid", type=int, action="append", default=[],
                        help="with --url: its processes, if they run here")  # fmt: skip
    return parser


def sqlite(notifications: int, people: int, effort: Effort) -> str:
    """The table for SQLite."""
    seeded = seed.ready(notifications, people)
    with tempfile.TemporaryDirectory(prefix="stentor-benchmark-") as folder:
        data = Path(folder)
        shutil.copy(seeded.sqlite(), data / "stentor.db")
        lines = asyncio.run(run(f"sqlite:{data / 'stentor.db'}", data, seeded, effort))
    return report.table("SQLite, synchronous=FULL", seeded, lines)


def on_postgres(notifications: int, people: int, effort: Effort) -> str:
    """The table for PostgreSQL."""
    with (
        tempfile.TemporaryDirectory(prefix="stentor-benchmark-") as folder,
        postgres.seeded(notifications, people) as (server, seeded),
    ):
        work = run(server.url("stentor"), Path(folder), seeded, effort, more_pids=[server.pid])
        lines: list[Line] = asyncio.run(work)
    return report.table("PostgreSQL, synchronous_commit=on", seeded, lines)


def main(given: list[str] | None = None) -> str:
    """Measures what the command line asks for; also returns what it prints."""
    asked = arguments().parse_args(given)
    effort = QUICK if asked.quick else Effort()
    if asked.url:
        text = peers.measure(asked.url, asked.token or [], asked.pid, effort)
    else:
        tables = []
        if asked.engine in ("sqlite", "both"):
            tables.append(sqlite(asked.notifications, asked.people, effort))
        if asked.engine in ("postgres", "both"):
            tables.append(on_postgres(asked.notifications, asked.people, effort))
        text = report.figures(tables)
    print(text)
    if not asked.url and asked.engine != "postgres":
        streams.main(["--quick"] if asked.quick else [])
        print(pushes.measure(pushes.QUICK if asked.quick else None))
    if asked.readme:
        report.write_readme(asked.readme, text)
        if asked.readme.resolve() == arithmetic.README:
            arithmetic.main(["--write"])  # it follows from them
    return text


if __name__ == "__main__":
    main()
