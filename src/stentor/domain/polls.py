"""Polls: what is asked, who may vote for what (surroundings C11, D1, D4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stentor.domain import limits, text, times
from stentor.errors import ValidationFailed

ENDED = "The poll has already ended"
NO_OPTION = "The chosen vote option does not exist"
OWN = "You cannot vote in your own polls"
VOTED = "You have already voted on this poll"


class Poll(NamedTuple):
    """A row of ``polls``; a status has one at most, so it has its status's id."""

    id: int
    #: Pairs of a title and how many votes it has.
    options: tuple[tuple[str, int], ...]
    multiple: bool
    hide_totals: bool
    #: When nobody can vote any more (ms); None for one that never ends.
    expires_at: int | None
    votes_count: int
    voters_count: int

    def expired(self, now: int) -> bool:
        """True if it has ended."""
        return self.expires_at is not None and self.expires_at <= now


class Question(NamedTuple):
    """What a poll asks, and until when (ms)."""

    options: tuple[str, ...]
    multiple: bool
    hide_totals: bool
    expires_at: int | None

    def same_choice(self, other: Question) -> bool:
        """True if votes for the one are votes for the other."""
        return (self.options, self.multiple) == (other.options, other.multiple)


def question_of(poll: Poll) -> Question:
    """What a poll asks."""
    titles = tuple(title for title, _ in poll.options)
    return Question(titles, bool(poll.multiple), bool(poll.hide_totals), poll.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDraft:
    """A poll as a client asks for it. ``shortest``: the fewest seconds that this server takes."""

    options: tuple[str, ...] = ()
    expires_in: int | None = None
    multiple: bool = False
    hide_totals: bool = False
    shortest: int = limits.POLL_SECONDS_MIN


def question(draft: PollDraft | None, *, now: int) -> Question | None:
    """What a draft asks, with blank options left out; None for none.

    Raises ValidationFailed with everything that is wrong with it (D4). A poll has to end.
    """
    if draft is None:
        return None
    stripped = (text.clean(one).strip() for one in draft.options)
    options = tuple(one for one in stripped if one)
    problems = _problems(options)
    seconds = limits.POLL_SECONDS + 1 if draft.expires_in is None else draft.expires_in
    if seconds > limits.POLL_SECONDS:
        problems.append("Poll expires at is too far into the future")
    elif seconds < draft.shortest:
        problems.append("Poll expires at is too soon")
    if problems:
        raise ValidationFailed(*problems)
    return Question(options, draft.multiple, draft.hide_totals, now + seconds * times.SECOND)


def _problems(options: Sequence[str]) -> list[str]:
    problems = []
    if len(options) < limits.POLL_OPTIONS_MIN:
        problems.append("Poll options must have more than one item")
    if len(options) > limits.POLL_OPTIONS:
        problems.append(f"Poll options can't contain more than {limits.POLL_OPTIONS} items")
    if not all(text.fits(one, limits.POLL_OPTION) for one in options):
        problems.append(f"Poll options cannot be longer than {limits.POLL_OPTION} characters each")
    if len(set(options)) < len(options):
        problems.append("Poll options contain duplicate items")
    return problems


def cast(
    poll: Poll,
    choices: Sequence[int | None],
    *,
    earlier: Sequence[int],
    own: bool,
    now: int,
) -> list[int]:
    """The votes that may be counted, in the order in which they are cast (C11.2).

    ``choices`` are numbers of options, None what is no number; ``earlier`` are the voter's votes
    so far; ``own``: it is his poll. All or nothing: raises ValidationFailed with everything that
    is wrong with the first one that cannot be counted.
    """
    before = list(earlier)
    for choice in choices:
        again = choice in before if poll.multiple else bool(before)
        problems = [
            problem
            for problem, holds in (
                (ENDED, poll.expired(now)),
                (NO_OPTION, choice is None or not 0 <= choice < len(poll.options)),
                (OWN, own),
                (VOTED, again),
            )
            if holds
        ]
        if problems or choice is None:
            raise ValidationFailed(*problems)
        before.append(choice)
    return before[len(earlier) :]
