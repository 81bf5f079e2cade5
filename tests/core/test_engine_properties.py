"""Anything, in any order: no exception, nobody lost, nobody served twice.

Hypothesis plays Asterisk, callers and informateurs, late, repeated, unknown and failing
events included, and shortens what breaks a rule. `--hypothesis-profile=long` looks longer.
"""

from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from router.core.call.life import CallState
from router.core.commands import Step
from router.core.desk.agents import AgentState
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallFound,
    CommandFailed,
    DeskCalled,
    Directed,
    LegAnswered,
    LegEnd,
    LegKeyPressed,
    ProbeArrived,
    PromptEnded,
    PromptFailed,
    SupervisorAsked,
    TimePassed,
)
from router.core.facts import Outcome
from router.core.ids import CallId, ChannelId, PlaybackId, SectorId
from router.core.requests import Directive, Request, Watching
from router.core.work import WorkItem
from router.report.counting import merged, reconciles, tally
from tests.asterisk_model import Channel, Kind
from tests.core.quick_plan import (
    NAMES,
    STARTS,
    directives,
    in_call_requests,
    other_plans,
    quick_plan,
    requests,
)
from tests.exchange import Exchange
from tests.rules import PROBE, check_engine, check_exchange, check_queue
from tests.service_plan import HOUSING, PINS, WORK, code_book

T = TypeVar("T")

#: States that time alone does not end.
LASTING = (CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.REFERRED)


class Service(RuleBasedStateMachine):
    """Callers, informateurs and Asterisk do anything; `pick` chooses among them."""

    picks = st.integers(0, 5)

    @initialize(
        now=st.sampled_from(STARTS),
        required=st.booleans(),
        present=st.sets(st.sampled_from(NAMES)),
    )
    def open(self, now: float, required: bool, present: set[str]) -> None:
        self.exchange = Exchange(quick_plan(required=required), now)
        self.arrived = self.noted = 0
        self.exchange.appear(*sorted(present))

    # Callers.

    def callers(self) -> list[str]:
        return [name for name, one in self.exchange.callers.items() if one.alive]

    def new_call(self) -> str:
        self.arrived += 1
        return f"call-{self.arrived}"

    @precondition(lambda self: len(self.callers()) < 6)
    @rule()
    def arrive(self) -> None:
        self.exchange.arrive(self.new_call())

    @precondition(lambda self: len(self.callers()) < 6)
    @rule(keys=st.sampled_from(["#2", "#2", "#111", "code", "##1"]))
    def arrive_knowing_the_way(self, keys: str) -> None:
        call = self.new_call()
        self.exchange.arrive(call)
        self.exchange.press(keys if keys != "code" else self.exchange.code, call)

    @precondition(lambda self: bool(self.callers()))
    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        self.exchange.leave(chosen(self.callers(), pick))

    @precondition(lambda self: bool(self.callers()))
    @rule(pick=picks, keys=st.sampled_from([*"0012##*5A", "11", "00000001", "1#"]))
    def press(self, pick: int, keys: str) -> None:
        self.exchange.press(keys, chosen(self.callers(), pick))

    @precondition(lambda self: bool(self.listeners()))
    @rule(pick=picks)
    def hear_out(self, pick: int) -> None:
        self.exchange.hear_out(chosen(self.listeners(), pick))

    @precondition(lambda self: bool(self.listeners()))
    @rule(pick=picks)
    def hear_it_break_off(self, pick: int) -> None:
        call = chosen(self.listeners(), pick)
        self.exchange.break_off(self.exchange.caller(call).playback, call)

    def listeners(self) -> list[str]:
        return [name for name in self.callers() if self.exchange.caller(name).playback]

    # Informateurs.

    def legs(self) -> list[Channel]:
        return [leg for leg in self.exchange.legs if leg.alive]

    @rule(name=st.sampled_from(NAMES))
    def appear(self, name: str) -> None:
        self.exchange.appear(name)

    @rule(name=st.sampled_from(NAMES))
    def vanish(self, name: str) -> None:
        self.exchange.vanish(name)

    @precondition(lambda self: any(not leg.answered for leg in self.legs()))
    @rule(pick=picks)
    def answer(self, pick: int) -> None:
        self.exchange.answer(chosen([leg for leg in self.legs() if not leg.answered], pick))

    @precondition(lambda self: any(leg.playback for leg in self.legs()))
    @rule(pick=picks)
    def hear_whisper(self, pick: int) -> None:
        self.exchange.hear_whisper(chosen([leg for leg in self.legs() if leg.playback], pick))

    @precondition(lambda self: any(leg.playback for leg in self.legs()))
    @rule(pick=picks)
    def hear_the_whisper_break_off(self, pick: int) -> None:
        leg = chosen([leg for leg in self.legs() if leg.playback], pick)
        self.exchange.break_off(leg.playback, leg.call)

    @precondition(lambda self: bool(self.legs()))
    @rule(pick=picks, why=st.sampled_from(LegEnd))
    def end_leg(self, pick: int, why: LegEnd) -> None:
        self.exchange.end_leg(chosen(self.legs(), pick), why)

    @rule(pick=picks)
    def change_the_plan(self, pick: int) -> None:
        waiting = [item.call for item in self.in_the_queue()]
        ended = len(self.exchange.facts)
        self.exchange.change_plan(other_plans(self.exchange.plan)[pick])
        assert len(self.exchange.facts) == ended, "somebody was cut off"
        after = [item.call for item in self.in_the_queue()]
        still = [call for call in after if call in waiting]  # others' phones are gone
        assert still == [call for call in waiting if call in still], "not in the same order"

    def in_the_queue(self) -> list[WorkItem]:
        queue = self.exchange.engine.board.queue
        return sorted(queue.items(), key=lambda item: (item.due_at, item.sequence))

    @rule(name=st.sampled_from(NAMES), request=requests)
    def ask(self, name: str, request: Request) -> None:
        self.exchange.ask(name, request)

    @precondition(lambda self: bool(self.talking()))
    @rule(pick=picks, request=in_call_requests)
    def ask_in_the_call(self, pick: int, request: Request) -> None:
        self.exchange.ask(chosen(self.talking(), pick).name, request)

    @precondition(lambda self: bool(self.talking()))
    @rule(pick=picks, keys=st.sampled_from(["*1", "*2", "11", "*311", "*401", "*501", "*7", "*0"]))
    def press_in_the_call(self, pick: int, keys: str) -> None:
        leg = chosen(self.talking(), pick)
        for key in keys:
            self.exchange.tell(LegKeyPressed(leg.call, leg.id, key))

    def talking(self) -> list[Channel]:
        return [leg for leg in self.legs() if leg.answered and leg.name in NAMES]

    @precondition(lambda self: bool(self.talking()))
    @rule(pick=picks, watching=st.sampled_from(Watching))
    def watch(self, pick: int, watching: Watching) -> None:
        self.exchange.appear("190")
        self.exchange.watch(chosen(self.talking(), pick).name, watching)

    @rule(directive=directives)
    def direct(self, directive: Directive) -> None:
        self.exchange.direct(directive)

    @precondition(lambda self: any(leg.kind is Kind.SNOOP for leg in self.legs()))
    @rule()
    def snoop_starts(self) -> None:
        self.exchange.snoop_starts()

    @rule(
        name=st.sampled_from(NAMES),
        code=st.sampled_from(["11", "12", "13", "14", "15", "19"]),
        keys=st.sampled_from(["", "#1111#", "1", "#12", "21#", "A"]),
    )
    def call_the_desk(self, name: str, code: str, keys: str) -> None:
        call = self.exchange.desk_call(name, code)
        if keys:
            self.exchange.press(keys, call)

    # Asterisk: slow, repeating itself, refusing, restarted, or silent for a while.

    @rule()
    def confirm_hang_ups(self) -> None:
        self.exchange.confirm_hang_ups()
        self.exchange.tell_lost()

    @precondition(lambda self: bool(self.exchange.legs))
    @rule(pick=picks)
    def late_answer(self, pick: int) -> None:
        leg = chosen(self.exchange.legs, pick)
        if not leg.alive:
            self.exchange.tell(LegAnswered(leg.call, leg.id))

    @precondition(lambda self: bool(self.exchange.told))
    @rule(back=st.integers(1, 30))
    def repeat(self, back: int) -> None:
        event = self.exchange.told[-min(back, len(self.exchange.told))][0]
        if isinstance(event, CallArrived | ProbeArrived | CallFound | DeskCalled) and (
            event.call not in self.exchange.engine.known()[0]
        ):
            return  # Asterisk does not reuse an id
        if isinstance(event, AgentAsked | SupervisorAsked | Directed):
            return  # nor HTTP a request
        if isinstance(event, PromptEnded | PromptFailed) and event.playback in self.playing():
            return  # a whisper of that id is still under way
        self.exchange.tell(event)

    def playing(self) -> list[PlaybackId | None]:
        return [leg.playback for leg in self.legs()]

    @precondition(lambda self: len(self.callers()) < 6)
    @rule()
    def the_service_calls_itself(self) -> None:
        self.exchange.probe(f"{PROBE}{self.new_call()}")

    @precondition(lambda self: bool(self.callers()))
    @rule(pick=picks)
    def refuse_a_command_for_a_caller(self, pick: int) -> None:
        call = chosen(self.callers(), pick)
        self.exchange.lose_caller(call)
        self.exchange.tell(CommandFailed(CallId(call), ChannelId(call)))

    @precondition(lambda self: bool(self.legs()))
    @rule(pick=picks)
    def refuse_a_command_for_a_leg(self, pick: int) -> None:
        leg = self.exchange.lose_leg(chosen(self.legs(), pick))
        self.exchange.tell(CommandFailed(leg.call, leg.id))

    @precondition(lambda self: len(self.callers()) < 6)
    @rule(
        sector=st.sampled_from([None, HOUSING, WORK]),
        waited_s=st.sampled_from([None, 0.0, 15.0, 95.0, -5.0]),
        name=st.sampled_from([None, *NAMES]),
    )
    def find(self, sector: SectorId | None, waited_s: float | None, name: str | None) -> None:
        joined_at = None if waited_s is None else self.exchange.now - waited_s
        self.exchange.find(self.new_call(), sector, joined_at, name)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 5.0, 7.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.exchange.wait(seconds)

    @precondition(lambda self: self.exchange.engine.next_deadline() is not None)
    @rule()
    def reach_the_next_deadline(self) -> None:
        at = self.exchange.engine.next_deadline()
        assert at is not None
        self.exchange.wait(at - self.exchange.now)

    @rule(seconds=st.sampled_from([10.0, 60.0, 200.0]))
    def stall(self, seconds: float) -> None:
        """The router's machine stands still, and everything that fell due comes at once."""
        self.exchange.now += seconds
        self.exchange.tell(TimePassed())

    # Rules.

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "exchange"):
            check_engine(self.exchange.engine, self.exchange.now)
            check_queue(self.exchange.engine, self.exchange.now)
            check_exchange(self.exchange)
            self.nobody_is_refused_beside_an_idle_informateur()

    def nobody_is_refused_beside_an_idle_informateur(self) -> None:
        """Except because of the hours, or of phones that were not answered."""
        board = self.exchange.engine.board
        notes = self.exchange.notes[self.noted :]
        self.noted = len(self.exchange.notes)
        for note in notes:
            if note.detail in (Outcome.REFUSED_FULL, Outcome.REFUSED_NO_AGENT):
                assert note.sector is not None
                assert board.roster.ready(note.sector) <= board.queue.waiting(note.sector)

    def teardown(self) -> None:
        if not hasattr(self, "exchange"):
            return
        self.time_alone_ends_every_call_but_those_that_last()
        self.when_all_callers_leave_nothing_is_left()
        self.the_same_events_bring_the_same_commands()

    def time_alone_ends_every_call_but_those_that_last(self) -> None:
        exchange = self.exchange
        end = exchange.now + 400.0
        while (at := exchange.engine.next_deadline()) is not None and at <= end:
            exchange.wait(at - exchange.now)
            self.all_is_well()
        states = exchange.engine.call_states()
        assert sum(states.values()) == sum(states[state] for state in LASTING)

    def when_all_callers_leave_nothing_is_left(self) -> None:
        exchange = self.exchange
        for call in self.callers():
            exchange.leave(call)
        exchange.confirm_hang_ups()
        exchange.wait(150.0)
        self.all_is_well()
        board = exchange.engine.board
        assert exchange.engine.known() == (frozenset(), frozenset())
        assert len(board.queue) == 0
        assert exchange.bridges == {}
        away = {("agent", desk.agent.id) for desk in board.roster if desk.phone is not None}
        assert set(board.timers) <= {("closing",), ("today",)} | away
        at_rest = {AgentState.READY, AgentState.LOGGED_OUT}
        assert {desk.state for desk in board.roster} <= at_rest
        called = {caller.call for caller in exchange.asterisk.of(Kind.CALLER)}
        callers = {call for call in called if not call.startswith(PROBE)}
        ends = [note for note in exchange.notes if note.step is Step.ENDED]
        assert {note.call for note in ends} == callers
        assert all(note.outcome is not None for note in ends)
        facts = exchange.call_facts()
        assert len(facts) == len(callers), "one fact a call"
        assert reconciles(merged(tally(facts, 30).values()))

    def the_same_events_bring_the_same_commands(self) -> None:
        plan = self.exchange.plan
        other = Engine(plan, code_book(plan), "run", Pins(PINS))
        for event, now, commands in self.exchange.told:
            assert other.handle(event, now) == commands


def chosen(among: list[T], pick: int) -> T:
    return among[pick % len(among)]


TestService = Service.TestCase
#: The most important property is tried three times as often as others.
TestService.settings = settings(stateful_step_count=40, max_examples=3 * settings().max_examples)
