"""What several ask for at the same moment is done as one piece of work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from stentor.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


#: How often those who may come again are waited for.
LINGERS = 4


class Together(Generic[Item, Result]):
    """Hands whatever was asked for while it was busy to ``work``, at most so many at once.

    If there were several the last time, it waits before it begins: those who were answered just now
    may come again, and one piece of work is done instead of two. It waits ``linger`` seconds, and
    again while that brings somebody, but for no more than were there then; LINGERS times at most.
    With ``rounds`` it waits for so many turns of the loop at most, and only while each brings
    somebody: that costs whoever comes alone some 10 µs.

    ``work`` returns one result for each item. If it fails with several, each is tried alone, so
    that nobody suffers for another's; but what is unavailable is so for all of them, and nobody
    waits for it to fail again and again. Whoever asked may go away: it is done all the same.
    """

    __slots__ = ("_linger", "_most", "_rounds", "_task", "_there", "_waiting", "_work")

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        linger: float = 0.0,
        rounds: int = 0,
    ) -> None:
        self._work = work
        self._most = most
        self._linger = linger
        self._rounds = rounds
        # Who was done the last time, and who was waiting by then.
        self._there = 0
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """Its result, or the exception of the work."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._task is None:
            # It begins when the loop comes round: with whatever else is asked for until then. What
            # is known of the first who asks is not known of the others.
            self._task = loop.create_task(self._run(), context=Context())
        return await future

    @property
    def busy(self) -> bool:
        """True while something is asked for that is not done."""
        return self._task is not None or bool(self._waiting)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._settled()
                if self._linger and self._there > 1:
                    await self._come_again()
                most = min(len(self._waiting), self._most)
                await self._do([self._waiting.popleft() for _ in range(most)])
                self._there = most + len(self._waiting)
        finally:
            self._task = None

    async def _settled(self) -> None:
        """Lets come who is on his way: until a turn of the loop has brought nobody."""
        seen = 0
        for _ in range(self._rounds):
            if len(self._waiting) == seen:
                return
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _come_again(self) -> None:
        """Lets come who was there the last time, while somebody does."""
        expected, seen = min(self._there, self._most), 0
        for _ in range(LINGERS):
            if not seen < len(self._waiting) < expected:
                return
            seen = len(self._waiting)
            await asyncio.sleep(self._linger)

    async def _do(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as problem:  # noqa: BLE001 - it is told to whoever asked
            if len(batch) > 1 and not isinstance(problem, Unavailable):
                for one in batch:
                    await self._do([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(problem)
            return
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
