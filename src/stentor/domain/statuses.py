"""Statuses: what they are and who may read them (surroundings C5, C7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stentor.domain import filters, languages, limits, text, times
from stentor.domain.accounts import Account, User
from stentor.domain.filters import Filter, FilterResult
from stentor.domain.polls import Poll, PollDraft
from stentor.domain.quotes import Quote, shown_state
from stentor.errors import Unprocessable, ValidationFailed

VISIBILITIES = ("public", "unlisted", "private", "direct")
#: Who may quote a status.
QUOTE_POLICIES = ("public", "followers", "nobody")
#: What stands for the text when there is only a spoiler text.
FILLER = "."


class Status(NamedTuple):
    """A row of ``statuses`` with the application's name; a reblog has ``reblog_of_id``.

    A named tuple for the reason given at `stentor.domain.accounts.Account`.
    """

    id: int
    account_id: int
    reblog_of_id: int | None
    in_reply_to_id: int | None
    in_reply_to_account_id: int | None
    conversation_id: int
    visibility: str
    sensitive: bool
    language: str | None
    spoiler_text: str
    text: str
    content: str
    uri: str
    url: str
    quote_policy: str
    has_poll: bool
    has_quote: bool
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    created_at: int
    edited_at: int | None
    application_name: str | None
    application_website: str | None


class Marks(NamedTuple):
    """What the viewer has done with a status."""

    favourited: bool = False
    reblogged: bool = False
    muted: bool = False
    bookmarked: bool = False
    pinned: bool = False


NO_MARKS = Marks()


def readable(
    status: Status,
    viewer_id: int | None,
    *,
    author_suspended: bool,
    following: bool,
    blocked_by: bool,
    mentioned: bool,
) -> bool:
    """True if the viewer may read it (surroundings C7); None is an anonymous viewer.

    ``following``: the viewer follows the author; ``mentioned``: also silently.
    """
    if author_suspended:
        return False
    if viewer_id == status.account_id:
        return True
    if blocked_by:
        return False
    if status.visibility in ("public", "unlisted"):
        return True
    if status.visibility == "private":
        return following or mentioned
    return mentioned


def pinnable(status: Status) -> bool:
    """True if its author may pin it, which decides whether ``pinned`` is shown."""
    return status.reblog_of_id is None and status.visibility != "direct"


@dataclass(slots=True)
class LoadedStatuses:
    """Statuses and what belongs to them, as one viewer may see it.

    ``statuses`` holds everything that was found; only those in ``readable`` may be shown.
    """

    viewer_id: int | None = None
    #: When they were loaded (ms).
    now: int = 0
    statuses: dict[int, Status] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    #: Status id to the mentioned accounts' ids, silent mentions left out.
    mentions: dict[int, list[int]] = field(default_factory=dict)
    tags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    marks: dict[int, Marks] = field(default_factory=dict)
    #: By the id of the status.
    polls: dict[int, Poll] = field(default_factory=dict)
    #: Poll id to what the viewer chose, in the order of casting.
    votes: dict[int, list[int]] = field(default_factory=dict)
    #: By the id of the quoting status; what they quote is among ``statuses``, two steps deep.
    quotes: dict[int, Quote] = field(default_factory=dict)
    following: set[int] = field(default_factory=set)
    readable: set[int] = field(default_factory=set)
    #: The viewer's filters that have not expired.
    filters: tuple[Filter, ...] = ()

    @property
    def until(self) -> int:
        """The first moment after `now` at which they look otherwise though nobody did anything.

        A poll ends, or a filter; or a mute, and what somebody quotes is shown.
        """
        if any(one.muting for one in self.quotes.values()):
            return self.now
        ends = [poll.expires_at for poll in self.polls.values()]
        ends += [one.expires_at for one in self.filters]
        return min(
            (end for end in ends if end is not None and end > self.now), default=times.LATEST
        )

    def shown(self, ids: Iterable[int]) -> list[int]:
        """Those of the ids that may be shown, in their order; a reblog needs its original."""
        return [one for one in ids if self.may_show(one)]

    def may_show(self, status_id: int | None) -> bool:
        """True if the status, and what it reblogs, is there and readable."""
        if status_id not in self.readable:
            return False
        original = self.statuses[status_id].reblog_of_id
        return original is None or original in self.readable

    def marks_of(self, status_id: int) -> Marks:
        """The viewer's marks on a status."""
        return self.marks.get(status_id, NO_MARKS)

    def favourited(self, status_id: int, count: int) -> None:
        """The viewer has favourited one of the statuses, as so many have now."""
        self.statuses[status_id] = self.statuses[status_id]._replace(favourites_count=count)
        for one in self.statuses.values():
            if status_id == (one.reblog_of_id or one.id):
                self.marks[one.id] = self.marks_of(one.id)._replace(favourited=True)

    def quote_state(self, quote: Quote) -> str:
        """How a quote stands for the viewer."""
        return shown_state(quote, readable=self.may_show(quote.quoted_status_id))

    def texts_of(self, status_id: int) -> tuple[str, ...]:
        """Everything that can be read in a status, or in what it reblogs, without markup."""
        status = self.statuses[status_id]
        original = self.statuses.get(status.reblog_of_id or status_id, status)
        poll = self.polls.get(original.id)
        options = (title for title, _ in poll.options) if poll else ()
        return (text.to_plain_text(original.content), original.spoiler_text, *options)

    def filter_results(self, status_id: int) -> list[FilterResult]:
        """The viewer's filters that a status meets; a reblog meets those of its original."""
        if not self.filters:
            return []
        ids = {status_id, self.statuses[status_id].reblog_of_id or status_id}
        return filters.results(self.filters, self.texts_of(status_id), ids)


class Readable(NamedTuple):
    """A status that the viewer may read, and what it is to him.

    ``original`` is what a reblog reblogs, otherwise the status itself; it is what people act on.
    """

    status: Status
    original: Status
    #: The viewer blocks the author of ``original``.
    blocking: bool


# --- Writing one (surroundings C6) -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a client asks to be written; None is what it left to the defaults."""

    text: str = ""
    spoiler_text: str = ""
    #: An id that no status has stands for one that is no id.
    in_reply_to_id: int | None = None
    sensitive: bool | None = None
    visibility: str | None = None
    language: str | None = None
    quote_policy: str | None = None
    #: Whom the text may mention; None is anybody.
    allowed_mentions: frozenset[int] | None = None
    application_id: int | None = None
    idempotency_key: str | None = None
    poll: PollDraft | None = None
    #: As for ``in_reply_to_id``.
    quoted_status_id: int | None = None
    #: What is not available yet: see `refuse_attachments` and `check_schedule`.
    media_ids: tuple[str, ...] = ()
    scheduled_at: str | None = None


def refuse_attachments(draft: Draft) -> None:
    """Raises for media (C6.1 item 3; texts of D4).

    Nothing has been uploaded yet, so whatever a client names does not exist.
    """
    if len(draft.media_ids) > limits.MEDIA_ATTACHMENTS:
        raise Unprocessable(f"Cannot attach more than {limits.MEDIA_ATTACHMENTS} files")
    if draft.media_ids:
        named = ", ".join(one[:40] for one in draft.media_ids)
        raise Unprocessable(f"Media {named} not found or already attached to another post")


def check_schedule(scheduled_at: str | None, *, now: int) -> None:
    """Raises unless the status is to be posted now; a time in the past is now (C6.1 item 6)."""
    if not scheduled_at:
        return
    at = times.parse(scheduled_at)
    if at is None:
        raise Unprocessable("Record invalid")
    if at <= now:
        return
    if at < now + limits.SCHEDULED_AHEAD_SECONDS * times.SECOND:
        raise ValidationFailed("Scheduled at date must be in the future")
    raise Unprocessable("Scheduled posts are not available")


class Wording(NamedTuple):
    """What a status says, as it is kept."""

    text: str
    spoiler_text: str
    sensitive: bool
    language: str


def wording_of(status: Status) -> Wording:
    """What a status says."""
    return Wording(status.text, status.spoiler_text, bool(status.sensitive), status.language or "")


def wording(
    draft: Draft,
    user: User | None,
    *,
    local_domain: str,
    before: str | None = None,
    has_quote: bool = False,
) -> Wording:
    """Text, spoiler text, ``sensitive`` and language of a draft (C6.1, items 4, 5, 7).

    ``before`` is the language of the status that is edited. Raises ValidationFailed for a text
    that is too long, or blank unless something is quoted.
    """
    body, spoiler = text.clean(draft.text).strip(), text.clean(draft.spoiler_text).strip()
    if not body and not has_quote:
        if not spoiler:
            raise ValidationFailed("Text can't be blank")
        body = FILLER
    if not fits(spoiler, body, local_domain):
        raise ValidationFailed(f"Text character limit of {limits.STATUS_CHARACTERS} exceeded")
    sensitive = draft.sensitive
    if sensitive is None:
        sensitive = user is not None and bool(user.default_sensitive)
    language = (
        languages.normalise(draft.language)
        or before
        or languages.normalise(user.default_language if user else None)
        or languages.DEFAULT
    )
    return Wording(body, spoiler, sensitive or bool(spoiler), language)


def fits(spoiler_text: str, body: str, local_domain: str) -> bool:
    """True if a status is within its characters, and within the bytes due to them (T54)."""
    size = len(spoiler_text.encode()) + len(body.encode())
    return (
        size <= limits.STATUS_BYTES
        and text.status_length(spoiler_text, body, local_domain) <= limits.STATUS_CHARACTERS
    )


def check_visibility(asked: str | None, allowed: Sequence[str] = VISIBILITIES) -> None:
    """Raises ValidationFailed for one that clients may not give; None and "" are none given."""
    if asked and asked not in allowed:
        raise ValidationFailed("Visibility is not included in the list")


def default_visibility(user: User | None, *, locked: bool) -> str:
    """What an author's statuses are unless they say: his choice, or by whether he is locked."""
    chosen = user.default_privacy if user else ""
    return chosen if chosen in VISIBILITIES else "private" if locked else "public"


def narrowed(visibility: str, *, silenced: bool) -> str:
    """What becomes of a visibility whose author is silenced: never public (C6.1 item 5)."""
    return "unlisted" if silenced and visibility == "public" else visibility


def quote_policy(asked: str | None, user: User | None, visibility: str) -> str:
    """Who may quote a status; nobody can quote what not everybody may read.

    Raises ValidationFailed for one that does not exist.
    """
    if asked and asked not in QUOTE_POLICIES:
        raise ValidationFailed("Quote approval policy is not included in the list")
    if visibility in ("private", "direct"):
        return "nobody"
    return asked or (user.default_quote_policy if user else "public")


def answered_account_id(parent: Status, author_id: int) -> int:
    """``in_reply_to_account_id``: the parent's author, or in one's own thread his (C6.2)."""
    if parent.account_id == author_id and parent.in_reply_to_account_id is not None:
        return parent.in_reply_to_account_id
    return parent.account_id


def counted(visibility: str) -> bool:
    """True if the status is counted in its author's profile: who writes direct ones is hidden."""
    return visibility != "direct"


def counted_as_reply(visibility: str) -> bool:
    """True if everybody may know that the parent was answered (C6.2)."""
    return visibility in ("public", "unlisted")


def told_to_followers(visibility: str, author_id: int, answered_account_id: int | None) -> bool:
    """True if followers may want to be told of a new status: not direct, no answer to others."""
    return visibility != "direct" and answered_account_id in (None, author_id)


class Edit(NamedTuple):
    """One version of a status, as it was shown from ``created_at`` (ms) on."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: int
    #: The options of its poll, None if it had none.
    options: tuple[str, ...] | None = None


# --- Acting on one (surroundings C8) ---------------------------------------------------------


def may_reblog(original: Status, account_id: int) -> bool:
    """Not direct ones, private ones only by their author; readable it has to be besides."""
    if original.visibility == "private":
        return original.account_id == account_id
    return original.visibility != "direct"


def pin_problems(status: Status, account_id: int, *, pinned: int) -> list[str]:
    """Why an account that has so many pins may not pin this one; none if it may (D4)."""
    problems = []
    if status.reblog_of_id is not None:
        problems.append("A boost cannot be pinned")
    if status.account_id != account_id:
        problems.append("Someone else's post cannot be pinned")
    if status.visibility == "direct":
        problems.append("Posts that are only visible to mentioned users cannot be pinned")
    if pinned >= limits.PINNED_STATUSES:
        problems.append("You have already pinned the maximum number of posts")
    return problems


def depth_first(root: int, replies: Iterable[tuple[int, int]]) -> list[int]:
    """Ids below ``root`` as a conversation is read: each followed by its replies, oldest first.

    ``replies`` are pairs of id and parent's id; those that hang on nothing are left out.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for status_id, parent_id in replies:
        children[parent_id].append(status_id)
    found: list[int] = []
    waiting = sorted(children.pop(root, ()), reverse=True)
    while waiting:
        status_id = waiting.pop()
        found.append(status_id)
        waiting += sorted(children.pop(status_id, ()), reverse=True)
    return found
