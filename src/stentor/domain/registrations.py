"""Who may be called what: the rules for new accounts (surroundings C2, D1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from stentor.domain import limits
from stentor.domain.accounts import valid_username

# Names that look as if they spoke for the server, or that are addresses of its own.
_RESERVED = """
abuse account accounts actor admin administrator administration administrators announcements
anonymous api auth avatars billing bot contact everyone headers health help helpdesk here home
hostmaster info inbox instance login mail mailer_daemon mailerdaemon media mod moderation
moderator moderators mods news nobody no_reply noreply notification notifications null oauth
official owner owners password postmaster privacy register root security server settings
sign_in sign_up signin signup staff status stentor support sysadmin system team tos undefined
usenet uucp webmaster well_known www
"""
RESERVED = frozenset(_RESERVED.split())

_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}"
    r"@(?=.{1,255}\Z)[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\Z"
)
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?\Z", re.ASCII)
_LABELS = {
    "username": "Username",
    "email": "E-mail address",
    "password": "Password",
    "agreement": "Service agreement",
    "locale": "Locale",
    "reason": "Reason",
}


class Problem(NamedTuple):
    """A code that clients compare, and the end of a sentence that begins with the field."""

    code: str
    description: str


Problems = Mapping[str, list[Problem]]

BLANK = Problem("ERR_BLANK", "can't be blank")
TAKEN = Problem("ERR_TAKEN", "has already been taken")
_INVALID = Problem("ERR_INVALID", "is invalid")


def _too_long(most: int) -> Problem:
    return Problem("ERR_TOO_LONG", f"is too long (maximum is {most} characters)")


def _username(name: str, *, allow_reserved: bool) -> Iterator[Problem]:
    if not name.strip():
        yield BLANK
        return
    if len(name) > limits.USERNAME:
        yield _too_long(limits.USERNAME)
    elif not valid_username(name):
        yield Problem("ERR_INVALID", "must contain only letters, numbers and underscores")
    elif not allow_reserved and name.lower() in RESERVED:
        yield Problem("ERR_RESERVED", "is reserved")


def _email(address: str) -> Iterator[Problem]:
    if not address.strip():
        yield BLANK
    if len(address) > limits.EMAIL:
        yield _too_long(limits.EMAIL)
    elif _EMAIL.match(address) is None:
        yield _INVALID


def password_problems(password: str) -> list[Problem]:
    """Why this is no password; empty if it is one."""
    if not password.strip():
        return [BLANK]
    if len(password) < limits.PASSWORD_MIN:
        least = limits.PASSWORD_MIN
        return [Problem("ERR_TOO_SHORT", f"is too short (minimum is {least} characters)")]
    if len(password) > limits.PASSWORD:
        return [_too_long(limits.PASSWORD)]
    return []


class Wanted(NamedTuple):
    """What somebody who signs up has typed."""

    username: str
    email: str
    password: str
    agreement: bool = True
    locale: str = "en"
    reason: str = ""


def problems(wanted: Wanted, *, allow_reserved: bool) -> dict[str, list[Problem]]:
    """Everything that is wrong, by field; empty if nothing is."""
    found = {
        "username": list(_username(wanted.username, allow_reserved=allow_reserved)),
        "email": list(_email(wanted.email)),
        "password": password_problems(wanted.password),
        "agreement": [] if wanted.agreement else [Problem("ERR_ACCEPTED", "must be accepted")],
        "locale": []
        if _LOCALE.match(wanted.locale)
        else [Problem("ERR_INCLUSION", "is not included in the list")],
        "reason": [_too_long(limits.SIGN_UP_REASON)]
        if len(wanted.reason) > limits.SIGN_UP_REASON
        else [],
    }
    return {field: list_ for field, list_ in found.items() if list_}


def sentences(found: Problems) -> list[str]:
    """The problems as people read them: ``Password can't be blank``."""
    return [
        f"{_LABELS[field]} {problem.description}"
        for field, all_ in found.items()
        for problem in all_
    ]
