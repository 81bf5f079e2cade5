"""What Asterisk holds against what the engine believes."""

from collections.abc import Collection

import pytest

from router.ari.holdings import HeldBridge, HeldLeg, Holdings, Mark
from router.ari.resync import Findings, reconcile
from router.ari.to_requests import hang_up
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
    LegFound,
    PhoneAppeared,
    PhoneVanished,
    ProbeArrived,
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
from tests.ari.translation import Translation

CALL, DESK = CallId("1.7"), CallId("1.8")
LEG, OTHER, EAR = ChannelId("r1-leg"), ChannelId("r1-other"), ChannelId("r1-ear")
LEA, MAX = AgentId("lea"), AgentId("max")
PHONE = PhoneId("lea")
BRIDGE = BridgeId("r1-bridge")
TRAVAIL, FICHE = SectorId("travail"), FicheId("F1234")
RING = Ring(CALL, LEA, LEG, 15)
ANSWERED, OUTSIDE = HeldLeg(CALL, LEA), HeldLeg(CALL)
CALLED = DeskCalled(DESK, PHONE, "11")


def compare(
    translation: Translation,
    held: Holdings,
    calls: Collection[CallId] = (),
    legs: Collection[ChannelId] = (),
    dropped: Collection[ForAsterisk] = (),
) -> tuple[list[Event], list[str]]:
    """Return the events and the requests; what is under way has learnt of the events."""
    found = reconcile(held, translation.underway, calls, legs, dropped)
    for event in found.events:
        translation.underway.learn(event)
    return found.events, [f"{request.method} {request.path}" for request in found.requests]


def talking(leg: HeldLeg = ANSWERED) -> Holdings:
    bridge = HeldBridge(BRIDGE, CALL, (ChannelId(CALL), LEG))
    return Holdings(callers=[CALL], legs={LEG: leg}, bridges=[bridge])


# A router that stayed.


def test_what_is_as_believed_stays_untouched(translation: Translation) -> None:
    translation.underway.learn(LegAnswered(CALL, LEG))
    assert compare(translation, talking(), [CALL], [LEG]) == ([], [])


def test_what_is_gone_is_told(translation: Translation) -> None:
    translation.requests.of(RING)
    assert compare(translation, Holdings(), [CALL], [LEG]) == (
        [CallLeft(CALL), LegEnded(CALL, LEG, LegEnd.LOST)],
        [],
    )


def test_a_phone_that_still_rings_rings_on(translation: Translation) -> None:
    translation.requests.of(RING)
    held = Holdings(callers=[CALL], legs={LEG: HeldLeg()})
    assert compare(translation, held, [CALL], [LEG]) == ([], [])


def test_a_leg_answered_unseen_is_told_once(translation: Translation) -> None:
    translation.requests.of(RING)
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED})
    assert compare(translation, held, [CALL], [LEG]) == ([LegAnswered(CALL, LEG)], [])
    assert compare(translation, held, [CALL], [LEG]) == ([], [])


def test_a_leg_that_is_to_be_dialled_yet_is_not_missed(translation: Translation) -> None:
    assert compare(translation, Holdings(callers=[CALL]), [CALL], [LEG]) == ([], [])


def test_who_dialled_the_desk_is_there_or_gone(translation: Translation) -> None:
    held = Holdings(desks={DESK: CALLED})
    assert compare(translation, held, [DESK]) == ([], [])
    assert compare(translation, Holdings(), [DESK]) == ([CallLeft(DESK)], [])


def test_an_ear_stays_with_its_leg(translation: Translation) -> None:
    translation.underway.learn(LegAnswered(CALL, LEG))
    held = talking()
    held.snoops[EAR] = LEG
    assert compare(translation, held, [CALL], [LEG]) == ([], [])
    assert compare(translation, held, [CALL], [LEG], [HangUp(CALL, EAR)]) == (
        [],
        ["DELETE channels/r1-ear"],
    )


def test_a_prompt_that_ended_unseen_is_told_once(translation: Translation) -> None:
    playback = PlaybackId("r1-play")
    translation.requests.of(Play(CALL, ChannelId(CALL), playback, (PromptId("one"),)))
    held = Holdings(callers=[CALL], ended=[playback])
    assert compare(translation, held, [CALL]) == ([PromptEnded(CALL, playback)], [])
    assert compare(translation, held, [CALL]) == ([], [])


def test_a_goodbye_that_was_lost_is_said_again(translation: Translation) -> None:
    dropped: list[ForAsterisk] = [HangUp(CALL, ChannelId(CALL)), StartMusic(CALL, ChannelId(CALL))]
    held = Holdings(callers=[CALL])
    assert compare(translation, held, dropped=dropped) == ([], ["DELETE channels/1.7"])


def test_two_people_who_were_not_joined_are_not_left_in_silence(translation: Translation) -> None:
    translation.requests.of(RING)
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED})
    join = Join(CALL, BRIDGE, (ChannelId(CALL), LEG))
    assert compare(translation, held, [CALL], [LEG], [join]) == (
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


def test_lost_moves_in_a_bridge_are_made_again(translation: Translation) -> None:
    translation.underway.learn(LegAnswered(CALL, LEG))
    found = reconcile(talking(), translation.underway, [CALL], [LEG], MOVES)
    assert found == Findings(commands=MOVES)


def test_nobody_is_moved_in_a_bridge_that_is_not_there(translation: Translation) -> None:
    held = Holdings(callers=[CALL])
    assert reconcile(held, translation.underway, [CALL], [], MOVES).commands == []


def test_who_was_to_go_is_not_put_in_again(translation: Translation) -> None:
    dropped: list[ForAsterisk] = [PutIn(CALL, BRIDGE, LEG), HangUp(CALL, LEG)]
    assert reconcile(talking(), translation.underway, [CALL], [LEG], dropped).commands == []


# A router that starts anew.


def test_two_who_talk_go_on_talking(translation: Translation) -> None:
    held = talking()
    held.waiting[CALL] = Mark(TRAVAIL, 12.5, FICHE)
    assert compare(translation, held) == (
        [CallFound(CALL, TRAVAIL, 12.5, LEA, LEG, BRIDGE, FICHE)],
        [],
    )
    leg = translation.underway.leg(LEG)
    assert leg is not None
    assert leg.answered


def test_a_caller_goes_on_talking_with_a_referral(translation: Translation) -> None:
    found = CallFound(CALL, agent=None, leg=LEG, bridge=BRIDGE)
    assert compare(translation, talking(OUTSIDE)) == ([found], [])


@pytest.mark.parametrize("later", [HeldLeg(CALL, AgentId("sup")), HeldLeg(CALL, MAX), OUTSIDE])
def test_of_three_the_one_dialled_first_is_the_informateur(
    translation: Translation, later: HeldLeg
) -> None:
    bridge = HeldBridge(BRIDGE, CALL, (OTHER, ChannelId(CALL), LEG))
    held = Holdings(callers=[CALL], legs={LEG: ANSWERED, OTHER: later}, bridges=[bridge])
    found = CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)
    assert compare(translation, held) == ([found], ["DELETE channels/r1-other"])


def test_a_caller_alone_with_a_supervisor_begins_again(translation: Translation) -> None:
    held = talking(HeldLeg(CALL, AgentId("sup")))
    assert compare(translation, held) == (
        [CallFound(CALL)],
        ["DELETE channels/r1-leg", "DELETE bridges/r1-bridge"],
    )


def test_a_caller_on_hold_keeps_the_informateur(translation: Translation) -> None:
    """And who was consulted meanwhile is let go."""
    held = Holdings(
        callers=[CALL],
        legs={LEG: ANSWERED, OTHER: HeldLeg(CALL, MAX, PhoneId("max"))},
        bridges=[HeldBridge(BRIDGE, CALL, (LEG, OTHER))],
        waiting={CALL: Mark(TRAVAIL, 12.5)},
    )
    assert compare(translation, held) == (
        [
            LegFound(CALL, OTHER, PhoneId("max")),
            CallFound(CALL, TRAVAIL, 12.5, LEA, LEG, BRIDGE, apart=True),
        ],
        [],
    )
    assert translation.underway.alone_in(BRIDGE) == (LEG,)


def test_who_has_picked_up_for_a_caller_is_kept(translation: Translation) -> None:
    held = Holdings(
        callers=[CALL], legs={LEG: ANSWERED}, waiting={CALL: Mark(TRAVAIL, 12.5, FICHE)}
    )
    found = CallFound(CALL, TRAVAIL, 12.5, LEA, LEG, fiche=FICHE)
    assert compare(translation, held) == ([found], [])


def test_a_phone_that_rings_for_a_router_that_is_gone_is_busy_until_it_is_hung_up(
    translation: Translation,
) -> None:
    held = Holdings(legs={LEG: HeldLeg(phone=PHONE), OTHER: HeldLeg()})
    assert compare(translation, held) == (
        [LegFound(CallId(LEG), LEG, PHONE)],
        ["DELETE channels/r1-other"],
    )
    assert translation.underway.leg(LEG) is not None


def test_a_phone_with_a_call_that_goes_on_is_not_told_of_another(translation: Translation) -> None:
    held = talking(HeldLeg(CALL, LEA, PHONE))
    held.legs[OTHER] = HeldLeg(phone=PHONE)
    assert compare(translation, held) == (
        [CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE, phone=PHONE)],
        ["DELETE channels/r1-other"],
    )
    assert compare(translation, held, [CALL], [LEG])[0] == []


def test_an_ear_of_the_router_before_is_closed(translation: Translation) -> None:
    held = talking()
    held.snoops[EAR] = LEG
    events, requests = compare(translation, held)
    assert events == [CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)]
    assert requests == ["DELETE channels/r1-ear"]


def test_who_dialled_the_desk_begins_again(translation: Translation) -> None:
    assert compare(translation, Holdings(desks={DESK: CALLED})) == ([CALLED], [])


def test_a_caller_who_waits_keeps_the_rank(translation: Translation) -> None:
    held = Holdings(callers=[CALL], waiting={CALL: Mark(TRAVAIL, 12.5, FICHE)})
    assert compare(translation, held) == ([CallFound(CALL, TRAVAIL, 12.5, fiche=FICHE)], [])


def test_a_caller_who_has_been_served_waits_for_nobody(translation: Translation) -> None:
    held = Holdings(callers=[CALL], waiting={CALL: Mark(served=True)})
    assert compare(translation, held) == ([CallFound(CALL, served=True)], [])


def test_any_other_caller_begins_again(translation: Translation) -> None:
    assert compare(translation, Holdings(callers=[CALL])) == ([CallFound(CALL)], [])


def test_a_probe_begins_again_as_one(translation: Translation) -> None:
    held = Holdings(callers=[CALL], probes={CALL})
    assert compare(translation, held) == ([ProbeArrived(CALL)], [])
    assert compare(translation, held, calls=[CALL]) == ([], [])
    assert compare(translation, Holdings(), calls=[CALL]) == ([CallLeft(CALL)], [])


def test_a_caller_alone_in_a_bridge_is_not_talking(translation: Translation) -> None:
    held = Holdings(callers=[CALL], bridges=[HeldBridge(BRIDGE, CALL, (ChannelId(CALL),))])
    assert compare(translation, held) == ([CallFound(CALL)], ["DELETE bridges/r1-bridge"])


@pytest.mark.parametrize("leg", [HeldLeg(), ANSWERED])
def test_a_leg_without_its_call_is_hung_up(translation: Translation, leg: HeldLeg) -> None:
    held = Holdings(legs={LEG: leg}, bridges=[HeldBridge(BRIDGE, CALL, (LEG,))])
    assert compare(translation, held) == (
        [],
        ["DELETE channels/r1-leg", "DELETE bridges/r1-bridge"],
    )


def test_phones_are_told_when_they_changed(translation: Translation) -> None:
    supervisor = PhoneId("sup")
    held = Holdings(phones={PHONE: True, supervisor: False, PhoneId("stranger"): True})
    assert compare(translation, held) == ([PhoneAppeared(PHONE)], [])
    assert compare(translation, held) == ([], [])
    assert compare(translation, Holdings(phones={supervisor: True})) == (
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
