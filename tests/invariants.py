"""What must be true of the notification tables at any moment, recomputed from the rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from stentor.store.database import Database


async def check_everything(db: Database) -> None:
    """All of the following that hold of everybody, when no job is left to be done."""
    await check(db)
    await check_polls(db)
    await check_wishes(db)
    await check_activities(db)


async def check(db: Database) -> None:
    """Fails if a group, a request or a key is not what the notifications say."""
    rows = await db.fetch(
        "SELECT account_id, id, type, from_account_id, status_id, group_key, filtered, activity_id"
        " FROM notifications ORDER BY id DESC"
    )
    groups: dict[tuple[int, str], list[Any]] = defaultdict(list)
    asking: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in rows:
        account_id, _, type_, sender, _, key, filtered, _ = row
        assert not (key and filtered), "a filtered notification has no group"
        if key:
            groups[account_id, key].append(row)
        if filtered and type_ in ("mention", "quote"):
            asking[account_id, sender].append(row)
    await _groups(db, groups)
    await _requests(db, asking)
    activities = [(row[0], row[2], row[7]) for row in rows]
    assert len(set(activities)) == len(activities), "an activity was told twice"


async def check_wishes(db: Database) -> None:
    """Fails if somebody was told of whom he blocks or mutes, or not of whom he has let in.

    Between people who are no staff, when no job is left to be done.
    """
    told = await db.fetch(
        "SELECT n.id FROM notifications n JOIN blocks b"
        " ON b.account_id = n.account_id AND b.target_account_id = n.from_account_id"
    )
    assert told == [], "told of somebody blocked"
    told = await db.fetch(
        "SELECT n.id FROM notifications n JOIN mutes m"
        " ON m.account_id = n.account_id AND m.target_account_id = n.from_account_id"
        " WHERE m.hide_notifications AND m.expires_at IS NULL"
    )
    assert told == [], "told of somebody muted"
    waiting = await db.fetch(
        "SELECT n.id FROM notifications n JOIN notification_permissions p"
        " ON p.account_id = n.account_id AND p.from_account_id = n.from_account_id"
        " WHERE n.filtered"
    )
    assert waiting == [], "still filtered though the sender was let in"


async def check_activities(db: Database) -> None:
    """Fails if somebody is still told of what was undone."""
    for type, table in (
        ("favourite", "favourites"), ("reblog", "statuses"), ("follow", "follows"),
        ("follow_request", "follow_requests"), ("mention", "mentions"),
    ):  # fmt: skip
        left = await db.fetch(
            f"SELECT n.id FROM notifications n WHERE n.type = '{type}'"
            f" AND n.activity_id NOT IN (SELECT id FROM {table})"
        )
        assert left == [], f"a {type} that was undone"


async def check_told(db: Database, quiet: Sequence[int]) -> None:
    """Fails if somebody of these, who have taken nothing back, was not told of everything."""
    for type, table, whose in (
        ("favourite", "favourites a JOIN statuses s ON s.id = a.status_id", "s.account_id"),
        ("mention", "mentions a JOIN statuses s ON s.id = a.status_id", "a.account_id"),
        ("follow", "follows a", "a.target_account_id"),
    ):
        missing = await db.fetch(
            f"SELECT a.id FROM {table} LEFT JOIN notifications n"
            f" ON n.account_id = {whose} AND n.type = '{type}' AND n.activity_id = a.id"
            f" WHERE {whose} = ANY($1) AND n.id IS NULL",
            list(quiet),
        )
        assert missing == [], f"not told of a {type}"


async def check_polls(db: Database) -> None:
    """Fails if a poll counts other votes than there are, or if its end is promised wrongly."""
    cast: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for poll_id, account_id, choice in await db.fetch(
        "SELECT poll_id, account_id, choice FROM poll_votes"
    ):
        cast[poll_id].append((account_id, choice))
    polls = await db.fetch(
        "SELECT status_id, options, votes_count, voters_count, multiple FROM polls"
    )
    for poll_id, options, votes, voters, multiple in polls:
        found = cast.pop(poll_id, [])
        assert votes == len(found), poll_id
        assert voters == len({account_id for account_id, _ in found}), poll_id
        assert multiple or votes == voters, poll_id
        chosen = [choice for _, choice in found]
        assert [count for _, count in json.loads(options)] == [
            chosen.count(number) for number in range(len(json.loads(options)))
        ], poll_id
    assert not cast, "votes in no poll"
    asking = {row[0] for row in await db.fetch("SELECT id FROM statuses WHERE has_poll")}
    assert asking == {row[0] for row in polls}


async def _groups(db: Database, expected: dict[tuple[int, str], list[Any]]) -> None:
    stored = {
        (row[0], row[1]): row[2:]
        for row in await db.fetch(
            "SELECT account_id, group_key, notifications_count, newest_id, oldest_id, newest,"
            " type, status_id FROM notification_groups"
        )
    }
    assert stored.keys() == expected.keys()
    for key, members in expected.items():
        count, newest_id, oldest_id, newest, type_, status_id = stored[key]
        assert count == len(members), key
        assert (newest_id, oldest_id) == (members[0][1], members[-1][1]), key
        assert json.loads(newest) == [[row[1], row[3]] for row in members[:8]], key
        assert {(row[2], row[4]) for row in members} == {(type_, status_id)}, key


async def _requests(db: Database, expected: dict[tuple[int, int], list[Any]]) -> None:
    stored = {
        (row[0], row[1]): (row[2], row[3])
        for row in await db.fetch(
            "SELECT account_id, from_account_id, notifications_count, last_status_id"
            " FROM notification_requests"
        )
    }
    assert stored.keys() == expected.keys()
    for key, waiting in expected.items():
        assert stored[key] == (min(100, len(waiting)), waiting[0][4]), key
