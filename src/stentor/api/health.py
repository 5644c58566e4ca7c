"""Is it up?"""

from __future__ import annotations

from stentor.api.request import Request
from stentor.api.responses import Reply


async def health(request: Request) -> Reply:
    """200 ``OK`` once the server is ready; the database is asked."""
    await request.services.db.fetch_value("SELECT 1")
    return Reply(b"OK", content_type="text/plain; charset=utf-8")
