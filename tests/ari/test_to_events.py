"""Messages -> events."""

import pytest

from router.ari.messages import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelStateChange,
    EndpointStateChange,
    Message,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from router.core.commands import (
    DialOut,
    Play,
    Ring,
    Snoop,
)
from router.core.events import (
    CallArrived,
    CalledEnd,
    CalledEnded,
    CallFound,
    CallLeft,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PhoneAppeared,
    PhoneVanished,
    ProbeArrived,
    PromptFailed,
    SnoopStarted,
)
from router.core.ids import (
    AgentId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    PromptId,
    SectorId,
)
from tests.ari.translation import Translation
from tests.contract.bench import ENTRY

CALL = CallId("allo-1.7")
CHANNEL = ChannelId(CALL)
LEG, OUTSIDE, EAR = ChannelId("r1-leg-1"), ChannelId("r1-leg-2"), ChannelId("r1-snoop-1")
LEA = AgentId("lea")
PHONE = PhoneId("lea")
PLAYBACK = PlaybackId("r1-play-1")
RING = Ring(CALL, LEA, LEG, 15)
DIAL_OUT = DialOut(CALL, ENTRY, OUTSIDE, 30)
SNOOP = Snoop(CALL, LEG, EAR, whisper=False)


def key(channel: ChannelId, digit: str, at: int = 1) -> ChannelDtmfReceived:
    return ChannelDtmfReceived(channel, digit, at, 80)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (StasisStart(CHANNEL, ("caller",)), CallArrived(CALL)),
        (StasisStart(CHANNEL, ("caller", "probe")), ProbeArrived(CALL)),
        (
            StasisStart(CHANNEL, ("caller", "waiting", "travail", "1795428000.5", "F1234")),
            CallFound(CALL, SectorId("travail"), 1795428000.5, fiche=FicheId("F1234")),
        ),
        (
            StasisStart(CHANNEL, ("caller", "waiting", "travail", "1795428000.5", "-")),
            CallFound(CALL, SectorId("travail"), 1795428000.5),
        ),
        (StasisStart(CHANNEL, ("caller", "waiting", "travail", "x", "-")), CallArrived(CALL)),
        (StasisStart(CHANNEL, ("caller", "waiting", "travail", "inf", "-")), CallArrived(CALL)),
        (StasisStart(CHANNEL, ("caller", "stranger")), None),
        (StasisStart(LEG, ("agent", "lea", CALL)), LegAnswered(CALL, LEG)),
        (StasisStart(OUTSIDE, ("outside", "caf", CALL)), LegAnswered(CALL, OUTSIDE)),
        (StasisStart(EAR, ("snoop", CALL)), SnoopStarted(CALL, EAR)),
        (StasisStart(CHANNEL, ("desk", "agent-lea", "*13")), DeskCalled(CALL, PHONE, "*13")),
        (StasisStart(CHANNEL, ("desk", "trunk", "11")), None),
        (StasisStart(CHANNEL, ("desk", "agent-lea")), None),
        (StasisStart(CHANNEL, ("snoop",)), None),
        (StasisStart(CHANNEL, ()), None),
        (StasisStart(CHANNEL, ("agent",)), None),
        (StasisStart(CHANNEL, ("somebody", "else's", "leg")), None),
        (StasisEnd(CHANNEL), CallLeft(CALL)),
        (ChannelDestroyed(CHANNEL, 16), None),
        (ChannelStateChange(CHANNEL, "Ringing"), None),
        (key(CHANNEL, "#"), KeyPressed(CALL, "#")),
        (PlaybackFinished(PLAYBACK, CHANNEL, heard=True), None),
        (EndpointStateChange("agent-lea", online=True), PhoneAppeared(PHONE)),
        (EndpointStateChange("agent-sup", online=True), PhoneAppeared(PhoneId("sup"))),
        (EndpointStateChange("agent-lea", online=False), None),
        (EndpointStateChange("agent-stranger", online=True), None),
        (EndpointStateChange("trunk", online=True), None),
        (ApplicationReplaced(), None),
    ],
)
def test_what_a_message_means(
    translation: Translation, message: Message, event: Event | None
) -> None:
    assert translation.events.of(message) == event


def test_a_callback_that_was_not_picked_up_ends_by_what_the_carrier_said(
    translation: Translation,
) -> None:
    channel = ChannelId("callback-0123")
    ended = translation.events.of(ChannelDestroyed(channel, 21, 403))
    assert ended == CalledEnded(CallId(channel), CalledEnd.REFUSED)
    rung = translation.events.of(ChannelDestroyed(channel, 18, 408, rang=True))
    assert rung == CalledEnded(CallId(channel), CalledEnd.NO_ANSWER)


@pytest.mark.parametrize(
    ("status", "cause", "reason"),
    [
        (486, 17, LegEnd.BUSY),
        (603, 21, LegEnd.REJECTED),
        (403, 21, LegEnd.UNREACHABLE),
        (480, 19, LegEnd.NO_ANSWER),
        (408, 18, LegEnd.UNREACHABLE),
        (503, 34, LegEnd.UNREACHABLE),
    ],
)
def test_a_referral_ends_by_what_the_carrier_said(
    translation: Translation, status: int, cause: int, reason: LegEnd
) -> None:
    translation.requests.of(DIAL_OUT)
    ended = translation.events.of(ChannelDestroyed(OUTSIDE, cause, status))
    assert ended == LegEnded(CALL, OUTSIDE, reason)


@pytest.mark.parametrize("command", [RING, DIAL_OUT])
@pytest.mark.parametrize(
    ("answered", "cause", "reason"),
    [
        (False, 16, LegEnd.HUNG_UP),
        (False, 17, LegEnd.BUSY),
        (False, 18, LegEnd.NO_ANSWER),
        (False, 19, LegEnd.NO_ANSWER),
        (False, 21, LegEnd.REJECTED),
        (False, 0, LegEnd.UNREACHABLE),
        (False, 1, LegEnd.UNREACHABLE),
        (False, 3, LegEnd.UNREACHABLE),
        (False, 20, LegEnd.UNREACHABLE),
        (False, 27, LegEnd.UNREACHABLE),
        (False, 34, LegEnd.UNREACHABLE),
        (False, 38, LegEnd.UNREACHABLE),
        (False, 58, LegEnd.UNREACHABLE),
        (True, 0, LegEnd.HUNG_UP),
        (True, 16, LegEnd.HUNG_UP),
        (True, 31, LegEnd.HUNG_UP),
        (True, 19, LegEnd.LOST),
        (True, 38, LegEnd.LOST),
        (True, 44, LegEnd.LOST),
    ],
)
def test_why_a_leg_ended(
    translation: Translation, answered: bool, cause: int, reason: LegEnd, command: Ring | DialOut
) -> None:
    translation.requests.of(command)
    leg = command.leg
    if answered:
        translation.events.of(
            StasisStart(leg, ("agent" if command is RING else "outside", "x", CALL))
        )
        assert translation.events.of(StasisEnd(leg)) is None
    assert translation.events.of(ChannelDestroyed(leg, cause)) == LegEnded(CALL, leg, reason)


def test_a_leg_rings_answers_and_ends_once(translation: Translation) -> None:
    """Asterisk tells it of the leg and again of the phone (measured)."""
    translation.requests.of(RING)
    messages: list[Message] = [
        *[ChannelStateChange(LEG, "Ringing")] * 2,
        *[ChannelStateChange(LEG, "Up")] * 2,
        StasisStart(LEG, ("agent", "lea", CALL)),
        StasisEnd(LEG),
        *[ChannelDestroyed(LEG, 16)] * 2,
    ]
    events = [event for message in messages if (event := translation.events.of(message))]
    assert events == [
        LegRang(CALL, LEG),
        LegAnswered(CALL, LEG),
        LegEnded(CALL, LEG, LegEnd.HUNG_UP),
    ]


def test_the_keys_of_an_informateur_are_not_the_callers(translation: Translation) -> None:
    translation.requests.of(RING)
    assert translation.events.of(key(LEG, "1")) == LegKeyPressed(CALL, LEG, "1")
    assert translation.events.of(key(CHANNEL, "1")) == KeyPressed(CALL, "1")


def test_a_key_that_is_told_twice_was_pressed_once(translation: Translation) -> None:
    """Copies have one time; a key pressed again has another, whatever came between."""
    translation.requests.of(RING)
    messages = [
        key(LEG, "1", at=1),
        key(CHANNEL, "1", at=1),
        key(LEG, "1", at=1),
        key(LEG, "1", at=200),
        key(LEG, "1", at=200),
    ]
    events = [event for message in messages if (event := translation.events.of(message))]
    assert events == [
        LegKeyPressed(CALL, LEG, "1"),
        KeyPressed(CALL, "1"),
        LegKeyPressed(CALL, LEG, "1"),
    ]


def test_the_end_of_an_ear_is_no_callers(translation: Translation) -> None:
    translation.requests.of(SNOOP)
    assert translation.events.of(StasisStart(EAR, ("snoop", CALL))) == SnoopStarted(CALL, EAR)
    assert translation.events.of(StasisEnd(EAR)) is None


def test_what_is_whispered_to_a_leg_belongs_to_its_call(translation: Translation) -> None:
    translation.requests.of(RING)
    translation.requests.of(Play(CALL, LEG, PLAYBACK, (PromptId("whisper"),)))
    assert translation.events.of(ChannelDestroyed(LEG, 16)) is not None
    ended = translation.events.of(
        PlaybackFinished(PLAYBACK, LEG, heard=False)
    )  # after the leg itself
    assert ended == PromptFailed(CALL, PLAYBACK)
    assert translation.underway.playing() == []


def test_a_phone_is_news_when_it_changes(translation: Translation) -> None:
    online = EndpointStateChange("agent-lea", online=True)
    offline = EndpointStateChange("agent-lea", online=False)
    events = [
        translation.events.of(message) for message in (online, online, offline, offline, online)
    ]
    assert events == [
        PhoneAppeared(PHONE),
        None,
        PhoneVanished(PHONE),
        None,
        PhoneAppeared(PHONE),
    ]
