"""What people change about their own account."""

from __future__ import annotations

from collections.abc import Mapping

from stentor.store.database import Transaction

ACCOUNT_COLUMNS = frozenset(
    {
        "actor_type",
        "attribution_domains",
        "avatar",
        "avatar_description",
        "discoverable",
        "display_name",
        "fields",
        "header",
        "header_description",
        "hide_collections",
        "indexable",
        "locked",
        "note",
        "show_featured",
        "show_media",
        "show_media_replies",
    }
)
USER_COLUMNS = frozenset(
    {"default_language", "default_privacy", "default_quote_policy", "default_sensitive"}
)


async def update(
    tx: Transaction,
    account_id: int,
    *,
    account: Mapping[str, str | bool | None],
    user: Mapping[str, str | bool | None],
    now: int,
) -> None:
    """Sets columns of the account and of its person. Raises ValueError for any other column."""
    if not account.keys() <= ACCOUNT_COLUMNS or not user.keys() <= USER_COLUMNS:
        raise ValueError("no such column")
    if account:
        await tx.run(
            f"UPDATE accounts SET {_assignments(account, 3)}, updated_at = $2 WHERE id = $1",
            account_id,
            now,
            *account.values(),
        )
    if user:
        await tx.run(
            f"UPDATE users SET {_assignments(user, 2)} WHERE account_id = $1",
            account_id,
            *user.values(),
        )


def _assignments(values: Mapping[str, str | bool | None], first: int) -> str:
    return ", ".join(f"{name} = ${place}" for place, name in enumerate(values, start=first))
