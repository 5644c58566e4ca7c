"""What one account has written down about another, for itself only."""

from __future__ import annotations

from stentor.store.database import Transaction

SET = """
    INSERT INTO account_notes (account_id, target_account_id, comment) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, target_account_id) DO UPDATE SET comment = excluded.comment
"""


async def set_note(tx: Transaction, account_id: int, target_id: int, comment: str) -> None:
    """Keeps the note in place of an earlier one; an empty one removes it."""
    if comment:
        await tx.run(SET, account_id, target_id, comment)
    else:
        await tx.run(
            "DELETE FROM account_notes WHERE account_id = $1 AND target_account_id = $2",
            account_id,
            target_id,
        )
