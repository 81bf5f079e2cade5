"""Prompts and callers: what the router relies on, tried on the fake and on the real Asterisk."""

import asyncio

import pytest

from router.core.commands import HangUp, Join, Listen, Remember, StartMusic, StopMusic, StopPlaying
from router.core.events import (
    CallArrived,
    CallerSpoke,
    CallLeft,
    CommandFailed,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PromptEnded,
    PromptFailed,
)
from router.core.ids import BridgeId, ChannelId, SectorId
from router.errors import AriGone
from tests.contract.bench import Bench, kinds
from tests.contract.faces import AsteriskFace

pytestmark = pytest.mark.asyncio(loop_scope="session")


# Prompts.


async def test_prompts_are_played_one_after_the_other_and_end_once(bench: Bench) -> None:
    call = await bench.arrive()
    first = await bench.play(call, "one", "two")
    second = await bench.play(call, "two")
    await bench.expect(PromptEnded, call=call, playback=second)
    ended = [event for event in bench.events if isinstance(event, PromptEnded)]
    assert [event.playback for event in ended] == [first, second]


async def test_a_prompt_that_is_stopped_ends(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "one", "hour")
    await bench.settled()
    bench.perform(StopPlaying(call, playback))
    await bench.expect(PromptEnded, call=call, playback=playback)


async def test_stopping_an_ended_prompt_is_no_failure(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    bench.perform(StopPlaying(call, playback), StopPlaying(call, playback))
    following = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=following)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_prompt_without_a_file_fails(bench: Bench) -> None:
    """Only the last prompt counts; one in the middle is skipped."""
    call = await bench.arrive()
    for prompts, end in (
        (("no-such-prompt",), PromptFailed),
        (("one", "no-such-prompt"), PromptFailed),
        (("no-such-prompt", "one"), PromptEnded),
    ):
        playback = await bench.play(call, *prompts)
        await bench.expect(end, call=call, playback=playback)


async def test_stopping_a_prompt_before_it_begins_is_no_failure(bench: Bench) -> None:
    call = await bench.arrive()
    first, second = await bench.play(call, "hour"), await bench.play(call, "two")
    await bench.settled()
    bench.perform(StopPlaying(call, second), StopPlaying(call, first))
    for playback in (first, second):
        await bench.expect(PromptEnded, call=call, playback=playback)


async def test_hanging_up_in_a_prompt_fails_it_before_the_call_ends(bench: Bench) -> None:
    call = await bench.arrive()
    leg, phone = await bench.answered(call, "lea")
    whisper = await bench.play(call, "hour", channel=leg)
    said = await bench.play(call, "hour")
    await bench.settled()
    await phone.hang_up()
    await bench.expect(LegEnded, leg=leg)
    await bench.caller.hang_up()
    await bench.expect(CallLeft, call=call)
    told = [one for one in bench.events if isinstance(one, PromptFailed | LegEnded | CallLeft)]
    assert told == [
        PromptFailed(call, whisper),
        LegEnded(call, leg, LegEnd.HUNG_UP),
        PromptFailed(call, said),
        CallLeft(call),
    ]


async def test_a_hundred_prompts_in_one_playback(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, *(["no-such-prompt-but-with-a-long-name"] * 300))
    await bench.expect(PromptFailed, playback=playback)


async def test_a_request_longer_than_a_frame_is_refused_and_the_link_stays(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.play(call, *(["a-prompt-with-quite-a-long-name"] * 2000))
    await bench.expect(CommandFailed, call=call)
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    assert bench.link.counts.connections == 1


async def test_a_prompt_is_heard_over_the_music(bench: Bench) -> None:
    call = await bench.arrive()
    bench.perform(StartMusic(call, ChannelId(call)))
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    bench.perform(StopMusic(call, ChannelId(call)), StopMusic(call, ChannelId(call)))
    await bench.settled()
    assert "CommandFailed" not in kinds(bench.events)


# The caller.


async def test_keys_come_in_their_order(bench: Bench) -> None:
    call = await bench.arrive()
    bench.caller.press("1234567890*#ABCD")
    keys = [(await bench.expect(KeyPressed, call=call)).key for _ in range(16)]
    assert "".join(keys) == "1234567890*#ABCD"


async def test_a_caller_who_hangs_up_has_left(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "hour")
    await bench.settled()
    await bench.caller.hang_up()
    await bench.expect(CallLeft, call=call)
    await bench.expect(PromptFailed, playback=playback)
    assert kinds(bench.events).count("CallLeft") == 1


async def test_hanging_up_on_a_caller(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.play(call, "hour")
    bench.perform(HangUp(call, ChannelId(call)), HangUp(call, ChannelId(call)))
    await bench.expect(CallLeft, call=call)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_command_for_a_caller_who_has_gone_fails(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.caller.hang_up()
    await bench.expect(CallLeft, call=call)
    await bench.play(call, "one")
    assert (await bench.expect(CommandFailed)).channel == ChannelId(call)


async def test_optional_commands_for_a_caller_who_has_gone_are_no_failure(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.caller.hang_up()
    await bench.expect(CallLeft, call=call)
    bench.perform(
        Remember(call, ChannelId(call), SectorId("travail"), 1.0),
        StartMusic(call, ChannelId(call)),
    )
    await bench.play(call, "one")
    await bench.expect(CommandFailed, channel=call)
    assert kinds(bench.events).count("CommandFailed") == 1


async def test_a_caller_who_came_while_the_router_was_away_is_handed_over(
    asterisk: AsteriskFace,
) -> None:
    caller = await asterisk.call()
    async with Bench(asterisk) as bench:
        call = (await bench.expect(CallArrived)).call
        playback = await bench.play(call, "one")
        await bench.expect(PromptEnded, playback=playback)
        await caller.hang_up()
        await bench.expect(CallLeft, call=call)


# What blocks behind a prompt.


async def test_a_blocked_command_delays_no_other_call(bench: Bench) -> None:
    blocked = await bench.arrive()
    await bench.play(blocked, "hour")
    bench.perform(Remember(blocked, ChannelId(blocked), SectorId("travail"), 1.5))
    call = await bench.arrive()
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    bench.perform(Remember(call, ChannelId(call), SectorId("travail"), 2.5))
    await bench.until(lambda: bench.link.busy == 1)
    assert await bench.ask("GET", f"channels/{call}/variables", variables="ALLO_SECTOR")
    with pytest.raises(AriGone):
        await bench.ask("GET", f"channels/{blocked}/variables", variables="ALLO_SECTOR")


async def test_a_caller_who_is_listened_to_is_heard_to_speak(bench: Bench) -> None:
    call = await bench.arrive()
    channel = ChannelId(call)
    bench.perform(Listen(call, channel))
    await bench.play(call, "hour")
    await bench.settled()
    spoken_s = await bench.asterisk.speaks(bench.caller, 1.0)
    spoke = await bench.expect(CallerSpoke, call=call)
    assert 0.5 < spoke.seconds < spoken_s + 1.0  # the silence that ends it is not part of it

    bench.perform(HangUp(call, channel))
    await bench.expect(CallLeft, call=call)


async def test_a_caller_who_is_no_longer_listened_to_speaks_unheard(bench: Bench) -> None:
    call = await bench.arrive()
    channel = ChannelId(call)
    bench.perform(Listen(call, channel))
    bench.perform(Remember(call, channel, SectorId("travail"), 1.5, stop_listening=True))
    await bench.settled()
    await bench.asterisk.speaks(bench.caller, 0.5)
    bench.caller.press("5")
    await bench.expect(KeyPressed, call=call)
    assert "CallerSpoke" not in kinds(bench.events)


async def test_the_end_of_the_prompt_frees_the_blocked_command(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "hour")
    await bench.settled()
    bench.perform(Remember(call, ChannelId(call), SectorId("travail"), 1.5))
    await asyncio.sleep(0)  # it is under way
    bench.perform(StopPlaying(call, playback))  # overtakes what waits for the prompt's end
    await bench.expect(PromptEnded, playback=playback)
    await bench.settled()
    variables = await bench.ask("GET", f"channels/{call}/variables", variables="ALLO_JOINED_AT")
    assert variables["variables"]["ALLO_JOINED_AT"] == "1.5"


async def test_hanging_up_frees_the_blocked_command(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.play(call, "hour")
    await bench.settled()
    bench.perform(Remember(call, ChannelId(call), SectorId("travail"), 1.5))
    await asyncio.sleep(0)  # it is under way
    bench.perform(HangUp(call, ChannelId(call)))
    await bench.expect(CallLeft, call=call)
    await bench.settled()


async def test_joining_right_after_stopping_the_prompt_does_not_wait(bench: Bench) -> None:
    phone = await bench.ready_phone()
    call = await bench.arrive()
    leg = bench.ring(call)
    await phone.rings()
    phone.answer()
    await bench.expect(LegAnswered)
    playback = await bench.play(call, "hour")
    bridge = BridgeId(bench.new_id())
    bench.perform(StopPlaying(call, playback), Join(call, bridge, (ChannelId(call), leg)))
    await bench.expect(PromptEnded, playback=playback)
    await bench.settled()
    [held] = await bench.ask("GET", "bridges")
    assert sorted(held["channels"]) == sorted([call, leg])
