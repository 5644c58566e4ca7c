"""Small honest answers: the shape that clients expect, nothing invented, the same rights."""

from __future__ import annotations

import pytest

from stentor.api.auth import Access
from stentor.api.routes import ROUTES
from tests import factories
from tests.helpers import Client

# Lists that clients ask for when they start: a 404 there ends them (trap 44).
EVERYBODY: dict[str, object] = {
    "/api/v1/custom_emojis": [],
    "/api/v1/instance/rules": [],
    "/api/v1/instance/peers": [],
    "/api/v1/peers/search": [],
    "/api/v1/instance/translation_languages": {},
}
PEOPLE: dict[str, object] = {
    "/api/v1/accounts/{id}/identity_proofs": [],
    "/api/v1/annual_reports": {"annual_reports": [], "accounts": [], "statuses": []},
    "/api/v1/annual_reports/2026/state": {"state": "ineligible"},
    "/api/v1/emails/check_confirmation": True,
    "/api/v1/announcements": [],
    "/api/v1/suggestions": [],
    "/api/v2/suggestions": [],
    "/api/v1/scheduled_statuses": [],
    "/api/v1/followed_tags": [],
    "/api/v1/featured_tags": [],
    "/api/v1/lists": [],
    "/api/v1/endorsements": [],
    "/api/v1/conversations": [],
    "/api/v1/follow_requests": [],
    "/api/v1/trends/tags": [],
    "/api/v1/trends/links": [],
    "/api/v1/trends/statuses": [],
    "/api/v1/trends": [],
    "/api/v2/filters": [],
    "/api/v1/filters": [],
}
NOTHING = [
    ("GET", "/api/oembed"),
    ("GET", "/api/v1/annual_reports/2026"),
    ("POST", "/api/v1/annual_reports/2026/read"),
    ("GET", "/api/v1_alpha/async_refreshes/abc"),
    ("GET", "/api/v1/timelines/link"),
    ("GET", "/api/v1/no/such/path"),
]
STAFF_LISTS = [
    ("GET", "trends/tags"), ("GET", "trends/statuses"), ("GET", "trends/links"),
    ("GET", "trends/links/publishers"), ("POST", "measures"), ("POST", "dimensions"),
    ("POST", "retention"), ("GET", "ip_blocks"), ("GET", "email_domain_blocks"),
    ("GET", "canonical_email_blocks"), ("GET", "domain_allows"),
]  # fmt: skip


@pytest.mark.parametrize("path", EVERYBODY)
async def test_everybody_gets_the_empty_shape(client: Client, path: str):
    answer = await client.get(path)
    assert (answer.status, answer.json) == (200, EVERYBODY[path])


@pytest.mark.parametrize("path", PEOPLE)
async def test_a_person_gets_the_empty_shape(client: Client, path: str):
    alice = await factories.make_account(client.db, "alice")
    answer = await client.get(path.format(id=alice.id), alice)
    assert (answer.status, answer.json) == (200, PEOPLE[path])


@pytest.mark.parametrize(("method", "path"), NOTHING)
async def test_what_is_not_there_is_404_in_json(client: Client, method: str, path: str):
    alice = await factories.make_account(client.db, "alice")
    answer = await client.request(method, path, alice)
    assert answer.status == 404
    assert answer.json["error"] in {"Record not found", "Not Found"}


async def test_donation_campaigns_are_the_only_204(client: Client):
    alice = await factories.make_account(client.db, "alice")
    answer = await client.get("/api/v1/donation_campaigns", alice)
    assert (answer.status, answer.content) == (204, b"")


async def test_a_confirmed_address_is_not_confirmed_again(client: Client):
    alice = await factories.make_account(client.db, "alice")
    answer = await client.post("/api/v1/emails/confirmations", alice)
    assert answer.status == 403
    assert "awaiting confirmation" in answer.json["error"]


@pytest.mark.parametrize(("method", "name"), STAFF_LISTS)
async def test_moderation_is_an_empty_list_for_staff_and_403_for_others(
    client: Client, method: str, name: str
):
    scopes = "read write admin:read"
    moderator = await factories.make_account(client.db, "mod", role_id=1, token=scopes)
    somebody = await factories.make_account(client.db, "somebody", token=scopes)
    without = await factories.make_token(client.db, moderator.id, "read write")
    path = f"/api/v1/admin/{name}"
    assert (await client.request(method, path, moderator)).json == []
    refused = await client.request(method, path, somebody)
    assert (refused.status, refused.json) == (403, {"error": "This action is not allowed"})
    assert (await client.request(method, path, without)).json == {
        "error": "This action is outside the authorized scopes"
    }
    assert (await client.request(method, path)).status == 401


async def test_one_of_a_kind_is_missing_for_staff_and_forbidden_for_others(client: Client):
    owner = await factories.make_account(client.db, "owner", role_id=3, token="admin:read")
    somebody = await factories.make_account(client.db, "somebody", token="admin:read")
    assert (await client.get("/api/v1/admin/ip_blocks/1", owner)).status == 404
    assert (await client.get("/api/v1/admin/ip_blocks/1", somebody)).status == 403


def test_small_answers_ask_for_the_same_rights_as_the_real_ones():
    open_ones = {
        "/api/v1/custom_emojis", "/api/v1/instance/rules", "/api/oembed",
        "/api/v1/instance/translation_languages",
    }  # fmt: skip
    small = [route for route in ROUTES if route.handler.__module__ == "stentor.api.small_answers"]
    assert small
    for route in small:
        if route.access is Access.OPEN:
            assert route.path in open_ones
        elif route.path != "/api/v1/donation_campaigns":
            assert route.scopes, route.path
