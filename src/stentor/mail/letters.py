"""What there is to say in an e-mail, asked when it is sent: nothing, if it has become untrue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from stentor.domain import emails, text
from stentor.domain.email_texts import Words, of_locale
from stentor.domain.moderation import ACTIONS, AccountWarning
from stentor.domain.notifications import NotificationType
from stentor.domain.statuses import FILLER, LoadedStatuses
from stentor.mail.messages import Letter, Site
from stentor.store import accounts, email_deliveries, statuses
from stentor.store.database import Database
from stentor.store.email_deliveries import Addressee, Delivery, Told

# What is quoted of a post at most: of remote ones nobody knows how long they are.
_QUOTED = 1500
_QUOTED_BYTES = 12_000
_NAME_OF_FILTER = 60
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MINE = frozenset({NotificationType.FAVOURITE, NotificationType.REBLOG})
#: The context of filters that e-mails about notifications are in (C-28).
_CONTEXT = "notifications"


@dataclass(frozen=True, slots=True)
class Desk:
    """What everything that is known about some deliveries is written from."""

    site: Site
    secret: bytes
    addressees: dict[int, Addressee]
    told: dict[tuple[int, int], Told]
    warnings: dict[int, AccountWarning]


async def lay_out(
    db: Database, deliveries: Sequence[Delivery], site: Site, secret: bytes, *, now: int
) -> Desk:
    """Looks up, in at most three queries, what these deliveries are about."""
    about = [one for one in deliveries if one.kind == "notification"]
    strikes = [one.about_id for one in deliveries if one.kind == "warning"]
    return Desk(
        site,
        secret,
        await email_deliveries.addressees(db, [one.account_id for one in deliveries]),
        await email_deliveries.told(
            db, [one.account_id for one in about], [one.about_id for one in about], now=now
        )
        if about
        else {},
        await email_deliveries.warnings(db, strikes) if strikes else {},
    )


async def write(db: Database, desk: Desk, delivery: Delivery, *, now: int) -> Letter | None:
    """The letter, or None if there is nothing to say (any more)."""
    reader = desk.addressees.get(delivery.account_id)
    if reader is None or not reader.reachable:
        return None
    if delivery.kind == "warning":
        warning = desk.warnings.get(delivery.about_id)
        return None if warning is None else _about_warning(desk, reader, warning)
    told = desk.told.get((delivery.account_id, delivery.about_id))
    if told is None or not _still_wanted(reader, told):
        return None
    return await _about_notification(db, desk, reader, told, now=now)


def _still_wanted(reader: Addressee, told: Told) -> bool:
    """False if he cannot sign in, does not want it any more, or has read it meanwhile.

    Whoever always wants e-mails gets them although he was there, so also what he has read.
    """
    type_ = emails.type_of(told.type)
    return bool(
        reader.functional
        and not told.silenced
        and type_ in emails.wanted(reader.notification_emails)
        and (reader.always or told.id > reader.last_read_id)
    )


async def _about_notification(
    db: Database, desk: Desk, reader: Addressee, told: Told, *, now: int
) -> Letter | None:
    type_ = NotificationType(told.type)
    words = of_locale(reader.locale)
    loaded = LoadedStatuses()
    quoted = _Quoted()
    if told.status_id is not None:
        loaded = await statuses.load(
            db, [told.status_id], reader.account_id, now=now, with_accounts=[told.from_account_id]
        )
        found = _quoted(loaded, told.status_id, words)
        if found is None:
            return None
        quoted = found
    else:
        loaded.accounts = await accounts.load(db, [told.from_account_id])
    sender = loaded.accounts.get(told.from_account_id)
    if sender is None:
        return None
    site = desk.site
    return Letter(
        words=words,
        username=reader.username,
        address=reader.email,
        heading=words.happened[type_],
        headers=_headers(desk, reader, told, now=now),
        name=emails.shown_name(sender.display_name, sender.username),
        handle=f"@{sender.username}@{sender.domain or site.domain}",
        notes=(words.request_hint,) if type_ is NotificationType.FOLLOW_REQUEST else (),
        quote_title=words.your_post if type_ in _MINE else words.their_post,
        quote=quoted.text,
        quote_note=quoted.note,
        stop=words.stop[type_],
        stop_url=_stop_url(desk, reader, told, now=now),
    )


def _stop_url(desk: Desk, reader: Addressee, told: Told, *, now: int) -> str:
    token = emails.unsubscribe_token(desk.secret, reader.account_id, now=now)
    return f"{desk.site.base}/unsubscribe?{urlencode({'token': token, 'type': told.type})}"


def _headers(desk: Desk, reader: Addressee, told: Told, *, now: int) -> dict[str, str]:
    """Those of notifications.md 10.3 that differ from mail to mail."""
    domain = desk.site.domain
    headers = {
        "Message-ID": emails.message_id("notification", told.id, reader.account_id, domain),
        "List-ID": emails.list_id(told.type, reader.username, domain),
        "List-Unsubscribe": f"<{_stop_url(desk, reader, told, now=now)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "list",
    }
    if told.conversation_id is not None and told.conversation_at is not None:
        thread = emails.thread_id(told.conversation_id, told.conversation_at, domain)
        headers |= {"In-Reply-To": thread, "References": thread}
    return headers


@dataclass(frozen=True, slots=True)
class _Quoted:
    """What is shown of a post: its text, and what is said instead of it or before it."""

    text: str = ""
    note: str = ""


def _quoted(loaded: LoadedStatuses, status_id: int, words: Words) -> _Quoted | None:
    """None if the reader may not read it, or hides such posts from his notifications (C-28)."""
    if not loaded.may_show(status_id):
        return None
    status = loaded.statuses[status_id]
    status = loaded.statuses.get(status.reblog_of_id or status_id, status)
    met = [
        one.filter for one in loaded.filter_results(status_id) if _CONTEXT in one.filter.contexts
    ]
    if any(one.action == "hide" for one in met):
        return None
    if met:
        title = text.excerpt(emails.one_line(met[0].title), _NAME_OF_FILTER)
        return _Quoted(note=words.filtered.format(text=title))
    if status.spoiler_text.strip() and status.account_id != loaded.viewer_id:
        warning = text.excerpt(emails.one_line(status.spoiler_text), _QUOTED, max_bytes=4000)
        return _Quoted(note=words.content_warning.format(text=warning))
    shown = _plain(text.to_plain_text(status.content))
    poll = loaded.polls.get(status.id)
    if poll is not None:
        shown += "\n\n" + "\n".join(f"○ {emails.one_line(title)}" for title, _ in poll.options)
    if shown.strip() in ("", FILLER):
        return _Quoted(note=words.no_text)
    return _Quoted(shown.strip("\n"))


def _plain(value: str) -> str:
    """Lines of text and nothing else, of a bounded length."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return text.excerpt(_CONTROLS.sub("", lines), _QUOTED, max_bytes=_QUOTED_BYTES)


def _about_warning(desk: Desk, reader: Addressee, warning: AccountWarning) -> Letter:
    """A moderator's decision: sent whatever is set, and it cannot be unsubscribed from."""
    site = desk.site
    words = of_locale(reader.locale)
    subject, sentence = words.sanctioned[ACTIONS[warning.action]]
    own = _plain(warning.text).strip("\n")
    return Letter(
        words=words,
        username=reader.username,
        address=reader.email,
        heading=subject,
        headers={
            "Message-ID": emails.message_id("warning", warning.id, reader.account_id, site.domain),
        },
        notes=(sentence.format(site=site.domain),),
        quote_title=words.moderators_words,
        quote=own,
        closing=(words.disagree.format(contact=site.contact),) if site.contact else (),
    )
