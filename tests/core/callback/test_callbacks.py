"""Callbacks: promised, dialled once an informateur is there, tried twice, ended once."""

from dataclasses import replace

import pytest

from router.core.callback.admission import TRUNK_FAILURES, TRUNK_PAUSE_S, AdmissionControl
from router.core.callback.open_tickets import UNKEPT_RETRY_S
from router.core.callback.tickets import OURS, Failure, Refusal, TicketState
from router.core.commands import Step
from router.core.events import (
    OF_CARRIER,
    CallbackCancelled,
    CalledEnd,
    CalledEnded,
    CallLeft,
    DialFailed,
    NumberLost,
    NumberTaken,
    Resynced,
    StoreChanged,
    TicketUnkept,
)
from router.core.facts import Outcome
from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.core.plan import CallbackPolicy, Plan
from router.core.requests import Pause, Ready
from router.core.standing import Standing
from router.report.counting import merged, tally
from router.report.figures import figure
from tests.exchange import Exchange
from tests.service_plan import BREAK, FICHE, GENERAL, HOUSING, WORK, day_plan, general_plan

RULES = CallbackPolicy()


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


def promised(exchange: Exchange, ticket: str = "t") -> None:
    assert exchange.ask_callback(ticket, HOUSING).refusal is None


def state(exchange: Exchange, ticket: str = "t") -> TicketState:
    record = exchange.engine.ticket(TicketId(ticket))
    return exchange.saved[TicketId(ticket)].state if record is None else record.state


def dialled(exchange: Exchange) -> None:
    promised(exchange)
    exchange.answer("101")


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


def test_a_voicemail_presses_no_key_and_gets_no_word(exchange: Exchange) -> None:
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


@pytest.mark.parametrize(("refusal", "sector"), [(Refusal.NO_AGENT, WORK)])
def test_nobody_on_duty_is_no_promise(
    exchange: Exchange, refusal: Refusal, sector: SectorId
) -> None:
    assert exchange.ask_callback("t", sector).refusal is refusal


def test_closed_is_no_promise_and_closing_neither(exchange: Exchange) -> None:
    closes_at = exchange.plan.hours.closes_at(exchange.now)
    assert closes_at is not None
    exchange.now = closes_at - 60
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSING
    exchange.now = closes_at + 60
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSED


def test_more_than_can_be_kept_is_refused(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    refusals = [exchange.ask_callback(f"t{n}", HOUSING).refusal for n in range(20)]
    assert refusals[0] is None
    assert refusals[-1] is Refusal.FULL


def test_whom_an_informateur_awaits_is_promised_a_callback_however_many_are_open() -> None:
    exchange = Exchange(day_plan(callbacks=CallbackPolicy(tickets_per_agent=1)))
    exchange.appear("101", "103")
    exchange.talk("101", "first")
    for sector, ticket in ((HOUSING, "a"), (HOUSING, "b")):
        assert exchange.ask_callback(ticket, sector).refusal is None
    assert exchange.ask_callback("c", HOUSING).refusal is Refusal.FULL
    assert exchange.engine.most_tickets() == 3, "the intake lets it through"
    admission = exchange.ask_callback("d", WORK)
    assert admission.refusal is None
    assert admission.expected_at <= exchange.now + 180
    assert exchange.ringing() == {"103": exchange.engine.tickets.tickets[TicketId("d")].call}
    assert exchange.ask_callback("e", WORK).refusal is Refusal.FULL


def test_who_can_be_called_at_once_is_promised_it_shortly_before_closing() -> None:
    """Though the forecast, which thinks of a morning's calls, would not."""
    exchange = Exchange(day_plan(callbacks=CallbackPolicy()))
    closes_at = exchange.plan.hours.closes_at(exchange.now)
    assert closes_at is not None
    exchange.appear("101")
    exchange.now = closes_at - 300
    assert exchange.ask_callback("t", HOUSING).refusal is None
    assert exchange.ask_callback("u", HOUSING).refusal is Refusal.CLOSING


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
def test_after_a_restart_a_ticket_of_a_sector_that_is_no_more_is_kept(
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


def test_after_a_restart_who_had_pressed_1_and_is_gone_is_not_called_again(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after = restarted(exchange)
    after.tell(Resynced())
    assert state(after) is TicketState.DONE
    assert after.ringing() == {}


def test_after_a_restart_who_had_pressed_1_is_served_first(exchange: Exchange) -> None:
    dialled(exchange)
    exchange.press("1", exchange.pick_up("t"))
    after = restarted(exchange)
    call = exchange.attempt("t")
    after.find(call, HOUSING, exchange.now)
    after.tell(Resynced())
    assert after.hears(call) == ("agent-lost",)
    assert after.ringing() == {"101": call}
    assert state(after) is TicketState.TALKING


def test_after_a_restart_who_was_being_asked_is_asked_anew(exchange: Exchange) -> None:
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


def test_who_picks_up_while_asterisk_is_not_heard_is_asked(exchange: Exchange) -> None:
    dialled(exchange)
    call = exchange.attempt("t")
    exchange.find(call)
    exchange.tell(Resynced())
    assert exchange.hears(call) == ("callback-ask",)


def test_only_failures_of_the_carrier_in_a_row_stop_the_promises(exchange: Exchange) -> None:
    exchange.appear("102")
    for number in range(TRUNK_FAILURES):
        ticket = f"t{number}"
        assert exchange.ask_callback(ticket, HOUSING).refusal is None
        [agent] = exchange.ringing()
        exchange.answer(agent)
        if number == 1:  # one that goes well
            call = exchange.pick_up(ticket)
            exchange.tell(CallLeft(call))
        else:
            exchange.tell(CalledEnded(exchange.attempt(ticket), CalledEnd.FAILED))
        exchange.tell(CallbackCancelled(TicketId(ticket)))
        exchange.confirm_hang_ups()
        exchange.wait(5)
    assert exchange.ask_callback("last", HOUSING).refusal is None


def called(exchange: Exchange, ticket: str, why: CalledEnd) -> None:
    """Dial the ticket, whose informateur is rung, and let nobody be reached."""
    [agent] = exchange.ringing()
    exchange.answer(agent)
    exchange.tell(CalledEnded(exchange.attempt(ticket), why))
    exchange.confirm_hang_ups()


@pytest.mark.parametrize("why", sorted(OF_CARRIER))
def test_what_the_carrier_does_to_all_stops_the_promises_and_blames_nobody_s_line(
    exchange: Exchange, why: CalledEnd
) -> None:
    for ticket in ("a", "b", "c"):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        assert exchange.saved[TicketId(ticket)].failure is Failure.TRUNK
        exchange.wait(5)
    assert exchange.details(Step.NOT_REACHED, exchange.attempt("c")) == [why.value]
    assert exchange.ask_callback("d", HOUSING).refusal is Refusal.TRUNK
    exchange.wait(TRUNK_PAUSE_S)
    assert exchange.ask_callback("d", HOUSING).refusal is None


@pytest.mark.parametrize("why", sorted(set(CalledEnd) - OF_CARRIER - {CalledEnd.UNASSIGNED}))
def test_what_is_the_person_s_own_stops_no_promises(exchange: Exchange, why: CalledEnd) -> None:
    for ticket in ("a", "b", "c", "d"):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        exchange.wait(5)
    assert exchange.ask_callback("e", HOUSING).refusal is None


def test_a_number_that_does_not_exist_is_that_number_s(exchange: Exchange) -> None:
    promised(exchange)
    called(exchange, "t", CalledEnd.UNASSIGNED)
    exchange.wait(RULES.busy_retry_s)
    called(exchange, "t", CalledEnd.UNASSIGNED)
    assert state(exchange) is TicketState.FAILED
    assert exchange.saved[TicketId("t")].failure is Failure.UNASSIGNED
    assert exchange.ask_callback("u", HOUSING).refusal is None


def test_numbers_in_a_row_that_do_not_exist_are_the_carrier_s_trouble(exchange: Exchange) -> None:
    for ticket in ("a", "b", "c"):
        promised(exchange, ticket)
        called(exchange, ticket, CalledEnd.UNASSIGNED)
        exchange.wait(5)
    assert exchange.saved[TicketId("c")].failure is Failure.TRUNK
    assert exchange.ask_callback("d", HOUSING).refusal is Refusal.TRUNK
    exchange.wait(RULES.busy_retry_s - 15)
    called(exchange, "a", CalledEnd.UNASSIGNED)
    assert state(exchange, "a") is TicketState.FAILED
    assert exchange.saved[TicketId("a")].failure is Failure.TRUNK


def test_one_call_that_goes_out_clears_the_carrier(exchange: Exchange) -> None:
    for ticket, why in (
        ("a", CalledEnd.UNASSIGNED),
        ("b", CalledEnd.UNASSIGNED),
        ("c", CalledEnd.BUSY),
        ("d", CalledEnd.UNASSIGNED),
    ):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        exchange.wait(5)
    assert exchange.saved[TicketId("d")].failure is Failure.UNASSIGNED
    assert exchange.ask_callback("e", HOUSING).refusal is None


@pytest.mark.parametrize("failure", Failure)
def test_what_the_service_could_not_do_is_a_broken_promise_and_no_one_s_absence(
    exchange: Exchange, failure: Failure
) -> None:
    """However long before the instant promised it fails."""
    promised(exchange)
    while state(exchange) is not TicketState.FAILED:
        exchange.answer("101")
        exchange.tell(DialFailed(exchange.attempt("t"), failure))
        exchange.confirm_hang_ups()
        while state(exchange) is TicketState.WAITING:
            exchange.wait(1)
    record = exchange.saved[TicketId("t")]
    assert (record.state, record.failure) == (TicketState.FAILED, failure)
    assert exchange.now < record.due_at
    [fact] = exchange.call_facts()
    ours = failure in OURS
    of_ours = Outcome.NUMBER_LOST if failure is Failure.NUMBER_LOST else Outcome.FAILED
    assert (fact.outcome, fact.kept) == ((of_ours, False) if ours else (Outcome.NOT_REACHED, None))
    counts = merged(tally([fact], 180).values())
    assert figure("callback-kept/1", counts).denominator == ours
    assert figure("promise-broken/1", counts).value == figure("broken/1", counts).value == ours
    assert figure("not-reached/1", counts).value == (not ours)


def test_who_is_called_in_vain_too_late_was_promised_more(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    promised(exchange)
    exchange.wait(RULES.promise_s + 60)
    exchange.leave("other")
    exchange.wait(exchange.plan.targets.wrap_up_s)
    called(exchange, "t", CalledEnd.BUSY)
    fact = exchange.call_facts()[-1]
    assert (fact.outcome, fact.kept) == (Outcome.NOT_REACHED, False)


@pytest.mark.parametrize("state_then", ["waiting", "ringing", "retry"])
def test_a_lost_number_ends_the_ticket_before_anybody_is_rung_for_it(
    exchange: Exchange, state_then: str
) -> None:
    if state_then == "waiting":
        exchange.talk("101", "other")
    promised(exchange)
    if state_then == "retry":
        called(exchange, "t", CalledEnd.BUSY)
    exchange.tell(NumberLost(TicketId("t")))
    if state_then == "waiting":
        exchange.leave("other")
    exchange.confirm_hang_ups()
    exchange.wait(RULES.busy_retry_s + 60)

    assert exchange.ringing() == {}
    assert exchange.agent("101") == "ready"
    record = exchange.saved[TicketId("t")]
    assert (record.state, record.failure) == (TicketState.FAILED, Failure.NUMBER_LOST)
    [fact] = [one for one in exchange.call_facts() if one.door == "callback"]
    assert (fact.outcome, fact.kept) == (Outcome.NUMBER_LOST, False)
    lost = [noted for noted in exchange.notes if noted.step is Step.NUMBER_LOST]
    assert len(lost) == 1
    exchange.tell(NumberLost(TicketId("t")))  # once more: nothing
    assert exchange.saved[TicketId("t")] == record


def test_a_call_under_way_goes_on_without_the_number(exchange: Exchange) -> None:
    dialled(exchange)
    exchange.tell(NumberLost(TicketId("t")))
    call = exchange.pick_up("t")
    exchange.tell(NumberLost(TicketId("t")))
    exchange.hear_whisper("101")
    exchange.press("1", call)
    exchange.tell(NumberLost(TicketId("t")))
    assert exchange.together("101", call)
    exchange.end_leg("101")
    exchange.leave(call)
    assert state(exchange) is TicketState.DONE


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


def test_who_calls_in_with_the_ticket_s_code_is_not_called_back(exchange: Exchange) -> None:
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


def test_a_caller_who_waits_is_offered_a_callback_and_takes_it(exchange: Exchange) -> None:
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


def test_a_number_that_was_not_taken_costs_no_rank(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.choose_housing("caller", "behind")
    exchange.wait(RULES.offer_after_s)
    exchange.press("5")
    exchange.tell(NumberTaken(CallId("caller"), None))
    assert exchange.state() == "waiting"
    exchange.ask("101", Ready())
    assert exchange.ringing() == {"101": "caller"}


def test_an_attempt_that_is_not_on_disk_frees_the_informateur_and_comes_again_shortly(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.tell(TicketUnkept(TicketId("t"), 1))
    exchange.confirm_hang_ups()
    assert state(exchange) is TicketState.WAITING
    assert exchange.saved[TicketId("t")].attempts == 0
    assert exchange.agent("101") == "wrapping up"
    exchange.ask("101", Ready())
    assert exchange.ringing() == {}
    exchange.wait(UNKEPT_RETRY_S)
    assert exchange.ringing().keys() == {"101"}


@pytest.mark.parametrize("at", ["waiting", "ringing", "dialling"])
def test_a_promise_that_is_not_on_disk_is_none(exchange: Exchange, at: str) -> None:
    if at == "waiting":
        exchange.ask("101", Pause(BREAK))
    promised(exchange)
    if at == "dialling":
        exchange.answer("101")
    exchange.tell(TicketUnkept(TicketId("t"), 0))
    exchange.confirm_hang_ups()
    assert exchange.engine.open_ticket_ids() == frozenset()
    assert exchange.call_facts() == []
    assert exchange.ringing() == {}
    exchange.tell(TicketUnkept(TicketId("t"), 0))  # once more: nothing
    promised(exchange)


def test_while_nothing_can_be_written_nobody_is_rung_for_a_callback_or_promised_one(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Pause(BREAK))
    promised(exchange)
    exchange.tell(StoreChanged(up=False))
    exchange.ask("101", Ready())
    assert exchange.ringing() == {}
    assert exchange.ask_callback("other", HOUSING).refusal is Refusal.UNAVAILABLE
    exchange.choose_housing()
    assert exchange.ringing() == {"101": "caller"}  # callers feel nothing
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(3 * UNKEPT_RETRY_S)
    assert exchange.ringing() == {}
    exchange.tell(StoreChanged(up=True))
    exchange.wait(UNKEPT_RETRY_S)
    assert exchange.ringing().keys() == {"101"}


def test_who_typed_a_number_in_vain_is_told_so_and_waits_on(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.choose_housing()
    exchange.wait(RULES.offer_after_s)
    exchange.press("5")
    exchange.tell(NumberTaken(CallId("caller"), None, refused=True))
    assert exchange.hears()[:2] == ("callback-not-taken", "queue-still")
    assert exchange.state() == "waiting"


def test_what_is_ahead_is_counted_and_never_drifts(exchange: Exchange) -> None:
    board, tickets = exchange.engine.board, exchange.engine.tickets
    admission = AdmissionControl(board, Standing(board), tickets)
    dialled(exchange)
    exchange.tell(CalledEnded(exchange.attempt("t"), CalledEnd.BUSY))
    assert admission.ahead(HOUSING) == 1  # between two attempts
    exchange.confirm_hang_ups()
    exchange.wait(RULES.busy_retry_s + 1)
    exchange.answer("101")
    call = exchange.pick_up("t")
    assert admission.ahead(HOUSING) == 1
    exchange.hear_whisper("101")
    exchange.press("1", call)
    exchange.end_leg("101")
    exchange.leave(call)
    assert admission.ahead(HOUSING) == 0
    assert not any(tickets.beside.values())
