"""Which statuses stand on a timeline: ids only, one query a page, read when they are asked for.

Nothing is kept per reader. A timeline is a merge of sources (the accounts that somebody follows,
the members of a list, some hashtags), each of which has its statuses in order in an index. A page
of 20 needs at most 20 sources, those with the newest status, and of each at most 20 statuses; so
it costs one look into the index for each source and some hundred rows, however many statuses the
server has. `store.statuses.load` then loads what the ids name.

What a reader does not want to see, or may not, is left out here, so that pages are full.

``LIMIT 1 OFFSET 0`` in an EXISTS keeps PostgreSQL from computing the answer for all rows of the
table beforehand; ``id + 0`` keeps both planners from walking all statuses in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stentor.domain.paging import Cursor
from stentor.store.database import Reader

# Whom the viewer ($1) has blocked or has muted for now ($2), and with those who block him.
DISLIKED_ACCOUNTS = """
    disliked AS (
      SELECT target_account_id AS id FROM blocks WHERE account_id = $1
      UNION SELECT target_account_id FROM mutes
      WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > $2)
    )
"""
HIDDEN_ACCOUNTS = f"""
    {DISLIKED_ACCOUNTS},
    hidden AS (
      SELECT id FROM disliked UNION SELECT account_id FROM blocks WHERE target_account_id = $1
    )
"""

# An author `a` whose statuses the viewer sees.
AUTHOR = """
    a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
    AND a.id NOT IN (SELECT id FROM hidden)
    AND NOT EXISTS (
      SELECT 1 FROM account_domain_blocks d
      WHERE d.account_id = $1 AND a.domain <> '' AND d.domain = lower(a.domain) LIMIT 1 OFFSET 0
    )
"""
# Nobody whom the viewer has blocked or muted is named in it.
NAMES_NOBODY = """
    NOT EXISTS (
      SELECT 1 FROM mentions n WHERE n.status_id = {0}.id AND NOT n.silent
      AND n.account_id IN (SELECT id FROM disliked) LIMIT 1 OFFSET 0
    )
"""
_FOLLOWED = """
    EXISTS (
      SELECT 1 FROM follows f WHERE f.account_id = $1 AND f.target_account_id = {0} LIMIT 1 OFFSET 0
    )
"""
_RANGE = "{0} > $3 AND {0} < $4"


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where statuses come from.

    ``select`` yields the sources as rows; ``table`` and ``where`` are the statuses `s` of one
    source `src`, ``key`` is their id in the index they are read from.
    """

    select: str
    table: str
    key: str
    where: str


def _merge(name: str, sources: _Sources, *, ascending: bool) -> str:
    """Common table expressions, the last of which, ``name``, holds a page of ids.

    Parameters: $3 and $4 are the range, $5 the size. The joins are written in the order in which
    they are to be run.
    """
    order = "ASC" if ascending else "DESC"
    key = sources.key
    reached = (
        f"{key} > $3 AND {key} < COALESCE(src.last_id + 1, $4)"
        if ascending
        else f"{key} > COALESCE(src.last_id - 1, $3) AND {key} < $4"
    )
    shown = f"FROM {sources.table} WHERE {sources.where} AND {_RANGE.format(key)}"
    return f"""
    {name}_sources AS ({sources.select}),
    {name}_first AS (
      SELECT src.*, (SELECT {key} {shown} ORDER BY {key} {order} LIMIT 1) AS first_id
      FROM {name}_sources src
    ),
    {name}_leading AS (
      SELECT * FROM {name}_first WHERE first_id IS NOT NULL
      ORDER BY first_id {order} LIMIT $5::bigint
    ),
    {name}_bounded AS (
      SELECT src.*,
        (SELECT {key} {shown} ORDER BY {key} {order} LIMIT 1 OFFSET $5::bigint - 1) AS last_id
      FROM {name}_leading src
    ),
    {name} AS (
      SELECT DISTINCT {key} AS id FROM {name}_bounded src CROSS JOIN {sources.table}
      WHERE {sources.where} AND {reached}
    )"""


def _both(build: Any) -> dict[bool, str]:
    """The statement for pages that hang on their newest row, and on their oldest."""
    return {ascending: build(ascending=ascending) for ascending in (False, True)}


def _order(column: str, *, ascending: bool) -> str:
    return f"ORDER BY {column} {'ASC' if ascending else 'DESC'} LIMIT $5::bigint"


async def _page(
    db: Reader, query: dict[bool, str], viewer_id: int | None, cursor: Cursor, *values: Any
) -> list[int]:
    """Ids, newest first. ``values`` begin with the present time ($2); the rest is $6 and on."""
    if cursor.limit == 0:
        return []
    now, *rest = values
    rows = await db.fetch(
        query[cursor.ascending], viewer_id, now, cursor.after, cursor.before, cursor.limit, *rest
    )
    ids = [row[0] for row in rows]
    return ids[::-1] if cursor.ascending else ids


# --- home and lists --------------------------------------------------------------------------

# A status `s` of a source `src` with `languages` and `show_reblogs`. A reply is shown if it is to
# the viewer, to its own author or to somebody whom the viewer follows; a direct message only to
# whom it names; a reblog only if what it repeats would be seen too.
OF_ACCOUNT = f"""
    s.account_id = src.account_id
    AND (s.account_id = $1 OR (
      (src.languages IS NULL OR s.language IS NULL
       OR src.languages LIKE '%"' || s.language || '"%')
      AND (s.in_reply_to_account_id IS NULL OR s.in_reply_to_account_id = $1
           OR s.in_reply_to_account_id = s.account_id
           OR {_FOLLOWED.format("s.in_reply_to_account_id")})
      AND (s.visibility <> 'direct' OR EXISTS (
        SELECT 1 FROM mentions m WHERE m.status_id = s.id AND m.account_id = $1 LIMIT 1 OFFSET 0
      ))
      AND {NAMES_NOBODY.format("s")}
    ))
    AND (s.reblog_of_id IS NULL OR (src.show_reblogs AND EXISTS (
      SELECT 1 FROM statuses o JOIN accounts a ON a.id = o.account_id
      WHERE o.id = s.reblog_of_id AND {AUTHOR} AND {NAMES_NOBODY.format("o")} LIMIT 1 OFFSET 0
    )))
"""
EXCLUSIVE = """
    SELECT la.account_id FROM lists l JOIN list_accounts la ON la.list_id = l.id
    WHERE l.account_id = $1 AND l.exclusive
"""
_HOME_ACCOUNTS = _Sources(
    select=f"""
      SELECT f.target_account_id AS account_id, f.show_reblogs, f.languages
      FROM follows f JOIN accounts a ON a.id = f.target_account_id
      WHERE f.account_id = $1 AND {AUTHOR} AND f.target_account_id NOT IN ({EXCLUSIVE})
      UNION ALL SELECT $1::bigint, TRUE, NULL
    """,
    table="statuses s",
    key="s.id",
    where=OF_ACCOUNT,
)
# A public status `s` with a hashtag, by an author `a` whom the viewer may be shown unasked.
PUBLIC_AUTHOR = f"""
    {AUTHOR} AND (a.silenced_at IS NULL OR a.id = $1 OR {_FOLLOWED.format("a.id")})
"""
OF_TAG = f"""
    st.tag_id = src.tag_id AND s.id = st.status_id AND s.visibility = 'public'
    AND EXISTS (
      SELECT 1 FROM accounts a WHERE a.id = s.account_id AND {PUBLIC_AUTHOR} LIMIT 1 OFFSET 0
    )
"""
_HOME_TAGS = _Sources(
    select="SELECT tag_id FROM tag_follows WHERE account_id = $1",
    table="status_tags st CROSS JOIN statuses s",
    key="st.status_id",
    where=f"{OF_TAG} AND {NAMES_NOBODY.format('s')}",
)


def _home(*, ascending: bool) -> str:
    return f"""
    WITH {HIDDEN_ACCOUNTS},
    {_merge("of_accounts", _HOME_ACCOUNTS, ascending=ascending)},
    {_merge("of_tags", _HOME_TAGS, ascending=ascending)},
    home AS (SELECT id FROM of_accounts UNION SELECT id FROM of_tags)
    SELECT id FROM home {_order("id + 0", ascending=ascending)}
    """


HOME = _both(_home)


async def home(db: Reader, viewer_id: int, cursor: Cursor, *, now: int) -> list[int]:
    """Own statuses, those of whom the viewer follows, and public ones with followed hashtags.

    Without blocked, muted and exclusively listed accounts, without replies to strangers, without
    reblogs where they are switched off, and in the languages of the follow (B1.3, C7).
    """
    return await _page(db, HOME, viewer_id, cursor, now)


REPLIES_ON_LIST = """
    (s.in_reply_to_account_id IS NULL OR s.in_reply_to_account_id = $1
     OR s.in_reply_to_account_id = s.account_id OR $7::text = 'followed'
     OR ($7::text = 'list' AND EXISTS (
       SELECT 1 FROM list_accounts x
       WHERE x.list_id = $6 AND x.account_id = s.in_reply_to_account_id LIMIT 1 OFFSET 0
     )))
"""
# The members whom the owner follows; $6 is the list, $7 its replies policy. Besides what home
# shows, a reply must be to the owner, to its own author, or to whom the policy says.
_LIST = _Sources(
    select=f"""
      SELECT la.account_id, COALESCE(f.show_reblogs, TRUE) AS show_reblogs, f.languages
      FROM list_accounts la JOIN accounts a ON a.id = la.account_id
      LEFT JOIN follows f ON f.account_id = $1 AND f.target_account_id = la.account_id
      WHERE la.list_id = $6 AND {AUTHOR} AND (f.id IS NOT NULL OR la.account_id = $1)
    """,
    table="statuses s",
    key="s.id",
    where=f"{OF_ACCOUNT} AND {REPLIES_ON_LIST}",
)


def _list(*, ascending: bool) -> str:
    return f"""
    WITH {HIDDEN_ACCOUNTS}, {_merge("listed", _LIST, ascending=ascending)}
    SELECT id FROM listed {_order("id + 0", ascending=ascending)}
    """


LIST = _both(_list)


async def of_list(
    db: Reader, viewer_id: int, cursor: Cursor, *, list_id: int, replies_policy: str, now: int
) -> list[int]:
    """What the members of the viewer's own list have written, filtered as home is."""
    return await _page(db, LIST, viewer_id, cursor, now, list_id, replies_policy)


# --- public, hashtags ------------------------------------------------------------------------

# Along the partial index of public statuses. Replies to others are left out, as everywhere where
# people read what strangers say.
_PUBLIC = f"""
    WITH {HIDDEN_ACCOUNTS}
    SELECT s.id FROM statuses s CROSS JOIN accounts a
    WHERE a.id = s.account_id AND s.visibility = 'public' AND s.reblog_of_id IS NULL
      AND {_RANGE.format("s.id")}
      AND (s.in_reply_to_account_id IS NULL OR s.in_reply_to_account_id = s.account_id)
      AND {PUBLIC_AUTHOR} %s
    ORDER BY s.id %s LIMIT $5::bigint
"""
# Which part of the world: everybody, local accounts, remote accounts.
_ORIGINS = {"all": "", "local": "AND a.domain = ''", "remote": "AND a.domain <> ''"}
PUBLIC = {
    origin: {False: _PUBLIC % (where, "DESC"), True: _PUBLIC % (where, "ASC")}
    for origin, where in _ORIGINS.items()
}


def origin(*, local: bool, remote: bool) -> str:
    """The part of the world that is asked for; both at once is all of it."""
    return "all" if local == remote else "local" if local else "remote"


async def public(
    db: Reader, viewer_id: int | None, cursor: Cursor, *, origin: str, now: int
) -> list[int]:
    """Public statuses of everybody, without limited accounts that the viewer does not follow."""
    return await _page(db, PUBLIC[origin], viewer_id, cursor, now)


# $6 names of which one must be there, $7 names that must all be, $8 names that must not.
_TAGGED = _Sources(
    select="SELECT id AS tag_id FROM tags WHERE name = ANY($6)",
    table="status_tags st CROSS JOIN statuses s",
    key="st.status_id",
    where=f"""
      {OF_TAG}
      AND $9::bigint = (SELECT count(*) FROM status_tags x JOIN tags t ON t.id = x.tag_id
                        WHERE x.status_id = st.status_id AND t.name = ANY($7))
      AND NOT EXISTS (
        SELECT 1 FROM status_tags x JOIN tags t ON t.id = x.tag_id
        WHERE x.status_id = st.status_id AND t.name = ANY($8) LIMIT 1 OFFSET 0
      )
      AND ($10::text = 'all' OR EXISTS (
        SELECT 1 FROM accounts a WHERE a.id = s.account_id
        AND CASE WHEN a.domain = '' THEN 'local' ELSE 'remote' END = $10::text LIMIT 1 OFFSET 0
      ))
    """,
)


def _tagged(*, ascending: bool) -> str:
    return f"""
    WITH {HIDDEN_ACCOUNTS}, {_merge("tagged", _TAGGED, ascending=ascending)}
    SELECT id FROM tagged {_order("id + 0", ascending=ascending)}
    """


TAGGED = _both(_tagged)


@dataclass(frozen=True, slots=True)
class TagQuery:
    """Normalised names: one of ``any``, all of ``all``, none of ``none``."""

    any: Sequence[str]
    all: Sequence[str] = ()
    none: Sequence[str] = ()


async def tagged(
    db: Reader, viewer_id: int | None, cursor: Cursor, wanted: TagQuery, *, origin: str, now: int
) -> list[int]:
    """Public statuses with certain hashtags."""
    every = list(set(wanted.all))
    return await _page(
        db, TAGGED, viewer_id, cursor, now, list(wanted.any), every, list(wanted.none), len(every),
        origin,
    )  # fmt: skip


# --- direct ----------------------------------------------------------------------------------

# Two walks, each along an index: what the viewer wrote, and what names him.
_DIRECT = f"""
    WITH {HIDDEN_ACCOUNTS},
    own AS (
      SELECT s.id FROM statuses s
      WHERE s.account_id = $1 AND s.visibility = 'direct' AND {_RANGE.format("s.id")}
      ORDER BY s.id %(order)s LIMIT $5::bigint
    ),
    received AS (
      SELECT m.status_id AS id FROM mentions m CROSS JOIN statuses s CROSS JOIN accounts a
      WHERE s.id = m.status_id AND a.id = s.account_id AND m.account_id = $1
        AND s.visibility = 'direct' AND {_RANGE.format("m.status_id")} AND {AUTHOR}
      ORDER BY m.status_id %(order)s LIMIT $5::bigint
    ),
    direct AS (SELECT id FROM own UNION SELECT id FROM received)
    SELECT id FROM direct ORDER BY id %(order)s LIMIT $5::bigint
"""
DIRECT = {False: _DIRECT % {"order": "DESC"}, True: _DIRECT % {"order": "ASC"}}


async def direct(db: Reader, viewer_id: int, cursor: Cursor, *, now: int) -> list[int]:
    """Direct messages that the viewer has sent or received."""
    return await _page(db, DIRECT, viewer_id, cursor, now)
