"""Who may call what: the access tables that everything in this folder is generated from.

- ``ENDPOINTS``: notifications, markers and push, in every state that a token can be in
  (reliability.md part 2). `test_matrix.py` runs each cell: status, body, every header, no cookie,
  no row of the database changed; and what somebody gets who names another person's things.
- ``ROUTES``: every route of the server with the kind of access and the scopes that Mastodon's
  clients count on (surroundings.md part B), written down apart from `stentor.api.routes`, so that
  a slip there is seen here. `test_routes.py` walks the whole ladder on each.
- ``LIMITS``: which routes have a rate limit of their own. `test_limits.py` calls every route until
  it refuses.

Whoever adds a route adds its line here; a test says so otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

READ, WRITE = "read:notifications", "write:notifications"

#: The answer is that of a token with all scopes.
SAME = object()
EMPTY: dict[str, Any] = {}


@dataclass(frozen=True)
class Endpoint:
    """A row. The path and the form name the caller's own things: {notification}, {request}, …"""

    method: str
    path: str
    #: The exact scope; the parent in front of its colon is accepted as well.
    scope: str
    #: What a good token is told: a literal, or SAME.
    answer: Any = SAME
    form: dict[str, Any] = field(default_factory=dict)
    #: What somebody is told who names another person's things: None if there is nothing to name.
    foreign: tuple[int, Any] | None = None
    #: Whether a good token changes rows.
    writes: bool = False

    @property
    def name(self) -> str:
        """How the test is called."""
        inputs = "".join(f" {key}" for key in self.form)[:40]
        return f"{self.method} {self.path}{inputs}"

    @property
    def accepted(self) -> tuple[str, ...]:
        """Any of these will do."""
        parent, colon, _ = self.scope.partition(":")
        return (parent, self.scope) if colon else (self.scope,)


NOT_FOUND = (404, {"error": "Record not found"})
V1, V2, ALPHA = "/api/v1/notifications", "/api/v2/notifications", "/api/v2_alpha/notifications"

SUBSCRIPTION = "/api/v1/push/subscription"
ALERTS = {"data[alerts][mention]": "1", "data[policy]": "follower"}
SUBSCRIBE = {
    "subscription[endpoint]": "https://push.example/another",
    # A point on the curve (its generator), and any 16 bytes.
    "subscription[keys][p256dh]": (
        "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
    ),
    "subscription[keys][auth]": "AAECAwQFBgcICQoLDA0ODw",
    **ALERTS,
}


def _policies() -> list[Endpoint]:
    found = []
    drop = {"for_bots": "drop"}
    for base, option in ((V1, {"filter_not_following": "1"}), (V2, drop), (ALPHA, drop)):
        path = f"{base}/policy"
        found.append(Endpoint("GET", path, READ))
        found += [
            Endpoint(verb, path, WRITE, form=option, writes=True) for verb in ("PUT", "PATCH")
        ]
    return found


def _groups(base: str) -> list[Endpoint]:
    one = f"{base}/{{group_key}}"
    return [
        Endpoint("GET", base, READ),
        Endpoint("GET", f"{base}/unread_count", READ),
        Endpoint("POST", f"{base}/clear", WRITE, EMPTY, writes=True),
        Endpoint("GET", one, READ, foreign=NOT_FOUND),
        Endpoint("GET", f"{one}/accounts", READ, foreign=(200, [])),
        Endpoint("POST", f"{one}/dismiss", WRITE, EMPTY, foreign=(200, EMPTY), writes=True),
    ]  # fmt: skip


def _requests(base: str) -> list[Endpoint]:
    one, ids = f"{base}/{{request}}", {"id[]": "{request}"}
    return [
        Endpoint("GET", base, READ),
        Endpoint("GET", f"{base}/merged", READ, {"merged": True}),
        Endpoint("GET", one, READ, foreign=NOT_FOUND),
        Endpoint("POST", f"{one}/accept", WRITE, EMPTY, foreign=NOT_FOUND, writes=True),
        Endpoint("POST", f"{one}/dismiss", WRITE, EMPTY, foreign=NOT_FOUND, writes=True),
        Endpoint("POST", f"{base}/accept", WRITE, EMPTY, ids, foreign=(200, EMPTY), writes=True),
        Endpoint("POST", f"{base}/dismiss", WRITE, EMPTY, ids, foreign=(200, EMPTY), writes=True),
    ]  # fmt: skip


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", V1, READ),
    Endpoint("GET", f"{V1}/unread_count", READ),
    Endpoint("GET", f"{V1}/{{notification}}", READ, foreign=NOT_FOUND),
    Endpoint("GET", "/api/v1/notification/{notification}", READ, foreign=NOT_FOUND),
    Endpoint("POST", f"{V1}/clear", WRITE, EMPTY, writes=True),
    Endpoint("POST", f"{V1}/{{notification}}/dismiss", WRITE, EMPTY,
             foreign=NOT_FOUND, writes=True),
    Endpoint("POST", f"{V1}/dismiss", WRITE, EMPTY, {"id": "{notification}"},
             foreign=NOT_FOUND, writes=True),
    Endpoint("DELETE", f"{V1}/{{notification}}", WRITE, EMPTY, foreign=NOT_FOUND, writes=True),
    Endpoint("DELETE", f"{V1}/destroy_multiple", WRITE, EMPTY, {"ids[]": "{notification}"},
             foreign=(200, EMPTY), writes=True),
    *_policies(),
    *_requests(f"{V1}/requests"),
    *_groups(V2),
    *_groups(ALPHA),
    Endpoint("GET", "/api/stentor/v1/notifications/{notification}/why", READ, foreign=NOT_FOUND),
    Endpoint("GET", "/api/stentor/v1/decisions", READ),
    Endpoint("GET", "/api/stentor/v1/notification_permissions", READ),
    Endpoint("DELETE", "/api/stentor/v1/notification_permissions/{sender}", WRITE, EMPTY,
             foreign=(200, EMPTY), writes=True),
    Endpoint("GET", "/api/v1/markers", "read:statuses", form={"timeline[]": "notifications"}),
    Endpoint("POST", "/api/v1/markers", "write:statuses",
             form={"notifications[last_read_id]": "7"}, writes=True),
    # The token's own subscription: there is nothing of anybody else to name.
    Endpoint("GET", SUBSCRIPTION, "push"),
    Endpoint("POST", SUBSCRIPTION, "push", form=SUBSCRIBE, writes=True),
    Endpoint("PUT", SUBSCRIPTION, "push", form=ALERTS, writes=True),
    Endpoint("PATCH", SUBSCRIPTION, "push", form=ALERTS, writes=True),
    Endpoint("DELETE", SUBSCRIPTION, "push", EMPTY, writes=True),
)  # fmt: skip


# --- What a token can be -------------------------------------------------------------------------

INVALID = (401, "The access token is invalid", "invalid_token")
REVOKED = (401, "The access token was revoked", "invalid_token")
EXPIRED = (401, "The access token expired", "invalid_token")
OUTSIDE = (403, "This action is outside the authorized scopes", "insufficient_scope")
USER_REQUIRED = (422, "This method requires an authenticated user", "")
APP_REQUIRED = (403, "This method requires an client credentials authentication", "")
DISABLED = (403, "Your login is currently disabled", "")
UNCONFIRMED = (403, "Your login is missing a confirmed e-mail address", "")
PENDING = (403, "Your login is currently pending approval", "")
NOT_ALLOWED = (403, "This action is not allowed", "")
GOOD = None

#: Who shows the token, by what has become of a person who was fine.
PEOPLE: dict[str, str] = {
    "fine": "",
    "moved": "accounts SET moved_to_id = id WHERE id",
    "suspended": "accounts SET suspended_at = 1 WHERE id",
    "deleting": "accounts SET deletion_requested_at = 1 WHERE id",
    "memorial": "accounts SET memorial = TRUE WHERE id",
    "unconfirmed": "users SET confirmed_at = NULL WHERE account_id",
    "pending": "users SET approved = FALSE WHERE account_id",
    "disabled": "users SET disabled = TRUE WHERE account_id",
}


@dataclass(frozen=True)
class State:
    """One column: a token, and what it is told."""

    name: str
    told: tuple[int, str, str] | None
    #: Scopes; the names between braces are put in by `World.shown`.
    scopes: str = "{exact}"
    #: A key of PEOPLE, or "app" for an application's own token.
    who: str = "fine"
    #: A header instead of a token; None sends none.
    header: str | None = ""
    revoked: bool = False
    expired: bool = False


_PEOPLES_ANSWERS = (
    ("suspended", DISABLED), ("deleting", DISABLED), ("unconfirmed", UNCONFIRMED),
    ("pending", PENDING), ("disabled", DISABLED), ("memorial", DISABLED), ("moved", GOOD),
)  # fmt: skip

STATES: tuple[State, ...] = (
    State("no token", INVALID, header=None),
    State("malformed header", INVALID, header="Basic dXNlcjpwYXNzd29yZA=="),
    State("unknown token", INVALID, header="Bearer " + "x" * 43),
    State("app with scope", USER_REQUIRED, who="app"),
    State("app without scope", OUTSIDE, "{others}", who="app"),
    State("wrong scope", OUTSIDE, "{others}"),
    State("parent scope", GOOD, "{parent}"),
    State("exact scope", GOOD),
    State("revoked", REVOKED, revoked=True),
    State("expired", EXPIRED, expired=True),
    State("revoked and expired", REVOKED, revoked=True, expired=True),
    *(State(name, told, who=name) for name, told in _PEOPLES_ANSWERS),
    # Scopes are whole words, and their case counts.
    State("scope with a letter more", OUTSIDE, "{exact}X {exact}s X{exact} {parent}only"),
    State("scope with a letter less", OUTSIDE, "{less} {parent}: :"),
    State("scope in capitals", OUTSIDE, "{capitals}"),
    State("scopes between commas", OUTSIDE, "{parent},{exact}"),
    State("no scopes", OUTSIDE, ""),
    State("scopes that give nothing here", OUTSIDE, "follow profile admin:read admin:write"),
)


# --- Every route ---------------------------------------------------------------------------------

# METHOD path access scopes. r:X stands for read and read:X, w:X for write and write:X, the same
# behind admin:. "staff": a role is asked for as well.
_ROUTES = """
GET    /health open
GET    /api/v1/streaming/health open
GET    /api/v1/instance open
GET    /api/v2/instance open
GET    /api/v1/instance/peers open
GET    /api/v1/peers/search open
GET    /api/v1/instance/activity open
GET    /api/v1/instance/rules open
GET    /api/v1/instance/languages open
GET    /api/v1/instance/translation_languages open
GET    /api/v1/instance/extended_description open
GET    /api/v1/instance/privacy_policy open
GET    /api/v1/instance/terms_of_service open
GET    /api/v1/instance/terms_of_service/{date} open
GET    /api/v1/instance/domain_blocks open
GET    /api/v1/custom_emojis open
GET    /api/oembed open
POST   /api/v1/statuses/{id}/translate open
GET    /.well-known/nodeinfo open
GET    /nodeinfo/2.0 open
GET    /.well-known/host-meta open
GET    /.well-known/webfinger open
GET    /.well-known/oauth-authorization-server open
GET    /thumbnail.png open
GET    /privacy-policy open
GET    /robots.txt open
GET    /favicon.ico open
GET    /system/{path:path} open
GET    /avatars/original/missing.png open
GET    /headers/original/missing.png open

GET    / open
GET    /auth/stentor.css open
GET    /auth/stentor.svg open
GET    /auth/sign_in open
POST   /auth/sign_in open
GET    /auth/sign_out open
POST   /auth/sign_out open
GET    /auth/first_owner open
POST   /auth/first_owner open
GET    /auth/applications open
POST   /auth/applications open
GET    /oauth/authorize open
POST   /oauth/authorize open
DELETE /oauth/authorize open
GET    /oauth/authorize/native open
POST   /oauth/token open
POST   /oauth/revoke open
GET    /oauth/userinfo user profile
POST   /oauth/userinfo user profile
POST   /api/v1/apps open
GET    /api/v1/apps/verify_credentials token
POST   /api/v1/accounts app w:accounts
POST   /api/v1/emails/confirmations user w:accounts
GET    /api/v1/emails/check_confirmation user r:accounts

GET    /api/v1/accounts public r:accounts
GET    /api/v1/accounts/verify_credentials user r:accounts profile
PATCH  /api/v1/accounts/update_credentials user w:accounts
GET    /api/v1/profile user r:accounts profile
PATCH  /api/v1/profile user w:accounts
DELETE /api/v1/profile/avatar user w:accounts
DELETE /api/v1/profile/header user w:accounts
GET    /api/v1/preferences user r:accounts
GET    /api/v1/accounts/lookup public r:accounts
GET    /api/v1/accounts/search user r:accounts
GET    /api/v1/accounts/relationships user r:follows
GET    /api/v1/accounts/familiar_followers user r:follows
GET    /api/v1/accounts/{id} public r:accounts
GET    /api/v1/accounts/{id}/statuses public r:statuses
GET    /api/v1/accounts/{id}/followers public r:accounts
GET    /api/v1/accounts/{id}/following public r:accounts
GET    /api/v1/accounts/{id}/endorsements public r:accounts
GET    /api/v1/accounts/{id}/featured_tags public r:accounts
GET    /api/v1/accounts/{id}/identity_proofs user r:accounts
GET    /api/v1/accounts/{id}/lists user r:lists
GET    /api/v1/accounts/{id}/collections public r:collections
GET    /api/v1/accounts/{id}/in_collections public r:collections
POST   /api/v1/accounts/{id}/follow user follow w:follows
POST   /api/v1/accounts/{id}/unfollow user follow w:follows
POST   /api/v1/accounts/{id}/remove_from_followers user follow w:follows
POST   /api/v1/accounts/{id}/block user follow w:blocks
POST   /api/v1/accounts/{id}/unblock user follow w:blocks
POST   /api/v1/accounts/{id}/mute user follow w:mutes
POST   /api/v1/accounts/{id}/unmute user follow w:mutes
POST   /api/v1/accounts/{id}/note user w:accounts
POST   /api/v1/accounts/{id}/endorse user w:accounts
POST   /api/v1/accounts/{id}/unendorse user w:accounts
POST   /api/v1/accounts/{id}/pin user w:accounts
POST   /api/v1/accounts/{id}/unpin user w:accounts
GET    /api/v1/endorsements user r:accounts
GET    /api/v1/follow_requests user follow r:follows
POST   /api/v1/follow_requests/{id}/authorize user follow w:follows
POST   /api/v1/follow_requests/{id}/reject user follow w:follows
GET    /api/v1/blocks user follow r:blocks
GET    /api/v1/mutes user follow r:mutes
GET    /api/v1/domain_blocks user follow r:blocks
POST   /api/v1/domain_blocks user follow w:blocks
DELETE /api/v1/domain_blocks user follow w:blocks

GET    /api/v1/statuses public r:statuses
POST   /api/v1/statuses user w:statuses
GET    /api/v1/statuses/{id} public r:statuses
PUT    /api/v1/statuses/{id} user w:statuses
DELETE /api/v1/statuses/{id} user w:statuses
GET    /api/v1/statuses/{id}/context public r:statuses
GET    /api/v1/statuses/{id}/history public r:statuses
GET    /api/v1/statuses/{id}/source user r:statuses
GET    /api/v1/statuses/{id}/favourited_by public r:accounts
GET    /api/v1/statuses/{id}/reblogged_by public r:accounts
POST   /api/v1/statuses/{id}/favourite user w:favourites
POST   /api/v1/statuses/{id}/unfavourite user w:favourites
POST   /api/v1/statuses/{id}/reblog user w:statuses
POST   /api/v1/statuses/{id}/unreblog user w:statuses
POST   /api/v1/statuses/{id}/bookmark user w:bookmarks
POST   /api/v1/statuses/{id}/unbookmark user w:bookmarks
POST   /api/v1/statuses/{id}/mute user w:mutes
POST   /api/v1/statuses/{id}/unmute user w:mutes
POST   /api/v1/statuses/{id}/pin user w:accounts
POST   /api/v1/statuses/{id}/unpin user w:accounts
PUT    /api/v1/statuses/{id}/interaction_policy user w:statuses
GET    /api/v1/statuses/{id}/quotes user r:statuses
POST   /api/v1/statuses/{id}/quotes/{quoting_id}/revoke user w:statuses
GET    /api/v1/polls/{id} public r:statuses
POST   /api/v1/polls/{id}/votes user w:statuses
GET    /api/v1/favourites user r:favourites
GET    /api/v1/bookmarks user r:bookmarks
GET    /api/v1/scheduled_statuses user r:statuses
GET    /api/v1/scheduled_statuses/{id} user r:statuses
PUT    /api/v1/scheduled_statuses/{id} user w:statuses
DELETE /api/v1/scheduled_statuses/{id} user w:statuses

GET    /api/v1/timelines/home user r:statuses
GET    /api/v1/timelines/public public r:statuses
GET    /api/v1/timelines/tag/{hashtag} public r:statuses
GET    /api/v1/timelines/link public r:statuses
GET    /api/v1/timelines/list/{id} user r:lists
GET    /api/v1/timelines/direct user r:statuses
GET    /api/v1/conversations user r:statuses
DELETE /api/v1/conversations/{id} user w:conversations
POST   /api/v1/conversations/{id}/read user w:conversations
POST   /api/v1/conversations/{id}/unread user w:conversations
GET    /api/v1/lists user r:lists
POST   /api/v1/lists user w:lists
GET    /api/v1/lists/{id} user r:lists
PUT    /api/v1/lists/{id} user w:lists
DELETE /api/v1/lists/{id} user w:lists
GET    /api/v1/lists/{id}/accounts user r:lists
POST   /api/v1/lists/{id}/accounts user w:lists
DELETE /api/v1/lists/{id}/accounts user w:lists

GET    /api/v1/tags/{name} public r:follows
POST   /api/v1/tags/{name}/follow user follow w:follows
POST   /api/v1/tags/{name}/unfollow user follow w:follows
POST   /api/v1/tags/{name}/feature user w:accounts
POST   /api/v1/tags/{name}/unfeature user w:accounts
GET    /api/v1/followed_tags user follow r:follows
GET    /api/v1/featured_tags user r:accounts
POST   /api/v1/featured_tags user w:accounts
GET    /api/v1/featured_tags/suggestions user r:accounts
DELETE /api/v1/featured_tags/{id} user w:accounts
GET    /api/v2/search public r:search
GET    /api/v1/directory public
GET    /api/v1/trends public
GET    /api/v1/trends/tags public
GET    /api/v1/trends/statuses public
GET    /api/v1/trends/links public
GET    /api/v1/announcements user read
POST   /api/v1/announcements/{id}/dismiss user w:accounts
GET    /api/v1/suggestions user r:accounts
GET    /api/v2/suggestions user r:accounts
DELETE /api/v1/suggestions/{id} user w:accounts

GET    /api/stentor/v1/email_settings user r:accounts
PATCH  /api/stentor/v1/email_settings user w:accounts
GET    /api/stentor/v1/push/deliveries user push
POST   /api/stentor/v1/push/test user push
GET    /unsubscribe open
POST   /unsubscribe open
DELETE /api/web/push_subscriptions/{signed} open
POST   /api/web/push_subscriptions/{signed} open

GET    /api/v2/filters user r:filters
POST   /api/v2/filters user w:filters
GET    /api/v2/filters/{id} user r:filters
PUT    /api/v2/filters/{id} user w:filters
DELETE /api/v2/filters/{id} user w:filters
GET    /api/v2/filters/{id}/keywords user r:filters
POST   /api/v2/filters/{id}/keywords user w:filters
GET    /api/v2/filters/{id}/statuses user r:filters
POST   /api/v2/filters/{id}/statuses user w:filters
GET    /api/v2/filters/keywords/{id} user r:filters
PUT    /api/v2/filters/keywords/{id} user w:filters
DELETE /api/v2/filters/keywords/{id} user w:filters
GET    /api/v2/filters/statuses/{id} user r:filters
DELETE /api/v2/filters/statuses/{id} user w:filters
GET    /api/v1/filters user r:filters
POST   /api/v1/filters user w:filters
GET    /api/v1/filters/{id} user r:filters
PUT    /api/v1/filters/{id} user w:filters
DELETE /api/v1/filters/{id} user w:filters

POST   /api/v1/reports user w:reports
GET    /api/v1/admin/accounts staff admin:r:accounts
GET    /api/v2/admin/accounts staff admin:r:accounts
GET    /api/v1/admin/accounts/{id} staff admin:r:accounts
DELETE /api/v1/admin/accounts/{id} staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/action staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/enable staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/unsilence staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/unsuspend staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/unsensitive staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/approve staff admin:w:accounts
POST   /api/v1/admin/accounts/{id}/reject staff admin:w:accounts
GET    /api/v1/admin/reports staff admin:r:reports
GET    /api/v1/admin/reports/{id} staff admin:r:reports
PUT    /api/v1/admin/reports/{id} staff admin:w:reports
POST   /api/v1/admin/reports/{id}/assign_to_self staff admin:w:reports
POST   /api/v1/admin/reports/{id}/unassign staff admin:w:reports
POST   /api/v1/admin/reports/{id}/resolve staff admin:w:reports
POST   /api/v1/admin/reports/{id}/reopen staff admin:w:reports
GET    /api/v1/admin/domain_blocks staff admin:r:domain_blocks
POST   /api/v1/admin/domain_blocks staff admin:w:domain_blocks
GET    /api/v1/admin/domain_blocks/{id} staff admin:r:domain_blocks
PUT    /api/v1/admin/domain_blocks/{id} staff admin:w:domain_blocks
DELETE /api/v1/admin/domain_blocks/{id} staff admin:w:domain_blocks
GET    /api/v1/admin/trends/tags staff admin:read
GET    /api/v1/admin/trends/statuses staff admin:read
GET    /api/v1/admin/trends/links staff admin:read
GET    /api/v1/admin/trends/links/publishers staff admin:read
POST   /api/v1/admin/measures staff admin:read
POST   /api/v1/admin/dimensions staff admin:read
POST   /api/v1/admin/retention staff admin:read
GET    /api/v1/admin/canonical_email_blocks staff admin:r:canonical_email_blocks
GET    /api/v1/admin/canonical_email_blocks/{id} staff admin:r:canonical_email_blocks
GET    /api/v1/admin/domain_allows staff admin:r:domain_allows
GET    /api/v1/admin/domain_allows/{id} staff admin:r:domain_allows
GET    /api/v1/admin/email_domain_blocks staff admin:r:email_domain_blocks
GET    /api/v1/admin/email_domain_blocks/{id} staff admin:r:email_domain_blocks
GET    /api/v1/admin/ip_blocks staff admin:r:ip_blocks
GET    /api/v1/admin/ip_blocks/{id} staff admin:r:ip_blocks

POST   /api/v1/collections user w:collections
GET    /api/v1/collections/{id} public r:collections
PATCH  /api/v1/collections/{id} user w:collections
DELETE /api/v1/collections/{id} user w:collections
POST   /api/v1/collections/{id}/items user w:collections
DELETE /api/v1/collections/{id}/items/{item_id} user w:collections
POST   /api/v1/collections/{id}/items/{item_id}/revoke user w:collections
GET    /api/v1/annual_reports user r:accounts
GET    /api/v1/annual_reports/{year} user r:accounts
GET    /api/v1/annual_reports/{year}/state user r:accounts
POST   /api/v1/annual_reports/{year}/read user w:accounts
POST   /api/v1/annual_reports/{year}/generate user w:accounts
GET    /api/v1/donation_campaigns user
GET    /api/v1_alpha/async_refreshes/{id} user read
"""


@dataclass(frozen=True)
class Access:
    """Who may use a route: open, public, user, staff, token or app; with any of the scopes."""

    kind: str
    scopes: frozenset[str]


def _scopes(short: str) -> tuple[str, ...]:
    prefix = "admin:" if short.startswith("admin:") else ""
    verb, colon, noun = short.removeprefix(prefix).partition(":")
    verb = {"r": "read", "w": "write"}.get(verb, verb)
    return (f"{prefix}{verb}", f"{prefix}{verb}:{noun}") if colon else (f"{prefix}{verb}",)


def _read() -> dict[tuple[str, str], Access]:
    found: dict[tuple[str, str], Access] = {}
    for line in filter(None, _ROUTES.splitlines()):
        method, path, kind, *short = line.split()
        scopes = frozenset(scope for one in short for scope in _scopes(one))
        assert (method, path) not in found, line
        found[method, path] = Access(kind, scopes)
    for one in ENDPOINTS:
        path = re.sub(r"\{(notification|request|sender)\}", "{id}", one.path)
        found[one.method, path] = Access("user", frozenset(one.accepted))
    return found


ROUTES = _read()


# --- Rate limits ---------------------------------------------------------------------------------

MINUTE = 60_000
HOUR = 60 * MINUTE
#: In how many milliseconds how many requests are answered, where that is fewer than the general
#: 300 in five minutes.
LIMITS: dict[tuple[str, str], tuple[int, int]] = {
    ("POST", "/api/v1/apps"): (5, 10 * MINUTE),
    ("POST", "/api/v1/accounts"): (5, 30 * MINUTE),
    ("POST", "/auth/first_owner"): (5, 30 * MINUTE),
    ("POST", "/auth/sign_in"): (25, 5 * MINUTE),
    ("POST", "/oauth/token"): (60, 5 * MINUTE),
    ("POST", "/oauth/revoke"): (60, 5 * MINUTE),
    ("DELETE", "/api/v1/statuses/{id}"): (30, 30 * MINUTE),
    ("POST", "/api/v1/statuses/{id}/unreblog"): (30, 30 * MINUTE),
}
#: Counted for each token, so whoever has none is not counted against these.
TOKEN_LIMITS: dict[tuple[str, str], tuple[int, int]] = {
    (method, SUBSCRIPTION): (30, HOUR) for method in ("POST", "PUT", "PATCH", "DELETE")
} | {("POST", "/api/stentor/v1/push/test"): (30, HOUR)}
#: What a proxy serves elsewhere: files, and whether the server is up.
GENEROUS = {
    ("GET", "/health"), ("GET", "/api/v1/streaming/health"), ("GET", "/thumbnail.png"),
    ("GET", "/favicon.ico"), ("GET", "/system/{path:path}"),
    ("GET", "/avatars/original/missing.png"), ("GET", "/headers/original/missing.png"),
    ("GET", "/auth/stentor.css"), ("GET", "/auth/stentor.svg"),
}  # fmt: skip
SIGN_IN = ("POST", "/auth/sign_in")
#: How the paths of pages for people begin, beside the front page.
PAGES = ("/auth/", "/oauth/authorize", "/privacy-policy", "/robots.txt", "/unsubscribe")
