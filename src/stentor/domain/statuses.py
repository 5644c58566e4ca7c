"""Statuses: what they are and who may read them (surroundings C5, C7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from stentor.domain.accounts import Account

VISIBILITIES = ("public", "unlisted", "private", "direct")


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
    statuses: dict[int, Status] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    #: Status id to the mentioned accounts' ids, silent mentions left out.
    mentions: dict[int, list[int]] = field(default_factory=dict)
    tags: dict[int, list[str]] = field(default_factory=dict)
    marks: dict[int, Marks] = field(default_factory=dict)
    following: set[int] = field(default_factory=set)
    readable: set[int] = field(default_factory=set)

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
