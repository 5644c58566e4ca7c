"""Keeping a domain away from everybody here: marks on its accounts, and follows that are cut.

The block counts at once; what it does to each account and each follow is a job, in steps.
"""

from __future__ import annotations

from typing import Any

from stentor.actions import jobs as work
from stentor.actions import severed_relationships
from stentor.actions.severed_relationships import Progress
from stentor.domain.admin_domain_blocks import DomainBlock, Terms, settled
from stentor.domain.ids import LARGEST
from stentor.errors import RecordNotFound, ValidationFailed
from stentor.store import admin_domain_blocks, jobs, moderation, notification_inboxes
from stentor.store.database import Database, Transaction
from stentor.store.moderation import Mark
from stentor.streaming.bus import Bus

APPLY = "apply_domain_block"
#: Accounts that are marked in one step.
STEP = 500

_MARKS = {"silence": Mark.LIMITED, "suspend": Mark.SUSPENDED}


class AlreadyBlocked(ValidationFailed):
    """422: there is a block of that domain, which is shown."""

    def __init__(self, block: DomainBlock) -> None:
        super().__init__("Domain has already been taken")
        self.block = block


async def add(db: Database, domain: str, terms: Terms, *, now: int) -> DomainBlock:
    """Blocks a domain (in lower case). Raises AlreadyBlocked, ValidationFailed."""
    columns = settled(terms)
    async with db.transaction() as tx:
        block_id = await admin_domain_blocks.add(tx, domain, columns, now=now)
        if block_id is None:
            there = await admin_domain_blocks.of_domain(tx, domain)
            assert there is not None  # noqa: S101 - its unique key was in the way
            raise AlreadyBlocked(there)
        block = await _find(tx, block_id)
        await _promise(tx, block, now=now)
    return block


async def change(db: Database, block_id: int | None, terms: Terms, *, now: int) -> DomainBlock:
    """Changes what is named. Raises RecordNotFound, ValidationFailed."""
    async with db.transaction() as tx:
        before = await _find(tx, block_id)
        await admin_domain_blocks.change(tx, before.id, settled(terms, before))
        block = await _find(tx, before.id)
        if block.severity != before.severity:
            await _promise(tx, block, now=now)
    return block


async def remove(db: Database, block_id: int | None, *, now: int) -> None:
    """Lifts it: its marks go, follows that it cut do not come back. Raises RecordNotFound."""
    async with db.transaction() as tx:
        block = await _find(tx, block_id)
        await admin_domain_blocks.remove(tx, block.id)
        await _promise(tx, block, now=now)


async def _find(tx: Transaction, block_id: int | None) -> DomainBlock:
    block = await admin_domain_blocks.hold(tx, block_id)
    if block is None:
        raise RecordNotFound
    return block


async def _promise(tx: Transaction, block: DomainBlock, *, now: int) -> None:
    """Brings the domain's accounts to what the block says by then; the newest promise counts."""
    await jobs.cancel(tx, APPLY, block.domain)
    payload = {
        "block_id": block.id,
        "domain": block.domain,
        "since": block.created_at,
        "after": {mark.value: 0 for mark in _MARKS.values()},
        "severed": Progress(),
    }
    await jobs.add(tx, APPLY, block.domain, payload, run_at=now)


@work.step(APPLY)
async def _apply(
    tx: Transaction, bus: Bus, payload: dict[str, Any], now: int
) -> dict[str, Any] | None:
    """Marks or frees some accounts; when all are, cuts the follows of some people."""
    block = await admin_domain_blocks.hold(tx, payload["block_id"])
    domain, since, after = payload["domain"], payload["since"], payload["after"]
    wanted = None if block is None else _MARKS.get(block.severity)
    for mark in _MARKS.values():
        touched = await moderation.mark_domain(
            tx, domain, mark, since, lift=mark is not wanted, after=after[mark.value], limit=STEP
        )
        if touched:
            await notification_inboxes.touch(tx, await moderation.told_by_any(tx, touched))
        if len(touched) == STEP:
            return payload | {"after": after | {mark.value: max(touched)}}
        after = after | {mark.value: LARGEST}
    if wanted is not Mark.SUSPENDED:
        return None
    severed = await severed_relationships.sever_some(
        tx, bus, domain, Progress(*payload["severed"]), now=now
    )
    return None if severed.after is None else payload | {"after": after, "severed": severed}
