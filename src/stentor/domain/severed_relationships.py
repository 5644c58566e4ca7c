"""Connections that people lost through no doing of the other side (notifications.md 2.8)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class SeveranceType(Enum):
    """What cut them."""

    DOMAIN_BLOCK = "domain_block"
    USER_DOMAIN_BLOCK = "user_domain_block"
    ACCOUNT_SUSPENSION = "account_suspension"


class SeveranceEvent(NamedTuple):
    """What one recipient lost; ``target_name`` is a domain, or the handle of an account.

    ``id`` is the recipient's own, not the one that all of them share.
    """

    id: int
    type: str
    purged: bool
    target_name: str
    followers_count: int
    following_count: int
    created_at: int
