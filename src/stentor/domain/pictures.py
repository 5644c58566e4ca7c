"""Pictures: which kinds we take, told by their first bytes, and the ones that we draw ourselves."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Self


class Picture(Enum):
    """A kind of picture that browsers show; the value is the ending of its file's name."""

    PNG = "png"
    JPEG = "jpg"
    GIF = "gif"
    WEBP = "webp"

    @property
    def content_type(self) -> str:
        """What it is served as: never what somebody said it is."""
        return f"image/{self.name.lower()}"

    @classmethod
    def of(cls, data: bytes) -> Self | None:
        """The kind of these bytes, or None; names and content types of an upload are not asked."""
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return cls("png")
        if data.startswith(b"\xff\xd8\xff"):
            return cls("jpg")
        if data.startswith((b"GIF87a", b"GIF89a")):
            return cls("gif")
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return cls("webp")
        return None


def png(width: int, height: int, palette: list[tuple[int, int, int]], rows: list[bytes]) -> bytes:
    """A PNG file of one byte, an index into the palette, for each pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    lines = b"".join(b"\0" + row for row in rows)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"PLTE", colours),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        ]
    )


# Shades between the two colours of a drawing, so that edges look smooth.
_SHADES = 9
_GROUND, _FIGURE = (217, 221, 230), (160, 167, 184)


def _shades() -> list[tuple[int, int, int]]:
    def between(start: int, end: int, step: int) -> int:
        return start + (end - start) * step // (_SHADES - 1)

    return [
        (
            between(_GROUND[0], _FIGURE[0], step),
            between(_GROUND[1], _FIGURE[1], step),
            between(_GROUND[2], _FIGURE[2], step),
        )
        for step in range(_SHADES)
    ]


def _draw(width: int, height: int, inside: Callable[[float, float], bool]) -> bytes:
    """A PNG whose pixels are the darker, the more of their nine sample points lie inside."""
    offsets = [1 / 6, 1 / 2, 5 / 6]
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            hits = sum(
                inside((x + dx) / width, (y + dy) / height) for dy in offsets for dx in offsets
            )
            row.append(min(hits, _SHADES - 1))
        rows.append(bytes(row))
    return png(width, height, _shades(), rows)


@lru_cache(maxsize=1)
def missing_avatar() -> bytes:
    """The avatar that everybody has at first: a head above shoulders, 120 pixels square."""

    def inside(x: float, y: float) -> bool:
        head = (x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.18**2
        shoulders = ((x - 0.5) / 0.36) ** 2 + ((y - 1.0) / 0.36) ** 2 < 1
        return head or shoulders

    return _draw(120, 120, inside)


@lru_cache(maxsize=1)
def missing_header() -> bytes:
    """The header that everybody has at first: one plain colour, 3 to 1 as headers are."""
    return png(600, 200, [_GROUND], [bytes(600)] * 200)
