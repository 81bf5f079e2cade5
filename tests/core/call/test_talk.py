"""During the call: hold, transfer, consultation, referral; by keys and by request."""

import pytest

from router.core.call.referral import REFERRAL_RING_S
from router.core.commands import DialOut, HangUp, Play, Ring, Step
from router.core.events import LegAnswered, LegEnd, LegEnded, LegKeyPressed, LegRang, PromptEnded
from router.core.facts import Outcome
from router.core.ids import AgentId, CallId, EntryId, SectorId
from router.core.plan import Sector
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    Hold,
    LogOut,
    Pause,
    Refer,
    Reply,
    Retrieve,
    Transfer,
)
from tests.exchange import MUSIC, Exchange
from tests.service_plan import (
    HEALTH,
    HOUSING,
    LUNCH,
    TOWN_HALL,
    WORK,
    agent,
    day_plan,
    small_plan,
)

CALLER = CallId("caller")
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


def consulting(exchange: Exchange) -> None:
    """103, who was asked, talks with 101."""
    assert exchange.ask("101", Consult(WORK)) is Reply.CONSULTING
    exchange.answer("103")
    exchange.hear_whisper("103")
    assert exchange.together("101", "103")


def settle(exchange: Exchange) -> None:
    """Asterisk confirms all hang-ups, and every wrap-up ends."""
    exchange.confirm_hang_ups()
    exchange.wait(30.0)


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
def test_a_caller_on_hold_whose_informateur_is_gone_comes_first(
    exchange: Exchange, why: LegEnd
) -> None:
    exchange.choose_housing("waiting")
    exchange.ask("101", Hold())
    exchange.end_leg("101", why)
    assert exchange.hears() == ("agent-lost",)
    settle(exchange)

    assert exchange.ringing() == {"101": "caller"}


def test_hold_counts_as_talk(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.ask("101", Hold())
    exchange.wait(20.0)
    exchange.ask("101", Retrieve())
    exchange.leave()

    [fact] = exchange.call_facts()
    assert fact.talked_s == 30


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
def test_a_transfer_that_leads_nowhere_is_refused(
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


def test_a_refusal_is_said_to_the_informateur(exchange: Exchange) -> None:
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


def test_a_caller_who_leaves_after_a_transfer_was_answered(exchange: Exchange) -> None:
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


def test_a_star_begins_anew(exchange: Exchange) -> None:
    exchange.keys("101", "*2*1")

    assert exchange.state() == "held"


def test_keys_without_a_star_are_the_informateurs_own_affair(exchange: Exchange) -> None:
    exchange.keys("101", "123#0")

    assert exchange.state() == "talking"
    assert exchange.informateur_hears("101") == ()


def test_keys_of_another_leg_mean_nothing(exchange: Exchange) -> None:
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


# Consultation.


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("how", ["keys", "request"])
def test_a_colleague_is_asked_while_the_caller_hears_music(
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
def test_a_consultation_that_cannot_be(exchange: Exchange, sector: SectorId, reply: Reply) -> None:
    assert exchange.ask("101", Consult(sector)) is reply
    assert exchange.state() == "talking"


def test_a_colleague_of_the_same_sector_may_be_asked(exchange: Exchange) -> None:
    exchange.appear("102")

    assert exchange.ask("101", Consult(HOUSING)) is Reply.CONSULTING
    assert exchange.ringing() == {"102": "caller"}


def test_why_a_colleague_was_asked_can_be_explained(exchange: Exchange) -> None:
    exchange.wait(40.0)
    exchange.ask("101", Consult(WORK))
    view = exchange.engine.desk(AgentId("103"))

    assert view is not None
    assert view.why is not None
    assert (view.why.level, view.why.ready, view.why.idle_s) == (1, 1, 40.0)


@pytest.mark.parametrize("how", ["keys", "request", "hangs up"])
def test_the_caller_goes_on_with_the_colleague(exchange: Exchange, how: str) -> None:
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
    assert exchange.ask("103", Hold()) is Reply.HELD  # the call is the colleague's now
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
    assert exchange.ask("101", Complete()) is Reply.NOT_NOW  # hears what it is about
    exchange.hear_whisper("103")

    assert exchange.ask("101", Complete()) is Reply.TRANSFERRED


@pytest.mark.parametrize("request_", [Cancel(), Retrieve()])
@pytest.mark.parametrize("when", ["reserved", "ringing", "whispering", "talking"])
def test_a_consultation_is_given_up_and_the_colleague_has_missed_nothing(
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
def test_a_caller_who_leaves_during_a_consultation(exchange: Exchange, when: str) -> None:
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
def test_to_hang_up_before_the_colleague_answers_is_to_transfer(
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
def test_an_informateur_who_is_cut_off_in_a_consultation(exchange: Exchange, when: str) -> None:
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


def test_a_colleagues_phone_that_vanishes_in_the_consultation_may_still_carry_it(
    exchange: Exchange,
) -> None:
    consulting(exchange)
    exchange.vanish("103")
    assert exchange.together("101", "103")
    exchange.end_leg("103")

    assert exchange.together("101", "caller")
    assert exchange.agent("103") == "logged out"


def test_a_whisper_to_the_colleague_that_never_ends_is_cut(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    exchange.wait(20.0)

    assert exchange.together("101", "103")


@pytest.mark.parametrize("when", ["whispering", "talking"])
def test_what_is_told_again_of_the_colleague_changes_nothing(exchange: Exchange, when: str) -> None:
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


def test_a_phone_that_rings_again_and_again_is_not_rung_longer(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.wait(10.0)
    exchange.tell(LegRang(CALLER, exchange.leg("103").id))
    exchange.wait(5.0)

    assert exchange.state() == "talking"


def test_a_colleague_may_be_asked_again(exchange: Exchange) -> None:
    for _ in range(3):
        consulting(exchange)
        exchange.ask("101", Cancel())
        exchange.confirm_hang_ups()
        exchange.wait(3.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.attempts, fact.transfers) == (4, 0)


def test_the_one_who_was_consulted_cannot_command_the_call(exchange: Exchange) -> None:
    consulting(exchange)

    assert exchange.ask("103", Complete()) is Reply.NOT_IN_CALL
    assert exchange.ask("103", Hold()) is Reply.NOT_IN_CALL


def test_asterisk_is_asked_about_the_colleague_too(exchange: Exchange) -> None:
    consulting(exchange)
    exchange.lose_leg("103")
    exchange.wait(exchange.plan.targets.verify_s)
    exchange.tell_lost()

    assert exchange.together("101", "caller")
    assert exchange.agent("103") != "talking"


# Referral, dialled.


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


def test_an_entry_without_a_number_is_only_told(exchange: Exchange) -> None:
    assert exchange.ask("101", Refer(TOWN_HALL, spoken=False)) is Reply.NO_NUMBER
    assert exchange.together("101", "caller")
    assert exchange.ask("101", Refer(TOWN_HALL, spoken=True)) is Reply.REFERRED
    said = ("dir-mairie", "dir-mairie-h")
    assert exchange.hears() == ("referral-intro", *said, "referral-repeat", *said)


@pytest.mark.parametrize("why", [LegEnd.BUSY, LegEnd.UNREACHABLE, None])
def test_a_referral_that_is_not_reached_gives_the_caller_back(
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
    assert fact.referral is None  # sent nowhere
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
        assert exchange.hears() == READ  # the number is told instead
        assert exchange.bridges == {}
    exchange.leave()
    exchange.confirm_hang_ups()

    [fact] = exchange.call_facts()
    assert fact.referral == HEALTH
    assert exchange.talking() == exchange.ringing() == {}
    assert exchange.bridges == {}


@pytest.mark.parametrize("when", ["dialled", "dialled, alone", "talking"])
def test_a_caller_who_leaves_during_a_referral(exchange: Exchange, when: str) -> None:
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


# Referral, spoken.


@pytest.mark.parametrize("how", ["keys", "request"])
@pytest.mark.parametrize("held", [False, True])
def test_a_referral_is_said_twice_and_the_informateur_is_free(
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


def test_a_key_ends_the_reading(exchange: Exchange) -> None:
    exchange.ask("101", SPOKEN)
    exchange.press("1")

    assert exchange.state() == "voting"


def test_a_reading_whose_end_is_never_told_ends(exchange: Exchange) -> None:
    exchange.ask("101", SPOKEN)
    exchange.wait(120.0)

    assert exchange.state() == "voting"


def test_hang_ups_confirmed_late_do_not_cut_a_wrap_up_short(exchange: Exchange) -> None:
    exchange.ask("101", Pause(LUNCH))
    exchange.ask("101", SPOKEN)
    exchange.confirm_hang_ups()

    assert exchange.agent("101") == "wrapping up"


# Nothing is said to anybody it is not meant for.


def test_the_caller_hears_nothing_of_what_the_informateur_is_told(exchange: Exchange) -> None:
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
