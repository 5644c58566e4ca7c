"""What commits have changed, so that what is remembered of all else lasts.

A *ground* is what a remembered thing rests on: keys of people (what they may see, their lists,
marks and relations), of their tokens, of accounts and of statuses (what they look like). A commit
touches keys; or everything, which is what any table does of which nothing else is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import repeat
from typing import Any, Protocol

PERSON, TOKENS, ACCOUNT, STATUS = 0, 1, 2, 3
#: So many keys are known with their last change. Beyond that all are forgotten, as if everything
#: had changed.
MOST = 65_536
#: Of so many commits it is known together what they touched. Few keys are found faster in a ground
#: than the many keys of a ground are among all.
RECENT = 64


def key(kind: int, id: int) -> int:
    """The key of a person, of his tokens, of an account or of a status."""
    return id << 2 | kind


# Instead of the name of a column: the key of the table, which is its row id on SQLite.
_ROW = ""
#: By table the columns that say which keys a changed row touches, as it was and as it is. None of
#: them: nothing that is remembered shows it. A table that is not here touches everything.
#: PostgreSQL's triggers (migration 0020) say the same.
#: (`statuses` and `accounts` count whatever happens to them; a cascade is a change of its own.)
TOUCHED: Mapping[str, tuple[tuple[int, str], ...]] = {
    "access_tokens": ((TOKENS, "account_id"),),
    "account_conversations": (),
    "bookmarks": ((PERSON, "account_id"),),
    "conversation_mutes": ((PERSON, "account_id"),),
    "conversations": (),
    "email_deliveries": (),
    "favourites": ((PERSON, "account_id"),),
    "follow_requests": ((PERSON, "account_id"), (PERSON, "target_account_id")),
    "follows": ((PERSON, "account_id"), (PERSON, "target_account_id")),
    "idempotency_keys": (),
    "jobs": (),
    "markers": ((PERSON, "account_id"),),
    "mentions": ((STATUS, "status_id"),),
    "notification_decisions": (),
    # They only change with notifications, which are counted.
    "notification_group_segments": (),
    "notification_groups": (),
    "notification_inboxes": ((PERSON, _ROW),),
    "notification_requests": ((PERSON, "account_id"),),
    "notifications": ((PERSON, "account_id"),),
    "poll_votes": ((PERSON, "account_id"), (STATUS, "poll_id")),
    "polls": ((STATUS, _ROW),),
    "presences": (),
    "push_attempts": (),
    "push_deliveries": (),
    "push_origins": (),
    "rate_counts": (),
    "sequences": (),
    "sqlite_sequence": (),
    "status_changes": (),
    "status_edits": (),
    "status_pins": ((PERSON, "account_id"),),
    "status_tags": ((STATUS, "status_id"),),
    "statuses": ((STATUS, _ROW), (STATUS, "reblog_of_id"), (PERSON, "account_id")),
    "tags": (),
}
# What happens with every favourite, and would cost too much to be read from the row. It is always
# done with a change that is seen: an inbox counts what comes into it, a status its favourites; and
# of a status that stays, whose it is and what it reblogs stay the same.
_SEEN_ELSEWHERE = {"favourites": "INSERT", "notifications": "INSERT", "statuses": "UPDATE"}
# An account in which only these have changed looks different, and that is all. Anything else may
# decide who sees whom.
_COUNTED = frozenset(
    {"statuses_count", "followers_count", "following_count", "last_status_at", "version"}
)


class Change(Protocol):
    """A row that changes, as SQLite tells it (`apsw.PreUpdate`)."""

    op: str
    rowid: int
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None


#: Adds what a change touches; False if that is everything.
Touches = Callable[[Change, set[int]], bool]


def touches(table: str, columns: list[str]) -> Touches | None:
    """What changes of a table touch; None if that is nothing. ``columns`` are all of its own."""
    if table == "accounts" and columns:
        return _of_accounts(columns)
    named = TOUCHED.get(table)
    if named is None or any(column and column not in columns for _, column in named):
        return _everything
    if not named:
        return None
    kinds = tuple(kind for kind, column in named if column == _ROW)
    places = tuple((kind, columns.index(column)) for kind, column in named if column)
    by_key = partial(_by_key, kinds)
    if not places:
        return by_key
    by_column = partial(_by_column, kinds, places)
    elsewhere = _SEEN_ELSEWHERE.get(table)
    if elsewhere is None:
        return by_column
    return lambda change, keys: (by_key if change.op == elsewhere else by_column)(change, keys)


def _everything(_: Change, __: set[int]) -> bool:
    return False


def _by_key(kinds: tuple[int, ...], change: Change, keys: set[int]) -> bool:
    for kind in kinds:
        keys.add(change.rowid << 2 | kind)
    return True


def _by_column(
    kinds: tuple[int, ...], places: tuple[tuple[int, int], ...], change: Change, keys: set[int]
) -> bool:
    found = [
        row[place] << 2 | kind
        for row in (change.old, change.new)
        if row is not None
        for kind, place in places
        if row[place] is not None
    ]
    keys.update(found)
    _by_key(kinds, change, keys)
    # Of nobody, like an application's own token: who knows whose it was.
    return bool(found or kinds)


def _of_accounts(columns: list[str]) -> Touches:
    decisive = [place for place, name in enumerate(columns) if name not in _COUNTED]

    def found(change: Change, keys: set[int]) -> bool:
        old, new = change.old, change.new
        if new is None or (old is not None and any(old[one] != new[one] for one in decisive)):
            return False
        keys.add(key(ACCOUNT, change.rowid))
        return True

    return found


class Changes:
    """The commits that were heard of by number, and which of them touched a key last.

    One thread at a time notes, while another may be looking.
    """

    def __init__(self) -> None:
        self.number = 0
        self._last: dict[int, int] = {}
        self._everything = 0
        # The last few commits that touched some keys: whoever comes by often asks of no others.
        self._recent: tuple[tuple[int, frozenset[int]], ...] = ()
        # What those after one of them have touched, by its number; as of which number that is.
        self._since: dict[int, frozenset[int]] = {}
        self._since_as_of = 0

    def note(self, keys: Iterable[int] | None) -> None:
        """A commit that touches these; None: everything."""
        number = self.number + 1
        if keys is not None:
            touched = frozenset(keys)
            self._last.update(dict.fromkeys(touched, number))
            self._recent = (*self._recent, (number, touched))[-RECENT:]
        if keys is None or len(self._last) > MOST:
            self._everything = number  # first: somebody may be looking just now
            self._last.clear()
        self.number = number  # last: whoever sees it finds what belongs to it

    def untouched(self, ground: Iterable[int], *, since: int) -> bool:
        """True if no commit after the one of that number has touched the ground."""
        if self._everything > since:
            return False
        if self.number - since <= RECENT:
            return self._touched(since).isdisjoint(ground)
        return max(map(self._last.get, ground, repeat(0)), default=0) <= since

    def _touched(self, since: int) -> frozenset[int]:
        """The keys that were touched after a commit, which is among the last `RECENT`."""
        if self._since_as_of != self.number:
            self._since_as_of, self._since = self.number, {}
        found = self._since.get(since)
        if found is None:
            after = [keys for number, keys in self._recent if number > since]
            found = self._since[since] = frozenset().union(*after)
        return found


#: The ground of what is being put together, if somebody wants to know, and when that began.
_LOOKED: ContextVar[tuple[set[int] | None, Hashable | None]] = ContextVar(
    "looked", default=(None, None)
)


@contextmanager
def looking(ground: set[int], instant: Hashable | None = None) -> Iterator[None]:
    """Whatever this task looks at meanwhile is added to that ground.

    ``instant`` is the database's of a moment before.
    """
    before = _LOOKED.set((ground, instant))
    try:
        yield
    finally:
        _LOOKED.reset(before)


def instant() -> Hashable | None:
    """The instant in which this task began to look, if it is known."""
    return _LOOKED.get()[1]


def looked_at(kind: int, ids: Iterable[int]) -> None:
    """These were looked at, whether they are there or not."""
    ground = _LOOKED.get()[0]
    if ground is not None:
        ground.update([one << 2 | kind for one in ids])
