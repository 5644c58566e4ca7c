"""Domains that the server itself keeps away from its people (surroundings B2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stentor.domain import limits, text
from stentor.errors import ValidationFailed

SEVERITIES = ("noop", "silence", "suspend")


class DomainBlock(NamedTuple):
    """A row of ``domain_blocks``."""

    id: int
    domain: str
    severity: str
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How strictly, and why. None: as it is, or the default."""

    severity: str | None = None
    reject_media: bool | None = None
    reject_reports: bool | None = None
    private_comment: str | None = None
    public_comment: str | None = None
    obfuscate: bool | None = None


def settled(terms: Terms, before: DomainBlock | None = None) -> tuple[object, ...]:
    """The six columns as they are to be kept. Raises ValidationFailed."""
    defaults: tuple[object, ...] = ("silence", False, False, None, None, False)
    if before is not None:
        defaults = before[2:8]
    given = (
        terms.severity or None,
        terms.reject_media,
        terms.reject_reports,
        terms.private_comment,
        terms.public_comment,
        terms.obfuscate,
    )
    problems = []
    if terms.severity and terms.severity not in SEVERITIES:
        problems.append("Severity is not included in the list")
    for name, value in (("Private", terms.private_comment), ("Public", terms.public_comment)):
        if not text.fits(value or "", limits.DOMAIN_BLOCK_COMMENT):
            most = limits.DOMAIN_BLOCK_COMMENT
            problems.append(f"{name} comment is too long (maximum is {most} characters)")
    if problems:
        raise ValidationFailed(*problems)
    return tuple(
        default if value is None else value for value, default in zip(given, defaults, strict=True)
    )
