"""What moderators can do to an account, and what they hold against it (surroundings C15)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from stentor.domain import limits, text
from stentor.domain.accounts import Account
from stentor.domain.roles import Role
from stentor.errors import ValidationFailed


class Action(Enum):
    """The actions of the admin API, by their names on the wire."""

    NONE = "none"
    DISABLE = "disable"
    SENSITIVE = "sensitive"
    SILENCE = "silence"
    SUSPEND = "suspend"


ACTIONS = {one.value: one for one in Action}


class AccountWarning(NamedTuple):
    """A row of ``account_warnings``: a strike. ``status_ids`` is JSON or None."""

    id: int
    target_account_id: int
    action: str
    text: str
    status_ids: str | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanction:
    """One action against one account. ``by`` is the moderator, None for the operator."""

    target_id: int
    action: Action
    by: int | None = None
    text: str = ""
    report_id: int | None = None
    #: The target is told (if he lives here and can still read it).
    tell: bool = True


def action(name: str | None) -> Action:
    """Raises ValidationFailed for one that does not exist."""
    if name not in ACTIONS:
        raise ValidationFailed("Type is not included in the list")
    return ACTIONS[name]


def warning_text(given: str) -> str:
    """The text as it is kept. Raises ValidationFailed if it is too long."""
    cleaned = text.clean(given)
    if not text.fits(cleaned, limits.WARNING_TEXT):
        raise ValidationFailed(f"Text is too long (maximum is {limits.WARNING_TEXT} characters)")
    return cleaned


def outranks(role: Role, target: Account) -> bool:
    """True if somebody with that role may moderate the account: nobody his equals or betters."""
    return not target.local or role.position > target.role.position
