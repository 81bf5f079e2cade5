"""A supervisor listens, whispers or joins: announced first, audited, over with the conversation."""

from typing import get_args

import pytest

from router.core.commands import ForAsterisk, HangUp, Join, Part, Play, PutIn, Ring, Snoop, Step
from router.core.events import CommandFailed, LegAnswered, LegEnd, PromptEnded, SnoopStarted
from router.core.facts import WatchFact
from router.core.ids import AgentId, CallId, PhoneId
from router.core.requests import (
    Consult,
    Hold,
    LogIn,
    LogOut,
    Refer,
    Reply,
    Request,
    Transfer,
    Watching,
)
from tests.exchange import Exchange
from tests.service_plan import HEALTH, MONDAY_10H, WORK, day_plan

CALLER = CallId("caller")


@pytest.fixture
def exchange() -> Exchange:
    """101 talks with the caller; 103 is ready; the supervisor's phone is 190."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103", "190")
    exchange.talk("101")
    return exchange


def watched(exchange: Exchange, watching: Watching) -> None:
    """A supervisor takes part, and everybody has been told."""
    assert exchange.watch("101", watching) is Reply.WATCHING
    exchange.answer("190")
    exchange.hear_out()
    if watching is not Watching.JOIN:
        exchange.snoop_starts()


def audits(exchange: Exchange) -> list[WatchFact]:
    return [fact for fact in exchange.facts if isinstance(fact, WatchFact)]


def snoops(exchange: Exchange) -> list[Snoop]:
    return [one for *_, told in exchange.told for one in told if isinstance(one, Snoop)]


# The announcement comes first.


@pytest.mark.parametrize("watching", Watching)
def test_everybody_is_told_before_anything_is_heard(exchange: Exchange, watching: Watching) -> None:
    assert exchange.watch("101", watching) is Reply.WATCHING
    assert exchange.ringing() == {"190": "caller"}
    assert exchange.hears() == ()
    exchange.answer("190")

    assert exchange.hears() == ("watch-caller",)
    assert exchange.informateur_hears("101") == ("watch-agent",)
    assert exchange.informateur_hears("190") == ("watch-supervisor",)
    assert snoops(exchange) == []
    assert audits(exchange) == []
    assert exchange.together("101", "caller")
    exchange.hear_out()

    assert audits(exchange) == [WatchFact(MONDAY_10H, "sup", AgentId("101"), watching)]


def test_the_informateurs_screen_names_the_supervisor(exchange: Exchange) -> None:
    watched(exchange, Watching.LISTEN)
    view = exchange.engine.desk(AgentId("101"))
    assert view is not None
    assert view.watched_by == "sup"
    exchange.end_leg("190")
    view = exchange.engine.desk(AgentId("101"))

    assert view is not None
    assert view.watched_by is None


# Listen, whisper, join.


@pytest.mark.parametrize("watching", [Watching.LISTEN, Watching.WHISPER])
def test_a_supervisor_listens_through_a_snoop_on_the_informateurs_leg(
    exchange: Exchange, watching: Watching
) -> None:
    watched(exchange, watching)

    [snoop] = snoops(exchange)
    assert snoop.leg == exchange.leg("101").id
    assert snoop.whisper is (watching is Watching.WHISPER)
    assert exchange.together("snoop", "190")
    assert exchange.together("101", "caller")  # and nobody else


def test_a_supervisor_who_joins_is_heard_by_both(exchange: Exchange) -> None:
    watched(exchange, Watching.JOIN)

    assert exchange.together("101", "caller", "190")
    assert snoops(exchange) == []


def test_a_supervisor_who_hangs_up_leaves_the_conversation_as_it_was(exchange: Exchange) -> None:
    for watching in Watching:
        watched(exchange, watching)
        exchange.end_leg("190")
        assert exchange.together("101", "caller")
        exchange.confirm_hang_ups()
        assert len(exchange.bridges) == 1
    assert [fact.watching for fact in audits(exchange)] == list(Watching)
    assert exchange.steps().count(Step.UNWATCHED) == 3


# Refused.


@pytest.mark.parametrize(
    ("agent", "phone", "reply"),
    [
        ("999", "190", Reply.NOT_IN_CALL),
        ("102", "190", Reply.NOT_IN_CALL),  # logged out
        ("103", "190", Reply.NOT_IN_CALL),  # ready
        ("101", "999", Reply.PHONE_UNKNOWN),
        ("101", "102", Reply.PHONE_ABSENT),
        ("101", "103", Reply.PHONE_TAKEN),
        ("101", "101", Reply.PHONE_TAKEN),
    ],
)
def test_a_supervisor_who_cannot_take_part(
    exchange: Exchange, agent: str, phone: str, reply: Reply
) -> None:
    assert exchange.watch(agent, Watching.LISTEN, phone) is reply
    assert exchange.ringing() == {}


@pytest.mark.parametrize("state", ["ringing", "whispering", "held", "consulting", "referring"])
def test_supervisors_can_take_part_only_in_conversations(state: str) -> None:
    exchange = Exchange(day_plan())
    exchange.appear("101", "103", "190")
    exchange.choose_housing()
    if state != "ringing":
        exchange.answer("101")
    if state not in ("ringing", "whispering"):
        exchange.hear_whisper("101")
        requests: dict[str, Request] = {
            "held": Hold(),
            "consulting": Consult(WORK),
            "referring": Refer(HEALTH, spoken=False),
        }
        exchange.ask("101", requests[state])
    assert exchange.state() == state

    assert exchange.watch("101", Watching.LISTEN) is Reply.NOT_IN_CALL


def test_a_colleague_being_consulted_cannot_be_supervised(exchange: Exchange) -> None:
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    exchange.hear_whisper("103")

    assert exchange.watch("103", Watching.LISTEN) is Reply.NOT_IN_CALL


def test_one_supervisor_for_each_call_and_one_call_for_each_supervisor(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.ask("102", LogOut())  # a phone at which nobody works
    exchange.arrive("second")
    exchange.press("#111", "second")
    exchange.answer("103")
    exchange.hear_whisper("103")
    exchange.watch("101", Watching.LISTEN)

    assert exchange.watch("101", Watching.JOIN, "102") is Reply.BUSY
    assert exchange.watch("103", Watching.LISTEN, "190") is Reply.BUSY
    assert exchange.watch("103", Watching.LISTEN, "102") is Reply.WATCHING


def test_a_supervisor_may_use_a_free_informateurs_phone(exchange: Exchange) -> None:
    exchange.ask("103", LogOut())

    assert exchange.watch("101", Watching.LISTEN, "103") is Reply.WATCHING


@pytest.mark.parametrize("why", [LegEnd.NO_ANSWER, LegEnd.BUSY, LegEnd.REJECTED])
def test_a_supervisor_who_does_not_pick_up_was_never_there(exchange: Exchange, why: LegEnd) -> None:
    exchange.watch("101", Watching.JOIN)
    exchange.end_leg("190", why)

    assert audits(exchange) == []
    assert exchange.together("101", "caller")
    assert exchange.watch("101", Watching.JOIN) is Reply.WATCHING


# It ends with the conversation.


@pytest.mark.parametrize("when", ["rings", "is announced", "has begun"])
@pytest.mark.parametrize("watching", Watching)
@pytest.mark.parametrize(
    "how",
    ["hold", "transfer", "consult", "dialled", "spoken", "caller leaves", "hangs up", "cut off"],
)
def test_it_ends_with_the_conversation(
    exchange: Exchange, how: str, watching: Watching, when: str
) -> None:
    if when == "has begun":
        watched(exchange, watching)
    else:
        exchange.watch("101", watching)
    if when == "is announced":
        exchange.answer("190")
    match how:
        case "hold":
            exchange.ask("101", Hold())
        case "transfer":
            exchange.ask("101", Transfer(WORK))
        case "consult":
            exchange.ask("101", Consult(WORK))
        case "dialled":
            exchange.ask("101", Refer(HEALTH, spoken=False))
        case "spoken":
            exchange.ask("101", Refer(HEALTH, spoken=True))
        case "caller leaves":
            exchange.leave()
        case "hangs up":
            exchange.end_leg("101")
        case _:
            exchange.end_leg("101", LegEnd.LOST)

    assert not [leg for leg in exchange.legs if leg.alive and leg.name in ("190", "snoop")]
    assert len(exchange.bridges) == (how in ("hold", "consult", "dialled"))
    assert exchange.steps().count(Step.UNWATCHED) == 1
    assert len(audits(exchange)) == (when == "has begun")
    exchange.confirm_hang_ups()


def test_after_a_hold_it_must_be_requested_and_announced_again(exchange: Exchange) -> None:
    watched(exchange, Watching.LISTEN)
    exchange.ask("101", Hold())
    exchange.confirm_hang_ups()
    exchange.keys("101", "*1")
    assert exchange.watch("101", Watching.LISTEN) is Reply.WATCHING
    exchange.answer("190")

    assert exchange.hears() == ("watch-caller",)


# Late and repeated events.


def test_a_snoop_that_comes_late_is_removed(exchange: Exchange) -> None:
    exchange.watch("101", Watching.LISTEN)
    exchange.answer("190")
    exchange.hear_out()
    [snoop] = snoops(exchange)
    exchange.end_leg("190")

    told = exchange.tell(SnoopStarted(CALLER, snoop.snoop))
    assert told == [HangUp(CALLER, snoop.snoop)]


def test_a_snoop_after_the_call_is_removed(exchange: Exchange) -> None:
    watched(exchange, Watching.LISTEN)
    [snoop] = snoops(exchange)
    exchange.leave()

    told = exchange.tell(SnoopStarted(CALLER, snoop.snoop))
    assert told == [HangUp(CALLER, snoop.snoop)]


@pytest.mark.parametrize("watching", Watching)
def test_repeated_reports_begin_nothing_again(exchange: Exchange, watching: Watching) -> None:
    exchange.watch("101", watching)
    exchange.answer("190")
    supervisor = exchange.leg("190").id
    announcement = exchange.caller("caller").playback
    assert announcement is not None
    assert exchange.tell(LegAnswered(CALLER, supervisor)) == []
    exchange.hear_out()
    assert exchange.tell(PromptEnded(CALLER, announcement)) == []
    if watching is not Watching.JOIN:
        exchange.snoop_starts()
        [snoop] = snoops(exchange)
        assert exchange.tell(SnoopStarted(CALLER, snoop.snoop)) == []
    assert exchange.tell(LegAnswered(CALLER, supervisor)) == []

    assert len(audits(exchange)) == 1
    assert len(exchange.bridges) == (1 if watching is Watching.JOIN else 2)


def test_an_announcement_to_a_caller_who_is_put_on_hold_is_cut_short(exchange: Exchange) -> None:
    exchange.watch("101", Watching.LISTEN)
    exchange.answer("190")
    announcement = exchange.caller("caller").playback
    assert announcement is not None
    exchange.ask("101", Hold())
    assert exchange.hears() == ("music",)

    assert exchange.tell(PromptEnded(CALLER, announcement)) == []


def test_an_informateur_may_not_log_in_where_a_supervisor_listens_unless_nobody_rings() -> None:
    """A supervisor's phone is a phone like any other; a call that rings there finds it busy."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "102", "190")
    exchange.talk("101")
    watched(exchange, Watching.LISTEN)
    exchange.ask("102", LogOut())

    assert exchange.ask("102", LogIn(PhoneId("190"))) is Reply.LOGGED_IN
    assert exchange.together("snoop", "190")


# Nothing records.


def test_no_command_for_asterisk_records() -> None:
    assert not [kind for kind in get_args(ForAsterisk) if "record" in kind.__name__.lower()]


def test_a_supervisors_part_is_made_of_channels_prompts_and_bridges_only(
    exchange: Exchange,
) -> None:
    before = len(exchange.told)
    for watching in Watching:
        watched(exchange, watching)
        exchange.end_leg("190")
        exchange.confirm_hang_ups()

    used = {type(one) for *_, told in exchange.told[before:] for one in told}
    assert used & set(get_args(ForAsterisk)) == {Ring, Play, Snoop, Join, PutIn, HangUp, Part}


def test_a_snoop_that_fails_ends_the_supervisor_s_part(exchange: Exchange) -> None:
    watched(exchange, Watching.LISTEN)
    watch = exchange.engine.board.calls[CALLER].watch
    assert watch is not None
    assert watch.snoop is not None
    exchange.tell(CommandFailed(CALLER, watch.snoop))
    assert exchange.engine.board.calls[CALLER].watch is None
    assert exchange.talking()["101"] == "caller"
