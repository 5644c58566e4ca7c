"""Pictures by their address: those that people have uploaded, and those that stand in for them."""

from __future__ import annotations

import asyncio

from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import pictures
from stentor.domain.pictures import Picture
from stentor.errors import NotFound
from stentor.store import media_files

# The address of an upload names its content, so what is behind it never changes.
FOREVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"


async def show(request: Request) -> Reply:
    """GET /system/…: an uploaded picture."""
    found = await asyncio.to_thread(media_files.read, request.services.media, request.path["path"])
    if found is None:
        raise NotFound
    data, content_type = found
    return Reply(data, headers={"Cache-Control": FOREVER}, content_type=content_type)


async def missing_avatar(_request: Request) -> Reply:
    """GET /avatars/original/missing.png."""
    return _drawn(pictures.missing_avatar())


async def missing_header(_request: Request) -> Reply:
    """GET /headers/original/missing.png."""
    return _drawn(pictures.missing_header())


def _drawn(data: bytes) -> Reply:
    return Reply(data, headers={"Cache-Control": A_DAY}, content_type=Picture.PNG.content_type)
