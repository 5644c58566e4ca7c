"""NotificationRequest (notifications.md 2.6)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from msgspec import Raw, Struct

from stentor.domain import times


class Waiting(Struct, gc=False):
    """Ours: what waits behind a request, counted by type, and the rules that filtered it."""

    types: dict[str, int]
    reasons: dict[str, int]


class NotificationRequest(Struct, gc=False):
    """``notifications_count`` is a string, "0" to "100"."""

    id: str
    created_at: str
    updated_at: str
    notifications_count: str
    account: Raw
    last_status: Raw | None
    stentor: Waiting


def render(
    row: Any, account: Raw, last_status: Raw | None, waiting: list[tuple[str, str, int]]
) -> NotificationRequest:
    """One request, from its row, its sender and what waits."""
    types: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for type, reason, count in waiting:
        types[type] += count
        reasons[reason] += count
    return NotificationRequest(
        str(row.id),
        times.iso(row.created_at),
        times.iso(row.updated_at),
        str(row.notifications_count),
        account,
        last_status,
        Waiting(dict(types), dict(reasons)),
    )
