"""Whatever happens, in whatever order: no exception, nobody lost, nobody served twice.

Hypothesis plays Asterisk, callers and informateurs, late, repeated, unknown and failing
events included, and shortens what breaks a rule. `--hypothesis-profile=long` looks longer.
"""

from collections import Counter
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from router.core.call.life import CallState, Due
from router.core.commands import Step, Told
from router.core.desk.agents import AgentState
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallbackCancelled,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    NumberLost,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
    StoreChanged,
    SupervisorAsked,
    TicketUnkept,
    TimePassed,
)
from router.core.facts import Outcome
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    PhoneId,
    PlaybackId,
    ReasonId,
    SectorId,
    TicketId,
)
from router.core.legs import Said
from router.core.plan import CodePolicy, PauseReason, Plan, SecondLogIn, Targets
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    Hold,
    LogIn,
    LogOut,
    Note,
    Pause,
    Ready,
    Refer,
    Request,
    Retrieve,
    Transfer,
    Watching,
)
from router.report.counting import merged, reconciles, tally
from tests.asterisk_model import Channel, Kind
from tests.exchange import Exchange
from tests.rules import AT_THE_CALL, check_engine
from tests.service_plan import (
    HEALTH,
    HOUR,
    HOUSING,
    LUNCH,
    MONDAY_10H,
    PINS,
    TOWN_HALL,
    WORK,
    agent,
    code_book,
    day_plan,
    general_plan,
    working_desk,
)

T = TypeVar("T")

#: Those that time alone does not end.
LASTING = (CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.REFERRED)
SERVED_SOON = (CallState.WAITING, CallState.RINGING, CallState.WHISPERING)
AGENTS = (
    agent("101", logement=1),
    agent("102", logement=2, travail=1),
    agent("103", travail=1, logement=3),
)
NAMES = [one.id for one in AGENTS]
#: 18:14: the service closes in a minute. And 20:00.
STARTS = (MONDAY_10H, MONDAY_10H + 8.25 * HOUR - 60.0, MONDAY_10H + 10 * HOUR)


def quick_plan(*, required: bool) -> Plan:
    """A plan in which everything falls due within a minute or two."""
    targets = Targets(
        live_target_s=30,
        ring_s=5,
        reserve_s=2,
        miss_pause_s=12,
        reject_pause_s=9,
        busy_pause_s=8,
        unreachable_pause_s=7,
        verify_s=25,
        wrap_up_s=6,
        queue_max=3,
        longest_wait_s=90,
        announce_every_s=20,
        widening_s=(0, 10, 20),
        prompt_guard_s=30,
    )
    code = CodePolicy(required=required, tries=2, failures_per_minute=2, delay_s=3.0)
    desk = working_desk(
        lock_s=30,
        away_s=40,
        missed_longest_s=50,
        second_log_in=SecondLogIn.TAKE_OVER,
        reasons={LUNCH: PauseReason(LUNCH, "Déjeuner", "1", 60)},
    )
    return general_plan(day_plan(desk, agents=AGENTS, targets=targets, code=code))


def check_queue(engine: Engine, now: float) -> None:
    """Assert that the queue holds who waits, in order, and that nobody waits in silence."""
    board = engine.board
    widening_s = board.plan.targets.widening_s
    for item in board.queue.items():
        assert item.widened == sum(item.joined_at + after_s <= now for after_s in widening_s)
    in_queue = [item.call for item in board.queue.items()]
    assert len(in_queue) == len(set(in_queue)) == len(board.queue)
    for sector in board.plan.sectors:
        items = [item for item in board.queue.items() if item.sector == sector]
        order = [(item.due_at, item.sequence) for item in items]
        assert order == sorted(order)
        for level in range(1, len(widening_s) + 1):
            open_ = [item for item in items if item.widened >= level]
            assert board.queue.open_to({sector: level}) == len(open_)
            assert board.queue.first_for({sector: level}) is (open_[0] if open_ else None)
    for call in board.calls.values():
        assert (call.id in in_queue) is (call.state is CallState.WAITING)
        if call.state in SERVED_SOON:
            broke_off = ("call", call.id, Due.UNHEARD) in board.timers
            assert call.playback or call.music or broke_off, "a caller waits in silence"
    callers = {item.call for item in board.queue.items() if item.ticket is None}
    assert callers <= board.calls.keys()
    timers = {key for key in board.timers if key[0] in ("call", "desk")}
    assert {key[1] for key in timers} <= board.calls.keys() | board.desk_calls.keys()
    assert all(("desk", call) in timers for call in board.desk_calls)


def check_exchange(exchange: Exchange) -> None:
    """Assert that the engine and Asterisk agree on who lives, hears and talks."""
    board = exchange.engine.board
    ended = Counter(note.call for note in exchange.notes if note.step is Step.ENDED)
    for name, caller in exchange.callers.items():
        if caller.kind is Kind.DESK:
            assert CallId(name) in board.desk_calls or not caller.alive
            continue
        call = board.calls.get(CallId(name))
        assert ended[CallId(name)] == (call is None), "an end for each call, one"
        assert call is not None or not caller.alive
        assert call is None or caller.id not in exchange.known_gone
        if call is not None and caller.alive:
            announced = call.watch is not None and not call.watch.begun
            said = Said.WATCHED_CALLER if announced else Said.CALLER
            heard = call.said.get(said)
            assert (heard, call.music) == (caller.playback, caller.music)
            with_caller = call.state in (CallState.TALKING, CallState.REFERRED)
            assert with_caller is (caller.bridge is not None)
    expected: dict[ChannelId, tuple[CallId, bool]] = {}
    for call in board.calls.values():
        if call.state in AT_THE_CALL and call.leg is not None:
            assert call.leg in board.legs, "waits for a dead phone"
            expected[call.leg] = call.id, call.state is not CallState.RINGING
        if call.aside is not None:
            expected[call.aside.leg] = call.id, call.aside.answered
        if call.watch is not None:
            expected[call.watch.leg] = call.id, call.watch.answered
            if call.watch.snoop is not None:
                expected[call.watch.snoop] = call.id, True
    for leg in exchange.legs:
        known_gone = leg.id in exchange.known_gone
        assert not (known_gone and leg.id in board.legs), "a dead leg is believed alive"
        if leg.alive:
            assert expected[leg.id] == (leg.call, leg.answered), "a phone rings for nobody"
            assert leg.id in board.legs or leg.kind is Kind.SNOOP


in_call_requests = st.sampled_from(
    [
        *(Hold(), Retrieve(), Complete(), Cancel(), Transfer(HOUSING), Transfer(WORK)),
        *(Consult(HOUSING), Consult(WORK), Consult(WORK)),
        *(Refer(HEALTH, spoken=False), Refer(HEALTH, spoken=True), Refer(TOWN_HALL, spoken=True)),
    ]
)
requests = st.sampled_from(
    [
        *(LogIn(), LogIn(), LogIn(PhoneId("102")), LogIn(PhoneId("999")), LogOut()),
        *(Pause(LUNCH), Pause(ReasonId("none")), Ready(), Note(), Note(WORK)),
    ]
)


class Service(RuleBasedStateMachine):
    """Callers, informateurs and Asterisk do what they like; `pick` chooses among them."""

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
        if isinstance(event, CallArrived | CallFound | DeskCalled) and (
            event.call not in self.exchange.engine.known()[0]
        ):
            return  # Asterisk gives no id twice
        if isinstance(event, AgentAsked | SupervisorAsked):
            return  # nor HTTP a request
        if isinstance(event, PromptEnded | PromptFailed) and event.playback in self.playing():
            return  # a whisper of that id is still under way
        self.exchange.tell(event)

    def playing(self) -> list[PlaybackId | None]:
        return [leg.playback for leg in self.legs()]

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
        """The router's machine stands still; all that fell due comes at once."""
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
        """But by the hours, and by phones that were not answered."""
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
        assert set(board.timers) <= {("closing",)} | away
        at_rest = {AgentState.READY, AgentState.LOGGED_OUT}
        assert {desk.state for desk in board.roster} <= at_rest
        callers = {caller.call for caller in exchange.asterisk.of(Kind.CALLER)}
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
#: What matters most is looked at longest: three times as long as other properties.
TestService.settings = settings(stateful_step_count=40, max_examples=3 * settings().max_examples)


# No truth at all: any event about anybody, ids guessed.

calls = st.sampled_from([CallId("a"), CallId("b"), CallId("c")])
desk_calls = st.sampled_from([CallId("d"), CallId("e")])
legs = st.integers(1, 30).map(lambda number: ChannelId(f"run-leg-{number}"))
playbacks = st.integers(1, 30).map(lambda number: PlaybackId(f"run-play-{number}"))
snoops = st.integers(1, 30).map(lambda number: ChannelId(f"run-snoop-{number}"))
agents = st.sampled_from([*NAMES, AgentId("999")])
phones = st.sampled_from([PhoneId(name) for name in (*NAMES, "190", "999")])
tickets = st.sampled_from([TicketId("t"), TicketId("u")])
any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(CallArrived, calls),
    st.builds(CallLeft, calls),
    st.builds(KeyPressed, calls, st.sampled_from("0123456789*#ABCD")),
    st.builds(KeyPressed, calls, st.sampled_from("##212")),
    st.builds(PromptEnded, calls, playbacks),
    st.builds(PromptFailed, calls, playbacks),
    st.builds(PhoneAppeared, phones),
    st.builds(PhoneVanished, phones),
    st.builds(LegAnswered, calls, legs),
    st.builds(LegRang, calls, legs),
    st.builds(LegKeyPressed, calls, legs, st.sampled_from("*0123457A")),
    st.builds(SnoopStarted, calls, snoops),
    st.builds(DeskCalled, desk_calls, phones, st.sampled_from(["11", "13", "15", "19"])),
    st.builds(KeyPressed, desk_calls, st.sampled_from("0123456789*#ABCD")),
    st.builds(CallLeft, desk_calls),
    st.builds(AgentAsked, st.integers(1, 99), agents, requests | in_call_requests),
    st.builds(
        SupervisorAsked,
        st.integers(1, 99),
        st.just("sup"),
        phones,
        agents,
        st.sampled_from(Watching),
    ),
    st.builds(LegEnded, calls, legs, st.sampled_from(LegEnd)),
    st.builds(CommandFailed, calls, legs),
    st.builds(CommandFailed, calls, calls.map(ChannelId)),
    st.builds(
        CallFound,
        calls,
        st.sampled_from([None, HOUSING, WORK]),
        st.none() | st.floats(0, 2 * MONDAY_10H),
        st.none() | agents,
        st.none() | legs,
        st.none() | st.just(BridgeId("old-talk")),
    ),
    st.builds(CallbackAsked, st.integers(1, 99), tickets, st.sampled_from([HOUSING, WORK])),
    st.builds(CallbackCancelled, tickets),
    st.builds(TicketUnkept, tickets, st.integers(0, 3)),
    st.builds(NumberLost, tickets),
    st.builds(StoreChanged, st.booleans()),
    st.just(TimePassed()),
)


@given(
    st.lists(
        st.tuples(any_event, st.sampled_from([0.0, 0.0, 0.5, 5.0, 30.0])), min_size=1, max_size=60
    ),
    st.sampled_from(STARTS),
)
def test_any_events_at_any_time_keep_the_engine_sound(
    steps: list[tuple[Event, float]], now: float
) -> None:
    engine = Engine(quick_plan(required=False), code_book(quick_plan(required=False)), "run")
    for event, later_s in steps:
        now += later_s
        commands = engine.handle(event, now)
        if isinstance(event, AgentAsked | SupervisorAsked):
            assert [one.ask for one in commands if isinstance(one, Told)] == [event.ask]
        check_engine(engine, now)
        check_queue(engine, now)
