"""Every setting once: its name, default, environment variable and a sentence."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_DOMAIN = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?\Z")
_SENDER = re.compile(r"([^<>@\"\x00-\x1f]*<)?[^\s@<>,;:\"()\[\]\\]+@(?:[\w-]+\.)*[\w-]+(?(1)>|)\Z")
_NATS = re.compile(r"(?:nats|tls)://[^\s,/]+(?:,(?:(?:nats|tls)://)?[^\s,/]+)*\Z")
_MOST_WORKERS = 64
_EXAMPLE_HEAD = """\
# Every setting of a Stentor server. `stentor serve --config FILE` reads this file; an
# environment variable wins over it, and an option on the command line over both.
# `stentor settings` prints what holds, and where each value came from.
# This file is made by `stentor settings --example`.
"""
# A month, as in the polls that clients are told of.
_POLL_LONGEST = 2_629_746
# A hundred years.
_DAYS_KEPT = 36_525
_FALSE = frozenset({"0", "f", "false", "off", "no", ""})
_TRUE = frozenset({"1", "t", "true", "on", "yes"})


class ConfigProblem(Exception):
    """A setting that makes no sense; its text names the setting and says what would."""


def _setting(default: Any, text: str, *choices: str, secret: bool = False) -> Any:
    metadata = {"text": text, "choices": choices, "secret": secret}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can decide. ``STENTOR_`` and the name in capitals is its variable."""

    host: str = _setting("127.0.0.1", "The address to listen on.")
    port: int = _setting(3000, "The port to listen on.")
    data: str = _setting("data", "The folder for the embedded database, keys and uploads.")
    database_url: str = _setting(
        "", "sqlite:PATH or postgresql://…; empty for stentor.db in the data folder."
    )
    workers: int = _setting(
        1, "Processes that answer requests, on one port; more than one needs PostgreSQL."
    )
    bus: str = _setting(
        "",
        "How the processes of a site tell each other what happened: postgres, or "
        "nats://[user:password@]host:port[,…] (tls:// as well), or local if there is only one; "
        "empty for postgres on PostgreSQL and local otherwise.",
    )
    domain: str = _setting("", "host[:port] as people type it; empty for localhost with the port.")
    scheme: str = _setting(
        "",
        "http or https: of the addresses that clients are given; empty for https, "
        "and http when the domain is a loopback name.",
        "",
        "http",
        "https",
    )
    title: str = _setting("Stentor", "The name of the server.")
    description: str = _setting(
        "A Stentor server.", "A sentence about the server, shown to clients."
    )
    contact_email: str = _setting("", "Where people can write to, shown to clients.")
    registrations: str = _setting(
        "closed",
        "Who may sign up: open (usable at once), approval (a moderator lets them in), closed.",
        "open",
        "approval",
        "closed",
    )
    rate_limits: bool = _setting(True, "Whether requests are limited, with Mastodon's numbers.")
    password_grant: bool = _setting(
        False, "Whether a token can be had for a password (for development only)."
    )
    poll_min_expiration: int = _setting(300, "The shortest poll, in seconds.")
    notifications_kept_days: int = _setting(
        0, "Days after which notifications are forgotten; 0 keeps them for ever."
    )
    worker: bool = _setting(
        True,
        "Whether `stentor serve` sends pushes and e-mails itself. Off where `stentor worker` does.",
    )
    push_allow_private: bool = _setting(
        False, "Whether push messages may go to private addresses (for development only)."
    )
    smtp_host: str = _setting("", "The mail server that e-mails are handed to; empty to send none.")
    smtp_port: int = _setting(
        0, "Its port; 0 for the usual one: 587 with starttls, 465 with tls, 25 with none."
    )
    smtp_security: str = _setting(
        "starttls",
        "How the connection to it is protected. Nothing is sent if that cannot be had.",
        "starttls",
        "tls",
        "none",
    )
    smtp_username: str = _setting("", "The name to sign in with; empty for no sign-in.")
    smtp_password: str = _setting(
        "", "The password to sign in with; rather name a file.", secret=True
    )
    smtp_password_file: str = _setting("", "A file whose first line is that password.")
    smtp_ca_file: str = _setting(
        "", "Certificates (PEM) to trust for the mail server; empty for those of the system."
    )
    smtp_from: str = _setting(
        "",
        "The sender of e-mails, address or Name <address>; empty for the server's title and "
        "notifications@ its domain.",
    )
    smtp_timeout: int = _setting(
        30, "Seconds to wait for the mail server at each step; a message is given twice that."
    )
    smtp_connections: int = _setting(
        2, "How many connections to the mail server are used at once, at most."
    )
    email_link: str = _setting(
        "",
        "Where people read their notifications in a browser; e-mails link there. Empty for none.",
    )
    nodeinfo_name: str = _setting(
        "mastodon",
        "The software name in nodeinfo. Clients switch features on for 'mastodon'; "
        "'stentor' is more honest and hides some of them.",
    )
    trusted_proxies: str = _setting(
        "", "Addresses of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    tls_cert: str = _setting("", "A certificate file (PEM), to serve TLS directly.")
    tls_key: str = _setting("", "The key file (PEM) of that certificate.")
    log_level: str = _setting("info", "How much is logged.", "debug", "info", "warning", "error")

    @property
    def site_domain(self) -> str:
        """The domain, or localhost with the port."""
        return self.domain or f"localhost:{self.port}"

    @property
    def site_scheme(self) -> str:
        """The scheme of the URLs that clients are given."""
        if self.scheme:
            return self.scheme
        return "http" if is_loopback(self.site_domain) and not self.tls_cert else "https"

    @property
    def site_database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:{Path(self.data) / 'stentor.db'}"

    @property
    def on_postgres(self) -> bool:
        """Whether the database can be shared by several processes."""
        return self.site_database.startswith(("postgres:", "postgresql:"))

    @property
    def site_bus(self) -> str:
        """``local``, ``postgres``, or NATS servers."""
        return self.bus or ("postgres" if self.on_postgres else "local")

    @property
    def mails(self) -> bool:
        """Whether e-mails are sent."""
        return bool(self.smtp_host)

    @property
    def site_smtp_port(self) -> int:
        """The port of the mail server."""
        return self.smtp_port or {"starttls": 587, "tls": 465, "none": 25}[self.smtp_security]

    @property
    def proxies(self) -> tuple[str, ...]:
        """The trusted proxies, one by one."""
        return tuple(part.strip() for part in self.trusted_proxies.split(",") if part.strip())


def is_loopback(domain: str) -> bool:
    """True for localhost, its subdomains and loopback addresses, with or without a port."""
    host = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdigit() else domain
    host = (host or domain).strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def example() -> str:
    """The annotated settings file: every key with its sentence, commented out at its default."""
    parts = [_EXAMPLE_HEAD]
    for one in dataclasses.fields(Settings):
        sentence = textwrap.fill(
            one.metadata["text"], 92, initial_indent="# ", subsequent_indent="# "
        )
        default = one.default
        value = str(default).lower() if isinstance(default, bool) else json.dumps(default)
        parts.append(f"{sentence}\n# Environment: {variable(one.name)}\n#{one.name} = {value}\n")
    return "\n".join(parts)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"STENTOR_{name.upper()}"


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> tuple[Settings, dict[str, str]]:
    """The settings and where each came from: default, file, environment or command line.

    Raises ConfigProblem.
    """
    environment = os.environ if environment is None else environment
    from_file = _read(file) if file else {}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for one in dataclasses.fields(Settings):
        name = one.name
        raw: Any = one.default
        sources[name] = "default"
        if name in from_file:
            raw, sources[name] = from_file.pop(name), f"file {file}"
        if variable(name) in environment:
            raw, sources[name] = environment[variable(name)], f"environment {variable(name)}"
        if overrides and overrides.get(name) is not None:
            raw, sources[name] = overrides[name], "command line"
        values[name] = _cast(name, raw, one)
    if from_file:
        raise ConfigProblem(f"{file}: no such setting: {', '.join(sorted(from_file))}")
    settings = Settings(**values)
    _check(settings)
    return settings, sources


def _check(settings: Settings) -> None:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise ConfigProblem("tls_cert and tls_key go together: give both or neither")
    if not 0 <= settings.port <= 65535:
        raise ConfigProblem(f"port: {settings.port} is not between 0 and 65535")
    if settings.domain and not _DOMAIN.match(settings.domain):
        raise ConfigProblem(
            f"domain: {settings.domain!r} is not host or host:port (without https://)"
        )
    if not settings.data:
        raise ConfigProblem("data: name a folder")
    if not 0 <= settings.notifications_kept_days <= _DAYS_KEPT:
        raise ConfigProblem(
            f"notifications_kept_days: {settings.notifications_kept_days} is not between 0 and "
            f"{_DAYS_KEPT}"
        )
    if not 1 <= settings.poll_min_expiration <= _POLL_LONGEST:
        raise ConfigProblem(
            f"poll_min_expiration: {settings.poll_min_expiration} is not between 1 and "
            f"{_POLL_LONGEST} seconds"
        )
    url = settings.database_url
    if url and not url.startswith(("sqlite:", "postgres:", "postgresql:")):
        raise ConfigProblem("database_url: begin it with sqlite: or postgresql:")
    _check_mail(settings)
    _check_processes(settings)
    for proxy in settings.proxies:
        try:
            ipaddress.ip_address(proxy)
        except ValueError as problem:
            raise ConfigProblem(f"trusted_proxies: {proxy!r} is no IP address") from problem


def _check_processes(settings: Settings) -> None:
    if settings.bus not in {"", "local", "postgres"} and not _NATS.match(settings.bus):
        raise ConfigProblem("bus: one of local, postgres, nats://host:port, tls://host:port")
    if settings.bus == "postgres" and not settings.on_postgres:
        raise ConfigProblem("bus: postgres needs a PostgreSQL database; see database_url")
    if not 1 <= settings.workers <= _MOST_WORKERS:
        raise ConfigProblem(f"workers: {settings.workers} is not between 1 and {_MOST_WORKERS}")
    if settings.workers > 1 and not settings.on_postgres:
        raise ConfigProblem("workers: more than one needs a PostgreSQL database; see database_url")
    if settings.workers > 1 and settings.bus == "local":
        raise ConfigProblem("workers: more than one cannot use the bus 'local'")


def _check_mail(settings: Settings) -> None:
    if not 0 <= settings.smtp_port <= 65535:
        raise ConfigProblem(f"smtp_port: {settings.smtp_port} is not between 0 and 65535")
    if not 1 <= settings.smtp_timeout <= 300:
        raise ConfigProblem(f"smtp_timeout: {settings.smtp_timeout} is not between 1 and 300")
    if not 1 <= settings.smtp_connections <= 20:
        raise ConfigProblem(f"smtp_connections: {settings.smtp_connections} is not 1 to 20")
    sender = settings.smtp_from
    if sender and not (_SENDER.match(sender) and sender.rpartition("<")[2].isascii()):
        raise ConfigProblem("smtp_from: give an address in ASCII, or Name <address>")
    if settings.smtp_password and settings.smtp_password_file:
        raise ConfigProblem("smtp_password: give it, or smtp_password_file, not both")
    password = settings.smtp_password or settings.smtp_password_file
    if bool(settings.smtp_username) != bool(password):
        raise ConfigProblem("smtp_username and smtp_password (or its file) go together")
    if password and settings.smtp_security == "none" and not is_loopback(settings.smtp_host):
        raise ConfigProblem(
            "smtp_security: a password is not sent without protection; use starttls or tls"
        )
    if settings.email_link and not settings.email_link.startswith(("https://", "http://")):
        raise ConfigProblem("email_link: begin it with https://")


def first_line(file: str) -> str:
    """The first line of a file that holds a secret; '' if none is named. Raises ConfigProblem."""
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigProblem(f"{file} cannot be read: {type(problem).__name__}") from problem


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigProblem(f"{file}: {problem.strerror}") from problem
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigProblem(f"{file}: {problem}") from problem


def _cast(name: str, raw: Any, one: dataclasses.Field[Any]) -> Any:
    choices = one.metadata["choices"]
    if isinstance(one.default, bool):
        word = str(raw).strip().lower()
        if word not in _TRUE | _FALSE:
            raise ConfigProblem(f"{name}: {raw!r} is neither on nor off")
        return word in _TRUE
    if isinstance(one.default, int):
        try:
            return int(str(raw))
        except ValueError as problem:
            raise ConfigProblem(f"{name}: {raw!r} is not a whole number") from problem
    text = str(raw).strip()
    if choices and text not in choices:
        raise ConfigProblem(f"{name}: {text!r} is none of {', '.join(filter(None, choices))}")
    return text
