"""Drop, filter or accept: the whole decision as one pure function (notifications.md 4)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from stentor.domain import times
from stentor.domain.notifications import STAFF_TYPES, TRAITS, NotificationType

#: A follower counts from here on (notifications.md 4.1).
FOLLOWER_AGE = 3 * times.DAY
#: An account is new for so long.
NEW_ACCOUNT_AGE = 30 * times.DAY


class Verdict(IntEnum):
    """What becomes of it; a higher one is stronger. The numbers are those that are stored."""

    ACCEPT = 0
    FILTER = 1
    DROP = 2


class Decision(NamedTuple):
    """A verdict and the rule that settled it."""

    verdict: Verdict
    reason: str


class NotificationPolicy(NamedTuple):
    """What a person wants done with six kinds of senders; the defaults are Mastodon's."""

    for_not_following: Verdict = Verdict.ACCEPT
    for_not_followers: Verdict = Verdict.ACCEPT
    for_new_accounts: Verdict = Verdict.ACCEPT
    for_private_mentions: Verdict = Verdict.FILTER
    for_limited_accounts: Verdict = Verdict.FILTER
    for_bots: Verdict = Verdict.ACCEPT


class Facts(NamedTuple):
    """Everything about recipient and sender that the decision looks at (notifications.md 4.1)."""

    #: The recipient is suspended, or leaving, or nobody who could read here.
    unavailable: bool = False
    oneself: bool = False
    staff: bool = False
    following: bool = False
    follower_ok: bool = False
    blocks: bool = False
    blocks_domain: bool = False
    mutes: bool = False
    mutes_conversation: bool = False
    #: The mention names, or replies to, somebody whom the recipient blocks or mutes.
    among_hidden: bool = False
    permitted: bool = False
    limited: bool = False
    new_account: bool = False
    bot: bool = False
    #: A direct mention that answers nothing the recipient wrote to the sender.
    private_unsolicited: bool = False


# The six options in the order in which they are asked (notifications.md 4.3, rows 11 to 16).
CATEGORIES: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("for_limited_accounts", lambda facts: facts.limited and not facts.following),
    ("for_not_following", lambda facts: not facts.following),
    ("for_not_followers", lambda facts: not facts.follower_ok),
    ("for_new_accounts", lambda facts: facts.new_account and not facts.following),
    ("for_private_mentions", lambda facts: facts.private_unsolicited and not facts.following),
    ("for_bots", lambda facts: facts.bot and not facts.following),
)

NAMES = tuple(name for name, _ in CATEGORIES)


def decide(type: NotificationType, facts: Facts, policy: NotificationPolicy) -> Decision:
    """The verdict on one notification for one recipient, and why.

    What drops regardless of any policy comes first, in the order of notifications.md 4.3; then
    the six options, of which the strongest that applies wins, the first of them if several do.
    """
    blunt = _blunt(type, facts)
    if blunt is not None:
        return blunt
    if not TRAITS[type].filterable:
        return Decision(Verdict.ACCEPT, "not_filterable")
    if facts.permitted:
        return Decision(Verdict.ACCEPT, "permitted")
    applying = [Decision(getattr(policy, name), name) for name, holds in CATEGORIES if holds(facts)]
    strongest = max(applying, key=lambda decision: decision.verdict, default=None)
    if strongest is None or strongest.verdict is Verdict.ACCEPT:
        return Decision(Verdict.ACCEPT, "nothing_applies")
    return strongest


def _blunt(type: NotificationType, facts: Facts) -> Decision | None:
    """Rows 1 to 8: drops that no option can change, and the staff's way round them."""
    mention = type is NotificationType.MENTION
    if facts.unavailable:
        return Decision(Verdict.DROP, "recipient_unavailable")
    if facts.oneself and not TRAITS[type].from_oneself:
        return Decision(Verdict.DROP, "oneself")
    if mention and facts.staff:
        return Decision(Verdict.ACCEPT, "staff")
    if type in STAFF_TYPES:  # a duty, whatever stands between the two people (C-34)
        return None
    if facts.blocks_domain and not facts.following:
        return Decision(Verdict.DROP, "domain_block")
    if facts.blocks:
        return Decision(Verdict.DROP, "block")
    if facts.mutes:
        return Decision(Verdict.DROP, "mute")
    if facts.mutes_conversation:
        return Decision(Verdict.DROP, "conversation_mute")
    if mention and facts.among_hidden:
        return Decision(Verdict.DROP, "among_hidden")
    return None
