"""The table, with the machine, the versions and the date."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Line
from benchmarks.seed import Seed

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
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


def table(title: str, seed: Seed, lines: Sequence[Line]) -> str:
    """One engine's lines, as Markdown."""
    rows = [
        f"**{title}**, {seed.notifications:,} notifications of {len(seed.people):,} people "
        f"({seed.bytes / seed.notifications:,.0f} bytes of database for each)",
        "",
        "| asked for | bytes | for each CPU-second | static | ratio | target | next |",
        "|---|--:|--:|--:|--:|---|---|",
        *(_row(line) for line in lines),
    ]
    return "\n".join(rows)


def _row(line: Line) -> str:
    low, high = line.spread
    static = f"{line.static:,.0f}" if line.static else ""
    ratio = ""
    if line.ratio is not None:
        ratio = f"1/{1 / line.ratio:.1f} ({_share(line.ratio_spread)})"
    marks = [_mark(line, target) for target in (line.target, line.later)]
    return (
        f"| {line.name} | {line.bytes:,} | {line.rate:,.0f} ({low:,.0f} to {high:,.0f}) | {static} "
        f"| {ratio} | {marks[0]} | {marks[1]} |"
    )


def _share(spread: tuple[float, float]) -> str:
    return f"1/{1 / spread[0]:.1f} to 1/{1 / spread[1]:.1f}"


def _mark(line: Line, target: Fraction | int | None) -> str:
    reached = line.reached(target)
    if reached is None:
        return ""
    wanted = f"{target:,}" if isinstance(target, int) else str(target)
    return f"{wanted} {'reached' if reached else '**MISSED**'}"


def figures(tables: Iterable[str]) -> str:
    """What is printed, and what the README shows."""
    text = "\n\n".join(tables)
    return (
        f"Requests for each second of CPU time of the server (and of PostgreSQL where that is "
        f"behind it); *static* is an answer of the same size from the same process in the same "
        f"run. Medians, lowest and highest of the rounds in brackets.\n\n{text}\n\n{machine()}."
    )


def write_readme(file: Path, text: str) -> None:
    """Puts the figures between the marks. Raises ValueError if there are none."""
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} has no {BEGIN} … {END}")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
