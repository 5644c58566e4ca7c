"""Every path, verb, handler and scope, in one list to read from top to bottom.

Literal segments win over ``{id}``. A token passes if it holds any of the scopes listed; a route
without scopes takes every token. Every route has rate limits: those of the API where a token is
asked for, and on top of them those named here; a route that is open to everybody names its own.
"""

from __future__ import annotations

from stentor.api import (
    absent,
    accounts,
    admin_routes,
    apps,
    blocks,
    bookmarks,
    collections,
    conversations,
    domain_blocks,
    email_settings,
    favourites,
    filters,
    filters_v1,
    follow_requests,
    grouped_notifications,
    health,
    instance,
    lists,
    markers,
    media_files,
    mutes,
    notification_decisions,
    notification_permissions,
    notification_policies,
    notification_requests,
    notifications,
    oauth,
    polls,
    preferences,
    profile,
    push_deliveries,
    push_subscriptions,
    quotes,
    registrations,
    relationships,
    reports,
    routing,
    search,
    sign_in,
    small_answers,
    statuses,
    streaming,
    tags,
    timelines,
    unsubscriptions,
    well_known,
)
from stentor.api.auth import Access
from stentor.api.endpoint import Route
from stentor.api.pages import render
from stentor.api.rate_limits import (
    API,
    APPS,
    DELETE,
    FILES,
    FOLLOWS,
    HEALTH,
    OAUTH_TOKEN,
    PAGES,
    PUSH,
    REPORTS,
    SIGN_IN,
    SIGN_IN_ACCOUNT,
    SIGN_UP,
    STATUSES,
    STREAMS,
)
from stentor.domain.streams import PATHS, SCOPES

PUBLIC, USER, TOKEN, APP, OPEN = (
    Access.PUBLIC, Access.USER, Access.TOKEN, Access.APP, Access.OPEN,
)  # fmt: skip

_get, _post, _put = routing.get, routing.post, routing.put
_patch, _delete = routing.patch, routing.delete

READ_ACCOUNTS = ("read", "read:accounts")
WRITE_ACCOUNTS = ("write", "write:accounts")
WRITE_FOLLOWS = ("follow", "write", "write:follows")
WRITE_BLOCKS = ("follow", "write", "write:blocks")
WRITE_MUTES = ("follow", "write", "write:mutes")
READ_STATUSES = ("read", "read:statuses")
WRITE_STATUSES = ("write", "write:statuses")
READ_FILTERS = ("read", "read:filters")
WRITE_FILTERS = ("write", "write:filters")
READ_NOTIFICATIONS = ("read", "read:notifications")
WRITE_NOTIFICATIONS = ("write", "write:notifications")
WRITE_CONVERSATIONS = ("write", "write:conversations")
READ_COLLECTIONS = ("read", "read:collections")
WRITE_COLLECTIONS = ("write", "write:collections")
ADMIN_LISTS = (
    "canonical_email_blocks", "domain_allows", "email_domain_blocks", "ip_blocks",
)  # fmt: skip


def _requests(base: str) -> tuple[Route, ...]:
    """Notification requests (notifications.md 1.16)."""
    requests, read, write = notification_requests, READ_NOTIFICATIONS, WRITE_NOTIFICATIONS
    return (
        _get(base, requests.index, USER, *read),
        _get(f"{base}/merged", requests.merged, USER, *read),
        _post(f"{base}/accept", requests.accept_many, USER, *write),
        _post(f"{base}/dismiss", requests.dismiss_many, USER, *write),
        _get(f"{base}/{{id}}", requests.show, USER, *read),
        _post(f"{base}/{{id}}/accept", requests.accept, USER, *write),
        _post(f"{base}/{{id}}/dismiss", requests.dismiss, USER, *write),
    )


def _grouped(base: str) -> tuple[Route, ...]:
    """Notifications in groups; v2_alpha was an alias before 4.3.0 (notifications.md 1.13)."""
    grouped, policies = grouped_notifications, notification_policies
    read, write = READ_NOTIFICATIONS, WRITE_NOTIFICATIONS
    return (
        _get(base, grouped.index, USER, *read, remembered=True),
        _get(f"{base}/unread_count", grouped.unread_count, USER, *read, remembered=True),
        _post(f"{base}/clear", notifications.clear, USER, *write),
        _get(f"{base}/policy", policies.show, USER, *read),
        _put(f"{base}/policy", policies.update, USER, *write),
        _patch(f"{base}/policy", policies.update, USER, *write),
        _get(f"{base}/{{group_key}}", grouped.show, USER, *read),
        _get(f"{base}/{{group_key}}/accounts", grouped.accounts_of_group, USER, *read),
        _post(f"{base}/{{group_key}}/dismiss", grouped.dismiss, USER, *write),
    )


def _streams(base: str) -> tuple[Route, ...]:
    """Event streams: `streaming.Streams` answers before these do, and asks for the scopes."""
    return tuple(
        _get(f"{base}/{path}", streaming.stream, OPEN, *sorted(SCOPES[name]), limits=(STREAMS,))
        for path, name in PATHS.items()
    )


def _push_subscription(path: str) -> tuple[Route, ...]:
    """The token's own Web Push subscription (notifications.md 1.17)."""
    push = push_subscriptions
    return (
        _get(path, push.show, USER, "push"),
        _post(path, push.create, USER, "push", limits=(PUSH,)),
        _put(path, push.update, USER, "push", limits=(PUSH,)),
        _patch(path, push.update, USER, "push", limits=(PUSH,)),
        _delete(path, push.delete, USER, "push", limits=(PUSH,)),
    )


ROUTES: tuple[Route, ...] = (
    # --- health and discovery
    _get("/health", health.health, OPEN, limits=(HEALTH,)),
    _get("/api/v1/streaming/health", health.streaming_health, OPEN, limits=(HEALTH,)),
    *_streams("/api/v1/streaming"),
    _get("/api/v1/instance", instance.show_v1, OPEN, limits=API),
    _get("/api/v2/instance", instance.show_v2, OPEN, limits=API),
    _get("/api/v1/instance/peers", instance.peers, OPEN, limits=API),
    _get("/api/v1/peers/search", instance.find_peers, OPEN, limits=API),
    _get("/api/v1/instance/activity", instance.activity, OPEN, limits=API),
    _get("/api/v1/instance/rules", small_answers.no_list, OPEN, limits=API),
    _get("/api/v1/instance/languages", instance.languages, OPEN, limits=API),
    _get("/api/v1/instance/translation_languages", small_answers.no_map, OPEN, limits=API),
    _get("/api/v1/instance/extended_description", instance.extended_description, OPEN, limits=API),
    _get("/api/v1/instance/privacy_policy", instance.privacy_policy, OPEN, limits=API),
    _get("/api/v1/instance/terms_of_service", instance.terms_of_service, OPEN, limits=API),
    _get("/api/v1/instance/terms_of_service/{date}", instance.terms_of_service, OPEN, limits=API),
    _get("/api/v1/instance/domain_blocks", instance.domain_blocks, OPEN, limits=API),
    _get("/.well-known/nodeinfo", well_known.nodeinfo_links, OPEN, limits=API),
    _get("/nodeinfo/2.0", well_known.nodeinfo, OPEN, limits=API),
    _get("/.well-known/host-meta", well_known.host_meta, OPEN, limits=API),
    _get("/.well-known/webfinger", well_known.webfinger, OPEN, limits=API),
    _get("/thumbnail.png", instance.thumbnail, OPEN, limits=(FILES,)),
    _get("/privacy-policy", instance.privacy_page, OPEN, limits=(PAGES,)),
    _get("/robots.txt", instance.robots, OPEN, limits=(PAGES,)),
    _get("/favicon.ico", instance.favicon, OPEN, limits=(FILES,)),
    # --- sign-in
    _get("/.well-known/oauth-authorization-server", oauth.metadata, OPEN, limits=API),
    _post("/api/v1/apps", apps.create, OPEN, limits=(*API, APPS)),
    _get("/api/v1/apps/verify_credentials", apps.verify_credentials, TOKEN),
    _post("/api/v1/accounts", registrations.create, APP, "write", "write:accounts",
          limits=(SIGN_UP,)),
    _get("/oauth/authorize", oauth.authorize, OPEN, limits=(PAGES,)),
    _post("/oauth/authorize", oauth.decide, OPEN, limits=(PAGES,)),
    _delete("/oauth/authorize", oauth.deny, OPEN, limits=(PAGES,)),
    _get("/oauth/authorize/native", oauth.native, OPEN, limits=(PAGES,)),
    _post("/oauth/token", oauth.token, OPEN, limits=(*API, OAUTH_TOKEN)),
    _post("/oauth/revoke", oauth.revoke, OPEN, limits=(*API, OAUTH_TOKEN)),
    _get("/oauth/userinfo", oauth.user_info, USER, "profile"),
    _post("/oauth/userinfo", oauth.user_info, USER, "profile"),
    _get("/", sign_in.front, OPEN, limits=(PAGES,)),
    _get("/auth/stentor.css", render.style, OPEN, limits=(FILES,)),
    _get("/auth/stentor.svg", render.logo, OPEN, limits=(FILES,)),
    _get("/auth/sign_in", sign_in.show_sign_in, OPEN, limits=(PAGES,)),
    _post("/auth/sign_in", sign_in.sign_in, OPEN, limits=(PAGES, SIGN_IN, SIGN_IN_ACCOUNT)),
    _get("/auth/sign_out", sign_in.show_sign_out, OPEN, limits=(PAGES,)),
    _post("/auth/sign_out", sign_in.sign_out, OPEN, limits=(PAGES,)),
    _get("/auth/first_owner", sign_in.show_first_owner, OPEN, limits=(PAGES,)),
    _post("/auth/first_owner", sign_in.first_owner, OPEN, limits=(PAGES, SIGN_UP)),
    _get("/auth/applications", sign_in.show_applications, OPEN, limits=(PAGES,)),
    _post("/auth/applications", sign_in.turn_away, OPEN, limits=(PAGES,)),
    # --- accounts
    _get("/api/v1/accounts", accounts.index, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/accounts/verify_credentials", profile.verify_credentials, USER,
         *READ_ACCOUNTS, "profile"),
    _patch("/api/v1/accounts/update_credentials", profile.update_credentials, USER,
           *WRITE_ACCOUNTS),
    _get("/api/v1/profile", profile.show, USER, *READ_ACCOUNTS, "profile"),
    _patch("/api/v1/profile", profile.update, USER, *WRITE_ACCOUNTS),
    _delete("/api/v1/profile/avatar", profile.delete_avatar, USER, *WRITE_ACCOUNTS),
    _delete("/api/v1/profile/header", profile.delete_header, USER, *WRITE_ACCOUNTS),
    _get("/api/v1/preferences", preferences.show, USER, *READ_ACCOUNTS),
    _get("/api/v1/accounts/lookup", accounts.lookup, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/accounts/search", accounts.find_by_name, USER, *READ_ACCOUNTS),
    _get("/api/v1/accounts/{id}", accounts.show, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/accounts/{id}/followers", accounts.followers, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/accounts/{id}/following", accounts.following, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/accounts/{id}/endorsements", accounts.endorsed, PUBLIC, *READ_ACCOUNTS),
    _get("/api/v1/endorsements", accounts.endorsed_by_viewer, USER, *READ_ACCOUNTS),
    _get("/system/{path:path}", media_files.show, OPEN, limits=(FILES,)),
    _get("/avatars/original/missing.png", media_files.missing_avatar, OPEN, limits=(FILES,)),
    _get("/headers/original/missing.png", media_files.missing_header, OPEN, limits=(FILES,)),
    # --- relationships
    _get("/api/v1/accounts/relationships", relationships.show, USER, "read", "read:follows"),
    _get("/api/v1/accounts/familiar_followers", relationships.familiar_followers, USER,
         "read", "read:follows"),
    _post("/api/v1/accounts/{id}/follow", relationships.follow, USER, *WRITE_FOLLOWS,
          limits=(FOLLOWS,)),
    _post("/api/v1/accounts/{id}/unfollow", relationships.unfollow, USER, *WRITE_FOLLOWS),
    _post("/api/v1/accounts/{id}/remove_from_followers", relationships.remove_from_followers,
          USER, *WRITE_FOLLOWS),
    _post("/api/v1/accounts/{id}/block", blocks.block, USER, *WRITE_BLOCKS),
    _post("/api/v1/accounts/{id}/unblock", blocks.unblock, USER, *WRITE_BLOCKS),
    _post("/api/v1/accounts/{id}/mute", mutes.mute, USER, *WRITE_MUTES),
    _post("/api/v1/accounts/{id}/unmute", mutes.unmute, USER, *WRITE_MUTES),
    _post("/api/v1/accounts/{id}/note", relationships.note, USER, *WRITE_ACCOUNTS),
    _post("/api/v1/accounts/{id}/endorse", relationships.endorse, USER, *WRITE_ACCOUNTS),
    _post("/api/v1/accounts/{id}/unendorse", relationships.unendorse, USER, *WRITE_ACCOUNTS),
    _post("/api/v1/accounts/{id}/pin", relationships.endorse, USER, *WRITE_ACCOUNTS),
    _post("/api/v1/accounts/{id}/unpin", relationships.unendorse, USER, *WRITE_ACCOUNTS),
    _get("/api/v1/follow_requests", follow_requests.index, USER, "follow", "read",
         "read:follows"),
    _post("/api/v1/follow_requests/{id}/authorize", follow_requests.authorize, USER,
          *WRITE_FOLLOWS),
    _post("/api/v1/follow_requests/{id}/reject", follow_requests.reject, USER, *WRITE_FOLLOWS),
    _get("/api/v1/blocks", blocks.index, USER, "follow", "read", "read:blocks"),
    _get("/api/v1/mutes", mutes.index, USER, "follow", "read", "read:mutes"),
    _get("/api/v1/domain_blocks", domain_blocks.index, USER, "follow", "read", "read:blocks"),
    _post("/api/v1/domain_blocks", domain_blocks.block, USER, *WRITE_BLOCKS),
    _delete("/api/v1/domain_blocks", domain_blocks.unblock, USER, *WRITE_BLOCKS),
    # --- statuses
    _get("/api/v1/statuses", statuses.many, PUBLIC, *READ_STATUSES),
    _post("/api/v1/statuses", statuses.create, USER, *WRITE_STATUSES, limits=(STATUSES,)),
    _get("/api/v1/statuses/{id}", statuses.show, PUBLIC, *READ_STATUSES),
    _put("/api/v1/statuses/{id}", statuses.edit, USER, *WRITE_STATUSES, limits=(STATUSES,)),
    _delete("/api/v1/statuses/{id}", statuses.delete, USER, *WRITE_STATUSES, limits=(DELETE,)),
    _get("/api/v1/statuses/{id}/context", statuses.context, PUBLIC, *READ_STATUSES),
    _get("/api/v1/statuses/{id}/history", statuses.history, PUBLIC, *READ_STATUSES),
    _get("/api/v1/statuses/{id}/source", statuses.source, USER, *READ_STATUSES),
    _get("/api/v1/statuses/{id}/favourited_by", favourites.favourited_by, PUBLIC,
         "read", "read:accounts"),
    _get("/api/v1/statuses/{id}/reblogged_by", statuses.reblogged_by, PUBLIC,
         "read", "read:accounts"),
    _post("/api/v1/statuses/{id}/favourite", favourites.favourite, USER,
          "write", "write:favourites"),
    _post("/api/v1/statuses/{id}/unfavourite", favourites.unfavourite, USER,
          "write", "write:favourites"),
    _post("/api/v1/statuses/{id}/reblog", statuses.reblog, USER, *WRITE_STATUSES,
          limits=(STATUSES,)),
    _post("/api/v1/statuses/{id}/unreblog", statuses.unreblog, USER, *WRITE_STATUSES,
          limits=(DELETE,)),
    _post("/api/v1/statuses/{id}/bookmark", bookmarks.bookmark, USER, "write", "write:bookmarks"),
    _post("/api/v1/statuses/{id}/unbookmark", bookmarks.unbookmark, USER,
          "write", "write:bookmarks"),
    _post("/api/v1/statuses/{id}/mute", statuses.mute, USER, "write", "write:mutes"),
    _post("/api/v1/statuses/{id}/unmute", statuses.unmute, USER, "write", "write:mutes"),
    _post("/api/v1/statuses/{id}/pin", statuses.pin, USER, "write", "write:accounts"),
    _post("/api/v1/statuses/{id}/unpin", statuses.unpin, USER, "write", "write:accounts"),
    _put("/api/v1/statuses/{id}/interaction_policy", statuses.interaction_policy, USER,
         *WRITE_STATUSES),
    _get("/api/v1/statuses/{id}/quotes", quotes.index, USER, *READ_STATUSES),
    _post("/api/v1/statuses/{id}/quotes/{quoting_id}/revoke", quotes.revoke, USER,
          *WRITE_STATUSES),
    _post("/api/v1/statuses/{id}/translate", statuses.translate, OPEN, limits=API),
    _get("/api/v1/polls/{id}", polls.show, PUBLIC, *READ_STATUSES),
    _post("/api/v1/polls/{id}/votes", polls.vote, USER, *WRITE_STATUSES),
    _get("/api/v1/accounts/{id}/statuses", statuses.of_account, PUBLIC, *READ_STATUSES),
    _get("/api/v1/favourites", favourites.index, USER, "read", "read:favourites"),
    _get("/api/v1/bookmarks", bookmarks.index, USER, "read", "read:bookmarks"),
    # --- timelines, lists, search
    _get("/api/v1/timelines/home", timelines.home, USER, "read", "read:statuses"),
    _get("/api/v1/timelines/public", timelines.public, PUBLIC, "read", "read:statuses"),
    _get("/api/v1/timelines/tag/{hashtag}", timelines.tag, PUBLIC, "read", "read:statuses"),
    _get("/api/v1/timelines/link", absent.not_found, PUBLIC, "read", "read:statuses"),
    _get("/api/v1/timelines/list/{id}", timelines.of_list, USER, "read", "read:lists"),
    _get("/api/v1/timelines/direct", timelines.direct, USER, "read", "read:statuses"),
    _get("/api/v1/conversations", conversations.index, USER, "read", "read:statuses"),
    _delete("/api/v1/conversations/{id}", conversations.delete, USER, *WRITE_CONVERSATIONS),
    _post("/api/v1/conversations/{id}/read", conversations.read, USER, *WRITE_CONVERSATIONS),
    _post("/api/v1/conversations/{id}/unread", conversations.unread, USER, *WRITE_CONVERSATIONS),
    _get("/api/v1/lists", lists.index, USER, "read", "read:lists"),
    _post("/api/v1/lists", lists.create, USER, "write", "write:lists"),
    _get("/api/v1/lists/{id}", lists.show, USER, "read", "read:lists"),
    _put("/api/v1/lists/{id}", lists.update, USER, "write", "write:lists"),
    _delete("/api/v1/lists/{id}", lists.delete, USER, "write", "write:lists"),
    _get("/api/v1/lists/{id}/accounts", lists.members, USER, "read", "read:lists"),
    _post("/api/v1/lists/{id}/accounts", lists.add_members, USER, "write", "write:lists"),
    _delete("/api/v1/lists/{id}/accounts", lists.remove_members, USER, "write", "write:lists"),
    _get("/api/v1/accounts/{id}/lists", lists.containing, USER, "read", "read:lists"),
    _get("/api/v1/tags/{name}", tags.show, PUBLIC, "read", "read:follows"),
    _post("/api/v1/tags/{name}/follow", tags.follow, USER, "follow", "write", "write:follows"),
    _post("/api/v1/tags/{name}/unfollow", tags.unfollow, USER, "follow", "write",
          "write:follows"),
    _post("/api/v1/tags/{name}/feature", tags.feature, USER, "write", "write:accounts"),
    _post("/api/v1/tags/{name}/unfeature", tags.unfeature, USER, "write", "write:accounts"),
    _get("/api/v1/followed_tags", tags.followed, USER, "follow", "read", "read:follows"),
    _get("/api/v1/featured_tags", tags.featured, USER, "read", "read:accounts"),
    _post("/api/v1/featured_tags", tags.add_featured, USER, "write", "write:accounts"),
    _get("/api/v1/featured_tags/suggestions", tags.suggestions, USER, "read", "read:accounts"),
    _delete("/api/v1/featured_tags/{id}", tags.delete_featured, USER, "write", "write:accounts"),
    _get("/api/v1/accounts/{id}/featured_tags", tags.featured_of_account, PUBLIC, "read",
         "read:accounts"),
    _get("/api/v2/search", search.index, PUBLIC, "read", "read:search"),
    _get("/api/v1/directory", search.directory, PUBLIC),
    _get("/api/v1/announcements", absent.nothing, USER, "read"),
    _post("/api/v1/announcements/{id}/dismiss", absent.not_found, USER, "write",
          "write:accounts"),
    _get("/api/v1/trends", absent.trends, PUBLIC),
    _get("/api/v1/trends/tags", absent.trends, PUBLIC),
    _get("/api/v1/trends/statuses", absent.trends, PUBLIC),
    _get("/api/v1/trends/links", absent.trends, PUBLIC),
    _get("/api/v1/suggestions", absent.nothing, USER, "read", "read:accounts"),
    _delete("/api/v1/suggestions/{id}", absent.done, USER, "write", "write:accounts"),
    _get("/api/v2/suggestions", absent.nothing, USER, "read", "read:accounts"),
    _get("/api/v1/scheduled_statuses", absent.nothing, USER, "read", "read:statuses"),
    _get("/api/v1/scheduled_statuses/{id}", absent.not_found, USER, "read", "read:statuses"),
    _put("/api/v1/scheduled_statuses/{id}", absent.not_found, USER, "write", "write:statuses"),
    _delete("/api/v1/scheduled_statuses/{id}", absent.not_found, USER, "write",
            "write:statuses"),
    # --- filters
    _get("/api/v2/filters", filters.index, USER, *READ_FILTERS),
    _post("/api/v2/filters", filters.create, USER, *WRITE_FILTERS),
    _get("/api/v2/filters/{id}", filters.show, USER, *READ_FILTERS),
    _put("/api/v2/filters/{id}", filters.update, USER, *WRITE_FILTERS),
    _delete("/api/v2/filters/{id}", filters.delete, USER, *WRITE_FILTERS),
    _get("/api/v2/filters/{id}/keywords", filters.keywords, USER, *READ_FILTERS),
    _post("/api/v2/filters/{id}/keywords", filters.add_keyword, USER, *WRITE_FILTERS),
    _get("/api/v2/filters/{id}/statuses", filters.statuses, USER, *READ_FILTERS),
    _post("/api/v2/filters/{id}/statuses", filters.add_status, USER, *WRITE_FILTERS),
    _get("/api/v2/filters/keywords/{id}", filters.show_keyword, USER, *READ_FILTERS),
    _put("/api/v2/filters/keywords/{id}", filters.update_keyword, USER, *WRITE_FILTERS),
    _delete("/api/v2/filters/keywords/{id}", filters.delete_keyword, USER, *WRITE_FILTERS),
    _get("/api/v2/filters/statuses/{id}", filters.show_status, USER, *READ_FILTERS),
    _delete("/api/v2/filters/statuses/{id}", filters.delete_status, USER, *WRITE_FILTERS),
    _get("/api/v1/filters", filters_v1.index, USER, *READ_FILTERS),
    _post("/api/v1/filters", filters_v1.create, USER, *WRITE_FILTERS),
    _get("/api/v1/filters/{id}", filters_v1.show, USER, *READ_FILTERS),
    _put("/api/v1/filters/{id}", filters_v1.update, USER, *WRITE_FILTERS),
    _delete("/api/v1/filters/{id}", filters_v1.delete, USER, *WRITE_FILTERS),
    # --- notifications
    _get("/api/v1/notifications", notifications.index, USER, *READ_NOTIFICATIONS,
         remembered=True),
    _get("/api/v1/notifications/unread_count", notifications.unread_count, USER,
         *READ_NOTIFICATIONS, remembered=True),
    _post("/api/v1/notifications/clear", notifications.clear, USER, *WRITE_NOTIFICATIONS),
    _post("/api/v1/notifications/dismiss", notifications.dismiss_by_parameter, USER,
          *WRITE_NOTIFICATIONS),
    _get("/api/v1/notifications/policy", notification_policies.show_v1, USER,
         *READ_NOTIFICATIONS),
    _put("/api/v1/notifications/policy", notification_policies.update_v1, USER,
         *WRITE_NOTIFICATIONS),
    _patch("/api/v1/notifications/policy", notification_policies.update_v1, USER,
           *WRITE_NOTIFICATIONS),
    *_requests("/api/v1/notifications/requests"),
    _get("/api/v1/notifications/{id}", notifications.show, USER, *READ_NOTIFICATIONS),
    _delete("/api/v1/notifications/destroy_multiple", notifications.dismiss_many, USER,
            *WRITE_NOTIFICATIONS),
    _delete("/api/v1/notifications/{id}", notifications.dismiss, USER, *WRITE_NOTIFICATIONS),
    _get("/api/v1/notification/{id}", notifications.show, USER, *READ_NOTIFICATIONS),
    _post("/api/v1/notifications/{id}/dismiss", notifications.dismiss, USER,
          *WRITE_NOTIFICATIONS),
    *(
        route
        for version in ("v2", "v2_alpha")
        for route in _grouped(f"/api/{version}/notifications")
    ),
    _get("/api/stentor/v1/notifications/{id}/why", notification_decisions.why, USER,
         *READ_NOTIFICATIONS),
    _get("/api/stentor/v1/decisions", notification_decisions.index, USER, *READ_NOTIFICATIONS),
    _get("/api/stentor/v1/notification_permissions", notification_permissions.index, USER,
         *READ_NOTIFICATIONS),
    _delete("/api/stentor/v1/notification_permissions/{id}", notification_permissions.revoke,
            USER, *WRITE_NOTIFICATIONS),
    _get("/api/stentor/v1/email_settings", email_settings.show, USER, *READ_ACCOUNTS),
    _patch("/api/stentor/v1/email_settings", email_settings.update, USER, *WRITE_ACCOUNTS),
    _get("/unsubscribe", unsubscriptions.ask, OPEN, limits=(PAGES,)),
    _post("/unsubscribe", unsubscriptions.create, OPEN, limits=(PAGES,)),
    _get("/api/v1/markers", markers.show, USER, "read", "read:statuses"),
    _post("/api/v1/markers", markers.save, USER, "write", "write:statuses"),
    # --- push
    *_push_subscription("/api/v1/push/subscription"),
    _delete("/api/web/push_subscriptions/{signed}", push_subscriptions.unsubscribe, OPEN,
            limits=API),
    _post("/api/web/push_subscriptions/{signed}", push_subscriptions.unsubscribe, OPEN,
          limits=API),
    _get("/api/stentor/v1/push/deliveries", push_deliveries.index, USER, "push"),
    _post("/api/stentor/v1/push/test", push_deliveries.test, USER, "push", limits=(PUSH,)),
    # --- moderation
    _post("/api/v1/reports", reports.create, USER, "write", "write:reports", limits=(REPORTS,)),
    *admin_routes.accounts("/api/v1/admin/accounts"),
    *admin_routes.reports("/api/v1/admin/reports"),
    *admin_routes.domain_blocks("/api/v1/admin/domain_blocks"),
    # --- collections
    _get("/api/v1/accounts/{id}/collections", collections.index, PUBLIC, *READ_COLLECTIONS),
    _get("/api/v1/accounts/{id}/in_collections", collections.featuring, PUBLIC,
         *READ_COLLECTIONS),
    _post("/api/v1/collections", collections.create, USER, *WRITE_COLLECTIONS),
    _get("/api/v1/collections/{id}", collections.show, PUBLIC, *READ_COLLECTIONS),
    _patch("/api/v1/collections/{id}", collections.update, USER, *WRITE_COLLECTIONS),
    _delete("/api/v1/collections/{id}", collections.delete, USER, *WRITE_COLLECTIONS),
    _post("/api/v1/collections/{id}/items", collections.add_item, USER, *WRITE_COLLECTIONS),
    _delete("/api/v1/collections/{id}/items/{item_id}", collections.remove_item, USER,
            *WRITE_COLLECTIONS),
    _post("/api/v1/collections/{id}/items/{item_id}/revoke", collections.revoke, USER,
          *WRITE_COLLECTIONS),
    # --- small honest answers
    _get("/api/v1/custom_emojis", small_answers.no_list, OPEN, limits=API),
    _get("/api/v1/accounts/{id}/identity_proofs", small_answers.no_list, USER, *READ_ACCOUNTS),
    _get("/api/v1/annual_reports", small_answers.annual_reports, USER, *READ_ACCOUNTS),
    _get("/api/v1/annual_reports/{year}", small_answers.missing, USER, *READ_ACCOUNTS),
    _get("/api/v1/annual_reports/{year}/state", small_answers.annual_report_state, USER,
         *READ_ACCOUNTS),
    _post("/api/v1/annual_reports/{year}/read", small_answers.missing, USER, *WRITE_ACCOUNTS),
    _post("/api/v1/annual_reports/{year}/generate", small_answers.missing, USER,
          *WRITE_ACCOUNTS),
    _get("/api/v1/donation_campaigns", small_answers.donation_campaigns, USER),
    _post("/api/v1/emails/confirmations", small_answers.resend_confirmation, USER,
          *WRITE_ACCOUNTS),
    _get("/api/v1/emails/check_confirmation", small_answers.is_confirmed, USER, *READ_ACCOUNTS),
    _get("/api/oembed", small_answers.missing, OPEN, limits=API),
    _get("/api/v1_alpha/async_refreshes/{id}", small_answers.missing, USER, "read"),
    *(_get(f"/api/v1/admin/{name}", small_answers.staff_list, USER, "admin:read")
      for name in ("trends/tags", "trends/statuses", "trends/links", "trends/links/publishers")),
    *(_post(f"/api/v1/admin/{name}", small_answers.staff_list, USER, "admin:read")
      for name in ("measures", "dimensions", "retention")),
    *(_get(f"/api/v1/admin/{name}", small_answers.staff_list, USER, "admin:read",
           f"admin:read:{name}") for name in ADMIN_LISTS),
    *(_get(f"/api/v1/admin/{name}/{{id}}", small_answers.staff_missing, USER, "admin:read",
           f"admin:read:{name}") for name in ADMIN_LISTS),
)  # fmt: skip
