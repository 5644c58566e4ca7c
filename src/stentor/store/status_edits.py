"""What statuses said before they were edited (surroundings C9)."""

from __future__ import annotations

from stentor.domain.statuses import Edit, Status, Wording
from stentor.store.database import Reader, Transaction

ADD = """
    INSERT INTO status_edits (status_id, spoiler_text, content, sensitive, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

# The first version is written down when there comes a second one.
KEEP_FIRST = """
    INSERT INTO status_edits (status_id, spoiler_text, content, sensitive, created_at)
    SELECT s.id, s.spoiler_text, s.content, s.sensitive, s.created_at FROM statuses s
    WHERE s.id = $1 AND NOT EXISTS (SELECT 1 FROM status_edits e WHERE e.status_id = s.id)
"""


async def keep_first(tx: Transaction, status: Status) -> None:
    """Before the first edit of a status: what it says becomes the first of its history."""
    await tx.run(KEEP_FIRST, status.id)


async def add(tx: Transaction, status_id: int, wording: Wording, *, content: str, now: int) -> None:
    """Adds a version to the history of a status."""
    await tx.run(ADD, status_id, wording.spoiler_text, content, wording.sensitive, now)


async def of_status(db: Reader, status: Status) -> list[Edit]:
    """All versions of a status, the oldest first; one if it was never edited."""
    rows = await db.fetch(
        "SELECT content, spoiler_text, sensitive, created_at FROM status_edits"
        " WHERE status_id = $1 ORDER BY id",
        status.id,
    )
    versions = [Edit(row[0], row[1], bool(row[2]), row[3]) for row in rows]
    return versions or [
        Edit(status.content, status.spoiler_text, bool(status.sensitive), status.created_at)
    ]
