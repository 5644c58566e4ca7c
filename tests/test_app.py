"""The application as a plain ASGI application: by itself, mounted in another, and failing."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from stentor.app import Application, create_app
from stentor.config import Settings
from stentor.lock import AlreadyRunning


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path / "data"), rate_limits=False)


def client(app: Any, base: str = "http://localhost") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


async def test_it_starts_with_the_first_request_where_nobody_starts_it(settings: Settings):
    app = create_app(settings)
    try:
        async with client(app) as ask:
            answers = await asyncio.gather(*(ask.get("/health") for _ in range(20)))
        assert {answer.text for answer in answers} == {"OK"}
    finally:
        await app.stop()


async def test_the_data_folder_is_for_its_owner_alone(settings: Settings):
    app = create_app(settings)
    await app.start()
    await app.stop()
    assert stat.S_IMODE(Path(settings.data).stat().st_mode) == 0o700


async def test_settings_come_from_the_environment_if_none_are_given(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("STENTOR_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("STENTOR_TITLE", "From outside")
    assert create_app().settings.title == "From outside"


@pytest.mark.parametrize("prefix", ["", "/social"])
async def test_it_can_be_mounted_in_another_application(settings: Settings, prefix: str):
    inner = create_app(settings)

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{prefix}/"):
            await inner({**scope, "root_path": prefix}, receive, send)

    try:
        async with client(outer) as ask:
            assert (await ask.get(f"{prefix}/health")).text == "OK"
            about = await ask.get(f"{prefix}/api/v2/instance")
            assert about.json()["domain"] == "localhost:3000"
            missing = await ask.get(f"{prefix}/api/v1/nothing")
            assert (missing.status_code, missing.json()) == (404, {"error": "Not Found"})
    finally:
        await inner.stop()


async def test_a_server_that_speaks_lifespan_starts_and_stops_it(settings: Settings):
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, lifespan="on", log_config=None, loop="asyncio")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not task.done()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(timeout=60) as ask:
        assert (await ask.get(f"http://127.0.0.1:{port}/health")).text == "OK"
    assert app.services is not None
    server.should_exit = True
    await task
    assert app.services is None


async def lifespan(app: Application) -> list[dict[str, Any]]:
    """What it says to a server that tells it to start and then to stop."""
    told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(told)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    run: Callable[..., Awaitable[None]] = app
    await run({"type": "lifespan"}, receive, send)
    return said


async def test_a_start_that_fails_is_told_to_the_server(settings: Settings):
    first = create_app(settings)
    await first.start()
    try:
        said = await lifespan(create_app(settings))
        assert [message["type"] for message in said] == ["lifespan.startup.failed"]
        assert "another server" in said[0]["message"]
    finally:
        await first.stop()
    said = await lifespan(create_app(settings))
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_one_folder_has_one_server_and_the_next_when_it_has_stopped(settings: Settings):
    first, second = create_app(settings), create_app(settings)
    await first.start()
    await first.start()  # again, which changes nothing
    with pytest.raises(AlreadyRunning):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()
    await second.stop()


async def test_a_start_that_fails_leaves_the_folder_free(settings: Settings, tmp_path: Path):
    keys = tmp_path / "data" / "keys.json"
    keys.parent.mkdir()
    keys.write_text("{}")
    keys.chmod(0o600)
    with pytest.raises(Exception, match="not a key file"):
        await create_app(settings).start()
    keys.unlink()
    app = create_app(settings)
    await app.start()
    await app.stop()
