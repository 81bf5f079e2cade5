"""The informateur hears which page the caller has read, however the call came in."""

from dataclasses import replace

import pytest

from router.core.commands import TakeNumber
from router.core.events import LegEnd, Resynced
from router.core.facts import Door
from router.core.ids import AgentId, FicheId, TicketId
from router.core.plan import CallbackPolicy
from router.core.requests import Pause, Transfer
from tests.exchange import Exchange
from tests.service_plan import BREAK, FICHE, HOUSING, WORK, day_plan, small_plan

HOUSING_PAGE = ("sector-logement", "fiche-f1234")
GONE = FicheId("F9999")


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


def by_code(exchange: Exchange, call: str = "caller") -> None:
    exchange.arrive(call)
    exchange.press(f"#{exchange.code}", call)


def told(exchange: Exchange, agent: str = "101") -> tuple[str, ...]:
    """Return what the whisper says between the reason for the call and the wait."""
    exchange.answer(agent)
    said = exchange.informateur_hears(agent)
    assert said[-2] == "whisper-waited"
    return said[1:-2]


def shown(exchange: Exchange, agent: str = "101") -> FicheId | None:
    """Return the page on the informateur's screen."""
    view = exchange.engine.desk(AgentId(agent))
    assert view is not None
    assert view.call is not None
    return view.call.fiche


def restarted(exchange: Exchange) -> Exchange:
    """Return a restarted router with the tickets of the old one."""
    after = Exchange(exchange.plan, now=exchange.now)
    after.saved.update(exchange.saved)
    after.appear("101")
    records = list(exchange.saved.values())
    after.restore_tickets(records)
    return after


def test_a_caller_who_typed_a_code_has_read_its_page(exchange: Exchange) -> None:
    by_code(exchange)
    assert shown(exchange) == FICHE
    assert told(exchange) == HOUSING_PAGE


def test_a_caller_who_came_by_the_menu_has_read_none_that_we_know_of(exchange: Exchange) -> None:
    exchange.choose_housing()
    assert told(exchange) == ("sector-logement",)
    assert shown(exchange) is None


def test_the_page_follows_a_transfer(exchange: Exchange) -> None:
    exchange.appear("103")
    by_code(exchange)
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.ask("101", Transfer(WORK))
    assert told(exchange, "103") == ("sector-travail", "fiche-f1234")
    assert shown(exchange, "103") == FICHE


def test_the_page_follows_a_caller_whose_informateur_was_cut_off(exchange: Exchange) -> None:
    by_code(exchange)
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.end_leg("101", LegEnd.LOST)
    exchange.appear("102")
    exchange.wait(60.0)
    assert told(exchange, "102") == HOUSING_PAGE


def test_a_callback_asked_for_on_a_page_is_about_that_page(exchange: Exchange) -> None:
    exchange.ask_callback("t", HOUSING, FICHE)
    assert shown(exchange) == FICHE
    assert told(exchange) == HOUSING_PAGE
    assert shown(exchange) == FICHE
    exchange.press("1", exchange.pick_up("t"))
    assert shown(exchange) == FICHE


def test_a_callback_asked_for_by_domain_is_about_no_page(exchange: Exchange) -> None:
    exchange.ask_callback("t", HOUSING)
    assert told(exchange) == ("sector-logement",)


def test_the_page_follows_a_caller_who_chooses_a_callback(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    by_code(exchange)
    exchange.wait(CallbackPolicy().offer_after_s)
    exchange.press("5")
    [asked] = [
        command
        for _, _, commands in exchange.told
        for command in commands
        if isinstance(command, TakeNumber)
    ]
    assert (asked.sector, asked.fiche) == (HOUSING, FICHE)


def test_the_page_follows_a_caller_who_calls_in_instead_of_being_called_back(
    exchange: Exchange,
) -> None:
    exchange.talk("101", "other")
    exchange.ask_callback("t", HOUSING, FICHE)
    code = exchange.engine.ticket_code(TicketId("t"))
    exchange.arrive()
    exchange.press(f"#{code}")
    exchange.appear("102")
    exchange.wait(60.0)
    assert told(exchange, "102") == HOUSING_PAGE


# After a restart of the router.


def test_the_page_is_noted_on_a_waiting_callers_channel(exchange: Exchange) -> None:
    by_code(exchange)
    remembered = exchange.caller("caller").remembered
    assert remembered is not None
    assert remembered.fiche == FICHE


def test_the_page_of_a_caller_found_waiting() -> None:
    after = Exchange(day_plan())
    after.appear("101")
    after.find(sector=HOUSING, joined_at=after.now, fiche=FICHE)
    assert told(after) == HOUSING_PAGE


def test_the_page_of_a_caller_found_talking(exchange: Exchange) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now, agent="101", fiche=FICHE)
    assert shown(exchange) == FICHE


@pytest.mark.parametrize("agent", [None, "101"])
def test_a_caller_who_is_found_came_in_as_before(agent: str | None) -> None:
    for fiche, door in ((FICHE, Door.CODE), (None, Door.MENU)):
        after = Exchange(day_plan())
        after.find(sector=HOUSING, joined_at=after.now, agent=agent, fiche=fiche)
        after.leave()
        [fact] = after.call_facts()
        assert fact.door is door


def test_the_page_of_a_callback_that_is_found(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.ask_callback("t", HOUSING, FICHE)
    assert told(restarted(exchange)) == HOUSING_PAGE


def test_a_page_no_longer_in_the_plan_is_not_announced() -> None:
    after = Exchange(day_plan())
    after.appear("101")
    after.find(sector=HOUSING, joined_at=after.now, fiche=GONE)
    assert told(after) == ("sector-logement",)
    assert shown(after) is None


def test_a_ticket_about_a_page_no_longer_in_the_plan_is_kept(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.ask_callback("t", HOUSING, FICHE)
    exchange.saved[TicketId("t")] = replace(exchange.saved[TicketId("t")], fiche=GONE)
    after = restarted(exchange)
    assert shown(after) is None
    assert told(after) == ("sector-logement",)
    after.tell(Resynced())


def test_the_prompt_of_a_page_has_an_id_of_its_own() -> None:
    assert small_plan().fiches[FICHE].prompt == "fiche-f1234"
