"""Preferences as JSON (surroundings C12.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from stentor.domain.accounts import User

# What people start with, under the names of the settings column.
_READING = {
    "reading:expand:media": "default",
    "reading:expand:spoilers": False,
    "reading:autoplay:gifs": False,
}


def render(user: User) -> dict[str, Any]:
    """One flat map."""
    settings: dict[str, Any] = msgspec.json.decode(user.settings)
    return {
        "posting:default:visibility": user.default_privacy,
        "posting:default:sensitive": bool(user.default_sensitive),
        "posting:default:language": user.default_language,
        "posting:default:quote_policy": user.default_quote_policy,
        **{name: settings.get(name, default) for name, default in _READING.items()},
    }
