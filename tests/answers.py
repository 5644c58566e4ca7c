"""What each route answers with, rules that join fields, and the check of every answer.

The language is that of `tests.shapes`, the entities are those of `tests.entity_tables`.
"""

from __future__ import annotations

from typing import Any

from tests import entity_tables
from tests.shapes import Rule, Seen, Tables

ANSWERS = """
GET /api/v1/instance: InstanceV1
GET /api/v2/instance: Instance
GET /api/v1/instance/peers: [text]
GET /api/v1/peers/search: [text]
GET /api/v1/instance/activity: [Week]
GET /api/v1/instance/rules: []
GET /api/v1/instance/languages: [Language]+
GET /api/v1/instance/translation_languages: Nothing
GET /api/v1/instance/extended_description: ExtendedDescription
GET /api/v1/instance/privacy_policy: PrivacyPolicy
GET /.well-known/nodeinfo: NodeInfoLinks
GET /nodeinfo/2.0: NodeInfo
GET /.well-known/webfinger: WebFinger

GET /.well-known/oauth-authorization-server: Metadata
POST /api/v1/apps: CredentialApplication
GET /api/v1/apps/verify_credentials: Application
POST /api/v1/accounts: Token
POST /oauth/token: Token
POST /oauth/revoke: Nothing
GET /oauth/userinfo: UserInfo
POST /oauth/userinfo: UserInfo

GET /api/v1/accounts: [Account]
GET /api/v1/accounts/verify_credentials: CredentialAccount
PATCH /api/v1/accounts/update_credentials: CredentialAccount
GET /api/v1/profile: Profile
PATCH /api/v1/profile: Profile
DELETE /api/v1/profile/avatar: CredentialAccount
DELETE /api/v1/profile/header: CredentialAccount
GET /api/v1/preferences: Preferences
GET /api/v1/accounts/lookup: Account
GET /api/v1/accounts/search: [Account]
GET /api/v1/accounts/{id}: Account
GET /api/v1/accounts/{id}/followers: [Account]
GET /api/v1/accounts/{id}/following: [Account]
GET /api/v1/accounts/{id}/endorsements: [Account]
GET /api/v1/endorsements: [Account]

GET /api/v1/accounts/relationships: [Relationship]
GET /api/v1/accounts/familiar_followers: [FamiliarFollowers]
POST /api/v1/accounts/{id}/follow: Relationship
POST /api/v1/accounts/{id}/unfollow: Relationship
POST /api/v1/accounts/{id}/remove_from_followers: Relationship
POST /api/v1/accounts/{id}/block: Relationship
POST /api/v1/accounts/{id}/unblock: Relationship
POST /api/v1/accounts/{id}/mute: Relationship
POST /api/v1/accounts/{id}/unmute: Relationship
POST /api/v1/accounts/{id}/note: Relationship
POST /api/v1/accounts/{id}/endorse: Relationship
POST /api/v1/accounts/{id}/unendorse: Relationship
POST /api/v1/accounts/{id}/pin: Relationship
POST /api/v1/accounts/{id}/unpin: Relationship
GET /api/v1/follow_requests: [Account]
POST /api/v1/follow_requests/{id}/authorize: Relationship
POST /api/v1/follow_requests/{id}/reject: Relationship
GET /api/v1/blocks: [Account]
GET /api/v1/mutes: [MutedAccount]
GET /api/v1/domain_blocks: [text]
POST /api/v1/domain_blocks: Nothing
DELETE /api/v1/domain_blocks: Nothing

GET /api/v1/statuses: [Status]
POST /api/v1/statuses: Status
GET /api/v1/statuses/{id}: Status
PUT /api/v1/statuses/{id}: Status
DELETE /api/v1/statuses/{id}: DeletedStatus
GET /api/v1/statuses/{id}/context: Context
GET /api/v1/statuses/{id}/history: [StatusEdit]+
GET /api/v1/statuses/{id}/source: StatusSource
GET /api/v1/statuses/{id}/favourited_by: [Account]
GET /api/v1/statuses/{id}/reblogged_by: [Account]
POST /api/v1/statuses/{id}/favourite: Status
POST /api/v1/statuses/{id}/unfavourite: Status
POST /api/v1/statuses/{id}/reblog: Status
POST /api/v1/statuses/{id}/unreblog: Status
POST /api/v1/statuses/{id}/bookmark: Status
POST /api/v1/statuses/{id}/unbookmark: Status
POST /api/v1/statuses/{id}/mute: Status
POST /api/v1/statuses/{id}/unmute: Status
POST /api/v1/statuses/{id}/pin: Status
POST /api/v1/statuses/{id}/unpin: Status
PUT /api/v1/statuses/{id}/interaction_policy: Status
GET /api/v1/statuses/{id}/quotes: [Status]
POST /api/v1/statuses/{id}/quotes/{quoting_id}/revoke: Status
GET /api/v1/polls/{id}: Poll
POST /api/v1/polls/{id}/votes: Poll
GET /api/v1/accounts/{id}/statuses: [Status]
GET /api/v1/favourites: [Status]
GET /api/v1/bookmarks: [Status]

GET /api/v1/timelines/home: [Status]
GET /api/v1/timelines/public: [Status]
GET /api/v1/timelines/tag/{hashtag}: [Status]
GET /api/v1/timelines/list/{id}: [Status]
GET /api/v1/timelines/direct: [Status]
GET /api/v1/conversations: [Conversation]
DELETE /api/v1/conversations/{id}: Nothing
POST /api/v1/conversations/{id}/read: Conversation
POST /api/v1/conversations/{id}/unread: Conversation
GET /api/v1/lists: [List]
POST /api/v1/lists: List
GET /api/v1/lists/{id}: List
PUT /api/v1/lists/{id}: List
DELETE /api/v1/lists/{id}: Nothing
GET /api/v1/lists/{id}/accounts: [Account]
POST /api/v1/lists/{id}/accounts: Nothing
DELETE /api/v1/lists/{id}/accounts: Nothing
GET /api/v1/accounts/{id}/lists: [List]
GET /api/v1/tags/{name}: Tag
POST /api/v1/tags/{name}/follow: Tag
POST /api/v1/tags/{name}/unfollow: Tag
POST /api/v1/tags/{name}/feature: Tag
POST /api/v1/tags/{name}/unfeature: Tag
GET /api/v1/followed_tags: [Tag]
GET /api/v1/featured_tags: [FeaturedTag]
POST /api/v1/featured_tags: FeaturedTag
GET /api/v1/featured_tags/suggestions: [Tag]
DELETE /api/v1/featured_tags/{id}: Nothing
GET /api/v1/accounts/{id}/featured_tags: [FeaturedTag]
GET /api/v2/search: Search
GET /api/v1/directory: [Account]

GET /api/v1/announcements: []
GET /api/v1/trends: []
GET /api/v1/trends/tags: []
GET /api/v1/trends/statuses: []
GET /api/v1/trends/links: []
GET /api/v1/suggestions: []
DELETE /api/v1/suggestions/{id}: Nothing
GET /api/v2/suggestions: []
GET /api/v1/scheduled_statuses: []
GET /api/v1/custom_emojis: []
GET /api/v1/accounts/{id}/identity_proofs: []
GET /api/v1/accounts/{id}/collections: Collections
GET /api/v1/accounts/{id}/in_collections: Collections
POST /api/v1/collections: WrappedCollection
GET /api/v1/collections/{id}: CollectionWithAccounts
PATCH /api/v1/collections/{id}: WrappedCollection
DELETE /api/v1/collections/{id}: Nothing
POST /api/v1/collections/{id}/items: WrappedCollectionItem
DELETE /api/v1/collections/{id}/items/{item_id}: Nothing
POST /api/v1/collections/{id}/items/{item_id}/revoke: Nothing
GET /api/v1/annual_reports: AnnualReports
GET /api/v1/annual_reports/{year}/state: AnnualReportState
GET /api/v1/emails/check_confirmation: true

GET /api/v2/filters: [Filter]
POST /api/v2/filters: Filter
GET /api/v2/filters/{id}: Filter
PUT /api/v2/filters/{id}: Filter
DELETE /api/v2/filters/{id}: Nothing
GET /api/v2/filters/{id}/keywords: [FilterKeyword]
POST /api/v2/filters/{id}/keywords: FilterKeyword
GET /api/v2/filters/{id}/statuses: [FilterStatus]
POST /api/v2/filters/{id}/statuses: FilterStatus
GET /api/v2/filters/keywords/{id}: FilterKeyword
PUT /api/v2/filters/keywords/{id}: FilterKeyword
DELETE /api/v2/filters/keywords/{id}: Nothing
GET /api/v2/filters/statuses/{id}: FilterStatus
DELETE /api/v2/filters/statuses/{id}: Nothing
GET /api/v1/filters: [FilterV1]
POST /api/v1/filters: FilterV1
GET /api/v1/filters/{id}: FilterV1
PUT /api/v1/filters/{id}: FilterV1
DELETE /api/v1/filters/{id}: Nothing

GET /api/v1/notifications: [Notification]
GET /api/v1/notifications/{id}: Notification
GET /api/v1/notification/{id}: Notification
GET /api/v1/notifications/unread_count: UnreadCount
POST /api/v1/notifications/clear: Nothing
POST /api/v1/notifications/dismiss: Nothing
POST /api/v1/notifications/{id}/dismiss: Nothing
DELETE /api/v1/notifications/{id}: Nothing
DELETE /api/v1/notifications/destroy_multiple: Nothing
GET /api/v1/notifications/policy: NotificationPolicyV1
PUT /api/v1/notifications/policy: NotificationPolicyV1
PATCH /api/v1/notifications/policy: NotificationPolicyV1
GET /api/v1/notifications/requests: [NotificationRequest]
GET /api/v1/notifications/requests/{id}: NotificationRequest
GET /api/v1/notifications/requests/merged: Merged
POST /api/v1/notifications/requests/accept: Nothing
POST /api/v1/notifications/requests/dismiss: Nothing
POST /api/v1/notifications/requests/{id}/accept: Nothing
POST /api/v1/notifications/requests/{id}/dismiss: Nothing
GET /api/stentor/v1/notifications/{id}/why: Why
GET /api/stentor/v1/decisions: [NotificationDecision]
GET /api/stentor/v1/notification_permissions: [NotificationPermission]
DELETE /api/stentor/v1/notification_permissions/{id}: Nothing
GET /api/v1/markers: Markers
POST /api/v1/markers: Markers

POST /api/v1/push/subscription: WebPushSubscription
GET /api/v1/push/subscription: WebPushSubscription
PUT /api/v1/push/subscription: WebPushSubscription
PATCH /api/v1/push/subscription: WebPushSubscription
DELETE /api/v1/push/subscription: Nothing
DELETE /api/web/push_subscriptions/{signed}: Nothing
POST /api/web/push_subscriptions/{signed}: Nothing
GET /api/stentor/v1/push/deliveries: [PushDelivery]
POST /api/stentor/v1/push/test: PushTest
GET /api/stentor/v1/email_settings: EmailSettings
PATCH /api/stentor/v1/email_settings: EmailSettings

POST /api/v1/reports: Report
GET /api/v1/admin/accounts: [AdminAccount]
GET /api/v2/admin/accounts: [AdminAccount]
GET /api/v1/admin/accounts/{id}: AdminAccount
DELETE /api/v1/admin/accounts/{id}: AdminAccount
POST /api/v1/admin/accounts/{id}/action: Nothing
POST /api/v1/admin/accounts/{id}/enable: AdminAccount
POST /api/v1/admin/accounts/{id}/unsilence: AdminAccount
POST /api/v1/admin/accounts/{id}/unsuspend: AdminAccount
POST /api/v1/admin/accounts/{id}/unsensitive: AdminAccount
POST /api/v1/admin/accounts/{id}/approve: AdminAccount
POST /api/v1/admin/accounts/{id}/reject: Nothing
GET /api/v1/admin/reports: [AdminReport]
GET /api/v1/admin/reports/{id}: AdminReport
PUT /api/v1/admin/reports/{id}: AdminReport
POST /api/v1/admin/reports/{id}/assign_to_self: AdminReport
POST /api/v1/admin/reports/{id}/unassign: AdminReport
POST /api/v1/admin/reports/{id}/resolve: AdminReport
POST /api/v1/admin/reports/{id}/reopen: AdminReport
GET /api/v1/admin/domain_blocks: [AdminDomainBlock]
POST /api/v1/admin/domain_blocks: AdminDomainBlock
GET /api/v1/admin/domain_blocks/{id}: AdminDomainBlock
PUT /api/v1/admin/domain_blocks/{id}: AdminDomainBlock
DELETE /api/v1/admin/domain_blocks/{id}: Nothing
GET /api/v1/admin/trends/tags: []
GET /api/v1/admin/trends/statuses: []
GET /api/v1/admin/trends/links: []
GET /api/v1/admin/trends/links/publishers: []
POST /api/v1/admin/measures: []
POST /api/v1/admin/dimensions: []
POST /api/v1/admin/retention: []
GET /api/v1/admin/canonical_email_blocks: []
GET /api/v1/admin/domain_allows: []
GET /api/v1/admin/email_domain_blocks: []
GET /api/v1/admin/ip_blocks: []
""" + "".join(
    f"""
GET {base}: GroupedNotificationsResults
GET {base}/unread_count: UnreadCount
POST {base}/clear: Nothing
GET {base}/policy: NotificationPolicy
PUT {base}/policy: NotificationPolicy
PATCH {base}/policy: NotificationPolicy
GET {base}/{{group_key}}: GroupedNotificationsResults
GET {base}/{{group_key}}/accounts: [Account]
POST {base}/{{group_key}}/dismiss: Nothing
"""
    for base in ("/api/v2/notifications", "/api/v2_alpha/notifications")
)

#: What never answers 200 with JSON: pages for people, files, and what there is not (B3).
_NO_JSON = """
GET /health
GET /api/v1/streaming/health
GET /api/v1/streaming/user
GET /api/v1/streaming/user/notification
GET /api/v1/streaming/direct
GET /api/v1/streaming/list
GET /api/v1/streaming/hashtag
GET /api/v1/streaming/hashtag/local
GET /api/v1/streaming/public
GET /api/v1/streaming/public/local
GET /api/v1/streaming/public/remote
GET /unsubscribe
POST /unsubscribe
GET /api/v1/instance/terms_of_service
GET /api/v1/instance/terms_of_service/{date}
GET /api/v1/instance/domain_blocks
GET /.well-known/host-meta
GET /thumbnail.png
GET /privacy-policy
GET /robots.txt
GET /favicon.ico
GET /oauth/authorize
POST /oauth/authorize
DELETE /oauth/authorize
GET /oauth/authorize/native
GET /
GET /auth/stentor.css
GET /auth/stentor.svg
GET /auth/sign_in
POST /auth/sign_in
GET /auth/sign_out
POST /auth/sign_out
GET /auth/first_owner
POST /auth/first_owner
GET /auth/applications
POST /auth/applications
GET /system/{path:path}
GET /avatars/original/missing.png
GET /headers/original/missing.png
POST /api/v1/statuses/{id}/translate
GET /api/v1/timelines/link
POST /api/v1/announcements/{id}/dismiss
GET /api/v1/scheduled_statuses/{id}
PUT /api/v1/scheduled_statuses/{id}
DELETE /api/v1/scheduled_statuses/{id}
GET /api/v1/annual_reports/{year}
POST /api/v1/annual_reports/{year}/read
POST /api/v1/annual_reports/{year}/generate
GET /api/v1/donation_campaigns
POST /api/v1/emails/confirmations
GET /api/oembed
GET /api/v1_alpha/async_refreshes/{id}
GET /api/v1/admin/canonical_email_blocks/{id}
GET /api/v1/admin/domain_allows/{id}
GET /api/v1/admin/email_domain_blocks/{id}
GET /api/v1/admin/ip_blocks/{id}
"""
NO_JSON = [tuple(line.split()) for line in _NO_JSON.split("\n") if line]

_STATUS_TYPES = {
    "favourite", "reblog", "status", "mention", "poll", "update", "quote", "quoted_update",
}  # fmt: skip
_KEYS = {
    **dict.fromkeys(_STATUS_TYPES, "status"),
    "admin.report": "report",
    "severed_relationships": "event",
    "moderation_warning": "moderation_warning",
    "added_to_collection": "collection",
    "collection_update": "collection",
    "annual_report": "annual_report",
}
_BASELINE = {*_STATUS_TYPES, "follow", "follow_request", "annual_report"}
_WITH_STATUS = {"accepted", "blocked_account", "blocked_domain", "muted_account"}

_OWN = ("content", "language", "sensitive", "application", "poll", "quote")


def _attached(*absent: str, status: str) -> Rule:
    """The key of the type is there, and no other's; those ``absent`` are never there."""

    def holds(one: dict[str, Any]) -> bool:
        keys = {status if key == "status" else key for key in _KEYS.values()}
        own = _KEYS.get(one["type"])
        expected = {status if own == "status" else own} - {None, *absent}
        return keys & one.keys() == expected

    return holds


def _together(*names: str) -> Rule:
    return lambda one: len({name in one for name in names}) == 1


RULES: dict[str, dict[str, Rule]] = {
    "Account": {
        "noindex and roles are there for local accounts only (C3.1)": lambda one: (
            [name in one for name in ("noindex", "roles")] == ["@" not in one["acct"]] * 2
        ),
        "username is never with a domain (trap 27)": lambda one: (
            one["acct"].partition("@")[0] == one["username"] and "@" not in one["username"]
        ),
        "noindex is the opposite of indexable": lambda one: (
            one.get("noindex", not one["indexable"]) is not one["indexable"]
        ),
        "a suspended one is blank (C3.1)": lambda one: (
            "suspended" not in one
            or ((one["note"], one["display_name"], one["fields"], "moved" in one)
            == ("", "", [], False)
            and one["avatar"].endswith("/avatars/original/missing.png")
            and one["header"].endswith("/headers/original/missing.png"))
        ),
    },
    "Relationship": {
        "without follow or request there are no options (C3.5)": lambda one: (
            one["following"]
            or one["requested"]
            or (one["showing_reblogs"], one["notifying"], one["languages"]) == (False, False, None)
        ),
        "muting's details are of a mute": lambda one: (
            one["muting"] or not (one["muting_notifications"] or one["muting_expires_at"])
        ),
    },
    "Status": {
        "a viewer's keys come together (trap 28)": _together(
            "favourited", "reblogged", "muted", "bookmarked", "filtered"
        ),
        "pinned is for signed-in authors of what can be pinned": lambda one: (
            "pinned" not in one
            or ("favourited" in one and not one["reblog"] and one["visibility"] != "direct")
        ),
        "who answers answers somebody": lambda one: (
            one["in_reply_to_id"] is None or one["in_reply_to_account_id"] is not None
        ),
        "a wrapper says nothing of its own (C8)": lambda one: (
            not one["reblog"] or not any(one.get(name) for name in _OWN)
        ),
        "the keys of a poll are those of its status's viewer": lambda one: (
            not one["poll"] or ("voted" in one["poll"]) == ("favourited" in one)
        ),
        "an anonymous viewer's right to quote is not known": lambda one: (
            (one["quote_approval"]["current_user"] == "unknown") == ("favourited" not in one)
        ),
    },
    "Quote": {
        "a status is there exactly in the states that show one": lambda one: (
            (one["quoted_status"] is not None) == (one["state"] in _WITH_STATUS)
        )
    },
    "ShallowQuote": {
        "an id is there exactly in the states that show one": lambda one: (
            (one["quoted_status_id"] is not None) == (one["state"] in _WITH_STATUS)
        )
    },
    "Poll": {
        "voted and own_votes come together": _together("voted", "own_votes"),
        "who has votes has voted": lambda one: not one.get("own_votes") or one["voted"],
        "either all numbers are hidden or none": lambda one: (
            len({option["votes_count"] is None for option in one["options"]}) == 1
        ),
        "nothing is hidden after the end (C11.1)": lambda one: (
            not one["expired"] or one["options"][0]["votes_count"] is not None
        ),
    },
    "Tag": {"what a viewer does comes together": _together("following", "featuring")},
    "Notification": {
        "it has the key of its type and no other (2.1)": _attached(
            "annual_report", status="status"
        ),
        "only newer types have words (2.9)": lambda one: (
            "fallback" not in one or one["type"] not in _BASELINE
        ),
    },
    "NotificationGroup": {
        "it has the key of its type and no other (2.3)": _attached(status="status_id"),
        "the keys of a page come together (2.3)": _together(
            "page_min_id", "page_max_id", "latest_page_notification_at"
        ),
        "page_max_id is the newest id as a string (2.3)": lambda one: (
            one.get("page_max_id", str(one["most_recent_notification_id"]))
            == str(one["most_recent_notification_id"])
        ),
        "at most eight are named, nobody twice (2.3)": lambda one: (
            len(set(one["sample_account_ids"])) == len(one["sample_account_ids"]) <= 8
        ),
        "only newer types have words (2.9)": lambda one: (
            "fallback" not in one or one["type"] not in _BASELINE
        ),
    },
    "GroupedNotificationsResults": {
        "every account that is named is there once (trap 17)": lambda one: (
            sorted(
                account["id"]
                for account in [*one["accounts"], *one.get("partial_accounts", [])]
            )
            == sorted(
                {each for group in one["notification_groups"] for each in
                 group["sample_account_ids"]}
            )
        ),
        "every status that is named is there once (trap 17)": lambda one: (
            sorted(status["id"] for status in one["statuses"])
            == sorted(
                {group["status_id"] for group in one["notification_groups"]
                 if group.get("status_id")}
            )
        ),
    },
    "NotificationRequest": {
        "at most a hundred are counted (2.6)": lambda one: int(one["notifications_count"]) <= 100
    },
    "Report": {
        "who acted did so at some time": lambda one: (
            one["action_taken"] == (one["action_taken_at"] is not None)
        ),
        "named rules make it a violation (C15)": lambda one: (
            one["rule_ids"] is None or one["category"] == "violation"
        ),
    },
    "AdminReport": {
        "who acted did so at some time": lambda one: (
            one["action_taken"] == (one["action_taken_at"] is not None)
        )
    },
    "Collection": {
        "only those who agreed are counted": lambda one: (
            one["item_count"] == sum(item["state"] == "accepted" for item in one["items"])
        )
    },
    "CollectionItem": {
        "the account is told unless it said no (2.10)": lambda one: (
            ("account_id" in one) == (one["state"] in ("pending", "accepted"))
        )
    },
    "NotificationDecision": {
        "what was dropped has no notification": lambda one: (
            one["verdict"] != "drop" or one["notification_id"] is None
        )
    },
}  # fmt: skip

TABLES = Tables(entity_tables.ALL, ANSWERS, RULES)


def check_answer(method: str, path: str, status: int, body: Any, seen: Seen | None = None) -> None:
    """Raises WrongShape unless JSON that was sent is what the route, or a failure, answers with."""
    if status >= 400:
        TABLES.check("Error", body, seen)
        return
    expected = TABLES.of_answer(method, path.rstrip("/") or "/")
    if expected is not None:
        TABLES.check(expected, body, seen)
