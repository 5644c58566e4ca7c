"""Database and Transaction: what both engines promise, and how one is opened from a URL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol

from stentor.errors import Unavailable
from stentor.store import changes, migrations
from stentor.store.kept import Kept

#: A row: indexable, iterable, one value per selected column.
Row = Sequence[Any]
#: What is to be called after a commit.
Callback = tuple[Callable[..., object], tuple[Any, ...]]


class StorageProblem(Unavailable):
    """The database did not take it (full disk, lost connection, lock not had in time).

    The client is told to try again. Nothing of the transaction was kept, unless the connection was
    lost while it was committed: then nobody knows, and what is done again must find out.
    """


class Reader(Protocol):
    """What a query needs: a Database, or a Transaction when it must see its own writes."""

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows. Raises StorageProblem."""

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None. Raises StorageProblem."""

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None. Raises StorageProblem."""


class Transaction(ABC):
    """One unit of work: all of it is kept, or none.

    Its statements see their own writes. What is handed to `after_commit` is called once, in
    order, after the commit is on disk, and not if there is none. If the connection is lost during
    the commit it is called later, whatever came of it: it may say no more than "look there".
    """

    def __init__(self, *, mails: bool = False) -> None:
        #: That of the database.
        self.mails = mails
        self.callbacks: list[Callback] = []

    def after_commit(self, call: Callable[..., object], *arguments: Any) -> None:
        """Calls that once this is on disk: news that must only be told if it is true."""
        self.callbacks.append((call, arguments))

    @abstractmethod
    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows. Raises StorageProblem."""

    @abstractmethod
    async def run(self, sql: str, *values: Any) -> int:
        """Runs a statement that returns no rows; the number of rows it changed."""

    @abstractmethod
    async def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Runs a statement for each row of values.

        No two of them may meet the same row in an ON CONFLICT DO UPDATE.
        """

    @abstractmethod
    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """All rows that a statement returns, run once for each row of values and in their order.

        One trip to the database however many there are. Which rows belong to which values they
        must say themselves.
        """

    @abstractmethod
    async def next_ids(self, sequence: str, count: int) -> list[int]:
        """That many fresh numbers of a sequence, rising; they are never given out again."""

    async def forget_touches(self) -> int:
        """Removes some of what is kept of what commits changed, once nobody needs it; how many."""
        return 0

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = await self.fetch(sql, *values)
        return rows[0][0] if rows else None


class Database(ABC):
    """An open database. ``statements`` counts what was run, for the tests' query budgets."""

    engine: str
    #: Seconds that a transaction for several may wait for more of them, as a commit costs so much.
    linger = 0.0

    def __init__(self) -> None:
        self.statements = 0
        #: What was committed since this was opened, as far as it was heard of.
        self._changes = changes.Changes()
        #: Whether e-mails are promised at all: the operator has named a mail server. Set once,
        #: when things are put together.
        self.mails = False
        #: Accounts as they were committed (`stentor.store.accounts.load`).
        self.accounts: Kept[int, Any] = Kept(
            16_384, ground=lambda id, _: (changes.key(changes.ACCOUNT, id),), still=self.still
        )
        #: Statuses with mentions and tags, likewise (`stentor.store.statuses.load`).
        self.statuses: Kept[int, Any] = Kept(
            16_384, ground=lambda id, _: (changes.key(changes.STATUS, id),), still=self.still
        )
        #: What is done for several at once (`stentor.together`), by what it is.
        self.together: dict[str, Any] = {}
        #: Access tokens by their hash, likewise, and never asked for their version.
        self.tokens: Kept[bytes, Any] = Kept(16_384, ground=_of_token, still=self.still)
        #: True from a transaction that the database did not take; until whoever watches over that
        #: has noticed, and says here that he has.
        self.troubled = False

    @abstractmethod
    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows, outside any transaction. Raises StorageProblem."""

    async def fetch_each(self, sql: str, asked: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        """The rows of one reading statement for each of these values, in one trip.

        Raises StorageProblem.
        """
        return [await self.fetch(sql, *values) for values in asked]

    def generation(self) -> Hashable | None:
        """What stays the same only while nobody, here or elsewhere, commits anything.

        None where that cannot be had for next to nothing, or not just now. What was read after it
        was asked for is as the database has it for as long as it is the same. Where it takes a trip
        it is that of the moment at which what is asked for was begun (`changes.looking`).
        """
        return None

    async def instant(self) -> Hashable | None:
        """As `generation`, but what may cost a trip to the database: every engine has it.

        Two that are equal see the same rows. Raises StorageProblem.
        """
        return self.generation()

    def still(
        self,
        then: Hashable | None,
        now: Hashable | None,
        ground: Sequence[int] | None,
    ) -> bool:
        """True if what was read after ``then`` is ``now`` as it was, both generations or instants.

        ``ground`` is all that it rests on (`stentor.store.changes`), None if that is not known.
        """
        if then is None or then == now:
            return then is not None
        if ground is None or type(then) is not tuple or type(now) is not tuple:
            return False
        return then[0] == now[0] and self._changes.untouched(ground, since=then[1])

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction; leaving the block commits, and returns when that is on disk.

        An exception inside rolls back and is raised again. Raises StorageProblem if the
        database could not keep it.
        """

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Around a transaction: `troubled` is true if it was not taken."""
        try:
            yield
        except StorageProblem:
            self.troubled = True
            raise

    @abstractmethod
    async def close(self) -> None:
        """Finishes what was begun and lets go of the database."""

    @abstractmethod
    async def migrate(self) -> list[str]:
        """Brings the schema up to date; the names of the migrations that were applied."""

    async def migrations(self) -> tuple[list[str], list[str]]:
        """The names of the migrations that were applied, and of those that wait."""
        known: set[str] = set()
        if await self._has_ledger():
            known = {row[0] for row in await self.fetch("SELECT name FROM migrations")}
        waiting = [one.name for one in migrations.load(self.engine) if one.name not in known]
        return sorted(known), waiting

    @abstractmethod
    async def _has_ledger(self) -> bool:
        """True if any migration was ever begun here."""

    @abstractmethod
    async def plan(self, sql: str, *values: Any) -> str:
        """The engine's own account of how it would run a query (EXPLAIN)."""

    @abstractmethod
    async def describe(self) -> list[str]:
        """The schema, line by line and sorted, for comparing two databases."""

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = await self.fetch(sql, *values)
        return rows[0][0] if rows else None


def _of_token(_: bytes, token: Any) -> tuple[int] | None:
    """A token rests on whose it is; an application's own on nobody."""
    if token.account_id is None:
        return None
    return (changes.key(changes.TOKENS, token.account_id),)


async def open_database(url: str) -> Database:
    """Opens ``sqlite:PATH`` or ``postgresql://…``; the schema is not touched.

    Raises StorageProblem if it cannot be opened, ValueError for another kind of URL.
    """
    if url.startswith("sqlite:"):
        from stentor.store.sqlite import SqliteDatabase

        return SqliteDatabase.open(url.removeprefix("sqlite:"))
    if url.startswith(("postgres:", "postgresql:")):
        try:
            from stentor.store.postgres import PostgresDatabase
        except ImportError as problem:
            raise ValueError(
                "PostgreSQL needs the extra: pip install 'stentor[postgres]'"
            ) from problem
        return await PostgresDatabase.open(url)
    raise ValueError(f"not a database URL: {url.split(':', 1)[0]}: (sqlite: or postgresql:)")
