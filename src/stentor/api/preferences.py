"""How the viewer likes to write and to read."""

from __future__ import annotations

from typing import Any

from stentor.api.request import Request
from stentor.entities import preferences as entities
from stentor.errors import RecordNotFound
from stentor.store import accounts


async def show(request: Request) -> dict[str, Any]:
    """GET /api/v1/preferences."""
    user = await accounts.find_user(request.services.db, request.account_id)
    if user is None:
        raise RecordNotFound
    return entities.render(user)
