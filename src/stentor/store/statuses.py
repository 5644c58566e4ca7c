"""Statuses with everything that is shown of them, for one viewer, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Literal, NamedTuple

from stentor.domain.quotes import ACCEPTED
from stentor.domain.statuses import NO_MARKS, LoadedStatuses, Marks, Status, Wording, readable
from stentor.store import accounts, filters, polls, quotes
from stentor.store.changes import STATUS, looked_at
from stentor.store.database import Database, Reader, Row, Transaction

_APPLICATION = {"application_name": "p.name", "application_website": "p.website"}
COLUMNS = ", ".join(_APPLICATION.get(name, f"s.{name}") for name in Status._fields)
FROM = "statuses s LEFT JOIN applications p ON p.id = s.application_id"
WIDTH = len(Status._fields)

# By primary key, with the application that was used.
LOAD = f"SELECT s.version, {COLUMNS} FROM {FROM} WHERE s.id = ANY($1)"
VERSIONS = "SELECT id, version FROM statuses WHERE id = ANY($1)"

# One pass over two indexes: (status, account, silent, '', order) and (status, 0, false, tag, …).
MENTIONS_AND_TAGS = """
    SELECT m.status_id, m.account_id, m.silent, '', m.id FROM mentions m
    WHERE m.status_id = ANY($1)
    UNION ALL
    SELECT st.status_id, 0, FALSE, t.name, t.id FROM status_tags st JOIN tags t ON t.id = st.tag_id
    WHERE st.status_id = ANY($1)
"""

# What the viewer ($1) did with the statuses ($2), whom of the authors ($3) he follows and who
# of them blocks him, which of the conversations ($4) he has muted, and whether he has filters
# that have not expired at $5.
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
    UNION ALL SELECT 'filters', id FROM accounts WHERE id = $1
      AND EXISTS (SELECT 1 FROM filters f WHERE f.account_id = $1
                  AND (f.expires_at IS NULL OR f.expires_at > $5))
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
    now: int,
    with_accounts: Iterable[int] = (),
) -> LoadedStatuses:
    """Those statuses with reblogged ones, authors, mentions, tags, the viewer's marks and filters.

    A fixed number of queries whatever the page holds: which versions the statuses have, and
    those that are not known in that version with their mentions and tags; the same for what
    they reblog, if any does, and for accounts; marks; filters, for a viewer who has some.
    ``with_accounts`` are loaded along.
    """
    loaded = LoadedStatuses(viewer_id, now)
    known = await known_with_originals(db, ids)
    await _quoted(db, loaded, known, now=now)
    everyone = {*with_accounts, *take(loaded, known)}
    await add_polls(db, loaded)
    loaded.accounts = await accounts.load(db, everyone)
    rows: Sequence[Row] = ()
    if viewer_id is not None and known:
        rows = await db.fetch(MARKS, *_marks_asked(loaded))
    judge(loaded, known, await _marks(db, loaded, rows))
    return loaded


async def known_with_originals(db: Reader, ids: Iterable[int]) -> dict[int, Known]:
    """Those statuses and what they reblog, with mentions and tags."""
    known = await _known(db, list(set(ids)))
    originals = {one.status.reblog_of_id for one in known.values()} - known.keys() - {None}
    if originals:
        known |= await _known(db, [one for one in originals if one is not None])
    return known


def take(loaded: LoadedStatuses, known: dict[int, Known]) -> set[int]:
    """Puts the statuses with what belongs to them into the load; the accounts that they name."""
    everyone: set[int] = set()
    for status_id, (status, mentions, tags) in known.items():
        loaded.statuses[status_id] = status
        everyone.add(status.account_id)
        if tags:
            loaded.tags[status_id] = tags
        if mentions:
            named = [account_id for account_id, silent in mentions if not silent]
            loaded.mentions[status_id] = named
            everyone.update(named)
    return everyone


def judge(loaded: LoadedStatuses, known: dict[int, Known], blocked_by: set[int]) -> None:
    """Decides which of them the viewer may read, whom these authors block."""
    viewer_id = loaded.viewer_id
    for status in loaded.statuses.values():
        author = loaded.accounts.get(status.account_id)
        mentions = known[status.id].mentions
        if author is not None and readable(
            status,
            viewer_id,
            author_suspended=author.unavailable,
            following=status.account_id in loaded.following,
            blocked_by=status.account_id in blocked_by,
            mentioned=bool(mentions) and any(one == viewer_id for one, _ in mentions),
        ):
            loaded.readable.add(status.id)


async def _quoted(db: Reader, loaded: LoadedStatuses, known: dict[int, Known], *, now: int) -> None:
    """Adds what those statuses quote, and what that quotes, of which an id is shown.

    Nothing is asked if none of them quotes, else two queries for each of the two steps beside
    those of the statuses.
    """
    quoting = [one.status.id for one in known.values() if one.status.has_quote]
    for _ in range(2):
        if not quoting:
            return
        found = await quotes.load(db, quoting, loaded.viewer_id, now=now)
        loaded.quotes |= found
        wanted = {one.quoted_status_id for one in found.values() if one.state == ACCEPTED}
        added = await _known(db, [one for one in wanted if one is not None and one not in known])
        known |= added
        quoting = [one.status.id for one in added.values() if one.status.has_quote]


async def add_polls(db: Reader, loaded: LoadedStatuses) -> None:
    """Fills in the polls, if any status has one, and the viewer's votes."""
    asking = [status.id for status in loaded.statuses.values() if status.has_poll]
    if asking:
        loaded.polls = await polls.load(db, asking)
        if loaded.viewer_id is not None:
            loaded.votes = await polls.votes_of(db, asking, loaded.viewer_id)


class Known(NamedTuple):
    """A status with whom it mentions (account, silent) and its tags, in the text's order."""

    status: Status
    mentions: tuple[tuple[int, bool], ...]
    tags: tuple[str, ...]


async def _known(db: Reader, ids: list[int]) -> dict[int, Known]:
    """Those statuses as they are now; what is known in its present version is not read again.

    One to three queries, none if nobody has committed anything since they were looked at. A
    single one is read without asking for its version first. The version is read before the
    mentions and tags, so that they are never older. Inside a transaction nothing is remembered.
    """
    kept, generation, unknown = None, None, ids
    known: dict[int, Known] = {}
    if isinstance(db, Database):
        looked_at(STATUS, ids)
        kept, generation = db.statuses, db.generation()
        known, unknown = kept.unchanged(ids, generation)
        if len(unknown) > 1:
            current, unknown = kept.current(await db.fetch(VERSIONS, unknown), generation)
            known |= current
    rows = await db.fetch(LOAD, unknown) if unknown else []
    if kept is not None and len(rows) == 1:
        current, unknown = kept.current([(rows[0][1], rows[0][0])], generation)
        known |= current
    if not unknown or not rows:
        return known
    mentions: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    tags: dict[int, list[str]] = defaultdict(list)
    details = await db.fetch(MENTIONS_AND_TAGS, unknown)
    for status_id, account_id, silent, tag, _ in sorted(details, key=itemgetter(4)):
        if tag:
            tags[status_id].append(tag)
        else:
            mentions[status_id].append((account_id, bool(silent)))
    for version, *columns in rows:
        status = Status._make(columns)
        one = known[status.id] = Known(status, tuple(mentions[status.id]), tuple(tags[status.id]))
        if kept is not None:
            kept.keep(status.id, version, one, generation)
    return known


def recounted(
    db: Database, status_id: int, favourites_count: int, version: int, since: int
) -> None:
    """What is remembered of a status counts the favourites that were committed just now.

    If it is of the version before them, ``since``: then they are all that has changed.
    """
    known = db.statuses.of_version(status_id, since)
    if known is not None:
        status = known.status._replace(favourites_count=favourites_count)
        # Somebody may have changed it since: its version is asked for at the next use.
        db.statuses.keep(status_id, version, known._replace(status=status), None)


def _marks_asked(loaded: LoadedStatuses) -> tuple[object, ...]:
    """The values of MARKS."""
    statuses = loaded.statuses.values()
    authors = list({status.account_id for status in statuses})
    conversations = list({status.conversation_id for status in statuses})
    return loaded.viewer_id, list(loaded.statuses), authors, conversations, loaded.now


async def _marks(db: Reader, loaded: LoadedStatuses, rows: Sequence[Row]) -> set[int]:
    """Fills in the viewer's marks and filters; the authors who block him."""
    found: dict[str, set[int]] = defaultdict(set)
    for kind, subject in rows:
        found[kind].add(subject)
    if found.pop("filters", None):
        loaded.filters = await filters.active(
            db, loaded.viewer_id or 0, list(loaded.statuses), now=loaded.now
        )
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


# --- Writing ---------------------------------------------------------------------------------


class NewStatus(NamedTuple):
    """The columns of a status when it is made."""

    id: int
    account_id: int
    conversation_id: int
    visibility: str
    created_at: int
    reblog_of_id: int | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    application_id: int | None = None
    sensitive: bool = False
    language: str | None = None
    spoiler_text: str = ""
    text: str = ""
    content: str = ""
    quote_policy: str = "public"
    has_poll: bool = False
    has_quote: bool = False


# Nobody reblogs a status twice: the second one changes nothing and returns no row.
ADD = f"""
    INSERT INTO statuses ({", ".join(NewStatus._fields)})
    VALUES ({", ".join(f"${n}" for n in range(1, len(NewStatus._fields) + 1))})
    ON CONFLICT (reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL DO NOTHING
    RETURNING id
"""


async def add(tx: Transaction, status: NewStatus) -> bool:
    """Keeps a status; False for a second reblog. Raises RecordNotFound if what it hangs on went."""
    return await tx.fetch_value(ADD, *status) is not None


async def add_conversation(tx: Transaction, *, now: int) -> int:
    """Begins a conversation; its id."""
    conversation_id: int = await tx.fetch_value(
        "INSERT INTO conversations (created_at) VALUES ($1) RETURNING id", now
    )
    return conversation_id


async def lock_conversation(tx: Transaction, conversation_id: int) -> None:
    """Lets one transaction at a time change people's views of a conversation."""
    await tx.fetch("SELECT id FROM conversations WHERE id = $1 FOR NO KEY UPDATE", conversation_id)


async def find_reblog(db: Reader, original_id: int, account_id: int) -> int | None:
    """The id of an account's reblog of a status."""
    found: int | None = await db.fetch_value(
        "SELECT id FROM statuses WHERE reblog_of_id = $1 AND account_id = $2",
        original_id,
        account_id,
    )
    return found


async def lock(tx: Transaction, ids: Iterable[int]) -> list[int]:
    """Those of the statuses that are there, until the end of the transaction nobody else's.

    Whoever removes something that hangs on a status locks it first, in the order of ids, so
    that two of them never wait for each other.
    """
    rows = await tx.fetch(
        "SELECT id FROM statuses WHERE id = ANY($1) ORDER BY id FOR UPDATE", list(set(ids))
    )
    return [row[0] for row in rows]


# Neither deleted nor edited while it is held, but still favourited and answered.
HOLD = """
    SELECT s.id FROM statuses s JOIN accounts a ON a.id = s.account_id
    WHERE s.id = ANY($1) AND a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
    ORDER BY s.id FOR KEY SHARE OF s
"""


async def hold(tx: Transaction, ids: Iterable[int]) -> list[int]:
    """Those of the statuses that people may be told of; they stay until the transaction ends."""
    return [row[0] for row in await tx.fetch(HOLD, list(set(ids)))]


# What refers to a status is newer than it, so that this keeps to the order of ids.
LOCK_DEPENDANTS = """
    SELECT s.account_id, s.reblog_of_id FROM statuses s
    WHERE s.reblog_of_id = $1 OR s.in_reply_to_id = $1 ORDER BY s.id FOR UPDATE
"""


async def lock_dependants(tx: Transaction, status_id: int) -> list[int]:
    """Locks the reblogs of a locked status, and the replies; the accounts who reblogged it."""
    rows = await tx.fetch(LOCK_DEPENDANTS, status_id)
    return [account_id for account_id, original_id in rows if original_id is not None]


# By the index of reblogs and that of what is told about a status, and no further than $2.
MUCH = """
    SELECT max(found) FROM (
      SELECT count(*) AS found FROM (
        SELECT 1 FROM statuses WHERE reblog_of_id = $1 LIMIT $2) reblogs
      UNION ALL SELECT count(*) FROM (
        SELECT 1 FROM notifications WHERE status_id = $1 LIMIT $2) told
    ) counted
"""


async def much_hangs_on(db: Reader, status_id: int, much: int) -> bool:
    """True if so many have reblogged a status, or so much was told about it; one query."""
    found: int = await db.fetch_value(MUCH, status_id, much)
    return found >= much


async def lock_reblogs(tx: Transaction, status_id: int, limit: int) -> list[tuple[int, int]]:
    """Locks some reblogs of a locked status; their ids and whose they are."""
    sql = "SELECT id, account_id FROM statuses WHERE reblog_of_id = $1 ORDER BY id LIMIT $2"
    return [(row[0], row[1]) for row in await tx.fetch(f"{sql} FOR UPDATE", status_id, limit)]


async def remove_reblogs(tx: Transaction, status_id: int, ids: list[int]) -> None:
    """Removes those reblogs of a status, and counts them no more."""
    if ids:
        await tx.run("DELETE FROM statuses WHERE id = ANY($1)", ids)
        await tx.run(
            "UPDATE statuses SET reblogs_count = CASE WHEN reblogs_count > $2"
            " THEN reblogs_count - $2 ELSE 0 END WHERE id = $1",
            status_id,
            len(ids),
        )


async def remove(tx: Transaction, status_id: int) -> None:
    """Removes a status and, by foreign key, everything that hangs on it; replies live on."""
    await tx.run("DELETE FROM statuses WHERE id = $1", status_id)


async def change(
    tx: Transaction, status_id: int, wording: Wording, *, content: str, has_poll: bool, now: int
) -> None:
    """Replaces what a status says."""
    await tx.run(
        "UPDATE statuses SET text = $2, spoiler_text = $3, sensitive = $4, language = $5,"
        " content = $6, has_poll = $7, edited_at = $8 WHERE id = $1",
        status_id,
        *wording,
        content,
        has_poll,
        now,
    )


async def set_quote_policy(tx: Transaction, status_id: int, policy: str) -> None:
    """Changes who may quote a status."""
    await tx.run("UPDATE statuses SET quote_policy = $2 WHERE id = $1", status_id, policy)


# --- Counters --------------------------------------------------------------------------------

Counter = Literal["replies_count", "reblogs_count", "favourites_count", "quotes_count"]


async def count(tx: Transaction, status_id: int, counter: Counter, change: Literal[1, -1]) -> bool:
    """Moves a counter by one, never below 0: O(1) however many there are.

    False if nothing was moved: it was 0 already, or the status is gone.
    """
    moved = f"{counter} + 1" if change == 1 else f"{counter} - 1"
    # With its version, which else the trigger raises by a second update on SQLite.
    changed = await tx.run(
        f"UPDATE statuses SET {counter} = {moved}, version = version + 1"
        f" WHERE id = $1 AND {moved} >= 0",
        status_id,
    )
    return changed > 0


async def count_written(tx: Transaction, account_id: int, *, now: int) -> None:
    """Counts a status, or a reblog, in its author's profile."""
    await tx.run(
        "UPDATE accounts SET statuses_count = statuses_count + 1, last_status_at = $2"
        " WHERE id = $1",
        account_id,
        now,
    )


# In the order of ids, since many accounts lose a reblog when a status goes.
LOCK_AUTHORS = "SELECT id FROM accounts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
# The newest status is found by (account, id), whose ids rise with time.
COUNT_REMOVED = """
    UPDATE accounts SET
        statuses_count = CASE WHEN statuses_count > 0 THEN statuses_count - 1 ELSE 0 END,
        last_status_at = (SELECT s.created_at FROM statuses s
                          WHERE s.account_id = accounts.id AND s.visibility <> 'direct'
                          ORDER BY s.id DESC LIMIT 1)
    WHERE id = ANY($1)
"""


async def lock_authors(tx: Transaction, account_ids: Iterable[int]) -> None:
    """Until the end of the transaction nobody else moves these accounts' counters.

    To be called after statuses were locked and before notifications are touched.
    """
    await tx.fetch(LOCK_AUTHORS, list(set(account_ids)))


async def count_removed(tx: Transaction, account_ids: Iterable[int]) -> None:
    """Uncounts one removed status in each of these profiles; call it after removing them."""
    ids = list(set(account_ids))
    if ids:
        await tx.run(COUNT_REMOVED, ids)
