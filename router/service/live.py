"""The engine on the real clock: events in, one at a time; commands and answers out.

Events are handled in the order in which they were submitted, on the event loop's thread; a
deadline of the engine is a timer of the loop.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol, overload

import structlog

from router import logs
from router.clock import Clock
from router.core.callback.tickets import Admission, Refusal, TicketRecord
from router.core.commands import (
    Admitted,
    Command,
    Counted,
    DeskChanged,
    DialTicket,
    ForAsterisk,
    ForService,
    Noted,
    NumberOver,
    TakeNumber,
    TicketChanged,
    TodayChanged,
    Told,
)
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallbackAsked,
    Directed,
    Event,
    SupervisorAsked,
    TimePassed,
)
from router.core.requests import Reply

#: Events that the engine answers, each by one command.
Question = AgentAsked | SupervisorAsked | Directed | CallbackAsked
#: A question gets its number from `Live.ask`: whoever asks leaves it at this.
UNNUMBERED = 0
_QUESTIONS = (AgentAsked, SupervisorAsked, Directed, CallbackAsked)
#: Commands that are neither for Asterisk nor an answer.
ForHouse = (
    Noted
    | DeskChanged
    | TodayChanged
    | Counted
    | TicketChanged
    | DialTicket
    | TakeNumber
    | NumberOver
)


def spare_the_collector() -> None:
    """Have the garbage collector run seldom and look at little. Call it once all is loaded.

    What is loaded by then stays; calls and tickets are freed by their reference counts, and
    cycles are rare. With the usual thresholds the collector took a tenth of the engine's time, and
    its full passes were the longest pauses by far (measured with 10,000 callers waiting).
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


class Outside(Protocol):
    """Whoever carries out what the engine decides. Neither method may block."""

    def perform(self, commands: list[ForAsterisk]) -> None:
        """Have Asterisk carry out what one event led to."""

    def carry_out(self, command: ForHouse, at: float) -> None:
        """Carry out a command, decided at `at`, UTC epoch seconds, in the house itself."""


class Live:
    """Feeds the engine, hands its commands to `outside` and its answers to whoever asked."""

    def __init__(self, engine: Engine, clock: Clock, outside: Outside) -> None:
        self._engine = engine
        self._clock = clock
        self._outside = outside
        self._events: deque[Event] = deque()
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._closed = False
        self._log = structlog.get_logger()
        #: Who waits for an answer, by the number of the question.
        self._asking: dict[int, asyncio.Future[Any]] = {}
        self._asked = 0
        #: Events handled, and those whose handling raised (a defect: the count must stay 0).
        self.handled = 0
        self.defects = 0

    def submit(self, event: Event) -> None:
        """Queue an event. Unless another one is just being handled, it is handled at once.

        Call it on the event loop's thread. Nothing here waits.
        """
        self._events.append(event)
        if not self._draining:
            self._draining = True
            try:
                self._drain()
            finally:
                self._draining = False

    def take_up(self, records: Iterable[TicketRecord], *, lost: bool) -> None:
        """Have the engine take up tickets of before this start; `lost`: without their numbers.

        Call it before any event.
        """
        self._carry_out(self._engine.restore_tickets(records, self._clock.now(), lost=lost))

    @overload
    def ask(self, question: AgentAsked | SupervisorAsked | Directed) -> asyncio.Future[Reply]: ...
    @overload
    def ask(self, question: CallbackAsked) -> asyncio.Future[Admission]: ...
    def ask(self, question: Question) -> asyncio.Future[Any]:
        """Submit a question; return the future of its answer.

        The question is given its number here. The engine answers as it handles it; if it fails
        to, the answer is that nothing can be done now, so that nobody waits for ever.
        """
        self._asked += 1
        answer = self._asking[self._asked] = asyncio.get_running_loop().create_future()
        self.submit(replace(question, ask=self._asked))
        return answer

    def close(self) -> None:
        """Drop events that are still queued, and stop the clock: no deadline comes any more.

        What is submitted later is handled all the same. Whoever still waits for an answer gets
        the one that nothing can be done now.
        """
        self._closed = True
        dropped = [event for event in self._events if isinstance(event, _QUESTIONS)]
        self._events.clear()
        for question in dropped:
            self._answer(question.ask, self._not_now(question))
        if self._timer is not None:
            self._timer.cancel()

    def _drain(self) -> None:
        while self._events:
            event = self._events.popleft()
            try:
                self._handle(event)
            finally:
                if isinstance(event, _QUESTIONS):
                    self._answer(event.ask, self._not_now(event))  # unless it has been answered
        self._arm()

    def _handle(self, event: Event) -> None:
        try:
            commands = self._engine.handle(event, self._clock.now())
        except Exception as error:  # one call's defect must not silence all the others
            self.defects += 1
            self._log.error(
                "defect",
                type=type(event).__name__,
                error=type(error).__name__,
                place=logs.place(error.__traceback__),
            )
            return
        self.handled += 1
        self._carry_out(commands)

    def _carry_out(self, commands: list[Command]) -> None:
        for_asterisk: list[ForAsterisk] = []
        for command in commands:
            if not isinstance(command, ForService):
                for_asterisk.append(command)
            elif isinstance(command, Told):
                self._answer(command.ask, command.reply)
            elif isinstance(command, Admitted):
                self._answer(command.ask, command.admission)
            else:
                self._outside.carry_out(command, self._clock.now())
        self._outside.perform(for_asterisk)

    def _answer(self, number: int, answer: Reply | Admission) -> None:
        asking = self._asking.pop(number, None)
        if asking is not None and not asking.done():  # done: whoever asked has been cancelled
            asking.set_result(answer)

    def _not_now(self, question: Question) -> Reply | Admission:
        if isinstance(question, CallbackAsked):
            return unavailable(self._clock.now())
        return Reply.NOT_NOW

    def _arm(self) -> None:
        at = self._engine.next_deadline()
        if at == self._timer_at or self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = None
        if at is not None:
            delay_s = max(0.0, at - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._due)

    def _due(self) -> None:
        self._timer = None
        self._timer_at = None
        self.submit(TimePassed())


def unavailable(now: float) -> Admission:
    """Return the admission that refuses for the service's own reasons."""
    return Admission(Refusal.UNAVAILABLE, now, now)
