"""Follows and follow requests, with the counters that say how many there are."""

from __future__ import annotations

from stentor.domain.accounts import Account
from stentor.domain.paging import Cursor
from stentor.domain.relationships import FollowOptions
from stentor.store import accounts
from stentor.store.accounts import AVAILABLE
from stentor.store.database import Reader, Row, Transaction
from stentor.store.relationships import pack, unpack

_COLUMNS = "account_id, target_account_id, show_reblogs, notify, languages, created_at"
# The unique key of (account, target) decides which of two at once is kept.
ADD = f"""
    INSERT INTO follows ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account_id, target_account_id) DO NOTHING RETURNING id
"""
ADD_REQUEST = ADD.replace("INTO follows", "INTO follow_requests")


async def add(
    tx: Transaction, account_id: int, target_id: int, options: FollowOptions, *, now: int
) -> int | None:
    """A follow, counted on both sides; its id, or None if there is one already."""
    values = (account_id, target_id, *_values(options), now)
    follow_id: int | None = await tx.fetch_value(ADD, *values)
    if follow_id is not None:
        await _count(tx, account_id, target_id, 1)
    return follow_id


async def add_request(
    tx: Transaction, account_id: int, target_id: int, options: FollowOptions, *, now: int
) -> int | None:
    """A follow request; its id, or None if there is one already."""
    values = (account_id, target_id, *_values(options), now)
    request_id: int | None = await tx.fetch_value(ADD_REQUEST, *values)
    return request_id


def _values(options: FollowOptions) -> tuple[bool, bool, str | None]:
    return options.show_reblogs, options.notify, pack(options.languages)


CHANGE = """
    UPDATE follows SET show_reblogs = $3, notify = $4, languages = $5
    WHERE account_id = $1 AND target_account_id = $2
"""
CHANGE_REQUEST = CHANGE.replace("UPDATE follows", "UPDATE follow_requests")


async def change(tx: Transaction, account_id: int, target_id: int, options: FollowOptions) -> None:
    """Other options for the follow or the request between the two, whichever there is."""
    for sql in (CHANGE, CHANGE_REQUEST):
        await tx.run(sql, account_id, target_id, *_values(options))


async def remove(tx: Transaction, account_id: int, target_id: int) -> int | None:
    """Ends a follow and uncounts it; the id it had, or None if there was none."""
    follow_id: int | None = await tx.fetch_value(
        "DELETE FROM follows WHERE account_id = $1 AND target_account_id = $2 RETURNING id",
        account_id,
        target_id,
    )
    if follow_id is not None:
        await _count(tx, account_id, target_id, -1)
    return follow_id


async def remove_request(
    tx: Transaction, account_id: int, target_id: int
) -> tuple[int, FollowOptions] | None:
    """Ends a follow request; the id it had and what was asked for, or None if there was none."""
    row = await tx.fetch_row(
        "DELETE FROM follow_requests WHERE account_id = $1 AND target_account_id = $2"
        " RETURNING id, show_reblogs, notify, languages",
        account_id,
        target_id,
    )
    if row is None:
        return None
    return row[0], FollowOptions(bool(row[1]), bool(row[2]), unpack(row[3]))


COUNT = """
    UPDATE accounts SET
      following_count = following_count + CASE WHEN id = $1 THEN $3::bigint ELSE 0 END,
      followers_count = followers_count + CASE WHEN id = $2 THEN $3::bigint ELSE 0 END
    WHERE id = $1 OR id = $2
"""


async def _count(tx: Transaction, account_id: int, target_id: int, step: int) -> None:
    await tx.run(COUNT, account_id, target_id, step)


# By the index of one side, the accounts of the other side along.
FOLLOWERS = f"""
    SELECT f.id, {accounts.COLUMNS} FROM follows f JOIN accounts a ON a.id = f.account_id
    WHERE f.target_account_id = $1 AND f.id > $2 AND f.id < $3 AND {AVAILABLE}
    ORDER BY f.id DESC LIMIT $4
"""
FOLLOWING = f"""
    SELECT f.id, {accounts.COLUMNS} FROM follows f JOIN accounts a ON a.id = f.target_account_id
    WHERE f.account_id = $1 AND f.id > $2 AND f.id < $3 AND {AVAILABLE}
    ORDER BY f.id DESC LIMIT $4
"""
REQUESTS = FOLLOWERS.replace("FROM follows", "FROM follow_requests")


async def followers(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Account]]:
    """A page of an account's followers, newest first: the follows' ids, and who follows."""
    return await accounts.page(db, FOLLOWERS, account_id, cursor)


async def following(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Account]]:
    """A page of whom an account follows, newest first: the follows' ids, and who is followed."""
    return await accounts.page(db, FOLLOWING, account_id, cursor)


async def requests(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Account]]:
    """A page of who asks to follow an account, newest first: the requests' ids, and who asks."""
    return await accounts.page(db, REQUESTS, account_id, cursor)


# As many as `requests` lists.
COUNT_REQUESTS = f"""
    SELECT count(*) FROM follow_requests f JOIN accounts a ON a.id = f.account_id
    WHERE f.target_account_id = $1 AND {AVAILABLE}
"""


async def count_requests(db: Reader, account_id: int) -> int:
    """How many ask to follow an account."""
    return int(await db.fetch_value(COUNT_REQUESTS, account_id))


# Of the accounts $2: their newest followers (at most $3 each) whom the viewer $1 follows. Those
# who hide whom they know have none.
FAMILIAR = f"""
    SELECT subject, {accounts.COLUMNS} FROM (
      SELECT f.target_account_id AS subject, f.account_id AS follower,
             row_number() OVER (PARTITION BY f.target_account_id ORDER BY f.id DESC) AS place
      FROM follows f
      JOIN follows mine ON mine.target_account_id = f.account_id AND mine.account_id = $1
      JOIN accounts a ON a.id = f.account_id AND {AVAILABLE}
      JOIN accounts t ON t.id = f.target_account_id
      WHERE f.target_account_id = ANY($2) AND COALESCE(t.hide_collections, FALSE) = FALSE
    ) familiar JOIN accounts a ON a.id = follower
    WHERE place <= $3 ORDER BY subject, place
"""


async def familiar(
    db: Reader, viewer_id: int, ids: list[int], *, most: int
) -> dict[int, list[Account]]:
    """Who among those that the viewer follows follows each of them, newest follow first."""
    found: dict[int, list[Account]] = {}
    rows = await db.fetch(FAMILIAR, viewer_id, ids, most)
    people = await accounts.with_moved(db, (Account(*row[1:]) for row in rows))
    for row, account in zip(rows, people, strict=True):
        found.setdefault(row[0], []).append(account)
    return found


# Whose rows a cut changes, held in one order, so that two cuts cannot wait for each other.
# A person's follows are looked through, never all accounts of the domain: hence the ``|| ''``,
# which no index answers.
HOLD_DOMAIN = """
    SELECT id FROM accounts WHERE domain || '' = $2 AND id IN (
      SELECT target_account_id FROM follows WHERE account_id = $1
      UNION SELECT account_id FROM follows WHERE target_account_id = $1)
    ORDER BY id FOR NO KEY UPDATE
"""
_OF_DOMAIN = "EXISTS (SELECT 1 FROM accounts a WHERE a.domain || '' = $2 AND a.id ="
CUT_FOLLOWING = f"""
    DELETE FROM follows WHERE account_id = $1 AND {_OF_DOMAIN} follows.target_account_id)
    RETURNING target_account_id
"""
CUT_FOLLOWERS = f"""
    DELETE FROM follows WHERE target_account_id = $1 AND {_OF_DOMAIN} follows.account_id)
    RETURNING account_id
"""
CUT_REQUESTS = f"""
    DELETE FROM follow_requests
    WHERE target_account_id = $1 AND {_OF_DOMAIN} follow_requests.account_id)
"""
UNCOUNT_HERE = """
    UPDATE accounts SET following_count = following_count - $2,
                        followers_count = followers_count - $3 WHERE id = $1
"""
UNCOUNT_THERE = """
    UPDATE accounts SET {column} = {column} - 1 WHERE id = ANY($1)
"""


async def cut_domain(tx: Transaction, account_id: int, domain: str) -> tuple[list[int], list[int]]:
    """Ends all follows between an account and a domain, and the requests from there.

    Returns who was followed there, and who followed from there.
    """
    await tx.fetch(HOLD_DOMAIN, account_id, domain)
    followed = _ids(await tx.fetch(CUT_FOLLOWING, account_id, domain))
    followers_ = _ids(await tx.fetch(CUT_FOLLOWERS, account_id, domain))
    await tx.run(CUT_REQUESTS, account_id, domain)
    if followed or followers_:
        await tx.run(UNCOUNT_HERE, account_id, len(followed), len(followers_))
        await tx.run(UNCOUNT_THERE.format(column="followers_count"), followed)
        await tx.run(UNCOUNT_THERE.format(column="following_count"), followers_)
    return followed, followers_


def _ids(rows: list[Row]) -> list[int]:
    return [row[0] for row in rows]


FORGET_LISTED = """
    DELETE FROM list_accounts
    WHERE account_id = ANY($2) AND list_id IN (SELECT id FROM lists WHERE account_id = $1)
"""
FORGET_ENDORSED = """
    DELETE FROM endorsements WHERE account_id = $1 AND target_account_id = ANY($2)
"""


async def forget(tx: Transaction, account_id: int, target_ids: list[int]) -> None:
    """What ends with a follow: places on the follower's lists, and endorsements."""
    await tx.run(FORGET_LISTED, account_id, target_ids)
    await tx.run(FORGET_ENDORSED, account_id, target_ids)
