"""A believable community as rows of tables: pure, and the same rows for the same size.

People follow each other, write, answer, favourite and reblog over two months; what each of them
is told of is grouped by the domain's own rule. One status is famous: a twentieth of all
notifications are favourites of it, by that many different accounts within three days.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import msgspec

from stentor.domain import grouped_notifications, ids, times
from stentor.domain.grouped_notifications import SAMPLE, OpenGroup
from stentor.domain.notifications import BY_NAME
from stentor.store.access_tokens import digest
from stentor.store.notification_groups import SEGMENT

#: 2026-11-01T00:00:00Z: when the history ends.
END = 1_793_491_200_000
SPAN = 60 * times.DAY
#: Of a person's notifications; the rest are follows.
SHARES = {"favourite": 0.55, "reblog": 0.20, "mention": 0.15}
FAMOUS = 0.05
#: Notifications about one status of an ordinary person, on average.
PER_STATUS = 38
WORDS = re.findall(
    r"\S+",
    "the a one of my today again finally garden bread train window river morning coffee old new "
    "cat dog rain light found made looking reading thinking about which when because never always "
    "small quiet green very book music photo library friend kitchen server weekend walk sea and",
)
TAGS = ("bread", "garden", "caturday", "photography", "books", "python", "trains", "fediverse")

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Table:
    """Rows of one table and the columns they fill."""

    columns: tuple[str, ...]
    rows: Rows = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """Somebody with an account here: what a client would know of him."""

    account_id: int
    username: str
    token: str


@dataclass(slots=True)
class _Status:
    id: int
    author: int
    at: int
    mentions: list[int]
    favourites: int = 0
    reblogs: int = 0
    replies: int = 0


@dataclass(slots=True)
class Community:
    """All rows. ``people`` are the recipients; the first of them wrote the famous status."""

    people: list[Person]
    tables: dict[str, Table]
    famous_id: int
    notifications: int


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class _Builder:
    """Makes one community; every method adds what the ones before it make possible."""

    def __init__(self, notifications: int, people: int, known: int) -> None:
        self.random = random.Random(notifications * 7919 + people)
        self.total = notifications
        self.famous = int(notifications * FAMOUS)
        self.people = [
            Person(self._account_id(n), f"person{n}", f"benchmark-token-{n}") for n in range(people)
        ]
        self.locals = [person.account_id for person in self.people]
        # Whom people here hear from most: each other, and the rest elsewhere.
        self.pool = [self._account_id(n) for n in range(known)]
        self.random.shuffle(self.pool)
        self.crowd: list[int] = []
        self.statuses: list[_Status] = []
        self.sequence = 0
        #: (time, type, recipient, sender, status): what will be told.
        self.events: list[tuple[int, str, int, int, int | None]] = []

    @staticmethod
    def _account_id(number: int) -> int:
        return ids.snowflake(END - 400 * times.DAY + number * 1000, number)

    def some(self, count: int, besides: int) -> list[int]:
        """Different senders from the pool, some far more often than others."""
        chosen: dict[int, None] = {}
        draw, pool = self.random.random, self.pool
        count = min(count, len(pool) - 1)
        tries = 0
        while len(chosen) < count:
            # The few at the head first; when those are used up, anybody.
            skew = 2 if tries < 4 * count else 1
            one = pool[int(len(pool) * draw() ** skew)]
            tries += 1
            if one != besides:
                chosen[one] = None
        return list(chosen)

    def write(self, author: int, at: int, mentions: list[int]) -> _Status:
        """A status."""
        self.sequence += 1
        status = _Status(ids.snowflake(at, self.sequence), author, at, mentions)
        self.statuses.append(status)
        return status

    def later(self, at: int, mean: int) -> int:
        """Some time afterwards, before the history ends."""
        return min(END - 1, at + int(self.random.expovariate(1 / mean)))

    def live(self) -> None:
        """Two months: who wrote what, and who did what with it."""
        shares = [self.random.uniform(0.5, 1.5) for _ in self.people]
        ordinary = self.total - self.famous
        scale = ordinary / sum(shares)
        quotas = [int(share * scale) for share in shares]
        quotas[0] += ordinary - sum(quotas)
        for person, quota in zip(self.people, quotas, strict=True):
            self._ordinary(person.account_id, quota)
        self._mentions([int(quota * SHARES["mention"]) for quota in quotas])
        # Some of the above found too few people; the crowd makes up for it.
        missing = self.total - len(self.events)
        self.crowd = [self._account_id(len(self.pool) + n) for n in range(missing)]
        first = self.write(self.locals[0], END - 4 * times.DAY, [])
        self.famous_id = first.id
        self.events += [
            (END - 4 * times.DAY + self.random.randrange(3 * times.DAY), "favourite",
             first.author, sender, first.id)
            for sender in self.crowd
        ]  # fmt: skip
        self.events.sort()

    def _ordinary(self, account_id: int, quota: int) -> None:
        """What others do with what one person writes, and who follows him."""
        wanted = {kind: int(quota * SHARES[kind]) for kind in ("favourite", "reblog")}
        count = max(1, (wanted["favourite"] + wanted["reblog"]) // PER_STATUS)
        mine = [
            self.write(account_id, END - SPAN + self.random.randrange(SPAN), [])
            for _ in range(count)
        ]
        weights = [self.random.random() ** 2 + 0.05 for _ in mine]
        missing = 0
        for kind, number in wanted.items():
            chosen = Counter(self.random.choices(range(count), weights, k=number))
            for index, times_chosen in chosen.items():
                status = mine[index]
                senders = self.some(times_chosen, account_id)
                missing += times_chosen - len(senders)
                self.events += [
                    (self.later(status.at, 8 * times.HOUR), kind, account_id, sender, status.id)
                    for sender in senders
                ]
        follows = quota - sum(wanted.values()) - int(quota * SHARES["mention"]) + missing
        self.events += [
            (END - SPAN + self.random.randrange(SPAN), "follow", account_id, sender, None)
            for sender in self.some(follows, account_id)
        ]

    def _mentions(self, quotas: list[int]) -> None:
        """Statuses that mention one to four people here, until each has had his share."""
        waiting = [
            account_id
            for account_id, quota in zip(self.locals, quotas, strict=True)
            for _ in range(quota)
        ]
        self.random.shuffle(waiting)
        while waiting:
            mentioned = list(dict.fromkeys(waiting.pop() for _ in range(
                min(len(waiting), self.random.choice((1, 1, 2, 2, 3, 4)))
            )))  # fmt: skip
            author = self.some(1, 0)[0]
            mentioned = [one for one in mentioned if one != author]
            if not mentioned:
                continue
            status = self.write(author, END - SPAN + self.random.randrange(SPAN), mentioned)
            self.events += [(status.at, "mention", one, author, status.id) for one in mentioned]


_ACCOUNT = _columns(
    "id username domain actor_type display_name note fields avatar header uri url discoverable"
    " followers_count following_count statuses_count last_status_at created_at first_seen_at"
    " updated_at"
)
_USER = _columns("account_id email password_hash created_at confirmed_at")
_TOKEN = _columns("id token_hash account_id scopes created_at")
_STATUS = _columns(
    "id account_id reblog_of_id in_reply_to_id conversation_id visibility language text content"
    " uri url quote_policy reblogs_count favourites_count created_at"
)
_NOTIFICATION = _columns(
    "account_id filtered id type activity_id from_account_id status_id group_key reason created_at"
)
_GROUP = _columns(
    "account_id group_key bucket type status_id newest_id newest_at oldest_id oldest_at"
    " notifications_count segment_first_id segment_count newest"
)
_SEGMENT = _columns("account_id group_key first_id notifications_count")


def make(notifications: int, people: int, *, known: int | None = None) -> Community:
    """A community whose ``people`` have been told exactly so many things between them.

    Most of it by ``known`` accounts, themselves among them: five times as many as they are.
    """
    builder = _Builder(notifications, people, known or 5 * people)
    builder.live()
    tables: dict[str, Table] = {}
    _told(builder, tables)
    _accounts(builder, tables)
    _statuses(builder, tables)
    tables["notification_inboxes"] = Table(
        ("account_id", "version"),
        list(Counter(row[0] for row in tables["notifications"].rows).items()),
    )
    tables["markers"] = Table(
        _columns("account_id timeline last_read_id version updated_at"),
        _markers(tables["notifications"].rows),
    )
    return Community(builder.people, tables, builder.famous_id, len(tables["notifications"].rows))


class _Groups:
    """Groups as `stentor.actions.notify` and `stentor.store.notification_groups` keep them."""

    def __init__(self) -> None:
        #: (recipient, prefix) to the group of that prefix that was touched last.
        self.opened: dict[tuple[int, str], _Group] = {}
        self.rows: Rows = []
        self.segments: Rows = []

    def join(
        self, recipient: int, prefix: str, event: tuple[int, int, str, int, int | None]
    ) -> str:
        """Counts a notification in; the group's key."""
        number, at, kind, sender, status_id = event
        group = self.opened.get((recipient, prefix))
        last = group and OpenGroup(group.bucket, group.newest_at, group.oldest_at)
        bucket = grouped_notifications.bucket(at, last, now=at)
        if group is None or group.bucket != bucket:
            self._close(group)
            key = grouped_notifications.key(prefix, bucket)
            group = self.opened[recipient, prefix] = _Group(
                recipient, key, bucket, kind, status_id, number, at
            )
        elif group.segment_count == SEGMENT:
            self.segments.append((recipient, group.key, group.segment_first_id, SEGMENT))
            group.segment_first_id, group.segment_count = number, 0
        group.newest_id, group.newest_at = number, at
        group.count += 1
        group.segment_count += 1
        group.newest = [[number, sender], *group.newest[: SAMPLE - 1]]
        return group.key

    def _close(self, group: _Group | None) -> None:
        if group is not None:
            self.rows.append(group.row())

    def tables(self) -> dict[str, Table]:
        """Everything that was counted."""
        for group in self.opened.values():
            self._close(group)
        self.opened.clear()
        return {
            "notification_groups": Table(_GROUP, sorted(self.rows)),
            "notification_group_segments": Table(_SEGMENT, sorted(self.segments)),
        }


@dataclass(slots=True)
class _Group:
    recipient: int
    key: str
    bucket: int
    kind: str
    status_id: int | None
    oldest_id: int
    oldest_at: int
    newest_id: int = 0
    newest_at: int = 0
    count: int = 0
    segment_first_id: int = 0
    segment_count: int = 0
    newest: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.segment_first_id = self.oldest_id

    def row(self) -> tuple[Any, ...]:
        """A row of notification_groups."""
        return (
            self.recipient, self.key, self.bucket, self.kind, self.status_id,
            self.newest_id, self.newest_at, self.oldest_id, self.oldest_at, self.count,
            self.segment_first_id, self.segment_count, msgspec.json.encode(self.newest).decode(),
        )  # fmt: skip


def _told(builder: _Builder, tables: dict[str, Table]) -> None:
    """Favourites, reblogs, follows, mentions, and the notifications and groups they cause."""
    favourites = Table(_columns("id account_id status_id created_at"))
    follows = Table(_columns("id account_id target_account_id created_at"))
    mentions = Table(_columns("id status_id account_id"))
    reblogs: Rows = []
    told: Rows = []
    groups = _Groups()
    by_id = {status.id: status for status in builder.statuses}
    for number, (at, kind, recipient, sender, status_id) in enumerate(builder.events, 1):
        if kind == "favourite":
            activity = len(favourites.rows) + 1
            favourites.rows.append((activity, sender, status_id, at))
            by_id[status_id or 0].favourites += 1
        elif kind == "reblog":
            activity = ids.snowflake(at, number)
            reblogs.append((activity, sender, status_id, at))
            by_id[status_id or 0].reblogs += 1
        elif kind == "follow":
            activity = len(follows.rows) + 1
            follows.rows.append((activity, sender, recipient, at))
        else:
            activity = len(mentions.rows) + 1
            mentions.rows.append((activity, status_id, recipient))
        prefix = grouped_notifications.prefix(BY_NAME[kind], status_id)
        key = prefix and groups.join(recipient, prefix, (number, at, kind, sender, status_id))
        told.append(
            (recipient, False, number, kind, activity, sender, status_id, key, "accepted", at)
        )
    told.sort(key=itemgetter(0, 2))
    tables.update(favourites=favourites, follows=follows, mentions=mentions)
    tables["notifications"] = Table(_NOTIFICATION, told)
    tables |= groups.tables()
    tables["statuses"] = Table(_STATUS, reblogs)  # finished by _statuses


def _markers(told: Rows) -> Rows:
    """Every second person has read all but the newest thirty."""
    by_person: dict[int, list[int]] = defaultdict(list)
    for row in told:
        by_person[row[0]].append(row[2])
    return [
        (one, "notifications", numbers[-31], 1, END)
        for one, numbers in list(by_person.items())[::2]
        if len(numbers) > 30
    ]


def _accounts(builder: _Builder, tables: dict[str, Table]) -> None:
    followers = Counter(row[2] for row in tables["follows"].rows)
    following = Counter(row[1] for row in tables["follows"].rows)
    written = Counter(status.author for status in builder.statuses)
    table = tables["accounts"] = Table(_ACCOUNT)
    local = {person.account_id: person.username for person in builder.people}
    for number, account_id in enumerate([*sorted(builder.pool), *builder.crowd]):
        at = ids.time_of(account_id)
        name = local.get(account_id) or f"visitor{number}"
        domain = "" if account_id in local else f"server{number % 97}.example"
        base = f"https://{domain}" if domain else ""
        note = " ".join(builder.random.choices(WORDS, k=24))
        table.rows.append((
            account_id, name, domain, "Person", name.capitalize(),
            f"<p>{note}</p>" if domain else note,
            '[["Pronouns","they/them"],["Website","example.org/~' + name + '"]]',
            f"{base}/avatars/{account_id}.png" if domain else "",
            f"{base}/headers/{account_id}.png" if domain else "",
            f"{base}/users/{name}" if domain else "", f"{base}/@{name}" if domain else "", True,
            followers[account_id], following[account_id], written[account_id], END - times.DAY,
            at, at, at,
        ))  # fmt: skip
    tables["users"] = Table(
        _USER,
        [(one.account_id, f"{one.username}@example.org", "!", END - SPAN, END - SPAN)
         for one in builder.people],
    )  # fmt: skip
    tables["access_tokens"] = Table(
        _TOKEN,
        [(n, digest(one.token), one.account_id, "read write follow push", END)
         for n, one in enumerate(builder.people, 1)],
    )  # fmt: skip


def _statuses(builder: _Builder, tables: dict[str, Table]) -> None:
    """Texts and counters for what was written; the reblogs, which have none, come after."""
    names = {row[0]: row[1] for row in tables["accounts"].rows}
    domains = {row[0]: row[2] for row in tables["accounts"].rows}
    conversations = Table(("id", "created_at"))
    tagged = Table(("status_id", "tag_id"))
    rows: Rows = []
    conversation_of: dict[int, int] = {}
    for number, status in enumerate(builder.statuses, 1):
        conversations.rows.append((number, status.at))
        conversation_of[status.id] = number
        words = builder.random.choices(WORDS, k=builder.random.randint(6, 45))
        text = " ".join([*(f"@{names[one]}" for one in status.mentions), *words])
        if builder.random.random() < 0.2:
            tag = builder.random.randrange(len(TAGS))
            tagged.rows.append((status.id, tag + 1))
            text += f" #{TAGS[tag]}"
        rows.append((
            status.id, status.author, None, None, number, "public", "en", text, f"<p>{text}</p>",
            *_addresses(status.id, status.author, names, domains),
            "public", status.reblogs, status.favourites, status.at,
        ))  # fmt: skip
    for reblog_id, account_id, original_id, at in tables["statuses"].rows:
        rows.append((
            reblog_id, account_id, original_id, None, conversation_of[original_id], "public", None,
            "", "", *_addresses(reblog_id, account_id, names, domains), "public", 0, 0, at,
        ))  # fmt: skip
    rows.sort()
    tables["statuses"].rows = rows
    tables["conversations"] = conversations
    tables["status_tags"] = tagged
    tables["tags"] = Table(
        ("id", "name", "created_at"), [(n, tag, END - SPAN) for n, tag in enumerate(TAGS, 1)]
    )


def _addresses(
    status_id: int, author: int, names: dict[int, str], domains: dict[int, str]
) -> Iterator[str]:
    domain = domains[author]
    yield f"https://{domain}/users/{names[author]}/statuses/{status_id}" if domain else ""
    yield f"https://{domain}/@{names[author]}/{status_id}" if domain else ""
