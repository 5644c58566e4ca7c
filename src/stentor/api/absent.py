"""What does not exist here yet, answered honestly: lists that are empty, and no pretending.

A list that clients ask for when they start must be a list (trap 44).
"""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.search import offset_and_limit
from stentor.domain import limits


async def nothing(_: Request) -> Any:
    """An empty list: announcements, suggestions, scheduled statuses."""
    return []


async def trends(request: Request) -> Any:
    """GET /api/v1/trends and what is below it: nothing trends here."""
    offset_and_limit(request, limits.TRENDS_PAGE)
    return []


async def not_found(_: Request) -> Any:
    """One of a kind of which there is none."""
    raise errors.RecordNotFound


async def done(_: Request) -> Any:
    """Taking away what is not there."""
    return responses.EMPTY
