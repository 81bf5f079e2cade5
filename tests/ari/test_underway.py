"""What is under way, as both directions of translation keep it."""

from router.ari.messages import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    EndpointStateChange,
    PlaybackFinished,
    StasisEnd,
)
from router.core.commands import Join, Play, StartMusic, StopMusic
from router.core.events import (
    CallFound,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId, PromptId
from tests.ari.translation import Translation

CALL = CallId("allo-1.7")
CHANNEL = ChannelId(CALL)
LEG, EAR = ChannelId("r1-leg-1"), ChannelId("r1-snoop-1")
LEA, PHONE = AgentId("lea"), PhoneId("lea")
PLAYBACK = PlaybackId("r1-play-1")
BRIDGE = BridgeId("r1-bridge-1")
PLAY = Play(CALL, CHANNEL, PLAYBACK, (PromptId("welcome"),))


def test_the_playback_is_known_before_asterisk_hears_of_it(translation: Translation) -> None:
    translation.requests.of(PLAY)
    assert translation.underway.playing() == [(PLAYBACK, CALL)]
    finished = PlaybackFinished(PLAYBACK, CHANNEL, heard=True)
    events = [
        translation.events.of(finished),
        translation.events.of(finished),
    ]  # a phone's comes twice
    assert events == [PromptEnded(CALL, PLAYBACK), None]
    assert translation.underway.playing() == []


def test_what_a_look_found_is_learnt(translation: Translation) -> None:
    translation.underway.learn(CallFound(CALL, agent=LEA, leg=LEG, bridge=BRIDGE))
    assert translation.events.of(ChannelDtmfReceived(LEG, "1", 1, 80)) == LegKeyPressed(
        CALL, LEG, "1"
    )
    translation.underway.learn(LegEnded(CALL, LEG, LegEnd.LOST))
    assert translation.events.of(ChannelDestroyed(LEG, 16)) is None
    translation.requests.of(PLAY)
    translation.underway.learn(PromptEnded(CALL, PLAYBACK))
    assert translation.events.of(PlaybackFinished(PLAYBACK, CHANNEL, heard=True)) is None
    translation.underway.learn(PhoneAppeared(PHONE))
    assert translation.events.of(EndpointStateChange("agent-lea", online=True)) is None


def test_nothing_sounds_any_more_to_whoever_has_left(translation: Translation) -> None:
    underway = translation.underway
    translation.requests.of(PLAY)
    assert not underway.hears_nothing(CHANNEL)
    translation.events.of(StasisEnd(CHANNEL))
    assert underway.hears_nothing(CHANNEL)
    translation.requests.of(PLAY)
    underway.drop_playback(PLAYBACK)
    assert underway.hears_nothing(CHANNEL)


def test_whoever_hears_music_or_has_company_hears_something(translation: Translation) -> None:
    underway = translation.underway
    translation.requests.of(StartMusic(CALL, CHANNEL))
    assert not underway.hears_nothing(CHANNEL)
    translation.requests.of(StopMusic(CALL, CHANNEL))
    assert underway.hears_nothing(CHANNEL)
    translation.requests.of(Join(CALL, BRIDGE, (CHANNEL, LEG)))
    assert not underway.hears_nothing(CHANNEL)
    assert underway.alone_in(BRIDGE) == ()
    underway.take_out(LEG)
    assert underway.alone_in(BRIDGE) == (CHANNEL,)
    assert underway.hears_nothing(CHANNEL)


def test_only_a_caller_who_leaves_is_one(translation: Translation) -> None:
    underway = translation.underway
    underway.snoop(EAR)
    underway.dial(LEG, CALL, outside=False)
    assert [underway.leave(one) for one in (EAR, LEG, CHANNEL)] == [False, False, True]
    assert underway.leave(EAR)  # an ear is forgotten with its end


def test_a_phone_is_news_only_when_it_changes(translation: Translation) -> None:
    underway = translation.underway
    assert underway.news(PHONE, False) is None
    assert underway.news(PHONE, True) == PhoneAppeared(PHONE)
    underway.learn(PhoneAppeared(PHONE))
    assert underway.news(PHONE, True) is None
    assert underway.news(PHONE, False) == PhoneVanished(PHONE)
    assert underway.news(PhoneId("stranger"), True) is None


def test_the_answer_of_a_leg_that_has_ended_is_no_leg_again(translation: Translation) -> None:
    """Its end was heard of first."""
    underway = translation.underway
    underway.dial(LEG, CALL, outside=False)
    underway.drop_leg(LEG)
    underway.learn(LegAnswered(CALL, LEG))
    assert underway.leg(LEG) is None


def test_what_ended_unheard_is_forgotten_after_a_look(translation: Translation) -> None:
    underway = translation.underway
    underway.dial(LEG, CALL, outside=False)
    underway.put_in(BRIDGE, CHANNEL, LEG)
    translation.events.forget_all_but({CALL})
    assert underway.leg(LEG) is None
    assert underway.alone_in(BRIDGE) == (CHANNEL,)
    translation.events.forget_all_but(())
    assert underway.alone_in(BRIDGE) == ()
