"""Mastodon.py, unmodified, subscribes to Web Push, changes its mind and leaves."""

from __future__ import annotations

import pytest
from mastodon import MastodonNotFoundError

from tests.contract.test_mastodon_py import sign_in
from tests.serving import Served

pytestmark = pytest.mark.contract
ENDPOINT = "https://push.example/send/1"


def test_a_client_subscribes_changes_its_mind_and_leaves(served: Served) -> None:
    ann = sign_in(served, "ann")
    with pytest.raises(MastodonNotFoundError, match="Not Found"):
        ann.push_subscription()
    _, public = ann.push_subscription_generate_keys()
    made = ann.push_subscription_set(
        ENDPOINT, public, follow_events=True, favourite_events=False, policy="followed"
    )
    assert made["endpoint"] == ENDPOINT
    assert made["alerts"]["follow"] is True
    assert made["alerts"]["favourite"] is False
    assert made["policy"] == "all"  # it says so beside `data`, where nobody looks
    assert made["server_key"] == ann.instance_v2()["configuration"]["vapid"]["public_key"]
    assert ann.push_subscription()["id"] == made["id"]

    changed = ann.push_subscription_update(mention_events=True)
    assert changed["endpoint"] == ENDPOINT
    assert changed["alerts"]["mention"] is True
    assert not changed["alerts"]["follow"]

    ann.push_subscription_delete()
    ann.push_subscription_delete()
    with pytest.raises(MastodonNotFoundError):
        ann.push_subscription()
