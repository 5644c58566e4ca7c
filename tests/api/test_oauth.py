"""From a registered application to a token that works, and every way in which that is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import json
import re
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import pytest

from stentor import app
from stentor.actions import oauth as actions
from stentor.domain.oauth import OOB
from tests.factories import make_account, make_token
from tests.helpers import Answer, Browser, Client, hidden

PASSWORD = "correct horse"
CALLBACK = "https://client.example/callback"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)
BASE = "https://stentor.example"
ISSUER = f"{BASE}/"


@dataclass
class App:
    """A registered application."""

    client_id: str
    client_secret: str
    redirect_uri: str

    def query(self, **rest: Any) -> str:
        """The address of its authorization request; None leaves a parameter out."""
        given = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "read write",
            **rest,
        }
        return "/oauth/authorize?" + urlencode({k: v for k, v in given.items() if v is not None})

    def swap(self, code: str, /, **rest: Any) -> dict[str, Any]:
        """The token request for a code; None leaves a parameter out."""
        given = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "code": code,
            "redirect_uri": self.redirect_uri,
            **rest,
        }
        return {name: value for name, value in given.items() if value is not None}


async def register(client: Client, uri: str = CALLBACK, scopes: str = "read write follow") -> App:
    answer = await client.post(
        "/api/v1/apps", json={"client_name": "Elf", "redirect_uris": uri, "scopes": scopes}
    )
    assert answer.status == 200, answer
    return App(answer.json["client_id"], answer.json["client_secret"], uri.split("\n")[0])


async def person(client: Client, name: str = "alice", **columns: Any) -> Browser:
    """Somebody with an account, signed in."""
    user = {"password_hash": await cheap_hash(), **columns.pop("user", {})}
    await make_account(client.db, name, token=None, user=user, **columns)
    browser = Browser(client)
    answer = await browser.sign_in(name, PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, "/"), answer
    return browser


async def cheap_hash() -> str:
    import argon2

    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def answered(answer: Answer, uri: str = CALLBACK) -> dict[str, str]:
    """What a redirect to the client says; every name once."""
    assert answer.status in (302, 303), answer
    location = answer.headers["location"]
    assert location.startswith(uri), location
    pairs = parse_qsl(location[len(uri) :].lstrip("?&#"), keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), location
    return dict(pairs)


async def consent(browser: Browser, page: Answer, **changes: str) -> Answer:
    form = {**hidden(page, "/oauth/authorize"), "decision": "approve", **changes}
    return await browser.post("/oauth/authorize", form)


async def get_code(browser: Browser, app: App, **rest: Any) -> str:
    page = await browser.get(app.query(**rest))
    assert page.status == 200, page
    return answered(await consent(browser, page), app.redirect_uri)["code"]


# --- The whole way -----------------------------------------------------------------------------


async def test_a_person_signs_in_agrees_and_the_application_gets_a_token(client):
    await make_account(client.db, "alice", token=None, user={"password_hash": await cheap_hash()})
    registered = await register(client)
    browser = Browser(client)
    page = await browser.get(registered.query(state="a b&c=d"))
    assert "to continue to <strong>Elf</strong>" in page.text
    onward = await browser.sign_in("ALICE@example.org", PASSWORD, page)
    assert onward.status == 303
    page = await browser.get(onward.headers["location"])
    assert "Let Elf in?" in page.text
    said = answered(await consent(browser, page))
    assert set(said) == {"code", "state", "iss"}
    assert (said["state"], said["iss"]) == ("a b&c=d", ISSUER)
    answer = await client.post("/oauth/token", form=registered.swap(said["code"], scope="read"))
    assert answer.status == 200
    assert list(answer.json) == ["access_token", "token_type", "scope", "created_at"]
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["scope"] == "read write"
    assert answer.json["created_at"] == client.services.now() // 1000
    assert answer.headers["cache-control"] == "no-store"
    me = await client.get("/api/v1/apps/verify_credentials", answer.json["access_token"])
    assert me.json["name"] == "Elf"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_without_a_redirect_uri_the_code_is_shown_to_be_copied(client, slash):
    registered = await register(client, OOB)
    browser = await person(client)
    page = await browser.get(registered.query().replace("?", f"{slash}?"))
    onward = await consent(browser, page)
    path = onward.headers["location"]
    assert path.startswith("/oauth/authorize/native?code=")
    shown = await browser.get(path)
    code = re.search(r'value="([\w-]{43})" readonly', shown.text)[1]
    assert "paste it into <strong>Elf</strong>" in shown.text
    answer = await client.post("/oauth/token", json=registered.swap(code))
    assert answer.json["scope"] == "read write"
    assert (await browser.get(path)).status == 400  # spent


async def test_a_code_is_shown_to_nobody_else(client):
    registered = await register(client, OOB)
    browser = await person(client)
    onward = await consent(browser, await browser.get(registered.query()))
    path = onward.headers["location"]
    assert (await Browser(client).get(path)).status == 400
    assert (await (await person(client, "mallory")).get(path)).status == 400
    assert (await browser.get("/oauth/authorize/native?code=Call+0800-123")).status == 400
    assert (await browser.get("/oauth/authorize/native")).status == 400


def authlib_client(registered: App, transport: httpx.ASGITransport) -> Any:
    with warnings.catch_warnings(record=True):  # it announces its next version on import
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    return AsyncOAuth2Client(
        registered.client_id,
        registered.client_secret,
        transport=transport,
        scope="read",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )


async def test_authlib_gets_a_token_with_pkce_and_basic(client, services):
    registered = await register(client)
    browser = await person(client)
    metadata = (await client.get("/.well-known/oauth-authorization-server")).json
    own = f"{BASE}/api/v1/apps/verify_credentials"
    async with authlib_client(registered, httpx.ASGITransport(app.build(services))) as authlib:
        url, state = authlib.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier="x" * 64
        )
        page = await browser.get(url.removeprefix(BASE))
        location = (await consent(browser, page)).headers["location"]
        token = await authlib.fetch_token(
            metadata["token_endpoint"],
            authorization_response=location,
            state=state,
            code_verifier="x" * 64,
        )
        assert token["scope"] == "read"
        assert (await authlib.get(own)).json()["scopes"] == ["read", "write", "follow"]
        revoked = await authlib.revoke_token(metadata["revocation_endpoint"], token["access_token"])
        assert (revoked.status_code, revoked.json()) == (200, {})
        assert (await authlib.get(own)).json() == {"error": "The access token was revoked"}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
async def test_the_answer_comes_by_the_way_that_was_asked_for(client, mode):
    registered = await register(client)
    browser = await person(client)
    page = await browser.get(registered.query(response_mode=mode, state='<"&'))
    answer = await consent(browser, page)
    if mode == "form_post":
        assert answer.status == 200
        said = hidden(answer, CALLBACK)
        assert "form-action" not in answer.headers["content-security-policy"]
    else:
        assert answer.headers["location"][len(CALLBACK)] == {"query": "?", "fragment": "#"}[mode]
        said = answered(answer)
    assert set(said) == {"code", "state", "iss"}
    assert said["state"] == '<"&'


@pytest.mark.parametrize(
    "uri",
    [
        "https://elk.example/api/stentor.example/oauth/https%3A%2F%2Felk.example",
        "https://client.example/callback?a=%20b&c",
        "tusky://oauth",
        "http://localhost:5173/#".rstrip("#"),
    ],
)
async def test_a_redirect_uri_is_sent_as_it_was_registered(client, uri):
    registered = await register(client, uri)
    browser = await person(client)
    answer = await consent(browser, await browser.get(registered.query()))
    separator = "&" if "?" in uri else "?"
    assert answer.headers["location"].startswith(f"{uri}{separator}code=")


# --- Consent -----------------------------------------------------------------------------------


async def test_no_is_told_to_the_application_and_nothing_is_granted(client):
    registered = await register(client)
    browser = await person(client)
    page = await browser.get(registered.query(state="s"))
    said = answered(await consent(browser, page, decision="deny"))
    assert said.pop("error_description")
    assert said == {"error": "access_denied", "state": "s", "iss": ISSUER}
    assert (await consent(browser, page)).status == 400  # a no is a no


async def test_no_to_an_application_without_an_address_is_shown_to_the_person(client):
    registered = await register(client, OOB)
    browser = await person(client)
    answer = await consent(browser, await browser.get(registered.query()), decision="deny")
    assert (answer.status, "the app got nothing" in answer.text) == (400, True)
    assert "location" not in answer.headers
    wrong = await browser.get(registered.query(scope="push"))
    assert (wrong.status, "scope is invalid" in wrong.text) == (400, True)


async def test_no_by_delete(client):
    registered = await register(client)
    browser = await person(client)
    form = hidden(await browser.get(registered.query()), "/oauth/authorize")
    answer = await browser.request("DELETE", "/oauth/authorize", form=form)
    assert answered(answer)["error"] == "access_denied"


async def test_consent_is_skipped_when_the_same_was_granted_before(client):
    registered = await register(client)
    browser = await person(client)
    code = await get_code(browser, registered, scope="read write")
    again = registered.query(scope="write read")
    assert (await browser.get(again)).status == 200  # no token yet
    token = (await client.post("/oauth/token", form=registered.swap(code))).json
    second = answered(await browser.get(again))["code"]
    assert (await client.post("/oauth/token", form=registered.swap(second))).status == 200
    assert (await browser.get(registered.query(scope="read"))).status == 200
    assert (await browser.get(registered.query(scope="read write follow"))).status == 200
    for word in ("true", "True", "1", "on"):
        assert (await browser.get(again + f"&force_login={word}")).status == 200
    for word in ("false", "False", "0", "off", ""):
        assert (await browser.get(again + f"&force_login={word}")).status == 302
    for secret in (token["access_token"],):
        await client.post(
            "/oauth/revoke",
            form={"client_id": registered.client_id, "client_secret": registered.client_secret,
                  "token": secret},
        )  # fmt: skip
    assert (await browser.get(again)).status == 302  # the second token still lives


async def test_an_application_that_any_other_can_pretend_to_be_always_asks(client):
    registered = await register(client, "tusky://oauth")
    browser = await person(client)
    code = await get_code(browser, registered)
    assert (await client.post("/oauth/token", form=registered.swap(code))).status == 200
    assert (await browser.get(registered.query())).status == 200


async def test_consent_of_one_person_is_not_that_of_another(client):
    registered = await register(client)
    alice, bob = await person(client, "alice"), await person(client, "bob")
    code = await get_code(alice, registered)
    assert (await client.post("/oauth/token", form=registered.swap(code))).status == 200
    assert (await bob.get(registered.query())).status == 200


async def test_a_button_pressed_twice_gives_one_good_code(client):
    registered = await register(client)
    browser = await person(client)
    page = await browser.get(registered.query())
    first = answered(await consent(browser, page))["code"]
    second = answered(await consent(browser, page))["code"]
    assert (await client.post("/oauth/token", form=registered.swap(first))).status == 400
    assert (await client.post("/oauth/token", form=registered.swap(second))).status == 200
    assert (await consent(browser, page)).status == 400


TAMPERED = [
    {"authenticity_token": ""},
    {"authenticity_token": "x" * 43},
    {"authenticity_token": "ä"},
    {"request": ""},
    {"request": "x" * 43},
    {"decision": "maybe"},
]


@pytest.mark.parametrize("changes", TAMPERED)
async def test_a_form_that_was_tampered_with_redirects_nowhere(client, changes):
    registered = await register(client)
    browser = await person(client)
    answer = await consent(browser, await browser.get(registered.query()), **changes)
    assert answer.status in (400, 403)
    assert "location" not in answer.headers
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    "extra",
    [
        {"redirect_uri": "https://evil.example/"},
        {"client_id": "other"},
        {"scope": "read write follow push admin:write"},
        {"state": "other"},
        {"response_mode": "fragment"},
        {"code_challenge": "x" * 43, "code_challenge_method": "S256"},
    ],
)
async def test_what_was_asked_is_kept_by_the_server_and_not_by_the_form(client, extra):
    registered = await register(client)
    browser = await person(client)
    answer = await consent(browser, await browser.get(registered.query(state="s")), **extra)
    said = answered(answer)
    assert answer.headers["location"][len(CALLBACK)] == "?"
    assert said["state"] == "s"
    token = await client.post("/oauth/token", form=registered.swap(said["code"]))
    assert token.json["scope"] == "read write"


async def test_a_request_is_answered_by_the_person_who_was_asked(client):
    registered = await register(client)
    alice, mallory = await person(client, "alice"), await person(client, "mallory")
    asked = hidden(await alice.get(registered.query()), "/oauth/authorize")["request"]
    page = await mallory.get(registered.query())
    answer = await consent(mallory, page, request=asked)
    assert (answer.status, "location" in answer.headers) == (400, False)


async def test_a_request_left_open_for_too_long_has_to_be_made_again(client, clock):
    registered = await register(client)
    browser = await person(client)
    page = await browser.get(registered.query())
    clock.advance(hours=1)
    assert (await consent(browser, page)).status == 400


@pytest.mark.parametrize(
    ("header", "value", "allowed"),
    [
        ("Origin", "https://stentor.example", True),
        ("Origin", "https://evil.example", False),
        ("Origin", "null", False),
        ("Origin", "https://[", False),
        ("Sec-Fetch-Site", "same-origin", True),
        ("Sec-Fetch-Site", "same-site", False),
        ("Sec-Fetch-Site", "cross-site", False),
    ],
)
async def test_a_form_sent_by_another_site_is_refused(client, header, value, allowed):
    registered = await register(client)
    browser = await person(client)
    form = hidden(await browser.get(registered.query()), "/oauth/authorize")
    answer = await browser.post("/oauth/authorize", form, headers={header: value})
    assert answer.status == (303 if allowed else 403)


async def test_a_consent_without_signing_in_is_refused(client):
    registered = await register(client)
    browser = await person(client)
    form = hidden(await browser.get(registered.query()), "/oauth/authorize")
    assert (await client.post("/oauth/authorize", form=form)).status == 403
    stranger = Browser(client)
    await stranger.get("/auth/sign_in")
    assert (await stranger.post("/oauth/authorize", form)).status == 403


# --- What may be asked -------------------------------------------------------------------------

MUTATIONS = [
    "https://client.example/callback/",
    "https://client.example/callback?",
    "https://client.example/callback?a=b",
    "https://client.example/callback#",
    "https://client.example/callback#a",
    "https://client.example/callback/..",
    "https://client.example/callback/../callback",
    "https://client.example/callbac",
    "https://client.example/callback2",
    "https://client.example/Callback",
    "https://client.example/%63allback",
    "https://client.example/callback%00",
    "https://client.example/callback%20",
    "https://client.example/callback ",
    " https://client.example/callback",
    "https://client.example/callback\n",
    "https://client.example/callback\r\nX: y",
    "https://client.example//callback",
    "https://client.example\\callback",
    "https://client.example:443/callback",
    "https://client.example:8443/callback",
    "https://CLIENT.example/callback",
    "https://client.example./callback",
    "https://www.client.example/callback",
    "https://client.example.evil.example/callback",
    "https://client.example@evil.example/callback",
    "https://evil.example@client.example/callback",
    "https://user@client.example/callback",
    "https://user:pw@client.example/callback",
    "https://evil.example/callback",
    "https://evil.example/https://client.example/callback",
    "https://evil.example?https://client.example/callback",
    "https://evil.example#https://client.example/callback",
    "https://clıent.example/callback",
    "https://xn--clent-q4a.example/callback",
    "http://client.example/callback",
    "HTTPS://client.example/callback",
    "https:client.example/callback",
    "https:/client.example/callback",
    "https:///client.example/callback",
    "//client.example/callback",
    "/callback",
    "client.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://client.example/callback,https://evil.example/",
    "https://client.example/callback https://evil.example/",
    "https://client.example/callback\nhttps://evil.example/",
    "https%3A%2F%2Fclient.example%2Fcallback",
    "https://client.example/callback;a",
    "https://client.example/.//callback",
    "https://client.example/callback/.",
    "https://127.0.0.1/callback",
    "http://localhost/callback",
    "urn:ietf:wg:oauth:2.0:oob",
    "urn:ietf:wg:oauth:2.0:oob:auto",
    "about:blank",
    "None",
    "null",
    "*",
    "",
]


async def test_no_redirect_uri_but_a_registered_one_is_ever_used(client):
    registered = await register(client)
    browser = await person(client)
    for uri in MUTATIONS:
        for who in (browser, Browser(client)):
            answer = await who.get(registered.query(redirect_uri=uri))
            assert answer.status == 400, uri
            assert "location" not in answer.headers
    assert (await browser.get(registered.query(redirect_uri=None))).status == 400
    listed = registered.query(redirect_uri=None) + f"&redirect_uri[]={CALLBACK}"
    assert (await browser.get(listed)).status == 400


async def test_each_of_several_redirect_uris_may_be_used(client):
    registered = await register(client, f"{CALLBACK}\ntusky://oauth\n{OOB}")
    browser = await person(client)
    for uri in (CALLBACK, "tusky://oauth"):
        answer = await consent(browser, await browser.get(registered.query(redirect_uri=uri)))
        assert answered(answer, uri)["code"]


@pytest.mark.parametrize("client_id", [None, "", "x", "None", "ä", "\x00", "a" * 3000])
async def test_an_unknown_client_is_shown_to_the_person_only(client, client_id):
    await register(client)
    for who in (await person(client), Browser(client)):
        answer = await who.get(App("", "", CALLBACK).query(client_id=client_id))
        assert (answer.status, "location" in answer.headers) == (401, False)
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "None"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "None"}, "invalid_request"),
        ({"scope": "None"}, "invalid_scope"),
        ({"scope": "read nothing"}, "invalid_scope"),
        ({"scope": "READ"}, "invalid_scope"),
        ({"scope": "push"}, "invalid_scope"),
        ({"scope": "admin:read"}, "invalid_scope"),
        ({"scope": "read profile"}, "invalid_scope"),
        ({"resource": "https://other.example/"}, "invalid_target"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "None"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "é" * 43, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_told_to_the_application(client, change, error):
    registered = await register(client)
    browser = await person(client)
    said = answered(await browser.get(registered.query(state="s", **change)))
    assert said.pop("error_description")
    assert said == {"error": error, "state": "s", "iss": ISSUER}
    # Nobody can use this server to send strangers elsewhere: they are asked to sign in first.
    assert (await Browser(client).get(registered.query(**change))).status == 200


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, "read"),
        ("", "read"),
        ("read:statuses", "read:statuses"),
        ("write:media  read write:media", "write:media read"),
        ("follow", "follow"),
        ("read:blocks write:mutes", "read:blocks write:mutes"),
    ],
)
async def test_less_than_the_application_registered_may_be_asked(client, scope, granted):
    registered = await register(client)
    browser = await person(client)
    code = await get_code(browser, registered, scope=scope)
    answer = await client.post("/oauth/token", form=registered.swap(code))
    assert answer.json["scope"] == granted


async def test_words_that_python_clients_send_are_borne(client):
    registered = await register(client)
    browser = await person(client)
    odd = {"force_login": "False", "state": "None", "lang": "None"}
    for who in (browser, Browser(client)):
        assert (await who.get(registered.query(**odd))).status == 200
    said = answered(await consent(browser, await browser.get(registered.query(**odd))))
    assert said["state"] == "None"


@pytest.mark.parametrize(
    "query",
    ["?a=%ff", "?" + "a=b&" * 5000, "?a[b][c]=1&a[]=2", "?" + "a" + "[b]" * 20 + "=1",
     "?client_id[]=1", "?client_id[a]=1", "?state=%00", ""],
)  # fmt: skip
async def test_a_request_that_cannot_be_read_is_a_client_error(client, query):
    for path in ("/oauth/authorize", "/oauth/authorize/native", "/auth/first_owner"):
        answer = await client.get(path, params=query[1:])
        assert 400 <= answer.status < 500


async def test_a_state_without_end_is_refused(client):
    registered = await register(client)
    assert (await client.get(*split(registered.query(state="s" * 4097)))).status == 400


def split(path: str) -> tuple[str]:
    return (path,)


async def test_somebody_suspended_meanwhile_gets_no_further(client):
    registered = await register(client)
    browser = await person(client)
    page = await browser.get(registered.query())
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = 1")
    assert (await browser.get(registered.query())).status == 403
    assert (await consent(browser, page)).status == 403


ODD = [
    None, True, 0, -1, 1.5, "", " ", "None", "null", "undefined", "\x00", "\ud800", "\r\nX: y",
    "%", "%00", "ä" * 300, "x" * 5000, [], [None], ["x"], [["x"]], {}, {"x": "y"}, {"0": "x"},
    {"x": {"y": ["z"]}}, "999999999999999999999999", "' OR 1=1 --", "{{ 7 * 7 }}",
]  # fmt: skip
NAMES = [
    "client_id", "client_secret", "redirect_uri", "redirect_uris", "response_type", "scope",
    "scopes", "state", "force_login", "lang", "code", "code_verifier", "code_challenge",
    "code_challenge_method", "response_mode", "grant_type", "token", "request", "decision",
    "authenticity_token", "continue", "user", "username", "password", "email", "application_id",
    "client_name", "website", "resource", "_method", "v", "agreement", "locale", "reason",
]  # fmt: skip
PLACES = [
    ("POST", "/api/v1/apps"), ("GET", "/oauth/authorize"), ("POST", "/oauth/authorize"),
    ("DELETE", "/oauth/authorize"), ("GET", "/oauth/authorize/native"), ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"), ("GET", "/oauth/userinfo"), ("POST", "/oauth/userinfo"),
    ("GET", "/auth/sign_in"), ("POST", "/auth/sign_in"), ("GET", "/auth/sign_out"),
    ("POST", "/auth/sign_out"), ("GET", "/auth/first_owner"), ("POST", "/auth/first_owner"),
    ("GET", "/auth/applications"), ("POST", "/auth/applications"), ("GET", "/auth/stentor.css"),
    ("GET", "/"), ("POST", "/api/v1/accounts"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_no_odd_value_is_a_fault_of_ours(client, method, path):
    browser = await person(client)
    registered = await register(client)
    app_token = await make_token(client.db, None, "write")
    by = app_token if path == "/api/v1/accounts" else None
    good = {**registered.swap("x"), "response_type": "code", "scope": "read"}
    page = await browser.get(registered.query())
    good |= hidden(page, "/oauth/authorize")
    for odd in ODD:
        everything = dict.fromkeys(NAMES, odd)
        for body in (everything, {**everything, **good}, {**good, "state": odd, "scope": odd}):
            kind = {"Content-Type": "application/json"}
            text = json.dumps(body).encode()  # escaped: halves of surrogate pairs travel too
            answers = [await browser.request(method, path, by=by, body=text, headers=kind)]
            if isinstance(odd, str) and "\ud800" not in odd:
                answers.append(await browser.request(method, path, by=by, form=body))
                answers.append(await browser.request(method, path, by=by, params=body))
            for answer in answers:
                assert answer.status < 500, (odd, answer)


# --- Swapping a code ---------------------------------------------------------------------------

REFUSED = [
    ({"code": "x"}, 400, "invalid_grant"),
    ({"code": "ä" * 43}, 400, "invalid_grant"),
    ({"code": None}, 400, "invalid_request"),
    ({"code": ""}, 400, "invalid_request"),
    ({"redirect_uri": None}, 400, "invalid_request"),
    ({"redirect_uri": CALLBACK + "/"}, 400, "invalid_grant"),
    ({"redirect_uri": "https://evil.example"}, 400, "invalid_grant"),
    ({"client_secret": "x"}, 401, "invalid_client"),
    ({"client_secret": "ä"}, 401, "invalid_client"),
    ({"client_secret": None}, 401, "invalid_client"),
    ({"client_secret": ""}, 401, "invalid_client"),
    ({"client_id": "x"}, 401, "invalid_client"),
    ({"client_id": None}, 401, "invalid_client"),
    ({"client_id": None, "client_secret": None}, 401, "invalid_client"),
    ({"grant_type": None}, 400, "invalid_request"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": "None"}, 400, "unsupported_grant_type"),
    ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
    ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
    ({"resource": "https://other.example/"}, 400, "invalid_target"),
]


@pytest.mark.parametrize(("change", "status", "error"), REFUSED)
async def test_a_wrong_token_request_is_refused_and_spends_nothing(client, change, status, error):
    registered = await register(client)
    code = await get_code(await person(client), registered)
    for kind in ("form", "json"):
        answer = await client.post("/oauth/token", **{kind: registered.swap(code, **change)})
        assert (answer.status, answer.json["error"]) == (status, error)
        assert set(answer.json) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert ("www-authenticate" in answer.headers) is (status == 401)
    assert (await client.post("/oauth/token", form=registered.swap(code))).status == 200


async def test_the_text_of_invalid_client_is_what_clients_look_for(client):
    answer = await client.post("/oauth/token", json={"grant_type": "authorization_code"})
    assert answer.status == 401
    assert answer.json["error"] == "invalid_client"
    assert answer.json["error_description"].startswith("Client authentication failed")


async def test_a_code_of_one_application_is_nothing_to_another(client):
    one, other = await register(client), await register(client)
    code = await get_code(await person(client), one)
    assert (await client.post("/oauth/token", form=other.swap(code))).json["error"] == (
        "invalid_grant"
    )
    assert (await client.post("/oauth/token", form=one.swap(code))).status == 200


async def test_a_code_lives_for_ten_minutes(client, clock):
    registered = await register(client)
    browser = await person(client)
    early, late = await get_code(browser, registered), await get_code(browser, registered)
    clock.advance(seconds=599)
    assert (await client.post("/oauth/token", form=registered.swap(early))).status == 200
    clock.advance(seconds=1)
    answer = await client.post("/oauth/token", form=registered.swap(late))
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


async def test_a_code_used_twice_ends_what_it_was_swapped_for(client, bus):
    registered = await register(client)
    browser = await person(client)
    other = (await client.post("/oauth/token", form=registered.swap(
        await get_code(browser, registered, scope="write")))).json["access_token"]  # fmt: skip
    code = await get_code(browser, registered)
    token = (await client.post("/oauth/token", form=registered.swap(code))).json["access_token"]
    again = await client.post("/oauth/token", form=registered.swap(code))
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    answer = await client.get("/api/v1/apps/verify_credentials", token)
    assert (answer.status, answer.json) == (401, {"error": "The access token was revoked"})
    assert [news.kind for news in bus.news] == ["token_revoked"]
    assert (await client.get("/api/v1/apps/verify_credentials", other)).status == 200


async def test_a_leaked_code_alone_cannot_end_anything(client):
    registered = await register(client)
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await get_code(await person(client), registered, **pkce)
    token = (
        await client.post("/oauth/token", form=registered.swap(code, code_verifier=VERIFIER))
    ).json["access_token"]
    for wrong in ({"client_secret": None, "code_verifier": "w" * 43}, {"redirect_uri": "x"}):
        answer = await client.post("/oauth/token", form=registered.swap(code, **wrong))
        assert answer.status == 400
    assert (await client.get("/api/v1/apps/verify_credentials", token)).status == 200


async def test_of_many_exchanges_at_once_exactly_one_gets_a_token(client):
    registered = await register(client)
    browser = await person(client)
    for _ in range(5):
        code = await get_code(browser, registered)
        form = registered.swap(code)
        answers = await asyncio.gather(*(client.post("/oauth/token", form=form) for _ in range(20)))
        assert sorted(answer.status for answer in answers) == [200] + [400] * 19
        async with client.db.transaction() as tx:
            await tx.run("DELETE FROM access_tokens")


DOWNGRADES = [
    # challenge sent, secret sent, verifier -> status
    (True, True, VERIFIER, 200),
    (True, False, VERIFIER, 200),
    (True, True, None, 400),
    (True, False, None, 401),
    (True, True, "w" * 43, 400),
    (True, False, "w" * 43, 400),
    (True, True, CHALLENGE, 400),
    (True, True, "short", 400),
    (True, True, "é" * 43, 400),
    (False, True, None, 200),
    (False, False, None, 401),
    (False, True, VERIFIER, 400),
    (False, False, VERIFIER, 400),
]


@pytest.mark.parametrize(("challenge", "secret", "verifier", "status"), DOWNGRADES)
async def test_pkce_cannot_be_talked_away(client, challenge, secret, verifier, status):
    registered = await register(client)
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} if challenge else {}
    code = await get_code(await person(client), registered, **pkce)
    form = registered.swap(code, code_verifier=verifier)
    if not secret:
        del form["client_secret"]
    answer = await client.post("/oauth/token", form=form)
    assert answer.status == status


def basic(name: str, secret: str) -> dict[str, str]:
    pair = f"{quote(name)}:{quote(secret)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def test_a_client_may_say_who_it_is_by_http_basic(client):
    registered = await register(client)
    form = {"grant_type": "client_credentials"}
    good = basic(registered.client_id, registered.client_secret)
    assert (await client.post("/oauth/token", form=form, headers=good)).status == 200
    both = {**form, "client_id": registered.client_id}
    assert (await client.post("/oauth/token", form=both, headers=good)).status == 200
    for headers, fields in [
        (basic(registered.client_id, "wrong"), form),
        (basic("x", registered.client_secret), form),
        (good, {**form, "client_id": "other"}),
        ({"Authorization": "Basic ?"}, form),
        ({"Authorization": "Basic"}, form),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff:x").decode()}, form),
        ({"Authorization": "Basic " + base64.b64encode(b"nocolon").decode()}, form),
    ]:
        answer = await client.post("/oauth/token", form=fields, headers=headers)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


# --- Tokens without a code ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "granted"),
    [(None, "read"), ("", "read"), ("read write", "read write"), ("write:media", "write:media")],
)
async def test_an_application_gets_a_token_of_its_own(client, scope, granted):
    registered = await register(client)
    form = {"grant_type": "client_credentials", "client_id": registered.client_id,
            "client_secret": registered.client_secret}  # fmt: skip
    if scope is not None:
        form["scope"] = scope
    answer = await client.post("/oauth/token", form=form)
    assert answer.json["scope"] == granted
    token = answer.json["access_token"]
    assert (await client.get("/api/v1/apps/verify_credentials", token)).status == 200
    answer = await client.get("/api/v1/notifications", token)
    assert answer.status in (403, 422)
    again = await client.post("/oauth/token", form=form)
    assert again.json["access_token"] != token


@pytest.mark.parametrize("scope", ["push", "None", "read x"])
async def test_an_application_gets_no_more_than_it_registered(client, scope):
    registered = await register(client)
    form = {"grant_type": "client_credentials", "client_id": registered.client_id,
            "client_secret": registered.client_secret, "scope": scope}  # fmt: skip
    answer = await client.post("/oauth/token", form=form)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    del form["client_secret"]
    assert (await client.post("/oauth/token", form=form)).status == 401


def for_password(registered: App, **rest: Any) -> dict[str, Any]:
    return {"grant_type": "password", "client_id": registered.client_id,
            "client_secret": registered.client_secret, "username": "alice",
            "password": PASSWORD, "scope": "read write", **rest}  # fmt: skip


@pytest.mark.parametrize("name", ["alice", "ALICE", "@alice", "alice@example.org"])
async def test_a_password_buys_a_token_where_that_is_switched_on(client, name):
    registered = await register(client)
    await make_account(client.db, "alice", user={"password_hash": await cheap_hash()})
    answer = await client.post("/oauth/token", form=for_password(registered, username=name))
    assert (answer.status, answer.json["scope"]) == (200, "read write")
    metadata = await client.get("/.well-known/oauth-authorization-server")
    assert "password" in metadata.json["grant_types_supported"]


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"password": "wrong horse"}, 400, "invalid_grant"),
        ({"password": "x" * 100_000}, 400, "invalid_grant"),
        ({"username": "nobody"}, 400, "invalid_grant"),
        ({"username": "nobody@example.org"}, 400, "invalid_grant"),
        ({"username": ""}, 400, "invalid_request"),
        ({"password": ""}, 400, "invalid_request"),
        ({"scope": "push"}, 400, "invalid_scope"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
    ],
)
async def test_a_wrong_password_buys_nothing(client, change, status, error):
    registered = await register(client)
    await make_account(client.db, "alice", user={"password_hash": await cheap_hash()})
    answer = await client.post("/oauth/token", form=for_password(registered, **change))
    assert (answer.status, answer.json["error"]) == (status, error)


class TestWithoutPasswords:
    @pytest.fixture
    def features(self):
        return {"password_grant": False}

    async def test_a_password_buys_nothing_unless_switched_on(self, client):
        registered = await register(client)
        await make_account(client.db, "alice", user={"password_hash": await cheap_hash()})
        answer = await client.post("/oauth/token", form=for_password(registered))
        assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")
        metadata = await client.get("/.well-known/oauth-authorization-server")
        assert metadata.json["grant_types_supported"] == [
            "authorization_code",
            "client_credentials",
        ]


# --- The end of a token ------------------------------------------------------------------------


async def client_token(client: Client, registered: App) -> str:
    answer = await client.post(
        "/oauth/token",
        form={"grant_type": "client_credentials", "client_id": registered.client_id,
              "client_secret": registered.client_secret},
    )  # fmt: skip
    return str(answer.json["access_token"])


@pytest.mark.parametrize(
    ("who", "status", "alive"),
    [
        ("itself", 200, False),
        ("itself by basic", 200, False),
        ("itself without a secret", 200, False),
        ("itself with a wrong secret", 403, True),
        ("another", 403, True),
        ("nobody", 403, True),
    ],
)
async def test_only_the_application_of_a_token_ends_it(client, who, status, alive, bus):
    registered, other = await register(client), await register(client)
    token = await client_token(client, registered)
    credentials = {
        "itself": {"client_id": registered.client_id, "client_secret": registered.client_secret},
        "itself by basic": {},
        "itself without a secret": {"client_id": registered.client_id},
        "itself with a wrong secret": {"client_id": registered.client_id, "client_secret": "x"},
        "another": {"client_id": other.client_id, "client_secret": other.client_secret},
        "nobody": {},
    }[who]
    headers = basic(registered.client_id, registered.client_secret) if "basic" in who else {}
    answer = await client.post(
        "/oauth/revoke", form={"token": token, **credentials}, headers=headers
    )
    assert answer.status == status
    if status == 200:
        assert answer.json == {}
    else:
        assert answer.json == {
            "error": "unauthorized_client",
            "error_description": "You are not authorized to revoke this token",
        }
    after = await client.get("/api/v1/apps/verify_credentials", token)
    assert after.status == (200 if alive else 401)
    assert len(bus.news) == (0 if alive else 1)


async def test_ending_nothing_is_as_good(client):
    registered = await register(client)
    mine = {"client_id": registered.client_id, "client_secret": registered.client_secret}
    for form in ({}, mine, {"token": ""}, {**mine, "token": "unknown"}, {"token": "unknown"}):
        answer = await client.post("/oauth/revoke", form=form)
        assert (answer.status, answer.json) == (200, {})
    token = await client_token(client, registered)
    for _ in range(2):
        answer = await client.post("/oauth/revoke", json={**mine, "token": token})
        assert (answer.status, answer.json) == (200, {})


async def test_one_function_ends_the_tokens_that_are_meant_and_no_others(client, bus):
    one, other = await register(client), await register(client)
    ids = {
        row[1]: row[0] for row in await client.db.fetch("SELECT id, client_id FROM applications")
    }
    alice, bob = await make_account(client.db, "alice"), await make_account(client.db, "bob")
    kept = {
        await make_token(client.db, bob.id, application_id=ids[one.client_id]),
        await make_token(client.db, alice.id, application_id=ids[other.client_id]),
        await make_token(client.db, None, application_id=ids[one.client_id]),
        alice.token,
    }
    ended = {
        await make_token(client.db, alice.id, application_id=ids[one.client_id]) for _ in range(2)
    }
    services = client.services
    await actions.turn_away(services.db, bus, alice.id, ids[one.client_id], now=services.now())
    for token in kept:
        assert (await client.get("/api/v1/apps/verify_credentials", token)).status in (200, 404)
    for token in ended:
        assert (await client.get("/api/v1/apps/verify_credentials", token)).status == 401
    assert [(news.account_id, news.kind) for news in bus.news] == [(alice.id, "token_revoked")] * 2
    with pytest.raises(ValueError, match="which"):
        async with services.db.transaction() as tx:
            await actions.revoke(tx, bus, now=services.now())


async def test_removing_an_application_ends_all_of_its_tokens(client, bus):
    registered = await register(client)
    number = await client.db.fetch_value("SELECT id FROM applications")
    alice = await make_account(client.db, "alice")
    tokens = [
        await make_token(client.db, alice.id, application_id=number),
        await client_token(client, registered),
    ]
    await actions.remove_application(client.db, bus, number, now=client.services.now())
    for token in tokens:
        assert (await client.get("/api/v1/apps/verify_credentials", token)).status == 401
    assert sorted(news.account_id for news in bus.news) == [0, alice.id]
    assert (await client.get("/api/v1/preferences", alice.token)).status != 401


# --- Who somebody is ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_user_info_tells_who_is_behind_a_token(client, method):
    alice = await make_account(client.db, "alice", token="profile", display_name="Alice A.")
    answer = await client.request(method, "/oauth/userinfo", alice)
    assert answer.json == {
        "iss": ISSUER,
        "sub": f"https://stentor.example/ap/users/{alice.id}",
        "name": "Alice A.",
        "preferred_username": "alice",
        "profile": "https://stentor.example/@alice",
        "picture": "https://stentor.example/avatars/original/missing.png",
    }
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_user_info_needs_its_scope(client):
    alice = await make_account(client.db, "alice", token="read write follow push")
    assert (await client.get("/oauth/userinfo", alice)).status == 403
    assert (await client.get("/oauth/userinfo")).status == 401
    app_token = await make_token(client.db, None, "profile")
    assert (await client.get("/oauth/userinfo", app_token)).status == 422


async def test_the_metadata_names_what_there_is(client):
    answer = await client.get("/.well-known/oauth-authorization-server")
    base = "https://stentor.example"
    document = answer.json
    assert document["issuer"] == f"{base}/"
    assert document["authorization_endpoint"] == f"{base}/oauth/authorize"
    assert document["token_endpoint"] == f"{base}/oauth/token"
    assert document["revocation_endpoint"] == f"{base}/oauth/revoke"
    assert document["userinfo_endpoint"] == f"{base}/oauth/userinfo"
    assert document["app_registration_endpoint"] == f"{base}/api/v1/apps"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert answer.headers["access-control-allow-origin"] == "*"


# --- At rest, and on the wire ------------------------------------------------------------------


async def test_no_secret_can_be_read_from_the_database(client):
    registered = await register(client)
    browser = await person(client)
    code = await get_code(browser, registered)
    token = (await client.post("/oauth/token", form=registered.swap(code))).json["access_token"]
    secrets = [registered.client_secret, code, token, *browser.cookies.values(), PASSWORD]
    kept = []
    for table in ("applications", "access_grants", "access_tokens", "web_sessions", "users"):
        kept += [repr(tuple(row)) for row in await client.db.fetch(f"SELECT * FROM {table}")]
    assert len(kept) >= 5
    for secret in secrets:
        assert not any(secret in row for row in kept)


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize/native", "/auth/sign_in"])
async def test_no_other_site_may_read_the_pages(client, path):
    answer = await client.get(path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    answer = await client.request("OPTIONS", path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/userinfo"])
async def test_clients_in_browsers_may_call_the_others(client, path):
    answer = await client.request("OPTIONS", path, headers={"Origin": "https://elk.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_an_old_grant_of_somebody_else_is_never_swept_away(client, clock):
    registered = await register(client)
    alice, bob = await person(client, "alice"), await person(client, "bob")
    await get_code(alice, registered)
    await get_code(bob, registered)
    clock.advance(hours=2)
    await alice.get(registered.query())
    rows = await client.db.fetch(
        "SELECT a.username FROM access_grants g JOIN accounts a ON a.id = g.account_id"
    )
    assert sorted(row[0] for row in rows) == ["alice", "bob"]


async def test_names_and_addresses_of_applications_are_text_on_the_pages(client):
    evil = '<script>alert("x")</script>'
    website = "https://x.example/'><b>"
    answer = await client.post(
        "/api/v1/apps", json={"client_name": evil, "redirect_uris": CALLBACK, "website": website}
    )
    registered = App(answer.json["client_id"], "", CALLBACK)
    browser = await person(client, display_name=evil)
    for who in (browser, Browser(client)):
        page = await who.get(registered.query(scope="read", state=evil))
        assert "<script" not in page.text
        assert "<b>" not in page.text
        assert html.escape(evil, quote=False).split('"')[0] in page.text
