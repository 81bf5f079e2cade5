"""Commands -> requests."""

from dataclasses import replace

import pytest

from router.ari.messages import (
    ChannelTalkingFinished,
    Message,
    PlaybackFinished,
    Request,
    StasisEnd,
)
from router.ari.orders import BLOCKING, Hush, Order
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
    CallerSpoke,
    CallFound,
    Event,
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
from tests.contract.bench import ENTRY, NUMBER, PLAN

CALL = CallId("allo-1.7")
CHANNEL = ChannelId(CALL)
LEG, OUTSIDE, EAR = ChannelId("r1-leg-1"), ChannelId("r1-leg-2"), ChannelId("r1-snoop-1")
LEA = AgentId("lea")
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


def test_who_is_listened_to_is_a_caller_and_until_the_queue(translation: Translation) -> None:
    (request,) = translation.requests.of(Listen(CALL, CHANNEL))
    assert request.body == {"variables": {"TALK_DETECT(set)": ""}}
    assert request.may_block
    remember = Remember(CALL, CHANNEL, SectorId("travail"), 1.0, stop_listening=True)
    (request,) = translation.requests.of(remember)
    assert request.body is not None
    assert request.body["variables"].keys() > {"TALK_DETECT(remove)"}

    spoke = ChannelTalkingFinished(CHANNEL, 1240)
    assert translation.events.of(spoke) == CallerSpoke(CALL, 1.24)
    translation.requests.of(RING)
    assert translation.events.of(ChannelTalkingFinished(LEG, 1240)) is None


def test_prompts_go_in_the_body_in_their_order(translation: Translation) -> None:
    prompts = (PromptId("welcome"), PromptId("code-ask"))
    assert translation.requests.of(Play(CALL, CHANNEL, PLAYBACK, prompts)) == (
        Request(
            "play",
            "POST",
            "channels/allo-1.7/play/r1-play-1",
            body={"media": ["sound:allo/welcome", "sound:allo/code-ask"]},
            channel=CHANNEL,
        ),
    )


def test_ringing_shows_the_service_and_nobody_else(translation: Translation) -> None:
    (request,) = translation.requests.of(RING)
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


def test_an_informateur_is_rung_where_they_work(translation: Translation) -> None:
    (request,) = translation.requests.of(Ring(CALL, LEA, LEG, 15, PhoneId("max")))
    assert request.query is not None
    assert request.query["endpoint"] == "PJSIP/agent-max"
    assert request.query["appArgs"] == "agent,lea,allo-1.7"


def test_what_would_end_a_name_on_a_phone_is_left_out() -> None:
    plan = replace(PLAN, name='Allô "Essai" <1>', numbers=("3000",))
    (request,) = Translation(plan).requests.of(RING)
    assert request.query is not None
    assert request.query["callerId"] == '"Allô Essai 1" <3000>'


def test_only_numbers_of_the_directory_are_dialled(translation: Translation) -> None:
    (request,) = translation.requests.of(DIAL_OUT)
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
def test_an_ear_hears_both_sides(translation: Translation, whisper: bool, heard: str) -> None:
    (request,) = translation.requests.of(Snoop(CALL, LEG, EAR, whisper))
    assert (request.method, request.path) == ("POST", "channels/r1-leg-1/snoop/r1-snoop-1")
    assert request.query == {
        "spy": "both",
        "whisper": heard,
        "app": "allo",
        "appArgs": "snoop,allo-1.7",
    }
    assert request.channel == EAR


def test_a_bridge_is_made_before_anybody_is_put_in_it(translation: Translation) -> None:
    bridge, *_, first, second = translation.requests.of(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert (bridge.method, bridge.path) == ("POST", "bridges/r1-bridge-1")
    assert bridge.query == {"type": "mixing,dtmf_events", "name": "allo:allo-1.7"}
    assert [first.channel, second.channel] == [CHANNEL, LEG]
    assert first.path == second.path == "bridges/r1-bridge-1/addChannel"


def test_of_all_in_a_bridge_only_the_callers_keys_are_heard(translation: Translation) -> None:
    *_, caller, leg = translation.requests.of(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    *_, later = translation.requests.of(PutIn(CALL, BRIDGE, OUTSIDE))
    assert caller.query == {"channel": CHANNEL}
    assert leg.query == {"channel": LEG, "absorbDTMF": "true"}
    assert later.query == {"channel": OUTSIDE, "absorbDTMF": "true"}
    assert later.path == "bridges/r1-bridge-1/addChannel"


def test_one_is_taken_out_and_the_bridge_stays(translation: Translation) -> None:
    (request,) = translation.requests.of(TakeOut(CALL, BRIDGE, LEG))
    assert (request.method, request.path) == ("POST", "bridges/r1-bridge-1/removeChannel")
    assert request.query == {"channel": LEG}


def parted(translation: Translation, *before: ForAsterisk | Message | Event) -> list[str]:
    for one in before:
        if isinstance(one, ForAsterisk):
            translation.requests.of(one)
        elif isinstance(one, CallFound):
            translation.underway.learn(one)
        elif isinstance(one, Message):
            translation.events.of(one)
    requests = translation.requests.of(Part(CALL, BRIDGE))
    return [f"{request.method} {request.path} {request.query or ''}" for request in requests]


def test_a_caller_inside_is_out_of_a_bridge_before_it_is_removed(translation: Translation) -> None:
    """Nobody is taken out of where they are not: Asterisk's log would complain."""
    join, removal = Join(CALL, BRIDGE, (CHANNEL, LEG)), "DELETE bridges/r1-bridge-1 "
    both = ["POST bridges/r1-bridge-1/removeChannel {'channel': 'allo-1.7'}", removal]
    assert parted(translation) == [removal]
    assert parted(translation, join) == both
    assert parted(translation) == [removal]
    assert parted(translation, join, TakeOut(CALL, BRIDGE, CHANNEL)) == [removal]
    assert parted(translation, PutIn(CALL, BRIDGE, CHANNEL)) == both
    assert parted(translation, join, Join(CALL, BridgeId("b2"), (CHANNEL,))) == [removal]
    assert parted(translation, join, StasisEnd(CHANNEL)) == [removal]
    assert parted(translation, CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE)) == both


def test_where_the_caller_waits_is_written_in_one_request(translation: Translation) -> None:
    (request,) = translation.requests.of(Remember(CALL, CHANNEL, SectorId("travail"), 1234.5))
    assert (request.method, request.path) == ("POST", "channels/allo-1.7/variables")
    where = {"ALLO_SECTOR": "travail", "ALLO_JOINED_AT": "1234.5"}
    assert request.body == {"variables": where}
    with_page = Remember(CALL, CHANNEL, SectorId("travail"), 1234.5, fiche=FicheId("F1234"))
    (request,) = translation.requests.of(with_page)
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
    translation: Translation, command: ForAsterisk, method: str, path: str
) -> None:
    (request,) = translation.requests.of(command)
    assert (request.method, request.path) == (method, path)


def test_what_may_wait_for_a_prompt_is_marked(translation: Translation) -> None:
    requests = [request for command in COMMANDS for request in translation.requests.of(command)]
    blocking = {request.operation for request in requests if request.may_block}
    assert blocking == {"remember", "listen", "join", "part"}
    fine = {request.operation for request in requests if request.gone_is_fine}
    assert fine == {
        *("stop playing", "start music", "stop music", "remember", "listen"),
        *("send silence", "stop silence", "part", "remove bridge", "hang up"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_may_block_or_is_one_request(
    translation: Translation, command: ForAsterisk
) -> None:
    """The performer sends what cannot block without waiting for answers."""
    translation.requests.of(Join(CALL, BRIDGE, (CHANNEL,)))
    requests = translation.requests.of(command)
    assert any(request.may_block for request in requests) is isinstance(command, BLOCKING)
    assert len(requests) == 1 or isinstance(command, BLOCKING)


# Silence, which Asterisk sends only when asked to.


def asked(translation: Translation, command: Order) -> list[str]:
    """Return what a command asks of Asterisk about silence."""
    return [
        f"{request.method} {request.channel}"
        for request in translation.requests.of(command)
        if request.path.endswith("/silence")
    ]


def ended(translation: Translation, playback: PlaybackId, channel: ChannelId) -> list[str]:
    message = PlaybackFinished(playback, channel, heard=True)
    translation.events.of(message)
    hush = translation.events.hush(message)
    return [] if hush is None else asked(translation, hush)


def test_who_heard_a_prompt_to_its_end_hears_silence(translation: Translation) -> None:
    translation.requests.of(PLAY)
    assert ended(translation, PLAYBACK, CHANNEL) == [f"POST {CHANNEL}"]
    assert translation.events.hush(PlaybackFinished(PLAYBACK, LEG, heard=True)) == Hush(
        CallId(LEG), LEG
    )
    translation.requests.of(RING)
    assert translation.events.hush(PlaybackFinished(PLAYBACK, LEG, heard=True)) == Hush(CALL, LEG)
    assert translation.events.hush(PlaybackFinished(PLAYBACK, LEG, heard=False)) is None


def test_who_hears_the_next_prompt_or_music_already_hears_no_silence(
    translation: Translation,
) -> None:
    """A prompt that a key cut ends when the next is asked for: nothing more to ask then."""
    following = PlaybackId("r1-play-2")
    translation.requests.of(PLAY)
    translation.requests.of(replace(PLAY, playback=following))
    assert ended(translation, PLAYBACK, CHANNEL) == []
    translation.requests.of(StartMusic(CALL, CHANNEL))
    assert ended(translation, following, CHANNEL) == []
    translation.requests.of(StopMusic(CALL, CHANNEL))
    assert ended(translation, PLAYBACK, CHANNEL) == [f"POST {CHANNEL}"]


def test_a_prompt_asked_for_since_makes_silence_needless(translation: Translation) -> None:
    hush = translation.events.hush(PlaybackFinished(PLAYBACK, CHANNEL, heard=True))
    assert hush is not None
    translation.requests.of(PLAY)
    assert asked(translation, hush) == []


def test_music_is_stopped_once_for_who_was_left_alone(translation: Translation) -> None:
    """The fallback may have given it; Asterisk would write nothing else to the channel."""
    caller = ChannelId(CALL)
    translation.underway.leave_alone([caller, OUTSIDE])
    translation.underway.leave(OUTSIDE)
    join = Join(CALL, BRIDGE, (caller, LEG, OUTSIDE))

    def stopped() -> list[str]:
        paths = [f"{one.method} {one.path}" for one in translation.requests.of(join)]
        return [path for path in paths if path.endswith("/moh")]

    assert stopped() == [f"DELETE channels/{caller}/moh"]
    assert stopped() == []


def test_nobody_in_a_conversation_hears_silence(translation: Translation) -> None:
    """Asterisk writes nothing else to a channel that it sends silence to."""
    both = [f"DELETE {CHANNEL}", f"DELETE {LEG}"]
    assert asked(translation, Join(CALL, BRIDGE, (CHANNEL, LEG))) == both
    translation.requests.of(replace(PLAY, channel=LEG))
    assert ended(translation, PLAYBACK, LEG) == []
    assert asked(translation, PutIn(CALL, BRIDGE, OUTSIDE)) == [f"DELETE {OUTSIDE}"]


def test_who_has_the_other_on_hold_hears_silence(translation: Translation) -> None:
    translation.requests.of(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert asked(translation, TakeOut(CALL, BRIDGE, CHANNEL)) == [f"POST {LEG}"]
    translation.requests.of(replace(PLAY, channel=LEG))
    assert ended(translation, PLAYBACK, LEG) == [f"POST {LEG}"]
    both = [f"DELETE {LEG}", f"DELETE {CHANNEL}"]
    assert asked(translation, PutIn(CALL, BRIDGE, CHANNEL)) == both
