"""Those who were kept go to the router one after the other, in the order in which they called."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from router.errors import AgiEnded
from router.fallback import handover as module
from router.fallback.handover import HandOver, Place
from tests.patience import PATIENCE_S

#: How long a call takes from its turn until Asterisk has told the router of it, in seconds.
_ENTERS_S = 0.004


class Router:
    """A router that is away, then back. It is given each caller a moment after their turn."""

    def __init__(self) -> None:
        self.is_there = False
        self.given: list[str] = []

    async def has(self, channel: str) -> bool:
        return channel in self.given

    async def called_s_ago(self, channel: str) -> float | None:
        return None


class Callers:
    """People who are kept: each in a call of its own, busy for a while again and again."""

    def __init__(self, router: Router, hand_over: HandOver) -> None:
        self._router = router
        self._hand_over = hand_over
        self._chance = random.Random(1)
        self._entering: set[asyncio.Task[None]] = set()

    async def keep(self, since: float, busy_s: float = 0.02) -> None:
        with self._hand_over.place(since, str(since)) as place:
            while True:
                await asyncio.sleep(self._chance.uniform(0, busy_s))
                if self._router.is_there and await self._hand_over.is_turn(place, 0.02):
                    task = asyncio.create_task(self._enter(place))
                    self._entering.add(task)
                    return

    async def _enter(self, place: Place) -> None:
        """Asterisk goes on with the call after its conversation with us has ended."""
        await asyncio.sleep(self._chance.uniform(0, 2 * _ENTERS_S))
        self._router.given.append(place.channel)


@pytest.fixture
def router() -> Router:
    return Router()


@pytest_asyncio.fixture
async def hand_over(router: Router) -> AsyncIterator[HandOver]:
    one = HandOver(router)
    running = asyncio.create_task(one.run())
    yield one
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def callers(router: Router, hand_over: HandOver) -> Callers:
    return Callers(router, hand_over)


async def given(router: Router, count: int) -> list[float]:
    """Wait until so many are with the router; return when they called, in its order."""
    async with asyncio.timeout(PATIENCE_S):
        while len(router.given) < count:
            await asyncio.sleep(0.005)
    return [float(one) for one in router.given]


async def test_thirty_callers_are_handed_over_in_the_order_in_which_they_called(
    router: Router, hand_over: HandOver, callers: Callers
) -> None:
    instants = [float(second) for second in range(30)]
    random.Random(2).shuffle(instants)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as calls:
        for since in instants:
            calls.create_task(callers.keep(since))
        await asyncio.sleep(0)
        assert hand_over.kept == 30
        router.is_there = True
    assert await given(router, 30) == sorted(instants)
    assert hand_over.kept == 0


async def test_who_is_told_something_is_waited_for(router: Router, callers: Callers) -> None:
    router.is_there = True
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as calls:
        calls.create_task(callers.keep(1.0, busy_s=0.4))
        for since in (2.0, 3.0):
            calls.create_task(callers.keep(since))
    assert await given(router, 3) == [1.0, 2.0, 3.0]


async def test_who_does_not_come_holds_up_the_others_only_for_a_while(
    router: Router, hand_over: HandOver, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATE_S", 0.05)
    router.is_there = True
    with hand_over.place(0.0, "stuck"):
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as calls:
            for since in (2.0, 1.0):
                calls.create_task(callers.keep(since))
        assert sorted(await given(router, 2)) == [1.0, 2.0]
        assert hand_over.kept == 1


async def test_who_hangs_up_holds_up_nobody(
    router: Router, hand_over: HandOver, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATE_S", 4 * PATIENCE_S)
    router.is_there = True

    async def hangs_up() -> None:
        with suppress(AgiEnded), hand_over.place(0.0, "gone"):
            await asyncio.sleep(0.05)
            raise AgiEnded

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as calls:
        calls.create_task(hangs_up())
        await asyncio.sleep(0)
        calls.create_task(callers.keep(1.0))
    assert await given(router, 1) == [1.0]


async def test_who_hangs_up_at_their_turn_is_not_waited_for(
    router: Router, hand_over: HandOver, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENTERS_S", 4 * PATIENCE_S)
    router.is_there = True

    async def hangs_up() -> None:
        with suppress(AgiEnded), hand_over.place(0.0, "gone") as place:
            async with asyncio.timeout(PATIENCE_S):
                while not await hand_over.is_turn(place, 0.02):
                    pass
            raise AgiEnded

    await hangs_up()
    async with asyncio.timeout(PATIENCE_S):
        await callers.keep(1.0)
    assert await given(router, 1) == [1.0]


async def test_a_router_that_goes_again_is_given_nobody_more(
    router: Router, hand_over: HandOver
) -> None:
    router.is_there = True
    with hand_over.place(0.0, "first") as first, hand_over.place(1.0, "second") as second:
        waiting = asyncio.create_task(hand_over.is_turn(second, 0.2))
        assert await hand_over.is_turn(first, PATIENCE_S)
        # The first has not got there: whether it ever does, only the router can tell.
        assert not await waiting
        router.is_there = False
    router.is_there = True
    with hand_over.place(1.0, "second") as second:
        async with asyncio.timeout(PATIENCE_S):
            assert await hand_over.is_turn(second, PATIENCE_S)
