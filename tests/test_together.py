"""Whoever asks at the same moment is served together, and nobody suffers for another."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from stentor.errors import Unavailable
from stentor.together import Together


class Work:
    """Doubles numbers, slowly if asked to; notes what it was given; never takes 13 or 503."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def __call__(self, numbers: list[int]) -> list[int]:
        self.batches.append(numbers)
        self.begun.set()
        await self.go.wait()
        if 13 in numbers:
            raise ValueError
        if 503 in numbers:
            raise Unavailable
        return [number * 2 for number in numbers]


async def test_what_is_asked_for_in_one_round_of_the_loop_is_one_piece_of_work() -> None:
    work = Work()
    together = Together(work, most=10)
    assert await asyncio.gather(*map(together, range(5))) == [0, 2, 4, 6, 8]
    assert await together(7) == 14
    assert work.batches == [[0, 1, 2, 3, 4], [7]]


async def test_who_comes_while_it_works_waits_for_the_next_and_no_piece_is_too_large() -> None:
    work = Work()
    together = Together(work, most=3)
    work.go.clear()
    first = asyncio.ensure_future(together(1))
    await work.begun.wait()
    others = [asyncio.ensure_future(together(number)) for number in range(2, 9)]
    await asyncio.sleep(0)
    assert work.batches == [[1]]
    work.go.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10, 12, 14, 16]
    assert work.batches == [[1], [2, 3, 4], [5, 6, 7], [8]]


async def test_only_after_several_have_come_at_once_it_waits_for_more() -> None:
    work = Work()
    together = Together(work, most=3, linger=1.0)
    assert await together(1) == 2
    first = asyncio.ensure_future(together(2))
    await asyncio.sleep(0.01)
    assert first.done()  # nobody had come with the one before
    await asyncio.gather(together(3), together(4))
    first = asyncio.ensure_future(together(5))
    await asyncio.sleep(0.01)
    assert await asyncio.gather(first, together(6)) == [10, 12]
    await asyncio.gather(*map(together, [7, 8, 9]))  # no more can come
    assert work.batches == [[1], [2], [3, 4], [5, 6], [7, 8, 9]]


async def test_all_who_were_there_are_waited_for_while_somebody_comes_again() -> None:
    async def late(number: int, seconds: float) -> int:
        await asyncio.sleep(seconds)
        return await together(number)

    work = Work()
    together = Together(work, most=10, linger=0.5)
    work.go.clear()
    half = [asyncio.ensure_future(together(number)) for number in (1, 2)]
    await work.begun.wait()
    others = [asyncio.ensure_future(together(number)) for number in (3, 4)]
    again = [asyncio.ensure_future(late(5, 0.1)), asyncio.ensure_future(late(6, 0.7))]
    await asyncio.sleep(0)
    work.go.set()
    await asyncio.gather(*half, *others, *again)
    assert work.batches == [[1, 2], [3, 4, 5, 6]]
    # One who does not come again keeps nobody waiting for ever.
    assert await asyncio.gather(*map(together, range(3))) == [0, 2, 4]
    assert work.batches[2:] == [[0, 1, 2]]


async def test_for_no_more_than_were_there_the_last_time_anybody_waits() -> None:
    work = Work()
    together = Together(work, most=10, linger=3600.0)
    for numbers in ([1, 2, 3], [4, 5, 6], [7, 8, 9, 10]):
        async with asyncio.timeout(60):
            await asyncio.gather(*map(together, numbers))
    assert work.batches == [[1, 2, 3], [4, 5, 6], [7, 8, 9, 10]]


async def test_a_failure_is_told_to_whom_it_belongs_and_to_nobody_else() -> None:
    together = Together(Work(), most=10)
    found = await asyncio.gather(*map(together, [1, 13, 2]), return_exceptions=True)
    assert (found[0], found[2]) == (2, 4)
    assert isinstance(found[1], ValueError)
    with pytest.raises(ValueError):  # noqa: PT011 - that of our own work
        await together(13)
    assert await together(3) == 6


async def test_what_is_unavailable_is_tried_once_for_all_of_them() -> None:
    work = Work()
    together = Together(work, most=10)
    found = await asyncio.gather(*map(together, [1, 503, 2]), return_exceptions=True)
    assert [type(one) for one in found] == [Unavailable] * 3
    assert work.batches == [[1, 503, 2]]


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    work = Work()
    together = Together(work, most=10)
    work.go.clear()
    asked = [asyncio.ensure_future(together(number)) for number in range(3)]
    await work.begun.wait()
    asked[1].cancel()
    work.go.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert (found[0], found[2]) == (0, 4)
    assert isinstance(found[1], asyncio.CancelledError)
    assert work.batches == [[0, 1, 2]]


async def test_who_is_on_his_way_is_waited_for_while_each_round_brings_somebody() -> None:
    async def late(together: Together[int, int], number: int) -> int:
        for _ in range(number):
            await asyncio.sleep(0)
        return await together(number)

    for rounds, first in ((0, [0]), (2, [0, 1, 2])):
        work = Work()
        together = Together(work, most=10, rounds=rounds)
        tasks = [asyncio.ensure_future(late(together, number)) for number in (0, 1, 2, 3, 9)]
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 18]
        assert work.batches[0] == first
        assert work.batches[-1] == [9]  # for him, nobody knew that he would come


async def test_what_is_known_of_the_first_is_not_taken_for_the_others() -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")

    async def ask(items: list[int]) -> list[str]:
        return [who.get() for _ in items]

    who.set("the first")
    assert await Together(ask, most=2)(1) == "nobody"
