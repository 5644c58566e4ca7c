"""Token to person, and the whole ladder of answers when that fails; everything uses this.

The order is that of reliability.md 2a: token, suspension, scope, person, state of the person.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from stentor import errors
from stentor.domain.oauth import permits
from stentor.domain.roles import Role, get
from stentor.store import access_tokens
from stentor.store.access_tokens import FoundToken
from stentor.store.database import Reader


class Access(Enum):
    """Who may use an endpoint."""

    #: Anybody; a good token makes the answer personal.
    PUBLIC = "public"
    #: A person's token.
    USER = "user"
    #: Any token, an application's own included.
    TOKEN = "token"  # noqa: S105  # a kind of access, not a secret
    #: An application's own token only.
    APP = "app"
    #: The endpoint looks for itself (OAuth, sign-in pages, files); no token is read.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is behind a good token. ``account_id`` is None for an application's own."""

    token_id: int
    application_id: int | None
    account_id: int | None
    scopes: frozenset[str]
    role: Role
    locale: str
    #: When the token was last used, as far as that is written down.
    last_used_at: int | None = None
    #: When the token ends.
    expires_at: int | None = None


class Person(Protocol):
    """Whatever row knows the state of somebody: of a token, a session or a login."""

    @property
    def suspended_at(self) -> int | None: ...
    @property
    def deletion_requested_at(self) -> int | None: ...
    @property
    def memorial(self) -> bool | None: ...
    @property
    def confirmed_at(self) -> int | None: ...
    @property
    def approved(self) -> bool | None: ...
    @property
    def disabled(self) -> bool | None: ...


def suspended(person: Person) -> bool:
    """True if the account is suspended or about to be deleted: that is asked first of all."""
    return person.suspended_at is not None or person.deletion_requested_at is not None


def state_problem(person: Person) -> errors.PublicError | None:
    """Why this person may not act, or None: rungs 7 to 9 of notifications.md 13.2."""
    if person.confirmed_at is None:
        return errors.LoginUnconfirmed()
    if not person.approved:
        return errors.LoginPending()
    if person.disabled or person.memorial:
        return errors.LoginDisabled()
    return None


def sign_in_problem(person: Person) -> errors.PublicError | None:
    """Why this person may not come in at all, or None."""
    return errors.LoginDisabled() if suspended(person) else state_problem(person)


def judge(
    token: FoundToken | None, access: Access, accepted: frozenset[str], now: int
) -> Viewer | None:
    """The viewer, or None for an anonymous one. Raises the PublicError of the first rung missed.

    On a public endpoint an unknown token counts as none, and so does one of a person who may
    not act; a revoked or expired one is told (surroundings C0.4).
    """
    public = access is Access.PUBLIC
    if token is None:
        if public:
            return None
        raise errors.TokenProblem
    _check_alive(token, now)
    scopes = frozenset(token.scopes.split())
    if not permits(scopes, accepted):
        raise errors.OutsideScopes
    if token.account_id is None and access is Access.USER:
        raise errors.UserRequired
    if token.account_id is not None:
        if access is Access.APP:
            raise errors.AppTokenRequired
        problem = state_problem(token)
        if problem is not None:
            if public:
                return None
            raise problem
    role = get(token.role_id if token.role_id is not None else -99)
    return Viewer(
        token.id, token.application_id, token.account_id, scopes, role, token.locale or "en",
        token.last_used_at, token.expires_at,
    )  # fmt: skip


def _check_alive(token: FoundToken, now: int) -> None:
    """Rungs that no scope changes: the token's own life, then the account's suspension."""
    if token.revoked_at is not None:
        raise errors.TokenRevoked
    if token.expires_at is not None and token.expires_at <= now:
        raise errors.TokenExpired
    if suspended(token):
        raise errors.LoginDisabled


def good(token: FoundToken, now: int) -> bool:
    """True while a person's token opens what is his: open streams are asked again and again."""
    try:
        judge(token, Access.USER, frozenset(), now)
    except errors.PublicError:
        return False
    return True


async def authenticate(
    db: Reader,
    secret: str | None,
    access: Access,
    accepted: frozenset[str],
    now: int,
    *,
    instant: Hashable | None = None,
) -> Viewer | None:
    """Looks the token up and judges it. One query, none without a token.

    ``instant``: as for `access_tokens.find`.
    """
    token = await access_tokens.find(db, secret, instant=instant) if secret else None
    return judge(token, access, accepted, now)


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header, the scheme in any case; None if it holds none."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None
