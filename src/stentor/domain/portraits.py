"""Pictures that we draw ourselves: an emblem for the server, and faces for made-up people.

Everything is a pile of shapes. A shape says how deep inside it a point is, in pixels, and in
which colour it is drawn; its edges are smoothed by what is left of the last pixel.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import hypot

from stentor.domain.pictures import png

Colour = tuple[int, int, int]
#: How deep inside a point is; negative outside. The sides are at -1 and 1, y points down.
Depth = Callable[[float, float], float]
Shape = tuple[Depth, Colour]

# Steps from one colour to the next at an edge; a palette has room for 256 colours in all.
_STEPS = 4


def paint(size: int, ground: Colour, shapes: Sequence[Shape]) -> bytes:
    """A square PNG of that many pixels: the shapes one over the other."""
    palette: dict[Colour, int] = {}
    scale = size / 2
    rows = []
    for line in range(size):
        y = (line + 0.5) / scale - 1
        row = bytearray()
        for column in range(size):
            x = (column + 0.5) / scale - 1
            colour = ground
            for depth, over in shapes:
                covered = depth(x, y) * scale + 0.5
                if covered >= 1:
                    colour = over
                elif covered > 0:
                    colour = _between(colour, over, round(covered * _STEPS))
            row.append(palette.setdefault(colour, len(palette)) & 0xFF)
        rows.append(bytes(row))
    return png(size, size, list(palette)[:256], rows)


def _between(under: Colour, over: Colour, step: int) -> Colour:
    left, right = _STEPS - step, step
    return (
        (under[0] * left + over[0] * right) // _STEPS,
        (under[1] * left + over[1] * right) // _STEPS,
        (under[2] * left + over[2] * right) // _STEPS,
    )


def disc(x: float, y: float, radius: float) -> Depth:
    """A disc."""
    return lambda px, py: radius - hypot(px - x, py - y)


def oval(x: float, y: float, wide: float, high: float) -> Depth:
    """An ellipse; its depth is exact at the edge, which is where it matters."""
    least = min(wide, high)
    return lambda px, py: (1 - hypot((px - x) / wide, (py - y) / high)) * least


def above(depth: Depth, line: float) -> Depth:
    """The part of a shape above a horizontal line."""
    return lambda px, py: min(depth(px, py), line - py)


def below(depth: Depth, line: float) -> Depth:
    """The part of a shape below a horizontal line."""
    return lambda px, py: min(depth(px, py), py - line)


def ahead_of(depth: Depth, x: float) -> Depth:
    """The part of a shape within a right angle that opens to the right from (x, 0)."""
    return lambda px, py: min(depth(px, py), (px - x - abs(py)) * 0.707)


def without(depth: Depth, hole: Depth) -> Depth:
    """A shape with another cut out of it."""
    return lambda px, py: min(depth(px, py), -hole(px, py))


@lru_cache(maxsize=1)
def emblem() -> bytes:
    """The server's picture, 256 pixels square: a voice that carries."""
    ground, voice = (38, 46, 84), (255, 196, 87)
    waves = [
        (ahead_of(without(disc(-0.5, 0, radius), disc(-0.5, 0, radius - 0.14)), -0.5), colour)
        for radius, colour in (
            (0.66, (255, 158, 94)), (0.94, (236, 112, 110)), (1.22, (178, 84, 134)),
        )
    ]  # fmt: skip
    return paint(256, ground, [*waves, (disc(-0.5, 0, 0.3), voice)])


_GROUNDS: list[Colour] = [
    (246, 189, 96), (132, 165, 157), (242, 132, 130), (144, 190, 222), (181, 161, 214),
    (163, 201, 128), (240, 166, 202), (94, 138, 176), (233, 196, 106), (120, 188, 180),
]  # fmt: skip
_SKINS: list[Colour] = [
    (255, 224, 196), (241, 194, 155), (224, 172, 125), (189, 130, 86), (141, 91, 58), (94, 60, 42),
]  # fmt: skip
_HAIRS: list[Colour] = [
    (44, 34, 30), (92, 58, 36), (150, 92, 44), (214, 168, 92), (190, 78, 42), (176, 176, 182),
    (62, 54, 110), (140, 52, 92),
]  # fmt: skip
_CLOTHES: list[Colour] = [
    (53, 80, 112), (109, 89, 122), (181, 101, 118), (42, 111, 101), (196, 86, 62), (70, 70, 82),
    (226, 174, 66), (88, 129, 87),
]  # fmt: skip
_INK: Colour = (48, 38, 40)


def portrait(seed: str, size: int = 128) -> bytes:
    """A face, the same for the same seed."""
    luck = random.Random(seed)  # noqa: S311 - a drawing, not a secret
    skin, hair = luck.choice(_SKINS), luck.choice(_HAIRS)
    wide = luck.uniform(0.36, 0.42)
    face = oval(0, -0.08, wide, luck.uniform(0.44, 0.5))
    style = luck.randrange(4)
    shapes: list[Shape] = [(oval(0, -0.15, wide + 0.14, 0.62), hair)] if style == 0 else []
    if style == 1:
        shapes.append((disc(0, -0.72, 0.2), hair))
    shapes += [
        (oval(0, 1.12, 0.86, 0.7), luck.choice(_CLOTHES)),
        (oval(0, 0.42, 0.15, 0.22), _darker(skin)),
        (face, skin),
        (above(oval(0, -0.14, wide + 0.06, 0.5), luck.uniform(-0.34, -0.24)), hair),
        *[(oval(side * wide * 0.42, -0.06, 0.045, 0.055), _INK) for side in (-1, 1)],
        (below(oval(0, 0.1, 0.15, 0.12), 0.13), _darker(_darker(skin))),
    ]
    if style == 2:
        shapes.append(
            (below(without(oval(0, 0, wide, 0.44), oval(0, -0.02, 0.24, 0.3)), 0.1), hair)
        )
    if luck.random() < 0.35:
        shapes += [
            (
                without(
                    disc(side * wide * 0.42, -0.06, 0.14), disc(side * wide * 0.42, -0.06, 0.11)
                ),
                _INK,
            )
            for side in (-1, 1)
        ]
    return paint(size, luck.choice(_GROUNDS), shapes)


def _darker(colour: Colour) -> Colour:
    return (colour[0] * 4 // 5, colour[1] * 4 // 5, colour[2] * 4 // 5)
