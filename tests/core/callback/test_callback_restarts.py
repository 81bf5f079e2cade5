"""Tickets after a restart of the router, and after a reboot."""

from dataclasses import replace

import pytest

from router.core.callback.tickets import Failure, TicketRecord, TicketState
from router.core.commands import HangUp, Step
from router.core.events import CallFound, Resynced, TicketsFound
from router.core.facts import Outcome
from router.core.ids import AgentId, CallId, ChannelId, FicheId, PhoneId, SectorId, TicketId
from router.core.plan import Plan
from tests.core.callback.steps import RULES, dialled, promised, state
from tests.exchange import Exchange
from tests.service_plan import FICHE, GENERAL, HOUSING, day_plan, general_plan


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


def test_after_a_restart_no_attempt_is_dialled_twice(exchange: Exchange) -> None:
    dialled(exchange)
    record = exchange.saved[TicketId("t")]
    after = Exchange(day_plan(), now=exchange.now + 5)
    after.restore_tickets([record])
    after.appear("101")
    assert after.ringing() == {}
    after.tell(Resynced())
    assert after.saved[TicketId("t")].failure is Failure.INTERRUPTED
    after.answer("101")
    assert after.saved[TicketId("t")].attempts == 2


def restarted(exchange: Exchange) -> Exchange:
    """Return the service after a restart, with its one informateur."""
    record = exchange.saved[TicketId("t")]
    after = Exchange(day_plan(), now=exchange.now + 5)
    after.restore_tickets([record])
    after.saved[TicketId("t")] = record
    after.appear("101")
    return after


@pytest.mark.parametrize(
    ("plan", "fiche", "sector"),
    [
        (day_plan(), FICHE, HOUSING),  # that of the page
        (general_plan(day_plan()), None, GENERAL),
        (day_plan(), None, HOUSING),  # the first
    ],
    ids=["page", "general queue", "any"],
)
def test_after_a_restart_a_ticket_of_a_sector_no_longer_in_the_plan_is_kept(
    exchange: Exchange, plan: Plan, fiche: FicheId | None, sector: SectorId
) -> None:
    exchange.ask_callback("t", HOUSING)
    old = replace(exchange.saved[TicketId("t")], sector=SectorId("no more"), fiche=fiche)
    after = Exchange(plan, now=exchange.now + 5)
    after.restore_tickets([old])
    after.appear("101")

    [kept] = after.engine.open_tickets()
    assert kept.sector == sector
    assert list(after.ringing()) == ["101"]


def test_after_a_restart_nobody_who_had_pressed_1_is_called_again(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after = restarted(exchange)
    after.tell(Resynced())
    assert state(after) is TicketState.DONE
    assert after.ringing() == {}


def test_after_a_restart_a_person_who_had_pressed_1_is_served_next(exchange: Exchange) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.find(call, HOUSING, exchange.now)
    after.tell(Resynced())
    assert after.hears(call) == ("agent-lost",)
    assert after.ringing() == {"101": call}
    assert state(after) is TicketState.TALKING


def test_after_a_restart_a_person_who_was_hearing_the_question_is_asked_again(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.pick_up("t")
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.find(call)
    after.tell(Resynced())
    assert after.hears(call) == ("callback-ask",)
    after.press("1", call)
    after.answer("101")
    after.hear_whisper("101")
    assert after.together("101", call)
    assert after.saved[TicketId("t")].attempts == 1


def picked_up(exchange: Exchange, call: CallId) -> CallFound:
    """Return how the person and the informateur, who are not joined, are found."""
    person = exchange.asterisk.call_in(call)
    phone = PhoneId("101")
    leg = exchange.asterisk.picked_up_since_before(person, ChannelId("old-leg"), "101", phone)
    return CallFound(call, HOUSING, exchange.now, AgentId("101"), leg.id)


def test_after_a_restart_the_informateur_goes_on_waiting_for_the_answer(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.pick_up("t")
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.tell(picked_up(after, call))
    after.tell(Resynced())
    assert after.hears(call) == ("callback-ask",)
    after.press("1", call)
    assert after.together("101", call)


def test_after_a_restart_a_person_who_had_pressed_1_is_joined_with_who_picked_up(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.tell(picked_up(after, call))
    after.tell(Resynced())
    assert after.together("101", call)


def test_after_a_restart_a_person_who_had_been_served_is_not_called_again(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    exchange.end_leg("101")
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.asterisk.call_in(call)
    after.tell(CallFound(call, served=True))
    after.tell(Resynced())
    assert after.hears(call) == ("goodbye",)
    after.leave(call)
    assert state(after) is TicketState.DONE
    assert after.ringing() == {}


def test_after_a_restart_a_person_whose_informateur_is_not_of_the_plan_is_asked_alone(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.pick_up("t")
    after = restarted(exchange)
    call = exchange.attempt("t")
    found = picked_up(after, call)
    assert HangUp(call, ChannelId("old-leg")) in after.tell(replace(found, agent=AgentId("999")))
    assert after.hears(call) == ("callback-ask",)


def test_a_person_who_picked_up_while_asterisk_was_away_is_asked(exchange: Exchange) -> None:
    dialled(exchange)
    call = exchange.attempt("t")
    exchange.find(call)
    exchange.tell(Resynced())
    assert exchange.hears(call) == ("callback-ask",)


def test_a_reboot_loses_open_tickets_and_says_so(exchange: Exchange) -> None:
    promised(exchange)
    record = exchange.saved[TicketId("t")]
    after = Exchange(day_plan(), now=exchange.now + 5)
    after.restore_tickets([record], lost=True)
    assert after.saved[TicketId("t")].state is TicketState.LOST_REBOOT
    [fact] = after.call_facts()
    assert (fact.outcome, fact.kept) == (Outcome.LOST_REBOOT, False)
    assert after.notes[0].step is Step.NUMBER_LOST
    assert after.engine.open_ticket_ids() == frozenset()


# Tickets that could not be read at the start.


def started_without_tickets(exchange: Exchange) -> tuple[Exchange, TicketRecord]:
    """Return the service after a restart at which no ticket could be read, and the ticket."""
    after = Exchange(day_plan(), now=exchange.now + 5)
    after.appear("101")
    after.tell(Resynced())
    return after, exchange.saved[TicketId("t")]


def test_a_ticket_that_is_read_late_is_kept_all_the_same(exchange: Exchange) -> None:
    promised(exchange)
    after, record = started_without_tickets(exchange)
    assert after.ringing() == {}
    after.tell(TicketsFound((record,)))
    [found] = after.engine.open_tickets()
    assert (found.ticket, found.due_at) == (record.ticket, record.due_at)
    assert list(after.ringing()) == ["101"]
    after.tell(TicketsFound((record,)))
    assert len(after.engine.open_tickets()) == 1, "read again, it is known"


def test_an_attempt_that_is_read_late_is_over_and_counted(exchange: Exchange) -> None:
    dialled(exchange)
    after, record = started_without_tickets(exchange)
    after.tell(TicketsFound((record,)))
    assert after.saved[TicketId("t")].failure is Failure.INTERRUPTED
    after.answer("101")
    assert after.saved[TicketId("t")].attempts == 2


def test_somebody_called_back_who_is_served_already_is_not_called_again(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after, record = started_without_tickets(exchange)
    call = exchange.attempt("t")
    after.find(call, HOUSING, exchange.now)
    assert after.ringing() == {"101": call}
    after.tell(TicketsFound((record,)))
    assert after.saved[TicketId("t")].state is TicketState.DONE
    assert call in after.engine.board.calls
    assert after.ringing() == {"101": call}


def test_a_ticket_that_is_read_after_its_time_has_expired_and_rings_nobody(
    exchange: Exchange,
) -> None:
    promised(exchange)
    after, record = started_without_tickets(exchange)
    overdue = replace(record, due_at=after.now - RULES.grace_s)
    after.tell(TicketsFound((overdue,)))
    assert after.saved[TicketId("t")].state is TicketState.EXPIRED
    assert after.ringing() == {}
