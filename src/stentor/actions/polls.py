"""Polls: asked, changed, voted in (surroundings C9, C11)."""

from __future__ import annotations

from collections.abc import Sequence

from stentor import errors
from stentor.actions import fan_outs
from stentor.actions.fan_outs import Story
from stentor.actions.notify import forget_poll
from stentor.domain import polls as domain
from stentor.domain.polls import Question
from stentor.domain.statuses import Status
from stentor.store import polls, readable_statuses
from stentor.store.database import Database, Transaction


async def ask(tx: Transaction, status_id: int, author_id: int, question: Question) -> None:
    """Puts a poll into a status, and promises to tell of its end."""
    await polls.add(tx, status_id, question)
    await _promise_end(tx, status_id, author_id, question)


async def _promise_end(tx: Transaction, status_id: int, author_id: int, question: Question) -> None:
    if question.expires_at is not None:
        story = Story(status_id, author_id, question.expires_at)
        await fan_outs.promise(tx, fan_outs.POLL, story, run_at=question.expires_at)


async def asked(tx: Transaction, status: Status) -> Question | None:
    """What a status asks, None if it has no poll; nobody votes until the transaction ends."""
    poll = await polls.lock(tx, status.id) if status.has_poll else None
    return domain.question_of(poll) if poll else None


async def ask_again(tx: Transaction, status: Status, question: Question | None) -> None:
    """Adds a poll to an edited status, changes it or takes it away, with its end (C9).

    A poll that asks something else begins anew: votes, and what was told of it, are gone.
    """
    poll = await polls.lock(tx, status.id)
    if poll is None:
        if question is not None:
            await ask(tx, status.id, status.account_id, question)
        return
    reset = question is None or not domain.question_of(poll).same_choice(question)
    if reset:
        await forget_poll(tx, status.id)
    if question is None:
        await polls.remove(tx, poll.id)
        await fan_outs.cancel(tx, status.id, fan_outs.POLL)
    else:
        await polls.change(tx, poll, question, reset=reset)
        await _promise_end(tx, status.id, status.account_id, question)


async def vote(
    db: Database,
    *,
    account_id: int,
    poll_id: int | None,
    choices: Sequence[int | None],
    now: int,
) -> None:
    """Counts an account's votes in a poll, all of them or none.

    ``choices`` are numbers of options, None what is no number. Raises NotFound if the poll's
    status cannot be read, ParameterMissing without a choice, NotAllowed if the account blocks the
    owner, ValidationFailed for what may not be counted.
    """
    found = await readable_statuses.find(db, poll_id, account_id)
    if found is None or not found.status.has_poll:
        raise errors.NotFound
    if not choices:
        raise errors.ParameterMissing("choices")
    if found.blocking:
        raise errors.NotAllowed
    async with db.transaction() as tx:
        poll = await polls.lock(tx, found.status.id)
        if poll is None:
            raise errors.NotFound
        earlier = (await polls.votes_of(tx, [poll.id], account_id)).get(poll.id, [])
        own = found.status.account_id == account_id
        counted = domain.cast(poll, choices, earlier=earlier, own=own, now=now)
        await polls.vote(tx, poll, account_id, counted, first=not earlier)
