"""What every endpoint has in common: verbs, paths, headers, bodies, errors."""

from __future__ import annotations

import pytest

from tests.helpers import Client


async def test_health_is_plain_ok(client: Client) -> None:
    answer = await client.get("/health")
    assert (answer.status, answer.text) == (200, "OK")


async def test_a_trailing_slash_changes_nothing(client: Client) -> None:
    assert (await client.get("/health/")).text == "OK"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_path_is_404_in_json(client: Client, method: str) -> None:
    answer = await client.request(method, "/api/v1/nothing/here")
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_an_unknown_verb_is_404_in_json(client: Client) -> None:
    answer = await client.delete("/health")
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_a_preflight_allows_what_was_asked(client: Client) -> None:
    answer = await client.request(
        "OPTIONS",
        "/api/v1/statuses",
        headers={
            "Origin": "https://client.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,idempotency-key",
        },
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-headers"] == "authorization,idempotency-key"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "Link" in answer.headers["access-control-expose-headers"]
