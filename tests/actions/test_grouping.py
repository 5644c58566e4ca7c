"""Which group a notification joins, against a plain telling of the rules (notifications.md 5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.actions.notify import notify
from stentor.domain import times
from stentor.domain.grouped_notifications import LIFETIME
from stentor.domain.notifications import Event, NotificationType
from stentor.store import notification_groups
from stentor.store.database import Database
from tests import invariants
from tests.factories import NOW, Person, make_account, make_status
from tests.fixtures import RecordingBus, query_budget
from tests.sequences import ANY_SEQUENCE

HOUR = times.HOUR
H = NOW // HOUR
HALF_DAY = 12 * HOUR

#: What happens at once: to which status, and how many hours ago.
Happening = list[tuple[int, int]]


class Told:
    """Somebody who is told of favourites of two statuses, by people who come in turn."""

    def __init__(self, db: Database, bus: RecordingBus, people: list[Person]) -> None:
        self.db = db
        self.bus = bus
        self.person, *self.senders = people
        self.activity = 0

    async def begin(self) -> None:
        """Two statuses that nobody has favourited."""
        self.statuses = [await make_status(self.db, self.person.id) for _ in range(2)]

    async def hears(self, happening: Happening, *, now: int) -> list[str]:
        """Tells of it in one transaction; the keys of the groups that were joined, in order."""
        events = []
        for sender, (status, late) in zip(self.senders, happening, strict=False):
            self.activity += 1
            events.append(
                Event(
                    NotificationType.FAVOURITE, self.activity, sender.id, (self.person.id,),
                    now - late * HOUR, self.statuses[status],
                )
            )  # fmt: skip
        async with self.db.transaction() as tx:
            await notify(tx, self.bus, *events, now=now)
        rows = await self.db.fetch(
            "SELECT group_key FROM notifications WHERE account_id = $1 AND activity_id > $2"
            " ORDER BY activity_id",
            self.person.id,
            self.activity - len(events),
        )
        return [row[0] for row in rows]

    def key(self, hour: int, status: int = 0) -> str:
        """The key of the group of a status that was begun in that hour."""
        return f"favourite-{self.statuses[status]}-{hour}"

    async def sizes(self) -> dict[str, int]:
        """How many each group says it has."""
        await invariants.check(self.db)
        rows = await self.db.fetch("SELECT group_key, notifications_count FROM notification_groups")
        return {row[0]: row[1] for row in rows}


@pytest.fixture
async def told(db: Database, bus: RecordingBus) -> Told:
    """Somebody of whose statuses nothing has been told yet."""
    person = Told(db, bus, [await make_account(db, token=None) for _ in range(5)])
    await person.begin()
    return person


async def test_an_hour_whose_group_is_closed_is_counted_in_that_group(told: Told) -> None:
    """It names the group that there is already: there cannot be two."""
    key = told.key(H)
    assert await told.hears([(0, 0)], now=NOW) == [key]
    assert await told.hears([(0, 13)], now=NOW + 13 * HOUR) == [key]
    assert await told.sizes() == {key: 2}


async def test_so_it_is_when_another_group_was_touched_since(told: Told) -> None:
    """One that it could have joined, had that not been closed as well."""
    assert await told.hears([(0, 0)], now=NOW) == [told.key(H)]
    assert await told.hears([(0, 12)], now=NOW + 13 * HOUR) == [told.key(H + 1)]
    assert await told.hears([(0, 26)], now=NOW + 26 * HOUR) == [told.key(H)]
    assert await told.sizes() == {told.key(H): 2, told.key(H + 1): 1}


async def test_so_it_is_when_a_group_of_long_before_was_touched_since(told: Told) -> None:
    """One that is not even looked at: it is of twelve hours before."""
    late = NOW + 13 * HOUR
    assert await told.hears([(0, 0)], now=NOW) == [told.key(H)]
    assert await told.hears([(0, 25)], now=late) == [told.key(H - 12)]
    assert await told.hears([(0, 13)], now=late) == [told.key(H)]
    assert await told.sizes() == {told.key(H): 2, told.key(H - 12): 1}


async def test_of_two_groups_the_one_that_was_touched_last_is_joined(told: Told) -> None:
    """Though the other is of a later hour; that one is closed."""
    late = NOW + 13 * HOUR
    assert await told.hears([(0, 0)], now=NOW) == [told.key(H)]
    assert await told.hears([(0, 16)], now=late) == [told.key(H - 3)]
    assert await told.hears([(0, 15)], now=late) == [told.key(H - 3)]
    assert await told.sizes() == {told.key(H): 1, told.key(H - 3): 2}


async def test_what_comes_at_once_may_be_of_several_hours(told: Told) -> None:
    """Of each status the late one still joins the group that is open, the other begins the next."""
    begun = NOW + HOUR // 2
    assert await told.hears([(0, 0), (1, 0)], now=begun) == [told.key(H), told.key(H, 1)]
    keys = await told.hears([(0, 3), (0, 0), (1, 11), (1, 0)], now=NOW + HALF_DAY)
    assert keys == [told.key(H), told.key(H + 12), told.key(H, 1), told.key(H + 12, 1)]
    assert sorted((await told.sizes()).values()) == [1, 1, 2, 2]


async def test_one_question_finds_the_groups_for_whatever_hours(told: Told) -> None:
    """The one that was touched last of those that any of them might join, and no other's."""
    await told.hears([(0, 0), (1, 3)], now=NOW)
    await told.hears([(0, 0)], now=NOW + 13 * HOUR)
    ann = told.person.id
    first, second = (f"favourite-{one}" for one in told.statuses)
    wanted = [(ann, first, H + 13), (ann, second, H + 20), (ann, first, H - 3), (ann, "follow", H)]
    async with told.db.transaction() as tx:
        with query_budget(told.db, 1):
            found = await notification_groups.find_open(tx, wanted)
    assert {slot: one.group_key for slot, one in found.items()} == {(ann, first): told.key(H + 13)}


# --- Any hours at all ------------------------------------------------------------------------


@dataclass
class Group:
    """What the rules know of a group."""

    hour: int
    begun_at: int
    touched_at: int
    size: int = 0


class Rules:
    """notifications.md 5.1 word for word, and that a group is closed a day after it was begun."""

    def __init__(self) -> None:
        self.groups: dict[tuple[int, int], Group] = {}
        self.last: dict[int, Group] = {}

    def hear(self, status: int, late: int, *, now: int) -> int:
        """The hour that names the group that a favourite of that status joins."""
        hour = (now - late * HOUR) // HOUR
        last = self.last.get(status)
        if last is not None and now - last.touched_at < HALF_DAY and now - last.begun_at < LIFETIME:
            hour = last.hour if hour < last.hour + 12 else hour
        group = self.groups.setdefault((status, hour), Group(hour, now, now))
        group.touched_at = now
        group.size += 1
        self.last[status] = group
        return hour


#: Half hours that pass, and then what happens at once.
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 10, 23, 24, 26, 47, 48]),
        st.lists(
            st.tuples(st.integers(0, 1), st.sampled_from([0, 0, 0, 3, 11, 12, 13, 26])),
            min_size=1, max_size=4,
        ),
    ),
    min_size=2, max_size=8,
)  # fmt: skip


@given(happenings=HAPPENINGS)
@ANY_SEQUENCE
async def test_whatever_happens_each_joins_the_group_that_the_rules_name(
    told: Told, happenings: list[tuple[int, Happening]]
) -> None:
    await told.begin()
    rules, now = Rules(), NOW
    for halves, happening in happenings:
        now += halves * HOUR // 2
        expected = [
            told.key(rules.hear(status, late, now=now), status) for status, late in happening
        ]
        assert await told.hears(happening, now=now) == expected
    sizes = await told.sizes()
    for (status, hour), group in rules.groups.items():
        assert sizes[told.key(hour, status)] == group.size
