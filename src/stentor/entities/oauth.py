"""Applications, tokens, the person behind a token, and the server's metadata as JSON (C1)."""

from __future__ import annotations

from msgspec import Struct

from stentor.domain import oauth
from stentor.domain.accounts import Account
from stentor.domain.links import Links
from stentor.entities.accounts import account_url


class Application(Struct, gc=False, kw_only=True):
    """An application as any of its tokens may see it."""

    id: str
    name: str
    website: str | None
    scopes: list[str]
    redirect_uris: list[str]
    vapid_key: str
    redirect_uri: str


class CredentialApplication(Application, gc=False, kw_only=True):
    """The same with its secret: sent once, when it is registered (T30)."""

    client_id: str
    client_secret: str
    client_secret_expires_at: int = 0


class Token(Struct, gc=False):
    """A token response: exactly these keys (C1.3); ``created_at`` in seconds."""

    access_token: str
    token_type: str
    scope: str
    created_at: int


class UserInfo(Struct, gc=False):
    """Claims about the person behind a token (C1.5)."""

    iss: str
    sub: str
    name: str
    preferred_username: str
    profile: str
    picture: str


class Metadata(Struct, gc=False, kw_only=True):
    """RFC 8414, with Mastodon's additional address (C1.6)."""

    issuer: str
    service_documentation: str
    authorization_endpoint: str
    token_endpoint: str
    app_registration_endpoint: str
    revocation_endpoint: str
    userinfo_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool


def application(row: oauth.Application, vapid_key: str) -> Application:
    """Application."""
    return Application(
        id=str(row.id),
        name=row.name,
        website=row.website,
        scopes=row.scopes.split(),
        redirect_uris=list(row.redirect_uris),
        vapid_key=vapid_key,
        redirect_uri="\n".join(row.redirect_uris),
    )


def credential_application(
    row: oauth.Application, secret: str, vapid_key: str
) -> CredentialApplication:
    """CredentialApplication."""
    return CredentialApplication(
        id=str(row.id),
        name=row.name,
        website=row.website,
        scopes=row.scopes.split(),
        redirect_uris=list(row.redirect_uris),
        vapid_key=vapid_key,
        redirect_uri="\n".join(row.redirect_uris),
        client_id=row.client_id,
        client_secret=secret,
    )


def token(secret: str, scopes: str, created_at: int) -> Token:
    """Token; ``created_at`` in milliseconds."""
    return Token(secret, "Bearer", scopes, created_at // 1000)


def issuer(links: Links) -> str:
    """Who gives out codes and tokens: the base with a slash, the same in every place."""
    return f"{links.base}/"


def user_info(account: Account, links: Links) -> UserInfo:
    """UserInfo."""
    return UserInfo(
        iss=issuer(links),
        sub=links.account_uri(account.id),
        name=account.display_name or account.username,
        preferred_username=account.username,
        profile=account_url(account, links),
        picture=links.avatar(account.avatar),
    )


def metadata(links: Links, *, password_grant: bool) -> Metadata:
    """Metadata."""
    grants = ["authorization_code", "client_credentials"]
    return Metadata(
        issuer=issuer(links),
        service_documentation="https://docs.joinmastodon.org/",
        authorization_endpoint=f"{links.base}/oauth/authorize",
        token_endpoint=f"{links.base}/oauth/token",
        app_registration_endpoint=f"{links.base}/api/v1/apps",
        revocation_endpoint=f"{links.base}/oauth/revoke",
        userinfo_endpoint=f"{links.base}/oauth/userinfo",
        scopes_supported=list(oauth.KNOWN),
        response_types_supported=["code"],
        response_modes_supported=["query", "fragment", "form_post"],
        grant_types_supported=[*grants, "password"] if password_grant else grants,
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported=["S256"],
        authorization_response_iss_parameter_supported=True,
    )
