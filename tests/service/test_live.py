"""The engine on the event loop: order, deadlines, defects, questions and their answers."""

import asyncio
import time

import pytest

from router.clock import Clock
from router.core.callback.tickets import Admission, Refusal
from router.core.commands import Command, ForAsterisk, Noted, Play, Step
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallLeft,
    Event,
    KeyPressed,
    SupervisorAsked,
    TimePassed,
)
from router.core.ids import AgentId, CallId, PhoneId, TicketId
from router.core.requests import LogIn, Ready, Reply, Watching
from router.service.live import UNNUMBERED, ForHouse, Live, Outside
from tests.patience import PATIENCE_S
from tests.service_plan import HOUSING, MONDAY_10H, code_book, small_plan

CALL = CallId("c1")


class House:
    """What the world around the engine gets to see."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.noted: list[Noted] = []

    def perform(self, commands: list[ForAsterisk]) -> None:
        self.commands.extend(commands)

    def carry_out(self, command: ForHouse, at: float) -> None:
        if isinstance(command, Noted):
            self.noted.append(command)

    @property
    def steps(self) -> list[Step]:
        return [noted.step for noted in self.noted]


def live_engine(house: Outside, engine_of: type[Engine] = Engine) -> tuple[Live, Engine]:
    plan = small_plan()
    engine = engine_of(plan, code_book(plan), run="t")
    return Live(engine, Clock(MONDAY_10H - time.time()), house), engine


async def turn() -> None:
    """Let the loop run what is ready."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_events_are_handled_in_the_order_they_came() -> None:
    house = House()
    live, _ = live_engine(house)
    live.submit(CallArrived(CALL))
    live.submit(KeyPressed(CALL, "#"))
    live.submit(CallLeft(CALL))
    await turn()
    live.close()
    assert house.steps == [Step.ARRIVED, Step.ASKED, Step.ENDED]
    assert live.handled == 3


async def test_commands_reach_the_world_at_once() -> None:
    house = House()
    live, _ = live_engine(house)
    live.submit(CallArrived(CALL))
    live.close()
    assert any(isinstance(command, Play) for command in house.commands)


async def test_an_event_that_comes_while_one_is_handled_waits_its_turn() -> None:
    class HangsUp(House):
        def perform(self, commands: list[ForAsterisk]) -> None:
            if any(isinstance(command, Play) for command in commands):
                live.submit(CallLeft(CALL))
                assert self.steps == [Step.ARRIVED]

    house = HangsUp()
    live, _ = live_engine(house)
    live.submit(CallArrived(CALL))
    live.close()
    assert house.steps == [Step.ARRIVED, Step.ENDED]


class Alarm(Engine):
    """An engine that wants to be called at once, as long as no time has passed."""

    rung = False

    def handle(self, event: Event, now: float) -> list[Command]:
        self.rung |= isinstance(event, TimePassed)
        return super().handle(event, now)

    def next_deadline(self) -> float | None:
        return None if self.rung else MONDAY_10H


async def test_a_deadline_comes_by_itself() -> None:
    live, alarm = live_engine(House(), Alarm)
    assert isinstance(alarm, Alarm)
    live.submit(CallArrived(CALL))
    assert not alarm.rung
    async with asyncio.timeout(PATIENCE_S):
        while not alarm.rung:
            await asyncio.sleep(0)
    live.close()


async def test_no_deadline_comes_once_it_is_closed() -> None:
    live, alarm = live_engine(House(), Alarm)
    assert isinstance(alarm, Alarm)
    live.submit(CallArrived(CALL))
    live.close()
    live.submit(CallLeft(CALL))  # handled all the same
    assert live.handled == 2
    await asyncio.sleep(0.01)
    assert not alarm.rung


def stumbling(engine: Engine, monkeypatch: pytest.MonkeyPatch, over: type[Event]) -> None:
    """Have the engine raise over every event of a kind."""
    handle = engine.handle

    def stumble(event: Event, now: float) -> list[Command]:
        if isinstance(event, over):
            raise ZeroDivisionError
        return handle(event, now)

    monkeypatch.setattr(engine, "handle", stumble)


async def test_a_defect_of_one_event_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    live, engine = live_engine(house)
    stumbling(engine, monkeypatch, KeyPressed)
    live.submit(CallArrived(CALL))
    live.submit(KeyPressed(CALL, "1"))
    live.submit(CallLeft(CALL))
    await turn()
    live.close()
    assert live.defects == 1
    assert house.steps[-1] is Step.ENDED


# Questions.

LEA = AgentId("101")
QUESTIONS = (
    AgentAsked(UNNUMBERED, LEA, Ready()),
    SupervisorAsked(UNNUMBERED, "claire", PhoneId("900"), LEA, Watching.LISTEN),
)
A_CALLBACK = CallbackAsked(UNNUMBERED, TicketId("t" * 32), HOUSING)


async def test_each_is_given_its_own_answer() -> None:
    live, _ = live_engine(House())
    stranger = AgentAsked(UNNUMBERED, AgentId("999"), Ready())
    answers = [live.ask(stranger), live.ask(AgentAsked(UNNUMBERED, LEA, LogIn()))]
    admission = live.ask(A_CALLBACK)
    assert [one.result() for one in answers] == [Reply.NOT_LOGGED_IN, Reply.PHONE_ABSENT]
    assert admission.result().refusal is Refusal.NO_AGENT
    live.close()


async def test_numbers_of_questions_are_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    live, engine = live_engine(House())
    numbers = []
    handle = engine.handle

    def count(event: Event, now: float) -> list[Command]:
        assert isinstance(event, AgentAsked | SupervisorAsked | CallbackAsked)
        numbers.append(event.ask)
        return handle(event, now)

    monkeypatch.setattr(engine, "handle", count)
    for question in (*QUESTIONS, *QUESTIONS):
        live.ask(question)
    live.ask(A_CALLBACK)
    live.close()
    assert len(set(numbers)) == len(numbers) == 5
    assert UNNUMBERED not in numbers


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_defect_is_answered_by_not_now(
    question: AgentAsked | SupervisorAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, engine = live_engine(House())
    stumbling(engine, monkeypatch, type(question))
    stumbling(engine, monkeypatch, CallbackAsked)
    assert live.ask(question).result() is Reply.NOT_NOW
    assert live.ask(A_CALLBACK).result().refusal is Refusal.UNAVAILABLE
    assert live.defects == 2
    live.close()


async def test_an_engine_that_does_not_answer_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live, engine = live_engine(House())
    monkeypatch.setattr(engine, "handle", lambda event, now: [])
    assert live.ask(QUESTIONS[0]).result() is Reply.NOT_NOW
    assert live.ask(A_CALLBACK).result().refusal is Refusal.UNAVAILABLE
    live.close()


async def test_a_house_that_fails_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(House):
        def perform(self, commands: list[ForAsterisk]) -> None:
            live.ask(A_CALLBACK).add_done_callback(answers.append)
            raise ZeroDivisionError

    answers: list[asyncio.Future[Admission]] = []
    live, _ = live_engine(Broken())
    with pytest.raises(ZeroDivisionError):
        live.submit(CallArrived(CALL))
    live.close()  # with the question still queued
    await turn()
    [answer] = answers
    assert answer.result().refusal is Refusal.UNAVAILABLE


async def test_one_who_asks_while_an_event_is_handled_is_answered_after_it() -> None:
    class Asks(House):
        def perform(self, commands: list[ForAsterisk]) -> None:
            if any(isinstance(command, Play) for command in commands):
                answers.append(live.ask(QUESTIONS[0]))
                assert not answers[0].done()

    answers: list[asyncio.Future[Reply]] = []
    live, _ = live_engine(Asks())
    live.submit(CallArrived(CALL))
    assert answers[0].result() is Reply.NOT_LOGGED_IN
    live.close()


async def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    class Leaves(House):
        def perform(self, commands: list[ForAsterisk]) -> None:
            if any(isinstance(command, Play) for command in commands):
                live.ask(QUESTIONS[0]).cancel()

    live, _ = live_engine(Leaves())
    live.submit(CallArrived(CALL))
    assert (live.handled, live.defects) == (2, 0)
    live.close()


def test_the_clock_never_goes_back_and_keeps_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(3600.0)
    before = clock.now()
    assert before == pytest.approx(time.time() + 3600, abs=5)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # somebody sets the system's clock
    assert clock.now() >= before
