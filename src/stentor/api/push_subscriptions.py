"""/api/v1/push/subscription, and the links by which push services end one (notifications.md 1.17).

A subscription belongs to the token that asks and is reached through it alone: no parameter
names one (T01).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from stentor import errors
from stentor.actions import push_subscriptions as actions
from stentor.api import responses
from stentor.api.params import Params
from stentor.api.request import Request
from stentor.domain import limits
from stentor.domain.notifications import BY_NAME
from stentor.domain.push_subscriptions import Preferences, PushSubscription, Target, check
from stentor.entities import push_subscriptions as entities
from stentor.push.sealing import Seals
from stentor.store import push_subscriptions as store
from stentor.store.push_subscriptions import Owner


@lru_cache(maxsize=8)
def seals(secret: bytes) -> Seals:
    """The keys of this server's purposes, derived once."""
    return Seals(secret)


async def create(request: Request) -> Any:
    """POST: this token's subscription from now on; what it had before stays if this fails."""
    services = request.services
    target, preferences = _target(request), _preferences(request)
    owner, secret = _owner(request), request.secret
    if secret is None:
        raise errors.TokenProblem
    saved = await actions.subscribe(
        services.db,
        owner,
        target,
        preferences,
        sealed_token=seals(services.secret).seal_token(secret, owner.access_token_id),
        now=services.now(),
    )
    return _render(request, saved)


async def show(request: Request) -> Any:
    """GET: this token's subscription; 404 if it has none, whatever others the person has."""
    return _render(request, await _find(request))


async def update(request: Request) -> Any:
    """PUT and PATCH: replaces all alerts and the policy; nothing else can be changed."""
    await _find(request)
    services = request.services
    async with services.db.transaction() as tx:
        saved = await store.set_preferences(
            tx, _owner(request), _preferences(request), now=services.now()
        )
    if saved is None:
        raise errors.NotFound
    return _render(request, saved)


async def delete(request: Request) -> Any:
    """DELETE: ``{}``, whether there was one or not."""
    async with request.services.db.transaction() as tx:
        await store.remove_by_tokens(tx, [_owner(request).access_token_id])
    return responses.EMPTY


async def unsubscribe(request: Request) -> Any:
    """DELETE and POST of an Unsubscribe-URL: the same answer whatever it did (T49)."""
    services = request.services
    claim = seals(services.secret).read_unsubscribe_token(request.path["signed"], services.now())
    if claim is not None:
        await actions.unsubscribe(services.db, claim)
    return responses.EMPTY


def _owner(request: Request) -> Owner:
    viewer = request.viewer
    if viewer is None:
        raise errors.UserRequired
    return Owner(viewer.token_id, request.account_id)


async def _find(request: Request) -> PushSubscription:
    found = await store.find_own(request.services.db, _owner(request))
    if found is None:
        raise errors.NotFound
    return found


def _render(request: Request, row: PushSubscription) -> entities.WebPushSubscription:
    return entities.render(row, request.services.features.vapid_public_key)


def _target(request: Request) -> Target:
    """Where messages are to go. Raises ParameterMissing, ValidationFailed."""
    given = request.params.nested("subscription")
    if given is None or not any(name in given for name in ("endpoint", "keys", "standard")):
        raise errors.ParameterMissing("subscription")
    keys = given.nested("keys") or Params({})
    checked = check(
        given.text("endpoint"),
        keys.text("p256dh"),
        keys.text("auth"),
        standard=given.flag("standard"),
        allow_private=request.services.features.push_allow_private,
    )
    if not isinstance(checked, Target):
        raise errors.ValidationFailed(*checked)
    return checked


def _preferences(request: Request) -> Preferences:
    """``data``: alerts that exist, as booleans, and a policy, whatever it says (1.17).

    Raises ParameterMissing if it is there and says nothing at all. A policy beside ``data`` is
    not looked at (trap 13).
    """
    if not request.params.values.get("data"):
        return Preferences({})
    data = request.params.nested("data")
    alerts = data.nested("alerts") if data else None
    policy = data.text("policy") if data else None
    if alerts is None and policy is None:
        raise errors.ParameterMissing("data")
    return Preferences(_alerts(alerts or Params({})), (policy or "")[: limits.PUSH_POLICY] or None)


def _alerts(given: Params) -> dict[str, bool]:
    return {
        name: given.flag(name)
        for name in BY_NAME
        if name in given and not isinstance(given.values[name], dict | list)
    }
