"""What Asterisk holds against what the engine believes."""

from collections.abc import Collection
from typing import Any

import pytest

from router.ari.messages import Request
from router.ari.resync import HeldBridge, HeldLeg, Holdings, read_holdings, reconcile
from router.ari.translate import Translator
from router.core.commands import Command, HangUp, Join, Play, Ring, StartMusic
from router.core.events import (
    CallFound,
    CallLeft,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PlaybackId, PromptId, SectorId
from router.errors import AriGone

CALL = CallId("1.7")
LEG = ChannelId("r1-leg")
LEA, MAX = AgentId("lea"), AgentId("max")
BRIDGE = BridgeId("r1-bridge")
TRAVAIL = SectorId("travail")
RING = Ring(CALL, LEA, LEG, 15)
ANSWERED = HeldLeg(LEA, CALL)


@pytest.fixture
def translator() -> Translator:
    return Translator("allo", [LEA, MAX])


def compare(
    translator: Translator,
    held: Holdings,
    calls: Collection[CallId] = (),
    legs: Collection[ChannelId] = (),
    dropped: Collection[Command] = (),
) -> tuple[list[Event], list[str]]:
    events, requests = reconcile(held, translator, calls, legs, dropped)
    return events, [f"{request.method} {request.path}" for request in requests]


def talking() -> Holdings:
    bridge = HeldBridge(BRIDGE, CALL, (ChannelId(CALL), LEG))
    return Holdings(callers=[CALL], legs={LEG: ANSWERED}, bridges=[bridge])


# A router that stayed.


def test_what_is_as_believed_stays_untouched(translator: Translator) -> None:
    translator.requests(RING)
    assert compare(translator, talking(), [CALL], [LEG]) == ([], [])


def test_what_is_gone_is_told(translator: Translator) -> None:
    translator.requests(RING)
    assert compare(translator, Holdings(), [CALL], [LEG]) == (
        [CallLeft(CALL), LegEnded(CALL, LEG, LegEnd.LOST)],
        [],
    )


def test_a_phone_that_still_rings_rings_on(translator: Translator) -> None:
    translator.requests(RING)
    held = Holdings(callers=[CALL], legs={LEG: HeldLeg(LEA)})
    assert compare(translator, held, [CALL], [LEG]) == ([], [])


def test_a_leg_answered_unseen_is_told(translator: Translator) -> None:
    translator.requests(RING)
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED})
    assert compare(translator, held, [CALL], [LEG]) == ([LegAnswered(CALL, LEG)], [])


def test_a_prompt_that_ended_unseen_is_told_once(translator: Translator) -> None:
    playback = PlaybackId("r1-play")
    translator.requests(Play(CALL, ChannelId(CALL), playback, (PromptId("one"),)))
    held = Holdings(callers=[CALL], ended=[playback])
    assert compare(translator, held, [CALL]) == ([PromptEnded(CALL, playback)], [])
    assert compare(translator, held, [CALL]) == ([], [])


def test_a_goodbye_that_was_lost_is_said_again(translator: Translator) -> None:
    dropped: list[Command] = [HangUp(CALL, ChannelId(CALL)), StartMusic(CALL, ChannelId(CALL))]
    held = Holdings(callers=[CALL])
    assert compare(translator, held, dropped=dropped) == ([], ["DELETE channels/1.7"])


def test_two_people_who_were_not_joined_are_not_left_in_silence(translator: Translator) -> None:
    translator.requests(RING)
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED})
    join = Join(CALL, BRIDGE, (ChannelId(CALL), LEG))
    assert compare(translator, held, [CALL], [LEG], [join]) == (
        [LegEnded(CALL, LEG, LegEnd.LOST)],
        ["DELETE channels/r1-leg"],
    )


# A router that starts anew.


def test_two_who_talk_go_on_talking(translator: Translator) -> None:
    held = talking()
    held.waiting[CALL] = (TRAVAIL, 12.5)
    assert compare(translator, held) == ([CallFound(CALL, TRAVAIL, 12.5, LEA, LEG, BRIDGE)], [])
    assert translator.call_of(LEG) == CALL


def test_a_caller_who_waits_keeps_the_rank(translator: Translator) -> None:
    held = Holdings(callers=[CALL], waiting={CALL: (TRAVAIL, 12.5)})
    assert compare(translator, held) == ([CallFound(CALL, TRAVAIL, 12.5)], [])


def test_any_other_caller_begins_again(translator: Translator) -> None:
    assert compare(translator, Holdings(callers=[CALL])) == ([CallFound(CALL)], [])


def test_a_caller_alone_in_a_bridge_is_not_talking(translator: Translator) -> None:
    held = Holdings(callers=[CALL], bridges=[HeldBridge(BRIDGE, CALL, (ChannelId(CALL),))])
    assert compare(translator, held) == ([CallFound(CALL)], ["DELETE bridges/r1-bridge"])


@pytest.mark.parametrize("leg", [HeldLeg(LEA), ANSWERED])
def test_a_leg_without_its_call_is_hung_up(translator: Translator, leg: HeldLeg) -> None:
    held = Holdings(legs={LEG: leg}, bridges=[HeldBridge(BRIDGE, CALL, (LEG,))])
    assert compare(translator, held) == (
        [],
        ["DELETE channels/r1-leg", "DELETE bridges/r1-bridge"],
    )


def test_phones_are_told_when_they_changed(translator: Translator) -> None:
    held = Holdings(phones={LEA: True, MAX: False, AgentId("stranger"): True})
    assert compare(translator, held) == ([PhoneAppeared(LEA)], [])
    assert compare(translator, held) == ([], [])
    assert compare(translator, Holdings(phones={MAX: True})) == (
        [PhoneVanished(LEA), PhoneAppeared(MAX)],
        [],
    )


# Reading.


def channel(
    identity: str, app_name: str, app_data: str, name: str = "PJSIP/trunk-01"
) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "dialplan": {"app_name": app_name, "app_data": app_data},
        "caller": {"name": "", "number": "0639980001"},
    }


class Answers:
    """Answers by path; whatever is missing is 404."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"channels": [], "bridges": [], "endpoints/PJSIP": []} | answers
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Any:
        self.asked.append(request.path)
        if request.path not in self.answers:
            raise AriGone(404, request.operation)
        return self.answers[request.path]


async def test_channels_are_sorted_by_what_they_do() -> None:
    answers = Answers(
        channels=[
            channel("1.7", "Stasis", "allo,caller"),
            channel("1.8", "Stasis", "other,caller"),
            channel("1.9", "MusicOnHold", "default,5"),
            channel("1.10", "Stasis", "allo"),
            channel("leg-a", "Stasis", "allo,agent,lea,1.7", "PJSIP/agent-lea-0000000a"),
            channel("leg-b", "AppDial2", "(Outgoing Line)", "PJSIP/agent-jean-luc-0000000b"),
            channel("leg-c", "AppDial2", "(Outgoing Line)", "PJSIP/carrier-0000000c"),
        ]
    )
    held = await read_holdings(answers, "allo", [], [])
    assert held.callers == ["1.7"]
    assert held.legs == {
        "leg-a": HeldLeg(LEA, CALL),
        "leg-b": HeldLeg(AgentId("jean-luc")),
    }


async def test_bridges_of_others_are_left_alone() -> None:
    answers = Answers(
        bridges=[
            {"id": "b1", "name": "allo:1.7", "channels": ["1.7", "leg"]},
            {"id": "b2", "name": "conference", "channels": []},
        ]
    )
    held = await read_holdings(answers, "allo", [], [])
    assert held.bridges == [HeldBridge(BridgeId("b1"), CALL, (ChannelId("1.7"), ChannelId("leg")))]


async def test_marks_are_read_of_unknown_callers_alone() -> None:
    found = {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "12.5"}
    answers = Answers(
        channels=[channel(name, "Stasis", "allo,caller") for name in ("1.1", "1.2", "1.3", "1.4")],
        **{
            "channels/1.2/variables": {"variables": found},
            "channels/1.3/variables": {"variables": found | {"ALLO_JOINED_AT": "noon"}},
        },
    )
    held = await read_holdings(answers, "allo", [CallId("1.1")], [])
    assert held.waiting == {"1.2": ("travail", 12.5)}
    assert "channels/1.1/variables" not in answers.asked


async def test_playbacks_that_asterisk_forgot_have_ended() -> None:
    answers = Answers(**{"playbacks/p1": {"id": "p1"}})
    held = await read_holdings(answers, "allo", [], [PlaybackId("p1"), PlaybackId("p2")])
    assert held.ended == ["p2"]


async def test_phones_are_online_or_not() -> None:
    endpoints = [
        {"resource": "agent-lea", "state": "online"},
        {"resource": "agent-max", "state": "offline"},
        {"resource": "trunk", "state": "unknown"},
    ]
    answers = Answers(**{"endpoints/PJSIP": endpoints})
    held = await read_holdings(answers, "allo", [], [])
    assert held.phones == {LEA: True, MAX: False}
