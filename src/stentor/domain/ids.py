"""Snowflake ids for accounts, statuses and requests: the millisecond, then 16 bits.

Notifications do not use them: their ids count up and stay under 2**53, since two JSON fields
carry them as numbers (notifications.md 0.2).
"""

from __future__ import annotations

SEQUENCE_BITS = 16
LARGEST = 2**63 - 1


def snowflake(time: int, sequence: int) -> int:
    """An id of that millisecond; ``sequence`` is taken modulo 2**16."""
    return (time << SEQUENCE_BITS) | (sequence & 0xFFFF)


def time_of(snowflake_id: int) -> int:
    """The millisecond in which a snowflake was made."""
    return snowflake_id >> SEQUENCE_BITS


def following(last: int, time: int, luck: int) -> int:
    """The next id of one process: of this millisecond, and always above ``last``.

    ``luck`` spreads processes that make ids in the same millisecond; a clock that goes
    backwards cannot make ids go backwards.
    """
    return max(last + 1, snowflake(time, luck))
