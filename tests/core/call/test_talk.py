"""During the conversation: hold, transfer, the informateur's keys."""

import pytest

from router.core.commands import HangUp, Play, Step
from router.core.events import LegAnswered, LegEnd, LegEnded, LegKeyPressed
from router.core.facts import Outcome
from router.core.ids import CallId, SectorId
from router.core.plan import Sector
from router.core.requests import End, Hold, LogOut, Pause, Reply, Retrieve, Transfer
from tests.core.call.steps import consulting, settle
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HOUSING, LUNCH, WORK, agent, day_plan, small_plan

CALLER = CallId("caller")


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing talks with the caller; 103 of work is ready."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    exchange.talk("101")
    return exchange


# Hold.


@pytest.mark.parametrize("how", ["keys", "request"])
def test_hold_and_back(exchange: Exchange, how: str) -> None:
    if how == "keys":
        exchange.keys("101", "*1")
    else:
        assert exchange.ask("101", Hold()) is Reply.HELD
    assert (exchange.state(), exchange.hears()) == ("held", MUSIC)
    assert exchange.together("101")  # the informateur hears nobody
    if how == "keys":
        assert exchange.informateur_hears("101") == ("desk-held",)
        exchange.hear_whisper("101")
        exchange.keys("101", "*1")
    else:
        assert exchange.ask("101", Retrieve()) is Reply.RETRIEVED

    assert exchange.together("101", "caller")
    assert (exchange.state(), exchange.hears()) == ("talking", ())
    assert exchange.steps()[-2:] == [Step.HELD, Step.RETRIEVED]


def test_a_caller_may_hang_up_on_hold(exchange: Exchange) -> None:
    exchange.ask("101", Hold())
    exchange.leave()

    assert exchange.outcome() is Outcome.ANSWERED
    assert exchange.agent("101") == "wrapping up"
    settle(exchange)
    assert exchange.bridges == {}


@pytest.mark.parametrize("why", [LegEnd.HUNG_UP, LegEnd.LOST])
def test_a_caller_on_hold_whose_informateur_is_gone_is_served_next(
    exchange: Exchange, why: LegEnd
) -> None:
    exchange.choose_housing("waiting")
    exchange.ask("101", Hold())
    exchange.end_leg("101", why)
    assert exchange.hears() == ("agent-lost",)
    settle(exchange)

    assert exchange.ringing() == {"101": "caller"}


def test_hold_counts_as_talk_time(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.ask("101", Hold())
    exchange.wait(20.0)
    exchange.ask("101", Retrieve())
    exchange.leave()

    [fact] = exchange.call_facts()
    assert fact.talked_s == 30


# The end.


def test_the_end_is_as_if_the_informateur_had_hung_up(exchange: Exchange) -> None:
    leg = exchange.leg("101")
    exchange.wait(40.0)
    assert exchange.ask("101", End()) is Reply.ENDED

    assert (exchange.state(), exchange.agent("101")) == ("voting", "wrapping up")
    settle(exchange)
    assert not leg.alive
    exchange.leave()
    [fact] = exchange.call_facts()
    assert (fact.talked_s, exchange.outcome()) == (40, Outcome.ANSWERED)


def test_a_caller_on_hold_is_not_left_by_mistake(exchange: Exchange) -> None:
    exchange.ask("101", Hold())
    assert exchange.ask("101", End()) is Reply.NOT_NOW

    assert exchange.state() == "held"


def test_there_is_nothing_to_end_without_a_call(exchange: Exchange) -> None:
    assert exchange.ask("103", End()) is Reply.NOT_IN_CALL


# Transfer.


@pytest.mark.parametrize("how", ["keys", "request"])
@pytest.mark.parametrize("held", [False, True])
def test_transfer_puts_the_caller_at_the_front(exchange: Exchange, how: str, held: bool) -> None:
    exchange.arrive("rung", "waits")
    exchange.press("#111", "rung")
    exchange.press("#111", "waits")
    if held:
        exchange.ask("101", Hold())
    if how == "keys":
        exchange.keys("101", "*211")
    else:
        assert exchange.ask("101", Transfer(WORK)) is Reply.TRANSFERRED
    assert (exchange.state(), exchange.hears()) == ("waiting", ("transfer-caller",))
    assert exchange.agent("101") == "wrapping up"
    exchange.end_leg("103", LegEnd.NO_ANSWER)
    exchange.wait(60.0)

    assert exchange.ringing() == {"103": "caller"}
    exchange.answer("103")
    assert exchange.informateur_hears("103")[:2] == ("whisper-transfer", "sector-travail")
    exchange.hear_whisper("103")
    exchange.leave()
    [fact] = exchange.call_facts()
    assert (fact.sector, fact.transfers, fact.outcome) == (WORK, 1, Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("sector", "reply"),
    [
        (HOUSING, Reply.SAME_SECTOR),
        (SectorId("nowhere"), Reply.UNKNOWN_SECTOR),
        (WORK, Reply.SECTOR_CLOSED),
    ],
)
@pytest.mark.parametrize("state", ["talking", "held"])
def test_a_transfer_to_nowhere_is_refused(
    exchange: Exchange, sector: SectorId, reply: Reply, state: str
) -> None:
    exchange.ask("103", LogOut())
    if state == "held":
        exchange.ask("101", Hold())

    assert exchange.ask("101", Transfer(sector)) is reply
    assert exchange.state() == state


def test_a_sector_in_which_only_the_informateur_works_is_closed() -> None:
    exchange = Exchange(day_plan())
    exchange.appear("102")  # of both sectors
    exchange.choose_housing()
    exchange.wait(60.0)
    exchange.answer("102")
    exchange.hear_whisper("102")

    assert exchange.ask("102", Transfer(WORK)) is Reply.SECTOR_CLOSED


def test_a_refusal_is_played_to_the_informateur(exchange: Exchange) -> None:
    for keys, said in (
        ("*221", "desk-same-sector"),
        ("*299", "desk-unknown-sector"),
        ("*399", "desk-unknown-sector"),
        ("*499", "desk-unknown-entry"),
        ("*599", "desk-unknown-entry"),
        ("*402", "desk-no-number"),
        ("*7", "desk-not-now"),
        ("*0", "desk-not-now"),
        ("*9", "desk-unknown-code"),
        ("*A", "desk-unknown-code"),
    ):
        exchange.keys("101", keys)
        assert exchange.informateur_hears("101") == (said,)
        exchange.hear_whisper("101")
    assert exchange.together("101", "caller")
    assert exchange.hears() == ()


def test_a_caller_who_hangs_up_after_a_transfer_counts_as_answered(exchange: Exchange) -> None:
    exchange.ask("103", Pause(LUNCH))
    exchange.ask("101", Transfer(WORK))
    exchange.leave()

    assert exchange.outcome() is Outcome.ANSWERED


# Keys.


def test_nothing_happens_before_a_code_is_complete(exchange: Exchange) -> None:
    for keys in ("*", "*2", "*21", "*4", "*40"):
        exchange.keys("101", keys)
        exchange.wait(4.0)
    assert exchange.state() == "talking"
    assert exchange.informateur_hears("101") == ()


def test_keys_that_come_too_slowly_are_forgotten(exchange: Exchange) -> None:
    exchange.keys("101", "*21")
    exchange.wait(4.0)
    exchange.keys("101", "1")
    assert exchange.state() == "talking"
    exchange.keys("101", "*21")
    exchange.wait(3.9)
    exchange.keys("101", "1")

    assert exchange.state() == "ringing"


def test_a_star_starts_again(exchange: Exchange) -> None:
    exchange.keys("101", "*2*1")

    assert exchange.state() == "held"


def test_keys_without_a_star_are_ignored(exchange: Exchange) -> None:
    exchange.keys("101", "123#0")

    assert exchange.state() == "talking"
    assert exchange.informateur_hears("101") == ()


def test_keys_on_another_leg_are_ignored(exchange: Exchange) -> None:
    consulting(exchange)
    colleague = exchange.leg("103").id
    for key in "*7":
        assert exchange.tell(LegKeyPressed(CALLER, colleague, key)) == []
    assert exchange.state() == "consulting"


def test_sectors_without_a_code_cannot_be_reached_by_keys() -> None:
    sectors = {
        id_: Sector(id_, sector.name, sector.ministry, sector.prompt)
        for id_, sector in small_plan().sectors.items()
    }
    exchange = Exchange(day_plan(sectors=sectors))
    exchange.appear("101", "103")
    exchange.talk("101")
    exchange.keys("101", "*2")

    assert exchange.informateur_hears("101") == ("desk-unknown-sector",)
    assert exchange.state() == "talking"


# Nobody hears a prompt meant for somebody else.


def test_the_caller_does_not_hear_replies_to_the_informateur(exchange: Exchange) -> None:
    told = len(exchange.told)
    exchange.keys("101", "*1")
    exchange.keys("101", "*9")

    plays = [one for *_, told_ in exchange.told[told:] for one in told_ if isinstance(one, Play)]
    assert {one.channel for one in plays} == {exchange.leg("101").id}


def test_a_leg_that_ends_twice_ends_once(exchange: Exchange) -> None:
    leg = exchange.leg("101").id
    exchange.ask("101", Transfer(WORK))
    exchange.confirm_hang_ups()
    assert exchange.tell(LegEnded(CALLER, leg, LegEnd.LOST)) == []
    commands = exchange.tell(LegAnswered(CALLER, leg))

    assert commands == [HangUp(CALLER, leg)]
    assert exchange.state() == "ringing"


def test_two_informateurs_of_both_sectors_pass_a_caller_on_and_back() -> None:
    both = (agent("101", logement=1, travail=1), agent("102", logement=1, travail=1))
    exchange = Exchange(day_plan(agents=both))
    exchange.appear("101", "102")
    exchange.talk("101")
    exchange.ask("101", Transfer(WORK))
    exchange.answer("102")
    exchange.hear_whisper("102")
    settle(exchange)
    exchange.ask("102", Transfer(HOUSING))
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.transfers, fact.attempts, fact.sector) == (2, 3, HOUSING)
