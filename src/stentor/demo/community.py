"""Brings the community to life: through the same actions as everybody's, in the order of time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from stentor.actions import accounts, favourites, reblogs, registrations, relationships, statuses
from stentor.api.services import Services
from stentor.demo.people import PEOPLE, Person
from stentor.demo.talk import ANSWERS, REMARKS, THREADS, Post
from stentor.domain import times
from stentor.domain.portraits import portrait
from stentor.domain.profiles import ProfileChanges
from stentor.domain.relationships import WantedOptions
from stentor.domain.roles import NAMES
from stentor.domain.statuses import Draft
from stentor.errors import PublicError

PASSWORD = "stentor-demo"  # noqa: S105 - of made-up people on a server that is thrown away
SEED = 4711
#: Whom the visitor signs in as: the one to whom most things happen.
VISITOR = PEOPLE[0].name
# Statuses that live talk still refers to.
RECENT = 60

Deed = Callable[[int], Awaitable[None]]


@dataclass
class Community:
    """The accounts by name, and what was said lately: pairs of status and author."""

    services: Services
    accounts: dict[str, int] = field(default_factory=dict)
    recent: list[tuple[int, str]] = field(default_factory=list)
    luck: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - it plays

    async def move_in(self, person: Person, now: int) -> None:
        """Makes somebody's account, with portrait and profile."""
        services = self.services
        account = await registrations.create(
            services.db,
            services.ids,
            username=person.name,
            email=f"{person.name}@{services.links.domain.partition(':')[0]}",
            password=PASSWORD,
            role_id=NAMES[person.role].id,
            locked=person.locked,
            bot=person.bot,
            bus=services.bus,
            now=now,
        )
        self.accounts[person.name] = account.id
        changes = ProfileChanges(
            {"display_name": person.display_name, "note": person.note, "discoverable": True},
            fields=list(person.fields),
            images={"avatar": portrait(person.name)},
        )
        await accounts.update(
            services.db,
            services.media,
            account.id,
            changes,
            domain=services.links.domain,
            now=now,
        )

    async def follow(self, name: str, other: str, now: int) -> None:
        """Somebody follows somebody, or asks to."""
        await relationships.follow(
            self.services.db,
            self.services.bus,
            self.accounts[name],
            self.accounts[other],
            wanted=WantedOptions(),
            now=now,
        )

    async def post(self, post: Post, parent: int | None, now: int) -> int:
        """Somebody says something; its id."""
        services = self.services
        status_id = await statuses.post(
            services.db,
            services.bus,
            ids=services.ids,
            links=services.links,
            account_id=self.accounts[post.by],
            draft=Draft(
                text=post.text,
                spoiler_text=post.spoiler,
                visibility=post.visibility,
                in_reply_to_id=parent,
                language="en",
            ),
            now=now,
        )
        if post.visibility == "public":
            self.recent.append((status_id, post.by))
            del self.recent[:-RECENT]
        return status_id

    async def favourite(self, name: str, status_id: int, now: int) -> None:
        """Somebody likes it."""
        await favourites.favourite(
            self.services.db,
            self.services.bus,
            account_id=self.accounts[name],
            status_id=status_id,
            now=now,
        )

    async def reblog(self, name: str, status_id: int, now: int) -> None:
        """Somebody passes it on."""
        await reblogs.reblog(
            self.services.db,
            self.services.bus,
            ids=self.services.ids,
            account_id=self.accounts[name],
            status_id=status_id,
            visibility=None,
            now=now,
        )


class Diary:
    """Deeds by their time; doing one may add later ones, never after ``end``."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._deeds: list[tuple[int, int, Deed]] = []
        self._order = itertools.count()

    def add(self, at: float, deed: Deed) -> None:
        """Notes a deed, unless it would be in the future."""
        if at < self._end:
            heapq.heappush(self._deeds, (int(at), next(self._order), deed))

    async def live(self, progress: Callable[[int], object]) -> None:
        """Does all of them in order; ``progress`` is told the time of each."""
        while self._deeds:
            at, _, deed = heapq.heappop(self._deeds)
            await deed(at)
            progress(at)


async def settle(community: Community, now: int, progress: Callable[[int], object]) -> None:
    """Fills an empty server with the past of its people, up to ``now``."""
    diary = Diary(now)
    for person in PEOPLE:
        diary.add(now - person.days_here * times.DAY, _moving_in(community, person))
    _write_follows(community, diary, now)
    for hours, post in THREADS:
        diary.add(now - hours * times.HOUR, _posting(community, diary, post, None))
    await diary.live(progress)


def _moving_in(community: Community, person: Person) -> Deed:
    async def deed(now: int) -> None:
        await community.move_in(person, now)

    return deed


def _write_follows(community: Community, diary: Diary, now: int) -> None:
    luck = community.luck
    newest = min(person.days_here for person in PEOPLE)
    for name, other in itertools.permutations([person.name for person in PEOPLE], 2):
        if name == "tides" or luck.random() > (0.85 if VISITOR in (name, other) else 0.5):
            continue
        # Some of them only these days, so that the newest notifications are not of one kind.
        days = luck.uniform(0.02, 6) if luck.random() < 0.25 else luck.uniform(7, newest - 1)
        diary.add(now - days * times.DAY, _following(community, name, other))


def _following(community: Community, name: str, other: str) -> Deed:
    async def deed(now: int) -> None:
        await community.follow(name, other, now)

    return deed


def _posting(community: Community, diary: Diary, post: Post, parent: int | None) -> Deed:
    async def deed(now: int) -> None:
        status_id = await community.post(post, parent, now)
        for reply in post.replies:
            at = now + reply.minutes * times.MINUTE
            diary.add(at, _posting(community, diary, reply, status_id))
        if post.visibility == "public":
            _write_applause(community, diary, post.by, status_id, now)

    return deed


def _write_applause(
    community: Community, diary: Diary, author: str, status_id: int, now: int
) -> None:
    luck = community.luck
    liking = 0.45 if author == VISITOR else 0.3
    for person in PEOPLE:
        if person.name == author or person.bot:
            continue
        if luck.random() < liking:
            at = now + luck.expovariate(1 / 90) * times.MINUTE
            diary.add(at, _favouriting(community, person.name, status_id))
        if luck.random() < liking / 4:
            at = now + luck.expovariate(1 / 150) * times.MINUTE
            diary.add(at, _reblogging(community, person.name, status_id))


def _favouriting(community: Community, name: str, status_id: int) -> Deed:
    async def deed(now: int) -> None:
        await community.favourite(name, status_id, now)

    return deed


def _reblogging(community: Community, name: str, status_id: int) -> Deed:
    async def deed(now: int) -> None:
        await community.reblog(name, status_id, now)

    return deed


async def stir(community: Community, now: int) -> None:
    """Something happens: most often to the visitor. What a visitor has changed may forbid it."""
    luck = community.luck
    name = luck.choice([person.name for person in PEOPLE if person.name != VISITOR])
    theirs = [one for one in community.recent if one[1] == VISITOR and luck.random() < 0.5]
    status_id, author = luck.choice(theirs or community.recent)
    kind = luck.choices(("post", "answer", "favourite", "reblog"), (3, 3, 5, 2))[0]
    try:
        if kind == "post" or name == "tides":
            await community.post(Post(name, luck.choice(REMARKS[name])), None, now)
        elif kind == "answer":
            text = luck.choice(ANSWERS).format(author)
            await community.post(Post(name, text), status_id, now)
        elif kind == "favourite":
            await community.favourite(name, status_id, now)
        else:
            await community.reblog(name, status_id, now)
    except PublicError:
        # A visitor may have blocked them, or deleted what they meant.
        community.recent = [one for one in community.recent if one[0] != status_id] or (
            community.recent[-1:]
        )
