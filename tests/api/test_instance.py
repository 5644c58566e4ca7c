"""The documents about the server: complete, true, and the same address that people type."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import pytest

from stentor.api.routes import ROUTES
from stentor.domain import language_names, languages, limits
from tests import factories
from tests.factories import NOW
from tests.fixtures import query_budget
from tests.helpers import Client

DAY = 86_400_000


async def test_the_limits_are_those_that_are_kept(client: Client):
    v1, v2 = [(await client.get(f"/api/{n}/instance")).json["configuration"] for n in ("v1", "v2")]
    assert v1["statuses"] == v2["statuses"]
    assert v2["statuses"]["max_characters"] == limits.STATUS_CHARACTERS
    assert v2["polls"]["max_options"] == limits.POLL_OPTIONS


async def test_both_name_the_host_as_it_is_typed_and_a_websocket_without_a_path(client: Client):
    v1 = (await client.get("/api/v1/instance/")).json
    v2 = (await client.get("/api/v2/instance/")).json
    assert v1["uri"] == v2["domain"] == "stentor.example"
    streaming = v1["urls"]["streaming_api"]
    assert streaming == v2["configuration"]["urls"]["streaming"] == "wss://stentor.example"


async def test_the_version_is_read_as_a_mastodon_of_today_by_all_known_rules(client: Client):
    version = (await client.get("/api/v2/instance")).json["version"]
    assert int(version[0]) == 4
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    assert found
    assert tuple(map(int, found.groups())) >= (4, 6, 0)
    assert "Stentor" in version


async def test_it_promises_grouped_notifications_only_if_there_are_any(client: Client):
    promised = (await client.get("/api/v2/instance")).json["api_versions"]
    paths = {route.path for route in ROUTES}
    assert (promised["mastodon"] >= 2) == ("/api/v2/notifications" in paths)
    assert promised["stentor"] == 1


async def test_the_push_key_is_the_servers_own_byte_for_byte(client: Client):
    about = (await client.get("/api/v2/instance")).json
    assert about["configuration"]["vapid"]["public_key"] == (
        client.services.features.vapid_public_key
    )


@pytest.mark.parametrize(
    ("features", "enabled", "approval"),
    [
        ({"registrations": "open"}, True, False),
        ({"registrations": "approval"}, True, True),
        ({"registrations": "closed"}, False, False),
    ],
)
async def test_it_says_whether_one_can_sign_up(client: Client, enabled: bool, approval: bool):
    v2 = (await client.get("/api/v2/instance")).json["registrations"]
    v1 = (await client.get("/api/v1/instance")).json
    assert (v2["enabled"], v2["approval_required"], v2["reason_required"]) == (
        enabled, approval, approval,
    )  # fmt: skip
    assert (v1["registrations"], v1["approval_required"]) == (enabled, approval)
    assert (await client.get("/nodeinfo/2.0")).json["openRegistrations"] is enabled


async def test_the_contact_is_the_eldest_owner_and_nobody_else(client: Client):
    assert (await client.get("/api/v2/instance")).json["contact"] == {
        "email": "owner@example.org",
        "account": None,
    }
    await factories.make_account(client.db, "admin", role_id=2)
    await factories.make_account(client.db, "gone", role_id=3, suspended_at=NOW)
    first = await factories.make_account(client.db, "owner", role_id=3)
    await factories.make_account(client.db, "second", role_id=3)
    contact = (await client.get("/api/v2/instance")).json["contact"]["account"]
    assert (contact["id"], contact["acct"]) == (str(first.id), "owner")
    assert (await client.get("/api/v1/instance")).json["contact_account"] == contact


async def test_numbers_count_people_who_can_sign_in_and_are_remembered_for_a_minute(
    client: Client, clock
):
    await factories.make_account(client.db, "active", statuses_count=3, last_status_at=NOW - DAY)
    await factories.make_account(
        client.db, "idle", statuses_count=4, last_status_at=NOW - 100 * DAY
    )
    await factories.make_account(client.db, "unconfirmed", user={"confirmed_at": None})
    await factories.make_account(client.db, "pending", user={"approved": False})
    await factories.make_account(client.db, "suspended", suspended_at=NOW)
    await factories.make_account(client.db, "far", domain="far.example", statuses_count=50)
    await factories.make_account(client.db, "near", domain="far.example")
    stats = (await client.get("/api/v1/instance")).json["stats"]
    assert stats == {"user_count": 2, "status_count": 7, "domain_count": 1}
    usage = (await client.get("/nodeinfo/2.0")).json["usage"]
    assert usage == {
        "users": {"total": 2, "activeMonth": 1, "activeHalfyear": 2},
        "localPosts": 7,
    }
    await factories.make_account(client.db, "new")
    assert (await client.get("/api/v1/instance")).json["stats"]["user_count"] == 2
    with query_budget(client.db, 1):  # the contact
        await client.get("/api/v2/instance")
    clock.advance(seconds=61)
    assert (await client.get("/api/v1/instance")).json["stats"]["user_count"] == 3


async def test_a_token_that_is_no_good_does_not_hide_the_documents(client: Client):
    for path in ("/api/v1/instance", "/api/v2/instance", "/api/v1/custom_emojis"):
        assert (await client.get(path, "nobody-knows-this")).status == 200


# --- Nodeinfo, host-meta, webfinger ---------------------------------------------------------------


async def test_nodeinfo_is_found_where_it_is_said_to_be(client: Client):
    link = (await client.get("/.well-known/nodeinfo")).json["links"][0]
    assert link["rel"] == "http://nodeinfo.diaspora.software/ns/schema/2.0"
    assert link["href"] == "https://stentor.example/nodeinfo/2.0"
    answer = await client.get(urlsplit(link["href"]).path)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json["version"] == "2.0"


@pytest.mark.parametrize(
    ("features", "version"),
    [
        ({"nodeinfo_name": "mastodon"}, r"4\.6\.4 \(compatible; Stentor .*\)"),
        ({"nodeinfo_name": "stentor"}, r"0\.\d+\.\d+"),
    ],
)
async def test_nodeinfo_names_the_software_as_the_operator_decides(
    client: Client, features: dict, version: str
):
    software = (await client.get("/nodeinfo/2.0")).json["software"]
    assert software["name"] == features["nodeinfo_name"]
    assert re.fullmatch(version, software["version"])


async def test_host_meta_is_xml_that_points_to_webfinger(client: Client):
    answer = await client.get("/.well-known/host-meta")
    assert answer.headers["content-type"] == "application/xrd+xml; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    link = ET.fromstring(answer.text).find("{http://docs.oasis-open.org/ns/xri/xrd-1.0}Link")
    assert link is not None
    assert link.get("rel") == "lrdd"
    assert link.get("template") == ("https://stentor.example/.well-known/webfinger?resource={uri}")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:alice@stentor.example",
        "acct:ALICE@Stentor.Example",
        "alice@stentor.example",
        "@alice@stentor.example",
        "https://stentor.example/@alice",
        "https://stentor.example/users/alice",
        "https://stentor.example/ap/users/{id}",
    ],
)
async def test_webfinger_finds_a_local_account_by_handle_and_by_address(
    client: Client, resource: str
):
    alice = await factories.make_account(client.db, "alice")
    answer = await client.get(
        "/.well-known/webfinger", params={"resource": resource.format(id=alice.id)}
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/jrd+json; charset=utf-8"
    assert '"subject":"acct:alice@stentor.example"' in answer.text
    assert "https://stentor.example/@alice" in answer.text


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, 400),
        ("", 400),
        ("acct:nobody@stentor.example", 404),
        ("acct:far@far.example", 404),
        ("acct:alice@other.example", 404),
        ("acct:pending@stentor.example", 404),
        ("acct:suspended@stentor.example", 410),
        ("https://other.example/@alice", 404),
        ("https://stentor.example/@alice/1", 404),
        ("https://stentor.example/ap/users/99999999999999999999", 404),
        ("acct:@@@", 404),
        ("x" * 5000, 404),
        ("acct:al\u0131ce@stentor.example", 404),
    ],
)
async def test_webfinger_knows_nobody_else(client: Client, resource: str | None, status: int):
    await factories.make_account(client.db, "alice")
    await factories.make_account(client.db, "far", domain="far.example")
    await factories.make_account(client.db, "pending", user={"approved": False})
    await factories.make_account(client.db, "suspended", suspended_at=NOW)
    params = {} if resource is None else {"resource": resource}
    answer = await client.get("/.well-known/webfinger", params=params)
    assert answer.status == status
    assert set(answer.json) == {"error"}


# --- What is below --------------------------------------------------------------------------------


async def test_activity_tells_twelve_weeks_in_strings_this_one_first(client: Client):
    alice = await factories.make_account(client.db, "alice", created_at=NOW - 3 * 7 * DAY)
    for at in (NOW, NOW, NOW - 7 * DAY, NOW - 400 * DAY):
        await factories.make_status(client.db, alice.id, at=at)
    await factories.make_status(client.db, alice.id, at=NOW, visibility="private")
    weeks = (await client.get("/api/v1/instance/activity")).json
    assert len(weeks) == 12
    assert all(type(value) is str for week in weeks for value in week.values())
    starts = [int(week["week"]) for week in weeks]
    assert starts == [starts[0] - n * 7 * 86400 for n in range(12)]
    assert starts[0] <= NOW // 1000 < starts[0] + 7 * 86400
    assert (starts[0] // 86400 + 3) % 7 == 0  # a Monday
    assert [week["statuses"] for week in weeks] == ["2", "1", *["0"] * 10]
    assert [week["registrations"] for week in weeks] == ["0", "0", "0", "1", *["0"] * 8]
    assert [week["logins"] for week in weeks] == ["1", *["0"] * 11]  # the token of the factory


async def test_peers_are_the_domains_of_accounts_from_elsewhere(client: Client):
    assert (await client.get("/api/v1/instance/peers")).json == []
    for name, domain in (("a", "one.example"), ("b", "one.example"), ("c", "two.example")):
        await factories.make_account(client.db, name, domain=domain)
    assert (await client.get("/api/v1/instance/peers")).json == ["one.example", "two.example"]
    found = await client.get("/api/v1/peers/search", params={"q": "TW"})
    assert found.json == ["two.example"]
    assert (await client.get("/api/v1/peers/search")).json == []


async def test_languages_have_names_and_are_ones_that_a_status_may_be_in(client: Client):
    offered = (await client.get("/api/v1/instance/languages")).json
    assert {"code": "en", "name": "English"} in offered
    assert all(languages.normalise(code) == code for code in language_names.NAMES)


async def test_what_there_is_to_say_about_terms_and_privacy_is_said(client: Client):
    policy = (await client.get("/api/v1/instance/privacy_policy")).json
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", policy["updated_at"])
    assert "<p>" in policy["content"]
    extended = await client.get("/api/v1/instance/extended_description")
    assert extended.json == {"updated_at": None, "content": ""}
    for path in ("terms_of_service", "terms_of_service/2026-01-01"):
        answer = await client.get(f"/api/v1/instance/{path}")
        assert (answer.status, set(answer.json)) == (404, {"error"})
    blocks = await client.get("/api/v1/instance/domain_blocks")
    assert (blocks.status, blocks.content) == (404, b"")


async def test_every_address_that_the_document_names_leads_somewhere(client: Client):
    about = (await client.get("/api/v2/instance")).json
    urls = about["configuration"]["urls"]
    named = [
        about["thumbnail"]["url"], about["icon"][0]["src"], about["source_url"], urls["about"],
        urls["privacy_policy"],
    ]  # fmt: skip
    for url in named:
        assert url.startswith("https://stentor.example/")
        assert (await client.get(urlsplit(url).path)).status == 200, url


async def test_the_servers_picture_is_a_png(client: Client):
    answer = await client.get("/thumbnail.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")


async def test_robots_and_favicon_are_answered(client: Client):
    assert "Disallow: /api/" in (await client.get("/robots.txt")).text
    icon = await client.get("/favicon.ico")
    assert (icon.status, icon.headers["location"]) == (302, "/auth/stentor.svg")
