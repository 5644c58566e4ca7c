"""Muted conversations: no more notifications about them for one account."""

from __future__ import annotations

from stentor.store.database import Transaction


async def add(tx: Transaction, account_id: int, conversation_id: int, *, now: int) -> None:
    """Mutes a conversation; a second time changes nothing."""
    await tx.run(
        "INSERT INTO conversation_mutes (account_id, conversation_id, created_at)"
        " VALUES ($1, $2, $3) ON CONFLICT (account_id, conversation_id) DO NOTHING",
        account_id,
        conversation_id,
        now,
    )


async def remove(tx: Transaction, account_id: int, conversation_id: int) -> None:
    """Unmutes a conversation, if it was muted."""
    await tx.run(
        "DELETE FROM conversation_mutes WHERE account_id = $1 AND conversation_id = $2",
        account_id,
        conversation_id,
    )
