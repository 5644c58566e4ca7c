"""What a site of a million accounts and more needs, worked out from what was measured.

`python -m benchmarks.arithmetic` prints the table of ``docs/operate/scaling.md``, ``--write`` puts
it there. Costs are those of the README's table for PostgreSQL and of decision 15; habits are
assumed.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path

from benchmarks import report
from benchmarks.cases import OTHERS, OTHERS_POLL, WRITTEN
from stentor.store.postgres import POOL

ROOT = Path(__file__).parents[1]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "operate" / "scaling.md"
STREAMS = ROOT / "docs" / "decisions" / "0015-frames-straight-to-the-transport.md"
SIZES = (1_000_000, 10_000_000, 100_000_000)
DAY = 86_400


@dataclass(frozen=True)
class Habits:
    """What people do; nothing of it is measured."""

    active: float = 0.1
    notifications: int = 30
    pages: int = 20
    polls: int = 100
    days: int = 180
    peak: float = 3.0
    streams: float = 0.2
    events: float = 1 / 60
    busy: float = 0.5

    def text(self) -> str:
        """One sentence for all of them."""
        return (
            f"Assumed: {self.active:.0%} of all accounts are there on a day; each of these is told"
            f" of {self.notifications} things, opens {self.pages} pages of notifications and asks"
            f" {self.polls} times whether there is anything new; in the busiest minutes"
            f" {self.peak:g} times the day's average happens, and {self.streams:.0%} of the day's"
            f" people have a stream open, which tells them of a status every {1 / self.events:g}"
            f" seconds; notifications are kept for {self.days} days; no core is to be busy for more"
            f" than {self.busy:.0%} of the time."
        )


@dataclass(frozen=True)
class Costs:
    """What was measured: things for each CPU-second, PostgreSQL's included; and bytes."""

    notifications: float
    pages: float
    polls: float
    shown: float
    events: float
    row: float
    socket: float


def measured() -> Costs:
    """The costs as the documents have them. Raises ValueError if one is not there."""
    table = README.read_text().partition("**PostgreSQL")[2]
    streams = STREAMS.read_text()

    def rate(name: str) -> float:
        return _number(rf"\| {name} \| [\d,]+ \| ([\d,]+)", table)

    return Costs(
        notifications=rate("favourites that became durable notifications, 32 at once"),
        # Where so many are, somebody always writes: nothing is given again.
        pages=rate(OTHERS + WRITTEN),
        polls=rate(OTHERS_POLL + WRITTEN),
        shown=rate("one notification"),
        events=_number(r"by the hub \| ([\d,]+) to", streams),
        row=_number(r"\(([\d,]+) bytes of database for each\)", table),
        socket=_number(r"by the hub \| [^|]* \| ([\d.]+) KiB", streams) * 1024,
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"no figure: {pattern}")
    return float(found[1].replace(",", ""))


@dataclass(frozen=True)
class Needs:
    """What so many accounts ask for at the peak, and what that takes."""

    people: float
    notifications: float
    pages: float
    polls: float
    streams: float
    events: float
    cores: float
    connections: float
    memory: float
    rows: float
    disk: float

    @classmethod
    def of(cls, accounts: int, habits: Habits, costs: Costs) -> Needs:
        """Rates are for a second."""
        people = accounts * habits.active
        each = people * habits.peak / DAY
        streams = people * habits.streams
        events = streams * habits.events
        notifications, pages = each * habits.notifications, each * habits.pages
        polls = each * habits.polls
        work = (
            notifications / costs.notifications
            + pages / costs.pages
            + polls / costs.polls
            + notifications * habits.streams / costs.shown
            + events / costs.events
        )
        cores = work / habits.busy
        rows = people * habits.notifications * habits.days
        return cls(
            people, notifications, pages, polls, streams, events, cores, ceil(cores) * POOL,
            memory=streams * costs.socket, rows=rows, disk=rows * costs.row,
        )  # fmt: skip


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _bytes(value: float) -> str:
    for unit in ("MB", "GB", "TB"):
        value /= 1000 if unit != "MB" else 1e6
        if value < 1000:
            return f"{_count(value)} {unit}"
    return f"{_count(value)} TB"


WORDS: dict[str, tuple[str, Callable[[float], str]]] = {
    "people": ("people on a day", _count),
    "notifications": ("notifications written and told on the bus, a second", _count),
    "pages": ("pages read, a second", _count),
    "polls": ("questions for anything new, a second", _count),
    "streams": ("streams open at once", _count),
    "events": ("statuses told on them, a second", _count),
    "cores": ("cores, of servers and PostgreSQL together", _count),
    "connections": ("connections to PostgreSQL, with a process for each core", _count),
    "memory": ("memory of open streams", _bytes),
    "rows": ("notifications kept", _count),
    "disk": ("database for them", _bytes),
}


def table(habits: Habits, costs: Costs) -> str:
    """Assumptions, costs and the table, as Markdown."""
    needs = [Needs.of(size, habits, costs) for size in SIZES]
    lines = [
        habits.text(),
        "",
        f"Measured, for each CPU-second: {costs.notifications:,.0f} favourites that became"
        f" notifications, {costs.pages:,.0f} pages, {costs.polls:,.0f} questions without news,"
        f" {costs.shown:,.0f} notifications shown alone, {costs.events:,.0f} statuses told on"
        f" streams of many; {costs.row:,.0f} bytes of database for a notification,"
        f" {costs.socket / 1024:.1f} KiB for a stream.",
        "",
        "| accounts | " + " | ".join(f"{size:,}" for size in SIZES) + " |",
        "|---|" + "--:|" * len(SIZES),
    ]
    for one in fields(Needs):
        name, shown = WORDS[one.name]
        lines.append(
            f"| {name} | " + " | ".join(shown(getattr(need, one.name)) for need in needs) + " |"
        )
    return "\n".join(lines)


def main(given: list[str] | None = None) -> str:
    """Prints the table, and puts it into the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put it into docs/operate/scaling.md")
    asked = parser.parse_args(given)
    text = table(Habits(), measured())
    print(text)
    if asked.write:
        report.write_readme(PAGE, text)
    return text


if __name__ == "__main__":
    main()
