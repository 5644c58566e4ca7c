"""WebSockets over real sockets."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from stentor.actions import accounts, oauth, passwords
from stentor.actions import statuses as statuses_actions
from stentor.domain import times
from stentor.domain.statuses import Draft
from stentor.store import presences
from stentor.streaming import hub
from tests.factories import insert, make_account, make_follow, make_status, make_token
from tests.streaming.conftest import PATIENCE, Live, eventually, serving


async def test_one_socket_carries_many_streams_each_under_its_name(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    hello = await make_status(live.db, ann.id)
    frames = await live.socket(ann.token, "user")
    await frames.say(type="subscribe", stream="user:notification")
    await eventually(lambda: live.listening("user:notification"))
    await live.favourited(ann, bob, hello)
    await eventually(lambda: len(frames.frames) == 2)
    first, second = frames.frames
    assert [first["stream"], second["stream"]] == [["user"], ["user:notification"]]
    assert first["event"] == second["event"] == "notification"
    assert first["payload"] == second["payload"]
    body = json.loads(first["payload"])
    assert (body["type"], body["account"]["acct"]) == ("favourite", "bob")
    assert body["status"]["id"] == str(hello)
    assert "fallback" not in body


async def test_without_the_scope_for_notifications_the_user_stream_has_none(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    hello = await make_status(live.db, ann.id)
    narrow = await live.socket(await make_token(live.db, ann.id, "read:statuses"), "user")
    wide = await live.socket(await make_token(live.db, ann.id, "read"), "user")
    await eventually(lambda: len(live.listening("user")) == 2)
    await live.favourited(ann, bob, hello)
    await live.post(ann, "and then")
    await eventually(lambda: wide.named("notification") and narrow.named("update"))
    assert narrow.named("notification") == []


async def test_the_token_may_come_as_subprotocol_and_is_echoed(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    async with connect(live.url(), subprotocols=[ann.token], proxy=None) as socket:  # type: ignore[list-item]  # any text
        assert socket.subprotocol == ann.token
    async with connect(live.url(access_token=ann.token), proxy=None) as socket:
        assert socket.subprotocol is None
    same = {"Authorization": f"bearer {ann.token}"}
    async with connect(
        live.url(access_token=ann.token), subprotocols=[ann.token],  # type: ignore[list-item]  # any text
        additional_headers=same, proxy=None,
    ) as socket:  # fmt: skip
        assert socket.subprotocol == ann.token


async def test_two_different_tokens_open_nothing(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    header = {"Authorization": f"Bearer {ann.token}"}
    for url, protocols in (
        (live.url(access_token=bob.token), None),
        (live.url(), [bob.token]),
        (live.url(access_token="nonsense"), [ann.token]),
    ):
        with pytest.raises(InvalidStatus) as problem:
            async with connect(
                url,
                additional_headers=header,
                subprotocols=protocols,
                proxy=None,  # type: ignore[arg-type]  # any text
            ):
                pass
        answer = problem.value.response
        assert answer.status_code == 401
        assert answer.headers["X-Error-Message"] == "Invalid access token"
        assert not answer.body


async def test_a_cookie_opens_nothing(live: Live) -> None:
    with pytest.raises(InvalidStatus) as problem:
        async with connect(live.url(), additional_headers={"Cookie": "session=1"}, proxy=None):
            pass
    assert problem.value.response.headers["X-Error-Message"] == "Missing access token"


async def test_a_binary_frame_closes_with_1003_and_a_huge_one_with_1009(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    frames = await live.socket(ann.token)
    await frames.socket.send(b"\x00")
    assert await frames.closed() == 1003
    frames = await live.socket(ann.token)
    await frames.socket.send("x" * 65_537)
    assert await frames.closed() == 1009


async def test_too_many_messages_close_with_1008(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    frames = await live.socket(ann.token)
    for _ in range(61):
        await frames.socket.send("{}")
    assert await frames.closed() == 1008
    await eventually(lambda: len(live.hub) == 0)


async def test_somebody_elses_list_is_refused_and_ones_own_is_heard(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    await make_follow(live.db, ann.id, bob.id)
    for number, owner in ((1, ann), (2, bob)):
        await insert(live.db, "lists", id=number, account_id=owner.id, title="x", created_at=0)
    await insert(live.db, "list_accounts", list_id=1, account_id=bob.id)
    frames = await live.socket(ann.token)
    await frames.say(type="subscribe", stream="list", list="2")
    await frames.say(type="subscribe", stream="list", list="1")
    await eventually(lambda: live.listening("list"))
    status_id = await live.post(bob)
    await eventually(lambda: len(frames.frames) == 2)
    refused, update = frames.frames
    assert refused == {"error": "Not authorized to stream this list", "status": 401}
    assert update["stream"] == ["list", "1"]
    assert json.loads(update["payload"])["id"] == str(status_id)


async def test_statuses_come_go_and_change_on_every_stream_that_shows_them(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    await make_follow(live.db, ann.id, bob.id)
    frames = await live.socket(ann.token, "user")
    for stream in ("public", "public:local", "public:remote", "public:media"):
        await frames.say(type="subscribe", stream=stream)
    for stream, tag in (("hashtag", "Bread"), ("hashtag:local", "bread")):
        await frames.say(type="subscribe", stream=stream, tag=tag)
    await eventually(lambda: live.listening("hashtag:local"))
    services = live.services
    status_id = await live.post(bob, "fresh #bread")
    await eventually(lambda: len(frames.frames) == 5)  # what is gone again is not told of
    await statuses_actions.edit(
        live.db, services.bus, links=services.links, account_id=bob.id, status_id=status_id,
        draft=Draft(text="old #bread"), now=services.now(),
    )  # fmt: skip
    await eventually(lambda: len(frames.frames) == 10)
    await statuses_actions.delete(
        live.db, services.bus, account_id=bob.id, status_id=status_id, now=services.now()
    )
    shown = {("user",), ("public",), ("public:local",), ("hashtag", "Bread"),
             ("hashtag:local", "bread")}  # fmt: skip
    await eventually(lambda: len(frames.frames) >= 15)
    for name in ("update", "status.update", "delete"):
        assert {tuple(one["stream"]) for one in frames.frames if one["event"] == name} == shown
    assert {one["payload"] for one in frames.frames if one["event"] == "delete"} == {str(status_id)}
    home = next(one for one in frames.frames if one["stream"] == ["user"])
    public = next(one for one in frames.frames if one["stream"] == ["public"])
    assert json.loads(home["payload"])["favourited"] is False
    assert "favourited" not in json.loads(public["payload"])
    assert json.loads(public["payload"])["filtered"] == []
    assert len(frames.frames) == 15


async def test_a_deleted_direct_message_is_told_to_those_who_had_it_only(live: Live) -> None:
    ann, bob, cat = [await make_account(live.db, name) for name in ("ann", "bob", "cat")]
    for one in (bob, cat):
        await make_follow(live.db, one.id, ann.id)
    await make_follow(live.db, ann.id, bob.id)
    of_bob, of_cat = await live.socket(bob.token, "user"), await live.socket(cat.token, "user")
    await of_bob.say(type="subscribe", stream="direct")
    await eventually(lambda: live.listening("direct") and len(live.listening("user")) == 2)
    services = live.services
    status_id = await live.post(ann, "@bob psst", visibility="direct")
    await eventually(lambda: of_bob.named("conversation"))
    conversation = of_bob.named("conversation")[0]
    assert conversation["last_status"]["id"] == str(status_id)
    assert conversation["unread"] is True
    assert [one["acct"] for one in conversation["accounts"]] == ["ann"]
    await statuses_actions.delete(
        live.db, services.bus, account_id=ann.id, status_id=status_id, now=services.now()
    )
    await live.post(ann, "@bob goodbye")
    await eventually(lambda: of_cat.named("update") and of_bob.named("delete", "direct"))
    assert of_bob.named("delete", "user") == [status_id]
    assert of_cat.named("delete") == []
    assert [one["id"] for one in of_cat.named("update")] != [str(status_id)]


async def test_an_edit_is_told_to_whom_it_mentions_on_his_notifications(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    frames = await live.socket(bob.token, "user:notification")
    services = live.services
    status_id = await live.post(ann, "hey @bob")
    await statuses_actions.edit(
        live.db, services.bus, links=services.links, account_id=ann.id, status_id=status_id,
        draft=Draft(text="hello @bob"), now=services.now(),
    )  # fmt: skip
    await eventually(lambda: frames.named("status.update") and frames.named("notification"))
    assert frames.named("status.update")[0]["id"] == str(status_id)
    assert [one["type"] for one in frames.named("notification")] == ["mention"]


async def test_everybodys_filters_are_his_own(live: Live) -> None:
    words = ["apple", "pear", "plum", "cherry", "grape", "melon", "lemon", "peach"]
    people = [await make_account(live.db, f"listener{n}") for n in range(len(words))]
    star = await make_account(live.db, "star")
    everybody = []
    for number, (person, word) in enumerate(zip(people, words, strict=True), 1):
        await make_follow(live.db, person.id, star.id)
        await insert(
            live.db, "filters", id=number, account_id=person.id, title=f"secret of {word}",
            contexts="home", action="warn", created_at=0,
        )  # fmt: skip
        await insert(live.db, "filter_keywords", filter_id=number, keyword=word, whole_word=True)
        frames = await live.socket(person.token, "user")
        await frames.say(type="subscribe", stream="public")
        everybody.append(frames)
    await eventually(lambda: len(live.listening("public")) == len(words))
    for word in words:
        await live.post(star, f"an {word} a day")
    await eventually(lambda: all(len(one.frames) == 2 * len(words) for one in everybody))
    for word, frames in zip(words, everybody, strict=True):
        for stream in ("user", "public"):
            met = [
                (status["content"], result["filter"]["title"])
                for status in frames.named("update", stream)
                for result in status["filtered"]
            ]
            assert met == [(f"<p>an {word} a day</p>", f"secret of {word}")]


async def test_whoever_hides_the_author_hears_nothing_of_him(live: Live) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    frames = await live.socket(ann.token, "public")
    await insert(live.db, "blocks", account_id=ann.id, target_account_id=bob.id, created_at=0)
    await live.post(bob, "not for ann")
    own = await live.post(ann, "for ann")
    await eventually(lambda: frames.named("update"))
    assert [one["id"] for one in frames.named("update")] == [str(own)]


async def _revoke(live: Live, ann: Any) -> None:
    async with live.db.transaction() as tx:
        await oauth.revoke(tx, live.services.bus, account_id=ann.id, now=live.services.now())


async def _by_hand(live: Live, sql: str, *values: Any) -> None:
    async with live.db.transaction() as tx:
        await tx.run(sql, *values)


ENDS = {
    "revoked": _revoke,
    "suspended": lambda live, ann: accounts.suspend(
        live.db, live.services.bus, ann.id, now=live.services.now()
    ),
    "disabled": lambda live, ann: accounts.disable(live.db, live.services.bus, ann.id),
    "deleted": lambda live, ann: accounts.delete(live.db, live.services.bus, ann.id),
    "a new password": lambda live, ann: passwords.change(
        live.db, live.services.bus, ann.id, "correct horse battery", now=live.services.now()
    ),
    "the row removed by hand": lambda live, ann: _by_hand(
        live, "DELETE FROM access_tokens WHERE account_id = $1", ann.id
    ),
    "revoked by hand": lambda live, ann: _by_hand(
        live, "UPDATE access_tokens SET revoked_at = 1 WHERE account_id = $1", ann.id
    ),
    "suspended by hand": lambda live, ann: _by_hand(
        live, "UPDATE accounts SET suspended_at = 1 WHERE id = $1", ann.id
    ),
    "disabled by hand": lambda live, ann: _by_hand(
        live, "UPDATE users SET disabled = $2 WHERE account_id = $1", ann.id, True
    ),
    "unconfirmed by hand": lambda live, ann: _by_hand(
        live, "UPDATE users SET confirmed_at = NULL WHERE account_id = $1", ann.id
    ),
    "its time is over": lambda live, ann: _by_hand(
        live, "UPDATE access_tokens SET expires_at = 1 WHERE account_id = $1", ann.id
    ),
}


@pytest.mark.parametrize("path", ENDS)
async def test_streams_end_with_their_token_whatever_ends_it(live: Live, path: str) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    frames, events = await live.socket(ann.token, "user"), await live.sse("user", ann.token)
    other = await live.socket(bob.token, "user")
    await ENDS[path](live, ann)
    assert await frames.closed() == 1000
    await eventually(lambda: events.ended)
    assert other.socket.close_code is None
    assert len(live.hub) == 1


@pytest.mark.parametrize("path", [one for one in ENDS if one.endswith("by hand")])
async def test_control_without_the_look_at_tokens_a_stream_outlives_what_nobody_tells_of(
    live: Live, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await make_account(live.db, "ann")
    frames = await live.socket(ann.token, "user")
    monkeypatch.setattr(live.hub, "_good", lambda *_: True)
    monkeypatch.setattr(hub.access_tokens, "load", _everybody)
    await ENDS[path](live, ann)
    await asyncio.sleep(2.5)
    assert frames.socket.close_code is None


async def _everybody(_: Any, token_ids: list[int]) -> list[Any]:
    return [SimpleNamespace(id=one, expires_at=None) for one in token_ids]


async def test_a_token_that_ends_by_itself_ends_its_streams(live: Live, clock: Any) -> None:
    ann = await make_account(live.db, "ann", token=None)
    token = await make_token(live.db, ann.id, "read", expires_at=clock() + 60_000)
    frames = await live.socket(token, "user")
    await live.hub.sweep()
    assert frames.socket.close_code is None
    clock.advance(seconds=61)
    assert await frames.closed() == 1000


async def test_draining_closes_everybody_with_1012_and_lets_nobody_in(live: Live) -> None:
    ann = await make_account(live.db, "ann")
    frames = [await live.socket(ann.token, "user") for _ in range(5)]
    events = await live.sse("user", ann.token)
    await live.hub.drain()
    assert [await one.closed() for one in frames] == [1012] * 5
    await eventually(lambda: events.ended)
    assert (await live.sse("user", ann.token)).status == 503


async def test_whoever_has_a_stream_open_is_online_and_soon_not_any_more(
    live: Live, clock: Any
) -> None:
    ann = await make_account(live.db, "ann")
    assert not await presences.online(live.db, ann.id, clock())
    frames = await live.socket(ann.token, "user")
    await live.hub.note_presences()
    assert await presences.online(live.db, ann.id, clock())
    await frames.close()
    await eventually(lambda: len(live.hub) == 0)
    await live.hub.note_presences()
    assert await presences.online(live.db, ann.id, clock() + 30_000)
    assert not await presences.online(live.db, ann.id, clock() + 61_000)


async def test_whoever_keeps_a_stream_open_stays_online_until_the_process_is_killed(
    live: Live, clock: Any
) -> None:
    """Time leaps further than the hub waits before it notes somebody again, and one note fails."""
    assert 2 * hub.NOTED < presences.ONLINE <= 8 * times.MINUTE
    ann = await make_account(live.db, "ann")
    await live.socket(ann.token, "user")
    await live.hub.note_presences()
    for _ in range(10):
        clock.advance(milliseconds=2 * hub.NOTED)
        assert await presences.online(live.db, ann.id, clock())
        await live.hub.note_presences()
    # From now on nobody notes anything, and nobody says goodbye.
    assert await presences.online(live.db, ann.id, clock() + presences.ONLINE - 1)
    assert not await presences.online(live.db, ann.id, clock() + presences.ONLINE)


async def test_opening_a_stream_counts_as_use_of_the_token(live: Live, clock: Any) -> None:
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    await live.socket(ann.token, "user")
    await live.sse("user", bob.token)
    assert await live.services.last_uses.write(live.db) == 2
    rows = await live.db.fetch("SELECT last_used_at FROM access_tokens")
    assert [row[0] for row in rows] == [clock()] * 2
    with pytest.raises(InvalidStatus):
        await live.socket(await make_token(live.db, ann.id, "read", revoked_at=clock()))
    assert await live.services.last_uses.write(live.db) == 0


async def test_any_other_asgi_server_serves_sockets_too(said_services: Any) -> None:
    async with serving(said_services, http="auto", ws="websockets-sansio") as live:
        ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
        hello = await make_status(live.db, ann.id)
        frames = await live.socket(ann.token, "user")
        await frames.say(type="subscribe", stream="nope")
        await live.favourited(ann, bob, hello)
        await eventually(lambda: len(frames.frames) == 2)
        assert frames.named("notification")[0]["type"] == "favourite"
        events = await live.sse("user", ann.token)
        await live.hub.drain()
        assert await frames.closed() == 1012
        await eventually(lambda: events.ended)


async def test_whoever_answers_no_ping_is_closed(said_services: Any) -> None:
    async with serving(said_services, ws_ping_interval=0.1, ws_ping_timeout=0.1) as live:
        ann = await make_account(live.db, "ann")
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(
            "GET /api/v1/streaming HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {ann.token}"
            "\r\n\r\n".encode()
        )
        received = await asyncio.wait_for(reader.read(), PATIENCE)
        assert (1011).to_bytes(2, "big") + b"keepalive ping timeout" in received
        await eventually(lambda: len(live.hub) == 0)
        writer.close()


async def test_thirty_streams_are_open_at_once_and_sixty_opened_in_five_minutes(
    live: Live, clock: Any
) -> None:
    live.services.limits.on = True
    ann, bob = await make_account(live.db, "ann"), await make_account(live.db, "bob")
    sockets = [await live.socket(ann.token) for _ in range(30)]
    await eventually(lambda: len(live.hub) == 30)

    async def refused(token: str) -> str | None:
        header = {"Authorization": f"Bearer {token}"}
        try:
            async with connect(live.url(), additional_headers=header, proxy=None):
                return None
        except InvalidStatus as problem:
            assert problem.response.status_code == 429
            assert int(problem.response.headers["Retry-After"]) > 0
            return problem.response.headers["X-Error-Message"]

    assert await refused(ann.token) == "Too many requests"
    assert await refused(bob.token) is None
    for one in sockets:
        await one.close()
    await eventually(lambda: len(live.hub) == 0)
    for _ in range(29):
        assert await refused(ann.token) is None
        await eventually(lambda: len(live.hub) == 0)
    assert await refused(ann.token) == "Too many requests"
    clock.advance(seconds=300)
    assert await refused(ann.token) is None


async def test_whoever_guesses_tokens_is_stopped_by_his_address(live: Live) -> None:
    live.services.limits.on = True
    statuses = {(await live.sse("user", "x" * 43)).status for _ in range(300)}
    assert statuses == {401}
    assert (await live.sse("user", "x" * 43)).status == 429
