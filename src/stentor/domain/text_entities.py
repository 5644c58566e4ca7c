"""What a text points at: URLs, mentions and hashtags, with the place of each (C6.3 to C6.5).

The three never overlap: what looks like a mention or a hashtag inside a URL is part of the URL.
Places are code points, so that ``text[match.start : match.end]`` is what was typed. Every search
takes time in proportion to the text, whatever the text: patterns do not backtrack (possessive
quantifiers), and what is scanned and refused is not scanned again.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import regex

DOMAIN_CHARACTERS = 253  # RFC 1035
LABEL_CHARACTERS = 63

# Schemes that are linked: those followed by `//` and a host, and those with a text of their own,
# which must begin like this, for "magnet:" is also a word with a colon.
HOST_SCHEMES = frozenset(
    {"http", "https", "gemini", "gopher", "ipfs", "ipns", "dat", "dweb", "ssb"}
)
OPAQUE_SCHEMES = {
    "magnet": regex.compile(r"\?[A-Za-z]"),
    "xmpp": regex.compile(r"[A-Za-z0-9_.+-]{1,64}+@[A-Za-z0-9]"),
}

# Invisible characters (variation selectors, fillers, joiners) are nowhere part of a name: an
# emoji's variation selector in front of an @ is no word, and a tag of fillers is no tag.
_WORD = r"[[\p{L}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]--\p{DI}]"
_LATIN = r"[[\p{Latin}\p{Mn}\p{Mc}\p{Nd}_]--\p{DI}]"
_OTHER = r"[[\p{L}\p{Mn}\p{Mc}]--[\p{Latin}\p{DI}]]"


@dataclass(frozen=True, slots=True)
class UrlMatch:
    """A URL as typed."""

    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class Handle:
    """Whom a mention names. ``domain`` is lower case, and None for an account of this server."""

    username: str
    domain: str | None

    @property
    def key(self) -> tuple[str, str | None]:
        """What is equal for two handles of one account, however they were typed."""
        return self.username.lower(), self.domain

    @property
    def acct(self) -> str:
        """``name``, or ``name@domain`` if it lives elsewhere (trap 27)."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"


@dataclass(frozen=True, slots=True)
class MentionMatch:
    """``@name`` or ``@name@domain``: the name as typed, the domain as in `Handle`."""

    start: int
    end: int
    username: str
    domain: str | None

    @property
    def handle(self) -> Handle:
        """Whom it names."""
        return Handle(self.username, self.domain)

    @property
    def key(self) -> tuple[str, str | None]:
        """The key under which resolved mentions are looked up."""
        return self.handle.key


@dataclass(frozen=True, slots=True)
class HashtagMatch:
    """``#Tag``: what it is known by, and how it was typed (without the sign)."""

    start: int
    end: int
    name: str
    display: str


# --- URLs ------------------------------------------------------------------------------------

# Not inside a longer Latin word or scheme (git+https). Scripts written without spaces may
# touch a URL, so other letters may come before it.
_SCHEME = regex.compile(r"(?V1)(?<![\p{Latin}\p{Nd}+@#＃])([A-Za-z]{3,6}+):(//)?+")
_HOST_RUN = regex.compile(r"(?V1)[[\p{L}\p{Mn}\p{Mc}\p{Nd}_.-]--\p{DI}]++")
_IPV6 = regex.compile(r"\[[0-9A-Fa-f:.]{2,45}+\]")
_PORT = regex.compile(r":[0-9]{1,5}+(?![0-9])")
_LABEL = regex.compile(rf"(?V1){_WORD}++(?:-++{_WORD}++)*+")
_TOP_LEVEL = regex.compile(
    rf"(?V1)(?:xn--[A-Za-z0-9-]*[A-Za-z0-9]|[[\p{{Latin}}]--\p{{DI}}]{{2,}}+|{_OTHER}{{2,}}+)"
)
# What may follow a top-level domain without a space: the other kind of script, or a mark of
# emphasis. Anything else means that this was no domain.
_LOOSE_END = regex.compile(r"(?V1)(?![-_]*[[\p{Latin}\p{Nd}]--\p{DI}]|\p{M})")
_IPV4 = regex.compile(r"(?:[0-9]{1,3}+\.){3}[0-9]{1,3}+")

# Where a path ends: white space, controls and invisible formatting (joiners excepted, which
# Persian and Indic words need), what must be escaped in a URL, and East Asian punctuation.
_PATH_RUN = regex.compile(
    r"""(?V1)[^\s\p{Cc}[\p{Cf}--[\u200c\u200d]]\p{Cs}<>"`\\()\[\]{}"""
    r"""、。，．！？；：（）「」『』【】《》〈〉〔〕｛｝［］]++"""
)
_OPENING = {")": "(", "]": "[", "}": "{"}
_NOT_LAST = frozenset(".,;:!?'*…‘’“”«»‹›([{\u200c\u200d")


def find_urls(text: str) -> list[UrlMatch]:
    """Every URL with a scheme that is linked, from left to right (C6.5).

    Punctuation that ends the sentence and brackets that were opened before the URL are not part
    of it. A host needs a plausible top-level domain, or is ``localhost`` or an IP address.
    """
    found = []
    position = 0
    while match := _SCHEME.search(text, position):
        end = _url_end(text, match)
        if end is not None:
            found.append(UrlMatch(match.start(), end, text[match.start() : end]))
        position = end or match.end()
    return found


def _url_end(text: str, match: regex.Match[str]) -> int | None:
    """Where the URL with this scheme ends, or None if it is none."""
    scheme, slashes = match.group(1).lower(), match.group(2)
    if scheme in OPAQUE_SCHEMES:
        begun = OPAQUE_SCHEMES[scheme].match(text, match.end())
        return _path_end(text, begun.end()) if begun else None
    if scheme not in HOST_SCHEMES or not slashes:
        return None
    end = _host_end(text, match.end(), public=scheme in ("http", "https"))
    if end is None:
        return None
    port = _PORT.match(text, end)
    end = port.end() if port else end
    # Nobody needs a user name in a link but those who want one host to look like another (T53).
    if text.startswith("@", end):
        return None
    return _path_end(text, end) if text.startswith(("/", "?", "#"), end) else end


def _host_end(text: str, start: int, *, public: bool) -> int | None:
    """Where the host at this place ends, or None if there is none worth a link.

    A ``public`` one is something that a browser can look up; other schemes name hashes and keys.
    """
    if literal := _IPV6.match(text, start):
        return literal.end()
    run = _HOST_RUN.match(text, start)
    if run is None:
        return None
    if not public:
        return start + len(run.group().rstrip(".-_")) if run.group()[0] not in ".-" else None
    labels = _labels(run.group())
    if not labels or sum(map(len, labels)) + len(labels) > DOMAIN_CHARACTERS + 1:
        return None
    last = _last_label(labels)
    if last is None:
        return None
    return start + sum(len(label) + 1 for label in labels[:-1]) + len(last)


def _labels(run: str) -> list[str]:
    """The labels a run of host characters starts with; the last one may have a loose end."""
    labels: list[str] = []
    for label in run.split("."):
        match = _LABEL.match(label)
        if match is None or len(label) > LABEL_CHARACTERS:
            break
        labels.append(label)
        if match.end() != len(label):
            break
    return labels


def _last_label(labels: list[str]) -> str | None:
    """As much of the last label as makes a host of them all, or None if nothing does."""
    if _IPV4.fullmatch(".".join(labels)):
        return labels[-1] if all(int(part) < 256 for part in labels) else None
    match = _TOP_LEVEL.match(labels[-1])
    if match is None or not _LOOSE_END.match(labels[-1], match.end()):
        return None
    if len(labels) == 1 and match.group().lower() != "localhost":
        return None
    return match.group()


def _path_end(text: str, start: int) -> int:
    """Where path, query and fragment end that begin at ``start``."""
    open_brackets = dict.fromkeys("([{", 0)
    position = start
    while position < len(text):
        if run := _PATH_RUN.match(text, position):
            position = run.end()
            continue
        bracket = text[position]
        if bracket in open_brackets:
            open_brackets[bracket] += 1
        elif open_brackets.get(_OPENING.get(bracket, ""), 0):
            open_brackets[_OPENING[bracket]] -= 1
        else:
            break
        position += 1
    while position > start and text[position - 1] in _NOT_LAST:
        position -= 1
    return position


# --- Mentions --------------------------------------------------------------------------------

_NAME = r"[A-Za-z0-9_]++(?:[.-][A-Za-z0-9_]++)*+"
# The last label is of one script: in a text without spaces the next word is not part of it.
_DOMAIN = (
    rf"(?:{_WORD}++(?:-++{_WORD}++)*+\.(?={_WORD}))*+"
    rf"(?:{_LATIN}++(?:-++{_LATIN}++)*+|{_OTHER}++(?:-++{_OTHER}++)*+)"
)
# What may not follow, so that no shorter name is made of a longer word (@josé is not @jos), and
# so that a handle whose own domain is left out still ends where it ended.
_END = rf"(?!{_LATIN}|@{_WORD}|[.-][A-Za-z0-9_])"
_MENTION = regex.compile(
    rf"(?V1)(?<!{_WORD}|[/=])@(?P<name>{_NAME})"
    rf"(?:@(?P<domain>{_DOMAIN}){_END}(?P<port>:[0-9]{{1,5}}+{_END})?+)?+{_END}"
)


def find_mentions(text: str, local_domain: str) -> list[MentionMatch]:
    """Every handle in the text, whether or not there is such an account (C6.3).

    A handle with this server's own domain, with or without its port, is a local one.
    """
    return _mentions(text, local_domain, find_urls(text))


def _mentions(text: str, local_domain: str, urls: list[UrlMatch]) -> list[MentionMatch]:
    """The handles outside these URLs."""
    found = []
    for match in _MENTION.finditer(text):
        domain, end = _domain(match, local_domain.lower())
        if len(domain or "") <= DOMAIN_CHARACTERS:
            found.append(MentionMatch(match.start(), end, match.group("name"), domain))
    return _outside(found, urls)


def _domain(match: regex.Match[str], own: str) -> tuple[str | None, int]:
    """The domain a handle means, None for our own, and where the handle ends.

    A port is part of the handle only next to our own host: elsewhere there is no such thing,
    and what follows the colon is text.
    """
    if match.group("domain") is None:
        return None, match.end()
    host, port = match.group("domain").lower(), match.group("port") or ""
    own_host, colon, own_port = own.partition(":")
    if host != own_host:
        return host, match.end("domain")
    if port and colon and port != f":{own_port}":
        return host + port, match.end("port")  # another server on our machine
    return None, match.end("port") if port else match.end("domain")


# --- Hashtags --------------------------------------------------------------------------------

_TAG_WORD = r"[[\p{L}\p{Mn}\p{Mc}\p{Nl}\p{Nd}_]--\p{DI}]"
_SEPARATOR = r"[\u00b7\u30fb\u200c]"
_HASHTAG = regex.compile(
    rf"(?V1)(?<!\S)[#＃](?P<tag>(?!\p{{M}}){_TAG_WORD}++(?:{_SEPARATOR}++{_TAG_WORD}++)*+)"
)
_LETTER = regex.compile(r"[\p{L}\p{Nl}]")
_NOT_IN_TAG = regex.compile(rf"(?V1)[^{_TAG_WORD}{_SEPARATOR}]")


def find_hashtags(text: str) -> list[HashtagMatch]:
    """Every hashtag after white space or at the start, with at least one letter (C6.4)."""
    return _hashtags(text, find_urls(text))


def _hashtags(text: str, urls: list[UrlMatch]) -> list[HashtagMatch]:
    """The hashtags outside these URLs."""
    found = []
    for match in _HASHTAG.finditer(text):
        tag = match.group("tag")
        if _LETTER.search(tag):
            found.append(HashtagMatch(match.start(), match.end(), hashtag_name(tag), tag))
    return _outside(found, urls)


def hashtag_name(tag: str) -> str:
    """What a hashtag is known by, without its sign: NFKC, lower case (C6.4).

    Compatibility forms of some letters hold spaces and signs that no tag may hold: they go.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tag).lower())
    return unicodedata.normalize("NFKC", _NOT_IN_TAG.sub("", folded))


# --- All of them -----------------------------------------------------------------------------

Match = UrlMatch | MentionMatch | HashtagMatch
_M = TypeVar("_M", MentionMatch, HashtagMatch)


def find_all(text: str, local_domain: str) -> list[Match]:
    """URLs, mentions and hashtags from left to right; none overlaps another."""
    urls = find_urls(text)
    return sorted(
        chain(urls, _mentions(text, local_domain, urls), _hashtags(text, urls)),
        key=lambda match: match.start,
    )


def _outside(matches: list[_M], urls: list[UrlMatch]) -> list[_M]:
    """Those matches that no URL overlaps; both lists run from left to right."""
    free = []
    following = iter(urls)
    url = next(following, None)
    for match in matches:
        while url is not None and url.end <= match.start:
            url = next(following, None)
        if url is None or match.end <= url.start:
            free.append(match)
    return free
