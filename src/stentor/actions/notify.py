"""Event to facts to decision to row, group and news. The heart (notifications.md 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.notifications import Event, NotificationType
from stentor.store.database import Transaction
from stentor.streaming.bus import Bus


async def notify(tx: Transaction, bus: Bus, event: Event, *, now: int) -> None:
    """Tells every recipient of an event who is to be told; once, whatever is repeated.

    Part of the caller's transaction: nothing is kept or said if that does not commit.
    """


async def retract(
    tx: Transaction, *, account_id: int, type: NotificationType, activity_id: int
) -> None:
    """Takes back what an undone activity had caused for one account, if anything."""


async def forget_sender(tx: Transaction, *, account_id: int, from_account_id: int) -> None:
    """Removes all notifications and the request that an account has from a sender."""


async def forget_domain(tx: Transaction, *, account_id: int, domain: str) -> None:
    """Removes all notifications, requests and permissions that an account has from a domain."""


async def forget_statuses(tx: Transaction, status_ids: Iterable[int]) -> None:
    """Removes whatever anybody was told about those statuses; call it before deleting them."""
