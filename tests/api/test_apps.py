"""Applications register themselves and look at themselves."""

from __future__ import annotations

import pytest

from stentor.domain.oauth import KNOWN, OOB
from tests.factories import make_account, make_token

GOOD = {"client_name": "Elf", "redirect_uris": OOB}


@pytest.fixture
def features():
    return {"vapid_public_key": "BKey="}


async def test_a_registration_answers_with_what_a_client_needs(client):
    answer = await client.post(
        "/api/v1/apps",
        json={**GOOD, "scopes": "read write push", "website": "https://elf.example"},
    )
    assert answer.status == 200
    body = answer.json
    assert len(body.pop("client_id")) == 43
    assert len(body.pop("client_secret")) == 43
    assert body.pop("id").isdigit()
    assert body == {
        "name": "Elf",
        "website": "https://elf.example",
        "scopes": ["read", "write", "push"],
        "redirect_uris": [OOB],
        "vapid_key": "BKey=",
        "redirect_uri": OOB,
        "client_secret_expires_at": 0,
    }
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {**GOOD, "redirect_uris": f"{OOB}\ntusky://oauth"}},
        {"json": {**GOOD, "redirect_uris": f"{OOB}\r\ntusky://oauth\n"}},
        {"json": {**GOOD, "redirect_uris": [OOB, "tusky://oauth"]}},
        {"json": {**GOOD, "redirect_uris": [OOB, "tusky://oauth", OOB]}},
        {"form": {**GOOD, "redirect_uris": f"{OOB}\ntusky://oauth"}},
        {"form": {"client_name": "Elf", "redirect_uris[]": [OOB, "tusky://oauth"]}},
        {"params": {**GOOD, "redirect_uris": f"{OOB} tusky://oauth"}},
    ],
)
async def test_several_redirect_uris_come_as_lines_or_as_a_list(client, sent):
    answer = await client.post("/api/v1/apps", **sent)
    assert answer.json["redirect_uris"] == [OOB, "tusky://oauth"]
    assert answer.json["redirect_uri"] == f"{OOB}\ntusky://oauth"


@pytest.mark.parametrize("scopes", [None, "", "  "])
async def test_an_application_reads_unless_it_asks_for_more(client, scopes):
    answer = await client.post("/api/v1/apps", json={**GOOD, "scopes": scopes})
    assert answer.json["scopes"] == ["read"]
    assert answer.json["website"] is None


async def test_every_known_scope_may_be_registered(client):
    answer = await client.post("/api/v1/apps", json={**GOOD, "scopes": " ".join(KNOWN)})
    assert answer.json["scopes"] == list(KNOWN)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"client_name": None}, "Name can't be blank"),
        ({"client_name": "  "}, "Name can't be blank"),
        ({"client_name": ["Elf"]}, "Name can't be blank"),
        ({"client_name": "n" * 61}, "Name is too long (maximum is 60 characters)"),
        ({"redirect_uris": None}, "Redirect URI can't be blank"),
        ({"redirect_uris": ""}, "Redirect URI can't be blank"),
        ({"redirect_uris": []}, "Redirect URI can't be blank"),
        ({"redirect_uris": "nonsense"}, "Redirect URI must be an absolute URI."),
        ({"redirect_uris": "javascript:alert(1)"}, "Redirect URI is forbidden by the server."),
        ({"redirect_uris": "https://a.example/#b"}, "Redirect URI cannot contain a fragment."),
        ({"redirect_uris": "http://a.example/"}, "Redirect URI must be an HTTPS/SSL URI."),
        (
            {"redirect_uris": "https://a.example/" + "a" * 2000},
            "Redirect URI is too long (maximum is 2000 characters)",
        ),
        (
            {"redirect_uris": [f"a{n}://b" for n in range(17)]},
            "Redirect URI has too many lines (maximum is 16)",
        ),
        ({"website": "javascript:alert(1)"}, "Website must be a valid URL"),
        ({"website": "elf"}, "Website must be a valid URL"),
        ({"website": "https://["}, "Website must be a valid URL"),
        ({"website": "https://a.example/" + "a" * 2000}, "Website must be a valid URL"),
        ({"scopes": "read nonsense"}, "Scopes doesn't match configured on the server."),
        ({"scopes": "None"}, "Scopes doesn't match configured on the server."),
        (
            {"client_name": "", "redirect_uris": ""},
            "Name can't be blank, Redirect URI can't be blank",
        ),
    ],
)
async def test_a_bad_registration_says_what_is_wrong(client, change, text):
    answer = await client.post("/api/v1/apps", json={**GOOD, **change})
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {text}"})


async def test_an_application_sees_itself_without_its_secret(client):
    made = (await client.post("/api/v1/apps", json={**GOOD, "scopes": "read push"})).json
    own = await client.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": made["client_id"],
            "client_secret": made["client_secret"],
            "scope": "push",
        },
    )
    alice = await make_account(client.db, "alice", token=None)
    hers = await make_token(client.db, alice.id, "profile", application_id=int(made["id"]))
    for token in (own.json["access_token"], hers):
        answer = await client.get("/api/v1/apps/verify_credentials", token)
        assert answer.json == {
            name: value for name, value in made.items() if not name.startswith("client_")
        }
        assert made["client_secret"] not in answer.text


async def test_looking_at_oneself_takes_a_token_of_an_application(client):
    assert (await client.get("/api/v1/apps/verify_credentials")).status == 401
    assert (await client.get("/api/v1/apps/verify_credentials", "unknown")).status == 401
    alice = await make_account(client.db, "alice")  # the operator's tokens belong to none
    assert (await client.get("/api/v1/apps/verify_credentials", alice)).status == 404
