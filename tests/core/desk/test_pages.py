"""Phones in browsers: rung only while their page answers; a page that comes back has its caller."""

import pytest

from router.core.call.distribution import AGENT_LOST
from router.core.commands import HangUp, Ring
from router.core.events import (
    Absence,
    CallFound,
    LegEnd,
    PageCame,
    PageWent,
    PhoneAppeared,
    PhoneVanished,
)
from router.core.ids import AgentId, CallId, PhoneId, browser_of
from router.core.requests import Consult, Hold, LogIn, Pause, Reply
from tests.core.desk.steps import BY_CODE
from tests.exchange import MUSIC, Exchange
from tests.rules import check_engine
from tests.service_plan import HOUSING, LUNCH, WORK, day_plan

WEB = browser_of("101")
#: By then 102, whose skill in housing is of the second level, is asked as well.
WIDER_S = 61.0


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing works in the browser, 102 (housing) and 103 (work) at their desk phones."""
    exchange = Exchange(day_plan())
    exchange.open_page("101")
    exchange.ask("101", LogIn(WEB))
    exchange.appear("103")
    return exchange


def absence(exchange: Exchange, agent: str = "101") -> Absence | None:
    view = exchange.engine.desk(AgentId(agent))
    assert view is not None
    return view.absence


def rung_at(exchange: Exchange) -> list[PhoneId | None]:
    """The phones that were rung so far."""
    commands = [command for _, _, said in exchange.told for command in said]
    return [command.phone for command in commands if isinstance(command, Ring)]


# Who can be rung.


def test_nobody_can_log_in_before_the_page_answers_and_is_registered() -> None:
    exchange = Exchange(day_plan())
    exchange.tell(PhoneAppeared(WEB))
    assert exchange.ask("101", LogIn(WEB)) is Reply.PHONE_ABSENT
    exchange.tell(PageCame(WEB, in_call=False))
    assert exchange.agent("101") == "logged out"  # opening the page is not enough
    assert exchange.ask("101", LogIn(WEB)) is Reply.LOGGED_IN
    exchange.choose_housing()
    assert rung_at(exchange) == [WEB]


def test_the_order_of_the_two_does_not_matter() -> None:
    exchange = Exchange(day_plan())
    exchange.tell(PageCame(WEB, in_call=False))
    assert exchange.ask("101", LogIn(WEB)) is Reply.PHONE_ABSENT
    exchange.tell(PhoneAppeared(WEB))
    assert exchange.ask("101", LogIn(WEB)) is Reply.LOGGED_IN


def test_a_silent_page_is_offered_no_call_though_it_is_registered(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.ask("102", Pause(LUNCH))
    exchange.tell(PageWent(WEB, Absence.SILENT))
    assert (exchange.agent("101"), absence(exchange)) == ("logged out", Absence.SILENT)
    exchange.choose_housing()
    assert rung_at(exchange) == []
    exchange.tell(PageCame(WEB, in_call=False))
    assert (exchange.agent("101"), absence(exchange)) == ("ringing", None)


def test_why_a_phone_cannot_be_rung_is_known(exchange: Exchange) -> None:
    assert absence(exchange) is None
    exchange.tell(PhoneVanished(WEB))
    assert absence(exchange) is Absence.UNREGISTERED
    exchange.tell(PageWent(WEB, Absence.CLOSED))
    assert absence(exchange) is Absence.CLOSED
    exchange.vanish("103")
    assert absence(exchange, "103") is Absence.UNREGISTERED
    assert absence(exchange, "102") is None  # logged in nowhere


def test_a_call_that_rings_in_a_page_that_goes_is_given_to_the_next(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.appear("102")
    exchange.close_page("101")
    exchange.wait(WIDER_S)
    assert exchange.ringing() == {"102": "caller"}
    exchange.open_page("101")
    assert exchange.agent("101") == "ready"  # nothing was missed


def test_one_device_rings_at_a_time(exchange: Exchange) -> None:
    exchange.appear("101")  # the desk phone too
    exchange.choose_housing()
    assert rung_at(exchange) == [WEB]


def test_who_is_logged_in_at_the_desk_is_not_moved_by_opening_a_page() -> None:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    exchange.open_page("101")
    exchange.choose_housing()
    assert rung_at(exchange) == [PhoneId("101")]


def test_a_browser_is_nobody_else_s() -> None:
    exchange = Exchange(day_plan(BY_CODE))
    exchange.open_page("101")
    assert exchange.ask("102", LogIn(WEB)) is Reply.PHONE_UNKNOWN
    assert exchange.ask("102", LogIn(browser_of("102"))) is Reply.PHONE_ABSENT


def test_a_new_plan_without_the_informateur_takes_the_page_away(exchange: Exchange) -> None:
    exchange.change_plan(day_plan(agents={}))
    check_engine(exchange.engine, exchange.now)
    assert exchange.engine.board.roster.registered == set()
    assert exchange.engine.board.roster.pages == set()


# A page that goes during the call.


def test_a_page_that_goes_and_has_the_call_still_when_it_is_back_changes_nothing(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    exchange.close_page("101")
    assert exchange.state() == "talking"
    exchange.open_page("101", in_call=True)
    assert exchange.talking() == {"101": "caller"}
    assert rung_at(exchange) == [WEB]


def test_a_page_that_was_reloaded_has_its_caller_back(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.close_page("101")
    exchange.appear("102")  # who is ready, but not asked
    exchange.open_page("101")
    check_engine(exchange.engine, exchange.now)
    assert exchange.hears() == (AGENT_LOST,)
    assert exchange.ringing() == {"101": "caller"}
    exchange.answer("101")
    assert exchange.talking() == {"101": "caller"}  # without a whisper
    check_engine(exchange.engine, exchange.now)
    assert rung_at(exchange) == [WEB, WEB]


def test_only_the_leg_that_is_dead_is_hung_up(exchange: Exchange) -> None:
    exchange.talk("101")
    dead = exchange.leg("101").id
    exchange.close_page("101")
    exchange.open_page("101")
    commands = [command for _, _, said in exchange.told for command in said]
    hung_up = [command.channel for command in commands if isinstance(command, HangUp)]
    assert hung_up == [dead]


def test_the_page_is_asked_for_nothing_before_it_is_registered(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.close_page("101")
    exchange.tell(PageCame(WEB, in_call=False))
    assert exchange.state() == "talking"
    exchange.tell(PhoneAppeared(WEB))
    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_on_hold_is_given_back_too(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Hold())
    exchange.close_page("101")
    exchange.open_page("101")
    exchange.answer("101")
    assert exchange.talking() == {"101": "caller"}


def test_a_caller_whose_informateur_was_consulting_goes_where_they_wanted(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    exchange.hear_whisper("103")
    exchange.close_page("101")
    exchange.open_page("101")
    check_engine(exchange.engine, exchange.now)
    assert exchange.state() == "waiting"  # for work, which 101 does not serve
    assert exchange.agent("101") == "ready"


def test_during_the_whisper_the_caller_keeps_the_rank_and_the_whisper_is_repeated(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.close_page("101")
    exchange.open_page("101")
    assert exchange.ringing() == {"101": "caller"}
    exchange.answer("101")
    assert exchange.state() == "whispering"
    check_engine(exchange.engine, exchange.now)


def test_the_pause_asked_for_during_the_call_begins_instead(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Pause(LUNCH))
    exchange.close_page("101")
    exchange.open_page("101")
    assert exchange.agent("101") == "paused"
    assert exchange.state() == "waiting"
    check_engine(exchange.engine, exchange.now)


def test_sound_that_ends_before_the_page_is_back_puts_the_caller_in_front(
    exchange: Exchange,
) -> None:
    """Asterisk ends the leg (browser_rtp_timeout_s): whoever is ready first gets the call."""
    exchange.talk("101")
    exchange.choose_housing("later")
    exchange.close_page("101")
    exchange.end_leg("101", LegEnd.LOST)
    assert exchange.hears() == (AGENT_LOST,)
    exchange.open_page("101")
    assert exchange.ringing() == {"101": "caller"}  # not the one who waits as well
    exchange.answer("101")
    assert exchange.state() == "whispering"  # as for anybody who has them next
    check_engine(exchange.engine, exchange.now)


def test_a_colleague_whose_page_is_reloaded_is_free_again(exchange: Exchange) -> None:
    exchange.open_page("102")
    exchange.ask("102", LogIn(browser_of("102")))
    exchange.talk("101")
    exchange.ask("101", Consult(HOUSING))
    exchange.answer("102")
    exchange.hear_whisper("102")
    exchange.close_page("102")
    exchange.open_page("102")
    check_engine(exchange.engine, exchange.now)
    assert exchange.state() == "talking"
    assert exchange.agent("102") == "ready"


def test_a_caller_who_hangs_up_meanwhile_is_not_looked_for(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.close_page("101")
    exchange.tell(PageCame(WEB, in_call=False))
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.tell(PhoneAppeared(WEB))
    check_engine(exchange.engine, exchange.now)
    assert exchange.ringing() == {}
    assert CallId("caller") not in exchange.engine.board.calls


def test_music_goes_on_until_the_informateur_is_back(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.close_page("101")
    exchange.open_page("101")
    exchange.hear_out()
    assert exchange.hears() == MUSIC


# A restart of the router.


def found_talking() -> Exchange:
    """A router that has just been started, while 101 talks in the browser."""
    exchange = Exchange(day_plan())
    caller = exchange.asterisk.call_in(CallId("caller"))
    leg, bridge = exchange.talks_since_before(caller, AgentId("101"), WEB)
    talk = AgentId("101"), leg, bridge
    exchange.tell(CallFound(CallId("caller"), HOUSING, None, *talk, phone=WEB))
    return exchange


def test_who_was_talking_in_a_page_is_found_there() -> None:
    """Also if the session had not been written yet."""
    exchange = Exchange(day_plan())
    caller = exchange.asterisk.call_in(CallId("caller"))
    leg, bridge = exchange.talks_since_before(caller, "101", WEB)
    exchange.tell(
        CallFound(CallId("caller"), HOUSING, None, AgentId("101"), leg, bridge, phone=WEB)
    )
    exchange.open_page("101", in_call=True)
    view = exchange.engine.desk(AgentId("101"))
    assert view is not None
    assert (view.state, view.phone, view.absence) == ("talking", WEB, None)


def test_a_page_that_was_reloaded_meanwhile_has_its_caller_back() -> None:
    exchange = Exchange(day_plan())
    caller = exchange.asterisk.call_in(CallId("caller"))
    leg, bridge = exchange.talks_since_before(caller, "101", WEB)
    exchange.tell(
        CallFound(CallId("caller"), HOUSING, None, AgentId("101"), leg, bridge, phone=WEB)
    )
    exchange.open_page("101")
    assert exchange.ringing() == {"101": "caller"}
    check_engine(exchange.engine, exchange.now)
