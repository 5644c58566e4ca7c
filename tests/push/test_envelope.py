"""A message as a push service gets it, header by header, and as the device reads it (8.5)."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mastodon import Mastodon
from py_vapid import Vapid02

from stentor.domain.links import Links
from stentor.domain.push_subscriptions import PushSubscription
from stentor.push.envelope import Sender, seal
from stentor.push.payload import Message, Payload
from stentor.push.sealing import Seals, fingerprint
from stentor.push.vapid import Vapid
from tests.factories import NOW
from tests.push.devices import SECRET, Device

US = Sender(
    Links("https", "stentor.example"),
    Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:owner@example.org"),
    Seals(SECRET),
)
SAID = Payload("token", "en", 7, "mention", "https://e.org/a.png", "Ada", "Grüße 👋")


def message_to(device: Device) -> Message:
    subscription = PushSubscription(
        5,
        6,
        7,
        device.endpoint,
        device.point,
        device.auth,
        device.standard,
        {},
        None,
        b"",
        NOW,
        NOW,
    )
    return Message(subscription, SAID, "low", "t" * 32)


@pytest.mark.parametrize("standard", [True, False])
def test_the_device_reads_what_was_said(standard: bool) -> None:
    device = Device(standard=standard)
    said = device.read(seal(message_to(device), US, NOW))
    assert said == {
        "access_token": "token",
        "preferred_locale": "en",
        "notification_id": 7,
        "notification_type": "mention",
        "icon": "https://e.org/a.png",
        "title": "Ada",
        "body": "Grüße 👋",
    }


def test_a_standard_message_has_these_headers() -> None:
    device = Device("https://push.example:8443/send/1?x=y")
    envelope = seal(message_to(device), US, NOW)
    assert envelope.url == device.endpoint
    assert len(envelope.body) > 86
    headers = dict(envelope.headers)
    assert headers.pop("Unsubscribe-URL").startswith(
        "https://stentor.example/api/web/push_subscriptions/"
    )
    token = US.vapid.token(device.endpoint, NOW)
    assert headers == {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": "172800",
        "Urgency": "low",
        "Topic": "t" * 32,
        "Authorization": f"vapid t={token},k={US.vapid.public_key}",
    }


def test_a_message_of_the_draft_has_both_keys_in_one_header() -> None:
    device = Device(standard=False)
    headers = seal(message_to(device), US, NOW).headers
    assert headers["Content-Encoding"] == "aesgcm"
    assert headers["Authorization"] == f"WebPush {US.vapid.token(device.endpoint, NOW)}"
    assert re.fullmatch(r"salt=[\w-]{22}", headers["Encryption"])
    assert re.fullmatch(
        rf"dh=[\w-]{{87}};p256ecdsa={re.escape(US.vapid.public_key)}", headers["Crypto-Key"]
    )


def test_mastodon_py_reads_a_message_of_the_draft() -> None:
    client = Mastodon(
        api_base_url="https://stentor.example", access_token="x", version_check_mode="none"
    )
    private, _ = client.push_subscription_generate_keys()
    key = ec.derive_private_key(private["privkey"], ec.SECP256R1())
    device = Device(standard=False)
    device.point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    device.auth = private["auth"]
    envelope = seal(message_to(device), US, NOW)
    read = client.push_subscription_decrypt_push(
        envelope.body, private, envelope.headers["Encryption"], envelope.headers["Crypto-Key"]
    )
    assert (read["title"], read["body"], read["notification_id"]) == ("Ada", "Grüße 👋", "7")


def test_the_proof_is_good_for_py_vapid_in_the_far_future_too() -> None:
    device = Device()
    headers = seal(message_to(device), US, 4_102_444_800_000).headers
    assert Vapid02.verify(headers["Authorization"])


def test_the_link_ends_this_subscription_and_says_nothing_else() -> None:
    message = message_to(Device())
    link = seal(message, US, NOW).headers["Unsubscribe-URL"]
    claim = US.seals.read_unsubscribe_token(link.rpartition("/")[2], NOW)
    assert claim is not None
    assert claim.subscription_id == 5
    assert claim.fingerprint == fingerprint(message.subscription)


@pytest.mark.parametrize("standard", [True, False])
def test_nothing_of_the_message_can_be_read_on_its_way(standard: bool) -> None:
    device = Device(standard=standard)
    envelope = seal(message_to(device), US, NOW)
    sent = envelope.body + json.dumps(envelope.headers).encode()
    for secret in (b"token", b"Ada", "Grüße".encode(), b"mention", b"e.org"):
        assert secret not in sent
    again = seal(message_to(device), US, NOW)
    assert again.body != envelope.body


def test_headers_are_plain_ascii_on_one_line() -> None:
    for standard in (True, False):
        for name, value in seal(message_to(Device(standard=standard)), US, NOW).headers.items():
            assert re.fullmatch(r"[\x20-\x7e]+", f"{name}: {value}")


def test_nothing_that_is_logged_by_mistake_tells_a_secret() -> None:
    device = Device("https://push.example/secret-address")
    message = message_to(device)
    envelope = seal(message, US, NOW)
    said = repr([message, message.subscription, message.payload, envelope, US.seals, US.vapid])
    for secret in ("secret-address", "token'", "Ada", repr(device.auth)[2:-1], "Authorization"):
        assert secret not in said
