"""Nonsense: any event about anybody, at any time, with guessed ids."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.callback.tickets import ENDS, TicketRecord, TicketState
from router.core.commands import Told
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    Absence,
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallbackCancelled,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Directed,
    Disconnected,
    DrainChanged,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegFound,
    LegKeyPressed,
    LegRang,
    NumberLost,
    PageCame,
    PageWent,
    PhoneAppeared,
    PhoneVanished,
    PlanChanged,
    ProbeArrived,
    PromptEnded,
    PromptFailed,
    Resynced,
    SnoopStarted,
    StoreChanged,
    SupervisorAsked,
    TicketsFound,
    TicketUnkept,
    TimePassed,
    VaultChanged,
)
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    PhoneId,
    PlaybackId,
    TicketId,
    browser_of,
)
from router.core.requests import Watching
from tests.core.quick_plan import (
    NAMES,
    STARTS,
    directives,
    in_call_requests,
    other_plans,
    quick_plan,
    requests,
)
from tests.rules import check_engine, check_queue
from tests.service_plan import HOUSING, MONDAY_10H, PINS, WORK, code_book

calls = st.sampled_from([CallId("a"), CallId("b"), CallId("c")])
desk_calls = st.sampled_from([CallId("d"), CallId("e")])
legs = st.integers(1, 30).map(lambda number: ChannelId(f"run-leg-{number}"))
playbacks = st.integers(1, 30).map(lambda number: PlaybackId(f"run-play-{number}"))
snoops = st.integers(1, 30).map(lambda number: ChannelId(f"run-snoop-{number}"))
agents = st.sampled_from([*NAMES, AgentId("999")])
phones = st.sampled_from([PhoneId(name) for name in (*NAMES, "190", "999")])
browsers = st.sampled_from([browser_of(name) for name in (*NAMES, "999")])
tickets = st.sampled_from([TicketId("t"), TicketId("u")])
any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(CallArrived, calls),
    st.builds(ProbeArrived, calls),
    st.builds(CallLeft, calls),
    st.builds(KeyPressed, calls, st.sampled_from("0123456789*#ABCD")),
    st.builds(KeyPressed, calls, st.sampled_from("##212")),
    st.builds(PromptEnded, calls, playbacks),
    st.builds(PromptFailed, calls, playbacks),
    st.builds(PhoneAppeared, phones | browsers),
    st.builds(PhoneVanished, phones | browsers),
    st.builds(PageCame, browsers, st.booleans()),
    st.builds(PageWent, browsers, st.sampled_from(Absence)),
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
    st.builds(Directed, st.integers(1, 99), st.just("sup"), st.just("why"), directives),
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
        apart=st.booleans(),
        served=st.booleans(),
    ),
    st.builds(LegFound, calls, legs, phones | browsers),
    st.just(Disconnected()),
    st.just(Resynced()),
    st.builds(CallbackAsked, st.integers(1, 99), tickets, st.sampled_from([HOUSING, WORK])),
    st.builds(CallbackCancelled, tickets),
    st.builds(TicketUnkept, tickets, st.integers(0, 3)),
    st.builds(NumberLost, tickets),
    st.builds(StoreChanged, st.booleans()),
    st.builds(VaultChanged, st.booleans()),
    st.builds(
        TicketRecord,
        tickets,
        st.sampled_from([HOUSING, WORK]),
        st.none(),
        st.just(MONDAY_10H),
        st.sampled_from([MONDAY_10H - 3600, MONDAY_10H + 2700]),
        st.sampled_from([one for one in TicketState if one not in ENDS]),
        st.integers(0, 2),
    ).map(lambda record: TicketsFound((record,))),
    st.builds(DrainChanged, st.none() | st.sampled_from([at + 20.0 for at in STARTS])),
    st.sampled_from(other_plans(quick_plan(required=False))).map(
        lambda plan: PlanChanged(plan, code_book(plan), Pins(PINS))
    ),
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
