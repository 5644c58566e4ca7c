"""The server's secrets: one file, made once, never silently again (reliability 5d)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stentor import folders


class KeysProblem(Exception):
    """The key file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """``secret`` signs sessions and links (32 bytes); the other is the VAPID key of RFC 8292."""

    secret: bytes = field(repr=False)
    vapid: ec.EllipticCurvePrivateKey

    @property
    def vapid_public(self) -> str:
        """The public point, 65 bytes as padded URL-safe base64.

        The same text wherever clients meet it, byte for byte (trap 12).
        """
        point = self.vapid.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode()

    @property
    def fingerprint(self) -> str:
        """What tells these keys from others and says nothing of them: 32 digits."""
        said = b"stentor keys\0" + self.secret + self.vapid_public.encode()
        return hashlib.sha256(said).hexdigest()[:32]


def load_or_create(file: Path) -> Keys:
    """Reads the key file, or makes it (mode 0600) if there is none. Raises KeysProblem."""
    if not file.exists():
        _create(file)
    try:
        if file.stat().st_mode & 0o077:
            raise KeysProblem(f"{file} can be read by others: chmod 600 {file}")
        stored = msgspec.json.decode(file.read_bytes())
        number = int.from_bytes(base64.b64decode(stored["vapid"]), "big")
        vapid = ec.derive_private_key(number, ec.SECP256R1())
        return Keys(base64.b64decode(stored["secret"]), vapid)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise KeysProblem(f"{file} is not a key file of this server: {problem}") from problem


def _create(file: Path) -> None:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    stored = {
        "secret": base64.b64encode(secrets.token_bytes(32)).decode(),
        "vapid": base64.b64encode(number.to_bytes(32, "big")).decode(),
    }
    folders.make(file.parent, mode=0o700)
    # Whole or absent: a process that starts meanwhile, or a power cut, never sees half a file.
    handle, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(msgspec.json.encode(stored))
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its keys count
            os.link(draft, file)
    finally:
        Path(draft).unlink()
    folders.sync(file.parent)
