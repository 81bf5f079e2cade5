"""A colleague is consulted while the caller is on hold, and may take over the call."""

import pytest

from router.core.commands import Ring, Step
from router.core.events import LegAnswered, LegEnd, LegRang, PromptEnded
from router.core.facts import Outcome
from router.core.ids import AgentId, CallId, SectorId
from router.core.requests import Cancel, Complete, Consult, Hold, Reply, Retrieve
from tests.core.call.steps import consulting, settle
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HOUSING, WORK, day_plan

CALLER = CallId("caller")


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing talks with the caller; 103 of work is ready."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    exchange.talk("101")
    return exchange


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("how", ["keys", "request"])
def test_a_colleague_is_consulted_while_the_caller_hears_music(
    exchange: Exchange, how: str, held: bool
) -> None:
    if held:
        exchange.ask("101", Hold())
    if how == "keys":
        exchange.keys("101", "*311")
        assert exchange.informateur_hears("101") == ("desk-consulting",)
    else:
        assert exchange.ask("101", Consult(WORK)) is Reply.CONSULTING
    assert (exchange.state(), exchange.hears()) == ("consulting", MUSIC)
    assert exchange.ringing() == {"103": "caller"}
    exchange.answer("103")
    assert exchange.informateur_hears("103") == ("consult-whisper", "sector-travail")
    exchange.hear_whisper("103")

    assert exchange.together("101", "103")
    assert exchange.hears() == MUSIC
    assert exchange.agent("103") == "talking"


def test_asterisk_gives_up_on_the_colleague_a_little_after_we_should_have(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Consult(WORK))

    rings = [one for *_, commands in exchange.told for one in commands if isinstance(one, Ring)]
    assert {ring.timeout_s for ring in rings} == {5 + 15 + 5}


@pytest.mark.parametrize(
    ("sector", "reply"),
    [(SectorId("nowhere"), Reply.UNKNOWN_SECTOR), (HOUSING, Reply.NOBODY_FREE)],
)
def test_a_consultation_that_is_refused(exchange: Exchange, sector: SectorId, reply: Reply) -> None:
    assert exchange.ask("101", Consult(sector)) is reply
    assert exchange.state() == "talking"


def test_a_colleague_of_the_same_sector_may_be_consulted(exchange: Exchange) -> None:
    exchange.appear("102")

    assert exchange.ask("101", Consult(HOUSING)) is Reply.CONSULTING
    assert exchange.ringing() == {"102": "caller"}


def test_why_this_colleague_was_rung_can_be_explained(exchange: Exchange) -> None:
    exchange.wait(40.0)
    exchange.ask("101", Consult(WORK))
    view = exchange.engine.desk(AgentId("103"))

    assert view is not None
    assert view.why is not None
    assert (view.why.level, view.why.ready, view.why.idle_s) == (1, 1, 40.0)


@pytest.mark.parametrize("how", ["keys", "request", "hangs up"])
def test_the_caller_is_handed_over_to_the_colleague(exchange: Exchange, how: str) -> None:
    consulting(exchange)
    exchange.wait(10.0)
    if how == "keys":
        exchange.keys("101", "*7")
    elif how == "request":
        assert exchange.ask("101", Complete()) is Reply.TRANSFERRED
    else:
        exchange.end_leg("101")
    assert exchange.together("103", "caller")
    assert exchange.hears() == ()
    assert (exchange.agent("101"), exchange.agent("103")) == ("wrapping up", "talking")
    exchange.wait(20.0)
    assert exchange.ask("103", Hold()) is Reply.HELD  # the colleague has taken over the call
    exchange.ask("103", Retrieve())
    exchange.leave()

    assert exchange.agent("103") == "wrapping up"
    [fact] = exchange.call_facts()
    assert (fact.sector, fact.transfers, fact.attempts, fact.talked_s) == (WORK, 1, 2, 30)
    settle(exchange)
    assert exchange.bridges == {}


def test_a_consultation_is_not_completed_before_the_colleague_has_answered(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Consult(WORK))
    assert exchange.ask("101", Complete()) is Reply.NOT_NOW
    exchange.answer("103")
    assert exchange.ask("101", Complete()) is Reply.NOT_NOW  # still hearing the whisper
    exchange.hear_whisper("103")

    assert exchange.ask("101", Complete()) is Reply.TRANSFERRED


@pytest.mark.parametrize("request_", [Cancel(), Retrieve()])
@pytest.mark.parametrize("when", ["reserved", "ringing", "whispering", "talking"])
def test_a_consultation_given_up_is_no_missed_call_for_the_colleague(
    exchange: Exchange, when: str, request_: Cancel | Retrieve
) -> None:
    exchange.rings = when != "reserved"
    exchange.ask("101", Consult(WORK))
    if when in ("whispering", "talking"):
        exchange.answer("103")
    if when == "talking":
        exchange.hear_whisper("103")

    assert exchange.ask("101", request_) is Reply.CANCELLED
    assert exchange.together("101", "caller")
    exchange.confirm_hang_ups()
    exchange.wait(3.0)
    view = exchange.engine.desk(AgentId("103"))
    assert view is not None
    assert (view.state, view.misses, view.reason) == ("ready", 0, None)


@pytest.mark.parametrize(
    ("why", "state"),
    [
        (LegEnd.BUSY, "paused"),
        (LegEnd.REJECTED, "paused"),
        (LegEnd.NO_ANSWER, "paused"),
        (LegEnd.UNREACHABLE, "paused"),
    ],
)
def test_a_colleague_who_does_not_take_the_call(
    exchange: Exchange, why: LegEnd, state: str
) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.end_leg("103", why)

    assert exchange.together("101", "caller")
    assert exchange.informateur_hears("101") == ("consult-over",)
    assert exchange.agent("103") == state
    assert exchange.details(Step.CANCELLED) == [why.value]


@pytest.mark.parametrize(("rings", "waits_s", "misses"), [(False, 5.0, 0), (True, 15.0, 1)])
def test_a_colleague_who_cannot_be_reached_or_does_not_answer(
    exchange: Exchange, rings: bool, waits_s: float, misses: int
) -> None:
    exchange.rings = rings
    exchange.ask("101", Consult(WORK))
    exchange.wait(waits_s - 0.1)
    assert exchange.state() == "consulting"
    exchange.wait(0.1)

    assert exchange.together("101", "caller")
    view = exchange.engine.desk(AgentId("103"))
    assert view is not None
    assert (view.state, view.misses) == ("paused", misses)
    exchange.confirm_hang_ups()
    assert exchange.ringing() == {}


def test_a_colleague_who_hangs_up_gives_the_caller_back(exchange: Exchange) -> None:
    consulting(exchange)
    exchange.end_leg("103")

    assert exchange.together("101", "caller")
    assert exchange.informateur_hears("101") == ("consult-over",)
    assert exchange.agent("103") == "wrapping up"
    exchange.wait(3.0)
    assert exchange.agent("103") == "ready"  # nothing to note


@pytest.mark.parametrize("when", ["ringing", "whispering", "talking"])
def test_a_caller_who_hangs_up_during_a_consultation(exchange: Exchange, when: str) -> None:
    exchange.ask("101", Consult(WORK))
    if when != "ringing":
        exchange.answer("103")
    if when == "talking":
        exchange.hear_whisper("103")
    exchange.leave()

    assert exchange.outcome() is Outcome.ANSWERED
    assert exchange.agent("101") == "wrapping up"
    settle(exchange)
    assert (exchange.agent("101"), exchange.agent("103")) == ("ready", "ready")
    assert exchange.bridges == {}
    assert exchange.talking() == exchange.ringing() == {}


@pytest.mark.parametrize("when", ["ringing", "whispering"])
def test_hanging_up_before_the_colleague_answers_is_a_transfer(
    exchange: Exchange, when: str
) -> None:
    exchange.ask("101", Consult(WORK))
    if when == "whispering":
        exchange.answer("103")
    exchange.end_leg("101")
    assert exchange.hears() == ("transfer-caller",)
    assert exchange.agent("101") == "wrapping up"
    exchange.confirm_hang_ups()
    exchange.wait(3.0)
    assert exchange.ringing() == {"103": "caller"}
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.transfers, fact.sector) == (Outcome.ANSWERED, 1, WORK)


@pytest.mark.parametrize("when", ["ringing", "talking"])
def test_an_informateur_who_is_cut_off_during_a_consultation(exchange: Exchange, when: str) -> None:
    exchange.ask("101", Consult(WORK))
    if when == "talking":
        exchange.answer("103")
        exchange.hear_whisper("103")
    exchange.end_leg("101", LegEnd.LOST)
    assert exchange.hears() == ("agent-lost",)
    exchange.confirm_hang_ups()
    exchange.wait(3.0)

    assert exchange.ringing() == {"103": "caller"}


def test_a_colleagues_phone_that_vanishes_while_it_rings(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.vanish("103")

    assert exchange.together("101", "caller")
    assert exchange.agent("103") == "logged out"
    exchange.confirm_hang_ups()
    exchange.appear("103")
    view = exchange.engine.desk(AgentId("103"))
    assert view is not None
    assert (view.state, view.misses) == ("ready", 0)


def test_a_colleagues_phone_that_vanishes_during_the_consultation_may_still_carry_it(
    exchange: Exchange,
) -> None:
    consulting(exchange)
    exchange.vanish("103")
    assert exchange.together("101", "103")
    exchange.end_leg("103")

    assert exchange.together("101", "caller")
    assert exchange.agent("103") == "logged out"


def test_a_whisper_to_the_colleague_that_never_ends_is_cut_short(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    exchange.wait(20.0)

    assert exchange.together("101", "103")


@pytest.mark.parametrize("when", ["whispering", "talking"])
def test_repeated_reports_about_the_colleague_change_nothing(exchange: Exchange, when: str) -> None:
    exchange.ask("101", Consult(WORK))
    leg = exchange.leg("103").id
    exchange.answer("103")
    whisper = exchange.leg("103").playback
    assert whisper is not None
    if when == "talking":
        exchange.hear_whisper("103")
        assert exchange.tell(PromptEnded(CALLER, whisper)) == []
    assert exchange.tell(LegAnswered(CALLER, leg)) == []
    assert exchange.tell(LegRang(CALLER, leg)) == []
    exchange.wait(60.0)

    assert exchange.together("101", "103")


def test_repeated_reports_of_ringing_do_not_prolong_it(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.wait(10.0)
    exchange.tell(LegRang(CALLER, exchange.leg("103").id))
    exchange.wait(5.0)

    assert exchange.state() == "talking"


def test_a_colleague_may_be_consulted_again(exchange: Exchange) -> None:
    for _ in range(3):
        consulting(exchange)
        exchange.ask("101", Cancel())
        exchange.confirm_hang_ups()
        exchange.wait(3.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.attempts, fact.transfers) == (4, 0)


def test_the_colleague_cannot_control_the_call(exchange: Exchange) -> None:
    consulting(exchange)

    assert exchange.ask("103", Complete()) is Reply.NOT_IN_CALL
    assert exchange.ask("103", Hold()) is Reply.NOT_IN_CALL


def test_asterisk_is_asked_whether_the_colleagues_leg_exists(exchange: Exchange) -> None:
    consulting(exchange)
    exchange.lose_leg("103")
    exchange.wait(exchange.plan.targets.verify_s)
    exchange.tell_lost()

    assert exchange.together("101", "caller")
    assert exchange.agent("103") != "talking"
