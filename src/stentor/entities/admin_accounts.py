"""Admin::Account (surroundings C3.7)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor.domain import times
from stentor.domain.admin_accounts import AdminAccount as AdminAccountRow
from stentor.domain.links import Links
from stentor.entities import accounts
from stentor.entities.accounts import CredentialRole


class AdminAccount(Struct, gc=False, kw_only=True):
    """The keys in the order of the wire. Addresses of the network are not kept, so none is told."""

    id: str
    username: str
    domain: str | None
    created_at: str
    email: str
    ip: None = None
    confirmed: bool
    suspended: bool
    silenced: bool
    sensitized: bool
    disabled: bool
    approved: bool
    locale: str | None
    invite_request: str | None
    ips: list[Any]
    account: Raw
    role: CredentialRole | None
    created_by_application_id: str | UnsetType = UNSET


def render(row: AdminAccountRow, links: Links) -> AdminAccount:
    """For staff."""
    account, person = row.account, row.person
    entity = AdminAccount(
        id=str(account.id),
        username=account.username,
        domain=account.domain or None,
        created_at=times.iso(account.created_at),
        email=person.email if person else "",
        confirmed=bool(person and person.confirmed),
        suspended=account.suspended_at is not None,
        silenced=account.silenced_at is not None,
        sensitized=row.sensitized,
        disabled=bool(person and person.disabled),
        approved=bool(person and person.approved),
        locale=person.locale if person else None,
        invite_request=(person.reason or None) if person else None,
        ips=[],
        account=accounts.encoded(account, links),
        role=accounts.render_role(account.role) if account.local else None,
    )
    if person and person.created_by_application_id is not None:
        entity.created_by_application_id = str(person.created_by_application_id)
    return entity
