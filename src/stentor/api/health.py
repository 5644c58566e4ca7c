"""Is it up?"""

from __future__ import annotations

import contextlib

from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.api.services import Services
from stentor.domain import times
from stentor.store import rate_counts
from stentor.store.database import StorageProblem

_TEXT = "text/plain; charset=utf-8"


async def health(request: Request) -> Reply:
    """200 once the server is ready: ``OK``, or ``degraded`` while it can read and not write.

    That is so if the database has refused to write since it was last asked. Then it is tried,
    for the next one who asks: there may be nobody else who writes.
    """
    services = request.services
    await services.db.fetch_value("SELECT 1")
    if not services.db.troubled:
        return Reply(b"OK", content_type=_TEXT)
    services.db.troubled = False
    await _write(services)
    return Reply(b"degraded", content_type=_TEXT)


async def streaming_health(request: Request) -> Reply:
    """200 ``OK`` once the server is ready, also while nothing can be written: streams go on."""
    await request.services.db.fetch_value("SELECT 1")
    return Reply(b"OK", content_type=_TEXT)


async def _write(services: Services) -> None:
    """Writes something that is of no use to anybody after a minute; a failure is noted."""
    with contextlib.suppress(StorageProblem):
        async with services.db.transaction() as tx:
            await rate_counts.add(tx, "health", "", ends_at=services.now() + times.MINUTE)
