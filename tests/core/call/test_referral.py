"""A caller is referred to another service: put through, or given its number."""

import pytest

from router.core.call.referral import REFERRAL_RING_S
from router.core.commands import DialOut
from router.core.events import LegEnd
from router.core.facts import Outcome
from router.core.ids import EntryId
from router.core.requests import Cancel, Hold, Pause, Refer, Reply, Retrieve
from tests.core.call.steps import settle
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HEALTH, LUNCH, TOWN_HALL, day_plan

REFERRED, SPOKEN = Refer(HEALTH, spoken=False), Refer(HEALTH, spoken=True)
READ = (
    *("referral-intro", "dir-sante", "referral-number", "pair-36", "pair-46"),
    *("dir-sante-hours", "referral-repeat"),
    *("dir-sante", "referral-number", "pair-36", "pair-46", "dir-sante-hours"),
)


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing talks with the caller; 103 of work is ready."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    exchange.talk("101")
    return exchange


# Put through.


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("how", ["keys", "request"])
def test_a_referral_is_dialled_and_the_informateur_is_free(
    exchange: Exchange, how: str, held: bool
) -> None:
    exchange.wait(10.0)
    if held:
        exchange.ask("101", Hold())
    if how == "keys":
        exchange.keys("101", "*401")
    else:
        assert exchange.ask("101", REFERRED) is Reply.REFERRED
    assert exchange.hears() == ("referral-connecting", "dir-sante")
    assert exchange.ringing() == {HEALTH: "caller"}
    exchange.hear_out()
    assert exchange.hears() == MUSIC
    exchange.answer(HEALTH)
    assert exchange.together(HEALTH, "caller")
    assert (exchange.state(), exchange.agent("101")) == ("referred", "wrapping up")
    exchange.wait(600.0)
    exchange.end_leg(HEALTH)
    assert exchange.state() == "voting"
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.referral, fact.talked_s, fact.outcome) == (HEALTH, 10, Outcome.ANSWERED)
    settle(exchange)
    assert exchange.bridges == {}


def test_only_entries_of_the_directory_are_dialled(exchange: Exchange) -> None:
    exchange.ask("101", REFERRED)

    dialled = [one for *_, told in exchange.told for one in told if isinstance(one, DialOut)]
    assert [(one.entry, one.timeout_s) for one in dialled] == [(HEALTH, REFERRAL_RING_S + 5)]


@pytest.mark.parametrize("spoken", [False, True])
def test_a_referral_outside_the_directory_is_refused(exchange: Exchange, spoken: bool) -> None:
    assert exchange.ask("101", Refer(EntryId("0199001234"), spoken)) is Reply.UNKNOWN_ENTRY
    assert exchange.together("101", "caller")


def test_an_entry_without_a_number_is_only_named(exchange: Exchange) -> None:
    assert exchange.ask("101", Refer(TOWN_HALL, spoken=False)) is Reply.NO_NUMBER
    assert exchange.together("101", "caller")
    assert exchange.ask("101", Refer(TOWN_HALL, spoken=True)) is Reply.REFERRED
    said = ("dir-mairie", "dir-mairie-h")
    assert exchange.hears() == ("referral-intro", *said, "referral-repeat", *said)


@pytest.mark.parametrize("why", [LegEnd.BUSY, LegEnd.UNREACHABLE, None])
def test_after_a_referral_that_is_not_reached_the_informateur_has_the_caller_back(
    exchange: Exchange, why: LegEnd | None
) -> None:
    exchange.ask("101", REFERRED)
    if why is None:
        exchange.wait(REFERRAL_RING_S)
    else:
        exchange.end_leg(HEALTH, why)

    assert exchange.together("101", "caller")
    assert exchange.informateur_hears("101") == ("desk-referral-failed",)
    assert exchange.hears() == ()
    exchange.leave()
    [fact] = exchange.call_facts()
    assert fact.referral is None  # referred nowhere
    exchange.confirm_hang_ups()
    assert exchange.ringing() == {}


@pytest.mark.parametrize("request_", [Cancel(), Retrieve()])
def test_a_referral_is_given_up(exchange: Exchange, request_: Cancel | Retrieve) -> None:
    exchange.ask("101", REFERRED)

    assert exchange.ask("101", request_) is Reply.CANCELLED
    assert exchange.together("101", "caller")
    exchange.leave()
    [fact] = exchange.call_facts()
    assert fact.referral is None


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("why", [LegEnd.HUNG_UP, LegEnd.LOST])
def test_a_referral_goes_on_without_the_informateur(
    exchange: Exchange, answers: bool, why: LegEnd
) -> None:
    exchange.ask("101", REFERRED)
    exchange.end_leg("101", why)
    assert (exchange.state(), exchange.agent("101")) == ("referring", "wrapping up")
    if answers:
        exchange.answer(HEALTH)
        assert exchange.together(HEALTH, "caller")
    else:
        exchange.end_leg(HEALTH, LegEnd.BUSY)
        assert exchange.hears() == READ  # the number is read out instead
        assert exchange.bridges == {}
    exchange.leave()
    exchange.confirm_hang_ups()

    [fact] = exchange.call_facts()
    assert fact.referral == HEALTH
    assert exchange.talking() == exchange.ringing() == {}
    assert exchange.bridges == {}


@pytest.mark.parametrize("when", ["dialled", "dialled, alone", "talking"])
def test_a_caller_who_hangs_up_during_a_referral(exchange: Exchange, when: str) -> None:
    exchange.ask("101", REFERRED)
    if when == "dialled, alone":
        exchange.end_leg("101")
    if when == "talking":
        exchange.answer(HEALTH)
    exchange.leave()
    settle(exchange)

    [fact] = exchange.call_facts()
    assert fact.referral == (HEALTH if when == "talking" else None)
    assert exchange.engine.known() == (frozenset(), frozenset())
    assert exchange.bridges == {}
    assert exchange.agent("101") == "ready"


# Given the number.


@pytest.mark.parametrize("how", ["keys", "request"])
@pytest.mark.parametrize("held", [False, True])
def test_a_number_is_read_out_twice_and_the_informateur_is_free(
    exchange: Exchange, how: str, held: bool
) -> None:
    if held:
        exchange.ask("101", Hold())
    leg = exchange.leg("101").id
    if how == "keys":
        exchange.keys("101", "*501")
    else:
        assert exchange.ask("101", SPOKEN) is Reply.REFERRED
    assert exchange.hears() == READ
    assert exchange.agent("101") == "wrapping up"
    assert exchange.asterisk.channels[leg].hung_up
    assert exchange.bridges == {}
    exchange.hear_out()
    assert exchange.state() == "voting"
    exchange.leave()

    [fact] = exchange.call_facts()
    assert fact.referral == HEALTH


def test_a_key_cuts_the_reading_short(exchange: Exchange) -> None:
    exchange.ask("101", SPOKEN)
    exchange.press("1")

    assert exchange.state() == "voting"


def test_a_reading_whose_end_is_never_reported_ends(exchange: Exchange) -> None:
    exchange.ask("101", SPOKEN)
    exchange.wait(120.0)

    assert exchange.state() == "voting"


def test_late_hang_ups_do_not_cut_wrap_up_short(exchange: Exchange) -> None:
    exchange.ask("101", Pause(LUNCH))
    exchange.ask("101", SPOKEN)
    exchange.confirm_hang_ups()

    assert exchange.agent("101") == "wrapping up"
