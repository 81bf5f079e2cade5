"""Events at any time: hang-ups everywhere, failures, restarts, nonsense; and what can be seen."""

from collections.abc import Callable

import pytest

from router.core.call.life import CONVERSATION as TALKED_TO
from router.core.call.life import CallState
from router.core.commands import DeskChanged, HangUp, Part, Play, Step, StopMusic
from router.core.desk.agents import AgentState, Choice
from router.core.desk.desk_view import CallView
from router.core.events import (
    CallArrived,
    CallFound,
    CallLeft,
    CommandFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    SnoopStarted,
    TimePassed,
)
from router.core.facts import Door, Outcome
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId, SectorId
from router.core.plan import CodePolicy, LogInBy, Plan, Targets
from router.core.requests import (
    GRANTED,
    Cancel,
    Complete,
    Consult,
    Hold,
    InCall,
    LogIn,
    Pause,
    Ready,
    Refer,
    Reply,
    Retrieve,
    Transfer,
    Watching,
)
from router.core.standing import SectorSnapshot
from tests.exchange import Exchange
from tests.service_plan import (
    HEALTH,
    HOUR,
    HOUSING,
    LUNCH,
    MONDAY_10H,
    WORK,
    day_plan,
    small_plan,
    working_desk,
)

CALLER = CallId("caller")
STRANGER = CallId("stranger")


def open_exchange(plan: Plan | None = None) -> Exchange:
    exchange = Exchange(plan or small_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def exchange() -> Exchange:
    return open_exchange()


# A call brought to each of its states.


def welcome(exchange: Exchange) -> None:
    exchange.arrive()


def closed(exchange: Exchange) -> None:
    exchange.now += 10 * HOUR
    exchange.arrive()


def question(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#523")


def checking(exchange: Exchange) -> None:
    for call in range(22):
        exchange.arrive(f"guess {call}")
        exchange.press("#50000000", f"guess {call}")
        exchange.leave(f"guess {call}")
    exchange.arrive()
    exchange.press("#" + exchange.code)


def menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#11")


def page(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")


def waiting(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.choose_housing()


def ringing(exchange: Exchange) -> None:
    exchange.choose_housing()


def whispering(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")


def talking(exchange: Exchange) -> None:
    exchange.talk("101")


def held(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Hold())


def consulting(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))


def referring(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=False))


def referred(exchange: Exchange) -> None:
    referring(exchange)
    exchange.answer(HEALTH)


def reading(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=True))


def voting(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.end_leg("101")


def leaving(exchange: Exchange) -> None:
    voting(exchange)
    exchange.press("41")


def entering(exchange: Exchange) -> None:
    """The caller has waited long enough to be offered a callback, and takes it."""
    exchange.ask("101", Pause(LUNCH))
    exchange.choose_housing()
    exchange.wait(exchange.plan.callbacks.offer_after_s + exchange.plan.targets.announce_every_s)
    exchange.press("5")
    exchange.ask("101", Ready())


WAYS: dict[str, Callable[[Exchange], None]] = {
    way.__name__: way
    for way in (
        *(welcome, closed, question, checking, menu, page),
        *(waiting, ringing, whispering, entering, talking, held, consulting),
        *(referring, referred, reading, voting, leaving),
    )
}
OUTCOMES = {
    "closed": Outcome.CLOSED,
    "page": Outcome.INFORMED,
    "entering": Outcome.ABANDONED,
    "waiting": Outcome.ABANDONED,
    "ringing": Outcome.ABANDONED,
    "whispering": Outcome.ABANDONED,
    **dict.fromkeys(
        ("talking", "held", "consulting", "referring", "referred", "reading", "voting", "leaving"),
        Outcome.ANSWERED,
    ),
}


def in_state(state: CallState) -> Exchange:
    exchange = open_exchange(day_plan())
    WAYS[state.value](exchange)
    assert exchange.state() == state.value
    return exchange


def call_timers(exchange: Exchange) -> list[object]:
    return [key for key in exchange.engine.board.timers if key[0] == "call"]


@pytest.mark.parametrize("state", CallState)
def test_a_hang_up_in_any_state_leaves_nothing_behind(state: CallState) -> None:
    exchange = in_state(state)
    exchange.leave()
    assert exchange.state() is None
    assert exchange.outcome() is OUTCOMES.get(state.value, Outcome.LEFT)
    if state is CallState.WAITING:
        exchange.leave("other")
    assert call_timers(exchange) == []
    exchange.confirm_hang_ups()
    exchange.wait(60.0)

    assert exchange.engine.known() == (frozenset(), frozenset())
    assert exchange.bridges == {}
    assert exchange.talking() == exchange.ringing() == {}
    assert (exchange.agent("101"), exchange.agent("103")) == ("ready", "ready")
    assert len(exchange.engine.board.queue) == 0


@pytest.mark.parametrize("state", CallState)
def test_a_command_that_failed_on_the_caller_ends_the_call_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    commands = exchange.tell(CommandFailed(CALLER, ChannelId(CALLER)))

    assert HangUp(CALLER, ChannelId(CALLER)) in commands
    assert exchange.state() is None
    assert exchange.outcome() is OUTCOMES.get(state.value, Outcome.LEFT)


@pytest.mark.parametrize("state", CallState)
def test_events_that_mean_nothing_are_counted_and_change_nothing(state: CallState) -> None:
    exchange = in_state(state)
    notes, heard, legs = len(exchange.notes), exchange.hears(), exchange.engine.known()
    nonsense: list[Event] = [
        CallArrived(CALLER),
        CallFound(CALLER, HOUSING, 0.0),
        PromptEnded(CALLER, PlaybackId("run-play-0")),
        LegEnded(CALLER, ChannelId("run-leg-0"), LegEnd.LOST),
        CommandFailed(CALLER, ChannelId("run-leg-0")),
        LegRang(CALLER, ChannelId("run-leg-0")),
        LegKeyPressed(CALLER, ChannelId("run-leg-0"), "*"),
        PhoneAppeared(PhoneId("999")),
        PhoneVanished(PhoneId("999")),
        CallLeft(STRANGER),
        KeyPressed(STRANGER, "1"),
        PromptEnded(STRANGER, PlaybackId("run-play-1")),
        LegEnded(STRANGER, ChannelId("other-leg-1"), LegEnd.HUNG_UP),
        CommandFailed(STRANGER, ChannelId(STRANGER)),
        TimePassed(),
    ]
    before = sum(exchange.engine.counts.values())
    for event in nonsense:
        assert exchange.tell(event) == []

    assert exchange.state() == state.value
    assert exchange.hears() == heard
    assert exchange.engine.known() == legs
    assert len(exchange.notes) == notes
    assert sum(exchange.engine.counts.values()) == before + len(nonsense) - 1  # time is no nonsense


@pytest.mark.parametrize("state", CallState)
def test_an_answer_of_an_unknown_leg_is_hung_up_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    leg = ChannelId("run-leg-0")

    assert exchange.tell(LegAnswered(CALLER, leg)) == [HangUp(CALLER, leg)]
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_a_repeated_answer_is_ignored(state: CallState) -> None:
    exchange = in_state(state)
    for leg in list(exchange.legs):
        if leg.alive and leg.answered:
            assert exchange.tell(LegAnswered(leg.call, leg.id)) == []
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_a_snoop_that_nobody_waits_for_is_hung_up_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    snoop = ChannelId("run-snoop-0")

    assert exchange.tell(SnoopStarted(CALLER, snoop)) == [HangUp(CALLER, snoop)]
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_every_call_ends_in_one_fact(state: CallState) -> None:
    exchange = in_state(state)
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(60.0)

    own = [fact for fact in exchange.call_facts() if fact.outcome is exchange.outcome()]
    ends = [note for note in exchange.notes if note.step is Step.ENDED]
    assert len(exchange.call_facts()) == len(ends)
    assert own


def test_a_request_of_an_informateur_or_supervisor_nobody_knows_is_answered() -> None:
    exchange = open_exchange(day_plan())

    assert exchange.ask("999", Hold()) is Reply.NOT_LOGGED_IN
    assert exchange.ask("999", LogIn()) is Reply.NOT_LOGGED_IN
    assert exchange.watch("999", Watching.LISTEN) is Reply.NOT_IN_CALL


@pytest.mark.parametrize("state", sorted(set(CallState) - TALKED_TO))
def test_requests_about_a_call_need_a_call(state: CallState) -> None:
    exchange = in_state(state)
    for request in (Hold(), Retrieve(), Complete(), Cancel(), Transfer(WORK), Consult(WORK)):
        assert exchange.ask("103", request) is Reply.NOT_IN_CALL
    assert exchange.state() == state.value


#: In which state of the call each request means something.
MEANS = {
    Hold(): {"talking"},
    Retrieve(): {"held", "consulting", "referring"},
    Transfer(WORK): {"talking", "held"},
    Consult(WORK): {"talking", "held"},
    Refer(HEALTH, spoken=False): {"talking", "held"},
    Refer(HEALTH, spoken=True): {"talking", "held"},
    Cancel(): {"consulting", "referring"},
    Complete(): set[str](),  # not before the colleague has answered
}


@pytest.mark.parametrize("state", ["talking", "held", "consulting", "referring"])
@pytest.mark.parametrize("request_", MEANS, ids=repr)
def test_a_request_at_the_wrong_moment_is_refused_and_changes_nothing(
    state: str, request_: InCall
) -> None:
    exchange = in_state(CallState(state))
    reply = exchange.ask("101", request_)

    if state in MEANS[request_]:
        assert reply in GRANTED
    else:
        assert reply is Reply.NOT_NOW
        assert exchange.state() == state


def test_ignored_events_are_counted_by_name_and_state(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.press("5")
    exchange.press("5")
    exchange.tell(CallLeft(STRANGER))

    assert exchange.engine.counts["ignored KeyPressed in talking"] == 2
    assert exchange.engine.counts["ignored CallLeft"] == 1


def test_a_failed_command_for_a_stranger_is_not_answered_by_one_that_fails_too(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    failed = CommandFailed(CALLER, ChannelId(CALLER))
    assert exchange.tell(failed)[0] == HangUp(CALLER, ChannelId(CALLER))

    assert exchange.tell(failed) == []


# Commands that failed on an informateur's leg.


def test_a_phone_that_cannot_be_rung_counts_as_missed(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.lose_leg("101")
    exchange.tell(CommandFailed(CALLER, leg.id))

    assert exchange.state() == "waiting"
    assert exchange.agent("101") == "paused"
    assert exchange.details(Step.MISSED) == ["unreachable"]
    assert exchange.tell(LegEnded(CALLER, leg.id, LegEnd.UNREACHABLE)) == []


def test_a_leg_that_cannot_be_joined_brings_the_caller_back_to_the_front(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    leg = exchange.lose_leg("101")
    exchange.tell(CommandFailed(CALLER, leg.id))

    assert exchange.hears()[0] == "agent-lost"
    assert exchange.state() == "waiting"


# Calls found after a restart of the router.


def test_a_caller_found_with_nothing_starts_again(exchange: Exchange) -> None:
    exchange.find()

    assert exchange.hears() == ("welcome",)
    assert exchange.steps() == [Step.ARRIVED]


def test_a_caller_found_waiting_waits_on_at_the_old_rank() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("later")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 50.0)
    assert exchange.hears() == ("queue-still", "rank-next")
    exchange.end_leg("101")
    exchange.wait(30.0)

    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_found_waiting_is_widened_by_the_time_already_waited() -> None:
    exchange = Exchange()
    exchange.appear("102")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 70.0)

    assert exchange.ringing() == {"102": "caller"}


def test_a_caller_found_who_has_waited_too_long_is_told_so(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 2700.0)

    assert exchange.hears() == ("refused-long",)


def test_a_caller_found_who_has_waited_too_long_is_served_if_somebody_is_free(
    exchange: Exchange,
) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 2700.0)

    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_found_waiting_is_told_of_closing() -> None:
    exchange = Exchange(now=MONDAY_10H + 8.2 * HOUR)
    exchange.appear("103")
    exchange.find(sector=HOUSING, joined_at=exchange.now)
    exchange.hear_out()
    exchange.wait(0.05 * HOUR)

    assert exchange.hears() == ("queue-closing",)


def test_two_found_talking_talk_on(exchange: Exchange) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 300.0, agent="101")
    assert exchange.agent("101") == "talking"
    assert exchange.state() == "talking"
    exchange.end_leg("101")
    assert exchange.hears() == ("goodbye",)
    assert exchange.agent("101") == "wrapping up"
    exchange.leave()

    assert exchange.outcome() is Outcome.ANSWERED
    assert exchange.bridges == {}


def test_an_informateur_found_talking_before_the_phone_is_known_to_be_registered() -> None:
    exchange = Exchange()
    exchange.find(sector=HOUSING, agent="101")
    exchange.appear("101")
    exchange.leave()

    assert exchange.agent("101") == "wrapping up"


@pytest.mark.parametrize("sector", [HOUSING, None, SectorId("unknown")])
def test_a_talk_that_cannot_be_taken_up_is_parted(
    exchange: Exchange, sector: SectorId | None
) -> None:
    exchange.choose_housing("other")  # 101 is rung
    commands = exchange.find(sector=sector, joined_at=exchange.now, agent="101")

    assert HangUp(CALLER, ChannelId("old-leg-of-caller")) in commands
    assert Part(CALLER, BridgeId("old-talk-of-caller")) in commands
    assert exchange.hears()[0] == ("queue-still" if sector is HOUSING else "welcome")


# Time.


def test_all_that_is_due_happens_before_the_event(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101")
    exchange.now += 15.0
    commands = exchange.tell(LegAnswered(CALLER, leg.id))

    assert commands.count(HangUp(CALLER, leg.id)) == 2  # at the deadline, and for the answer
    assert exchange.state() == "waiting"


def test_a_deadline_far_behind_is_made_up_for_at_once(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.now += 10 * HOUR
    exchange.tell(TimePassed())

    assert exchange.hears() == ("code-ask", "menu-main")
    next_at = exchange.engine.next_deadline()
    assert next_at is not None
    assert next_at > exchange.now


def test_a_quiet_service_has_no_deadline() -> None:
    exchange = Exchange()
    assert exchange.engine.next_deadline() is None
    exchange.appear("101")
    exchange.arrive()
    exchange.leave()

    assert exchange.engine.next_deadline() is None


# What others may see.


def test_where_every_sector_stands(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing("second", "third")
    exchange.wait(40.0)
    exchange.tell(TimePassed())

    housing, work = exchange.engine.sectors()
    assert housing == SectorSnapshot(HOUSING, 2, 1, 0, 40.0, None)
    assert (work.waiting, work.on_duty, work.ready, work.oldest_wait_s) == (0, 1, 1, None)


def test_how_many_are_in_each_state(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing("second", "third")

    calls, agents = exchange.engine.call_states(), exchange.engine.agent_states()
    assert (calls[CallState.TALKING], calls[CallState.WAITING]) == (1, 2)
    assert sum(calls.values()) == 3
    assert (agents[AgentState.TALKING], agents[AgentState.READY]) == (1, 1)
    assert agents[AgentState.LOGGED_OUT] == 1
    callers, legs = exchange.engine.known()
    assert callers == {"first", "second", "third"}
    assert legs == {exchange.leg("101").id}


def test_what_an_informateurs_screen_shows() -> None:
    exchange = open_exchange(day_plan())
    exchange.choose_housing()
    exchange.wait(2.0)
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.wait(30.0)
    exchange.tell(TimePassed())

    view = exchange.engine.desk(AgentId("101"))
    assert view is not None
    assert (view.state, view.phone, view.present) == (AgentState.TALKING, "101", True)
    assert view.since_at == MONDAY_10H + 2.0
    assert view.until_at is None  # only the call's end ends it
    assert view.call == CallView(CallState.TALKING, HOUSING, Door.MENU, None, 2.0, 30.0, 1)
    assert view.why == Choice(level=1, widened=1, ready=1, idle_s=0.0, waited_s=0.0, open_items=1)
    assert exchange.engine.desk(AgentId("999")) is None
    assert [view.agent for view in exchange.engine.desks()] == ["101", "102", "103"]


def test_a_call_shows_how_long_it_has_waited_while_it_rings() -> None:
    exchange = open_exchange(day_plan())
    exchange.choose_housing()
    exchange.wait(4.0)
    exchange.tell(TimePassed())

    view = exchange.engine.desk(AgentId("101"))
    assert view is not None
    assert view.call == CallView(CallState.RINGING, HOUSING, Door.MENU, None, 4.0, None, 1)


# A restart.


def test_informateurs_are_still_logged_in_after_a_restart() -> None:
    before = open_exchange(day_plan())
    before.ask("101", Pause(LUNCH))
    after = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)), before.now + 60.0)
    after.engine.restore(before.sessions.values(), after.now)
    after.appear("101", "103")

    assert (after.agent("101"), after.agent("103")) == ("paused", "ready")
    after.wait(3600.0 - 60.0)
    assert after.agent("101") == "logged out"


def test_a_session_whose_phone_does_not_come_back_ends() -> None:
    before = open_exchange(day_plan())
    after = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)), before.now + 60.0)
    after.engine.restore(before.sessions.values(), after.now)
    after.wait(after.plan.desk.away_s)
    after.appear("101")
    assert after.agent("101") == "logged out"


def test_sessions_of_those_who_are_gone_are_not_taken_up() -> None:
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    exchange.engine.restore(
        [
            DeskChanged(AgentId("999"), PhoneId("102")),
            DeskChanged(AgentId("101"), None),
            DeskChanged(AgentId("102"), PhoneId("190")),
            DeskChanged(AgentId("103"), PhoneId("190")),  # two at one phone: the first
        ],
        exchange.now,
    )
    exchange.appear("101", "102", "103", "190")

    assert [exchange.agent(name) for name in ("101", "102", "103")] == (
        ["logged out", "ready", "logged out"]
    )


def test_a_referral_found_after_a_restart_goes_on(exchange: Exchange) -> None:
    leg, bridge = exchange.talks_since_before(exchange.asterisk.call_in(CALLER), HEALTH)
    exchange.tell(CallFound(CALLER, HOUSING, MONDAY_10H, None, leg, bridge))
    assert exchange.state() == "referred"
    exchange.end_leg(HEALTH)

    assert exchange.hears() == ("goodbye",)
    assert exchange.bridges == {}


def test_a_talk_found_without_its_bridge_is_not_taken_up(exchange: Exchange) -> None:
    exchange.asterisk.call_in(CALLER)
    leg = ChannelId("old-leg")
    commands = exchange.tell(CallFound(CALLER, HOUSING, exchange.now, AgentId("101"), leg, None))

    assert HangUp(CALLER, leg) in commands
    assert exchange.state() == "ringing"


def test_when_a_call_found_talking_was_answered_is_not_known(exchange: Exchange) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 300.0, agent="101")
    exchange.wait(20.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s, fact.talked_s) == (Outcome.ANSWERED, None, 20)
    assert fact.kept is None


def test_ids_begin_with_the_run_and_are_never_given_twice(exchange: Exchange) -> None:
    ids = []
    for call, keys in (("a", "##000"), ("b", "#1"), ("c", "#2")):
        exchange.arrive(call)
        for key in keys:
            ids += [one.playback for one in exchange.press(key, call) if isinstance(one, Play)]
        exchange.leave(call)

    assert len(ids) == len(set(ids)) == 9
    assert all(one.startswith("run-play-") for one in ids)
    assert all(leg.id.startswith("run-leg-") for leg in exchange.legs)


def test_outcomes_are_counted(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.leave()

    assert exchange.engine.counts["ended left"] == 1


def test_music_is_stopped_before_the_two_are_joined(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.hear_out()
    exchange.answer("101")
    exchange.hear_out()  # that somebody comes
    exchange.hear_whisper("101")
    _, _, commands = exchange.told[-1]

    kinds = [type(one).__name__ for one in commands]
    assert kinds.index("StopMusic") < kinds.index("Join")
    assert StopMusic(CALLER, ChannelId(CALLER)) in commands
    assert not any(isinstance(one, Play) for one in commands)


def test_targets_and_code_policy_are_the_plans(exchange: Exchange) -> None:
    quick = Exchange(small_plan(targets=Targets(ring_s=3), code=CodePolicy(tries=1)))
    quick.appear("101")
    quick.arrive()
    quick.press("#50000000")
    assert quick.hears()[0] == "code-abandoned"
    quick.press("2")
    quick.wait(3.0)

    assert quick.agent("101") == "paused"
