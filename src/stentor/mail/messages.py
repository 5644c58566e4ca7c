"""What an e-mail looks like: headers, plain text and HTML (notifications.md 10.3).

Nothing in it is fetched from anywhere: no pictures, no fonts, nothing that tells of its reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup, escape

from stentor.domain import emails
from stentor.domain.email_texts import Words

# Values that mail programs read as they stand: a fold or an encoded word would break them.
_VERBATIM = frozenset(
    {"to", "list-id", "list-unsubscribe", "message-id", "in-reply-to", "references"}
)


class _Policy(EmailPolicy):
    """Seven bits, CRLF, and some headers exactly as they are given."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() not in _VERBATIM:
            return super().header_store_parse(name, value)
        if emails.one_line(value) != value:
            raise ValueError(f"not one line: {name}")
        return name, value

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}\r\n" if name.lower() in _VERBATIM else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in _VERBATIM:
            return self.fold(name, value).encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("stentor.mail"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class Sender(NamedTuple):
    """The From header."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Site:
    """Who writes."""

    #: The name of the server, and ``host[:port]`` as people type it.
    title: str
    domain: str
    #: ``https://example.org``.
    base: str
    sender: Sender
    #: Where people read their notifications in a browser; empty if there is no such place.
    link: str = ""
    #: Where they can write to; may be empty.
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One e-mail before it is written; all texts are plain.

    ``heading`` may have the placeholders ``{name}`` and ``{site}``.
    """

    words: Words
    username: str
    address: str
    heading: str
    headers: dict[str, str]
    #: Who did it: the name, unable to turn the text around it, and the full handle.
    name: str = ""
    handle: str = ""
    #: Sentences below the heading.
    notes: tuple[str, ...] = ()
    #: What is quoted, under which title; a note stands in its place if it may not be shown.
    quote_title: str = ""
    quote: str = ""
    quote_note: str = ""
    #: Sentences at the end.
    closing: tuple[str, ...] = ()
    #: The words and the address of the link that stops e-mails of this kind.
    stop: str = ""
    stop_url: str = ""


def sender(given: str) -> Sender:
    """``Name <address>``, or a bare address."""
    name, bracket, address = given.strip().rpartition("<")
    return Sender(emails.one_line(name), address.removesuffix(">" * len(bracket)))


#: For addresses that only SMTPUTF8 can carry.
UTF8 = _Policy(linesep="\r\n", cte_type="7bit", utf8=True)


def compose(letter: Letter, site: Site, *, now: int) -> EmailMessage:
    """The message: plain text first, then HTML, and the headers of an automatic mail."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(site.sender.name, addr_spec=site.sender.address)
    message["To"] = f'"{letter.username}" <{letter.address}>'
    message["Subject"] = emails.one_line(letter.heading.format(name=letter.name, site=site.domain))
    message["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
    for name, value in letter.headers.items():
        message[name] = value
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    values = _values(letter, site)
    message.set_content(_environment.get_template("letter.txt").render(**values))
    message.add_alternative(_environment.get_template("letter.html").render(**values), "html")
    message["Content-Language"] = letter.words.code  # now: set_content removes such headers
    return message


def _values(letter: Letter, site: Site) -> dict[str, Any]:
    name = Markup('<bdi style="unicode-bidi:isolate">{}</bdi>').format(letter.name)
    return {
        "letter": letter,
        "site": site,
        "words": letter.words,
        "subject": letter.heading.format(name=letter.name, site=site.domain),
        "heading": escape(letter.heading).format(name=name, site=site.domain),
        "reason": letter.words.reason.format(user=letter.username, site=site.domain),
        "quote": letter.quote.split("\n"),
        "paragraphs": [one.split("\n") for one in letter.quote.split("\n\n") if one.strip()],
    }
