"""Commands -> requests, messages -> events."""

import pytest

from router.ari.messages import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    EndpointStateChange,
    Message,
    PlaybackFinished,
    Request,
    StasisEnd,
    StasisStart,
)
from router.ari.translate import Translator, agent_of
from router.core.commands import (
    Command,
    HangUp,
    Join,
    Noted,
    Part,
    Play,
    Remember,
    Ring,
    StartMusic,
    Step,
    StopMusic,
    StopPlaying,
)
from router.core.events import (
    CallArrived,
    CallLeft,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PlaybackId, PromptId, SectorId

CALL = CallId("allo-1.7")
CHANNEL = ChannelId(CALL)
LEG = ChannelId("r1-leg-1")
LEA = AgentId("lea")
PLAYBACK = PlaybackId("r1-play-1")
BRIDGE = BridgeId("r1-bridge-1")
RING = Ring(CALL, LEA, LEG, 15)


@pytest.fixture
def translator() -> Translator:
    return Translator("allo", [LEA])


# Commands.


def test_prompts_go_in_the_body_in_their_order(translator: Translator) -> None:
    prompts = (PromptId("welcome"), PromptId("code-ask"))
    assert translator.requests(Play(CALL, CHANNEL, PLAYBACK, prompts)) == (
        Request(
            "play",
            "POST",
            "channels/allo-1.7/play/r1-play-1",
            body={"media": ["sound:allo/welcome", "sound:allo/code-ask"]},
            channel=CHANNEL,
        ),
    )


def test_ringing_shows_the_service_and_nobody_else(translator: Translator) -> None:
    (request,) = translator.requests(RING)
    assert (request.method, request.path, request.channel) == ("POST", "channels/r1-leg-1", LEG)
    assert request.query == {
        "endpoint": "PJSIP/agent-lea",
        "app": "allo",
        "appArgs": "agent,lea,allo-1.7",
        "timeout": "15",
        "callerId": '"Allô Service Public" <3939>',
        "originator": "allo-1.7",
    }
    assert request.body is None


def test_a_bridge_is_made_before_anybody_is_put_in_it(translator: Translator) -> None:
    bridge, first, second = translator.requests(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert (bridge.method, bridge.path) == ("POST", "bridges/r1-bridge-1")
    assert bridge.query == {"type": "mixing", "name": "allo:allo-1.7"}
    assert [first.query, second.query] == [{"channel": CHANNEL}, {"channel": LEG}]
    assert [first.channel, second.channel] == [CHANNEL, LEG]
    assert first.path == second.path == "bridges/r1-bridge-1/addChannel"


def test_the_caller_is_out_of_a_bridge_before_it_is_removed(translator: Translator) -> None:
    out, removal = translator.requests(Part(CALL, BRIDGE))
    assert (out.method, out.path) == ("POST", "bridges/r1-bridge-1/removeChannel")
    assert out.query == {"channel": CALL}
    assert (removal.method, removal.path) == ("DELETE", "bridges/r1-bridge-1")


def test_where_the_caller_waits_is_written_in_one_request(translator: Translator) -> None:
    (request,) = translator.requests(Remember(CALL, CHANNEL, SectorId("travail"), 1234.5))
    assert (request.method, request.path) == ("POST", "channels/allo-1.7/variables")
    assert request.body == {"variables": {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "1234.5"}}


@pytest.mark.parametrize(
    ("command", "method", "path"),
    [
        (StopPlaying(CALL, PLAYBACK), "DELETE", "playbacks/r1-play-1"),
        (StartMusic(CALL, CHANNEL), "POST", "channels/allo-1.7/moh"),
        (StopMusic(CALL, CHANNEL), "DELETE", "channels/allo-1.7/moh"),
        (HangUp(CALL, LEG), "DELETE", "channels/r1-leg-1"),
    ],
)
def test_one_request_each(translator: Translator, command: Command, method: str, path: str) -> None:
    (request,) = translator.requests(command)
    assert (request.method, request.path) == (method, path)


def test_a_note_is_not_for_asterisk(translator: Translator) -> None:
    assert translator.requests(Noted(CALL, Step.ARRIVED)) == ()


def test_what_may_wait_for_a_prompt_is_marked(translator: Translator) -> None:
    commands: list[Command] = [
        Play(CALL, CHANNEL, PLAYBACK, (PromptId("welcome"),)),
        StopPlaying(CALL, PLAYBACK),
        StartMusic(CALL, CHANNEL),
        StopMusic(CALL, CHANNEL),
        Remember(CALL, CHANNEL, SectorId("travail"), 1.0),
        RING,
        Join(CALL, BRIDGE, (CHANNEL, LEG)),
        Part(CALL, BRIDGE),
        HangUp(CALL, CHANNEL),
    ]
    requests = [request for command in commands for request in translator.requests(command)]
    blocking = {request.operation for request in requests if request.may_block}
    assert blocking == {"remember", "join", "part"}
    fine = {request.operation for request in requests if request.gone_is_fine}
    assert fine == {
        *("stop playing", "start music", "stop music", "remember"),
        *("part", "remove bridge", "hang up"),
    }


# Messages.


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (StasisStart(CHANNEL, ("caller",)), CallArrived(CALL)),
        (StasisStart(LEG, ("agent", "lea", CALL)), LegAnswered(CALL, LEG)),
        (StasisStart(CHANNEL, ()), None),
        (StasisStart(CHANNEL, ("agent",)), None),
        (StasisStart(CHANNEL, ("somebody", "else's", "leg")), None),
        (StasisEnd(CHANNEL), CallLeft(CALL)),
        (ChannelDestroyed(CHANNEL, 16), None),
        (ChannelDtmfReceived(CHANNEL, "#"), KeyPressed(CALL, "#")),
        (PlaybackFinished(PLAYBACK, CHANNEL), PromptEnded(CALL, PLAYBACK)),
        (EndpointStateChange("agent-lea", online=True), PhoneAppeared(LEA)),
        (EndpointStateChange("agent-lea", online=False), None),
        (EndpointStateChange("agent-stranger", online=True), None),
        (EndpointStateChange("trunk", online=True), None),
        (ApplicationReplaced(), None),
    ],
)
def test_what_a_message_means(
    translator: Translator, message: Message, event: Event | None
) -> None:
    assert translator.event(message) == event


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
    translator: Translator, answered: bool, cause: int, reason: LegEnd
) -> None:
    translator.requests(RING)
    if answered:
        translator.event(StasisStart(LEG, ("agent", "lea", CALL)))
    assert translator.event(ChannelDestroyed(LEG, cause)) == LegEnded(CALL, LEG, reason)


def test_a_leg_ends_once(translator: Translator) -> None:
    translator.requests(RING)
    assert translator.event(StasisStart(LEG, ("agent", "lea", CALL))) is not None
    assert translator.event(StasisEnd(LEG)) is None
    assert translator.event(ChannelDestroyed(LEG, 16)) is not None
    assert translator.event(ChannelDestroyed(LEG, 16)) is None


def test_the_keys_of_an_informateur_are_not_the_callers(translator: Translator) -> None:
    translator.requests(RING)
    assert translator.event(ChannelDtmfReceived(LEG, "1")) is None


def test_what_is_whispered_to_a_leg_belongs_to_its_call(translator: Translator) -> None:
    translator.requests(RING)
    translator.requests(Play(CALL, LEG, PLAYBACK, (PromptId("whisper"),)))
    assert translator.event(ChannelDestroyed(LEG, 16)) is not None
    ended = translator.event(PlaybackFinished(PLAYBACK, LEG))  # after the leg itself
    assert ended == PromptEnded(CALL, PLAYBACK)
    assert translator.playing() == []


def test_a_phone_is_news_when_it_changes(translator: Translator) -> None:
    online = EndpointStateChange("agent-lea", online=True)
    offline = EndpointStateChange("agent-lea", online=False)
    events = [translator.event(message) for message in (online, online, offline, offline, online)]
    assert events == [
        PhoneAppeared(LEA),
        None,
        PhoneVanished(LEA),
        None,
        PhoneAppeared(LEA),
    ]


def test_the_playback_is_known_before_asterisk_hears_of_it(translator: Translator) -> None:
    translator.requests(Play(CALL, CHANNEL, PLAYBACK, (PromptId("welcome"),)))
    assert translator.playing() == [(PLAYBACK, CALL)]
    translator.drop_playback(PLAYBACK)
    assert translator.playing() == []


def test_an_endpoint_names_its_informateur() -> None:
    assert agent_of("agent-lea") == "lea"
    assert agent_of("trunk") is None
