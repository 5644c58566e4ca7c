"""Streams of a served Stentor: Mastodon.py, unmodified, and what other processes do to them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from mastodon import Mastodon, StreamListener
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.serving import PATIENCE, Served

pytestmark = pytest.mark.contract


class Heard(StreamListener):  # type: ignore[misc]  # the library has no types
    """What Mastodon.py made of a stream."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def on_any_event(self, name: str, data: Any = None) -> None:
        """Keeps it."""
        self.events.append((name, data))

    def names(self) -> list[str]:
        """In their order."""
        return [name for name, _ in self.events]


def wait_until(holds: Callable[[], bool]) -> None:
    """Fails if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_mastodon_py_hears_everything_on_the_user_stream(served: Served) -> None:
    for name in ("ann", "bob"):
        served.account(name)
    ann, bob = (
        Mastodon(access_token=served.token(name), api_base_url=served.base)
        for name in ("ann", "bob")
    )
    assert ann.stream_healthy()
    heard = Heard()
    handle = ann.stream_user(heard, run_async=True, timeout=PATIENCE)
    wait_until(handle.is_receiving)
    probes = []
    while not heard.events:  # the head is there; the stream is listened to a moment later
        probes.append(ann.status_post("now?")["id"])
        time.sleep(0.5)
    hello = ann.status_post("hello")
    bob.status_favourite(hello)
    ann.status_update(hello, "hello again")
    ann.filter_create("x", ["home"])
    ann.status_delete(hello)
    wait_until(lambda: "delete" in heard.names())
    said = [one for one in heard.events if not (one[0] == "update" and one[1]["id"] in probes)]
    assert sorted(name for name, _ in said) == [
        "delete", "filters_changed", "notification", "status.update", "update",
    ]  # fmt: skip
    told = dict(said)
    assert told["update"]["id"] == hello["id"]
    assert told["notification"]["account"]["acct"] == "bob"
    assert told["status.update"]["content"] == "<p>hello again</p>"
    assert str(told["delete"]) == str(hello["id"])
    ending = threading.Thread(target=handle.close)
    ending.start()
    while ending.is_alive():  # it waits until something comes
        ann.status_post("goodbye")
        ending.join(0.5)


@pytest.mark.parametrize("command", [("disable",), ("suspend",), ("delete", "--yes")])
async def test_what_an_operator_types_ends_the_streams_of_a_running_server(
    served: Served, command: tuple[str, ...]
) -> None:
    await asyncio.to_thread(served.account, "ann")
    token = await asyncio.to_thread(served.token, "ann")
    url = served.base.replace("http", "ws") + "/api/v1/streaming?stream=user"
    async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        await asyncio.to_thread(served.run, "account", *command, "ann")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
        assert socket.close_code == 1000


async def test_a_server_that_stops_says_so_to_every_stream(served: Served) -> None:
    await asyncio.to_thread(served.account, "ann")
    token = await asyncio.to_thread(served.token, "ann")
    url = served.base.replace("http", "ws") + "/api/v1/streaming?stream=user"
    header = {"Authorization": f"Bearer {token}"}
    sockets = [await connect(url, additional_headers=header) for _ in range(20)]
    assert await asyncio.to_thread(served.stop) == 0
    for socket in sockets:
        await asyncio.wait_for(socket.wait_closed(), PATIENCE)
        assert socket.close_code == 1012


async def test_a_token_in_the_query_gets_into_no_log(served: Served) -> None:
    await asyncio.to_thread(served.account, "ann")
    token = await asyncio.to_thread(served.token, "ann")
    url = served.base.replace("http", "ws") + f"/api/v1/streaming?access_token={token}"
    async with connect(url) as socket:
        await socket.send(json.dumps({"type": "subscribe", "stream": "user"}))
    await asyncio.to_thread(served.stop)
    assert token not in served.log
    assert token not in served.said
