"""Gives out snowflake ids for one process."""

from __future__ import annotations

import secrets

from stentor.domain import ids


class Snowflakes:
    """Ids that rise within this process; two processes differ by 16 random bits."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: int) -> int:
        """A fresh id for a row made at ``now`` (milliseconds)."""
        self._last = ids.following(self._last, now, secrets.randbits(ids.SEQUENCE_BITS))
        return self._last
