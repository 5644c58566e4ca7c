"""The tables, with the machine, the versions and the date."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks import fan_out, start
from benchmarks.growth import FLAT, Cost, Point
from benchmarks.measure import Line
from benchmarks.seed import Seed

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
MISSED = "**MISSED**"
LIBRARIES = ("stentor", "falcon", "uvicorn", "uvloop", "httptools", "msgspec", "apsw", "asyncpg")


def machine() -> str:
    """What it ran on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found.group(1) if found else model
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {os.cpu_count()} cores, {model}, "
        f"{platform.system()}; Python {platform.python_version()}, {libraries}"
    )


def mark(wanted: str, *, reached: bool) -> str:
    """A target, and whether it is reached."""
    return f"{wanted} {'reached' if reached else MISSED}"


def table(title: str, seed: Seed, lines: Sequence[Line]) -> str:
    """One engine's lines, as Markdown."""
    rows = [
        f"**{title}**, {seed.notifications:,} notifications of {len(seed.people):,} people "
        f"({seed.bytes / seed.notifications:,.0f} bytes of database for each)",
        "",
        "| asked for | bytes | for each CPU-second | static | ratio | target |",
        "|---|--:|--:|--:|--:|---|",
        *(_row(line) for line in lines),
    ]
    return "\n".join(rows)


def _row(line: Line) -> str:
    low, high = line.spread
    static = f"{line.static:,.0f}" if line.static else ""
    ratio = ""
    if line.ratio is not None:
        ratio = f"1/{1 / line.ratio:.1f} ({_share((min(line.ratios), max(line.ratios)))})"
    marks = "; ".join(mark(one.text, reached=one.reached) for one in line.wanted)
    return (
        f"| {line.name} | {line.bytes:,} | {line.rate:,.0f} ({low:,.0f} to {high:,.0f}) | {static} "
        f"| {ratio} | {marks} |"
    )


def _share(spread: tuple[float, float]) -> str:
    return f"1/{1 / spread[0]:.1f} to 1/{1 / spread[1]:.1f}"


def grown(title: str, points: Sequence[Point]) -> str:
    """One engine's growth, as Markdown."""
    names = list(points[0].costs)
    dearest = {name: max(point.costs[name].times for point in points) for name in names}
    heaviest = max(point.memory for point in points) / points[0].memory
    flat = [
        mark(f"×{times:.2f}: flat", reached=times <= FLAT)
        for times in (*dearest.values(), heaviest)
    ]
    rows = [
        f"**{title}, as it grows**: µs of CPU for each (lowest to highest), and how often that is "
        f"the first line's; up to ×{FLAT} is flat",
        "",
        f"| notifications | {' | '.join(names)} | server's memory | database, bytes for each |",
        f"|--:|{'--:|' * (len(names) + 2)}",
        *(
            f"| {point.notifications:,} | {' | '.join(_cost(point.costs[name]) for name in names)} "
            f"| {point.memory / 1e6:,.0f} MB | {point.database / point.notifications:,.0f} |"
            for point in points
        ),
        f"| | {' | '.join(flat)} | |",
    ]
    return "\n".join(rows)


def _cost(cost: Cost) -> str:
    low, high = cost.spread
    return f"{cost.micros:,.0f} ({low:,.0f} to {high:,.0f}), ×{cost.times:.2f}"


def started(found: start.Figures, notifications: int) -> str:
    """A line about the start."""
    low, high = found.spread
    soon = mark(f"{start.SECONDS:g} s", reached=found.seconds <= start.SECONDS)
    small = mark(f"{start.MEGABYTES} MB", reached=found.memory < start.MEGABYTES * 1e6)
    return (
        f"- ready {found.seconds:.2f} s after the command ({low:.2f} to {high:.2f}) on "
        f"{notifications:,} notifications: {soon}; memory of the idle server "
        f"{found.memory / 1e6:.0f} MB: {small}"
    )


def told(found: fan_out.Figures) -> str:
    """Lines about statuses that many are told of."""
    soon = mark(f"{fan_out.WITHIN:g} ms", reached=found.mentions_most <= fan_out.WITHIN)
    calm = found.meanwhile[1] / found.before[1]
    return (
        f"- a status that names {fan_out.MENTIONS} people is answered after "
        f"{found.mentions:.1f} ms, 19 of 20 within {found.mentions_most:.1f} ms: {soon}\n"
        f"- while {found.followers:,} are told of a status ({found.told:,.0f} a second), others' "
        f"pages take {found.meanwhile[0]:.1f} ms (p99 {found.meanwhile[1]:.1f}) instead of "
        f"{found.before[0]:.1f} ({found.before[1]:.1f}): {mark('p99 ×2', reached=calm <= 2)}; "
        f"its author is answered after {found.posted:.1f} ms"
    )


def figures(tables: Iterable[str]) -> str:
    """What is printed, and what the README shows."""
    text = "\n\n".join(tables)
    return (
        f"Requests for each second of CPU time of the server (and of PostgreSQL where that is "
        f"behind it); *static* is an answer of the same size from the same process in the same "
        f"run (of 200 bytes for polls and favourites). Medians, lowest and highest of the "
        f"rounds in brackets."
        f"\n\n{text}\n\n{machine()}."
    )


def write_readme(file: Path, text: str) -> None:
    """Puts the figures between the marks. Raises ValueError if there are none."""
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} has no {BEGIN} … {END}")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
