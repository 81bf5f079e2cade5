"""Callbacks: promised, dialled once an informateur has picked up, tried twice, ended once."""

import pytest

from router.core.callback.tickets import OURS, Failure, TicketState
from router.core.events import CallbackCancelled, CalledAgain, CalledEnd, CalledEnded, NumberTaken
from router.core.facts import Outcome
from router.core.ids import CallId, TicketId
from router.core.requests import Pause, Ready
from tests.core.callback.steps import RULES, dialled, promised, state
from tests.exchange import Exchange
from tests.service_plan import BREAK, day_plan


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


def test_the_informateur_comes_first_then_the_number_is_dialled(exchange: Exchange) -> None:
    promised(exchange)
    assert state(exchange) is TicketState.RINGING
    assert exchange.saved[TicketId("t")].attempts == 0
    exchange.answer("101")
    assert exchange.informateur_hears("101")[0] == "whisper-callback"
    assert state(exchange) is TicketState.DIALLING
    call = exchange.pick_up("t")
    assert exchange.hears(call) == ("callback-ask",)
    exchange.hear_whisper("101")
    exchange.press("1", call)
    assert exchange.together("101", call)
    assert state(exchange) is TicketState.TALKING
    exchange.end_leg("101")
    exchange.leave(call)
    assert state(exchange) is TicketState.DONE
    [fact] = exchange.call_facts()
    assert (fact.door, fact.outcome, fact.kept) == ("callback", "answered", True)


def test_a_ticket_is_shown_as_it_is_now_and_stored_as_it_was_told(exchange: Exchange) -> None:
    promised(exchange)
    [shown], [stored] = exchange.engine.tickets_now(), exchange.engine.open_tickets()
    assert (shown.state, stored.state) == (TicketState.RINGING, TicketState.WAITING)
    exchange.answer("101")
    exchange.pick_up("t")
    [shown], [stored] = exchange.engine.tickets_now(), exchange.engine.open_tickets()
    assert (shown.state, stored.state) == (TicketState.ASKING, TicketState.DIALLING)


def test_the_next_carrier_may_let_it_ring_as_long(exchange: Exchange) -> None:
    dialled(exchange)
    exchange.wait(RULES.ring_s - 1)
    exchange.tell(CalledAgain(exchange.attempt("t")))
    exchange.wait(RULES.ring_s - 1)
    assert state(exchange) is TicketState.DIALLING
    assert exchange.saved[TicketId("t")].attempts == 1
    exchange.wait(2)
    assert exchange.saved[TicketId("t")].failure is Failure.NO_ANSWER


@pytest.mark.parametrize(
    ("why", "failure", "after_s"),
    [
        (CalledEnd.BUSY, Failure.BUSY, RULES.busy_retry_s),
        (CalledEnd.DECLINED, Failure.DECLINED, RULES.no_answer_retry_s),
        (CalledEnd.NO_ANSWER, Failure.NO_ANSWER, RULES.no_answer_retry_s),
        (CalledEnd.UNASSIGNED, Failure.UNASSIGNED, RULES.busy_retry_s),
        (CalledEnd.REFUSED, Failure.TRUNK, RULES.busy_retry_s),
        (CalledEnd.FAILED, Failure.TRUNK, RULES.busy_retry_s),
        (CalledEnd.SILENT, Failure.TRUNK, RULES.busy_retry_s),
    ],
)
def test_a_second_attempt_is_made_inside_the_promise(
    exchange: Exchange, why: CalledEnd, failure: Failure, after_s: int
) -> None:
    dialled(exchange)
    exchange.tell(CalledEnded(exchange.attempt("t"), why))
    assert (state(exchange), exchange.saved[TicketId("t")].failure) == (
        TicketState.WAITING,
        failure,
    )
    exchange.confirm_hang_ups()
    exchange.wait(after_s - 1)
    assert exchange.ringing() == {}
    exchange.wait(2)
    exchange.answer("101")
    assert exchange.saved[TicketId("t")].attempts == 2
    exchange.tell(CalledEnded(exchange.attempt("t"), why))
    assert state(exchange) is TicketState.FAILED
    [fact] = exchange.call_facts()
    outcome = Outcome.FAILED if failure in OURS else Outcome.NOT_REACHED
    assert (fact.outcome, fact.attempts) == (outcome, 2)


def test_a_voicemail_presses_no_key_and_gets_no_message(exchange: Exchange) -> None:
    dialled(exchange)
    call = exchange.pick_up("t")
    exchange.hear_out(call)
    exchange.wait(exchange.plan.targets.first_key_s)
    exchange.hear_out(call)  # the question, once more
    exchange.wait(exchange.plan.targets.first_key_s)
    assert exchange.caller(call).hung_up
    assert exchange.saved[TicketId("t")].failure is Failure.VOICEMAIL
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"


def test_the_ticket_keeps_its_rank_when_an_informateur_does_not_answer(exchange: Exchange) -> None:
    exchange.appear("102")
    promised(exchange)
    assert exchange.ringing().keys() == {"101"}
    exchange.wait(exchange.plan.targets.ring_s)
    exchange.wait(60)
    assert exchange.ringing().keys() <= {"101", "102"}
    assert exchange.saved[TicketId("t")].attempts == 0


@pytest.mark.parametrize("at", ["ringing", "dialling", "asking", "waiting"])
def test_cancelling_undoes_everything_at_once(exchange: Exchange, at: str) -> None:
    if at == "waiting":
        exchange.talk("101", "other")
    promised(exchange)
    if at in ("dialling", "asking"):
        exchange.answer("101")
    if at == "asking":
        exchange.pick_up("t")
    exchange.tell(CallbackCancelled(TicketId("t")))
    assert state(exchange) is TicketState.CANCELLED
    exchange.confirm_hang_ups()
    exchange.wait(60)
    assert exchange.ringing() == {}
    assert exchange.agent("101") == ("talking" if at == "waiting" else "ready")


def test_live_callers_go_first_until_the_slack_of_a_ticket_is_gone(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    promised(exchange)
    exchange.choose_housing("second")
    exchange.end_leg("101")
    exchange.wait(exchange.plan.targets.wrap_up_s)
    assert exchange.ringing() == {"101": "second"}


def test_a_caller_who_types_the_tickets_code_is_not_called_back(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    promised(exchange)
    code = exchange.engine.ticket_code(TicketId("t"))
    assert code is not None
    assert code != exchange.code
    exchange.arrive()
    exchange.press(f"#{code}")
    assert state(exchange) is TicketState.CANCELLED
    assert exchange.hears()[0] == "callback-cancelled"
    assert exchange.state() == "waiting"
    assert exchange.engine.ticket_code(TicketId("t")) is None


def test_a_waiting_caller_is_offered_a_callback_and_accepts(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.choose_housing()
    exchange.wait(RULES.offer_after_s)
    assert "callback-offer" in exchange.hears()
    exchange.press("5")
    assert exchange.entering == ["caller"]
    assert exchange.state() == "entering"
    exchange.tell(NumberTaken(CallId("caller"), TicketId("t")))
    assert exchange.hears()[0] == "callback-promised"
    exchange.hear_out()
    exchange.confirm_hang_ups()
    assert exchange.outcome() is Outcome.CALLED_BACK


def test_an_entry_that_comes_to_nothing_costs_no_rank(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.choose_housing("caller", "behind")
    exchange.wait(RULES.offer_after_s)
    exchange.press("5")
    exchange.tell(NumberTaken(CallId("caller"), None))
    assert exchange.state() == "waiting"
    exchange.ask("101", Ready())
    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_whose_number_is_refused_is_told_so_and_waits_on(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.choose_housing()
    exchange.wait(RULES.offer_after_s)
    exchange.press("5")
    exchange.tell(NumberTaken(CallId("caller"), None, refused=True))
    assert exchange.hears()[:2] == ("callback-not-taken", "queue-still")
    assert exchange.state() == "waiting"
