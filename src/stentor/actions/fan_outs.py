"""Tells many people of one thing: at once if they are few, else in steps of a durable job.

Whoever changes or deletes a status that is being told of holds its fan-outs first (`hold`), and
then locks the status: a step does so too, so that they never wait for each other.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from stentor.actions import jobs as work
from stentor.actions.notify import notify
from stentor.domain.notifications import TRAITS, Event, NotificationType
from stentor.store import audiences, jobs, statuses
from stentor.store.audiences import Listener, Page
from stentor.store.database import Reader, Transaction
from stentor.streaming.bus import Bus

#: Recipients of one step: it holds up everybody else for 1.5 ms on SQLite, a hundred for 7 ms.
BATCH = 10
#: So many are told in the transaction that causes it: that costs less than a job.
FEW = 20


class Audience(Protocol):
    """Who is to be told of a status: those after a place in their order, at most so many."""

    def __call__(
        self, db: Reader, status_id: int, after: int, limit: int, /, *, now: int
    ) -> Awaitable[Page]: ...


@dataclass(frozen=True, slots=True)
class FanOut:
    """One kind of news that many may have to be told."""

    kind: str
    type: NotificationType
    audience: Audience


class Story(NamedTuple):
    """What is told: about which status, by whom, and when it happened (ms)."""

    status_id: int
    author_id: int
    at: int


#: By the kind of their jobs.
FAN_OUTS: dict[str, FanOut] = {}


def fan_out(kind: str, type: NotificationType, audience: Audience) -> FanOut:
    """Defines one; its job is called ``kind`` and has the status's id for a key.

    Each listener of an audience may have an activity and a status of his own (``quoted_update``:
    his quoting status); the places by which an audience is paged are the audience's affair.
    """
    one = FAN_OUTS[kind] = FanOut(kind, type, audience)

    @work.step(kind)
    async def _step(
        tx: Transaction, bus: Bus, payload: dict[str, Any], now: int
    ) -> dict[str, Any] | None:
        story = Story(payload["status_id"], payload["author_id"], payload["at"])
        if not await statuses.hold(tx, [story.status_id]):
            return None
        page = await audience(tx, story.status_id, payload["after"], BATCH, now=now)
        await notify(tx, bus, *await _events(tx, one, story, page.listeners), now=now)
        return None if page.after is None else payload | {"after": page.after}

    return one


async def _events(
    tx: Transaction, fan_out: FanOut, story: Story, listeners: list[Listener]
) -> list[Event]:
    """What they are told, with the statuses that are named to them held."""
    together: dict[tuple[int, int], list[int]] = {}
    for one in listeners:
        together.setdefault((one.activity_id, one.status_id), []).append(one.account_id)
    others = {status_id for _, status_id in together} - {story.status_id}
    held = {story.status_id, *(await statuses.hold(tx, others) if others else ())}
    return [
        Event(fan_out.type, activity_id, story.author_id, tuple(accounts), story.at, status_id)
        for (activity_id, status_id), accounts in together.items()
        if status_id in held
    ]


async def begin(tx: Transaction, fan_out: FanOut, story: Story, *, now: int) -> list[Event]:
    """Promises to tell the audience; what is to be told right now, if they are few.

    Hand the events to `notify` with whatever else the transaction tells.
    """
    if TRAITS[fan_out.type].replaces:
        # An earlier edit's news is superseded, wherever it has got to.
        await jobs.cancel(tx, fan_out.kind, str(story.status_id))
    page = await fan_out.audience(tx, story.status_id, 0, FEW + 1, now=now)
    if page.after is None:
        return await _events(tx, fan_out, story, page.listeners)
    await promise(tx, fan_out, story, run_at=now)
    return []


async def promise(tx: Transaction, fan_out: FanOut, story: Story, *, run_at: int) -> None:
    """Will tell the audience, whoever belongs to it then; an earlier promise is replaced."""
    payload = {**story._asdict(), "after": 0}
    key = str(story.status_id)
    await jobs.put(tx, fan_out.kind, key, payload, run_at=run_at, account_id=story.author_id)


async def hold(tx: Transaction, status_id: int) -> None:
    """Lets no step about a status run until the transaction ends; call it before any other lock."""
    await jobs.hold(tx, list(FAN_OUTS), str(status_id))


async def cancel(tx: Transaction, status_id: int, *fan_outs: FanOut) -> None:
    """Takes back what was promised about a status: these, or everything."""
    for one in fan_outs or FAN_OUTS.values():
        await jobs.cancel(tx, one.kind, str(status_id))


STATUS = fan_out("tell_followers", NotificationType.STATUS, audiences.followers)
UPDATE = fan_out("tell_rebloggers", NotificationType.UPDATE, audiences.rebloggers)
QUOTED_UPDATE = fan_out("tell_quoters", NotificationType.QUOTED_UPDATE, audiences.quoters)
POLL = fan_out("poll_expired", NotificationType.POLL, audiences.voters)
