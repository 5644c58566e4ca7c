"""NotificationFallback: words for clients that do not know a type (notifications.md 2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from stentor.domain.accounts import Account
from stentor.domain.attachments import Attachment, Attachments, LoadedCollection
from stentor.domain.links import Links
from stentor.domain.moderation import AccountWarning
from stentor.domain.notifications import BY_NAME, TRAITS, NotificationType
from stentor.domain.reports import Report
from stentor.domain.severed_relationships import SeveranceEvent, SeveranceType
from stentor.domain.text import escape
from stentor.entities.accounts import account_url


class NotificationFallback(Struct, gc=False):
    """HTML. Mastodon says ``description`` where its documentation says ``details``: both."""

    title: str
    summary: str | None
    description: None = None
    details: None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Who caused it, newest first, and what it is about."""

    senders: Sequence[Account]
    attached: Attachment | None
    accounts: Mapping[int, Account]
    links: Links


#: Title and summary; None if what it is about is gone.
Words = tuple[str, str] | None


def _mention(account: Account, links: Links) -> str:
    return (
        f'<span class="h-card" translate="no"><a href="{escape(account_url(account, links))}" '
        f'class="u-url mention">@<span>{escape(account.username)}</span></a></span>'
    )


def _link(links: Links, path: str, words: str) -> str:
    return f'<a href="{escape(links.base + path)}">{words}</a>'


def _too_old(links: Links, path: str = "/") -> str:
    return (
        "Your app does not know this kind of notification yet. "
        f"{_link(links, path, f'See it on {escape(links.domain)}')}."
    )


def _severed(subject: Subject) -> Words:
    event, links = subject.attached, subject.links
    if not isinstance(event, SeveranceEvent):
        return None
    name, here = escape(event.target_name), escape(links.domain)
    why = {
        SeveranceType.USER_DOMAIN_BLOCK.value: f"You blocked {name}; that ended your follows.",
        SeveranceType.ACCOUNT_SUSPENSION.value: f"The moderators of {here} suspended {name}.",
    }.get(event.type, f"The moderators of {here} suspended all of {name}.")
    more = _link(links, "/severed_relationships", "sign in")
    return f"You lost connections with {name}", f"{why} To see which, {more}."


def _warned(subject: Subject) -> Words:
    path = "/"
    if isinstance(subject.attached, AccountWarning):
        path = f"/disputes/strikes/{subject.attached.id}"
    return "The moderators have sent you a warning", _too_old(subject.links, path)


def _signed_up(subject: Subject) -> Words:
    if not subject.senders:
        return None
    others = len(subject.senders) - 1
    crowd = {0: "", 1: " and 1 other"}.get(others, f" and {others} others")
    return f"{_mention(subject.senders[0], subject.links)}{crowd} signed up", _too_old(
        subject.links
    )


def _reported(subject: Subject) -> Words:
    report, links = subject.attached, subject.links
    target = subject.accounts.get(report.target_account_id) if isinstance(report, Report) else None
    if target is None or not subject.senders:
        return None
    reporter = subject.senders[0]
    who = _mention(reporter, links) if reporter.local else escape(reporter.domain)
    return f"{who} reported {_mention(target, links)}", _too_old(links)


def _added(subject: Subject) -> Words:
    if not isinstance(subject.attached, LoadedCollection) or not subject.senders:
        return None
    who = _mention(subject.senders[0], subject.links)
    return f"{who} put you into a collection", _too_old(subject.links)


def _updated(subject: Subject) -> Words:
    if not isinstance(subject.attached, LoadedCollection) or not subject.senders:
        return None
    who = _mention(subject.senders[0], subject.links)
    return f"{who} changed a collection that you are in", _too_old(subject.links)


_T = NotificationType
#: The words of every type that older clients do not know.
WORDS: dict[NotificationType, Callable[[Subject], Words]] = {
    _T.SEVERED_RELATIONSHIPS: _severed,
    _T.MODERATION_WARNING: _warned,
    _T.ADMIN_SIGN_UP: _signed_up,
    _T.ADMIN_REPORT: _reported,
    _T.ADDED_TO_COLLECTION: _added,
    _T.COLLECTION_UPDATE: _updated,
}


def render(
    type: str,
    supported: frozenset[str] | None,
    *,
    activity_id: int,
    senders: Sequence[Account],
    attachments: Attachments,
    accounts: Mapping[int, Account],
    links: Links,
) -> NotificationFallback | None:
    """The fallback of one notification or group, None if there is to be none.

    ``supported`` are the types that the client named; None: it did not ask.
    """
    if supported is None or type in supported or TRAITS[BY_NAME[type]].baseline:
        return None
    found = attachments.get(type, activity_id)
    words = WORDS[BY_NAME[type]](Subject(senders, found, accounts, links))
    return None if words is None else NotificationFallback(*words)
