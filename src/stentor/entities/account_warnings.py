"""AccountWarning: what a moderator tells somebody (notifications.md 2.8)."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain import times
from stentor.domain.accounts import Account
from stentor.domain.links import Links
from stentor.domain.moderation import AccountWarning as AccountWarningRow
from stentor.entities import accounts, reports


class AccountWarning(Struct, gc=False):
    """The moderator is not named. There are no appeals here."""

    id: str
    action: str
    text: str
    status_ids: list[str] | None
    created_at: str
    target_account: Raw
    appeal: None = None


def render(warning: AccountWarningRow, target: Account, links: Links) -> AccountWarning:
    """For the account itself."""
    return AccountWarning(
        str(warning.id),
        warning.action,
        warning.text,
        reports.ids(warning.status_ids),
        times.iso(warning.created_at),
        accounts.encoded(target, links),
    )
