"""Decisions as our own API shows them: a verdict, its reason, and the reason in words."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain import times
from stentor.domain.notification_policies import Verdict

#: Every reason a decision can have, in words for the recipient.
EXPLANATIONS = {
    "nothing_applies": "Nothing in your settings is against it.",
    "not_filterable": "Notifications of this type are always delivered.",
    "permitted": "You have accepted notifications from this account.",
    "staff": "A moderator of this server mentioned you.",
    "domain_block": "You block the domain of this account and do not follow it.",
    "block": "You block this account.",
    "mute": "You mute this account and its notifications.",
    "conversation_mute": "You have muted this conversation.",
    "among_hidden": "It names or answers an account that you block or mute.",
    "for_limited_accounts": "Moderators have limited this account, and you do not follow it.",
    "for_not_following": "You do not follow this account.",
    "for_not_followers": "This account does not follow you, or has only since recently.",
    "for_new_accounts": "This account is new, and you do not follow it.",
    "for_private_mentions": "It is a private mention that answers nothing you wrote to them.",
    "for_bots": "This account is automated, and you do not follow it.",
}


class Why(Struct, gc=False):
    """Why a notification is where it is."""

    notification_id: str
    type: str
    verdict: str
    reason: str
    explanation: str
    created_at: str


class NotificationDecision(Struct, gc=False):
    """One verdict; ``notification_id`` is null for what was dropped."""

    id: str
    created_at: str
    type: str
    verdict: str
    reason: str
    explanation: str
    account: Raw
    status_id: str | None
    notification_id: str | None


def explain(reason: str) -> str:
    """The reason in words; an unknown one (of an older version) as it is."""
    return EXPLANATIONS.get(reason, reason)


def verdict_name(verdict: int) -> str:
    """accept, filter or drop."""
    return Verdict(verdict).name.lower()


def why(*, notification_id: int, type: str, filtered: bool, reason: str, created_at: int) -> Why:
    """The explanation of one notification."""
    verdict = Verdict.FILTER if filtered else Verdict.ACCEPT
    return Why(
        str(notification_id),
        type,
        verdict_name(verdict),
        reason,
        explain(reason),
        times.iso(created_at),
    )
