"""What everybody is told alike is asked once, for all who ask meanwhile."""

import asyncio

import pytest
from multidict import CIMultiDict

from router.intake.fresh import Fresh, Whole
from router.web.replies import Refused


class Router:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def ask(self, path: str) -> Whole:
        self.asked.append(path)
        await self.may_answer.wait()
        if self.away:
            raise Refused(503, "away", None, "Absent.")
        return Whole(200, CIMultiDict(), f"{path} {len(self.asked)}".encode())


async def test_all_who_ask_at_once_get_one_answer() -> None:
    router = Router()
    fresh = Fresh(router.ask)
    told = await asyncio.gather(*(fresh.answer("/a") for _ in range(50)), fresh.answer("/b"))
    assert router.asked == ["/a", "/b"]
    assert {one.body for one in told} == {b"/a 1", b"/b 2"}


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    router = Router()
    router.may_answer.clear()
    fresh = Fresh(router.ask)
    first, second = (asyncio.create_task(fresh.answer("/a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    router.may_answer.set()
    assert (await second).status == 200
    assert router.asked == ["/a"]


async def test_a_failure_is_not_kept() -> None:
    router = Router()
    router.away = True
    fresh = Fresh(router.ask)
    for _ in range(2):
        with pytest.raises(Refused):
            await fresh.answer("/a")
    router.away = False
    assert (await fresh.answer("/a")).status == 200
    assert len(router.asked) == 3


async def test_it_does_not_grow_old() -> None:
    router = Router()
    fresh = Fresh(router.ask, oldest_s=0.0)
    for _ in range(3):
        await asyncio.sleep(0.001)
        await fresh.answer("/a")
    assert len(router.asked) == 3
