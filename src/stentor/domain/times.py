"""Points in time are whole milliseconds since the epoch, UTC, and are handed in as ``now``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Years 1 to 9999: what a datetime can say, and more than any client sends.
EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_999


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return datetime.fromtimestamp(days * 86_400, UTC).strftime("%Y-%m-%dT")


_MINUTES = tuple(f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_SECONDS = tuple(f"{second:02d}." for second in range(60))
_MILLISECONDS = tuple(f"{millisecond:03d}Z" for millisecond in range(1000))


def iso(time: int) -> str:
    """``2026-01-02T03:04:05.678Z``: always UTC, always three digits (notifications.md 0.2)."""
    days, rest = divmod(time, DAY)
    minutes, rest = divmod(rest, MINUTE)
    seconds, milliseconds = divmod(rest, SECOND)
    return f"{_day(days)}{_MINUTES[minutes]}{_SECONDS[seconds]}{_MILLISECONDS[milliseconds]}"


def iso_or_none(time: int | None) -> str | None:
    """Like `iso`, and None stays None."""
    return None if time is None else iso(time)


def iso_seconds(time: int) -> str:
    """``2026-01-02T03:04:05Z``: the form of a relationship's ``muting_expires_at``."""
    return iso(time)[:-5] + "Z"


def midnight(time: int) -> str:
    """The first moment of that day, as `iso` (``Account.created_at``)."""
    return iso(time - time % DAY)


def date(time: int) -> str:
    """``2026-01-02``."""
    return iso(time)[:10]


_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?\Z",
    re.ASCII | re.IGNORECASE,
)


def parse(text: str) -> int | None:
    """Milliseconds of an ISO 8601 time, UTC unless it says otherwise; None if it is not one."""
    match = _ISO.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        whole = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    time = int(whole.timestamp()) * SECOND + int((fraction or "").ljust(3, "0")[:3])
    if zone and zone.upper() != "Z":
        sign = -1 if zone[0] == "-" else 1
        time -= sign * (int(zone[1:3]) * HOUR + int(zone[-2:]) * MINUTE)
    return time
