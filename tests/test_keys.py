"""The key file: made once, for its owner's eyes, and never replaced by silence."""

from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stentor.keys import KeysProblem, load_or_create


def test_keys_are_made_once_and_read_again(tmp_path: Path):
    file = tmp_path / "new" / "keys.json"
    first = load_or_create(file)
    again = load_or_create(file)
    assert (first.secret, first.vapid_public) == (again.secret, again.vapid_public)
    assert len(first.secret) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_servers_have_different_keys(tmp_path: Path):
    one, other = load_or_create(tmp_path / "1"), load_or_create(tmp_path / "2")
    assert one.secret != other.secret
    assert one.vapid_public != other.vapid_public


def test_the_public_key_is_the_padded_url_safe_point_that_clients_compare(tmp_path: Path):
    keys = load_or_create(tmp_path / "keys.json")
    point = base64.urlsafe_b64decode(keys.vapid_public)
    assert len(point) == 65
    assert point[0] == 4
    assert len(keys.vapid_public) == 88
    assert keys.vapid_public.endswith("=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    assert public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) == point


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path):
    for attempt in range(50):
        file = tmp_path / str(attempt) / "keys.json"
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(load_or_create, [file] * 8))
        assert len({keys.secret for keys in made}) == 1
        assert [left.name for left in file.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_keys_that_others_can_read_are_refused(tmp_path: Path, mode: int):
    file = tmp_path / "keys.json"
    load_or_create(file)
    file.chmod(mode)
    with pytest.raises(KeysProblem, match="chmod 600"):
        load_or_create(file)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"secret":"x"}', b'{"secret":1,"vapid":2}',
        json.dumps({"secret": "c2hvcnQ=", "vapid": "AA=="}).encode(), b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_file_that_holds_no_keys_is_refused_and_left_alone(tmp_path: Path, content: bytes):
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(KeysProblem, match="not a key file"):
        load_or_create(file)
    assert file.read_bytes() == content
