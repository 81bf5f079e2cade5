"""What Asterisk holds against what the engine believes."""

import itertools
from collections.abc import Collection
from typing import Any

import pytest

from router.ari.messages import Request
from router.ari.resync import (
    Findings,
    HeldBridge,
    HeldLeg,
    Holdings,
    Mark,
    read_holdings,
    reconcile,
)
from router.ari.translate import Translator, hang_up
from router.core.commands import (
    ForAsterisk,
    HangUp,
    Join,
    Part,
    Play,
    PutIn,
    Ring,
    StartMusic,
    TakeOut,
)
from router.core.events import (
    CallFound,
    CallLeft,
    DeskCalled,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    PromptId,
    SectorId,
)
from router.errors import AriGone
from tests.contract.bench import PLAN

CALL, DESK = CallId("1.7"), CallId("1.8")
LEG, OTHER, EAR = ChannelId("r1-leg"), ChannelId("r1-other"), ChannelId("r1-ear")
LEA, MAX = AgentId("lea"), AgentId("max")
PHONE = PhoneId("lea")
BRIDGE = BridgeId("r1-bridge")
TRAVAIL, FICHE = SectorId("travail"), FicheId("F1234")
RING = Ring(CALL, LEA, LEG, 15)
ANSWERED, OUTSIDE = HeldLeg(CALL, LEA), HeldLeg(CALL)
CALLED = DeskCalled(DESK, PHONE, "11")


@pytest.fixture
def translator() -> Translator:
    return Translator("allo", PLAN)


def compare(
    translator: Translator,
    held: Holdings,
    calls: Collection[CallId] = (),
    legs: Collection[ChannelId] = (),
    dropped: Collection[ForAsterisk] = (),
) -> tuple[list[Event], list[str]]:
    """Return the events and the requests; the translator has learnt the events."""
    found = reconcile(held, translator, calls, legs, dropped)
    for event in found.events:
        translator.learn(event)
    return found.events, [f"{request.method} {request.path}" for request in found.requests]


def talking(leg: HeldLeg = ANSWERED) -> Holdings:
    bridge = HeldBridge(BRIDGE, CALL, (ChannelId(CALL), LEG))
    return Holdings(callers=[CALL], legs={LEG: leg}, bridges=[bridge])


# A router that stayed.


def test_what_is_as_believed_stays_untouched(translator: Translator) -> None:
    translator.learn(LegAnswered(CALL, LEG))
    assert compare(translator, talking(), [CALL], [LEG]) == ([], [])


def test_what_is_gone_is_told(translator: Translator) -> None:
    translator.requests(RING)
    assert compare(translator, Holdings(), [CALL], [LEG]) == (
        [CallLeft(CALL), LegEnded(CALL, LEG, LegEnd.LOST)],
        [],
    )


def test_a_phone_that_still_rings_rings_on(translator: Translator) -> None:
    translator.requests(RING)
    held = Holdings(callers=[CALL], legs={LEG: HeldLeg()})
    assert compare(translator, held, [CALL], [LEG]) == ([], [])


def test_a_leg_answered_unseen_is_told_once(translator: Translator) -> None:
    translator.requests(RING)
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED})
    assert compare(translator, held, [CALL], [LEG]) == ([LegAnswered(CALL, LEG)], [])
    assert compare(translator, held, [CALL], [LEG]) == ([], [])


def test_a_leg_that_is_to_be_dialled_yet_is_not_missed(translator: Translator) -> None:
    assert compare(translator, Holdings(callers=[CALL]), [CALL], [LEG]) == ([], [])


def test_who_dialled_the_desk_is_there_or_gone(translator: Translator) -> None:
    held = Holdings(desks={DESK: CALLED})
    assert compare(translator, held, [DESK]) == ([], [])
    assert compare(translator, Holdings(), [DESK]) == ([CallLeft(DESK)], [])


def test_an_ear_stays_with_its_leg(translator: Translator) -> None:
    translator.learn(LegAnswered(CALL, LEG))
    held = talking()
    held.snoops[EAR] = LEG
    assert compare(translator, held, [CALL], [LEG]) == ([], [])
    assert compare(translator, held, [CALL], [LEG], [HangUp(CALL, EAR)]) == (
        [],
        ["DELETE channels/r1-ear"],
    )


def test_a_prompt_that_ended_unseen_is_told_once(translator: Translator) -> None:
    playback = PlaybackId("r1-play")
    translator.requests(Play(CALL, ChannelId(CALL), playback, (PromptId("one"),)))
    held = Holdings(callers=[CALL], ended=[playback])
    assert compare(translator, held, [CALL]) == ([PromptEnded(CALL, playback)], [])
    assert compare(translator, held, [CALL]) == ([], [])


def test_a_goodbye_that_was_lost_is_said_again(translator: Translator) -> None:
    dropped: list[ForAsterisk] = [HangUp(CALL, ChannelId(CALL)), StartMusic(CALL, ChannelId(CALL))]
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


CALLER = ChannelId(CALL)
MOVES: list[ForAsterisk] = [
    TakeOut(CALL, BRIDGE, CALLER),
    PutIn(CALL, BRIDGE, CALLER),
    PutIn(CALL, BRIDGE, LEG),
    Part(CALL, BRIDGE),
]


def test_lost_moves_in_a_bridge_are_made_again(translator: Translator) -> None:
    translator.learn(LegAnswered(CALL, LEG))
    found = reconcile(talking(), translator, [CALL], [LEG], MOVES)
    assert found == Findings(commands=MOVES)


def test_nobody_is_moved_in_a_bridge_that_is_not_there(translator: Translator) -> None:
    held = Holdings(callers=[CALL])
    assert reconcile(held, translator, [CALL], [], MOVES).commands == []


def test_who_was_to_go_is_not_put_in_again(translator: Translator) -> None:
    dropped: list[ForAsterisk] = [PutIn(CALL, BRIDGE, LEG), HangUp(CALL, LEG)]
    assert reconcile(talking(), translator, [CALL], [LEG], dropped).commands == []


# A router that starts anew.


def test_two_who_talk_go_on_talking(translator: Translator) -> None:
    held = talking()
    held.waiting[CALL] = Mark(TRAVAIL, 12.5, FICHE)
    assert compare(translator, held) == (
        [CallFound(CALL, TRAVAIL, 12.5, LEA, LEG, BRIDGE, FICHE)],
        [],
    )
    leg = translator.leg(LEG)
    assert leg is not None
    assert leg.answered


def test_a_caller_goes_on_talking_with_a_referral(translator: Translator) -> None:
    found = CallFound(CALL, agent=None, leg=LEG, bridge=BRIDGE)
    assert compare(translator, talking(OUTSIDE)) == ([found], [])


@pytest.mark.parametrize("later", [HeldLeg(CALL, AgentId("sup")), HeldLeg(CALL, MAX), OUTSIDE])
def test_of_three_the_one_dialled_first_is_the_informateur(
    translator: Translator, later: HeldLeg
) -> None:
    bridge = HeldBridge(BRIDGE, CALL, (OTHER, ChannelId(CALL), LEG))
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED, OTHER: later}, bridges=[bridge])
    found = CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)
    assert compare(translator, held) == ([found], ["DELETE channels/r1-other"])


def test_a_caller_alone_with_a_supervisor_begins_again(translator: Translator) -> None:
    held = talking(HeldLeg(CALL, AgentId("sup")))
    assert compare(translator, held) == (
        [CallFound(CALL)],
        ["DELETE channels/r1-leg", "DELETE bridges/r1-bridge"],
    )


def test_a_caller_on_hold_waits_again(translator: Translator) -> None:
    """And who consulted meanwhile is let go."""
    held = Holdings(
        callers=[CALL],
        legs={LEG: ANSWERED, OTHER: HeldLeg(CALL, MAX)},
        bridges=[HeldBridge(BRIDGE, CALL, (LEG, OTHER))],
        waiting={CALL: Mark(TRAVAIL, 12.5)},
    )
    assert compare(translator, held) == (
        [CallFound(CALL, TRAVAIL, 12.5)],
        ["DELETE channels/r1-leg", "DELETE channels/r1-other", "DELETE bridges/r1-bridge"],
    )


def test_an_ear_of_the_router_before_is_closed(translator: Translator) -> None:
    held = talking()
    held.snoops[EAR] = LEG
    events, requests = compare(translator, held)
    assert events == [CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)]
    assert requests == ["DELETE channels/r1-ear"]


def test_who_dialled_the_desk_begins_again(translator: Translator) -> None:
    assert compare(translator, Holdings(desks={DESK: CALLED})) == ([CALLED], [])


def test_a_caller_who_waits_keeps_the_rank(translator: Translator) -> None:
    held = Holdings(callers=[CALL], waiting={CALL: Mark(TRAVAIL, 12.5, FICHE)})
    assert compare(translator, held) == ([CallFound(CALL, TRAVAIL, 12.5, fiche=FICHE)], [])


def test_any_other_caller_begins_again(translator: Translator) -> None:
    assert compare(translator, Holdings(callers=[CALL])) == ([CallFound(CALL)], [])


def test_a_caller_alone_in_a_bridge_is_not_talking(translator: Translator) -> None:
    held = Holdings(callers=[CALL], bridges=[HeldBridge(BRIDGE, CALL, (ChannelId(CALL),))])
    assert compare(translator, held) == ([CallFound(CALL)], ["DELETE bridges/r1-bridge"])


@pytest.mark.parametrize("leg", [HeldLeg(), ANSWERED])
def test_a_leg_without_its_call_is_hung_up(translator: Translator, leg: HeldLeg) -> None:
    held = Holdings(legs={LEG: leg}, bridges=[HeldBridge(BRIDGE, CALL, (LEG,))])
    assert compare(translator, held) == (
        [],
        ["DELETE channels/r1-leg", "DELETE bridges/r1-bridge"],
    )


def test_phones_are_told_when_they_changed(translator: Translator) -> None:
    supervisor = PhoneId("sup")
    held = Holdings(phones={PHONE: True, supervisor: False, PhoneId("stranger"): True})
    assert compare(translator, held) == ([PhoneAppeared(PHONE)], [])
    assert compare(translator, held) == ([], [])
    assert compare(translator, Holdings(phones={supervisor: True})) == (
        [PhoneVanished(PHONE), PhoneAppeared(supervisor)],
        [],
    )


# Two looks.


def test_only_what_two_looks_say_is_believed() -> None:
    left, appeared = CallLeft(CALL), PhoneAppeared(PHONE)
    first = Findings([], [left, appeared], [hang_up(LEG), hang_up(OTHER)])
    second = Findings([], [CallFound(DESK), left], [hang_up(OTHER), hang_up(EAR)])
    assert first.confirmed_by(second) == Findings([], [left], [hang_up(OTHER)])
    assert Findings().confirmed_by(second) == Findings()


# Reading.


COUNTER = itertools.count()


def channel(
    identity: str, app_name: str, app_data: str, name: str = "PJSIP/trunk-01"
) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "dialplan": {"app_name": app_name, "app_data": app_data},
        "creationtime": f"2026-11-23T09:00:00.{next(COUNTER):03}+0000",
        "caller": {"name": "", "number": "0639980001"},
    }


class Answers:
    """Answers by path; whatever is missing is 404."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"channels": [], "bridges": [], "endpoints/PJSIP": []} | answers
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Any:
        self.asked.append(request.path)
        answer = self.answers.get(request.path)
        query = request.query or {}
        names = query["variables"].split(",") if "variables" in query else []
        if answer is None or any(name not in answer["variables"] for name in names):
            raise AriGone(404, request.operation)
        return answer


async def test_channels_are_sorted_by_what_they_do() -> None:
    lea, jean = "PJSIP/agent-lea-0000000a", "PJSIP/agent-jean-luc-0000000b"
    answers = Answers(
        channels=[
            channel("1.7", "Stasis", "allo,caller"),
            channel("1.8", "Stasis", "allo,desk,agent-lea,11", lea),
            channel("1.9", "MusicOnHold", "default,5"),
            channel("1.10", "Stasis", "other,caller"),
            channel("1.11", "Stasis", "allo"),
            channel("1.12", "Stasis", "allo,desk,trunk,11"),
            channel("leg-a", "Stasis", "allo,agent,lea,1.7", lea),
            channel("leg-b", "AppDial2", "(Outgoing Line)", jean),
            channel("leg-c", "AppDial2", "(Outgoing Line)", "PJSIP/carrier-0000000c"),
            channel("leg-d", "AppDial2", "(Outgoing Line)", "PJSIP/trunk-0000000d"),
            channel("leg-e", "Stasis", "allo,outside,caf,1.7", "PJSIP/trunk-0000000e"),
            channel("ear-a", "", "", "Snoop/leg-a-0000000f"),
            channel("ear-b", "", "", "Snoop/somebody-else's-00000010"),
        ]
    )
    held = await read_holdings(answers, "allo", [], [])
    assert held.callers == ["1.7"]
    assert held.desks == {DESK: CALLED}
    assert held.legs == {
        "leg-a": HeldLeg(CALL, LEA),
        "leg-b": HeldLeg(),
        "leg-d": HeldLeg(),
        "leg-e": HeldLeg(CALL),
    }
    assert held.snoops == {"ear-a": "leg-a"}


async def test_legs_are_in_the_order_in_which_they_were_dialled() -> None:
    legs = [
        channel(name, "Stasis", f"allo,agent,{name},1.7", f"PJSIP/agent-{name}-0000000a")
        for name in ("zoe", "lea", "max")
    ]
    held = await read_holdings(Answers(channels=legs[::-1]), "allo", [], [])
    assert list(held.legs) == ["zoe", "lea", "max"]


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
        channels=[channel(f"1.{n}", "Stasis", "allo,caller") for n in range(1, 7)],
        **{
            "channels/1.2/variables": {"variables": found},
            "channels/1.3/variables": {"variables": found | {"ALLO_JOINED_AT": "noon"}},
            "channels/1.4/variables": {"variables": {"ALLO_FICHE": "F1234"}},
            "channels/1.5/variables": {"variables": found | {"ALLO_FICHE": "F1234"}},
        },
    )
    held = await read_holdings(answers, "allo", [CallId("1.1")], [])
    assert held.waiting == {"1.2": Mark(TRAVAIL, 12.5), "1.5": Mark(TRAVAIL, 12.5, FICHE)}
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
    assert held.phones == {"lea": True, "max": False}
