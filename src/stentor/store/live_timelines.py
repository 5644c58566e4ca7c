"""Who of many listeners sees a new status: the timelines' own rules, asked the other way round.

`stentor.store.timelines` asks which statuses one viewer ($1) sees; here it is which viewers see
one status. The conditions are those texts themselves, with the viewer put in for $1 and with
what is hidden listed for each of them, so that a stream and a page cannot come apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from stentor.domain.statuses import LoadedStatuses
from stentor.store.database import Reader, Row
from stentor.store.timelines import (
    AUTHOR,
    EXCLUSIVE,
    NAMES_NOBODY,
    OF_ACCOUNT,
    OF_TAG,
    PUBLIC_AUTHOR,
    REPLIES_ON_LIST,
)

#: Listeners that one statement asks about.
SLICE = 500


def _of(condition: str, viewer: str) -> str:
    """A condition of the timelines for the viewer that this expression names."""
    for hidden in ("hidden", "disliked"):
        condition = condition.replace(
            f"(SELECT id FROM {hidden})", f"(SELECT id FROM {hidden} WHERE viewer_id = {viewer})"
        )
    return condition.replace("$1", viewer)


# What the listeners ($1) have blocked or muted now ($2) of the accounts that the status is about
# ($3), and who of those blocks them.
_HIDDEN = """
    WITH disliked AS (
      SELECT account_id AS viewer_id, target_account_id AS id FROM blocks
      WHERE account_id = ANY($1) AND target_account_id = ANY($3)
      UNION SELECT account_id, target_account_id FROM mutes
      WHERE account_id = ANY($1) AND target_account_id = ANY($3)
        AND (expires_at IS NULL OR expires_at > $2)
    ),
    hidden AS (
      SELECT viewer_id, id FROM disliked
      UNION SELECT target_account_id, account_id FROM blocks
      WHERE target_account_id = ANY($1) AND account_id = ANY($3)
    )
"""
_FOLLOWERS = f"""
    SELECT f.account_id AS viewer_id, f.target_account_id AS account_id, f.show_reblogs, f.languages
    FROM follows f JOIN accounts a ON a.id = f.target_account_id
    WHERE f.account_id = ANY($1) AND f.target_account_id = $5 AND {_of(AUTHOR, "f.account_id")}
      AND f.target_account_id NOT IN ({_of(EXCLUSIVE, "f.account_id")})
    UNION ALL
    SELECT a.id, a.id, TRUE, NULL FROM accounts a WHERE a.id = $5 AND a.id = ANY($1)
"""
# $4 the status, $5 its author.
HOME = f"""
    {_HIDDEN}, followers AS ({_FOLLOWERS})
    SELECT src.viewer_id FROM followers src CROSS JOIN statuses s
    WHERE s.id = $4 AND {_of(OF_ACCOUNT, "src.viewer_id")}
    UNION
    SELECT src.account_id FROM status_tags st CROSS JOIN tag_follows src CROSS JOIN statuses s
    WHERE st.status_id = $4 AND src.account_id = ANY($1) AND {_of(OF_TAG, "src.account_id")}
      AND {_of(NAMES_NOBODY.format("s"), "src.account_id")}
"""
_ON_LISTS = f"""
    SELECT l.account_id AS viewer_id, l.id AS list_id, l.replies_policy, la.account_id,
      COALESCE(f.show_reblogs, TRUE) AS show_reblogs, f.languages
    FROM list_accounts la CROSS JOIN lists l CROSS JOIN accounts a
    LEFT JOIN follows f ON f.account_id = l.account_id AND f.target_account_id = la.account_id
    WHERE l.id = la.list_id AND a.id = la.account_id
      AND l.account_id = ANY($1) AND la.account_id = $5 AND l.id = ANY($6)
      AND {_of(AUTHOR, "l.account_id")} AND (f.id IS NOT NULL OR la.account_id = l.account_id)
"""
_REPLIES = REPLIES_ON_LIST.replace("$6", "src.list_id").replace("$7::text", "src.replies_policy")
# $6 the lists that are listened to.
LISTS = f"""
    {_HIDDEN}, listed AS ({_ON_LISTS})
    SELECT src.list_id, src.viewer_id FROM listed src CROSS JOIN statuses s
    WHERE s.id = $4 AND {_of(OF_ACCOUNT, "src.viewer_id")} AND {_of(_REPLIES, "src.viewer_id")}
"""
# Who is shown the author's ($4) statuses unasked, and who is at all.
UNASKED = f"""
    {_HIDDEN} SELECT v.id FROM accounts v CROSS JOIN accounts a
    WHERE v.id = ANY($1) AND a.id = $4 AND {_of(PUBLIC_AUTHOR, "v.id")}
"""
AT_ALL = f"""
    {_HIDDEN} SELECT v.id FROM accounts v CROSS JOIN accounts a
    WHERE v.id = ANY($1) AND a.id = $4 AND {_of(AUTHOR, "v.id")}
"""


class About(NamedTuple):
    """A status, and whom it is about: its author, whom it reblogs, whom they mention."""

    status_id: int
    author_id: int
    people: list[int]


def about(loaded: LoadedStatuses, status_id: int) -> About:
    """Of a status that was loaded for anybody."""
    status = loaded.statuses[status_id]
    people = {status.account_id, *loaded.mentions.get(status_id, ())}
    original = loaded.statuses.get(status.reblog_of_id or 0)
    if original is not None:
        people |= {original.account_id, *loaded.mentions.get(original.id, ())}
    return About(status_id, status.account_id, sorted(people))


async def _sliced(
    db: Reader, sql: str, viewers: Collection[int], now: int, *values: object
) -> list[Row]:
    everybody = sorted(viewers)
    rows: list[Row] = []
    for first in range(0, len(everybody), SLICE):
        rows += await db.fetch(sql, everybody[first : first + SLICE], now, *values)
    return rows


async def home(db: Reader, viewers: Collection[int], about: About, *, now: int) -> set[int]:
    """Those of the viewers on whose home timeline the status stands. One query for each slice."""
    rows = await _sliced(db, HOME, viewers, now, about.people, about.status_id, about.author_id)
    return {row[0] for row in rows}


async def on_lists(
    db: Reader, viewers: Collection[int], lists: Sequence[int], about: About, *, now: int
) -> list[tuple[int, int]]:
    """The lists on which it stands, with whose they are."""
    values = (about.people, about.status_id, about.author_id, list(lists))
    rows = await _sliced(db, LISTS, viewers, now, *values)
    return [(row[0], row[1]) for row in rows]


async def unasked(db: Reader, viewers: Collection[int], author_id: int, *, now: int) -> set[int]:
    """Those who are shown the public statuses of that author wherever they look."""
    rows = await _sliced(db, UNASKED, viewers, now, [author_id], author_id)
    return {row[0] for row in rows}


async def at_all(db: Reader, viewers: Collection[int], author_id: int, *, now: int) -> set[int]:
    """Those who want to see that author, and whom he has not blocked."""
    rows = await _sliced(db, AT_ALL, viewers, now, [author_id], author_id)
    return {row[0] for row in rows}


# Followers of the author ($2) and of the hashtags ($3) among the listeners ($1).
CONCERNED = """
    SELECT account_id FROM follows WHERE account_id = ANY($1) AND target_account_id = $2
    UNION
    SELECT tf.account_id FROM tag_follows tf JOIN tags t ON t.id = tf.tag_id
    WHERE tf.account_id = ANY($1) AND t.name = ANY($3)
"""


async def concerned(
    db: Reader, viewers: Collection[int], author_id: int, tags: Iterable[str]
) -> set[int]:
    """Those whose home timeline may have shown a status of that author, with those hashtags."""
    everybody, names = sorted(viewers), sorted(tags)
    found: set[int] = set()
    for first in range(0, len(everybody), SLICE):
        part = everybody[first : first + SLICE]
        found |= {row[0] for row in await db.fetch(CONCERNED, part, author_id, names)}
    return found


# The lists ($1) that an account ($2) is on.
HOLDING = "SELECT list_id FROM list_accounts WHERE list_id = ANY($1) AND account_id = $2"


async def holding(db: Reader, lists: Sequence[int], author_id: int) -> set[int]:
    """Those of the lists that the account is on."""
    return {row[0] for row in await db.fetch(HOLDING, list(lists), author_id)}


# What the viewers ($1) have done with the statuses ($3), with the conversations ($4), whether
# they have filters now ($2), and which of the authors ($5) they follow.
STANDING = """
    SELECT account_id, 0 FROM favourites WHERE account_id = ANY($1) AND status_id = ANY($3)
    UNION SELECT account_id, 0 FROM statuses /*+ statuses_reblog */
      WHERE account_id = ANY($1) AND reblog_of_id = ANY($3)
    UNION SELECT account_id, 0 FROM bookmarks WHERE account_id = ANY($1) AND status_id = ANY($3)
    UNION SELECT account_id, 0 FROM status_pins WHERE account_id = ANY($1) AND status_id = ANY($3)
    UNION SELECT account_id, 0 FROM poll_votes /*+ sqlite_autoindex_poll_votes_1 */
      WHERE account_id = ANY($1) AND poll_id = ANY($3)
    UNION SELECT account_id, 0 FROM conversation_mutes
      WHERE account_id = ANY($1) AND conversation_id = ANY($4)
    UNION SELECT account_id, 0 FROM filters
      WHERE account_id = ANY($1) AND (expires_at IS NULL OR expires_at > $2)
    UNION SELECT account_id, target_account_id FROM follows
      WHERE account_id = ANY($1) AND target_account_id = ANY($5)
"""


async def alike(
    db: Reader, viewers: Collection[int], loaded: LoadedStatuses, status_id: int, *, now: int
) -> list[list[int]]:
    """The viewers in groups that see the status in the same way.

    Alone is whoever wrote it, has done something with it or has filters, and everybody if it
    quotes: how a quote stands depends on who looks. One query for each slice.
    """
    status = loaded.statuses[status_id]
    shown = [status, *filter(None, [loaded.statuses.get(status.reblog_of_id or 0)])]
    authors = {one.account_id for one in shown}
    if any(one.has_quote for one in shown):
        return [[one] for one in sorted(viewers)]
    standing: dict[int, set[int]] = defaultdict(set)
    rows = await _sliced(
        db,
        STANDING,
        viewers,
        now,
        [one.id for one in shown],
        [one.conversation_id for one in shown],
        sorted(authors),
    )
    for account_id, followed in rows:
        standing[account_id].add(followed)
    groups: dict[frozenset[int] | int, list[int]] = defaultdict(list)
    for one in sorted(viewers):
        follows = standing.get(one, set())
        own = one in authors or 0 in follows
        groups[one if own else frozenset(follows)].append(one)
    return list(groups.values())


async def with_filters(db: Reader, viewers: Collection[int], *, now: int) -> set[int]:
    """Those who have filters that have not expired."""
    sql = """
        SELECT DISTINCT account_id FROM filters
        WHERE account_id = ANY($1) AND (expires_at IS NULL OR expires_at > $2)
    """
    return {row[0] for row in await _sliced(db, sql, viewers, now)}
