"""What an informateur's own screen shows of the call, the note and the day."""

import pytest

from router.core.desk.agents import PastCall
from router.core.desk.desk_view import AsideView, DeskView, NotingView
from router.core.facts import Door
from router.core.ids import AgentId
from router.core.requests import (
    Consult,
    Hold,
    LogOut,
    Note,
    Pause,
    Ready,
    Refer,
    Reply,
    Result,
    Transfer,
)
from tests.core.desk.steps import after_a_call
from tests.exchange import Exchange
from tests.service_plan import FICHE, HEALTH, HOUSING, LUNCH, WORK, day_plan

DAY_S = 86_400.0


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing and 103 of work are ready."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    return exchange


def view(exchange: Exchange, agent: str = "101") -> DeskView:
    seen = exchange.engine.desk(AgentId(agent))
    assert seen is not None
    return seen


def past(exchange: Exchange, agent: str = "101") -> list[PastCall]:
    return exchange.engine.past(AgentId(agent), exchange.now)


def test_what_was_asked_for_during_the_call_is_shown(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Pause(LUNCH))
    assert (view(exchange).pausing, view(exchange).leaving) == (LUNCH, False)
    exchange.ask("101", LogOut())
    assert view(exchange).leaving
    exchange.ask("101", Ready())
    assert (view(exchange).pausing, view(exchange).leaving) == (None, False)


def test_who_is_consulted_is_shown_to_both(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))
    mine = view(exchange).call
    theirs = view(exchange, "103").call
    assert mine is not None
    assert theirs is not None
    assert mine.aside == AsideView(WORK, None, joined=False)
    assert (mine.consulted, theirs.consulted) == (False, True)
    exchange.answer("103")
    exchange.hear_whisper("103")
    joined = view(exchange).call
    assert joined is not None
    assert joined.aside == AsideView(WORK, None, joined=True)


def test_where_a_caller_is_referred_is_shown(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=False))
    call = view(exchange).call
    assert call is not None
    assert call.aside == AsideView(None, HEALTH, joined=False)


def test_a_call_that_was_passed_on_says_so(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Transfer(WORK))
    exchange.hear_out()
    exchange.wait(0.0)
    call = view(exchange, "103").call
    assert call is not None
    assert call.passed_on


def test_a_call_can_be_noted_until_it_is_noted_or_too_late(exchange: Exchange) -> None:
    assert view(exchange).noting is None
    after_a_call(exchange, with_code=True)
    ends_at = exchange.now + 30.0
    assert view(exchange).noting == NotingView(HOUSING, FICHE, ends_at)
    exchange.ask("101", Note())
    assert view(exchange).noting is None

    exchange.ask("101", Ready())
    after_a_call(exchange, "second")
    exchange.wait(31.0)
    exchange.wait(1.0)
    assert view(exchange).noting is None


def test_the_conversations_of_the_day(exchange: Exchange) -> None:
    assert past(exchange) == []
    assert past(exchange, "999") == []
    exchange.talk("101")
    exchange.wait(20.0)
    exchange.ask("101", Hold())
    exchange.wait(10.0)
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.ask("101", Note(result=Result.PARTLY))
    exchange.ask("101", Ready())
    exchange.wait(5.0)
    after_a_call(exchange, "second", with_code=True)

    first, second = past(exchange)
    assert (first.sector, first.fiche, first.door) == (HOUSING, None, Door.MENU)
    assert (first.talked_s, first.result) == (30.0, Result.PARTLY)
    assert (second.fiche, second.door, second.result) == (FICHE, Door.CODE, None)
    assert second.ended_at > first.ended_at
    assert past(exchange, "103") == []


def test_a_note_is_of_the_last_conversation_only(exchange: Exchange) -> None:
    after_a_call(exchange)
    exchange.ask("101", Ready())
    after_a_call(exchange, "second")
    assert exchange.ask("101", Note(result=Result.OUT_OF_SCOPE)) is Reply.NOTED
    assert [one.result for one in past(exchange)] == [
        None,
        Result.OUT_OF_SCOPE,
    ]


def test_the_next_day_begins_without_any(exchange: Exchange) -> None:
    after_a_call(exchange)
    exchange.wait(DAY_S)
    assert past(exchange) == []
