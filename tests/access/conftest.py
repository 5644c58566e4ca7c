"""``world``: made once for each module, on each engine in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.access.world import World, worlds
from tests.servers import make_schema, wait_for


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def world_url(request: pytest.FixtureRequest) -> str:
    """Of PostgreSQL an empty database with the tables, of SQLite nothing."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres_server")
    wait_for(server.make_template("stentor_schema", make_schema))
    url = wait_for(server.new_database(template="stentor_schema"))
    yield url
    wait_for(server.drop_database(url))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_world(
    world_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The world itself."""
    async for made in worlds(world_url, tmp_path_factory.mktemp("world")):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def world(one_world: World) -> World:
    """The world at its beginning, as far as the clock and the rate limits know."""
    await one_world.rested()
    return one_world
