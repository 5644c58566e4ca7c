"""Is it up?"""

from __future__ import annotations

from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.api.services import Services
from stentor.domain import times
from stentor.store import rate_counts
from stentor.store.database import StorageProblem

_TEXT = "text/plain; charset=utf-8"


async def health(request: Request) -> Reply:
    """200 once the server is ready: ``OK``, or ``degraded`` while it can read and not write.

    The database is asked, and has to write something if it has refused to since it was last asked.
    """
    services = request.services
    await services.db.fetch_value("SELECT 1")
    fine = not services.db.troubled or await _writes(services)
    return Reply(b"OK" if fine else b"degraded", content_type=_TEXT)


async def streaming_health(request: Request) -> Reply:
    """200 ``OK`` once the server is ready, also while nothing can be written: streams go on."""
    await request.services.db.fetch_value("SELECT 1")
    return Reply(b"OK", content_type=_TEXT)


async def _writes(services: Services) -> bool:
    """Whether the database takes something that is of no use to anybody after a minute."""
    try:
        async with services.db.transaction() as tx:
            await rate_counts.add(tx, "health", "", ends_at=services.now() + times.MINUTE)
    except StorageProblem:
        return False
    services.db.troubled = False
    return True
