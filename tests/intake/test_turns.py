"""Turns are taken in order, few at once, and nobody waits among too many."""

import asyncio

import pytest

from router.intake.turns import Turns
from router.web.replies import Refused


async def test_so_many_at_once_in_the_order_in_which_they_came() -> None:
    turns, order, may_end = Turns(2, 10), list[int](), asyncio.Event()

    async def come(number: int) -> None:
        async with turns.turn():
            order.append(number)
            await may_end.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(come(number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == [0, 1]
        may_end.set()
    assert order == [0, 1, 2, 3, 4, 5]


async def test_who_would_wait_among_too_many_is_told_so() -> None:
    turns = Turns(1, 2)
    async with turns.turn():
        waiting = [asyncio.create_task(_come(turns)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await _come(turns)
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert refused.value.retry_s
    await asyncio.gather(*waiting)


async def test_who_leaves_takes_nobodys_turn_away() -> None:
    turns = Turns(1, 1)
    async with turns.turn():
        leaves = asyncio.create_task(_come(turns))
        await asyncio.sleep(0)
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)
        stays = asyncio.create_task(_come(turns))
        await asyncio.sleep(0)
    await stays
    await _come(turns)


async def _come(turns: Turns) -> None:
    async with turns.turn():
        pass
