"""What applications are given: codes for consents, tokens for codes, and how both end."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from stentor import errors
from stentor.domain import oauth as rules
from stentor.domain.oauth import Application
from stentor.store import access_grants, access_tokens, applications, push_subscriptions
from stentor.store.access_grants import Wish
from stentor.store.database import Database, Transaction
from stentor.streaming.bus import Bus, News


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token, readable this once."""

    secret: str
    scopes: str
    created_at: int


async def revoke(
    tx: Transaction,
    bus: Bus,
    *,
    now: int,
    token_id: int | None = None,
    grant_id: int | None = None,
    application_id: int | None = None,
    account_id: int | None = None,
) -> None:
    """Ends the live tokens to which everything that is given applies: streams and pushes, too.

    The only way in which tokens end (T13): /oauth/revoke, a code used twice, an application
    removed or turned away, a password changed. News of an application's own token has the
    account 0.
    """
    ended = await access_tokens.revoke(
        tx,
        now=now,
        token_id=token_id,
        grant_id=grant_id,
        application_id=application_id,
        account_id=account_id,
    )
    if ended:
        await push_subscriptions.remove_by_tokens(tx, [one[0] for one in ended])
    for ended_id, owner in ended:
        tx.after_commit(bus.publish, News(owner or 0, "token_revoked", ended_id))


async def remove_application(db: Database, bus: Bus, application_id: int, *, now: int) -> None:
    """Removes an application with everything it was given."""
    async with db.transaction() as tx:
        await revoke(tx, bus, application_id=application_id, now=now)
        await applications.remove(tx, application_id)


async def turn_away(
    db: Database, bus: Bus, account_id: int, application_id: int, *, now: int
) -> None:
    """A person withdraws an application's access: its tokens for that person end."""
    async with db.transaction() as tx:
        await revoke(tx, bus, account_id=account_id, application_id=application_id, now=now)
        await access_grants.forget(tx, account_id, application_id)


def knows_secret(application: Application, secret: str) -> bool:
    """True if that is the application's secret."""
    return hmac.compare_digest(access_tokens.digest(secret), application.secret_hash)


async def agreed_before(db: Database, wish: Wish, now: int) -> bool:
    """True if the person has let this application do exactly this, and it still may (C1.2)."""
    held = await access_tokens.find_scopes(
        db, account_id=wish.account_id, application_id=wish.application_id, now=now
    )
    wanted = set(wish.scopes.split())
    return any(set(scopes.split()) == wanted for scopes in held)


async def swap_code(
    db: Database,
    bus: Bus,
    application: Application,
    *,
    code: str,
    redirect_uri: str,
    verifier: str | None,
    proven: bool,
    now: int,
) -> IssuedToken:
    """A token for a code, once (T26). ``proven``: the application has shown its secret.

    The second try by somebody who could have made the first ends what the first was given.
    Raises InvalidClient if neither secret nor verifier was shown, InvalidGrant otherwise.
    """
    if not proven and verifier is None:
        raise errors.InvalidClient
    async with db.transaction() as tx:
        grant = await access_grants.lock(tx, code)
        if (
            grant is None
            or grant.wish.application_id != application.id
            or grant.wish.redirect_uri != redirect_uri
            or not rules.verifies(verifier, grant.wish.code_challenge)
        ):
            raise errors.InvalidGrant
        fresh = grant.used_at is None and grant.expires_at > now
        if fresh and await access_grants.swap(tx, grant.id, now):
            secret = await access_tokens.add(
                tx,
                application_id=application.id,
                account_id=grant.wish.account_id,
                grant_id=grant.id,
                scopes=grant.wish.scopes,
                now=now,
            )
            return IssuedToken(secret, grant.wish.scopes, now)
        if grant.used_at is not None:
            await revoke(tx, bus, grant_id=grant.id, now=now)
    raise errors.InvalidGrant


async def issue(
    db: Database, application_id: int | None, account_id: int | None, scopes: str, *, now: int
) -> IssuedToken:
    """A token without a code: an application's own, or for a password or a registration."""
    async with db.transaction() as tx:
        secret = await access_tokens.add(
            tx, application_id=application_id, account_id=account_id, scopes=scopes, now=now
        )
    return IssuedToken(secret, scopes, now)


async def revoke_secret(
    db: Database, bus: Bus, application: Application | None, token: str, *, now: int
) -> None:
    """Ends a token for the application that holds it (RFC 7009); an unknown one is no matter.

    ``application`` is None if the client could not say who it is. Raises UnauthorizedClient.
    """
    found = await access_tokens.find(db, token)
    if found is None:
        return
    if application is None or found.application_id != application.id:
        raise errors.UnauthorizedClient
    async with db.transaction() as tx:
        await revoke(tx, bus, token_id=found.id, now=now)
