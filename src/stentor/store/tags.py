"""Hashtags: which statuses have them, who follows them, who shows them on the profile."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain import ids, limits, tags
from stentor.domain.paging import Cursor
from stentor.domain.tags import FeaturedTag, Tag
from stentor.store.database import Reader, Transaction

#: Greater than every text that begins with what stands before it.
LAST = "\U0010ffff"

# --- Of statuses -----------------------------------------------------------------------------

# Sorted, so that two statuses with the same new tags cannot wait for each other.
ADD = """
    INSERT INTO tags (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
"""
TAG = """
    INSERT INTO status_tags (status_id, tag_id) SELECT $1::bigint, t.id FROM tags t
    WHERE t.name = ANY($2) ON CONFLICT (status_id, tag_id) DO NOTHING
"""


async def tag(tx: Transaction, status_id: int, names: Iterable[str], *, now: int) -> None:
    """Gives a status those hashtags (normalised names); new ones are made. Two statements."""
    wanted = sorted(set(names))
    if not wanted:
        return
    await tx.run_many(ADD, [(name, now) for name in wanted])
    await tx.run(TAG, status_id, wanted)


async def untag(tx: Transaction, status_id: int) -> None:
    """Takes all hashtags off a status."""
    await tx.run("DELETE FROM status_tags WHERE status_id = $1", status_id)


# --- Looked at -------------------------------------------------------------------------------

# What the viewer has to do with a tag `t`, by unique keys; {0} is the viewer.
_VIEWED = """
    EXISTS (SELECT 1 FROM tag_follows f WHERE f.account_id = {0} AND f.tag_id = t.id),
    EXISTS (SELECT 1 FROM featured_tags f WHERE f.account_id = {0} AND f.tag_id = t.id)
"""
# By the unique name.
FIND = f"SELECT t.id, t.name, {_VIEWED.format('$2')} FROM tags t WHERE t.name = $1"


async def get(db: Reader, name: str, viewer_id: int | None) -> Tag:
    """The hashtag of that normalised name, also if nobody has ever used it."""
    row = await db.fetch_row(FIND, name, viewer_id)
    return Tag(None, name) if row is None else Tag._make(row)


# A week of status ids of each tag, along (tag, status).
HISTORY = """
    SELECT st.tag_id, (s.created_at - $3) / 86400000, count(*), count(DISTINCT s.account_id)
    FROM status_tags st JOIN statuses s ON s.id = st.status_id
    WHERE st.tag_id = ANY($1) AND st.status_id >= $2
      AND s.visibility = 'public' AND s.created_at >= $3
    GROUP BY st.tag_id, (s.created_at - $3) / 86400000
"""


async def history(
    db: Reader, tag_ids: Iterable[int | None], now: int
) -> dict[int, dict[int, tuple[int, int]]]:
    """For each tag, by days since `tags.first_day`: public uses, and by how many accounts."""
    wanted = [tag_id for tag_id in tag_ids if tag_id is not None]
    if not wanted:
        return {}
    first = tags.first_day(now)
    used: dict[int, dict[int, tuple[int, int]]] = {}
    for tag_id, day, uses, people in await db.fetch(
        HISTORY, wanted, ids.snowflake(first, 0), first
    ):
        used.setdefault(tag_id, {})[day] = (uses, people)
    return used


# Names are compared byte by byte on both engines (COLLATE "C"), so that a range of the unique
# index holds exactly the names that begin with a prefix.
SEARCH = f"""
    SELECT t.id, t.name, {_VIEWED.format("$3")} FROM tags t
    WHERE t.name >= $1 AND t.name < $2 ORDER BY t.name LIMIT $4 OFFSET $5
"""


async def search(
    db: Reader, prefix: str, viewer_id: int | None, *, limit: int, offset: int
) -> list[Tag]:
    """Hashtags whose normalised name begins with the prefix, the exact one first."""
    rows = await db.fetch(SEARCH, prefix, prefix + LAST, viewer_id, limit, offset)
    return [Tag._make(row) for row in rows]


# --- Followed --------------------------------------------------------------------------------


async def ensure(tx: Transaction, name: str, now: int) -> int:
    """The id of the hashtag with that normalised name, made if it is new."""
    await tx.run(ADD, name, now)
    found: int = await tx.fetch_value("SELECT id FROM tags WHERE name = $1", name)
    return found


async def follow(tx: Transaction, account_id: int, tag_id: int, now: int) -> None:
    """From now on its public statuses are in the account's home; a second time is nothing."""
    await tx.run(
        "INSERT INTO tag_follows (account_id, tag_id, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id, tag_id) DO NOTHING",
        account_id,
        tag_id,
        now,
    )


async def unfollow(tx: Transaction, account_id: int, name: str) -> None:
    """No longer followed, if it was."""
    await tx.run(
        "DELETE FROM tag_follows WHERE account_id = $1"
        " AND tag_id = (SELECT id FROM tags WHERE name = $2)",
        account_id,
        name,
    )


# Along the index of one account's follows of tags.
_FOLLOWED = """
    SELECT f.id, t.id, t.name, TRUE,
      EXISTS (SELECT 1 FROM featured_tags x WHERE x.account_id = $1 AND x.tag_id = t.id)
    FROM tag_follows f JOIN tags t ON t.id = f.tag_id
    WHERE f.account_id = $1 AND f.id > $2 AND f.id < $3 ORDER BY f.id %s LIMIT $4
"""
FOLLOWED = {False: _FOLLOWED % "DESC", True: _FOLLOWED % "ASC"}


async def followed(db: Reader, account_id: int, cursor: Cursor) -> tuple[list[int], list[Tag]]:
    """A page of followed hashtags, newest first, with the ids of the follows, its cursors."""
    rows = await db.fetch(
        FOLLOWED[cursor.ascending], account_id, cursor.after, cursor.before, cursor.limit
    )
    if cursor.ascending:
        rows = rows[::-1]
    return [row[0] for row in rows], [Tag._make(tuple(row)[1:]) for row in rows]


# --- Featured --------------------------------------------------------------------------------

# What everybody may read of the account's own statuses with each of the tags it features; a
# reblog has no tags of its own. Each tag's statuses are looked up among its own.
FEATURED = """
    SELECT f.id, f.name, t.name, count(s.id), max(s.created_at)
    FROM featured_tags f JOIN tags t ON t.id = f.tag_id
    LEFT JOIN (
      SELECT st.tag_id, s.id, s.created_at
      FROM status_tags st JOIN statuses s ON s.id = st.status_id
      WHERE s.account_id = $1 AND s.visibility IN ('public', 'unlisted')
    ) s ON s.tag_id = f.tag_id
    WHERE f.account_id = $1 GROUP BY f.id, f.name, t.name
    ORDER BY count(s.id) DESC, f.id
"""


async def featured(db: Reader, account_id: int) -> list[FeaturedTag]:
    """What an account features, most used first; there are never more than ten."""
    return [FeaturedTag._make(row) for row in await db.fetch(FEATURED, account_id)]


async def feature(
    tx: Transaction, account_id: int, tag_id: int, *, name: str, now: int
) -> int | None:
    """The id of the featured tag, new or old; None if the account features enough already.

    The account's row is locked, so that two requests at once cannot make one too many.
    """
    await tx.fetch("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    rows = await tx.fetch("SELECT id, tag_id FROM featured_tags WHERE account_id = $1", account_id)
    for row_id, existing in rows:
        if existing == tag_id:
            return int(row_id)
    if len(rows) >= limits.FEATURED_TAGS:
        return None
    added = await tx.fetch_value(
        "INSERT INTO featured_tags (account_id, tag_id, name, created_at)"
        " VALUES ($1, $2, $3, $4) RETURNING id",
        account_id,
        tag_id,
        name,
        now,
    )
    return int(added)


async def unfeature(tx: Transaction, account_id: int, name: str) -> None:
    """No longer on the profile, if it was."""
    await tx.run(
        "DELETE FROM featured_tags WHERE account_id = $1"
        " AND tag_id = (SELECT id FROM tags WHERE name = $2)",
        account_id,
        name,
    )


async def delete_featured(tx: Transaction, account_id: int, featured_id: int) -> bool:
    """Takes a featured tag of that account away; False if there was none."""
    return bool(
        await tx.run(
            "DELETE FROM featured_tags WHERE id = $1 AND account_id = $2", featured_id, account_id
        )
    )


# How many of the account's newest statuses are looked at for suggestions.
LOOK_BACK = 500
SUGGESTIONS = """
    SELECT t.id, t.name,
      EXISTS (SELECT 1 FROM tag_follows f WHERE f.account_id = $1 AND f.tag_id = t.id), FALSE
    FROM (
      SELECT id FROM statuses WHERE account_id = $1 AND visibility IN ('public', 'unlisted')
      ORDER BY id DESC LIMIT $2
    ) s
    JOIN status_tags st ON st.status_id = s.id
    JOIN tags t ON t.id = st.tag_id
    WHERE NOT EXISTS (SELECT 1 FROM featured_tags f WHERE f.account_id = $1 AND f.tag_id = t.id)
    GROUP BY t.id, t.name ORDER BY count(*) DESC, t.id LIMIT $3
"""


async def suggestions(db: Reader, account_id: int) -> list[Tag]:
    """What the account has used most of late and does not feature yet."""
    rows = await db.fetch(SUGGESTIONS, account_id, LOOK_BACK, limits.FEATURED_TAGS)
    return [Tag._make(row) for row in rows]
