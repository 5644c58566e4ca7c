"""NotificationPolicy, in its present form and in the booleans of before (notifications.md 2.5)."""

from __future__ import annotations

from typing import Any

from stentor.domain.notification_policies import NotificationPolicy, Verdict

#: Version 1's name for each option; it has none for limited accounts.
V1_NAMES = {
    "filter_not_following": "for_not_following",
    "filter_not_followers": "for_not_followers",
    "filter_new_accounts": "for_new_accounts",
    "filter_private_mentions": "for_private_mentions",
    "filter_bots": "for_bots",
}
# The order of the wire.
_ORDER = (
    "for_not_following", "for_not_followers", "for_new_accounts", "for_private_mentions",
    "for_limited_accounts", "for_bots",
)  # fmt: skip


def _summary(summary: tuple[int, int]) -> dict[str, int]:
    return {"pending_requests_count": summary[0], "pending_notifications_count": summary[1]}


def render(policy: NotificationPolicy, summary: tuple[int, int]) -> dict[str, Any]:
    """Each option as accept, filter or drop; ``summary`` is requests and notifications."""
    options = {name: getattr(policy, name).name.lower() for name in _ORDER}
    return options | {"summary": _summary(summary)}


def render_v1(policy: NotificationPolicy, summary: tuple[int, int]) -> dict[str, Any]:
    """Each option as a boolean that is true unless it accepts."""
    options = {old: getattr(policy, name) is not Verdict.ACCEPT for old, name in V1_NAMES.items()}
    return options | {"summary": _summary(summary)}
