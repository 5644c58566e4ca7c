"""Nothing a client can send is a fault of ours: every route, odd paths, parameters and bodies."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stentor.api.routes import ROUTES
from stentor.store.database import Database
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_follow,
    make_mentioned,
    make_status,
)
from tests.fixtures import RecordingBus
from tests.helpers import Client

#: Names that endpoints look for, and one that none does.
NAMES = [
    "id", "limit", "max_id", "min_id", "since_id", "offset", "types", "exclude_types", "account_id",
    "include_filtered", "grouped_types", "expand_accounts", "supported_types", "timeline", "home",
    "notifications", "status", "in_reply_to_id", "visibility", "spoiler_text", "language",
    "sensitive", "media_ids", "poll", "scheduled_at", "allowed_mentions", "quoted_status_id", "q",
    "type", "resolve", "following", "acct", "comment", "duration", "notify", "reblogs", "languages",
    "domain", "title", "replies_policy", "exclusive", "account_ids", "name", "client_name",
    "redirect_uris", "redirect_uri", "scopes", "scope", "website", "grant_type", "client_id",
    "client_secret", "code", "code_verifier", "token", "username", "email", "password", "agreement",
    "locale", "display_name", "note", "fields_attributes", "source", "locked", "bot",
    "for_bots", "filter_bots", "any", "all", "none", "local", "only_media", "order", "resource",
    "state", "response_type", "force_login", "code_challenge", "code_challenge_method", "choices",
    "context", "keywords_attributes", "expires_in", "filter_action", "phrase", "keyword",
    "whole_word", "status_id", "status_ids", "category", "rule_ids", "forward", "text", "action",
    "severity", "verdict", "nonsense",
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "1",
            "-1",
            "abc",
            "true",
            "False",
            "null",
            "9" * 25,
            str(2**63),
            "٣",
            "1e9",
            "\x00",
            "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
            "@ann",
            "#tag",
            "https://stentor.example/@ann/1",
            "2026-01-01T00:00:00Z",
            "9999-99-99",
            "%s",
            "'",
            "a" * 6000,
            "public",
            "direct",
            "drop",
            "authorization_code",
            "client_credentials",
            "password",
        ]
    ),
    st.text(max_size=20),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        texts,
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*NAMES[:20], "0", "1"]), inner, max_size=3),
    ),
    max_leaves=6,
)
parameters = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
paths = st.one_of(
    st.sampled_from(
        ["{own}", "{ann}", "{bob}", "{status}", "1", "0", "-1", "abc", "9" * 30, "ungrouped-1"]
    ),
    st.text(min_size=1, max_size=12),
)


@pytest.fixture
async def people(db: Database, bus: RecordingBus) -> dict[str, Any]:
    """Two people with something of everything between them."""
    ann, bob = await make_account(db, "ann", role_id=3), await make_account(db, "bob")
    status_id = await make_status(db, ann.id)
    await make_follow(db, ann.id, bob.id)
    await make_favourited(db, bus, bob, ann, status_id)
    await make_mentioned(db, bus, bob, ann)
    await make_mentioned(db, bus, ann, bob, visibility="direct")
    await insert(db, "lists", account_id=ann.id, title="friends", created_at=NOW)
    scopes = "read write follow push profile admin:read admin:write"
    from tests.factories import make_token

    return {
        "ann": ann,
        "bob": bob,
        "status": status_id,
        "token": await make_token(db, ann.id, scopes),
    }


def encoded(values: Any, name: str = "") -> list[tuple[str, str]]:
    """Brackets for nested values, as Rails would write them."""
    if isinstance(values, dict):
        found = []
        for key, value in values.items():
            found += encoded(value, f"{name}[{key}]" if name else key)
        return found
    if isinstance(values, list):
        return [pair for value in values for pair in encoded(value, f"{name}[]")]
    return [(name, "" if values is None else str(values))]


async def send(
    client: Client, people: dict[str, Any], number: int, parts: list[str], sent: Any, how: str
) -> None:
    """One odd request; its answer is no fault of ours, and says so in JSON under /api."""
    route = ROUTES[number % len(ROUTES)]
    ann: Person = people["ann"]
    known = {"own": ann.id, "ann": ann.id, "bob": people["bob"].id, "status": people["status"]}
    remaining = iter(parts)
    path = re.sub(
        r"\{[^}]+\}",
        lambda _: quote(named(next(remaining, "1"), known), safe="").replace(".", "%2E"),
        route.path,
    )
    rest: dict[str, Any] = {}
    if how == "json":
        rest["body"] = json.dumps(sent)
        rest["headers"] = {"Content-Type": "application/json"}
    elif how == "query":
        rest["params"] = urlencode(encoded(sent), errors="surrogatepass")
    else:
        rest["form"] = urlencode(encoded(sent), errors="surrogatepass")
    answer = await client.request(route.method, path, people["token"], **rest)
    assert answer.status < 500, (route.method, path, rest, answer)
    if route.path.startswith("/api/") and answer.status >= 400 and answer.content:
        assert "error" in answer.json, (route.method, path, rest, answer)


def named(part: str, known: dict[str, Any]) -> str:
    """A part of a path with somebody's or something's id for its name, if it is one."""
    return str(known.get(part[1:-1], part)) if part[:1] + part[-1:] == "{}" else part


@given(
    requests=st.lists(
        st.tuples(
            st.integers(0, 10_000), st.lists(paths, min_size=2, max_size=2), parameters,
            st.sampled_from(["json", "query", "form"]),
        ),
        min_size=10, max_size=10,
    )
)  # fmt: skip
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_request_is_a_fault_of_ours(
    client: Client,
    people: dict[str, Any],
    requests: list[tuple[int, list[str], dict[str, Any], str]],
) -> None:
    for number, parts, sent, how in requests:
        safe = [
            part.replace("{", "").replace("}", "") if part[:1] != "{" else part for part in parts
        ]
        await send(client, people, number, safe, sent, how)


async def test_every_route_takes_no_parameters_at_all(
    client: Client, people: dict[str, Any]
) -> None:
    for number in range(len(ROUTES)):
        for parts in (
            ["1", "1"],
            ["abc", "abc"],
            ["9" * 30, "x"],
            ["{ann}", "{bob}"],
            ["{status}", "1"],
        ):
            await send(client, people, number, parts, {}, "form")
