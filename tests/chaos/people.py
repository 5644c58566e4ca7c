"""People who act all the time, and remember what they were told has happened.

Each does one thing after the other and repeats it until it is answered. In the end it is known
exactly what must be in the list of the one whom it concerns.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.factories import Person as Account

#: Seconds that an answer may take.
PATIENCE = 60.0
#: Seconds before something is done again that was not answered.
PAUSE = 0.05
_OLDER = re.compile(r'<https?://[^/]*([^>]*)>; rel="next"')


class Thing(NamedTuple):
    """What somebody is told of: there is at most one notification of it."""

    type: str
    account_id: str
    status_id: str | None

    @classmethod
    def of(cls, notification: Any) -> Thing:
        """What that notification is about, as the API shows it."""
        status = notification.get("status")
        return cls(notification["type"], notification["account"]["id"], status and status["id"])


class GivenUpError(Exception):
    """It was never answered as it should be."""


class Person:
    """Somebody with a token. ``base`` says where the server is, or nothing while it is down."""

    def __init__(self, token: str, base: Callable[[], str]) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._base = base
        self._line: http.client.HTTPConnection | None = None
        #: What was begun is not to be repeated any more.
        self.given_up = threading.Event()
        #: By status, and 0 for what was not answered.
        self.answers: Counter[int] = Counter()
        #: When changes were acknowledged.
        self.acknowledged: list[float] = []
        #: Where the last answer says that older ones are.
        self.older = ""
        #: Answers that should not be.
        self.wrong: list[str] = []

    def do(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Does it again and again until it is answered; what was answered."""
        status, answer = self.once(method, path, body, **headers)
        # Whoever dismisses again what he was not told is gone may hear that there is no such thing.
        enough = (200, 404) if path.endswith("/dismiss") else (200,)
        while status not in enough and not self.given_up.wait(PAUSE):
            self.hang_up()  # another server may do it
            status, answer = self.once(method, path, body, **headers)
        if status not in enough:
            raise GivenUpError
        if method != "GET":
            self.acknowledged.append(time.monotonic())
        return answer

    def pages(self, path: str, rows: Callable[[Any], list[Any]] = lambda page: page) -> list[Any]:
        """All there is from that page on; ``rows`` finds it in what is answered."""
        found: list[Any] = []
        while path:
            found += rows(self.do("GET", path))
            path = self.older
        return found

    def once(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Tries it once: status and answer, or 0 if there was none."""
        sent = self._headers | {name.replace("_", "-"): text for name, text in headers.items()}
        while not (base := self._base()) and not self.given_up.wait(PAUSE):
            pass
        try:
            line = self._connected(base)
            line.request(method, path, body and json.dumps(body), sent)
            answer = line.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            self.answers[0] += 1
            return 0, None
        self.answers[answer.status] += 1
        link = _OLDER.search(answer.getheader("Link") or "")
        self.older = link[1] if link else ""
        if not _proper(answer, text):
            self.wrong.append(f"{method} {path}: {answer.status} {text[:300]!r}")
        return answer.status, json.loads(text) if text.startswith((b"{", b"[")) else text

    def _connected(self, base: str) -> http.client.HTTPConnection:
        if self._line is None:
            port = int(base.rpartition(":")[2])
            self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        return self._line

    def hang_up(self) -> None:
        """Ends the connection; there is another one with the next request."""
        if self._line is not None:
            self._line.close()
            self._line = None


def _proper(answer: http.client.HTTPResponse, text: bytes) -> bool:
    """Whether that may be answered: it is done, it is gone, or one is to come again."""
    if answer.status != 503:
        return answer.status in (200, 404)
    said = json.loads(text) if text.startswith(b"{") else {}
    return bool(said.get("error")) and (answer.getheader("Retry-After") or "").isdigit()


class Actor(Person, threading.Thread, ABC):
    """Somebody who acts all the time, in a thread."""

    def __init__(self, token: str, base: Callable[[], str]) -> None:
        Person.__init__(self, token, base)
        threading.Thread.__init__(self, daemon=True)
        #: No more is to be begun.
        self.enough = threading.Event()

    def run(self) -> None:
        with contextlib.suppress(GivenUpError):
            while not self.enough.is_set():
                self.act()
        self.hang_up()

    @abstractmethod
    def act(self) -> None:
        """Does something and remembers it."""


class Writer(Actor):
    """Mentions somebody all the time; repeats under the same key what was not answered."""

    def __init__(
        self, name: str, token: str, base: Callable[[], str], *, named: str = "@alice"
    ) -> None:
        super().__init__(token, base)
        self.who = name
        self._named = named
        self._number = 0
        #: The ids of statuses.
        self.written: list[str] = []

    def act(self) -> None:
        self.mention()
        time.sleep(0.01)

    def mention(self) -> None:
        """Writes one status."""
        self._number += 1
        text = f"{self.who} {self._number}"
        answer = self.do(
            "POST", "/api/v1/statuses", {"status": f"{self._named} {text}"}, Idempotency_Key=text
        )
        self.written.append(answer["id"])


class World(NamedTuple):
    """What there is to act upon: the one who is told, and her statuses."""

    alice: str
    #: Favourites and reblogs of these come and go.
    changing: list[str]
    #: Of these everybody gives one favourite at most.
    lasting: list[str]
    #: What a mention begins with.
    named: str


class Admirer(Writer):
    """Favourites, reblogs, mentions and follows, and takes back some of it."""

    def __init__(
        self, account: Account, base: Callable[[], str], *, world: World, seed: int
    ) -> None:
        super().__init__(account.username, account.token, base, named=world.named)
        self._id = str(account.id)
        self._world = world
        self._random = random.Random(seed)
        self._untouched = list(world.lasting)
        self._random.shuffle(self._untouched)
        #: Everything that was done, and whether it holds.
        self.standing: dict[Thing, bool] = {}

    def act(self) -> None:
        what = self._random.random()
        if what < 0.25:
            self.mention()
            self.standing[Thing("mention", self._id, self.written[-1])] = True
        elif what < 0.55:
            self._change("favourite")
        elif what < 0.7:
            self._change("reblog")
        elif what < 0.8:
            self._turn("follow", f"/api/v1/accounts/{self._world.alice}", None)
        elif self._untouched:
            status = self._untouched.pop()
            self._turn("favourite", f"/api/v1/statuses/{status}", status)

    def _change(self, what: str) -> None:
        status = self._random.choice(self._world.changing)
        self._turn(what, f"/api/v1/statuses/{status}", status)

    def _turn(self, what: str, path: str, status: str | None) -> None:
        """Does it, or takes it back."""
        thing = Thing(what, self._id, status)
        holds = self.standing.get(thing, False)
        self.do("POST", f"{path}/{'un' if holds else ''}{what}")
        self.standing[thing] = not holds


class Alice(Actor):
    """The one who is told: reads, dismisses a little of what stays, and says how far she read."""

    def __init__(self, token: str, base: Callable[[], str], *, world: World, seed: int) -> None:
        super().__init__(token, base)
        self._world = world
        self._random = random.Random(seed)
        self.dismissed: set[Thing] = set()
        #: The marker, as it was acknowledged.
        self.read_up_to = 0

    def act(self) -> None:
        status, page = self.once("GET", "/api/v1/notifications?limit=40")
        if status == 200 and page:
            if len({Thing.of(one) for one in page}) < len(page):
                self.wrong.append(f"doubled: {page}")
            self._use(page)
        time.sleep(0.01 if status else PAUSE)

    def _use(self, page: list[Any]) -> None:
        one = self._random.choice(page)
        if self._random.random() < 0.3:
            number = max(self.read_up_to, int(one["id"]))
            body = {"notifications": {"last_read_id": str(number)}}
            self.do("POST", "/api/v1/markers", body)
            self.read_up_to = number
        thing = Thing.of(one)
        if thing.type == "mention" or thing.status_id in self._world.lasting:
            self.do("POST", f"/api/v1/notifications/{one['id']}/dismiss")
            self.dismissed.add(thing)


class Reader(Actor):
    """Alice at another device, who only reads."""

    PAGES = (
        "/api/v1/notifications",
        "/api/v2/notifications",
        "/api/v1/notifications/unread_count",
        "/api/v1/timelines/home",
        "/api/v1/accounts/verify_credentials",
    )

    def act(self) -> None:
        for path in self.PAGES:
            self.once("GET", path)
        time.sleep(0.02)
