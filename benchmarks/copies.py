"""A larger community: the same one several times over, copied by the database itself.

A million notifications are made by `benchmarks.community`; five million are five such towns side
by side, whose people, statuses and numbers are shifted so that they do not meet. Copying costs a
fifth of what making would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import postgres, seed
from benchmarks.community import Person
from benchmarks.seed import Seed
from stentor.domain import times
from stentor.domain.ids import SEQUENCE_BITS
from stentor.store.access_tokens import digest
from tests.servers import Postgres

#: Accounts of the next town came a day later, so that its lists lie behind those of this one.
DAY = times.DAY << SEQUENCE_BITS
#: Its statuses are a millisecond younger.
MOMENT = 1 << SEQUENCE_BITS
#: The number of the copy, in the SQL below.
COPY = "copy.column1"
#: What each engine calls the newest senders of a group, shifted.
NEWEST = {
    "sqlite": "(SELECT json_group_array(json_array(value ->> 0 + {serial},"
    " value ->> 1 + {account})) FROM json_each(newest))",
    "postgres": "(SELECT json_agg(json_build_array((one ->> 0)::bigint + {serial},"
    " (one ->> 1)::bigint + {account}))::text FROM json_array_elements(newest::json) one)",
}
#: Not copied: tags are the same in all towns, and of tokens only digests are kept.
LEFT = ("tags", "access_tokens")


def shifted(engine: str, table: str, notifications: int) -> dict[str, str]:
    """Which columns of a table are others in a copy, as SQL."""
    account, status = f"{COPY} * {DAY}", f"{COPY} * {MOMENT}"
    serial = f"{COPY} * {notifications}"

    def moved(by: str, *columns: str) -> dict[str, str]:
        return {column: f"{column} + {by}" for column in columns}

    def renamed(*columns: str) -> dict[str, str]:
        """Keys that may name a status."""
        old, new = "CAST(status_id AS text)", f"CAST(status_id + {status} AS text)"
        return {one: f"COALESCE(replace({one}, {old}, {new}), {one})" for one in columns}

    return {
        "accounts": {**moved(account, "id"), "username": f"username || '_' || {COPY}"},
        "users": {**moved(account, "account_id"), "email": f"{COPY} || '.' || email"},
        "follows": {**moved(serial, "id"), **moved(account, "account_id", "target_account_id")},
        "conversations": moved(serial, "id"),
        "statuses": {
            **moved(status, "id", "reblog_of_id"),
            **moved(account, "account_id"),
            **moved(serial, "conversation_id"),
        },
        "mentions": {
            **moved(serial, "id"), **moved(status, "status_id"), **moved(account, "account_id"),
        },
        "status_tags": moved(status, "status_id"),
        "favourites": {
            **moved(serial, "id"), **moved(status, "status_id"), **moved(account, "account_id"),
        },
        "notification_inboxes": moved(account, "account_id"),
        "notifications": {
            **moved(account, "account_id", "from_account_id"),
            **moved(serial, "id"),
            **moved(status, "status_id"),
            **renamed("group_key"),
            "activity_id": f"activity_id + CASE type WHEN 'reblog' THEN {status} ELSE {serial} END",
        },
        "notification_groups": {
            **moved(account, "account_id"),
            **moved(status, "status_id"),
            **moved(serial, "newest_id", "oldest_id", "segment_first_id"),
            **renamed("group_key"),
            "newest": NEWEST[engine].format(serial=serial, account=account),
        },
        "notification_group_segments": {
            **moved(account, "account_id"), **moved(serial, "first_id"), **renamed("group_key"),
        },
        "markers": {**moved(account, "account_id"), **moved(serial, "last_read_id")},
    }[table]  # fmt: skip


def copying(
    engine: str, table: str, columns: Sequence[str], copies: Iterable[int], kept: Seed
) -> str:
    """The INSERT of a table's copies, from the attached database ``town`` or the table itself."""
    other = shifted(engine, table, kept.notifications)
    values = ", ".join(other.get(column, column) for column in columns)
    town = "town." if engine == "sqlite" else ""
    source = f"{town}{table}"
    if table == "notification_group_segments":
        source = f"""(SELECT s.*, g.status_id FROM {source} s JOIN {town}notification_groups g
                      ON g.account_id = s.account_id AND g.group_key = s.group_key) segments"""
    numbers = ", ".join(f"({number})" for number in copies)
    # On SQLite the order of the FROM is the order of the loops: rows come as they are kept.
    sources = [f"(VALUES {numbers}) copy", source]
    if table in ("statuses", "status_tags"):
        sources.reverse()
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {values} FROM {' CROSS JOIN '.join(sources)}"
    )


def everybody(kept: Seed, copies: Iterable[int]) -> Iterator[Person]:
    """The people of the copies."""
    for copy in copies:
        for one in kept.people:
            yield Person(
                one.account_id + copy * DAY, f"{one.username}_{copy}", f"{one.token}-{copy}"
            )


def tokens(people: Iterable[Person], first: int) -> list[tuple[int, bytes, int, str, int]]:
    """Rows of their tokens."""
    return [
        (number, digest(one.token), one.account_id, "read write follow push", 0)
        for number, one in enumerate(people, first)
    ]


TOKEN = ("id", "token_hash", "account_id", "scopes", "created_at")


def sqlite(kept: Seed, file: Path, copies: int) -> Seed:
    """A new file with so many towns, the first of which is the seed's."""
    more = list(everybody(kept, range(1, copies)))
    with seed.sqlite_file(file, kept.notifications * copies) as connection:
        connection.execute("ATTACH ? AS town", (str(kept.sqlite()),))
        with connection:
            for table in seed.ORDER:
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                names = ", ".join(columns)
                if table in LEFT:
                    connection.execute(
                        f"INSERT INTO {table} ({names}) SELECT {names} FROM town.{table}"
                    )
                else:
                    connection.execute(copying("sqlite", table, columns, range(copies), kept))
            marks = ", ".join("?" for _ in TOKEN)
            connection.executemany(
                f"INSERT INTO access_tokens ({', '.join(TOKEN)}) VALUES ({marks})",
                tokens(more, len(kept.people) + 1),
            )
        connection.execute("DETACH town")
    return _larger(kept, more, file.parent, copies, file.stat().st_size)


async def on_postgres(server: Postgres, name: str, kept: Seed, copies: int) -> Seed:
    """A new database with so many towns, beside the seed's own, to which nobody is connected."""
    more = list(everybody(kept, range(1, copies)))
    async with postgres.connected(server) as connection:
        await connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {postgres.NAME} STRATEGY file_copy"
        )
    async with postgres.filling(server, name) as connection:
        _, later = seed.split_schema("postgres")
        for statement in later:
            index = statement.split(" ON ", 1)[0].split()[-1]
            await connection.execute(f"DROP INDEX {index}")
        for table in seed.ORDER:
            if table in LEFT:
                continue
            columns = [row[0] for row in await connection.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass"
                " AND attnum > 0 AND NOT attisdropped ORDER BY attnum", table,
            )]  # fmt: skip
            await connection.execute(copying("postgres", table, columns, range(1, copies), kept))
        await connection.copy_records_to_table(
            "access_tokens", records=tokens(more, len(kept.people) + 1), columns=TOKEN
        )
        await postgres.finish(connection, later, kept.notifications * copies)
        size: int = await connection.fetchval("SELECT pg_database_size($1::text::name)", name)
    return _larger(kept, more, Path(), copies, size)


def _larger(kept: Seed, more: list[Person], folder: Path, copies: int, size: int) -> Seed:
    return replace(
        kept,
        folder=folder,
        people=[*kept.people, *more],
        notifications=kept.notifications * copies,
        bytes=size,
    )
