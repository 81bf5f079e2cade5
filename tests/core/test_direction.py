"""What supervisors direct: done at once, kept for the audit, over at the day's end."""

from dataclasses import replace
from datetime import date, time

import pytest

from router.core.commands import TodayChanged
from router.core.desk.agents import AgentState
from router.core.facts import DirectiveFact, Outcome
from router.core.hours import Hours
from router.core.ids import AgentId, ReasonId, SectorId
from router.core.requests import (
    CloseEarly,
    Directive,
    LogOut,
    MakeReady,
    Move,
    Pause,
    Ready,
    Reopen,
    Reply,
    SendOnPause,
    TellAll,
)
from router.core.today import Message, Moved, Skill, Today
from tests.exchange import Exchange
from tests.rules import check_engine, check_exchange, check_queue
from tests.service_plan import BREAK, HOUR, HOUSING, LUNCH, MONDAY_10H, WORK, day_plan

MONDAY = date(2026, 11, 23)
LEE = AgentId("101")
WHY = "Le réseau de Metz est coupé."
CLOSES_AT = MONDAY_10H + 8.25 * HOUR
MIDNIGHT = MONDAY_10H + 14 * HOUR


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101", "102", "103")
    return exchange


def audit(exchange: Exchange) -> list[DirectiveFact]:
    return [fact for fact in exchange.facts if isinstance(fact, DirectiveFact)]


def direct(exchange: Exchange, directive: Directive) -> Reply:
    reply = exchange.direct(directive, WHY)
    check_engine(exchange.engine, exchange.now)
    check_queue(exchange.engine, exchange.now)
    check_exchange(exchange)
    return reply


# Pauses.


def test_somebody_is_sent_on_pause_and_made_ready(exchange: Exchange) -> None:
    assert direct(exchange, SendOnPause(LEE, LUNCH)) is Reply.PAUSED
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert (view.state, view.reason, view.directed_by) == (AgentState.PAUSED, LUNCH, "sup")
    assert direct(exchange, MakeReady(LEE)) is Reply.READY
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert (view.state, view.directed_by) == (AgentState.READY, "sup")
    assert audit(exchange) == [
        DirectiveFact(MONDAY_10H, "sup", "send on pause", LEE, LUNCH, WHY),
        DirectiveFact(MONDAY_10H, "sup", "make ready", LEE, "", WHY),
    ]


def test_a_call_is_not_cut_short_by_it(exchange: Exchange) -> None:
    exchange.talk("101")
    assert direct(exchange, SendOnPause(LEE, BREAK)) is Reply.AFTER_CALL
    assert exchange.together("101", "caller")
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert view.directed_by == "sup"
    exchange.end_leg("101")
    exchange.wait(exchange.plan.targets.wrap_up_s)
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert (view.state, view.reason, view.directed_by) == (AgentState.PAUSED, BREAK, "sup")


def test_what_an_informateur_asks_for_afterwards_is_their_own(exchange: Exchange) -> None:
    for request in (Ready(), Pause(BREAK), LogOut()):
        direct(exchange, SendOnPause(LEE, LUNCH))
        exchange.ask("101", request)
        view = exchange.engine.desk(LEE)
        assert view is not None
        assert view.directed_by is None, request


def test_a_missed_call_is_nobody_s_order(exchange: Exchange) -> None:
    direct(exchange, SendOnPause(LEE, LUNCH))
    direct(exchange, MakeReady(LEE))
    exchange.choose_housing()
    exchange.wait(exchange.plan.targets.ring_s)
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert (view.state, view.directed_by) == (AgentState.PAUSED, None)


@pytest.mark.parametrize(
    ("directive", "reply"),
    [
        (SendOnPause(AgentId("999"), LUNCH), Reply.UNKNOWN_AGENT),
        (SendOnPause(LEE, ReasonId("sieste")), Reply.UNKNOWN_REASON),
        (MakeReady(AgentId("999")), Reply.UNKNOWN_AGENT),
        (Move(AgentId("999"), (Skill(WORK, 1),)), Reply.UNKNOWN_AGENT),
        (Move(LEE, (Skill(WORK, 1), Skill(SectorId("impots"), 1))), Reply.UNKNOWN_SECTOR),
        (Move(LEE, None), Reply.NOTHING_TO_UNDO),
        (CloseEarly(CLOSES_AT), Reply.NOT_EARLIER),
        (CloseEarly(CLOSES_AT + HOUR), Reply.NOT_EARLIER),
        (CloseEarly(MONDAY_10H + 24 * HOUR), Reply.NOT_EARLIER),
        (Reopen(), Reply.NOTHING_TO_UNDO),
        (TellAll(None), Reply.NOTHING_TO_UNDO),
    ],
)
def test_what_is_refused_changes_nothing_and_is_in_no_audit(
    exchange: Exchange, directive: Directive, reply: Reply
) -> None:
    assert direct(exchange, directive) is reply
    assert audit(exchange) == []
    assert exchange.today is None
    assert exchange.engine.plan == exchange.plan


def test_nobody_is_sent_on_pause_who_is_not_there(exchange: Exchange) -> None:
    exchange.ask("101", LogOut())
    assert direct(exchange, SendOnPause(LEE, LUNCH)) is Reply.NOT_LOGGED_IN
    exchange.vanish("102")
    assert direct(exchange, MakeReady(AgentId("102"))) is Reply.PHONE_ABSENT


# Skills.


def test_other_skills_serve_who_waits_at_once(exchange: Exchange) -> None:
    exchange.ask("102", Pause(BREAK))
    exchange.ask("103", Pause(BREAK))
    exchange.arrive()
    exchange.press("#111")
    assert exchange.ringing() == {}
    assert direct(exchange, Move(LEE, (Skill(WORK, 1),))) is Reply.DIRECTED
    assert list(exchange.ringing()) == ["101"]
    assert exchange.today == Today(MONDAY, moved=(Moved(LEE, (Skill(WORK, 1),)),))
    assert audit(exchange)[-1].detail == "travail=1"
    view = exchange.engine.desk(LEE)
    assert view is not None
    assert (view.skills, view.moved) == ({WORK: 1}, True)


def test_the_plan_s_skills_come_back_when_they_are_asked_for(exchange: Exchange) -> None:
    direct(exchange, Move(LEE, (Skill(WORK, 1),)))
    assert direct(exchange, Move(LEE, None)) is Reply.DIRECTED
    assert exchange.engine.plan == exchange.plan
    assert exchange.today == Today(MONDAY)


def test_a_call_that_rings_is_not_taken_away_by_other_skills(exchange: Exchange) -> None:
    exchange.choose_housing()
    assert list(exchange.ringing()) == ["101"]
    direct(exchange, Move(LEE, (Skill(WORK, 1),)))
    assert list(exchange.ringing()) == ["101"]
    exchange.answer("101")
    exchange.hear_whisper("101")
    assert exchange.together("101", "caller")


# Hours.


def test_closing_at_once_serves_who_waits_and_nobody_else(exchange: Exchange) -> None:
    for agent in ("101", "102"):
        exchange.ask(agent, Pause(BREAK))
    exchange.choose_housing("waits")
    assert direct(exchange, CloseEarly()) is Reply.DIRECTED
    assert "queue-closing" in exchange.hears("waits")
    exchange.arrive("later")
    assert exchange.state("later") == "closed"
    assert "closed-exceptional" in exchange.hears("later")
    exchange.ask("101", Ready())
    assert exchange.ringing() == {"101": "waits"}
    assert audit(exchange)[-1].detail == "10:00"
    exchange.leave("later")
    assert exchange.outcome("later") is Outcome.CLOSED


def test_closing_at_a_time_and_reopening(exchange: Exchange) -> None:
    assert direct(exchange, CloseEarly(MONDAY_10H + HOUR)) is Reply.DIRECTED
    assert exchange.engine.plan.hours.closes_at(exchange.now) == MONDAY_10H + HOUR
    assert audit(exchange)[-1].detail == "11:00"
    exchange.wait(2 * HOUR)
    exchange.arrive("at noon")
    assert exchange.state("at noon") == "closed"
    assert direct(exchange, Reopen()) is Reply.DIRECTED
    assert exchange.engine.plan == exchange.plan
    exchange.arrive("after noon")
    assert exchange.state("after noon") == "welcome"


def test_no_callback_is_promised_beyond_an_early_closing(exchange: Exchange) -> None:
    direct(exchange, CloseEarly(MONDAY_10H + 1200))
    assert exchange.engine.admission(HOUSING, exchange.now).due_at == MONDAY_10H + 1200


def test_an_early_closing_can_be_moved_within_what_was_planned(exchange: Exchange) -> None:
    direct(exchange, CloseEarly(MONDAY_10H + HOUR))
    assert direct(exchange, CloseEarly(MONDAY_10H + 3 * HOUR)) is Reply.DIRECTED
    assert exchange.engine.plan.hours.closes_at(exchange.now) == MONDAY_10H + 3 * HOUR
    exchange.wait(4 * HOUR)
    assert direct(exchange, CloseEarly()) is Reply.NOT_EARLIER


def test_an_opening_yet_to_come_may_be_given_up() -> None:
    exchange = Exchange(day_plan(), now=MONDAY_10H - 2 * HOUR)
    assert direct(exchange, CloseEarly()) is Reply.DIRECTED
    assert exchange.engine.plan.hours.instants(MONDAY) == []


# Messages.


def test_a_message_is_on_every_desk_until_it_is_taken_back(exchange: Exchange) -> None:
    assert direct(exchange, TellAll("Réunion à 11 h.")) is Reply.DIRECTED
    said = Message(MONDAY_10H, "sup", "Réunion à 11 h.")
    assert [view.message for view in exchange.engine.desks()] == [said] * 3
    assert exchange.today == Today(MONDAY, message=said)
    assert direct(exchange, TellAll(None)) is Reply.DIRECTED
    assert [view.message for view in exchange.engine.desks()] == [None] * 3


# The day's end, restarts and new plans.


def all_of_it(exchange: Exchange) -> None:
    direct(exchange, Move(LEE, (Skill(WORK, 1),)))
    direct(exchange, CloseEarly(MONDAY_10H + HOUR))
    direct(exchange, TellAll("Réunion."))


def test_all_is_as_planned_the_next_day(exchange: Exchange) -> None:
    all_of_it(exchange)
    exchange.wait(MIDNIGHT - exchange.now - 1)
    assert exchange.engine.plan != exchange.plan
    exchange.wait(2)
    assert exchange.engine.plan == exchange.plan
    assert exchange.today == Today(date(2026, 11, 24))
    assert all(view.message is None for view in exchange.engine.desks())
    assert ("today",) not in exchange.engine.board.timers


def test_it_survives_a_restart(exchange: Exchange) -> None:
    all_of_it(exchange)
    assert exchange.today is not None
    after = Exchange(exchange.plan, now=exchange.now + 60)
    after.engine.restore_today(exchange.today, after.now)
    after.engine.restore(exchange.sessions.values(), after.now)
    after.appear("101", "102", "103")
    assert after.engine.plan == exchange.engine.plan
    assert after.engine.desks()[0].message == exchange.engine.desks()[0].message
    assert after.agent("101") == "ready"
    after.choose_housing()
    after.wait(exchange.plan.targets.widening_s[1])
    assert list(after.ringing()) == ["102"], "101 serves work alone"
    check_engine(after.engine, after.now)
    after.leave()
    after.wait(MIDNIGHT - after.now)
    assert after.engine.plan == exchange.plan


def test_what_was_changed_yesterday_is_forgotten(exchange: Exchange) -> None:
    all_of_it(exchange)
    assert exchange.today is not None
    after = Exchange(exchange.plan, now=MIDNIGHT + 10 * HOUR)
    after.engine.restore_today(exchange.today, after.now)
    assert after.engine.plan == exchange.plan
    assert after.engine.board.today is None


def test_a_new_plan_goes_on_with_it(exchange: Exchange) -> None:
    all_of_it(exchange)
    longer = {1: ((time(8, 30), time(20)),)}
    plan = replace(exchange.plan, hours=Hours(week=longer), name="Un autre")
    commands = exchange.change_plan(plan)
    assert not any(isinstance(one, TodayChanged) for one in commands)
    engine = exchange.engine
    assert engine.plan.name == "Un autre"
    assert engine.plan.hours.closes_at(exchange.now) == MONDAY_10H + HOUR
    assert engine.plan.agents[LEE].skills == {WORK: 1}
    direct(exchange, Reopen())
    assert engine.plan.hours.closes_at(exchange.now) == MONDAY_10H + 10 * HOUR
    direct(exchange, Move(LEE, None))
    assert engine.plan == plan


def test_who_is_gone_by_a_new_plan_is_not_moved_into_it(exchange: Exchange) -> None:
    all_of_it(exchange)
    agents = {one.id: one for one in exchange.plan.agents.values() if one.id != LEE}
    exchange.change_plan(replace(exchange.plan, agents=agents))
    assert LEE not in exchange.engine.plan.agents
    check_engine(exchange.engine, exchange.now)
