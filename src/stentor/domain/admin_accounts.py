"""Accounts as moderators look for them and see them (surroundings C3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stentor.domain.accounts import Account


class Person(NamedTuple):
    """What moderators see of the person behind a local account."""

    email: str
    locale: str
    reason: str
    created_by_application_id: int | None
    confirmed: bool
    approved: bool
    disabled: bool


class AdminAccount(NamedTuple):
    """An account, and its person unless it is remote."""

    account: Account
    sensitized: bool
    person: Person | None


#: States by which a list can be narrowed.
STATES = ("active", "pending", "disabled", "silenced", "suspended", "sensitized")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which accounts a moderator looks for; None and "" are not asked."""

    local: bool | None = None
    states: tuple[str, ...] = ()
    staff: bool = False
    role_ids: tuple[int, ...] | None = None
    username: str = ""
    display_name: str = ""
    email: str = ""
    domain: str = ""
    #: Nobody's address is kept, so nobody is found by it.
    ip: str = ""
