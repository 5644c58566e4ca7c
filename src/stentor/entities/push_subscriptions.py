"""WebPushSubscription as JSON (notifications.md 2.12)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from stentor.domain import push_subscriptions as domain


class WebPushSubscription(Struct, gc=False):
    """The id is a number, unlike nearly every other (trap 2); ``alerts`` are those sent."""

    id: int
    endpoint: str
    standard: bool
    alerts: Mapping[str, bool]
    server_key: str
    policy: str


def render(row: domain.PushSubscription, server_key: str) -> WebPushSubscription:
    """As its owner sees it. ``server_key`` is the same text wherever clients meet it (trap 12)."""
    return WebPushSubscription(
        id=row.id,
        endpoint=row.endpoint,
        standard=row.standard,
        alerts=row.alerts,
        server_key=server_key,
        policy=row.policy or domain.DEFAULT_POLICY,
    )
