"""Events, commands and facts are values: equal when their fields are, and usable as keys."""

from dataclasses import fields, replace

import pytest

from router.core.commands import Play
from router.core.events import CallFound, KeyPressed, TimePassed
from router.core.ids import CallId, ChannelId, PlaybackId, PromptId

PLAY = Play(CallId("a"), ChannelId("a"), PlaybackId("p"), (PromptId("welcome"),))


def test_values_are_equal_by_their_fields_and_of_one_kind() -> None:
    assert Play(CallId("a"), ChannelId("a"), PlaybackId("p"), (PromptId("welcome"),)) == PLAY
    assert replace(PLAY, playback=PlaybackId("q")) != PLAY
    assert TimePassed() == TimePassed()
    assert {PLAY: 1}[replace(PLAY)] == 1


def test_values_can_be_taken_apart() -> None:
    match PLAY:
        case Play(call, _, playback, prompts):
            assert (call, playback, prompts) == ("a", "p", ("welcome",))
    assert [field.name for field in fields(KeyPressed)] == ["call", "key"]
    assert repr(KeyPressed(CallId("a"), "1")) == "KeyPressed(call='a', key='1')"


def test_fields_not_given_have_defaults_and_no_others_can_be_added() -> None:
    assert CallFound(CallId("a")).sector is None
    with pytest.raises(AttributeError):
        PLAY.loud = True  # type: ignore[attr-defined]
