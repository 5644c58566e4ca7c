"""Answers that are given again until a commit concerns them, and answered 304 (RFC 9110).

Whoever polls, or opens the same page twice, is asked for again what was just put together. Such
an answer is remembered with the *instant* of the database (`Database.instant`) from before it was
read. While the instant is the same nobody, in whatever process, has committed anything since, so
it is what would be put together now, for the same token, which is what it was too. It also
outlives commits that touch nothing it rests on (`stentor.store.changes`). The request is counted
each time, and what changes by time alone ends with its time
(`Request.lasts_until`, and the token's own end).

So that a poll can be answered 304, the answers have entity tags. A tag names an answer that this
process remembers; after a commit the page is made anew, and keeps its tag if it is the same.
"""

from __future__ import annotations

import secrets
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from random import choice
from typing import TYPE_CHECKING, Any, NamedTuple

from stentor.api import rate_limits, responses
from stentor.api.auth import Viewer
from stentor.api.services import Services
from stentor.api.whole_answers import giver, lines
from stentor.entities.fragments import Fragment, Parts
from stentor.errors import PublicError
from stentor.store import changes

if TYPE_CHECKING:
    from stentor.api.endpoint import Route

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

#: Where in the scope of a request its `Note` is, if its answer can be remembered.
NOTE = "stentor.note"
#: Bytes that are remembered at most, and in how many answers; what several answers share (an
#: account, a status) counts once.
BYTES = 128 * 1024 * 1024
ANSWERS = 8192
#: Of so many the pieces stay joined as well: whoever asks again does so soon.
WHOLE = 64
# Made anew for each answer.
_OWN = frozenset(
    {
        b"x-request-id",
        b"x-ratelimit-limit",
        b"x-ratelimit-remaining",
        b"x-ratelimit-reset",
    }
)
_NOT_WITH_304 = frozenset({b"content-length", b"content-type"})


class Note:
    """What is said of an answer while it is put together; without parts it is not remembered."""

    __slots__ = ("ground", "instant", "pages", "parts", "until", "viewer")

    def __init__(self, instant: Hashable) -> None:
        self.instant = instant
        #: What was looked at (`stentor.store.changes`).
        self.ground: set[int] = set()
        self.parts: Parts | None = None
        self.until = 0
        self.pages = False
        self.viewer: Viewer | None = None

    def take(self, parts: Parts, *, viewer: Viewer, until: int, pages: bool) -> None:
        """Its body, whose it is, how long it is good (ms), whether it is another page of a list."""
        if viewer.expires_at is not None:
            until = min(until, viewer.expires_at)
        self.parts, self.viewer, self.until, self.pages = parts, viewer, until, pages


class _Asked(NamedTuple):
    """What an answer depends on beside the database: path, query, and who asks."""

    path: str
    query: bytes
    authorization: bytes


@dataclass(slots=True)
class _Answer:
    instant: Hashable
    until: int
    pages: bool
    #: Whose it is. His token was judged in that instant: only time can change what came of it.
    viewer: Viewer
    headers: Headers
    parts: Parts
    tag: bytes
    #: The headers as they are on the wire: with a body, and with a 304.
    lines: tuple[bytes, bytes]
    #: All that it rests on; None if that is not known.
    ground: array[int] | None = None
    #: Where it is among all that are remembered; when it was asked for last, and before that.
    place: int = 0
    used: int = 0
    used_before: int = 0
    #: The parts in one, while it is among the last that were asked for.
    whole: bytes | None = None


class Remembered:
    """An ASGI application round another one, whose answers it remembers."""

    def __init__(
        self,
        inner: Callable[[Scope, Receive, Send], Awaitable[None]],
        services: Services,
        routes: Iterable[Route],
    ) -> None:
        self._inner = inner
        self._services = services
        self._routes = {one.path: one for one in routes if one.remembered and one.method == "GET"}
        self._answers = _Answers()
        self._process = secrets.token_hex(8)
        self._made = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        asked, tags = (None, b"") if route is None else _asked(scope)
        if route is None or asked is None:
            await self._inner(scope, receive, send)
            return
        answer = self._answers.get(asked)
        try:
            instant = await self._services.db.instant()
        except PublicError:  # the inner application says so
            instant = None
        if instant is None:
            await self._inner(scope, receive, send)
            return
        db = self._services.db
        if answer is not None and db.still(answer.instant, instant, answer.ground):
            answer.instant = instant
            own = self._let_in(route, answer)
            if own is not None:
                await self._give(scope, send, answer, own, known=_matches(tags, answer.tag))
                return
        note = scope[NOTE] = Note(instant)
        started: Message = {}

        async def listening(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                return
            if started["status"] == 200 and note.parts is not None and note.viewer is not None:
                headers = list(started["headers"])
                tag = self._remember(asked, note, note.parts, note.viewer, headers)
                await _send(send, headers, message["body"], known=_matches(tags, tag))
                return
            await send(started)
            await send(message)

        with changes.looking(note.ground, instant):
            await self._inner(scope, receive, listening)

    async def _give(
        self, scope: Scope, send: Send, answer: _Answer, own: Headers, *, known: bool
    ) -> None:
        """That answer; without its body if it is ``known`` that the client has it."""
        body = b"" if known else self._answers.whole(answer)
        give = giver(scope)
        status = 304 if known else 200
        if give is None or not give(status, answer.lines[known] + lines(own), body):
            await _send(send, [*answer.headers, *own], body, known=known)

    def _let_in(self, route: Route, answer: _Answer) -> Headers | None:
        """The headers that are this answer's own, once it is counted.

        None if its time is over or too much was asked: then he is told in the ordinary way.
        """
        services = self._services
        now = services.now()
        if now >= answer.until:
            return None
        viewer = answer.viewer
        own = [(b"x-request-id", responses.request_id().encode())]
        if services.limits.on:
            counted = rate_limits.keys(
                route.limits,
                account_id=viewer.account_id,
                token_id=viewer.token_id,
                address=str,
                paging=answer.pages,
            )
            try:
                left = services.limits.take(counted, now)
            except PublicError:
                return None
            if left is not None:
                own += [
                    (name.lower().encode(), value.encode())
                    for name, value in left.headers().items()
                ]
        services.last_uses.saw(
            viewer.token_id, viewer.account_id, last_used_at=viewer.last_used_at, now=now
        )
        return own

    def _remember(
        self, asked: _Asked, note: Note, parts: Parts, viewer: Viewer, headers: Headers
    ) -> bytes:
        """Keeps an answer; its tag, which is that of the one before if that was the same."""
        before = self._answers.get(asked)
        if before is not None and _same(before.parts.pieces, parts.pieces):
            tag = before.tag
        else:
            self._made += 1
            tag = f'W/"{self._process}-{self._made}"'.encode()
        headers.append((b"etag", tag))
        kept = [one for one in headers if one[0] not in _OWN]
        wire = lines(kept), lines(_with_304(kept))
        self._answers.put(
            asked,
            _Answer(
                note.instant,
                note.until,
                note.pages,
                viewer,
                kept,
                parts,
                tag,
                wire,
                self._ground(note, viewer),
            ),
        )
        return tag

    def _ground(self, note: Note, viewer: Viewer) -> array[int] | None:
        """All that the answer rests on, as small as can be; None if that is not known."""
        if viewer.account_id is None:
            return None
        own = [changes.key(kind, viewer.account_id) for kind in (changes.PERSON, changes.TOKENS)]
        try:
            return array("Q", (*own, *note.ground))
        except OverflowError:  # an id of another server may be anything
            return None


def _asked(scope: Scope) -> tuple[_Asked | None, bytes]:
    """What is asked by whom, and the tags of If-None-Match; None if it cannot be remembered."""
    authorization, tags = b"", b""
    # ASGI promises no more than something that can be gone through, perhaps once; pairs as well.
    headers = scope["headers"] = [(name, value) for name, value in scope["headers"]]
    for name, value in headers:
        if name == b"authorization":
            if authorization:
                return None, b""
            authorization = value
        elif name == b"if-none-match":
            tags += value + b","
        elif name in (b"content-length", b"transfer-encoding"):
            return None, b""
    if scope["method"] != "GET" or not authorization:
        return None, b""
    return _Asked(scope["path"], scope["query_string"], authorization), tags


def _matches(tags: bytes, tag: bytes) -> bool:
    """True if an If-None-Match names the tag, by weak comparison (RFC 9110, 13.1.2)."""
    if not tags:
        return False
    given = [one.strip() for one in tags.split(b",")]
    return tag in given or tag.removeprefix(b"W/") in given or b"*" in given


def _same(some: Sequence[Fragment], others: Sequence[Fragment]) -> bool:
    return len(some) == len(others) and all(
        a is b or bytes(a) == bytes(b) for a, b in zip(some, others, strict=True)
    )


async def _send(send: Send, headers: Headers, body: bytes, *, known: bool) -> None:
    """The answer; without its body if it is ``known`` that the client has it."""
    status = 304 if known else 200
    headers = _with_304(headers) if known else headers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if known else body})


def _with_304(headers: Headers) -> Headers:
    return [one for one in headers if one[0] not in _NOT_WITH_304]


class _Answers:
    """Answers by what was asked, within `BYTES`; for a new one others are forgotten.

    Of any two the one that was asked for longer ago. Were it the oldest of all, and did a few more
    people poll in turn than there is room for, each would find his own answer just forgotten; were
    it any, those whom nobody asks for any more would stay as long as the others.
    """

    def __init__(self) -> None:
        self._by_asked: dict[_Asked, _Answer] = {}
        # What was asked, in no order: each answer knows its place, so that any can go.
        self._order: list[_Asked] = []
        # How often each element is part of an answer, by its identity: an answer keeps it alive.
        self._uses: dict[int, int] = {}
        self._bytes = 0
        # Goes on with each use.
        self._clock = 0
        self._whole: deque[_Answer] = deque()

    def whole(self, answer: _Answer) -> bytes:
        """Its body, which is kept if it is the second time soon.

        Not each time: then it would be joined in memory that has not been used for as many others.
        """
        if answer.whole is not None:
            return answer.whole
        body = b"".join(answer.parts.pieces)
        if answer.used - answer.used_before <= WHOLE:
            if len(self._whole) >= WHOLE:
                self._whole.popleft().whole = None
            answer.whole = body
            self._whole.append(answer)
        return body

    def get(self, asked: _Asked) -> _Answer | None:
        answer = self._by_asked.get(asked)
        if answer is not None:
            self._touch(answer)
        return answer

    def _touch(self, answer: _Answer) -> None:
        self._clock += 1
        answer.used_before, answer.used = answer.used, self._clock

    def put(self, asked: _Asked, answer: _Answer) -> None:
        self._forget(asked)
        order = self._order
        self._bytes += _alone(asked, answer) + self._take(answer)
        while order and (self._bytes > BYTES or len(order) >= ANSWERS):
            self._forget(min(choice(order), choice(order), key=self._used))  # noqa: S311  # no secret
        if self._bytes > BYTES:
            self._bytes -= _alone(asked, answer) + self._leave(answer)
            return
        self._by_asked[asked] = answer
        self._touch(answer)
        answer.place = len(order)
        order.append(asked)

    def _used(self, asked: _Asked) -> int:
        return self._by_asked[asked].used

    def _forget(self, asked: _Asked) -> None:
        answer = self._by_asked.pop(asked, None)
        if answer is None:
            return
        last = self._order.pop()
        if last != asked:
            self._order[answer.place] = last
            self._by_asked[last].place = answer.place
        self._bytes -= _alone(asked, answer) + self._leave(answer)

    def _take(self, answer: _Answer) -> int:
        """Counts its elements; bytes of those that no other answer has."""
        uses, added = self._uses, 0
        for one in answer.parts.elements:
            number = id(one)
            used = uses.get(number, 0)
            uses[number] = used + 1
            if not used:
                added += one.size
        return added

    def _leave(self, answer: _Answer) -> int:
        """Counts its elements no longer; bytes of those that no other answer has."""
        uses, freed = self._uses, 0
        for one in answer.parts.elements:
            number = id(one)
            used = uses[number] - 1
            if used:
                uses[number] = used
            else:
                del uses[number]
                freed += one.size
        return freed


def _alone(asked: _Asked, answer: _Answer) -> int:
    """Bytes of what it shares with no other; its headers are there as lines and one by one."""
    pieces, elements = answer.parts
    own = sum(map(len, pieces)) - sum([one.size for one in elements])
    own += 8 * len(answer.ground or ())
    return own + len(asked.query) + len(asked.authorization) + 2 * sum(map(len, answer.lines))
