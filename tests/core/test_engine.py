"""Failed commands, time, and what others may see of the engine."""

import pytest

from router.core.call.life import CallState
from router.core.commands import HangUp, Step
from router.core.desk.agents import AgentState, Choice
from router.core.desk.desk_view import CallView
from router.core.events import CommandFailed, LegAnswered, LegEnd, LegEnded, TimePassed
from router.core.facts import Door
from router.core.ids import AgentId, CallId
from router.core.plan import Plan
from router.core.standing import SectorSnapshot
from tests.exchange import Exchange
from tests.service_plan import HOUR, HOUSING, MONDAY_10H, day_plan, small_plan

CALLER = CallId("caller")


def open_exchange(plan: Plan | None = None) -> Exchange:
    exchange = Exchange(plan or small_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def exchange() -> Exchange:
    return open_exchange()


# Commands that failed on an informateur's leg.


def test_a_phone_that_cannot_be_rung_counts_as_missed(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.lose_leg("101")
    commands = exchange.tell(CommandFailed(CALLER, leg.id))

    assert HangUp(CALLER, leg.id) in commands  # for it may have failed with the phone still there
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


# Time.


def test_everything_due_is_done_before_the_event(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101")
    exchange.now += 15.0
    commands = exchange.tell(LegAnswered(CALLER, leg.id))

    assert commands.count(HangUp(CALLER, leg.id)) == 2  # at the deadline, and after the answer
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


def test_the_state_of_every_sector(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing("second", "third")
    exchange.wait(40.0)
    exchange.tell(TimePassed())

    housing, work = exchange.engine.sectors()
    assert housing == SectorSnapshot(HOUSING, 2, 1, 0, 40.0, None)
    assert (work.waiting, work.on_duty, work.ready, work.oldest_wait_s) == (0, 1, 1, None)


def test_how_many_informateurs_and_calls_are_in_each_state(exchange: Exchange) -> None:
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
    assert view.until_at is None  # it ends with the call
    assert view.call == CallView(
        *(CallState.TALKING, HOUSING, Door.MENU, None, 2.0, 30.0, 1), talking_at=MONDAY_10H + 2.0
    )
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
