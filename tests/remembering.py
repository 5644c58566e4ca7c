"""Somebody's notifications, and what a server says of them that remembers nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest
from falcon import testing

from stentor import app
from stentor.store.database import Database, open_database
from tests.factories import Person, make_account, make_token
from tests.helpers import Answer, Client

LISTS = [f"/api/{version}/notifications" for version in ("v1", "v2", "v2_alpha")]
COUNTS = [f"{path}/unread_count" for path in LISTS]
READS = [
    *LISTS,
    *COUNTS,
    f"{LISTS[0]}?types[]=mention&limit=1",
    f"{LISTS[0]}?since_id=1",
    f"{LISTS[1]}?include_filtered=true",
]


@dataclass
class Scene:
    """Ann, of the staff, who was told of this and that by Bob; and what there is of it."""

    client: Client
    ann: Person
    bob: Person
    own: str = ""
    mention: str = ""
    quoting: str = ""
    token: str = ""

    async def does(self, who: Person, method: str, path: str, **rest: Any) -> Any:
        """A request that must succeed; its JSON."""
        answer = await self.client.request(method, path, who, **rest)
        assert answer.status == 200, answer
        return answer.json


@pytest.fixture
async def scene(client: Client, db: Database) -> Scene:
    """A favourite, a mention with a poll, a quote and a follow, all told to Ann."""
    ann, bob = await make_account(db, "ann", role_id=3), await make_account(db, "bob")
    it = Scene(client, ann, bob, token=await make_token(db, ann.id, "read"))
    it.own = (await it.does(ann, "POST", "/api/v1/statuses", json={"status": "good morning"}))["id"]
    await it.does(bob, "POST", f"/api/v1/statuses/{it.own}/favourite")
    poll = {"options": ["tea", "coffee"], "expires_in": 300}
    asked = {"status": "@ann choose", "poll": poll}
    it.mention = (await it.does(bob, "POST", "/api/v1/statuses", json=asked))["id"]
    quote = {"status": "indeed", "quoted_status_id": it.own}
    it.quoting = (await it.does(bob, "POST", "/api/v1/statuses", json=quote))["id"]
    await it.does(bob, "POST", f"/api/v1/accounts/{ann.id}/follow")
    return it


async def read(client: Client, by: Person | str, path: str, **headers: str) -> Answer:
    """One of READS."""
    path, _, query = path.partition("?")
    return await client.get(path, by, params=query, headers=headers)


def said(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """All of it but its tag."""
    status, body, headers = answer.whole
    headers.pop("etag", None)
    return status, body, headers


async def afresh(scene: Scene, who: Person | str, *paths: str) -> list[Any]:
    """What a server answers that remembers nothing at all."""
    db = await open_database(database_url(scene.client.db))
    instants = itertools.count()

    async def never_again() -> tuple[int, int]:
        return next(instants), 0

    db.instant = never_again  # type: ignore[method-assign]  # nor what it answers on the way
    services = replace(scene.client.services, db=db)
    try:
        async with testing.ASGIConductor(app.build(services)) as conductor:
            client = Client(conductor, services)
            return [said(await read(client, who, path)) for path in paths]
    finally:
        await db.close()


def database_url(db: Any) -> str:
    """Where it is, for another process."""
    if db.engine == "sqlite":
        return f"sqlite:{db.reader.filename}"
    return str(db._pool._connect_args[0])
