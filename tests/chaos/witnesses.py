"""People who remember what they were told: an answer is a claim on what the database holds.

The claims are read from requests and answers alone. Nothing here knows of commits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from stentor.store.database import Database
from tests.communities import Community, Request
from tests.factories import Person
from tests.helpers import Answer, Client

#: What a claim is about: what, whose (0: nobody asks), and which.
Subject = tuple[str, int, int]

#: Everything that there can be claims about.
_FACTS = """
    SELECT 'status', 0, id FROM statuses
    UNION ALL SELECT 'favourite', account_id, status_id FROM favourites
    UNION ALL SELECT 'follow', account_id, target_account_id FROM follows
    UNION ALL SELECT 'block', account_id, target_account_id FROM blocks
    UNION ALL SELECT 'mute', account_id, target_account_id FROM mutes
    UNION ALL SELECT 'notification', account_id, id FROM notifications
    UNION ALL SELECT 'request', account_id, id FROM notification_requests
"""
_FAVOURITE = re.compile(r"POST /api/v1/statuses/(\d+)/(un)?favourite")
_RELATION = re.compile(r"POST /api/v1/accounts/(\d+)/(un)?(follow|block|mute)")
_DELETION = re.compile(r"DELETE /api/v1/statuses/(\d+)")
_DISMISSAL = re.compile(r"POST /api/v1/notifications/(requests/)?(\d+)/(?:dismiss|accept)")
_CLEARING = "POST /api/v1/notifications/clear"


async def facts(db: Database) -> frozenset[Subject]:
    """What is there."""
    return frozenset((str(what), whose, which) for what, whose, which in await db.fetch(_FACTS))


@dataclass
class Claim:
    """Whether something is there; asked for at one position of the log, answered at another."""

    holds: bool
    begun: int
    answered: int | None = None


class Judgement(NamedTuple):
    """How many claims could be judged, and which were broken."""

    judged: int
    broken: list[Subject]


class Ledger:
    """Everything that people were told."""

    def __init__(self) -> None:
        self._claims: defaultdict[Subject, list[Claim]] = defaultdict(list)
        self.answers = 0

    def add(self, subject: Subject, claim: Claim) -> None:
        """Keeps one."""
        self._claims[subject].append(claim)

    def withdraw(self, subject: Subject, claim: Claim) -> None:
        """It was refused, and so has changed nothing."""
        self._claims[subject].remove(claim)

    def judge(self, there: frozenset[Subject], cut: int) -> Judgement:
        """Compares what is there after a cut at that position.

        The last word on a subject counts if it was answered before the cut, and if every word
        before it was answered before it was asked for: of what happens at once either may be last.
        """
        judged, broken = 0, []
        for subject, claims in self._claims.items():
            begun = [one for one in claims if one.begun < cut]
            if not begun or not _plain(begun, cut):
                continue
            what, _, which = subject
            if what == "favourite" and ("status", 0, which) not in there:
                continue  # it went with the status, of which there are claims of its own
            judged += 1
            if (subject in there) != begun[-1].holds:
                broken.append(subject)
        return Judgement(judged, broken)


def _plain(claims: list[Claim], cut: int) -> bool:
    *earlier, last = claims
    return (
        last.answered is not None
        and last.answered <= cut
        and all(one.answered is not None and one.answered <= last.begun for one in earlier)
    )


class Witnesses(Community):
    """A community whose answers are kept, each with the position of the log at which it came."""

    def __init__(self, client: Client, people: dict[str, Person], ledger: Ledger) -> None:
        super().__init__(client, people)
        self.ledger = ledger
        #: Where the log is now.
        self.position: Callable[[], int] = lambda: 0

    async def send(self, name: str, request: Request) -> Answer:
        """Sends it, and keeps what the answer says."""
        begun = self.position()
        line, me = f"{request[0]} {request[1]}", self.people[name].id
        said = [(subject, Claim(holds, begun)) for subject, holds in says(line, me)]
        if line == _CLEARING:
            said = [(subject, Claim(False, begun)) for subject in await self._told(me)]
        for subject, claim in said:
            self.ledger.add(subject, claim)
        answer = await super().send(name, request)
        if answer.status != 200:
            for subject, claim in said:
                self.ledger.withdraw(subject, claim)
            return answer
        if line == "POST /api/v1/statuses":
            said = [(("status", 0, int(answer.json["id"])), Claim(True, begun))]
            self.ledger.add(*said[0])
        self.ledger.answers += request[0] != "GET"
        for _, claim in said:
            claim.answered = self.position()
        return answer

    async def _told(self, account_id: int) -> list[Subject]:
        sql = "SELECT id FROM notifications WHERE account_id = $1"
        rows = await self.client.db.fetch(sql, account_id)
        return [("notification", account_id, row[0]) for row in rows]


def says(line: str, me: int) -> Iterator[tuple[Subject, bool]]:
    """What somebody can rely on when a request of theirs has succeeded."""
    if found := _FAVOURITE.fullmatch(line):
        yield ("favourite", me, int(found[1])), not found[2]
    elif found := _RELATION.fullmatch(line):
        other, holds, what = int(found[1]), not found[2], found[3]
        if other == me:
            return  # answered, and nothing happens
        yield (what, me, other), holds
        if what == "block" and holds:
            yield ("follow", me, other), False
            yield ("follow", other, me), False
    elif found := _DELETION.fullmatch(line):
        yield ("status", 0, int(found[1])), False
    elif found := _DISMISSAL.fullmatch(line):
        yield ("request" if found[1] else "notification", me, int(found[2])), False
