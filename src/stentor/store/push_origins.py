"""Push services that are not asked for a while: shared by all workers, and kept over a restart."""

from __future__ import annotations

from collections.abc import Collection

from stentor.store.database import Reader, Transaction

#: Stands for all of them: our own key is refused everywhere.
ALL = ""

# Of two, the one that lasts longer counts.
CLOSE = """
    INSERT INTO push_origins (origin, closed_until, reason) VALUES ($1, $2, $3)
    ON CONFLICT (origin) DO UPDATE SET closed_until = excluded.closed_until,
        reason = excluded.reason
    WHERE push_origins.closed_until < excluded.closed_until
"""


async def close(tx: Transaction, origin: str, *, until: int, reason: str) -> None:
    """Nobody asks it before then, and then one does."""
    await tx.run(CLOSE, origin, until, reason)


async def try_one(tx: Transaction, origin: str, *, now: int, until: int) -> bool:
    """True for the one who may find out whether it is back; for others it stays closed."""
    return bool(
        await tx.run(
            "UPDATE push_origins SET closed_until = $3 WHERE origin = $1 AND closed_until <= $2",
            origin,
            now,
            until,
        )
    )


async def open_again(tx: Transaction, origins: Collection[str]) -> None:
    """They are back."""
    await tx.run("DELETE FROM push_origins WHERE origin = ANY($1)", list(origins))


async def closed_until(db: Reader, origin: str) -> int | None:
    """Until when it is closed; None if it is not, and never was since it was last good."""
    found: int | None = await db.fetch_value(
        "SELECT closed_until FROM push_origins WHERE origin = $1", origin
    )
    return found


async def counts(db: Reader, now: int) -> dict[str, int]:
    """How many are closed, by the reason."""
    rows = await db.fetch(
        "SELECT reason, COUNT(*) FROM push_origins WHERE closed_until > $1 GROUP BY reason", now
    )
    return {row[0]: row[1] for row in rows}


async def old_push_origins(tx: Transaction, *, now: int) -> int:
    """Forgets some that nobody has asked for a week; how many."""
    return await tx.run(
        "DELETE FROM push_origins WHERE origin IN"
        " (SELECT origin FROM push_origins WHERE closed_until < $1 LIMIT 500)",
        now - 7 * 86_400_000,
    )
