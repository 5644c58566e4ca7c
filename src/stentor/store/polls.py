"""Polls and the votes in them; votes are counted where the poll is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence

from stentor import telemetry
from stentor.domain.polls import Poll, Question
from stentor.store.database import Reader, Row, Transaction

_COLUMNS = "status_id, options, multiple, hide_totals, expires_at, votes_count, voters_count"


def pack(options: Sequence[tuple[str, int]]) -> str:
    """Titles and their votes as they are kept."""
    return json.dumps(options, ensure_ascii=False)


def unpack(options: str) -> tuple[tuple[str, int], ...]:
    """Titles and their votes."""
    return tuple((title, votes) for title, votes in json.loads(options))


def _poll(row: Row) -> Poll:
    poll_id, options, multiple, hide_totals, expires_at, votes, voters = row
    return Poll(
        poll_id, unpack(options), bool(multiple), bool(hide_totals), expires_at, votes, voters
    )


LOAD = f"SELECT {_COLUMNS} FROM polls WHERE status_id = ANY($1)"
# By the unique key of poll, account and choice.
VOTES = """
    SELECT poll_id, choice FROM poll_votes /*+ sqlite_autoindex_poll_votes_1 */
    WHERE poll_id = ANY($1) AND account_id = $2 ORDER BY id
"""


async def load(db: Reader, ids: list[int]) -> dict[int, Poll]:
    """Those polls, by id, without any whose options cannot be read; one query."""
    found: dict[int, Poll] = {}
    for row in await db.fetch(LOAD, ids):
        try:
            found[row[0]] = _poll(row)
        except (TypeError, ValueError) as problem:
            telemetry.skipped("poll", row[0], problem)
    return found


async def votes_of(db: Reader, ids: list[int], account_id: int) -> dict[int, list[int]]:
    """What an account chose in those polls, in the order of casting; one query."""
    found: dict[int, list[int]] = {}
    for poll_id, choice in await db.fetch(VOTES, ids, account_id):
        found.setdefault(poll_id, []).append(choice)
    return found


async def lock(tx: Transaction, poll_id: int) -> Poll | None:
    """A poll as it is now, until the end of the transaction nobody else's."""
    row = await tx.fetch_row(
        f"SELECT {_COLUMNS} FROM polls WHERE status_id = $1 FOR UPDATE", poll_id
    )
    return None if row is None else _poll(row)


async def vote(
    tx: Transaction, poll: Poll, account_id: int, choices: Sequence[int], *, first: bool
) -> None:
    """Counts votes in a locked poll; ``first``: the account has not voted in it before."""
    await tx.run_many(
        "INSERT INTO poll_votes (poll_id, account_id, choice) VALUES ($1, $2, $3)",
        [(poll.id, account_id, choice) for choice in choices],
    )
    options = [
        (title, votes + choices.count(number)) for number, (title, votes) in enumerate(poll.options)
    ]
    await tx.run(
        "UPDATE polls SET options = $2, votes_count = $3, voters_count = $4 WHERE status_id = $1",
        poll.id,
        pack(options),
        poll.votes_count + len(choices),
        poll.voters_count + first,
    )


ADD = """
    INSERT INTO polls (status_id, options, multiple, hide_totals, expires_at)
    VALUES ($1, $2, $3, $4, $5)
"""
CHANGE = """
    UPDATE polls SET options = $2, multiple = $3, hide_totals = $4, expires_at = $5,
        votes_count = CASE WHEN $6::boolean THEN 0 ELSE votes_count END,
        voters_count = CASE WHEN $6::boolean THEN 0 ELSE voters_count END
    WHERE status_id = $1
"""


async def add(tx: Transaction, poll_id: int, question: Question) -> None:
    """Asks something that nobody has answered yet."""
    await tx.run(ADD, poll_id, pack([(one, 0) for one in question.options]), *question[1:])


async def change(tx: Transaction, poll: Poll, question: Question, *, reset: bool) -> None:
    """Asks something else; with ``reset`` all votes are forgotten, else they are kept."""
    options = [(one, 0) for one in question.options] if reset else list(poll.options)
    await tx.run(CHANGE, poll.id, pack(options), *question[1:], reset)
    if reset:
        await tx.run("DELETE FROM poll_votes WHERE poll_id = $1", poll.id)


async def remove(tx: Transaction, poll_id: int) -> None:
    """Takes a poll away, with its votes."""
    await tx.run("DELETE FROM polls WHERE status_id = $1", poll_id)
