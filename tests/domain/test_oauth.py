"""Scopes, redirect URIs and PKCE: pure rules, tried from every side."""

from __future__ import annotations

import base64
import hashlib
from itertools import product
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import oauth

scopes = st.lists(st.sampled_from(oauth.KNOWN), unique=True, max_size=6)


# --- Scopes ------------------------------------------------------------------------------------


@given(scopes)
def test_scopes_are_within_themselves(held):
    assert oauth.within(held, held)


@given(scopes, scopes, scopes)
def test_being_within_is_passed_on(one, two, three):
    if oauth.within(one, two) and oauth.within(two, three):
        assert oauth.within(one, three)


@given(scopes, scopes)
def test_holding_more_never_takes_away(wanted, held):
    if oauth.within(wanted, held):
        assert oauth.within(wanted, [*held, "push"])


@pytest.mark.parametrize("parent", ["read", "write", "admin:read", "admin:write"])
def test_a_parent_covers_its_children_and_never_the_other_way_round(parent):
    children = [scope for scope in oauth.KNOWN if scope.startswith(f"{parent}:")]
    assert children
    for child in children:
        assert oauth.covers(parent, child)
        assert not oauth.covers(child, parent)


def test_what_looks_like_a_child_is_none():
    for held, wanted in product(["read", "write", "admin"], ["readonly", "read:", "read:x", "re"]):
        assert not oauth.covers(held, wanted)
    assert not oauth.covers("read", "admin:read")
    assert not oauth.covers("admin", "admin:read")


# --- Redirect URIs -----------------------------------------------------------------------------

GOOD = [
    "https://client.example/callback",
    "https://client.example",
    "https://client.example:8443/callback?a=b&c",
    "https://elk.example/api/stentor.example/oauth/https%3A%2F%2Felk.example",
    "http://localhost:5173/",
    "http://sub.localhost/",
    "http://127.0.0.1:9999/callback",
    "http://[::1]:9999/callback",
    "tusky://oauth",
    "com.example.app:/oauth2redirect",
    "HTTPS://client.example/",
]
BAD = [
    "",
    "/callback",
    "//client.example/callback",
    "client.example/callback",
    "https:client.example",
    "https:/client.example",
    "https://",
    "https:///callback",
    "https://client.example/#fragment",
    "https://client.example/#",
    "https://user@client.example/",
    "https://user:pass@client.example/",
    "tusky://user@oauth",
    "https://client.example:port/",
    "https://client.example:99999/",
    "https://[::1/",
    "https://client.example\\@evil.example/",
    "https://client.example/a b",
    "https://client.example/\r\nSet-Cookie: a=b",
    "https://client.example/\x00",
    "https://client.example/\t",
    "https://clïent.example/",
    "https://client.example/<script>",
    'https://client.example/"',
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,hello",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://client.example/1",
    "about:blank",
    "view-source:https://client.example",
    "1http://client.example/",
    ":",
    "https://client.example/" + "a" * 2000,
]


@pytest.mark.parametrize("uri", GOOD)
def test_a_redirect_uri_that_may_be_registered(uri):
    assert oauth.redirect_uri_problem(uri, plain_http=False) is None


@pytest.mark.parametrize("uri", BAD)
@pytest.mark.parametrize("plain_http", [True, False])
def test_a_redirect_uri_that_may_not(uri, plain_http):
    assert oauth.redirect_uri_problem(uri, plain_http=plain_http)


@pytest.mark.parametrize(
    "uri", ["http://client.example/", "http://192.168.1.5:3000/", "http://localhost.evil.example/"]
)
def test_plain_http_to_other_machines_only_where_the_site_has_no_tls_itself(uri):
    assert oauth.redirect_uri_problem(uri, plain_http=True) is None
    assert oauth.redirect_uri_problem(uri, plain_http=False)


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_printable_ascii(uri):
    if oauth.redirect_uri_problem(uri, plain_http=True) is None:
        assert uri.isascii()
        assert uri.isprintable()
        assert " " not in uri


@given(
    st.sampled_from(["https://a.example/cb", "https://a.example/cb?x=1", "https://a.example/?"]),
    st.text(min_size=1),
    st.booleans(),
)
def test_an_answer_comes_back_as_it_was_whatever_the_state_holds(uri, state, fragment):
    state = state.encode("utf-8", "ignore").decode()
    answer = [("code", "abc"), ("state", state), ("iss", "https://s.example/")]
    location = oauth.respond_to(uri, answer, fragment=fragment)
    assert location.startswith(uri)
    assert location.isascii()
    assert location.isprintable()
    parts = urlsplit(location)
    pairs = parse_qsl(parts.fragment if fragment else parts.query, keep_blank_values=True)
    assert [pair for pair in pairs if pair[0] != "x"] == answer


# --- PKCE --------------------------------------------------------------------------------------


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@given(st.text("abcXYZ019-._~", min_size=43, max_size=128))
def test_the_verifier_of_a_challenge_verifies_and_no_other_does(verifier):
    challenge = challenge_of(verifier)
    assert oauth.valid_challenge(challenge)
    assert oauth.verifies(verifier, challenge)
    assert not oauth.verifies(verifier[:-1] + "_" * 2, challenge)
    assert not oauth.verifies(challenge, challenge)  # the method `plain`


def test_challenge_and_verifier_come_together_or_not_at_all():
    verifier = "v" * 43
    assert oauth.verifies(None, None)
    assert not oauth.verifies(verifier, None)
    assert not oauth.verifies(None, challenge_of(verifier))


@pytest.mark.parametrize("verifier", ["", "v" * 42, "v" * 129, "v" * 42 + "é", "v" * 42 + " "])
def test_a_verifier_that_is_none_verifies_nothing(verifier):
    assert not oauth.verifies(verifier, challenge_of(verifier))


@pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+"])
def test_what_is_no_sha_256_is_no_challenge(challenge):
    assert not oauth.valid_challenge(challenge)
