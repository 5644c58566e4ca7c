"""The growth as a picture: a panel for each thing that should stay flat, a line for each engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from benchmarks.growth import FAVOURITES, PAGES, UNREADS, Point

#: Of a panel's drawing area, and what is kept free round it.
WIDTH, HEIGHT = 250, 140
LEFT, TOP, RIGHT, BOTTOM = 62, 56, 28, 48
# Both colours, and the grey, can be read on white and on black.
COLOURS = {"SQLite": "#2f81f7", "PostgreSQL": "#d9730d"}
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #6e7781; }
  .title { font-size: 13px; font-weight: 600; }
  .grid { stroke: #8b949e; stroke-opacity: .25; }
  .axis { stroke: #8b949e; }
  @media (prefers-color-scheme: dark) { text { fill: #b1bac4; } }
"""

Engines = Mapping[str, Sequence[Point]]
Value = Callable[[Point], float]
PANELS: tuple[tuple[str, Value], ...] = (
    ("a page of 40: µs of CPU", lambda point: point.costs[PAGES].micros),
    ("a favourite: µs of CPU", lambda point: point.costs[FAVOURITES].micros),
    ("unread_count: µs of CPU", lambda point: point.costs[UNREADS].micros),
    ("memory of the server: MB", lambda point: point.memory / 1e6),
)


def svg(engines: Engines, caption: str) -> str:
    """The picture; ``engines`` are points by an engine's name."""
    across, down = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    width, height = 2 * across, 2 * down + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(caption)}</title><style>{STYLE}</style>",
    ]
    for number, (title, value) in enumerate(PANELS):
        x, y = LEFT + number % 2 * across, TOP + number // 2 * down
        parts.append(f'<g transform="translate({x} {y})">{_panel(title, value, engines)}</g>')
    parts += _legend(engines, height - 18)
    return "\n".join([*parts, "</svg>", ""])


def _legend(engines: Engines, y: int) -> list[str]:
    return [
        f'<line x1="{LEFT + n * 130}" x2="{LEFT + 24 + n * 130}" y1="{y - 4}" y2="{y - 4}"'
        f' stroke="{COLOURS[name]}" stroke-width="2.5"/>'
        f'<text x="{LEFT + 32 + n * 130}" y="{y}">{escape(name)}</text>'
        for n, name in enumerate(engines)
    ]


def _panel(title: str, value: Value, engines: Engines) -> str:
    sizes = sorted({point.notifications for points in engines.values() for point in points})
    step = _step(max(value(point) for points in engines.values() for point in points))
    top = step * math.ceil(max(value(p) for points in engines.values() for p in points) / step)
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return WIDTH * (math.log10(size) - low) / ((high - low) or 1)

    def y(amount: float) -> float:
        return HEIGHT * (1 - amount / top)

    parts = [f'<text class="title" x="0" y="-16">{escape(title)}</text>']
    for number in range(round(top / step) + 1):
        at = y(number * step)
        kind = "grid" if number else "axis"
        parts.append(
            f'<line class="{kind}" x1="0" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text x="-8" y="{at + 4:.1f}" text-anchor="end">{number * step:,g}</text>'
        )
    # Sizes that lie close together would write over each other.
    shown = [one for n, one in enumerate(sizes) if n == 0 or x(one) - x(sizes[n - 1]) > 30]
    parts += [
        f'<text x="{x(one):.1f}" y="{HEIGHT + 18}" text-anchor="middle">{_short(one)}</text>'
        for one in shown
    ]
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 36}" text-anchor="middle">notifications</text>'
    )
    for name, points in engines.items():
        places = [(x(point.notifications), y(value(point))) for point in points]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        colour = COLOURS[name]
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        )
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in places]
    return "\n".join(parts)


def _step(most: float) -> float:
    """A round distance between lines, so that there are three to six of them."""
    power: float = 10 ** math.floor(math.log10(most or 1))
    return next(power * part for part in (0.2, 0.5, 1, 2) if most / (power * part) <= 5.5)


def _short(number: int) -> str:
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return str(number)
