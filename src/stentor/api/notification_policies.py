"""/api/v2/notifications/policy, and version 1 of it (notifications.md 1.14, 1.15)."""

from __future__ import annotations

from typing import Any

from stentor.api.request import Request
from stentor.domain.notification_policies import NAMES, NotificationPolicy, Verdict
from stentor.entities import notification_policies as entities
from stentor.errors import ValidationFailed
from stentor.store import notification_policies as store
from stentor.store import notification_requests

_VERDICTS = {verdict.name.lower(): verdict for verdict in Verdict}
# Integers are what is stored, and Mastodon takes them too.
_VERDICTS |= {str(int(verdict)): verdict for verdict in Verdict}


async def _read(request: Request) -> tuple[NotificationPolicy, tuple[int, int]]:
    db = request.services.db
    policy = await store.find(db, request.account_id)
    return policy, await notification_requests.summary(db, request.account_id)


async def _save(request: Request, changes: dict[str, Verdict]) -> None:
    if changes:
        async with request.services.db.transaction() as tx:
            await store.save(tx, request.account_id, changes)


async def show(request: Request) -> Any:
    """GET: the stored policy, or the defaults, which that does not store."""
    return entities.render(*await _read(request))


async def update(request: Request) -> Any:
    """PUT and PATCH: only the options that are given change; 422 for other values."""
    changes = {}
    problems = []
    for name in NAMES:
        if name in request.params:
            verdict = _VERDICTS.get(request.params.text(name) or "")
            if verdict is None:
                label = name.capitalize().replace("_", " ")
                problems.append(f"{label} is not included in the list")
            else:
                changes[name] = verdict
    if problems:
        raise ValidationFailed(*problems)
    await _save(request, changes)
    return entities.render(*await _read(request))


async def show_v1(request: Request) -> Any:
    """GET of version 1: true for whatever does not accept."""
    return entities.render_v1(*await _read(request))


async def update_v1(request: Request) -> Any:
    """PUT and PATCH of version 1: true filters, false accepts, blank says nothing."""
    changes = {}
    for old, name in entities.V1_NAMES.items():
        wanted = request.params.boolean(old)
        if wanted is not None:
            changes[name] = Verdict.FILTER if wanted else Verdict.ACCEPT
    await _save(request, changes)
    return entities.render_v1(*await _read(request))
