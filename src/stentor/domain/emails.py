"""E-mails without I/O: who wants which, when, and what is not left to a mail library.

Source: notifications.md 10, with the weaknesses C-19, C-26 and C-28 mended; reliability T49, T54.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import re
import struct
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from stentor.domain import text, times
from stentor.domain.notifications import BY_NAME, TRAITS, NotificationType

#: How long a notification may still be read, dismissed or taken back before it is mailed.
DELAY = 2 * times.MINUTE
#: A device that has not been reached for so long is no reason to send no mail (C-26).
PUSH_PATIENCE = times.DAY
#: After that a mail tells nothing new, and is given up.
LIFETIME = 2 * times.DAY
#: What was refused is kept for so long, to be looked at.
PROBLEMS_KEPT = 7 * times.DAY

_FIRST_PAUSE = times.MINUTE
_LONGEST_PAUSE = 4 * times.HOUR


# ---------------------------------------------------------------- what people want

#: The types that are ever mailed, in their canonical order.
MAILABLE = tuple(one for one in NotificationType if TRAITS[one].mailable)
#: Those that are mailed to somebody who never said anything.
DEFAULT = frozenset(
    {
        NotificationType.MENTION,
        NotificationType.QUOTE,
        NotificationType.FOLLOW,
        NotificationType.FOLLOW_REQUEST,
    }
)
#: By the name on the wire.
MAILABLE_BY_NAME = {one.value: one for one in MAILABLE}


class EmailSettings(NamedTuple):
    """What somebody wants to be told by e-mail, and whether also while he is there."""

    always_send_emails: bool = False
    notification_emails: frozenset[NotificationType] = DEFAULT


@lru_cache(maxsize=256)
def wanted(stored: str | None) -> frozenset[NotificationType]:
    """The types of a stored list of names; None, for somebody who lives elsewhere, is nothing."""
    names = (stored or "").split(",")
    return frozenset(MAILABLE_BY_NAME[name] for name in names if name in MAILABLE_BY_NAME)


def stored(types: frozenset[NotificationType]) -> str:
    """The list as it is kept, in canonical order."""
    return ",".join(one.value for one in MAILABLE if one in types)


# ---------------------------------------------------------------- what comes of an attempt


class Outcome(Enum):
    """What became of one e-mail, or of one attempt to send it."""

    #: The mail server has it.
    SENT = "sent"
    #: It is tried again later.
    DEFERRED = "deferred"
    #: The mail server will not have it; nobody tries again.
    REFUSED = "refused"
    #: It waited too long.
    EXPIRED = "expired"
    #: There is nothing to say any more: read, removed, switched off, blocked, hidden by a filter.
    UNWANTED = "unwanted"
    #: It could not be written: a fault of ours.
    FAILED = "failed"


def answer(code: int) -> Outcome:
    """What an SMTP server's answer about one message means; 2xx is the only yes."""
    if 200 <= code <= 299:
        return Outcome.SENT
    return Outcome.REFUSED if 500 <= code <= 599 else Outcome.DEFERRED


def retry_at(attempts: int, created_at: int, *, luck: float, now: int) -> int | None:
    """When to try again after so many attempts; None if it would be news no more.

    Four times later each time, up to four hours; ``luck`` (0 to 1) spreads what failed together.
    """
    pause = min(_FIRST_PAUSE * 4 ** min(max(attempts - 1, 0), 10), _LONGEST_PAUSE)
    at = now + int(pause * (0.75 + 0.5 * luck))
    return at if at < created_at + LIFETIME else None


# ---------------------------------------------------------------- header values

_LABEL = re.compile(r"[^a-z0-9_.-]")


def host(domain: str) -> str:
    """The site's name as mail headers take it: without a port, in ASCII."""
    name = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdigit() else domain
    if not name or name.startswith("["):
        return "localhost"  # an address in brackets is no name for a list or a message
    name = name.lower().rstrip(".")
    with contextlib.suppress(UnicodeError):
        name = name.encode("idna").decode("ascii")
    return _LABEL.sub("-", name) or "localhost"


def list_id(type_: str, username: str, domain: str) -> str:
    """``<mention.ann.example.org>`` (notifications.md 10.3)."""
    return f"<{_LABEL.sub('-', type_.lower())}.{_LABEL.sub('-', username.lower())}.{host(domain)}>"


def message_id(kind: str, about_id: int, account_id: int, domain: str) -> str:
    """The same for the same e-mail: mail servers and readers know a repetition by it."""
    return f"<{kind}-{about_id}.{account_id}@{host(domain)}>"


def thread_id(conversation_id: int, begun_at: int, domain: str) -> str:
    """A message that never was, under which mail readers gather a conversation."""
    return f"<conversation-{conversation_id}.{times.date(begun_at)}@{host(domain)}>"


def one_line(value: str) -> str:
    """A text for a header or a heading: one line, nothing that controls, no stray blanks.

    Whatever ends a line to anybody (CR, LF, NEL, U+2028) becomes a blank, so that nothing can
    begin a header of its own.
    """
    plain = "".join(
        " " if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") else one for one in value
    )
    return " ".join(plain.split())


def shown_name(display_name: str, username: str, *, longest: int = 40) -> str:
    """A name for a text around it: one line, cut, and unable to turn that text (T54)."""
    # `=?` would begin an encoded word, which hides from us what a reader is shown.
    name = text.excerpt(one_line(display_name).replace("=?", "= ?"), longest, max_bytes=4 * longest)
    plain = text.isolated(name)[1:-1]
    if not plain.strip() or all(unicodedata.category(one) == "Cf" for one in plain):
        plain = username
    return plain if plain.isascii() else text.isolated(plain)


# ---------------------------------------------------------------- unsubscribing

TOKEN_LIFETIME = 31 * times.DAY
# Nothing else that we sign is signed with this in front.
_PURPOSE = b"stentor: unsubscribe from e-mails, 1\0"
_CLAIM = struct.Struct(">QI")  # account, end in seconds
_TOKEN = re.compile(r"[A-Za-z0-9_-]{59}\Z", re.ASCII)


def unsubscribe_token(secret: bytes, account_id: int, *, now: int) -> str:
    """What lets its bearer switch off e-mails of that account, for a month, and nothing else."""
    claim = _CLAIM.pack(account_id, (now + TOKEN_LIFETIME) // times.SECOND)
    return base64.urlsafe_b64encode(claim + _mac(secret, claim)).rstrip(b"=").decode()


def read_unsubscribe_token(secret: bytes, token: str | None, *, now: int) -> int | None:
    """Whose e-mails that is about; None for one that is forged, spent, or of another purpose."""
    if token is None or not _TOKEN.match(token):
        return None
    raw = base64.urlsafe_b64decode(token + "=")
    claim, mac = raw[: _CLAIM.size], raw[_CLAIM.size :]
    if not hmac.compare_digest(mac, _mac(secret, claim)):
        return None
    account_id, end = _CLAIM.unpack(claim)
    return int(account_id) if now < end * times.SECOND else None


def _mac(secret: bytes, claim: bytes) -> bytes:
    return hmac.new(secret, _PURPOSE + claim, hashlib.sha256).digest()


def type_of(name: str | None) -> NotificationType | None:
    """The mailable type of that name, None for any other."""
    found = BY_NAME.get(name or "")
    return found if found in MAILABLE else None
