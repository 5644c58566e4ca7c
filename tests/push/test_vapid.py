"""Who sends a push, as push services check it: with py-vapid, and by the letter of RFC 8292."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from py_vapid import Vapid02

from stentor.domain import times
from stentor.domain.links import Links
from stentor.keys import load_or_create
from stentor.push import vapid
from stentor.push.vapid import Vapid, subject
from tests.factories import NOW
from tests.push.devices import decoded

KEY = ec.generate_private_key(ec.SECP256R1())
ENDPOINT = "https://push.example/send/abc?x=y"
# py-vapid looks at its own clock: a moment that it finds good.
FAR = 4_102_444_800_000


@pytest.fixture
def us() -> Vapid:
    return Vapid(KEY, "mailto:owner@example.org")


def claims(token: str) -> Any:
    """What a token says, if its signature holds."""
    head, said, signature = token.split(".")
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = decoded(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    signed = f"{head}.{said}".encode()
    KEY.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(said))


def test_a_token_names_audience_end_and_whom_to_write_to(us: Vapid) -> None:
    assert claims(us.token(ENDPOINT, NOW)) == {
        "aud": "https://push.example",
        "exp": NOW // 1000 + 12 * 3600,
        "sub": "mailto:owner@example.org",
    }


def test_py_vapid_accepts_what_we_send(us: Vapid) -> None:
    header = us.headers(ENDPOINT, FAR, standard=True)["Authorization"]
    assert header == f"vapid t={us.token(ENDPOINT, FAR)},k={us.public_key}"
    assert Vapid02.verify(header)
    head, said, signature = us.token(ENDPOINT, FAR).split(".")
    spoilt = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(InvalidSignature):
        Vapid02.verify(header.replace(signature, spoilt)) or _refuse()
    assert said in header
    assert head in header


def _refuse() -> None:
    raise InvalidSignature


def test_the_draft_has_the_key_in_another_header(us: Vapid) -> None:
    assert us.headers(ENDPOINT, NOW, standard=False) == {
        "Authorization": f"WebPush {us.token(ENDPOINT, NOW)}",
        "Crypto-Key": f"p256ecdsa={us.public_key}",
    }


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://push.example/a/b", "https://push.example"),
        ("https://push.example:8443/a", "https://push.example:8443"),
        ("https://PUSH.example:443/a", "https://push.example"),
        ("http://127.0.0.1:5000/x", "http://127.0.0.1:5000"),
    ],
)
def test_the_audience_is_the_origin(us: Vapid, endpoint: str, audience: str) -> None:
    assert claims(us.token(endpoint, NOW))["aud"] == audience


def test_a_token_serves_its_origin_until_an_hour_before_its_end(us: Vapid) -> None:
    first = us.token(ENDPOINT, NOW)
    assert us.token("https://push.example/another", NOW + 11 * times.HOUR - 1) == first
    fresh = us.token(ENDPOINT, NOW + 11 * times.HOUR)
    assert fresh != first
    assert claims(fresh)["exp"] == NOW // 1000 + 23 * 3600
    assert us.token("https://other.example/", NOW) != us.token(ENDPOINT, NOW)


def test_a_clock_that_is_put_back_never_leaves_a_token_that_is_good_for_too_long(
    us: Vapid,
) -> None:
    us.token(ENDPOINT, NOW + 20 * times.HOUR)
    assert claims(us.token(ENDPOINT, NOW))["exp"] * 1000 - NOW <= 24 * times.HOUR


def test_a_token_that_was_refused_is_made_anew(us: Vapid) -> None:
    first = us.token(ENDPOINT, NOW)
    us.forget(ENDPOINT)
    us.forget("https://never.example/")
    assert us.token(ENDPOINT, NOW) != first


def test_the_memory_of_tokens_has_a_bound(us: Vapid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vapid, "_REMEMBERED", 20)
    for number in range(100):
        us.token(f"https://push{number}.example/", NOW)
    assert len(us._tokens) <= 20


def test_whom_to_write_to_is_the_contact_or_else_the_servers_page() -> None:
    links = Links("http", "localhost:3000")
    assert subject("owner@example.org", links) == "mailto:owner@example.org"
    assert subject("", links) == "https://localhost:3000"


def test_the_key_is_the_one_of_the_key_file_after_every_start(tmp_path: Any) -> None:
    first = load_or_create(tmp_path / "keys.json")
    again = load_or_create(tmp_path / "keys.json")
    assert first.vapid_public == again.vapid_public
    assert Vapid(again.vapid, "").public_key == first.vapid_public.rstrip("=")
