"""What a push subscription may be and wants, and what an answer means: all of it pure."""

from __future__ import annotations

import itertools
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain.notifications import NotificationType
from stentor.domain.push_subscriptions import (
    BAD_KEYS,
    Outcome,
    Preferences,
    Relation,
    Target,
    check,
    decode_key,
    endpoint_is_valid,
    is_point,
    known_alerts,
    origin,
    outcome,
    topic,
    urgency,
    wants,
)

MENTION = NotificationType.MENTION


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200, 201, 202, 204, 299), Outcome.DELIVERED),
        ((404, 410), Outcome.GONE),
        ((408, 425, 429, 500, 502, 503, 504, 507, 599), Outcome.RETRY),
        ((301, 302, 303, 307, 308, 304), Outcome.RETRY),
        ((413,), Outcome.TOO_LARGE),
        ((400, 401, 403, 405, 406, 409, 411, 412, 415, 418, 422, 451, 499), Outcome.REFUSED),
        ((-1, 0, 99, 100, 101, 199, 600, 999), Outcome.RETRY),
    ],
)
def test_what_an_answer_means(statuses: tuple[int, ...], expected: Outcome) -> None:
    assert {status: outcome(status) for status in statuses} == dict.fromkeys(statuses, expected)


def test_of_all_answers_only_404_and_410_end_a_subscription() -> None:
    assert [one for one in range(1000) if outcome(one) is Outcome.GONE] == [404, 410]


# ---------------------------------------------------------------- wishes


@pytest.mark.parametrize(
    "policy", [None, "", "all", "none", "followed", "follower", "bogus", "ALL"]
)
@pytest.mark.parametrize("alert", [True, False, None])
def test_the_alert_and_the_policy_both_have_to_agree(
    policy: str | None, alert: bool | None
) -> None:
    alerts = {} if alert is None else {"mention": alert}
    for follows, followed in itertools.product((False, True), repeat=2):
        relation = Relation(follows=follows, followed=followed)
        expected = {
            None: True, "": True, "all": True, "followed": follows, "follower": followed,
        }.get(policy, False)  # fmt: skip
        assert wants(Preferences(alerts, policy), MENTION, relation) is (expected and alert is True)


def test_an_alert_for_one_type_says_nothing_of_another() -> None:
    only = Preferences({"favourite": True, "mention.": True, "Mention": True})
    assert not wants(only, MENTION, Relation(follows=True, followed=True))


def test_alerts_that_are_no_types_are_left_out() -> None:
    given_alerts = {"poll": True, "unheard_of": True, "mention": False}
    assert list(known_alerts(given_alerts).items()) == [("mention", False), ("poll", True)]


# ---------------------------------------------------------------- endpoints: T43

GOOD = [
    "https://push.example/send/abc",
    "https://push.example",
    "https://push.example:443/x",
    "https://push.example:8443/x?y=z&a[]=%20",
    "https://push.example:1024/",
    "https://PUSH.example./x",
    "https://192.0.2.1/x",
    "https://[2001:db8::1]:8443/x",
    "https://xn--bcher-kva.example/x",
    "https://my_host.example/x",
    "https://push.example/" + "a" * (2048 - 21),
]
BAD = [
    "",
    "push.example/x",
    "//push.example/x",
    "https:push.example",
    "https:///x",
    "https://",
    "https://?x",
    "https://:443/x",
    "wss://push.example/x",
    "ftp://push.example/x",
    "javascript:alert(1)",
    "https://user@push.example/x",
    "https://user:secret@push.example/x",
    "https://@push.example/x",
    "https://push.example\\@evil.example/x",
    "https://push.example/x#fragment",
    "https://push.example/x#",
    "https://push.example:0/x",
    "https://push.example:65536/x",
    "https://push.example:x/",
    "https://push.example:-1/",
    "https://push.example:8443:8443/",
    "https://push example/x",
    "https://push.example/a b",
    "https://push.example/\r\nHost: evil",
    "https://push.example/\x00",
    "https://bücher.example/x",
    "https://.example/x",
    "https://[::1/x",
    "https://[fe80::1%25eth0]/x",
    "https://push.example|evil/x",
    "https://" + "a" * 300 + ".example/x",
    "https://push.example/" + "a" * (2048 - 20),
]
ONLY_PRIVATE = [
    "http://push.example/x",
    "http://localhost:8080/x",
    "http://127.0.0.1:80/x",
    "https://push.example:80/x",
    "https://push.example:22/x",
    "https://push.example:25/x",
    "https://push.example:1023/x",
    "https://push.example:444/x",
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_an_endpoint_that_may_be_used(endpoint: str) -> None:
    assert endpoint_is_valid(endpoint, allow_private=False)
    assert endpoint_is_valid(endpoint, allow_private=True)


@pytest.mark.parametrize("endpoint", BAD)
def test_an_endpoint_that_may_never_be_used(endpoint: str) -> None:
    assert not endpoint_is_valid(endpoint, allow_private=False)
    assert not endpoint_is_valid(endpoint, allow_private=True)


@pytest.mark.parametrize("endpoint", ONLY_PRIVATE)
def test_an_endpoint_for_development_only(endpoint: str) -> None:
    assert not endpoint_is_valid(endpoint, allow_private=False)
    assert endpoint_is_valid(endpoint, allow_private=True)


@given(st.text(max_size=60), st.booleans())
def test_no_text_is_too_odd_to_be_judged(text: str, allowed: bool) -> None:
    for endpoint in (text, f"https://{text}", f"https://push.example{text}"):
        if endpoint_is_valid(endpoint, allow_private=allowed):
            assert origin(endpoint).startswith(("https://", "http://"))


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://push.example/a/b?c", "https://push.example"),
        ("https://Push.Example:443/a", "https://push.example"),
        ("https://push.example:8443/", "https://push.example:8443"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443/", "http://localhost:443"),
        ("https://[2001:DB8::1]/x", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443"),
        ("https://push.example:/x", "https://push.example"),
    ],
)
def test_the_origin_is_written_as_browsers_write_it(endpoint: str, expected: str) -> None:
    assert endpoint_is_valid(endpoint, allow_private=True)
    assert origin(endpoint) == expected


# ---------------------------------------------------------------- keys: T48


def _point() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


POINT = _point()
P = 2**256 - 2**224 + 2**192 + 2**96 - 1


def test_what_openssl_makes_is_a_point() -> None:
    for _ in range(50):
        assert is_point(_point())


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\x00",  # infinity
        bytes(65),
        b"\x04" + bytes(64),
        bytes([2 + POINT[64] % 2]) + POINT[1:33],  # compressed
        b"\x06" + POINT[1:],  # hybrid
        POINT[:-1],
        POINT + b"\x00",
        POINT[:-1] + bytes([POINT[-1] ^ 1]),
        b"\x04" + POINT[33:] + POINT[1:33],
        b"\x04" + (P + 5).to_bytes(32, "big") + POINT[33:],
        b"\x04" + b"\xff" * 64,
    ],
    ids=str.split(
        "none infinity zeros origin compressed hybrid short long off swapped beyond ones"
    ),
)
def test_what_is_no_point_is_refused(key: bytes) -> None:
    assert not is_point(key)


@given(st.binary(min_size=64, max_size=64))
def test_a_point_is_one_for_openssl_too(coordinates: bytes) -> None:
    key = b"\x04" + coordinates
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        expected = True
    except ValueError:
        expected = False
    assert is_point(key) is expected


@given(st.binary(min_size=1, max_size=90), st.booleans(), st.booleans(), st.booleans())
@example(b"\xfb" * 15, False, False, True)  # "+/v7+/v7..." begins with a plus
@example(b"\x00\x00\x3e", False, False, True)  # "AAA+" ends with one
def test_a_key_is_read_in_each_of_the_four_alphabets(
    key: bytes, url_safe: bool, padded: bool, spoilt: bool
) -> None:
    import base64

    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(key).decode()
    text = text if padded else text.rstrip("=")
    text = text.replace("+", " ") if spoilt else text
    assert decode_key(text) == key


@pytest.mark.parametrize(
    "text", ["", " ", "=", "a", "a===", "ab=c", "äöü", "a.b", "a\nb", "A" * 500]
)
def test_what_is_no_base64_is_no_key(text: str) -> None:
    assert decode_key(text) is None


@pytest.mark.parametrize("length", [0, 1, 15, 17, 32])
def test_the_secret_has_sixteen_bytes(length: int) -> None:
    import base64

    auth = base64.b64encode(bytes(length)).decode()
    p256dh = base64.b64encode(POINT).decode()
    found = check("https://e.org", p256dh, auth, standard=True, allow_private=False)
    assert isinstance(found, tuple)
    assert found[-1] == BAD_KEYS
    good = base64.b64encode(bytes(16)).decode()
    assert check(" https://e.org ", p256dh, good, standard=True, allow_private=False) == Target(
        "https://e.org", POINT, bytes(16), standard=True
    )


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert check(None, None, " ", standard=False, allow_private=False) == (
        "Endpoint can't be blank",
        "Endpoint is invalid",
        "Key p256dh can't be blank",
        "Key auth can't be blank",
        BAD_KEYS,
    )


# ---------------------------------------------------------------- headers


def test_every_type_has_an_urgency_that_push_services_know() -> None:
    found = {one: urgency(one) for one in NotificationType}
    assert set(found.values()) <= {"very-low", "low", "normal", "high"}
    assert found[MENTION] == found[NotificationType.QUOTE] == "normal"
    assert found[NotificationType.FAVOURITE] == "low"


def test_a_topic_is_the_same_for_a_group_of_one_device_and_for_nothing_else() -> None:
    made = {
        topic(secret, device, key)
        for secret in (b"a" * 32, b"b" * 32)
        for device in (1, 2, 12)
        for key in ("favourite-1-2", "favourite-1-3", "2 favourite-1-2", "ungrouped-1")
    }
    assert len(made) == 24
    assert topic(b"a" * 32, 1, "x") == topic(b"a" * 32, 1, "x")
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", one) for one in made)
