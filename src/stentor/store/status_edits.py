"""What statuses said before they were edited (surroundings C9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stentor.domain.polls import Question
from stentor.domain.statuses import Edit, Status, Wording
from stentor.store import polls
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO status_edits (status_id, spoiler_text, content, sensitive, created_at, poll)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

# The first version is written down when there comes a second one.
KEEP_FIRST = """
    INSERT INTO status_edits (status_id, spoiler_text, content, sensitive, created_at, poll)
    SELECT s.id, s.spoiler_text, s.content, s.sensitive, s.created_at, p.options
    FROM statuses s LEFT JOIN polls p ON p.status_id = s.id
    WHERE s.id = $1 AND NOT EXISTS (SELECT 1 FROM status_edits e WHERE e.status_id = s.id)
"""


async def keep_first(tx: Transaction, status: Status) -> None:
    """Before the first edit of a status: what it says becomes the first of its history."""
    await tx.run(KEEP_FIRST, status.id)


async def add(
    tx: Transaction,
    status_id: int,
    wording: Wording,
    *,
    content: str,
    question: Question | None,
    now: int,
) -> None:
    """Adds a version to the history of a status."""
    poll = polls.pack([(one, 0) for one in question.options]) if question else None
    await tx.run(ADD, status_id, wording.spoiler_text, content, wording.sensitive, now, poll)


VERSIONS = """
    SELECT content, spoiler_text, sensitive, created_at, poll FROM status_edits
    WHERE status_id = $1 ORDER BY id
"""


async def of_status(db: Reader, status: Status) -> list[Edit]:
    """All versions of a status, the oldest first; one if it was never edited."""
    rows = await db.fetch(VERSIONS, status.id)
    if not rows:
        now = (status.content, status.spoiler_text, status.sensitive, status.created_at)
        poll = (await polls.load(db, [status.id])).get(status.id) if status.has_poll else None
        return [_edit(now, poll=poll.options if poll else None)]
    return [_edit(row[:4], poll=polls.unpack(row[4]) if row[4] else None) for row in rows]


def _edit(version: Sequence[Any], *, poll: Sequence[tuple[str, int]] | None) -> Edit:
    """Content, spoiler, sensitive and time, with the titles of a poll's options."""
    content, spoiler_text, sensitive, created_at = version
    titles = None if poll is None else tuple(title for title, _ in poll)
    return Edit(content, spoiler_text, bool(sensitive), created_at, titles)
