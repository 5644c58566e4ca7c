"""Mastodon.py, unmodified, against a served Stentor: sign in, act, read notifications."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError, MastodonUnauthorizedError

from tests.browser import Browser
from tests.serving import PATIENCE, Served

pytestmark = pytest.mark.contract
SCOPES = ["read", "write", "follow", "push"]


def sign_in(served: Served, name: str) -> Mastodon:
    """Makes an account and signs in the way a desktop client does: in a browser, by a code."""
    served.account(name)
    client_id, secret = Mastodon.create_app("contract", scopes=SCOPES, api_base_url=served.base)
    client = Mastodon(
        client_id=client_id, client_secret=secret, api_base_url=served.base,
        ratelimit_method="throw",
    )  # fmt: skip
    url = client.auth_request_url(scopes=SCOPES, allow_http=True)
    code = Browser().authorise(url, f"{name}@example.org", "correct horse battery")
    client.log_in(code=code, scopes=SCOPES, allow_http=True)
    return client


def types(client: Mastodon, **query: Any) -> list[str]:
    """The types of the notifications, newest first."""
    return [one["type"] for one in client.notifications(**query)]


def test_people_meet_and_hear_of_it(served: Served) -> None:
    ann, bob = sign_in(served, "ann"), sign_in(served, "bob")
    assert ann.account_verify_credentials()["acct"] == "ann"
    hello = ann.status_post("hello #world")
    bob.status_favourite(hello)
    bob.status_reblog(hello)
    bob.account_follow(ann.me())
    reply = bob.status_reply(hello, "good morning")
    assert types(ann) == ["mention", "follow", "reblog", "favourite"]
    mention, *_ = ann.notifications()
    assert mention["account"]["acct"] == "bob"
    assert mention["status"]["id"] == reply["id"]
    assert ann.notifications(mention["id"])["id"] == mention["id"]
    assert types(ann, types=["favourite", "follow"]) == ["follow", "favourite"]
    assert types(ann, exclude_types=["mention"]) == ["follow", "reblog", "favourite"]
    assert types(ann, account_id=ann.me()["id"]) == []

    first = ann.notifications(limit=2)
    rest = ann.fetch_next(first)
    assert [one["type"] for one in rest] == ["reblog", "favourite"]
    assert [one["id"] for one in ann.fetch_previous(rest)] == [one["id"] for one in first]
    assert len(ann.fetch_remaining(ann.notifications(limit=1))) == 4

    assert ann.notifications_unread_count()["count"] == 4
    ann.markers_set(["notifications"], [first[0]["id"]])
    assert ann.markers_get(["notifications"])["notifications"]["last_read_id"] == first[0]["id"]
    assert ann.notifications_unread_count()["count"] == 0

    ann.notifications_dismiss(mention["id"])
    assert types(ann) == ["follow", "reblog", "favourite"]
    bob.status_unfavourite(hello)
    assert types(ann) == ["follow", "reblog"]
    ann.notifications_clear()
    assert types(ann) == []


def test_groups_policies_and_requests(served: Served) -> None:
    ann, bob = sign_in(served, "ann"), sign_in(served, "bob")
    served.account("cat")
    cat = Mastodon(access_token=served.token("cat"), api_base_url=served.base)
    hello = ann.status_post("hello")
    for friend in (bob, cat):
        friend.status_favourite(hello)
    grouped = ann.grouped_notifications()
    [group] = grouped.notification_groups
    assert group.notifications_count == 2
    assert len(group.sample_account_ids) == 2
    assert len(ann.grouped_notification_accounts(group.group_key)) == 2
    assert ann.unread_grouped_notifications_count() == 1

    policy = ann.update_notifications_policy(for_not_following="filter")
    assert policy.for_not_following == "filter"
    bob.status_post("@ann may I?")
    assert types(ann, types=["mention"]) == []
    [request] = ann.notification_requests()
    assert (request.account.acct, request.notifications_count) == ("bob", "1")
    ann.accept_notification_request(request)
    deadline = time.monotonic() + PATIENCE
    while not ann.notifications_merged() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert types(ann, types=["mention"]) == ["mention"]
    ann.dismiss_grouped_notification(group.group_key)
    assert types(ann) == ["mention"]


def test_collections_are_made_and_told_of(served: Served) -> None:
    cleo, dana = sign_in(served, "cleo"), sign_in(served, "dana")
    dana.account_update_credentials(discoverable=True)
    made = cleo.collection_create(
        "Nice people", account_ids=[dana.me()], tag_name="#nice"
    ).collection
    assert types(dana) == ["added_to_collection"]
    cleo.collection_update(made, name="Nicest people")
    changed = dana.notifications()[0]
    assert (changed["type"], changed["collection"]["name"]) == (
        "collection_update",
        "Nicest people",
    )
    shown = cleo.collection(made)
    assert [one["acct"] for one in shown.accounts] == ["cleo", "dana"]
    featuring = dana.account_in_collections(dana.me())
    assert [one["id"] for one in featuring.collections] == [made["id"]]
    assert [one["id"] for one in cleo.account_collections(cleo.me()).collections] == [made["id"]]
    dana.collection_item_revoke(made, shown.collection["items"][0]["id"])
    assert types(dana) == []
    assert cleo.collection(made).collection["item_count"] == 0
    cleo.collection_delete(made)
    with pytest.raises(MastodonNotFoundError):
        cleo.collection(made)


def test_a_locked_account_decides_itself(served: Served) -> None:
    ann, bob = sign_in(served, "ann"), sign_in(served, "bob")
    ann.account_update_credentials(locked=True, display_name="Ann", note="I am #here")
    assert bob.account_follow(ann.me())["requested"] is True
    assert types(ann) == ["follow_request"]
    [asking] = ann.follow_requests()
    assert ann.follow_request_authorize(asking)["followed_by"] is True
    assert types(ann) == ["follow"]
    ann.account_block(bob.me())
    assert types(ann) == []
    with pytest.raises(MastodonAPIError):
        bob.account_follow(ann.me())


def test_what_fails_fails_in_words(served: Served) -> None:
    ann = sign_in(served, "ann")
    with pytest.raises(MastodonNotFoundError):
        ann.notifications(12345)
    with pytest.raises(MastodonAPIError, match="Text can't be blank"):
        ann.status_post("")
    stranger = Mastodon(access_token="nonsense", api_base_url=served.base)
    with pytest.raises(MastodonUnauthorizedError):
        stranger.notifications()
    ann.revoke_access_token(allow_http=True)
    with pytest.raises(MastodonAPIError):
        ann.notifications()


def test_the_rest_of_what_clients_ask_at_start(served: Served) -> None:
    ann = sign_in(served, "ann")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instance = ann.instance()
    assert instance["domain"] == served.base.removeprefix("http://")
    assert ann.instance_v1()["uri"] == instance["domain"]
    assert ann.instance_nodeinfo()["software"]["name"] == "mastodon"
    assert ann.announcements() == ann.custom_emojis() == ann.lists() == ann.filters() == []
    assert ann.preferences()["posting:default:visibility"] == "public"
    assert ann.timeline_home() == []
    assert ann.search("ann")["accounts"][0]["acct"] == "ann"
