"""Everything a client can be told when a request fails: one class, one status, one text.

The bodies are those of spec/notifications.md 13 and spec/surroundings.md D4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PublicError(Exception):
    """An answer with a status and a JSON body ``{"error": text}`` that is safe to show.

    The cause, if there is one, is chained (``raise … from``) for the log and never shown.
    """

    status: ClassVar[int] = 500
    text: ClassVar[str] = "Something went wrong"

    def __init__(self, text: str | None = None) -> None:
        self.message = self.text if text is None else text
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The JSON object a client reads."""
        return {"error": self.message}

    def headers(self) -> Mapping[str, str]:
        """Headers that belong to this answer, none by default."""
        return {}


class TokenProblem(PublicError):
    """401: there is no valid token; carries the challenge of RFC 6750 section 3."""

    status = 401
    text = "The access token is invalid"

    def headers(self) -> Mapping[str, str]:
        return {
            "WWW-Authenticate": 'Bearer realm="Stentor", error="invalid_token", '
            f'error_description="{self.message}"',
        }


class TokenRevoked(TokenProblem):
    """401: the token was valid once and has been revoked."""

    text = "The access token was revoked"


class TokenExpired(TokenProblem):
    """401: the token was valid once and its time is over."""

    text = "The access token expired"


class SearchNeedsUser(PublicError):
    """401 of an anonymous search that pages or resolves (surroundings D4)."""

    status = 401


class OutsideScopes(PublicError):
    """403: the token is good but holds none of the scopes that the endpoint accepts."""

    status = 403
    text = "This action is outside the authorized scopes"

    def headers(self) -> Mapping[str, str]:
        return {
            "WWW-Authenticate": 'Bearer realm="Stentor", error="insufficient_scope", '
            f'error_description="{self.message}"',
        }


class UserRequired(PublicError):
    """422: an app-only token at an endpoint that acts for a person."""

    status = 422
    text = "This method requires an authenticated user"


class AppTokenRequired(PublicError):
    """403: a person's token where only an app's own token may act (surroundings C2)."""

    status = 403
    text = "This method requires an client credentials authentication"


class LoginUnconfirmed(PublicError):
    """403: the e-mail address is not confirmed yet."""

    status = 403
    text = "Your login is missing a confirmed e-mail address"


class AlreadyConfirmed(PublicError):
    """403: asks for a confirmation that has been given."""

    status = 403
    text = "This method is only available while the e-mail is awaiting confirmation"


class LoginPending(PublicError):
    """403: the account waits for a moderator's approval."""

    status = 403
    text = "Your login is currently pending approval"


class LoginDisabled(PublicError):
    """403: disabled, memorial, suspended, or about to be deleted."""

    status = 403
    text = "Your login is currently disabled"


class NotAllowed(PublicError):
    """403: known, visible, and still not permitted."""

    status = 403
    text = "This action is not allowed"


class RecordNotFound(PublicError):
    """404 of ordinary look-ups; the same for missing and for somebody else's."""

    status = 404
    text = "Record not found"


class NotFound(PublicError):
    """404 of statuses and what hangs on them, and of paths that do not exist."""

    status = 404
    text = "Not Found"


class MethodNotAllowed(PublicError):
    """404, as Mastodon answers it: no route has this path and this verb together."""

    status = 404
    text = "Not Found"


class Gone(PublicError):
    """410: it was here and never comes back."""

    status = 410
    text = "Gone"


class BadRequest(PublicError):
    """400: the request cannot be understood."""

    status = 400
    text = "Bad Request"


class ParameterMissing(BadRequest):
    """400: a required parameter is absent, empty or of the wrong shape."""

    def __init__(self, name: str) -> None:
        super().__init__(f"param is missing or the value is empty or invalid: {name}")


class TooLarge(PublicError):
    """413: the body is larger than this endpoint takes."""

    status = 413
    text = "Request body is too large"


class Conflict(PublicError):
    """409: somebody else changed it at the same moment."""

    status = 409
    text = "Conflict during update, please try again"


class Unprocessable(PublicError):
    """422 with a text of its own, without the prefix of a validation."""

    status = 422
    text = "Validation failed"


class DuplicateRecord(Unprocessable):
    """422: a unique key says that this exists already."""

    text = "Duplicate record"


class ValidationFailed(Unprocessable):
    """422: ``Validation failed: A, B``; with ``details`` where surroundings D4 asks for them.

    ``details`` maps a field to its problems, each a pair of code and description.
    """

    def __init__(
        self,
        *problems: str,
        details: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        super().__init__("Validation failed: " + ", ".join(problems))
        self.details = details

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"error": self.message}
        if self.details is not None:
            body["details"] = {
                field: [{"error": code, "description": text} for code, text in problems]
                for field, problems in self.details.items()
            }
        return body


class UnexpectedAccounts(Unprocessable):
    """422: the status would mention somebody outside ``allowed_mentions`` (surroundings C6.1)."""

    text = "Post would be sent to unexpected accounts"

    def __init__(self, accounts: Sequence[Any]) -> None:
        super().__init__()
        self.accounts = accounts

    def body(self) -> dict[str, Any]:
        return {"error": self.message, "unexpected_accounts": list(self.accounts)}


class TooManyRequests(PublicError):
    """429: a rate limit is used up; ``retry_after`` in whole seconds."""

    status = 429
    text = "Too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(max(1, self.retry_after))}


class Unavailable(PublicError):
    """503: the server cannot do this right now and nothing was kept; try again."""

    status = 503
    text = "There was a temporary problem serving your request, please try again"

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class OAuthProblem(PublicError):
    """An answer of the OAuth endpoints: a code of RFC 6749 and a sentence (surroundings C1.3).

    Only there: an ``error_description`` anywhere else hides the text from clients (trap 7).
    """

    status = 400
    code: ClassVar[str] = "invalid_request"
    text = (
        "The request is missing a required parameter, includes an unsupported parameter value, "
        "or is otherwise malformed."
    )

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}

    def headers(self) -> Mapping[str, str]:
        return {"Cache-Control": "no-store", "Pragma": "no-cache"}


class InvalidClient(OAuthProblem):
    """401: nobody knows this client, or its secret is wrong or missing.

    ``basic``: it tried HTTP Basic, so that is what it is asked for again (RFC 6749 5.2).
    """

    status = 401
    code = "invalid_client"
    text = (
        "Client authentication failed due to unknown client, no client authentication included, "
        "or unsupported authentication method."
    )

    def __init__(self, *, basic: bool = False) -> None:
        super().__init__()
        self.basic = basic

    def headers(self) -> Mapping[str, str]:
        scheme = "Basic" if self.basic else "Bearer"
        return {**super().headers(), "WWW-Authenticate": f'{scheme} realm="Stentor"'}


class InvalidGrant(OAuthProblem):
    """400: the code or the password is wrong, spent, too old, or not this client's."""

    code = "invalid_grant"
    text = (
        "The provided authorization grant is invalid, expired, revoked, does not match the "
        "redirection URI used in the authorization request, or was issued to another client."
    )


class InvalidScope(OAuthProblem):
    """400: a scope that is unknown, or more than the application registered."""

    code = "invalid_scope"
    text = "The requested scope is invalid, unknown, or malformed."


class InvalidTarget(OAuthProblem):
    """400: a token is wanted for some other server (RFC 8707)."""

    code = "invalid_target"
    text = "The requested resource is not this server."


class UnsupportedGrantType(OAuthProblem):
    """400: another way to a token than the metadata document names."""

    code = "unsupported_grant_type"
    text = "The authorization grant type is not supported by the authorization server."


class UnsupportedResponseType(OAuthProblem):
    """Told to the client by redirect: only codes are given out."""

    code = "unsupported_response_type"
    text = "The authorization server does not support this response type."


class AccessDenied(OAuthProblem):
    """Told to the client by redirect: the person said no."""

    code = "access_denied"
    text = "The resource owner or authorization server denied the request."


class UnauthorizedClient(OAuthProblem):
    """403: somebody else's token is not this client's to revoke."""

    status = 403
    code = "unauthorized_client"
    text = "You are not authorized to revoke this token"


class PageProblem(PublicError):
    """A sign-in page that cannot be shown; its text is for the person who reads the page."""

    status = 400
    text = "This page cannot be shown."


class UnknownClient(PageProblem):
    """401: the authorization page was opened for a client that nobody knows."""

    status = 401
    text = "The app that sent you here is not registered on this server."


class FormExpired(PageProblem):
    """403: a form without the token of this browser's session: forged, or simply too old."""

    status = 403
    text = "This page is out of date. Go back, reload it and try again."
