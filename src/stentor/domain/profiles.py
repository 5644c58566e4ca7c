"""What people may write into their profile, and what is wrong with it (surroundings C3.8, D1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stentor.domain import limits, text
from stentor.domain.accounts import parse_domain
from stentor.domain.pictures import Picture
from stentor.domain.registrations import Problem

PRIVACIES = ("public", "unlisted", "private")
QUOTE_POLICIES = ("public", "followers", "nobody")
_INCLUSION = Problem("ERR_INCLUSION", "is not included in the list")
#: What a column of a profile may be.
Value = str | bool | None


@dataclass(slots=True)
class ProfileChanges:
    """What is to change; what is not named stays. Keys are the columns' names.

    ``fields`` and ``attribution_domains`` are lists as they were typed, ``language`` '' is none.
    ``images`` are the files for ``avatar`` and ``header``, None for no image any more.
    """

    account: dict[str, Value] = field(default_factory=dict)
    user: dict[str, Value] = field(default_factory=dict)
    fields: list[tuple[str, str]] | None = None
    attribution_domains: list[str] | None = None
    images: dict[str, bytes | None] = field(default_factory=dict)


def kept_fields(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines of a profile, trimmed, without those that say nothing."""
    trimmed = ((name.strip(), value.strip()) for name, value in fields)
    return [line for line in trimmed if any(line)]


def kept_domains(domains: Iterable[str]) -> list[str | None]:
    """The domains as they are kept, each once and blanks left out; None for what is none."""
    return list(dict.fromkeys(parse_domain(one) for one in domains if one.strip()))


def problems(changes: ProfileChanges, local_domain: str) -> dict[str, list[Problem]]:
    """Everything that is wrong, by field; empty if nothing is."""
    account, user = changes.account, changes.user
    checks: dict[str, Iterator[Problem]] = {
        "display_name": _long(account.get("display_name"), limits.DISPLAY_NAME),
        "note": _note(account.get("note"), local_domain),
        "avatar": _image(changes.images.get("avatar")),
        "header": _image(changes.images.get("header")),
        "avatar_description": _long(
            account.get("avatar_description"), limits.PROFILE_IMAGE_DESCRIPTION
        ),
        "header_description": _long(
            account.get("header_description"), limits.PROFILE_IMAGE_DESCRIPTION
        ),
        "fields": _fields(kept_fields(changes.fields or [])),
        "attribution_domains": _domains(changes.attribution_domains or []),
        "privacy": _one_of(user.get("default_privacy"), PRIVACIES),
        "quote_policy": _one_of(user.get("default_quote_policy"), QUOTE_POLICIES),
    }
    found = {name: list(check) for name, check in checks.items()}
    return {name: list_ for name, list_ in found.items() if list_}


def sentences(found: dict[str, list[Problem]]) -> list[str]:
    """The problems as people read them: ``Display name is too long …``."""
    return [
        f"{name.replace('_', ' ').capitalize()} {problem.description}"
        for name, all_ in found.items()
        for problem in all_
    ]


def _too_long(most: int, what: str = "characters") -> Problem:
    return Problem("ERR_TOO_LONG", f"is too long (maximum is {most} {what})")


def _long(value: Value, most: int) -> Iterator[Problem]:
    if isinstance(value, str) and not text.fits(value, most):
        yield _too_long(most)


def _note(value: Value, local_domain: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        return
    # First the bytes: measuring what is far too long would take its time.
    most_bytes = limits.NOTE * limits.BYTES_PER_CHARACTER
    if len(value.encode()) > most_bytes or text.note_length(value, local_domain) > limits.NOTE:
        yield Problem("ERR_TOO_LONG", f"character limit of {limits.NOTE} exceeded")


def _image(data: bytes | None) -> Iterator[Problem]:
    if data is None:
        return
    if len(data) > limits.PROFILE_IMAGE_BYTES:
        most = limits.PROFILE_IMAGE_BYTES // limits.MIB
        yield Problem("ERR_TOO_LONG", f"file size must be less than {most} MB")
    elif Picture.of(data) is None:
        yield Problem("ERR_INVALID", "must be a PNG, JPEG, GIF or WebP image")


def _fields(lines: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    if len(lines) > limits.FIELDS:
        yield _too_long(limits.FIELDS)
    if any(not name for name, _ in lines):
        yield Problem("ERR_BLANK", "contains values with missing labels")
    if not all(text.fits(name, limits.FIELD_NAME) for name, _ in lines):
        yield Problem(
            "ERR_TOO_LONG", f"contains a label longer than {limits.FIELD_NAME} characters"
        )
    if not all(text.fits(value, limits.FIELD_VALUE) for _, value in lines):
        yield Problem(
            "ERR_TOO_LONG", f"contains a value longer than {limits.FIELD_VALUE} characters"
        )


def _domains(domains: Sequence[str]) -> Iterator[Problem]:
    kept = kept_domains(domains)
    if len(kept) > limits.ATTRIBUTION_DOMAINS:
        yield _too_long(limits.ATTRIBUTION_DOMAINS, "domains")
    if None in kept:
        yield Problem("ERR_INVALID", "contains something that is not a domain")


def _one_of(value: Value, allowed: Sequence[str]) -> Iterator[Problem]:
    if value is not None and value not in allowed:
        yield _INCLUSION
