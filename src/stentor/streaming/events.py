"""One thing that is said on streams, encoded once for all who hear the same (9.4)."""

from __future__ import annotations

import struct

import msgspec

_encoder = msgspec.json.Encoder()


def label_json(label: tuple[str, ...]) -> bytes:
    """How a subscription is named in a WebSocket message."""
    return _encoder.encode(label)


def text_frame(text: bytes) -> bytes:
    """An unmasked text frame of RFC 6455, whole, as a server sends it."""
    size = len(text)
    if size < 126:
        return b"\x81" + bytes((size,)) + text
    if size < 65536:
        return struct.pack("!BBH", 0x81, 126, size) + text
    return struct.pack("!BBQ", 0x81, 127, size) + text


class Event:
    """A name and a payload: JSON text, or digits as they are."""

    __slots__ = ("_frames", "_lines", "_tail", "name", "payload")

    def __init__(self, name: str, payload: bytes) -> None:
        self.name = name
        self.payload = bytes(payload)
        self._tail = b""
        self._lines = b""
        self._frames: dict[bytes, bytes] = {}

    def text(self, label: bytes) -> bytes:
        """The WebSocket message for a subscription: the payload is JSON inside a JSON string."""
        if not self._tail:
            self._tail = b',"event":%b,"payload":%b}' % (
                _encoder.encode(self.name),
                _encoder.encode(self.payload.decode()),
            )
        return b'{"stream":' + label + self._tail

    def frame(self, label: bytes) -> bytes:
        """The same as a frame; made once, whoever hears it."""
        frame = self._frames.get(label)
        if frame is None:
            frame = self._frames[label] = text_frame(self.text(label))
        return frame

    def lines(self) -> bytes:
        """The lines of a server-sent event, without its id and the blank line at its end."""
        if not self._lines:
            self._lines = b"event: %b\ndata: %b\n" % (self.name.encode(), self.payload)
        return self._lines
