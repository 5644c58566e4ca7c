"""GET and POST /api/v1/markers (notifications.md 7)."""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.actions import markers as actions
from stentor.api.request import Request
from stentor.domain import paging
from stentor.entities import markers as entities
from stentor.store import markers as store
from stentor.store.markers import TIMELINES, Marker


def _render(found: dict[str, Marker]) -> dict[str, entities.Marker]:
    return {
        name: entities.render(one.last_read_id, one.version, one.updated_at)
        for name, one in found.items()
    }


async def show(request: Request) -> Any:
    """Those of the named timelines that have a marker; ``{}`` if none is named."""
    wanted = [name for name in request.params.texts("timeline") if name in TIMELINES]
    return _render(await store.load(request.services.db, request.account_id, wanted))


async def save(request: Request) -> Any:
    """Moves the markers that are given; the answer holds just these."""
    positions: dict[str, int | None] = {}
    for name in TIMELINES:
        given = request.params.nested(name)
        if given is None:
            continue
        if "last_read_id" not in given:
            positions[name] = None
            continue
        text = given.text("last_read_id")
        if text is None or not text.strip():
            raise errors.ValidationFailed("Last read can't be blank")
        positions[name] = paging.clamp_id(paging.integer_prefix(text))
    services = request.services
    saved = await actions.save(services.db, request.account_id, positions, now=services.now())
    return _render(saved)
