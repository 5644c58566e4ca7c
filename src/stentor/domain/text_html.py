"""Typed text to the HTML that clients show (C6.5).

Nothing of the text reaches the markup unescaped, and without its tags the markup is the typed
text again (trap 55): what is hidden of a URL is hidden by classes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stentor.domain.text_entities import (
    HashtagMatch,
    MentionMatch,
    UrlMatch,
    find_all,
)
from stentor.domain.text_plain import graphemes

SHOWN_URL_CHARACTERS = 30

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_LINE_END = re.compile(r"\r\n?")
_PARAGRAPH_END = re.compile(r"\n{2,}")
_WEB = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_HIDDEN_PREFIX = re.compile(r"[a-z]+:(?://(?:www\.)?)?", re.ASCII | re.IGNORECASE)
_HOST = re.compile(r"[^/?#]*")


@dataclass(frozen=True, slots=True)
class MentionTarget:
    """The account a mention leads to: ``acct`` as in trap 27, ``url`` its page."""

    acct: str
    username: str
    url: str


Mentions = Mapping[tuple[str, str | None], MentionTarget]
NOBODY: Mentions = MappingProxyType({})


def escape(text: str) -> str:
    """The text for use in HTML, in attributes as well."""
    return text.translate(_ESCAPES)


def to_html(
    text: str,
    *,
    mentions: Mentions = NOBODY,
    tag_url: Callable[[str], str],
    local_domain: str,
    quoted_url: str | None = None,
) -> str:
    """A status's text as HTML: paragraphs, with URLs, hashtags and known mentions as links.

    ``mentions`` is looked up by `MentionMatch.key`; handles not in it stay plain text.
    ``tag_url`` is given the tag as typed. ``quoted_url`` is linked in front, for clients that
    know nothing of quotes, unless the text has it already.
    """
    body = _Formatter(mentions, tag_url, local_domain).paragraphs(text)
    return body if quoted_url is None else quote_line(quoted_url, text) + body


def quote_line(quoted_url: str, text: str) -> str:
    """What stands in front of a text's HTML for clients that know nothing of quotes (C6.5).

    "" if the text has that URL already, or if it is none of the web.
    """
    if quoted_url in text or not _WEB.match(quoted_url):
        return ""
    return f'<p class="quote-inline">RE: {_url_link(quoted_url)}</p>'


def note_to_html(
    note: str,
    *,
    mentions: Mentions = NOBODY,
    tag_url: Callable[[str], str],
    local_domain: str,
) -> str:
    """A bio as HTML, made as a status's text is; mentions keep the spelling of the author."""
    return _Formatter(mentions, tag_url, local_domain).paragraphs(note)


def field_to_html(
    value: str,
    *,
    mentions: Mentions = NOBODY,
    tag_url: Callable[[str], str],
    local_domain: str,
) -> str:
    """A profile field's value as HTML: one line, no paragraphs.

    Its links say ``me``, by which other sites verify who wrote them, and its mentions keep their
    domain: next to "my other account" the domain is what matters.
    """
    formatter = _Formatter(mentions, tag_url, local_domain, rel_me=True, with_domains=True)
    return formatter.line(value)


@dataclass(frozen=True, slots=True)
class _Formatter:
    """One way to write HTML; holds nothing of the text."""

    mentions: Mentions
    tag_url: Callable[[str], str]
    local_domain: str
    rel_me: bool = False
    with_domains: bool = False

    def paragraphs(self, text: str) -> str:
        """The text as ``<p>`` for each run of lines; "" if there is nothing to see in it."""
        text = _LINE_END.sub("\n", text).strip("\n")
        if not text.strip():
            return ""
        return f"<p>{self._format(text, _breaks)}</p>"

    def line(self, text: str) -> str:
        """The text with its links and no more."""
        return self._format(text, escape) if text.strip() else ""

    def _format(self, text: str, plain: Callable[[str], str]) -> str:
        """The text with links; ``plain`` writes what is between them."""
        matches = find_all(text, self.local_domain)
        known = [m for m in matches if not isinstance(m, MentionMatch) or self._linkable(m)]
        targets = [self.mentions[m.key] for m in known if isinstance(m, MentionMatch)]
        ambiguous = _ambiguous(targets)
        pieces, end = [], 0
        for match in known:
            pieces.append(plain(text[end : match.start]))
            if isinstance(match, UrlMatch):
                pieces.append(_url_link(match.url, rel_me=self.rel_me))
            elif isinstance(match, HashtagMatch):
                pieces.append(self._hashtag_link(match, text[match.start]))
            else:
                pieces.append(self._mention_link(match, ambiguous))
            end = match.end
        pieces.append(plain(text[end:]))
        return "".join(pieces)

    def _linkable(self, match: MentionMatch) -> bool:
        """True if the handle leads to an account whose page can be linked."""
        target = self.mentions.get(match.key)
        # Other servers choose the URLs of their accounts: javascript: is not a page.
        return target is not None and _WEB.match(target.url) is not None

    def _mention_link(self, match: MentionMatch, ambiguous: set[str]) -> str:
        """A mention's markup, its name spelled as in the text."""
        target = self.mentions[match.key]
        shown = match.username
        if self.with_domains or target.username.lower() in ambiguous:
            shown += "".join(target.acct.partition("@")[1:])
        return (
            f'<span class="h-card" translate="no"><a href="{escape(target.url)}" '
            f'class="u-url mention">@<span>{escape(shown)}</span></a></span>'
        )

    def _hashtag_link(self, match: HashtagMatch, sign: str) -> str:
        """A hashtag's markup, the tag spelled and its sign as wide as in the text."""
        return (
            f'<a href="{escape(self.tag_url(match.display))}" class="mention hashtag" '
            f'rel="tag">{sign}<span>{escape(match.display)}</span></a>'
        )


def _ambiguous(targets: list[MentionTarget]) -> set[str]:
    """The usernames that two different accounts among these share."""
    accounts = {(target.username.lower(), target.acct.lower()) for target in targets}
    counts = Counter(username for username, _ in accounts)
    return {username for username, count in counts.items() if count > 1}


def _breaks(text: str) -> str:
    """Plain text between links, inside a paragraph."""
    return _PARAGRAPH_END.sub("</p><p>", escape(text)).replace("\n", "<br />")


def _url_link(url: str, *, rel_me: bool = False) -> str:
    """A URL's markup: scheme and ``www.`` hidden, then as much as is shown, then the rest."""
    prefix = _HIDDEN_PREFIX.match(url)
    begin = prefix.end() if prefix else 0
    cut = _cut(url[begin:]) + begin
    rel = "nofollow noopener me" if rel_me else "nofollow noopener"
    ellipsis = "ellipsis" if cut < len(url) else ""
    return (
        f'<a href="{escape(url)}" target="_blank" rel="{rel}" translate="no">'
        f'<span class="invisible">{escape(url[:begin])}</span>'
        f'<span class="{ellipsis}">{escape(url[begin:cut])}</span>'
        f'<span class="invisible">{escape(url[cut:])}</span></a>'
    )


def _cut(shown: str) -> int:
    """How much of a URL without its prefix is shown: 30 characters, and the whole host always.

    A host cut short could pass for another: the end of it says whose it is (T53).
    """
    host = _HOST.match(shown)
    count = 0
    for index, cluster in enumerate(graphemes(shown)):
        if index == SHOWN_URL_CHARACTERS:
            break
        count += len(cluster)
    return max(count, host.end() if host else 0)
