"""Statuses with everything that is shown of them, for one viewer, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from stentor.domain.statuses import NO_MARKS, LoadedStatuses, Marks, Status, readable
from stentor.store import accounts
from stentor.store.database import Reader, Row

_APPLICATION = {"application_name": "p.name", "application_website": "p.website"}
COLUMNS = ", ".join(_APPLICATION.get(name, f"s.{name}") for name in Status._fields)
FROM = "statuses s LEFT JOIN applications p ON p.id = s.application_id"


# By primary key, with the application that was used.
LOAD = f"SELECT {COLUMNS} FROM {FROM} WHERE s.id = ANY($1)"

# One pass over two indexes: (status, account, silent, '') and (status, 0, false, tag).
MENTIONS_AND_TAGS = """
    SELECT m.status_id, m.account_id, m.silent, '' FROM mentions m WHERE m.status_id = ANY($1)
    UNION ALL
    SELECT st.status_id, 0, FALSE, t.name FROM status_tags st JOIN tags t ON t.id = st.tag_id
    WHERE st.status_id = ANY($1)
"""

# What the viewer ($1) did with the statuses ($2), whom of the authors ($3) he follows and who
# of them blocks him, which of the conversations ($4) he has muted.
MARKS = """
    SELECT 'favourited', status_id FROM favourites WHERE account_id = $1 AND status_id = ANY($2)
    UNION ALL SELECT 'reblogged', reblog_of_id FROM statuses
      WHERE account_id = $1 AND reblog_of_id = ANY($2)
    UNION ALL SELECT 'bookmarked', status_id FROM bookmarks
      WHERE account_id = $1 AND status_id = ANY($2)
    UNION ALL SELECT 'pinned', status_id FROM status_pins
      WHERE account_id = $1 AND status_id = ANY($2)
    UNION ALL SELECT 'following', target_account_id FROM follows
      WHERE account_id = $1 AND target_account_id = ANY($3)
    UNION ALL SELECT 'blocked_by', account_id FROM blocks
      WHERE account_id = ANY($3) AND target_account_id = $1
    UNION ALL SELECT 'muted', conversation_id FROM conversation_mutes
      WHERE account_id = $1 AND conversation_id = ANY($4)
"""


async def find(db: Reader, status_id: int | None) -> Status | None:
    """One status, whoever may read it."""
    if status_id is None:
        return None
    row = await db.fetch_row(f"SELECT {COLUMNS} FROM {FROM} WHERE s.id = $1", status_id)
    return None if row is None else Status._make(row)


async def load(
    db: Reader,
    ids: Iterable[int],
    viewer_id: int | None,
    *,
    with_accounts: Iterable[int] = (),
) -> LoadedStatuses:
    """Those statuses with reblogged ones, authors, mentions, tags and the viewer's marks.

    At most five queries whatever the page holds: statuses, what they reblog (only if any
    does), mentions and tags, accounts, marks. ``with_accounts`` are loaded along.
    """
    loaded = LoadedStatuses(viewer_id)
    wanted = list(set(ids))
    rows = await db.fetch(LOAD, wanted) if wanted else []
    originals = list({row[2] for row in rows} - {None} - {row[0] for row in rows})
    if originals:
        rows = [*rows, *await db.fetch(LOAD, originals)]
    loaded.statuses = {row[0]: Status._make(row) for row in rows}
    everyone = {status.account_id for status in loaded.statuses.values()} | set(with_accounts)
    mentioning: set[int] = set()
    if loaded.statuses:
        details = await db.fetch(MENTIONS_AND_TAGS, list(loaded.statuses))
        everyone |= _details(loaded, details, mentioning)
    loaded.accounts = await accounts.load(db, everyone)
    blocked_by = await _marks(db, loaded, viewer_id)
    for status in loaded.statuses.values():
        author = loaded.accounts.get(status.account_id)
        if author is not None and readable(
            status,
            viewer_id,
            author_suspended=author.unavailable,
            following=status.account_id in loaded.following,
            blocked_by=status.account_id in blocked_by,
            mentioned=status.id in mentioning,
        ):
            loaded.readable.add(status.id)
    return loaded


def _details(loaded: LoadedStatuses, rows: Sequence[Row], mentioning: set[int]) -> set[int]:
    """Sorts mentions and tags in; the accounts that are mentioned."""
    mentions: dict[int, list[int]] = defaultdict(list)
    tags: dict[int, list[str]] = defaultdict(list)
    mentioned: set[int] = set()
    for status_id, account_id, silent, tag in rows:
        if tag:
            tags[status_id].append(tag)
            continue
        if account_id == loaded.viewer_id:
            mentioning.add(status_id)
        if not silent:
            mentions[status_id].append(account_id)
            mentioned.add(account_id)
    loaded.mentions, loaded.tags = mentions, tags
    return mentioned


async def _marks(db: Reader, loaded: LoadedStatuses, viewer_id: int | None) -> set[int]:
    """Fills in the viewer's marks; the authors who block him."""
    if viewer_id is None or not loaded.statuses:
        return set()
    found: dict[str, set[int]] = defaultdict(set)
    for kind, subject in await db.fetch(
        MARKS,
        viewer_id,
        list(loaded.statuses),
        list({status.account_id for status in loaded.statuses.values()}),
        list({status.conversation_id for status in loaded.statuses.values()}),
    ):
        found[kind].add(subject)
    if found:
        loaded.following = found["following"]
        for status in loaded.statuses.values():
            subject = status.reblog_of_id or status.id
            marks = Marks(
                favourited=subject in found["favourited"],
                reblogged=subject in found["reblogged"],
                muted=status.conversation_id in found["muted"],
                bookmarked=subject in found["bookmarked"],
                pinned=subject in found["pinned"],
            )
            if marks != NO_MARKS:
                loaded.marks[status.id] = marks
    return found["blocked_by"]
