"""Ours: /api/stentor/v1/push, what became of pushes, and a test of one's own device."""

from __future__ import annotations

import asyncio
from typing import Any

from stentor import errors
from stentor.api import responses
from stentor.api.request import Request
from stentor.domain.limits import NOTIFICATIONS_PAGE
from stentor.domain.push_deliveries import TEST, PushAttempt
from stentor.entities import push_deliveries as entities
from stentor.store import push_attempts, push_deliveries

#: Seconds that a test waits for what comes of it: a request's whole deadline and a little more.
PATIENCE = 12.0
PAUSE = 0.1


async def index(request: Request) -> responses.Reply:
    """GET /api/stentor/v1/push/deliveries: attempts to reach any device of theirs, latest first."""
    cursor = request.params.cursor(*NOTIFICATIONS_PAGE)
    rows = await push_attempts.page(request.services.db, request.account_id, cursor)
    body = [entities.delivery(row) for row in rows]
    return responses.timeline_page(request, body, [row.id for row in rows])


async def test(request: Request) -> Any:
    """POST /api/stentor/v1/push/test: a message to the device of this token, by the usual way.

    Answers when it is known what came of it, or after 12 seconds that it waits. 404 without a
    subscription. A test is tried once.
    """
    db, account_id, viewer = request.services.db, request.account_id, request.viewer
    if viewer is None:  # never: the route wants a person
        raise errors.TokenProblem
    before = await push_attempts.latest_id(db, account_id)
    async with db.transaction() as tx:
        found = await push_deliveries.add_test(tx, viewer.token_id, now=request.services.now())
    if found is None:
        raise errors.RecordNotFound
    return entities.tested(await _outcome(request, found, before))


async def _outcome(request: Request, subscription_id: int, before: int) -> PushAttempt | None:
    db, account_id = request.services.db, request.account_id
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE
    while clock() < deadline:
        await asyncio.sleep(PAUSE)
        found = await push_attempts.find_newer(db, account_id, subscription_id, TEST, before)
        if found is not None:
            return found
    promise = push_deliveries.Promise(account_id, TEST, subscription_id)
    async with db.transaction() as tx:
        await push_deliveries.remove(tx, [promise])
    return None
