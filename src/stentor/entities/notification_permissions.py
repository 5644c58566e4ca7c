"""A permission as our own API shows it: whose notifications pass the policy, and since when."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain import times
from stentor.domain.accounts import Account
from stentor.domain.links import Links
from stentor.entities import accounts


class NotificationPermission(Struct, gc=False):
    """An account that was let in."""

    account: Raw
    created_at: str


def render(account: Account, created_at: int, links: Links) -> NotificationPermission:
    """The permission of that account, given at that time (ms)."""
    return NotificationPermission(accounts.encoded(account, links), times.iso(created_at))
