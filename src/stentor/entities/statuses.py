"""Status as JSON (surroundings C5).

The part that is the same for everybody is encoded once and remembered by value; what depends on
the viewer, and the account, whose counters move, is joined to it each time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stentor.domain import text, times
from stentor.domain.accounts import Account
from stentor.domain.filters import FilterResult
from stentor.domain.links import Links
from stentor.domain.quotes import WITH_STATUS
from stentor.domain.statuses import Edit, LoadedStatuses, Marks, Status, pinnable
from stentor.entities import accounts, filters, polls, quotes
from stentor.entities.accounts import encoder
from stentor.entities.fragments import Element
from stentor.entities.memo import Memo

#: All that a plain status shows: itself, its author, whom it names, its tags, and where links go.
_Given = tuple[Status, Account, tuple[Account, ...], tuple[str, ...], Links]
_memo: Memo[_Given, Element] = Memo(16_384)


class Mention(Struct, gc=False):
    """Somebody named in a status (surroundings C3.6)."""

    id: str
    username: str
    url: str
    acct: str


class Tag(Struct, gc=False):
    """A hashtag inside a status."""

    name: str
    url: str


class Application(Struct, gc=False):
    """What it was written with."""

    name: str
    website: str | None


class Common(Struct, gc=False, kw_only=True):
    """The keys of a Status that are the same for every viewer, the account left out."""

    id: str
    created_at: str
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    edited_at: str | None
    content: str
    application: Application | None
    media_attachments: list[Any]
    mentions: list[Mention]
    tags: list[Tag]
    emojis: list[Any]
    tagged_collections: list[Any]
    card: None


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def mention(account: Account, links: Links) -> Mention:
    """An account as a status names it."""
    return Mention(
        str(account.id), account.username, accounts.account_url(account, links), account.acct
    )


def _render_common(
    status: Status, author: Account, mentioned: tuple[Account, ...], tags: tuple[str, ...],
    links: Links,
) -> bytes:  # fmt: skip
    local = author.local
    reblog = status.reblog_of_id is not None
    uri, url = status.uri, status.url
    if local and reblog:
        uri = links.status_uri(author.id, status.id) + "/activity"
        url = links.reblog(author.username, status.id)
    elif local:
        uri = links.status_uri(author.id, status.id)
        url = links.status(author.username, status.id)
    entity = Common(
        id=str(status.id),
        created_at=times.iso(status.created_at),
        in_reply_to_id=_text(status.in_reply_to_id),
        in_reply_to_account_id=_text(status.in_reply_to_account_id),
        sensitive=bool(status.sensitive) and not reblog,
        spoiler_text=status.spoiler_text,
        visibility=status.visibility,
        language=status.language,
        uri=uri,
        url=url,
        replies_count=status.replies_count,
        reblogs_count=status.reblogs_count,
        favourites_count=status.favourites_count,
        quotes_count=status.quotes_count,
        edited_at=times.iso_or_none(status.edited_at),
        content=status.content,
        application=(
            Application(status.application_name, status.application_website)
            if status.application_name is not None
            else None
        ),
        media_attachments=[],
        mentions=[mention(account, links) for account in mentioned],
        tags=[Tag(name, links.tag(name)) for name in tags],
        emojis=[],
        tagged_collections=[],
        card=None,
    )
    return encoder.encode(entity)[:-1]


# Where the counters stand among the fields of a row, and in what is shown: no text in front of
# them can hold these keys, as its quotes are escaped.
_FIRST_COUNTER = Status._fields.index("replies_count")
_BEHIND_COUNTERS = Status._fields.index("quotes_count") + 1
_COUNTERS = b',"replies_count":%d,"reblogs_count":%d,"favourites_count":%d,"quotes_count":%d'
_COUNTERS_BEGIN, _COUNTERS_END = b',"replies_count":', b',"edited_at":'


def _recounted(status: Status, before: Status, shown: Element) -> Element | None:
    """What was shown of it with its counters as they are now; None if more has changed."""
    if (
        before[:_FIRST_COUNTER] != status[:_FIRST_COUNTER]
        or before[_BEHIND_COUNTERS:] != status[_BEHIND_COUNTERS:]
    ):
        return None
    whole = shown.further
    start = whole.index(_COUNTERS_BEGIN)
    end = whole.index(_COUNTERS_END, start)
    counters = _COUNTERS % status[_FIRST_COUNTER:_BEHIND_COUNTERS]
    return Element(b"".join((whole[1:start], counters, whole[end:])))


class _Standing(NamedTuple):
    """How a viewer stands to a status. An anonymous one has no marks; ``pinned`` may be hidden."""

    marks: Marks | None
    pinned: bool | None
    policy: str
    relation: str


@lru_cache(maxsize=512)
def _personal(standing: _Standing) -> tuple[bytes, bytes]:
    """What depends on the viewer: what is before the value of ``filtered``, what is after it."""
    marks, pinned, policy, relation = standing
    if marks is None:
        return b"", _quote_approval(policy, relation)
    keys = {
        "favourited": marks.favourited,
        "reblogged": marks.reblogged,
        "muted": marks.muted,
        "bookmarked": marks.bookmarked,
    }
    shown = b"" if pinned is None else b',"pinned":' + encoder.encode(pinned)
    before = b"," + encoder.encode(keys)[1:-1] + b',"filtered":'
    return before, shown + _quote_approval(policy, relation)


def _quote_approval(policy: str, relation: str) -> bytes:
    automatic = {"public": ["public"], "followers": ["followers"]}.get(policy, [])
    allowed = relation == "author" or policy == "public" or (
        policy == "followers" and relation == "follower"
    )  # fmt: skip
    current = "unknown" if relation == "anonymous" else "automatic" if allowed else "denied"
    approval = {"automatic": automatic, "manual": [], "current_user": current}
    return b',"quote_approval":' + encoder.encode(approval)


def _poll(loaded: LoadedStatuses, status: Status) -> bytes:
    poll = loaded.polls.get(status.id)
    if poll is None:
        return b',"poll":null'
    votes = None if loaded.viewer_id is None else loaded.votes.get(poll.id, ())
    own = loaded.viewer_id == status.account_id
    return b',"poll":' + encoder.encode(polls.render(poll, votes, own=own, now=loaded.now))


def _quote(
    loaded: LoadedStatuses, status: Status, links: Links, *, nested: bool
) -> tuple[bytes, str]:
    """The quote, and what stands in front of the content for clients that know of none (C6.5)."""
    quote = loaded.quotes.get(status.id)
    if quote is None:
        return b"null", ""
    state = loaded.quote_state(quote)
    quoted = loaded.statuses.get(quote.quoted_status_id or 0)
    if quoted is None or state not in WITH_STATUS:
        shown = quotes.encoded_shallow(state, None) if nested else quotes.encoded(state, None)
        return shown, ""
    author = loaded.accounts[quoted.account_id]
    url = links.status(author.username, quoted.id) if author.local else quoted.url
    if nested:
        shown = quotes.encoded_shallow(state, quoted.id)
    else:
        shown = quotes.encoded(state, encoded(loaded, quoted.id, links, nested=True))
    return shown, text.quote_line(url, status.text)


def _relation(loaded: LoadedStatuses, status: Status) -> str:
    if loaded.viewer_id is None:
        return "anonymous"
    if loaded.viewer_id == status.account_id:
        return "author"
    return "follower" if status.account_id in loaded.following else "stranger"


def encoded(loaded: LoadedStatuses, status_id: int, links: Links, *, nested: bool = False) -> Raw:
    """One status of a load as JSON, with what it reblogs or quotes; ask `may_show` first.

    ``nested``: it is quoted itself, so of what it quotes only the id is shown.
    """
    return element(loaded, status_id, links, nested=nested).alone


def element(
    loaded: LoadedStatuses, status_id: int, links: Links, *, nested: bool = False
) -> Element:
    """`encoded`, for a JSON array that is put together by hand.

    A plain one is remembered for each way in which viewers stand to it, while all it shows is
    the same.
    """
    status = loaded.statuses[status_id]
    author = loaded.accounts[status.account_id]
    everyone = loaded.accounts
    named = loaded.mentions.get(status_id)
    mentioned = tuple(everyone[one] for one in named if one in everyone) if named else ()
    relation = _relation(loaded, status)
    marks = None if relation == "anonymous" else loaded.marks_of(status_id)
    pinned = marks.pinned if marks and relation == "author" and pinnable(status) else None
    personal = _personal(_Standing(marks, pinned, status.quote_policy, relation))
    results = loaded.filter_results(status_id) if marks is not None else []

    def make() -> Element:
        parts = (personal, results)
        return _join(loaded, status, links, mentioned=mentioned, parts=parts, nested=nested)

    if status.reblog_of_id is not None or status.has_poll or status.has_quote or results:
        return make()

    def renew(before: _Given, shown: Element) -> Element | None:
        return _recounted(status, before[0], shown) if before[1:] == given[1:] else None

    given = (status, author, mentioned, loaded.tags.get(status_id, ()), links)
    return _memo.get((status_id, personal), given, make, renew)


def _join(
    loaded: LoadedStatuses,
    status: Status,
    links: Links,
    *,
    mentioned: tuple[Account, ...],
    parts: tuple[tuple[bytes, bytes], list[FilterResult]],
    nested: bool,
) -> Element:
    author = loaded.accounts[status.account_id]
    tags = loaded.tags.get(status.id, ())
    (before, after), results = parts
    filtered = filters.encoded_results(results) if results else b"[]" if before else b""
    reblog: bytes | Raw = b"null"
    if status.reblog_of_id is not None:
        reblog = encoded(loaded, status.reblog_of_id, links, nested=nested)
    quote, line = _quote(loaded, status, links, nested=nested)
    if line:
        status = status._replace(content=line + status.content)
    joined = (
        _render_common(status, author, mentioned, tags, links),
        before,
        filtered,
        after,
        b',"quote":',
        quote,
        _poll(loaded, status),
        b',"reblog":',
        reblog,
        b',"account":',
        accounts.encoded(author, links),
        b"}",
    )
    return Element(b"".join(joined))


def encoded_page(loaded: LoadedStatuses, ids: list[int], links: Links) -> list[Raw]:
    """Those of the ids that may be shown, in their order."""
    return [encoded(loaded, one, links) for one in loaded.shown(ids)]


def render_deleted(loaded: LoadedStatuses, status_id: int, links: Links) -> dict[str, Any]:
    """The answer to a deletion: ``text`` as it was typed in place of ``content`` (trap 42)."""
    body: dict[str, Any] = msgspec.json.decode(encoded(loaded, status_id, links))
    del body["content"]
    return body | {"text": loaded.statuses[status_id].text}


class StatusSource(Struct, gc=False):
    """What an author typed (surroundings C5.1)."""

    id: str
    text: str
    spoiler_text: str


def render_source(status: Status) -> StatusSource:
    """StatusSource."""
    return StatusSource(str(status.id), status.text, status.spoiler_text)


class EditedOption(Struct, gc=False):
    """What could be chosen in a version's poll."""

    title: str


class EditedPoll(Struct, gc=False):
    """A version's poll."""

    options: list[EditedOption]


class StatusEdit(Struct, gc=False):
    """One version of a status (surroundings C5.1)."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: Raw
    media_attachments: list[Any]
    emojis: list[Any]
    poll: EditedPoll | UnsetType = UNSET
    quote: Raw | UnsetType = UNSET


def encoded_quote(loaded: LoadedStatuses, status_id: int, links: Links) -> Raw | None:
    """What a status quotes, by itself; None if nothing."""
    status = loaded.statuses.get(status_id)
    if status is None or status_id not in loaded.quotes:
        return None
    return Raw(_quote(loaded, status, links, nested=False)[0])


def render_edit(
    edit: Edit, author: Account, links: Links, *, quote: Raw | None = None
) -> StatusEdit:
    """StatusEdit; ``poll`` only if it had one, ``quote`` only if there is one."""
    poll: EditedPoll | UnsetType = UNSET
    if edit.options is not None:
        poll = EditedPoll([EditedOption(title) for title in edit.options])
    return StatusEdit(
        edit.content,
        edit.spoiler_text,
        edit.sensitive,
        times.iso(edit.created_at),
        accounts.encoded(author, links),
        [],
        [],
        poll,
        quote or UNSET,
    )


class Context(Struct, gc=False):
    """What is above a status and below it (surroundings C5.1)."""

    ancestors: list[Raw]
    descendants: list[Raw]
