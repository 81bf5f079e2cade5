"""What a restarted router does with the calls, sessions and legs that it finds."""

from dataclasses import replace

import pytest

from router.core.commands import DeskChanged, HangUp, Part, Play, Remember, Step, StopMusic
from router.core.desk.duty import RELEASE_S
from router.core.events import CallFound, LegEnd, LegEnded, LegFound
from router.core.facts import Outcome
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, SectorId
from router.core.plan import CodePolicy, LogInBy, Plan, Targets
from router.core.requests import Pause, Transfer
from tests.exchange import Exchange
from tests.service_plan import (
    HEALTH,
    HOUR,
    HOUSING,
    LUNCH,
    MONDAY_10H,
    WORK,
    day_plan,
    small_plan,
    working_desk,
)

CALLER = CallId("caller")


def open_exchange(plan: Plan | None = None) -> Exchange:
    exchange = Exchange(plan or small_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def exchange() -> Exchange:
    return open_exchange()


# Calls found after a restart of the router.


def test_a_caller_found_with_nothing_starts_again(exchange: Exchange) -> None:
    exchange.find()

    assert exchange.hears() == ("welcome",)
    assert exchange.steps() == [Step.ARRIVED]


def test_a_caller_found_waiting_waits_on_at_the_old_rank() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("later")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 50.0)
    assert exchange.hears() == ("queue-still", "rank-next")
    exchange.end_leg("101")
    exchange.wait(30.0)

    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_found_waiting_is_widened_by_the_time_already_waited() -> None:
    exchange = Exchange()
    exchange.appear("102")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 70.0)

    assert exchange.ringing() == {"102": "caller"}


def test_a_caller_found_who_has_waited_too_long_is_told_so(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.find(sector=HOUSING, joined_at=exchange.now - 2700.0)

    assert exchange.hears() == ("refused-long",)


def test_a_caller_found_who_has_waited_too_long_is_served_if_somebody_is_free(
    exchange: Exchange,
) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 2700.0)

    assert exchange.ringing() == {"101": "caller"}


def test_a_caller_found_waiting_is_told_of_closing() -> None:
    exchange = Exchange(now=MONDAY_10H + 8.2 * HOUR)
    exchange.appear("103")
    exchange.find(sector=HOUSING, joined_at=exchange.now)
    exchange.hear_out()
    exchange.wait(0.05 * HOUR)

    assert exchange.hears() == ("queue-closing",)


def test_a_conversation_that_is_found_goes_on(exchange: Exchange) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 300.0, agent="101")
    assert exchange.agent("101") == "talking"
    assert exchange.state() == "talking"
    exchange.end_leg("101")
    assert exchange.hears() == ("goodbye",)
    assert exchange.agent("101") == "wrapping up"
    exchange.leave()

    assert exchange.outcome() is Outcome.ANSWERED
    assert exchange.bridges == {}


def test_an_informateur_found_talking_before_the_phone_is_known_to_be_registered() -> None:
    exchange = Exchange()
    exchange.find(sector=HOUSING, agent="101")
    exchange.appear("101")
    exchange.leave()

    assert exchange.agent("101") == "wrapping up"


@pytest.mark.parametrize("sector", [HOUSING, None, SectorId("unknown")])
def test_a_conversation_that_cannot_be_resumed_is_ended(
    exchange: Exchange, sector: SectorId | None
) -> None:
    exchange.choose_housing("other")  # 101 is rung
    commands = exchange.find(sector=sector, joined_at=exchange.now, agent="101")

    assert HangUp(CALLER, ChannelId("old-leg-of-caller")) in commands
    assert Part(CALLER, BridgeId("old-talk-of-caller")) in commands
    assert exchange.hears()[0] == ("welcome" if sector is None else "queue-still")


# A restart.


def test_informateurs_are_still_logged_in_after_a_restart() -> None:
    before = open_exchange(day_plan())
    before.ask("101", Pause(LUNCH))
    after = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)), before.now + 60.0)
    after.engine.restore(before.sessions.values(), after.now)
    after.appear("101", "103")

    assert (after.agent("101"), after.agent("103")) == ("paused", "ready")
    after.wait(3600.0 - 60.0)
    assert after.agent("101") == "logged out"


def test_a_session_whose_phone_does_not_come_back_ends() -> None:
    before = open_exchange(day_plan())
    after = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)), before.now + 60.0)
    after.engine.restore(before.sessions.values(), after.now)
    after.wait(after.plan.desk.away_s)
    after.appear("101")
    assert after.agent("101") == "logged out"


def test_sessions_of_informateurs_no_longer_in_the_plan_are_not_resumed() -> None:
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    exchange.engine.restore(
        [
            DeskChanged(AgentId("999"), PhoneId("102")),
            DeskChanged(AgentId("101"), None),
            DeskChanged(AgentId("102"), PhoneId("190")),
            DeskChanged(AgentId("103"), PhoneId("190")),  # two at one phone: the first
        ],
        exchange.now,
    )
    exchange.appear("101", "102", "103", "190")

    assert [exchange.agent(name) for name in ("101", "102", "103")] == (
        ["logged out", "ready", "logged out"]
    )


def test_a_referral_found_after_a_restart_goes_on(exchange: Exchange) -> None:
    leg, bridge = exchange.talks_since_before(exchange.asterisk.call_in(CALLER), HEALTH)
    exchange.tell(CallFound(CALLER, HOUSING, MONDAY_10H, None, leg, bridge))
    assert exchange.state() == "referred"
    exchange.end_leg(HEALTH)

    assert exchange.hears() == ("goodbye",)
    assert exchange.bridges == {}


def picked_up(exchange: Exchange) -> CallFound:
    """Return how a caller is found whose informateur has picked up, and who is in no bridge yet."""
    caller = exchange.asterisk.call_in(CALLER)
    caller.music = True
    phone = PhoneId("101")
    leg = exchange.asterisk.picked_up_since_before(caller, ChannelId("old-leg"), "101", phone)
    return CallFound(CALLER, HOUSING, exchange.now - 50.0, AgentId("101"), leg.id)


def test_an_informateur_who_had_picked_up_is_told_again_and_joined() -> None:
    exchange = Exchange()
    exchange.tell(picked_up(exchange))
    exchange.appear("101")
    assert (exchange.state(), exchange.agent("101")) == ("whispering", "talking")
    assert exchange.hears() == ("connecting",)
    exchange.hear_whisper("101")
    assert exchange.state() == "talking"
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s) == (Outcome.ANSWERED, 50)


def test_who_had_picked_up_for_a_caller_who_is_not_known_is_let_go() -> None:
    exchange = Exchange()
    found = picked_up(exchange)
    exchange.caller().music = False
    commands = exchange.tell(replace(found, sector=None))
    exchange.appear("101")
    assert HangUp(CALLER, ChannelId("old-leg")) in commands
    assert exchange.agent("101") == "talking"
    exchange.confirm_hang_ups()
    exchange.wait(RELEASE_S)

    assert exchange.agent("101") == "ready"


def test_a_caller_on_hold_is_back_with_the_informateur(exchange: Exchange) -> None:
    caller = exchange.asterisk.call_in(CALLER)
    leg, bridge = exchange.talks_since_before(caller, AgentId("101"), PhoneId("101"))
    exchange.asterisk.put_on_hold_since_before(caller)
    exchange.tell(CallFound(CALLER, HOUSING, exchange.now, AgentId("101"), leg, bridge, apart=True))

    assert exchange.state() == "talking"
    assert exchange.bridges == {bridge: {ChannelId(CALLER), leg}}
    assert not caller.music


def written(exchange: Exchange) -> Remember:
    """Return what is written on the caller's channel."""
    remembered = exchange.caller().remembered
    assert remembered is not None
    return remembered


def test_who_has_been_served_is_not_served_again() -> None:
    before = open_exchange(day_plan())
    before.talk("101")
    before.end_leg("101")
    assert (before.state(), written(before).sector) == ("voting", None)
    exchange = open_exchange()
    exchange.asterisk.call_in(CALLER)
    exchange.tell(CallFound(CALLER, served=True))
    assert exchange.hears() == ("goodbye",)
    exchange.hear_out()
    exchange.confirm_hang_ups()

    assert exchange.ringing() == {}
    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s) == (Outcome.ANSWERED, None)


def test_where_a_caller_who_was_transferred_waits_is_written() -> None:
    exchange = open_exchange(day_plan())
    exchange.choose_housing()
    since = exchange.now
    exchange.wait(5.0)
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.ask("101", Transfer(WORK))

    assert (written(exchange).sector, written(exchange).joined_at) == (WORK, since)


# Phones that still have a call of before.


def left_over(exchange: Exchange, phone: str = "101") -> ChannelId:
    """A phone still has a call that nobody needs, which is being hung up."""
    caller = exchange.asterisk.call_in(CallId(f"gone-{phone}"))
    leg = exchange.asterisk.picked_up_since_before(
        caller, ChannelId(f"left-{phone}"), phone, PhoneId(phone)
    )
    exchange.asterisk.drop(caller)
    exchange.tell(LegFound(caller.call, leg.id, PhoneId(phone)))
    return leg.id


def end(exchange: Exchange, leg: ChannelId) -> None:
    channel = exchange.asterisk.channels[leg]
    exchange.asterisk.drop(channel)
    exchange.tell(LegEnded(channel.call, leg, LegEnd.HUNG_UP))


def test_a_phone_is_not_rung_before_its_old_call_has_ended() -> None:
    exchange = Exchange()
    leg = left_over(exchange)
    exchange.find(sector=HOUSING, joined_at=exchange.now)
    exchange.appear("101")
    assert exchange.ringing() == {}
    end(exchange, leg)
    exchange.wait(RELEASE_S)

    assert exchange.ringing() == {"101": "caller"}


def test_it_is_rung_all_the_same_if_that_end_is_never_told() -> None:
    exchange = Exchange()
    leg = left_over(exchange)
    exchange.asterisk.drop(exchange.asterisk.channels[leg])
    exchange.find(sector=HOUSING, joined_at=exchange.now)
    exchange.appear("101")
    exchange.wait(2 * RELEASE_S)
    assert exchange.ringing() == {}
    exchange.tell_lost()

    assert exchange.ringing() == {"101": "caller"}


def test_who_is_not_logged_in_is_not_so_by_an_old_call() -> None:
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    leg = left_over(exchange)
    exchange.appear("101")
    end(exchange, leg)

    assert exchange.agent("101") == "logged out"


def test_who_is_paused_or_rung_stays_so(exchange: Exchange) -> None:
    paused = open_exchange(day_plan())
    paused.ask("101", Pause(LUNCH))
    left_over(paused)
    assert paused.agent("101") == "paused"

    exchange.choose_housing()
    left_over(exchange)
    assert exchange.agent("101") == "ringing"


def test_an_old_call_at_a_phone_of_nobody_is_ignored(exchange: Exchange) -> None:
    left_over(exchange, "999")
    assert exchange.engine.counts["ignored LegFound"] == 1


def test_when_a_call_found_talking_was_answered_is_not_known(exchange: Exchange) -> None:
    exchange.find(sector=HOUSING, joined_at=exchange.now - 300.0, agent="101")
    exchange.wait(20.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s, fact.talked_s) == (Outcome.ANSWERED, None, 20)
    assert fact.kept is None


def test_ids_begin_with_the_run_and_are_never_reused(exchange: Exchange) -> None:
    ids = []
    for call, keys in (("a", "##000"), ("b", "#1"), ("c", "#2")):
        exchange.arrive(call)
        for key in keys:
            ids += [one.playback for one in exchange.press(key, call) if isinstance(one, Play)]
        exchange.leave(call)

    assert len(ids) == len(set(ids)) == 9
    assert all(one.startswith("run-play-") for one in ids)
    assert all(leg.id.startswith("run-leg-") for leg in exchange.legs)


def test_outcomes_are_counted(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.leave()

    assert exchange.engine.counts["ended left"] == 1


def test_music_is_stopped_before_the_two_are_joined(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.hear_out()
    exchange.answer("101")
    exchange.hear_out()  # that somebody comes
    exchange.hear_whisper("101")
    _, _, commands = exchange.told[-1]

    kinds = [type(one).__name__ for one in commands]
    assert kinds.index("StopMusic") < kinds.index("Join")
    assert StopMusic(CALLER, ChannelId(CALLER)) in commands
    assert not any(isinstance(one, Play) for one in commands)


def test_targets_and_code_policy_come_from_the_plan(exchange: Exchange) -> None:
    quick = Exchange(small_plan(targets=Targets(ring_s=3), code=CodePolicy(tries=1)))
    quick.appear("101")
    quick.arrive()
    quick.press("#50000000")
    assert quick.hears()[0] == "code-abandoned"
    quick.press("2")
    quick.wait(3.0)

    assert quick.agent("101") == "paused"
