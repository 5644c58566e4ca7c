"""A push service on loopback: opens what it is sent, looks at it strictly, answers as it is told.

In the same process for tests (`PushService`), or in one of its own for the chaos runs and the
benchmark: `python -m tests.push_service FILE` listens, prints its port, and writes one line of
JSON to FILE for each message it has taken, before it answers.

What is answered depends on the path: `tell` says so path by path; without that it is in the path
itself: `/status/503/…`, `/slow/…`, `/stall/…`, `/garbage/…`; everything else gets 201.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
import os
import re
import ssl
import struct
import sys
import time
import warnings
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import http_ece
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

LIFETIME = 48 * 3600
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
URGENCIES = {"very-low", "low", "normal", "high"}


@dataclass(frozen=True)
class Reply:
    """An answer. ``kind`` is ``status``, or a way to misbehave (see `PushService._misbehave`)."""

    status: int = 201
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    kind: str = "status"
    seconds: float = 0.0
    #: It does not come before that.
    after: asyncio.Event | None = None


@dataclass
class Received:
    """A message as it came: what was in it, and everything that was wrong with it."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    plaintext: bytes = b""
    problems: list[str] = field(default_factory=list)

    @property
    def payload(self) -> Any:
        """What a client reads."""
        return json.loads(self.plaintext)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """A browser's half of a subscription: its keys."""

    def __init__(self, number: int | None = None, auth: bytes | None = None) -> None:
        curve = ec.SECP256R1()
        self.key = (
            ec.derive_private_key(number, curve) if number else ec.generate_private_key(curve)
        )
        self.auth = auth or os.urandom(16)
        self.p256dh = self.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def open(self, body: bytes, headers: dict[str, str]) -> bytes:
        """Decrypts, with somebody else's implementation."""
        encoding = headers.get("content-encoding", "")
        if encoding == "aes128gcm":
            if struct.unpack("!L", body[16:20])[0] != 4096:
                raise ValueError("record size")
            return bytes(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth))
        if encoding != "aesgcm":
            raise ValueError(f"Content-Encoding {encoding!r}")
        salt = re.search(r"salt=([\w-]+)", headers["encryption"])
        sender = re.search(r"dh=([\w-]+)", headers["crypto-key"])
        assert salt
        assert sender
        return bytes(
            http_ece.decrypt(
                body,
                salt=unb64(salt[1]),
                private_key=self.key,
                dh=unb64(sender[1]),
                auth_secret=self.auth,
                version="aesgcm",
            )
        )


#: The keys of a service in its own process: whoever subscribes there knows them, too.
SHARED = Device(0xC0FFEE, b"sixteen bytes ok")


class PushService:
    """Listens on loopback from `start` to `close`; ``received`` is everything in order."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        device: Device = SHARED,
        strict: bool = True,
        name: str | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.open_now = 0
        self.most_at_once = 0
        self.device = device
        self.vapid_key: str | None = None
        self.log: Path | None = None
        self._host, self._tls, self._strict, self._name = host, tls, strict, name or host
        self._told: dict[str, deque[Reply]] = {}
        self._default: Reply | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._file: Any = None

    async def start(self, port: int = 0) -> Self:
        """Listens."""
        self._server = await asyncio.start_server(
            self._serve, self._host, port, ssl=self._tls, backlog=1024
        )
        if self.log:
            self._file = self.log.open("a", buffering=1)
        return self

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hangs up on everybody."""
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def origin(self) -> str:
        """scheme://host:port, as in endpoints and audiences."""
        name = f"[{self._name}]" if ":" in self._name else self._name
        return f"{'https' if self._tls else 'http'}://{name}:{self.port}"

    def url(self, path: str = "/push") -> str:
        """An endpoint."""
        return self.origin + path

    def tell(self, path: str | None, *replies: Reply) -> None:
        """What is answered there, one after the other, the last one for ever; None: elsewhere."""
        if path is None:
            self._default = replies[0] if replies else None
        elif replies:
            self._told[path] = deque(replies)
        else:
            self._told.pop(path, None)

    def at(self, path: str) -> list[Received]:
        """What came to that path."""
        return [one for one in self.received if one.path == path]

    # ------------------------------------------------------------ one connection

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            if not task.cancelling():
                raise
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.open_now += 1
        self.most_at_once = max(self.most_at_once, self.open_now)
        try:
            method, path, _ = head[0].split(" ")
            headers = {}
            for line in head[1:]:
                name, _, value = line.partition(":")
                if name:
                    headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            reply = self._reply(path)
            self._note(method, Received(path, headers, body, time.monotonic()), reply)
            if reply.seconds:
                await asyncio.sleep(reply.seconds)
            if reply.after is not None:
                await reply.after.wait()
            if reply.kind != "status":
                await self._misbehave(reply, writer)
                return False
            writer.write(self._render(reply))
            await writer.drain()
            return True
        finally:
            self.open_now -= 1

    def _reply(self, path: str) -> Reply:
        told = self._told.get(path)
        if told:
            return told.popleft() if len(told) > 1 else told[0]
        if self._default:
            return self._default
        parts = path.split("/")
        if len(parts) > 2 and parts[1] == "status":
            return Reply(int(parts[2]))
        if parts[1:2] == ["slow"]:
            return Reply(seconds=0.3)
        if len(parts) > 1 and parts[1] in KINDS:
            return Reply(kind=parts[1])
        return Reply()

    @staticmethod
    def _render(reply: Reply) -> bytes:
        lines = [f"HTTP/1.1 {reply.status} Whatever"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.status >= 200 and reply.status not in (204, 304):
            lines.append(f"Content-Length: {len(reply.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + reply.body

    @staticmethod
    async def _misbehave(reply: Reply, writer: asyncio.StreamWriter) -> None:
        if reply.kind == "stall":
            await asyncio.sleep(3600)
        elif reply.kind == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER: RST, not FIN
        elif reply.kind == "garbage":
            writer.write(b"\x00\xff\x00 this is no HTTP \r\n\r\n" * 8)
            await writer.drain()
        elif reply.kind == "trickle":
            for byte in b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n":
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        elif reply.kind in ENDLESS:
            begin, piece, pause = ENDLESS[reply.kind]
            writer.write(begin)
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)

    # ------------------------------------------------------------ one message

    def _note(self, method: str, message: Received, reply: Reply) -> None:
        if self._strict:
            if method != "POST":
                message.problems.append(f"method {method}")
            message.problems += self._complaints(message)
        self.received.append(message)
        if self._file:
            line = {
                "at": time.time(),
                "path": message.path,
                "status": reply.status if reply.kind == "status" else reply.kind,
                "topic": message.headers.get("topic"),
                "problems": message.problems,
            }
            if message.plaintext:
                line["id"] = message.payload["notification_id"]
            self._file.write(json.dumps(line) + "\n")

    def _complaints(self, message: Received) -> list[str]:
        headers, found = message.headers, []
        try:
            message.plaintext = self.device.open(message.body, headers)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is a complaint
            found.append(f"cannot be opened: {problem!r}")
        ttl = headers.get("ttl", "")
        if not (ttl.isdigit() and 0 <= int(ttl) <= LIFETIME):
            found.append(f"TTL {ttl!r}")
        if headers.get("urgency") not in URGENCIES:
            found.append(f"Urgency {headers.get('urgency')!r}")
        if not TOPIC.match(headers.get("topic", "")):
            found.append(f"Topic {headers.get('topic')!r}")
        if headers.get("content-type") != "application/octet-stream":
            found.append(f"Content-Type {headers.get('content-type')!r}")
        if len(message.body) > 4096:
            found.append(f"{len(message.body)} bytes")
        if "cookie" in headers:
            found.append("Cookie")
        return found + self._vapid_complaints(headers)

    def _vapid_complaints(self, headers: dict[str, str]) -> list[str]:
        standard = re.match(r"vapid t=([^,]+), ?k=([\w-]+)\Z", headers.get("authorization", ""))
        draft = re.match(r"WebPush (\S+)\Z", headers.get("authorization", ""))
        if standard:
            token, key = standard[1], standard[2]
        elif draft:
            found = re.search(r"p256ecdsa=([\w-]+)", headers.get("crypto-key", ""))
            if not found:
                return ["no p256ecdsa"]
            token, key = draft[1], found[1]
        else:
            return ["no VAPID"]
        return check_token(token, key, audience=self.origin, expected=self.vapid_key)


def check_token(token: str, key: str, *, audience: str, expected: str | None) -> list[str]:
    """Everything that is wrong with a VAPID token (RFC 8292)."""
    found = []
    if expected and key != expected.rstrip("="):
        found.append("another VAPID key")
    try:
        head, claims, signature = token.split(".")
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
        raw = unb64(signature)
        number = encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        point.verify(number, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as problem:
        return [*found, f"VAPID signature: {problem!r}"]
    if json.loads(unb64(head)) != {"typ": "JWT", "alg": "ES256"}:
        found.append("VAPID header")
    said = json.loads(unb64(claims))
    if said["aud"] != audience:
        found.append(f"aud {said['aud']}, not {audience}")
    if not said["sub"].startswith(("mailto:", "https://")):
        found.append(f"sub {said['sub']}")
    if not isinstance(said["exp"], int):
        found.append("exp")
    return found


_CREATED = b"HTTP/1.1 201 Created\r\n"
#: Answers without an end: how they begin, what comes again and again, seconds in between.
ENDLESS = {
    "headers": (_CREATED, b"X-Again: and again\r\n", 0.001),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    "longline": (b"", b"X" * 65536, 0.001),
    "body": (_CREATED + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65536, 0.001),
    "slowbody": (_CREATED + b"Content-Length: 1000\r\n\r\n", b"x", 0.5),
}
#: Ways to misbehave.
KINDS = {"stall", "reset", "garbage", "trickle", "close", *ENDLESS}


# ---------------------------------------------------------------- certificates


class Authority:
    """A certificate authority of our own; ``file`` is its certificate, for whoever trusts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("Authority of the tests")
        self.file = folder / "authority.pem"
        certificate = (
            _begin(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def server(
        self, *names: str, days: int = 30, self_signed: bool = False, old: bool = False
    ) -> ssl.SSLContext:
        """A server's context with a certificate for those names; ``old``: no newer than TLS 1.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        signer, issuer = (key, subject) if self_signed else (self.key, self.name)
        certificate = (
            _begin(subject, issuer, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
            )
            .sign(signer, hashes.SHA256())
        )
        file = self.folder / f"{os.urandom(4).hex()}.pem"
        file.write_bytes(
            certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if old:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begin(subject: Any, issuer: Any, key: Any, days: int = 30) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * day)
        .not_valid_after(now + days * day)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs, crl_sign=signs,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


# ---------------------------------------------------------------- in a process of its own


async def _main(file: str, *options: str) -> None:
    service = PushService(strict="--lax" not in options)
    service.log = None if file == "-" else Path(file)
    await service.start()
    print(service.port, flush=True)  # noqa: T201 - that is how the port is told
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until it is closed
    await service.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
