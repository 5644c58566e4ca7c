"""What counts as a picture, and the ones that we draw."""

from __future__ import annotations

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import pictures
from stentor.domain.pictures import Picture


def decode(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and pixels of a PNG with a palette; fails if a chunk is broken."""
    position, pixels, size = 8, b"", (0, 0)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (check,) = struct.unpack_from(">I", data, position + 8 + length)
        assert check == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
        if kind == b"IDAT":
            pixels += body
        position += 12 + length
    return *size, zlib.decompress(pixels)


def test_the_drawn_pictures_are_whole_and_small():
    for data, width, height in (
        (pictures.missing_avatar(), 120, 120),
        (pictures.missing_header(), 600, 200),
    ):
        assert Picture.of(data) is Picture.PNG
        found_width, found_height, lines = decode(data)
        assert (found_width, found_height) == (width, height)
        assert len(lines) == (width + 1) * height
        assert len(data) < 4096


def test_the_avatar_shows_somebody_in_the_middle():
    _, _, lines = decode(pictures.missing_avatar())
    rows = [lines[y * 121 + 1 : (y + 1) * 121] for y in range(120)]
    assert rows[48][60] == rows[115][60] == 8
    assert rows[0] == bytes(120)
    assert rows[60][0] == rows[60][119] == 0


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_a_known_kind_or_none(data):
    picture = Picture.of(data)
    if picture is not None:
        assert picture.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
