"""Commands -> requests, messages -> events."""

import pickle
from dataclasses import replace

import pytest
from router.ari.translate import BLOCKING, Hush, Order, Translator, phone_of

from router.ari.messages import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelStateChange,
    ChannelTalkingFinished,
    EndpointStateChange,
    Message,
    PlaybackFinished,
    Request,
    StasisEnd,
    StasisStart,
)
from router.core.commands import (
    DialOut,
    ForAsterisk,
    HangUp,
    Join,
    Listen,
    Part,
    Play,
    PutIn,
    Remember,
    Ring,
    Snoop,
    StartMusic,
    StopMusic,
    StopPlaying,
    TakeOut,
    Verify,
)
from router.core.events import (
    CallArrived,
    CalledEnd,
    CalledEnded,
    CallerSpoke,
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
    PromptEnded,
    PromptFailed,
    SnoopStarted,
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
from tests.contract.bench import ENTRY, NUMBER, PLAN

CALL = CallId("allo-1.7")
CHANNEL = ChannelId(CALL)
LEG, OUTSIDE, EAR = ChannelId("r1-leg-1"), ChannelId("r1-leg-2"), ChannelId("r1-snoop-1")
LEA = AgentId("lea")
PHONE = PhoneId("lea")
PLAYBACK = PlaybackId("r1-play-1")
BRIDGE = BridgeId("r1-bridge-1")
RING = Ring(CALL, LEA, LEG, 15)
DIAL_OUT = DialOut(CALL, ENTRY, OUTSIDE, 30)
SNOOP = Snoop(CALL, LEG, EAR, whisper=False)
PLAY = Play(CALL, CHANNEL, PLAYBACK, (PromptId("welcome"),))
COMMANDS: list[ForAsterisk] = [
    PLAY,
    StopPlaying(CALL, PLAYBACK),
    StartMusic(CALL, CHANNEL),
    StopMusic(CALL, CHANNEL),
    Remember(CALL, CHANNEL, SectorId("travail"), 1.0),
    Listen(CALL, CHANNEL),
    RING,
    DIAL_OUT,
    SNOOP,
    Join(CALL, BRIDGE, (CHANNEL, LEG)),
    TakeOut(CALL, BRIDGE, CHANNEL),
    PutIn(CALL, BRIDGE, CHANNEL),
    Part(CALL, BRIDGE),
    Verify(CALL, LEG),
    HangUp(CALL, CHANNEL),
]


def key(channel: ChannelId, digit: str, at: int = 1) -> ChannelDtmfReceived:
    return ChannelDtmfReceived(channel, digit, at, 80)


@pytest.fixture
def translator() -> Translator:
    return Translator("allo", PLAN)


# Commands.


def test_who_is_listened_to_is_a_caller_and_until_the_queue(translator: Translator) -> None:
    (request,) = translator.requests(Listen(CALL, CHANNEL))
    assert request.body == {"variables": {"TALK_DETECT(set)": ""}}
    assert request.may_block
    remember = Remember(CALL, CHANNEL, SectorId("travail"), 1.0, stop_listening=True)
    (request,) = translator.requests(remember)
    assert request.body is not None
    assert request.body["variables"].keys() > {"TALK_DETECT(remove)"}

    spoke = ChannelTalkingFinished(CHANNEL, 1240)
    assert translator.event(spoke) == CallerSpoke(CALL, 1.24)
    translator.requests(RING)
    assert translator.event(ChannelTalkingFinished(LEG, 1240)) is None


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
        "callerId": f'"{PLAN.name}" <3939>',
        "originator": "allo-1.7",
    }
    assert request.body == {"variables": {"TIMEOUT(absolute)": "7200"}}


def test_an_informateur_is_rung_where_they_work(translator: Translator) -> None:
    (request,) = translator.requests(Ring(CALL, LEA, LEG, 15, PhoneId("max")))
    assert request.query is not None
    assert request.query["endpoint"] == "PJSIP/agent-max"
    assert request.query["appArgs"] == "agent,lea,allo-1.7"


def test_what_would_end_a_name_on_a_phone_is_left_out() -> None:
    plan = replace(PLAN, name='Allô "Essai" <1>', numbers=("3000",))
    (request,) = Translator("allo", plan).requests(RING)
    assert request.query is not None
    assert request.query["callerId"] == '"Allô Essai 1" <3000>'


def test_only_numbers_of_the_directory_are_dialled(translator: Translator) -> None:
    (request,) = translator.requests(DIAL_OUT)
    assert request.path == "channels/r1-leg-2"
    assert request.channel == OUTSIDE
    assert request.query == {
        "endpoint": f"PJSIP/{NUMBER}@trunk",
        "app": "allo",
        "appArgs": "outside,caf,allo-1.7",
        "timeout": "30",
        "callerId": f'"{PLAN.name}" <3939>',
        "originator": "allo-1.7",
    }
    assert request.body == {"variables": {"TIMEOUT(absolute)": "7200"}}


@pytest.mark.parametrize(("whisper", "heard"), [(False, "none"), (True, "out")])
def test_an_ear_hears_both_sides(translator: Translator, whisper: bool, heard: str) -> None:
    (request,) = translator.requests(Snoop(CALL, LEG, EAR, whisper))
    assert (request.method, request.path) == ("POST", "channels/r1-leg-1/snoop/r1-snoop-1")
    assert request.query == {
        "spy": "both",
        "whisper": heard,
        "app": "allo",
        "appArgs": "snoop,allo-1.7",
    }
    assert request.channel == EAR


def test_a_bridge_is_made_before_anybody_is_put_in_it(translator: Translator) -> None:
    bridge, *_, first, second = translator.requests(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert (bridge.method, bridge.path) == ("POST", "bridges/r1-bridge-1")
    assert bridge.query == {"type": "mixing,dtmf_events", "name": "allo:allo-1.7"}
    assert [first.channel, second.channel] == [CHANNEL, LEG]
    assert first.path == second.path == "bridges/r1-bridge-1/addChannel"


def test_of_all_in_a_bridge_only_the_callers_keys_are_heard(translator: Translator) -> None:
    *_, caller, leg = translator.requests(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    *_, later = translator.requests(PutIn(CALL, BRIDGE, OUTSIDE))
    assert caller.query == {"channel": CHANNEL}
    assert leg.query == {"channel": LEG, "absorbDTMF": "true"}
    assert later.query == {"channel": OUTSIDE, "absorbDTMF": "true"}
    assert later.path == "bridges/r1-bridge-1/addChannel"


def test_one_is_taken_out_and_the_bridge_stays(translator: Translator) -> None:
    (request,) = translator.requests(TakeOut(CALL, BRIDGE, LEG))
    assert (request.method, request.path) == ("POST", "bridges/r1-bridge-1/removeChannel")
    assert request.query == {"channel": LEG}


def parted(translator: Translator, *before: ForAsterisk | Message | Event) -> list[str]:
    for one in before:
        if isinstance(one, ForAsterisk):
            translator.requests(one)
        elif isinstance(one, CallFound):
            translator.learn(one)
        elif isinstance(one, Message):
            translator.event(one)
    requests = translator.requests(Part(CALL, BRIDGE))
    return [f"{request.method} {request.path} {request.query or ''}" for request in requests]


def test_a_caller_inside_is_out_of_a_bridge_before_it_is_removed(translator: Translator) -> None:
    """Nobody is taken out of where they are not: Asterisk's log would complain."""
    join, removal = Join(CALL, BRIDGE, (CHANNEL, LEG)), "DELETE bridges/r1-bridge-1 "
    both = ["POST bridges/r1-bridge-1/removeChannel {'channel': 'allo-1.7'}", removal]
    assert parted(translator) == [removal]
    assert parted(translator, join) == both
    assert parted(translator) == [removal]
    assert parted(translator, join, TakeOut(CALL, BRIDGE, CHANNEL)) == [removal]
    assert parted(translator, PutIn(CALL, BRIDGE, CHANNEL)) == both
    assert parted(translator, join, Join(CALL, BridgeId("b2"), (CHANNEL,))) == [removal]
    assert parted(translator, join, StasisEnd(CHANNEL)) == [removal]
    assert parted(translator, CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)) == both


def test_where_the_caller_waits_is_written_in_one_request(translator: Translator) -> None:
    (request,) = translator.requests(Remember(CALL, CHANNEL, SectorId("travail"), 1234.5))
    assert (request.method, request.path) == ("POST", "channels/allo-1.7/variables")
    where = {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "1234.5"}
    assert request.body == {"variables": where}
    with_page = Remember(CALL, CHANNEL, SectorId("travail"), 1234.5, fiche=FicheId("F1234"))
    (request,) = translator.requests(with_page)
    assert request.body == {"variables": where | {"ALLO_FICHE": "F1234"}}


@pytest.mark.parametrize(
    ("command", "method", "path"),
    [
        (StopPlaying(CALL, PLAYBACK), "DELETE", "playbacks/r1-play-1"),
        (StartMusic(CALL, CHANNEL), "POST", "channels/allo-1.7/moh"),
        (StopMusic(CALL, CHANNEL), "DELETE", "channels/allo-1.7/moh"),
        (HangUp(CALL, LEG), "DELETE", "channels/r1-leg-1"),
        (Verify(CALL, LEG), "GET", "channels/r1-leg-1"),
    ],
)
def test_one_request_each(
    translator: Translator, command: ForAsterisk, method: str, path: str
) -> None:
    (request,) = translator.requests(command)
    assert (request.method, request.path) == (method, path)


def test_what_may_wait_for_a_prompt_is_marked(translator: Translator) -> None:
    requests = [request for command in COMMANDS for request in translator.requests(command)]
    blocking = {request.operation for request in requests if request.may_block}
    assert blocking == {"remember", "listen", "join", "part"}
    fine = {request.operation for request in requests if request.gone_is_fine}
    assert fine == {
        *("stop playing", "start music", "stop music", "remember", "listen"),
        *("send silence", "stop silence", "part", "remove bridge", "hang up"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_may_block_or_is_one_request(
    translator: Translator, command: ForAsterisk
) -> None:
    """The performer sends what cannot block without waiting for answers."""
    translator.requests(Join(CALL, BRIDGE, (CHANNEL,)))
    requests = translator.requests(command)
    assert any(request.may_block for request in requests) is isinstance(command, BLOCKING)
    assert len(requests) == 1 or isinstance(command, BLOCKING)


# Silence, which Asterisk sends only when asked to.


def asked(translator: Translator, command: Order) -> list[str]:
    """Return what a command asks of Asterisk about silence."""
    return [
        f"{request.method} {request.channel}"
        for request in translator.requests(command)
        if request.path.endswith("/silence")
    ]


def ended(translator: Translator, playback: PlaybackId, channel: ChannelId) -> list[str]:
    message = PlaybackFinished(playback, channel, heard=True)
    translator.event(message)
    hush = translator.hush(message)
    return [] if hush is None else asked(translator, hush)


def test_who_heard_a_prompt_to_its_end_hears_silence(translator: Translator) -> None:
    translator.requests(PLAY)
    assert ended(translator, PLAYBACK, CHANNEL) == [f"POST {CHANNEL}"]
    assert translator.hush(PlaybackFinished(PLAYBACK, LEG, heard=True)) == Hush(CallId(LEG), LEG)
    translator.requests(RING)
    assert translator.hush(PlaybackFinished(PLAYBACK, LEG, heard=True)) == Hush(CALL, LEG)
    assert translator.hush(PlaybackFinished(PLAYBACK, LEG, heard=False)) is None


def test_who_hears_the_next_prompt_or_music_already_hears_no_silence(
    translator: Translator,
) -> None:
    """A prompt that a key cut ends when the next is asked for: nothing more to ask then."""
    following = PlaybackId("r1-play-2")
    translator.requests(PLAY)
    translator.requests(replace(PLAY, playback=following))
    assert ended(translator, PLAYBACK, CHANNEL) == []
    translator.requests(StartMusic(CALL, CHANNEL))
    assert ended(translator, following, CHANNEL) == []
    translator.requests(StopMusic(CALL, CHANNEL))
    assert ended(translator, PLAYBACK, CHANNEL) == [f"POST {CHANNEL}"]


def test_a_prompt_asked_for_since_makes_silence_needless(translator: Translator) -> None:
    hush = translator.hush(PlaybackFinished(PLAYBACK, CHANNEL, heard=True))
    assert hush is not None
    translator.requests(PLAY)
    assert asked(translator, hush) == []


def test_nobody_in_a_conversation_hears_silence(translator: Translator) -> None:
    """Asterisk writes nothing else to a channel that it sends silence to."""
    both = [f"DELETE {CHANNEL}", f"DELETE {LEG}"]
    assert asked(translator, Join(CALL, BRIDGE, (CHANNEL, LEG))) == both
    translator.requests(replace(PLAY, channel=LEG))
    assert ended(translator, PLAYBACK, LEG) == []
    assert asked(translator, PutIn(CALL, BRIDGE, OUTSIDE)) == [f"DELETE {OUTSIDE}"]


def test_who_has_the_other_on_hold_hears_silence(translator: Translator) -> None:
    translator.requests(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert asked(translator, TakeOut(CALL, BRIDGE, CHANNEL)) == [f"POST {LEG}"]
    translator.requests(replace(PLAY, channel=LEG))
    assert ended(translator, PLAYBACK, LEG) == [f"POST {LEG}"]
    both = [f"DELETE {LEG}", f"DELETE {CHANNEL}"]
    assert asked(translator, PutIn(CALL, BRIDGE, CHANNEL)) == both


def test_nothing_is_kept_of_who_has_left(translator: Translator) -> None:
    before = pickle.dumps(translator)  # all that it keeps
    translator.requests(PLAY)
    assert pickle.dumps(translator) != before
    translator.event(StasisEnd(CHANNEL))
    translator.event(PlaybackFinished(PLAYBACK, CHANNEL, heard=False))
    assert pickle.dumps(translator) == before
    translator.requests(PLAY)
    translator.drop_playback(PLAYBACK)
    assert pickle.dumps(translator) == before


# Messages.


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (StasisStart(CHANNEL, ("caller",)), CallArrived(CALL)),
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
    translator: Translator, message: Message, event: Event | None
) -> None:
    assert translator.event(message) == event


def test_a_callback_that_was_not_picked_up_ends_by_what_the_carrier_said(
    translator: Translator,
) -> None:
    channel = ChannelId("callback-0123")
    ended = translator.event(ChannelDestroyed(channel, 21, 403))
    assert ended == CalledEnded(CallId(channel), CalledEnd.REFUSED)
    rung = translator.event(ChannelDestroyed(channel, 18, 408, rang=True))
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
    translator: Translator, status: int, cause: int, reason: LegEnd
) -> None:
    translator.requests(DIAL_OUT)
    ended = translator.event(ChannelDestroyed(OUTSIDE, cause, status))
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
    translator: Translator, answered: bool, cause: int, reason: LegEnd, command: Ring | DialOut
) -> None:
    translator.requests(command)
    leg = command.leg
    if answered:
        translator.event(StasisStart(leg, ("agent" if command is RING else "outside", "x", CALL)))
        assert translator.event(StasisEnd(leg)) is None
    assert translator.event(ChannelDestroyed(leg, cause)) == LegEnded(CALL, leg, reason)


def test_a_leg_rings_answers_and_ends_once(translator: Translator) -> None:
    """Asterisk tells it of the leg and again of the phone (measured)."""
    translator.requests(RING)
    messages: list[Message] = [
        *[ChannelStateChange(LEG, "Ringing")] * 2,
        *[ChannelStateChange(LEG, "Up")] * 2,
        StasisStart(LEG, ("agent", "lea", CALL)),
        StasisEnd(LEG),
        *[ChannelDestroyed(LEG, 16)] * 2,
    ]
    events = [event for message in messages if (event := translator.event(message))]
    assert events == [
        LegRang(CALL, LEG),
        LegAnswered(CALL, LEG),
        LegEnded(CALL, LEG, LegEnd.HUNG_UP),
    ]


def test_the_keys_of_an_informateur_are_not_the_callers(translator: Translator) -> None:
    translator.requests(RING)
    assert translator.event(key(LEG, "1")) == LegKeyPressed(CALL, LEG, "1")
    assert translator.event(key(CHANNEL, "1")) == KeyPressed(CALL, "1")


def test_a_key_that_is_told_twice_was_pressed_once(translator: Translator) -> None:
    """Copies have one time; a key pressed again has another, whatever came between."""
    translator.requests(RING)
    messages = [
        key(LEG, "1", at=1),
        key(CHANNEL, "1", at=1),
        key(LEG, "1", at=1),
        key(LEG, "1", at=200),
        key(LEG, "1", at=200),
    ]
    events = [event for message in messages if (event := translator.event(message))]
    assert events == [
        LegKeyPressed(CALL, LEG, "1"),
        KeyPressed(CALL, "1"),
        LegKeyPressed(CALL, LEG, "1"),
    ]


def test_the_end_of_an_ear_is_no_callers(translator: Translator) -> None:
    translator.requests(SNOOP)
    assert translator.event(StasisStart(EAR, ("snoop", CALL))) == SnoopStarted(CALL, EAR)
    assert translator.event(StasisEnd(EAR)) is None


def test_what_is_whispered_to_a_leg_belongs_to_its_call(translator: Translator) -> None:
    translator.requests(RING)
    translator.requests(Play(CALL, LEG, PLAYBACK, (PromptId("whisper"),)))
    assert translator.event(ChannelDestroyed(LEG, 16)) is not None
    ended = translator.event(PlaybackFinished(PLAYBACK, LEG, heard=False))  # after the leg itself
    assert ended == PromptFailed(CALL, PLAYBACK)
    assert translator.playing() == []


def test_a_phone_is_news_when_it_changes(translator: Translator) -> None:
    online = EndpointStateChange("agent-lea", online=True)
    offline = EndpointStateChange("agent-lea", online=False)
    events = [translator.event(message) for message in (online, online, offline, offline, online)]
    assert events == [
        PhoneAppeared(PHONE),
        None,
        PhoneVanished(PHONE),
        None,
        PhoneAppeared(PHONE),
    ]


def test_the_playback_is_known_before_asterisk_hears_of_it(translator: Translator) -> None:
    translator.requests(PLAY)
    assert translator.playing() == [(PLAYBACK, CALL)]
    finished = PlaybackFinished(PLAYBACK, CHANNEL, heard=True)
    events = [translator.event(finished), translator.event(finished)]  # a phone's comes twice
    assert events == [PromptEnded(CALL, PLAYBACK), None]
    assert translator.playing() == []


def test_what_a_look_found_is_learnt(translator: Translator) -> None:
    translator.learn(CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE))
    assert translator.event(key(LEG, "1")) == LegKeyPressed(CALL, LEG, "1")
    translator.learn(LegEnded(CALL, LEG, LegEnd.LOST))
    assert translator.event(ChannelDestroyed(LEG, 16)) is None
    translator.requests(PLAY)
    translator.learn(PromptEnded(CALL, PLAYBACK))
    assert translator.event(PlaybackFinished(PLAYBACK, CHANNEL, heard=True)) is None
    translator.learn(PhoneAppeared(PHONE))
    assert translator.event(EndpointStateChange("agent-lea", online=True)) is None


def test_an_endpoint_names_its_phone() -> None:
    assert phone_of("agent-lea") == "lea"
    assert phone_of("trunk") is None
