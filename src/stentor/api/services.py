"""What endpoints may use, put together by `stentor.app` and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stentor.actions.last_uses import LastUses
from stentor.api.rate_limits import RateLimits
from stentor.api.usage import Usage
from stentor.domain.links import Links
from stentor.store.database import Database
from stentor.store.snowflakes import Snowflakes
from stentor.streaming.bus import Bus
from stentor.streaming.hub import Hub


@dataclass(frozen=True, slots=True)
class Features:
    """What the operator has decided, as plain values."""

    title: str
    description: str
    contact_email: str
    registrations: Literal["open", "approval", "closed"]
    password_grant: bool
    poll_min_expiration: int
    nodeinfo_name: str
    vapid_public_key: str
    trusted_proxies: tuple[str, ...] = ()
    push_allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """Values and tools; an action is handed those it uses, never the whole."""

    db: Database
    bus: Bus
    ids: Snowflakes
    links: Links
    limits: RateLimits
    features: Features
    #: Milliseconds since the epoch.
    now: Callable[[], int]
    #: Where uploaded files are kept.
    media: Path
    #: The streams that are open in this process.
    hub: Hub
    #: 32 bytes that sign sessions and links; see `stentor.keys`.
    secret: bytes = field(repr=False)
    #: Numbers about the whole server, remembered by this process.
    usage: Usage = field(default_factory=Usage)
    #: When tokens were used, until that is written down.
    last_uses: LastUses = field(default_factory=LastUses)
