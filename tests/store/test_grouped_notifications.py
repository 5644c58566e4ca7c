"""Pages of groups against a plain reading of all rows (notifications.md 1.8, 5.4, 5.5)."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from stentor.actions.notify import retract
from stentor.domain import grouped_notifications as domain
from stentor.domain import times
from stentor.domain.grouped_notifications import GROUPABLE, Group
from stentor.domain.ids import LARGEST
from stentor.domain.notifications import Event, NotificationType
from stentor.domain.paging import Anchor, Cursor
from stentor.store import grouped_notifications as store
from stentor.store import notification_groups
from stentor.store.database import Database
from stentor.store.notification_group_pages import Wanted
from tests import invariants
from tests.factories import NOW, Person, make_account, make_status, tell
from tests.fixtures import RecordingBus, query_budget

T = NotificationType


class Plain(NamedTuple):
    """A notification as the plain reading sees it."""

    id: int
    type: NotificationType
    sender: int
    key: str | None
    filtered: bool
    created_at: int


async def everything(db: Database, account_id: int) -> list[Plain]:
    """All rows of an account, newest first."""
    rows = await db.fetch(
        "SELECT id, type, from_account_id, group_key, filtered, created_at FROM notifications"
        " WHERE account_id = $1 ORDER BY id DESC",
        account_id,
    )
    return [Plain(r[0], T(r[1]), r[2], r[3], bool(r[4]), r[5]) for r in rows]


def plain_page(
    rows: list[Plain], suspended: set[int], cursor: Cursor, wanted: Wanted
) -> list[tuple[int, str]]:
    """Representatives by walking row by row, literally as section 1.8 says."""
    walk = reversed(rows) if cursor.ascending else rows
    found: dict[str, int] = {}
    for row in walk:
        if not cursor.after < row.id < cursor.before or row.sender in suspended:
            continue
        if row.type not in wanted.shown:
            continue
        if row.filtered and not wanted.include_filtered:
            continue
        if wanted.from_account_id not in (None, row.sender):
            continue
        grouped = row.key is not None and row.type in wanted.grouped
        key = row.key if grouped and row.key else f"ungrouped-{row.id}"
        if key not in found and len(found) == cursor.limit:
            break
        found.setdefault(key, row.id)
    return sorted(((number, key) for key, number in found.items()), reverse=True)


class Statistics(NamedTuple):
    """What a list says of a group (notifications.md 5.4)."""

    size: int
    most_recent_id: int
    latest_at: int
    sample_account_ids: tuple[int, ...]
    page_min_id: int


def plain_statistics(rows: list[Plain], key: str, low: int, high: int) -> Statistics:
    """Section 5.4, literally."""
    if key.startswith("ungrouped-"):
        number = int(key.removeprefix("ungrouped-"))
        [row] = [row for row in rows if row.id == number]
        return Statistics(1, row.id, row.created_at, (row.sender,), row.id)
    members = [row for row in rows if row.key == key]
    upto = [row for row in members if row.id <= high]
    return Statistics(
        len(upto),
        upto[0].id,
        upto[0].created_at,
        tuple(row.sender for row in upto[:8]),
        min(row.id for row in members if row.id >= low),
    )


def statistics(group: Group) -> Statistics:
    """What our own reading says of it."""
    senders = tuple(sender for _, sender in group.newest)
    return Statistics(group.size, group.newest_id, group.newest_at, senders, group.oldest_id)


async def compare(
    db: Database, account_id: int, suspended: set[int], cursor: Cursor, wanted: Wanted
) -> None:
    """The page and its statistics are those of the plain reading.

    Unless it is asked to leave out who is suspended itself, it may be as if nobody were; then
    it must say who sent each representative.
    """
    rows = await everything(db, account_id)
    expected = plain_page(rows, suspended, cursor, wanted)
    page = await store.page(db, account_id, cursor, wanted, visible_only=True)
    check_page(rows, page, expected, cursor)
    assert {one.sender for one in page} <= {0}
    quick = await store.page(db, account_id, cursor, wanted)
    senders = {row.id: row.sender for row in rows}
    judged = all(one.sender == 0 for one in quick)
    assert judged or [one.sender for one in quick] == [senders[one.id] for one in quick]
    check_page(rows, quick, expected if judged else plain_page(rows, set(), cursor, wanted), cursor)
    if not {one.sender for one in quick} & suspended:
        assert [one.id for one in quick] == [one.id for one in page]


def check_page(
    rows: list[Plain], page: list[Group], expected: list[tuple[int, str]], cursor: Cursor
) -> None:
    """The groups that are expected, and what is said of each."""
    assert [(one.id, one.group_key) for one in page] == expected, cursor
    if page:
        span = domain.page_range([one.id for one in page], cursor)
        for one in page:
            plain = plain_statistics(rows, one.group_key, span.low, span.high)
            assert statistics(one) == plain, (one, cursor)


async def history(db: Database, bus: Any, seed: int, size: int) -> tuple[Person, list[int]]:
    """Somebody with a busy history of all kinds over two days; the senders' ids."""
    luck = random.Random(seed)  # a reproducible history, no secret
    ann = await make_account(db, "ann", token=None)
    senders = [(await make_account(db, token=None)).id for _ in range(6)]
    quiet = [(await make_account(db, token=None, silenced_at=NOW)).id for _ in range(2)]
    statuses = [await make_status(db, ann.id) for _ in range(4)]
    now = NOW
    for activity in range(1, size + 1):
        now += luck.choice([0, 1000, times.MINUTE, times.HOUR, 5 * times.HOUR])
        kind = luck.choice([T.FAVOURITE] * 4 + [T.REBLOG] * 2 + [T.FOLLOW, T.MENTION, T.POLL])
        status_id = luck.choice(statuses) if kind is not T.FOLLOW else None
        sender = luck.choice([*senders, *quiet])
        late = luck.choice([0, 0, 0, 2 * times.HOUR, 15 * times.HOUR])
        event = Event(kind, activity, sender, (ann.id,), now - late, status_id)
        await tell(db, bus, event, now=now)
        if luck.random() < 0.1:
            gone = luck.randrange(1, activity + 1)
            async with db.transaction() as tx:
                for one in (T.FAVOURITE, T.REBLOG, T.FOLLOW, T.MENTION, T.POLL):
                    await retract(tx, account_id=ann.id, type=one, activity_id=gone)
    return ann, [*senders, *quiet]


@pytest.mark.parametrize("seed", range(3))
async def test_a_page_is_what_a_plain_reading_finds(
    db: Database, bus: RecordingBus, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of pages over busy histories, small segments so that counting crosses them."""
    monkeypatch.setattr(notification_groups, "SEGMENT", 3)
    ann, senders = await history(db, bus, seed, 100)
    await invariants.check(db)
    luck = random.Random(seed)  # a reproducible choice, no secret
    for suspended in (set(), {senders[0], senders[1]}):
        async with db.transaction() as tx:
            for one in suspended:
                await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, one)
        for _ in range(150):
            after = luck.choice([0, 0, luck.randrange(110)])
            before = luck.choice([LARGEST, after + 1 + luck.randrange(110)])
            cursor = Cursor(luck.randrange(1, 12), after, before, luck.choice(list(Anchor)))
            types = luck.choice(
                [None, None, frozenset(luck.sample(list(T)[:6], 2))]
            )  # fmt: skip
            hidden = luck.choice([frozenset(), frozenset({T.MENTION, T.ADMIN_SIGN_UP})])
            grouped = luck.choice(
                [GROUPABLE, GROUPABLE - {T.ADMIN_SIGN_UP}, frozenset({T.REBLOG}), frozenset()]
            )
            sender = luck.choice([None, None, None, luck.choice(senders)])
            filtered = luck.random() < 0.5 or sender is not None
            wanted = Wanted(types, grouped, filtered, sender, frozenset() if types else hidden)
            await compare(db, ann.id, suspended, cursor, wanted)


async def test_paging_down_shows_every_group_and_ends(db: Database, bus: RecordingBus) -> None:
    ann, _ = await history(db, bus, 7, 80)
    wanted = Wanted(None, GROUPABLE)
    rows = await everything(db, ann.id)
    keys = {row.key or f"ungrouped-{row.id}" for row in rows if not row.filtered}
    seen, cursor = set(), Cursor(5)
    while page := await store.page(db, ann.id, cursor, wanted):
        seen |= {one.group_key for one in page}
        cursor = Cursor(5, before=page[-1].id)
    assert seen == keys


async def test_a_page_inside_a_large_group_costs_the_same_queries(
    db: Database, bus: RecordingBus
) -> None:
    """Page, and how many members there are up to its end."""
    ann = await make_account(db, "ann", token=None)
    bob = await make_account(db, "bob", token=None)
    status_id = await make_status(db, ann.id)
    for activity in range(1, 60):
        await tell(db, bus, Event(T.FAVOURITE, activity, bob.id, (ann.id,), NOW, status_id))
    for cursor in (Cursor(40), Cursor(40, before=30), Cursor(40, 20, 50, Anchor.OLDEST)):
        with query_budget(db, 2):
            [group] = await store.page(db, ann.id, cursor, Wanted(None, GROUPABLE))
        assert group.size == min(59, cursor.before - 1)
