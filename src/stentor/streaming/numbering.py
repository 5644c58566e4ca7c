"""What processes say to each other on a bus, numbered so that nothing is lost unnoticed. No I/O.

Every process numbers its messages and repeats the last number each second, as a heartbeat (on
PostgreSQL not while it is alone). Whoever hears it knows what is missing: a number that was
skipped, or a process that fell silent without saying goodbye and may have committed something that
it never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec

from stentor.streaming.bus import News

#: Bytes of a message; PostgreSQL takes 7,999.
PAYLOAD_BYTES = 7_500
#: Seconds between two heartbeats.
BEAT = 1.0
#: Seconds after which a process that says nothing is taken for dead.
SILENCE = 5.0
#: Processes that are remembered; those that are gone are forgotten first.
PEERS = 1_000


class Kind(IntEnum):
    """What a message is for."""

    NEWS = 0
    #: "I am here, and my last news had that number."
    BEAT = 1
    #: "I have said everything."
    BYE = 2


class Message(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """One message of a process; on the wire a JSON list.

    ``number`` is that of the process's last message with news, this one included. ``age`` is how
    long it has been running, in milliseconds. ``news`` are (account id, kind, id).
    """

    origin: str
    kind: Kind
    number: int
    age: int
    news: list[tuple[int, str, int]]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Message)


def encode(origin: str, kind: Kind, number: int, age: float, news: Iterable[bytes] = ()) -> bytes:
    """A message as it travels; each news as `encode_news` gave it."""
    return b'["%b",%d,%d,%d,[%b]]' % (
        origin.encode(),
        kind,
        number,
        int(age * 1000),
        b",".join(news),
    )


def encode_news(news: News) -> bytes:
    """One news within a message: some 30 to 70 bytes."""
    return _encoder.encode((news.account_id, news.kind, news.id))


def decode(payload: bytes | str) -> Message | None:
    """What was said; None if it is no message of ours."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return None


def in_parcels(encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    """News in their order, as much together as fits into one message."""
    parcel: list[bytes] = []
    size = 100  # what stands round them
    for one in encoded:
        if parcel and size + len(one) + 1 > PAYLOAD_BYTES:
            yield parcel
            parcel, size = [], 100
        parcel.append(one)
        size += len(one) + 1
    if parcel:
        yield parcel


class Heard:
    """What a message brings: news, and since how many seconds ago others may be missing."""

    __slots__ = ("gap", "news")

    def __init__(self, news: list[News], gap: float | None) -> None:
        self.news = news
        self.gap = gap


class _Peer:
    __slots__ = ("heard_at", "here", "number")

    def __init__(self, number: int, at: float) -> None:
        self.number = number
        self.heard_at = at
        self.here = True


_NOTHING = Heard([], None)


class Peers:
    """The other processes: what was heard of each. All times are of one clock that never jumps."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._peers: dict[str, _Peer] = {}
        self._since = 0.0

    def __len__(self) -> int:
        return sum(peer.here for peer in self._peers.values())

    def connected(self, at: float) -> None:
        """From then on everything is heard."""
        self._since = at

    def hear(self, message: Message, at: float) -> Heard:
        """A message of another process; what was heard before brings nothing again."""
        peer = self._peers.get(message.origin)
        known = peer is not None
        if peer is None:
            peer = self._remember(message.origin, at)
        before, heard_at = peer.number, peer.heard_at
        peer.heard_at, peer.here = at, message.kind != Kind.BYE
        fresh = message.kind == Kind.NEWS and message.number > before
        expected = before + 1 if fresh else before
        peer.number = max(before, message.number)
        if message.number <= expected and not fresh:
            return _NOTHING
        gap = None
        if message.number > expected:
            # A stranger has said nothing before it began (and its message took a moment).
            gap = at - heard_at if known else min(at - self._since, message.age / 1000 + SILENCE)
        return Heard([News(*one) for one in message.news] if fresh else [], gap)

    def _remember(self, origin: str, at: float) -> _Peer:
        # Whoever was there before we listened has numbers that we need not have heard; but some
        # may have been said, and lost, between our first moment and its first word to us. Which,
        # nobody can tell: so its first word is a gap, unless it has never said anything.
        if len(self._peers) >= PEERS:
            gone = (name for name, one in self._peers.items() if not one.here)
            del self._peers[next(gone, next(iter(self._peers)))]
        peer = self._peers[origin] = _Peer(0, at)
        return peer

    def vanished(self, at: float) -> float | None:
        """Forgets who has been silent for too long; seconds since one of them was last heard."""
        longest: float | None = None
        for peer in self._peers.values():
            silent = at - peer.heard_at
            if peer.here and silent > SILENCE:
                peer.here = False  # its number is kept: it may only have been asleep
                longest = max(longest or 0.0, silent)
        return longest

    def excuse(self, at: float) -> None:
        """We did not listen ourselves: nobody's silence before that time says anything."""
        for peer in self._peers.values():
            peer.heard_at = max(peer.heard_at, at) if peer.here else peer.heard_at
