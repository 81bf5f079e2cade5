"""The engine on the event loop: order, deadlines, defects."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from router.clock import Clock
from router.core.commands import Command, ForService, Noted, Play, Step
from router.core.engine import Engine
from router.core.events import CallArrived, CallLeft, Event, KeyPressed
from router.core.ids import CallId
from router.service.live import Live
from tests.service_plan import MONDAY_10H, code_book, small_plan

CALL = CallId("c1")


class Outside:
    """What the world around the engine got to see."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.noted: list[Noted] = []

    def perform(self, commands: Sequence[Command]) -> None:
        self.commands.extend(commands)

    def tell(self, command: ForService, at: float) -> None:
        if isinstance(command, Noted):
            self.noted.append(command)


def live_engine(outside: Outside, **changes: object) -> tuple[Live, Engine]:
    plan = small_plan(**changes)  # type: ignore[arg-type]
    engine = Engine(plan, code_book(plan), run="t")
    clock = Clock(MONDAY_10H - time.time())
    return Live(engine, clock, outside.perform, outside.tell), engine


async def turn() -> None:
    """Let the loop run what is ready."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_events_are_handled_in_the_order_they_came() -> None:
    outside = Outside()
    live, _ = live_engine(outside)
    live.submit(CallArrived(CALL))
    live.submit(KeyPressed(CALL, "#"))
    live.submit(CallLeft(CALL))
    await turn()
    live.close()
    steps = [noted.step for noted in outside.noted]
    assert steps == [Step.ARRIVED, Step.ASKED, Step.ENDED]
    assert live.handled == 3


async def test_commands_reach_the_world_at_once() -> None:
    outside = Outside()
    live, _ = live_engine(outside)
    live.submit(CallArrived(CALL))
    live.close()
    assert any(isinstance(command, Play) for command in outside.commands)


async def test_an_event_that_comes_while_one_is_handled_waits_its_turn() -> None:
    outside = Outside()
    live, _ = live_engine(outside)
    perform = outside.perform

    def perform_and_hang_up(commands: Sequence[Command]) -> None:
        perform(commands)
        if any(isinstance(command, Play) for command in commands):
            live.submit(CallLeft(CALL))
            assert [noted.step for noted in outside.noted] == [Step.ARRIVED]

    live._perform = perform_and_hang_up
    live.submit(CallArrived(CALL))
    live.close()
    assert [noted.step for noted in outside.noted] == [Step.ARRIVED, Step.ENDED]


async def test_a_deadline_comes_by_itself() -> None:
    outside = Outside()
    live, engine = live_engine(outside)
    live.submit(CallArrived(CALL))
    await turn()
    at = engine.next_deadline()
    assert at is not None
    # The prompt's guard is two minutes away: have the loop's clock reach it at once.
    live._clock = Clock(at - time.time() + 1)
    live._timer_at = None
    live._arm()
    async with asyncio.timeout(5):
        while Step.ASKED not in [noted.step for noted in outside.noted]:
            await asyncio.sleep(0.01)
    live.close()


async def test_a_defect_of_one_event_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Outside()
    live, engine = live_engine(outside)
    handle = engine.handle

    def stumble(event: Event, now: float) -> list[Command]:
        if isinstance(event, KeyPressed):
            raise ZeroDivisionError
        return handle(event, now)

    monkeypatch.setattr(engine, "handle", stumble)
    live.submit(CallArrived(CALL))
    live.submit(KeyPressed(CALL, "1"))
    live.submit(CallLeft(CALL))
    await turn()
    live.close()
    assert live.defects == 1
    assert [noted.step for noted in outside.noted][-1] is Step.ENDED


def test_the_clock_never_goes_back_and_keeps_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(3600.0)
    before = clock.now()
    assert before == pytest.approx(time.time() + 3600, abs=5)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # somebody sets the system's clock
    assert clock.now() >= before
