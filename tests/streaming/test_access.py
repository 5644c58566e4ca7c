"""Who may open which stream: six streams, each state of a token, each way in (reliability 2b)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.factories import NOW, insert, make_account, make_token
from tests.streaming.conftest import Live, eventually

MISSING, INVALID = "Missing access token", "Invalid access token"
SCOPE = "Access token does not have the required scopes"
#: Each stream: its path, its message, and the exact scope that opens it.
STREAMS = {
    "user": ("user", {"stream": "user"}, "read:statuses"),
    "user:notification": (
        "user/notification", {"stream": "user:notification"}, "read:notifications",
    ),
    "public": ("public", {"stream": "public"}, "read:statuses"),
    "hashtag": ("hashtag?tag=bread", {"stream": "hashtag", "tag": "bread"}, "read:statuses"),
    "list": ("list?list=1", {"stream": "list", "list": "1"}, "read:statuses"),
    "direct": ("direct", {"stream": "direct"}, "read:statuses"),
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """A state of a token: its columns, those of the account and of the person, and the verdict."""

    name: str
    #: None: the stream opens. "scope": the token is good and opens other things.
    verdict: str | None = INVALID
    scopes: str = "exact"
    token: dict[str, Any] | None = None
    account: dict[str, Any] | None = None
    user: dict[str, Any] | None = None


STATES = [
    State("none", MISSING),
    State("malformed"),
    State("unknown"),
    State("an application's, with the scope"),
    State("an application's, without", scopes="write"),
    State("the wrong scope", "scope", "write push read:accounts"),
    State("the scope above", None, "read"),
    State("exactly the scope", None),
    State("revoked", token={"revoked_at": NOW - 1}),
    State("expired", token={"expires_at": NOW - 1}),
    State("revoked and expired", token={"revoked_at": NOW - 1, "expires_at": NOW - 1}),
    State("suspended", account={"suspended_at": NOW - 1}),
    State("unconfirmed", user={"confirmed_at": None}),
    State("pending", user={"approved": False}),
    State("disabled", user={"disabled": True}),
]
TRANSPORTS = ("sse", "handshake", "subscribe")
#: 14 states of the specification, and a disabled one.
CELLS = len(STREAMS) * 14 * len(TRANSPORTS)


async def prepare(live: Live, state: State, scope: str, *, alive: bool = False) -> str | None:
    """A token in that state, or (``alive``) one that is to get there."""
    match state.name:
        case "none":
            return None
        case "malformed":
            return "not;a token"
        case "unknown" if not alive:
            return "x" * 43
    scopes = scope if state.scopes == "exact" else state.scopes
    if state.name.startswith("an application's"):
        return await make_token(live.db, None, scopes)
    given = {} if alive else {"account": state.account or {}, "user": state.user or {}}
    person = await make_account(
        live.db, token=None, **given.get("account", {}), user=given.get("user", {})
    )
    if not await live.db.fetch("SELECT 1 FROM lists WHERE id = 1"):
        await insert(live.db, "lists", id=1, account_id=person.id, title="x", created_at=0)
    async with live.db.transaction() as tx:
        await tx.run("UPDATE lists SET account_id = $1 WHERE id = 1", person.id)
    return await make_token(live.db, person.id, scopes, **({} if alive else state.token or {}))


async def get_there(live: Live, state: State) -> None:
    """What makes of the newest token one in that state."""
    account_id, token_id = await live.db.fetch_row(  # type: ignore[misc]  # there is one
        "SELECT account_id, id FROM access_tokens ORDER BY id DESC LIMIT 1"
    )
    async with live.db.transaction() as tx:
        if state.name == "unknown":
            await tx.run("DELETE FROM access_tokens WHERE id = $1", token_id)
        for table, key, value, columns in (
            ("access_tokens", "id", token_id, state.token),
            ("accounts", "id", account_id, state.account),
            ("users", "account_id", account_id, state.user),
        ):
            for name, new in (columns or {}).items():
                shown = "NULL" if new is None else str(new).upper()
                await tx.run(f"UPDATE {table} SET {name} = {shown} WHERE {key} = $1", value)


@pytest.fixture(autouse=True)
def nothing_noted_by_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is noted of one stream might be noted while another is looked at."""
    monkeypatch.setattr("stentor.streaming.hub.FLOOR_SECONDS", 3600.0)


async def rows(live: Live) -> list[Any]:
    """What must not change because somebody asks for a stream."""
    tables = ("access_tokens", "accounts", "users", "lists", "notifications", "presences")
    return [
        [tuple(row) for row in await live.db.fetch(f"SELECT * FROM {table}")] for table in tables
    ]


async def check_sse(live: Live, stream: str, state: State) -> None:
    path, _, scope = STREAMS[stream]
    token = await prepare(live, state, scope)
    before = await rows(live)
    answer = await live.sse(path, token)
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["vary"] == "Authorization, Origin"
    if state.verdict is None:
        assert answer.status == 200
        await answer.close()
        return
    text = SCOPE if state.verdict == "scope" else state.verdict
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(answer.text) == {"error": text}
    code = "insufficient_scope" if state.verdict == "scope" else "invalid_token"
    assert f'error="{code}"' in answer.headers["www-authenticate"]
    assert await rows(live) == before


async def check_handshake(live: Live, stream: str, state: State) -> None:
    _, message, scope = STREAMS[stream]
    token = await prepare(live, state, scope)
    before = await rows(live)
    sent = {} if token is None else {"Authorization": f"Bearer {token}"}
    if state.verdict in (None, "scope"):
        async with connect(live.url(**message), additional_headers=sent, proxy=None) as socket:
            if state.verdict == "scope":
                assert json.loads(await socket.recv()) == {"error": SCOPE, "status": 401}
            else:
                await eventually(lambda: live.listening(stream))
        return
    with pytest.raises(InvalidStatus) as problem:
        async with connect(live.url(**message), additional_headers=sent, proxy=None):
            pass
    answer = problem.value.response
    assert answer.status_code == 401
    assert not answer.body
    assert answer.headers["X-Error-Message"] == state.verdict
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Connection"] == "close"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in answer.headers
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert await rows(live) == before


async def check_subscribe(live: Live, stream: str, state: State) -> None:
    """On a socket that was opened while the token was good; where it never was, there is none."""
    _, message, scope = STREAMS[stream]
    token = await prepare(live, state, scope, alive=True)
    sent = {} if token is None else {"Authorization": f"Bearer {token}"}
    never = state.name in ("none", "malformed") or state.name.startswith("an application's")
    if never:
        with pytest.raises(InvalidStatus) as problem:
            async with connect(live.url(), additional_headers=sent, proxy=None):
                pass
        assert problem.value.response.headers["X-Error-Message"] == state.verdict
        return
    frames = await live.socket(token or "")
    if state.verdict == INVALID:
        await get_there(live, state)
        await live.hub.sweep()
        assert await frames.closed() == 1000
        assert frames.frames == []
        return
    await frames.say(type="subscribe", **message)
    if state.verdict == "scope":
        await eventually(lambda: frames.frames)
        assert frames.frames == [{"error": SCOPE, "status": 401}]
    else:
        await eventually(lambda: live.listening(stream))
        assert frames.frames == []
    assert frames.socket.close_code is None
    await frames.close()


CHECKS = {"sse": check_sse, "handshake": check_handshake, "subscribe": check_subscribe}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("stream", STREAMS)
async def test_every_token_opens_what_it_may_and_hears_why_not(
    live: Live, stream: str, transport: str
) -> None:
    for state in STATES:
        await CHECKS[transport](live, stream, state)
        await eventually(lambda: len(live.hub) == 0)


def test_the_table_has_all_its_cells() -> None:
    assert CELLS == 252
    assert len(STATES) == 15


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("nope", 400, "Unknown channel requested"),
        ("user/notifications", 400, "Unknown channel requested"),
        ("hashtag", 400, "Missing tag name parameter"),
        ("hashtag/local?tag=", 400, "Missing tag name parameter"),
        ("list", 400, "Missing list name parameter"),
        ("list?list=x", 401, "Not authorized to stream this list"),
        ("list?list=999", 401, "Not authorized to stream this list"),
    ],
)
async def test_what_an_event_stream_lacks_is_told(
    live: Live, path: str, status: int, text: str
) -> None:
    person = await make_account(live.db)
    answer = await live.sse(path, person.token)
    assert (answer.status, json.loads(answer.text)) == (status, {"error": text})


async def test_an_unknown_path_is_told_before_the_token_is_looked_at(live: Live) -> None:
    answer = await live.sse("nope")
    assert (answer.status, json.loads(answer.text)) == (
        400, {"error": "Unknown channel requested"},
    )  # fmt: skip


async def test_health_is_for_everybody(live: Live) -> None:
    answer = await live.sse("health")
    assert (answer.status, answer.text) == (200, "OK")


async def test_a_request_without_upgrade_finds_nothing_at_the_sockets_address(live: Live) -> None:
    answer = await live.sse("")
    assert answer.status == 404
