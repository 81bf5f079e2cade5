"""What the router relies on, tried on the fake and on the real Asterisk alike."""

import asyncio

import pytest

from router.ari.messages import Request
from router.core.commands import (
    HangUp,
    Join,
    Listen,
    Part,
    Play,
    Remember,
    StartMusic,
    StopMusic,
    StopPlaying,
)
from router.core.events import (
    CallArrived,
    CallerSpoke,
    CallFound,
    CallLeft,
    CommandFailed,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
)
from router.core.ids import (
    AgentId,
    BridgeId,
    ChannelId,
    FicheId,
    PlaybackId,
    PromptId,
    SectorId,
)
from router.errors import AriGone, AriRejected, AriReplaced, InUse
from tests.contract.bench import Bench, kinds
from tests.contract.faces import AsteriskFace
from tests.patience import PATIENCE_S

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


async def test_stopping_what_is_over_is_no_failure(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    bench.perform(StopPlaying(call, playback), StopPlaying(call, playback))
    following = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=following)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_prompt_without_a_file_fails(bench: Bench) -> None:
    """The last one decides; one in the middle is passed over."""
    call = await bench.arrive()
    for prompts, end in (
        (("no-such-prompt",), PromptFailed),
        (("one", "no-such-prompt"), PromptFailed),
        (("no-such-prompt", "one"), PromptEnded),
    ):
        playback = await bench.play(call, *prompts)
        await bench.expect(end, call=call, playback=playback)


async def test_what_is_stopped_before_it_begins_is_no_failure(bench: Bench) -> None:
    call = await bench.arrive()
    first, second = await bench.play(call, "hour"), await bench.play(call, "two")
    await bench.settled()
    bench.perform(StopPlaying(call, second), StopPlaying(call, first))
    for playback in (first, second):
        await bench.expect(PromptEnded, call=call, playback=playback)


async def test_hanging_up_in_a_prompt_fails_it_before_the_end_is_told(bench: Bench) -> None:
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


async def test_a_hundred_prompts_in_one_breath(bench: Bench) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, *(["no-such-prompt-but-with-a-long-name"] * 300))
    await bench.expect(PromptFailed, playback=playback)


async def test_what_is_longer_than_a_frame_is_refused_and_the_link_stays(bench: Bench) -> None:
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


async def test_what_only_helps_a_caller_who_has_gone_is_no_failure(bench: Bench) -> None:
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


async def test_who_is_listened_to_is_heard_to_speak_until_the_queue(bench: Bench) -> None:
    call = await bench.arrive()
    channel = ChannelId(call)
    bench.perform(Listen(call, channel))
    await bench.play(call, "hour")
    await bench.settled()
    await bench.asterisk.speaks(bench.caller, 1.0)
    spoke = await bench.expect(CallerSpoke, call=call)
    assert 0.5 < spoke.seconds < 2.0

    bench.perform(HangUp(call, channel))
    await bench.expect(CallLeft, call=call)


async def test_who_is_no_longer_listened_to_speaks_unheard(bench: Bench) -> None:
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


# Informateurs.


async def test_a_phone_appears_and_vanishes(bench: Bench) -> None:
    phone = await bench.ready_phone("max")
    assert (await bench.expect(PhoneAppeared)).phone == "max"
    await phone.register(60)  # again: no news
    await phone.register(0)
    assert (await bench.expect(PhoneVanished)).phone == "max"
    assert kinds(bench.events) == ["PhoneAppeared", "PhoneVanished"]


async def test_two_people_are_joined_and_parted(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    [held] = await bench.ask("GET", "bridges")
    assert held["id"] == bridge
    assert sorted(held["channels"]) == sorted([call, leg])
    await phone.hang_up()
    ended = await bench.expect(LegEnded, call=call, leg=leg)
    assert ended.reason is LegEnd.HUNG_UP
    bench.perform(Part(call, bridge), Part(call, bridge))
    playback = await bench.play(call, "one")  # the caller stays
    await bench.expect(PromptEnded, playback=playback)
    assert await bench.ask("GET", "bridges") == []
    assert kinds(bench.events).count("LegEnded") == 1
    assert "CallLeft" not in kinds(bench.events)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_caller_who_leaves_a_conversation_leaves_the_leg(bench: Bench) -> None:
    call, leg, bridge, _ = await bench.talk()
    await bench.caller.hang_up()
    await bench.expect(CallLeft, call=call)
    bench.perform(HangUp(call, leg), Part(call, bridge))
    ended = await bench.expect(LegEnded, leg=leg)
    assert ended.reason is LegEnd.HUNG_UP


async def test_a_prompt_is_whispered_to_the_informateur(bench: Bench) -> None:
    phone = await bench.ready_phone()
    call = await bench.arrive()
    leg = bench.ring(call)
    await phone.rings()
    phone.answer()
    await bench.expect(LegAnswered)
    whisper = PlaybackId(bench.new_id())
    bench.perform(Play(call, leg, whisper, (PromptId("one"),)))
    await bench.expect(PromptEnded, call=call, playback=whisper)


async def test_joining_a_leg_that_has_gone_fails(bench: Bench) -> None:
    call, leg, _, phone = await bench.talk()
    await phone.hang_up()
    await bench.expect(LegEnded)
    bench.perform(Join(call, BridgeId(bench.new_id()), (ChannelId(call), leg)))
    assert (await bench.expect(CommandFailed)).channel == leg


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, LegEnd.BUSY),
        (603, LegEnd.REJECTED),
        (480, LegEnd.NO_ANSWER),
        (488, LegEnd.UNREACHABLE),
        (503, LegEnd.UNREACHABLE),
        (404, LegEnd.UNREACHABLE),
    ],
)
async def test_a_phone_that_refuses_says_why(bench: Bench, status: int, reason: LegEnd) -> None:
    phone = await bench.ready_phone()
    phone.on_invite = status
    call = await bench.arrive()
    leg = bench.ring(call)
    assert (await bench.expect(LegEnded, call=call, leg=leg)).reason is reason


async def test_a_phone_that_nobody_answers(bench: Bench) -> None:
    await bench.ready_phone()
    call = await bench.arrive()
    leg = bench.ring(call, timeout_s=1)
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.NO_ANSWER


async def test_a_phone_that_is_not_there(bench: Bench) -> None:
    call = await bench.arrive()
    leg = bench.ring(call)
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.UNREACHABLE


async def test_a_phone_stops_ringing_when_we_hang_up(bench: Bench) -> None:
    phone = await bench.ready_phone()
    call = await bench.arrive()
    leg = bench.ring(call)
    await phone.rings()
    bench.perform(HangUp(call, leg))
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.HUNG_UP


async def test_ringing_for_a_caller_who_has_gone_rings_nobody(bench: Bench) -> None:
    await bench.ready_phone()
    call = await bench.arrive()
    await bench.caller.hang_up()
    await bench.expect(CallLeft)
    bench.ring(call)
    assert (await bench.expect(CommandFailed)).channel == ChannelId(call)


async def test_a_leg_is_dialled_once(bench: Bench) -> None:
    phone = await bench.ready_phone()
    call = await bench.arrive()
    leg = bench.ring(call)
    await phone.rings()
    query = {"endpoint": "PJSIP/agent-lea", "app": "allo", "originator": call}
    query |= {"appArgs": f"agent,lea,{call}", "timeout": "5"}
    with pytest.raises(AriGone) as refused:
        await bench.ask("POST", f"channels/{leg}", **query)
    assert refused.value.status == 409


# The connection.


async def test_a_wrong_password_is_said(asterisk: AsteriskFace) -> None:
    bench = Bench(asterisk, password="wrong")
    running = asyncio.create_task(bench.link.run())
    await bench.until(lambda: bench.link.last_error is not None)
    assert isinstance(bench.link.last_error, AriRejected)
    assert bench.link.last_error.status == 401
    running.cancel()
    await asyncio.wait({running})
    await bench.link.close()


async def test_only_what_is_allowed_is_sent(bench: Bench) -> None:
    application = await bench.link.client.ask_http(
        Request("test", "GET", f"applications/{bench.asterisk.app}")
    )
    allowed = {item["type"] for item in application["events_allowed"]}
    assert "RESTResponse" in allowed
    assert "StasisStart" in allowed
    assert "Dial" not in allowed


async def test_a_lost_connection_is_made_again_and_calls_stay(bench: Bench) -> None:
    call, _leg, _, phone = await bench.talk()
    listener = await bench.arrive()
    bench.link.client.drop()
    await bench.until(lambda: bench.link.counts.connections == 2)
    bench.caller.press("7")
    assert (await bench.expect(KeyPressed, call=listener)).key == "7"
    await phone.hang_up()
    await bench.expect(LegEnded)
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)
    assert "CallLeft" not in kinds(bench.events)
    assert "CallFound" not in kinds(bench.events)


async def test_what_ended_unseen_is_told_afterwards(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as bench:
        call, leg, _, phone = await bench.talk()
        listener = await bench.arrive()
        playback = await bench.play(listener, "one", "hour")
        await bench.settled()
        await bench.pause()
        await bench.ask("DELETE", f"playbacks/{playback}")
        await phone.hang_up()
        await bench.ask("DELETE", f"channels/{call}")
        bench.resume()
        await bench.expect(PromptEnded, playback=playback)
        await bench.expect(CallLeft, call=call)
        assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.LOST


async def test_a_new_router_finds_who_talks_and_who_waits(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        talking, leg, bridge, phone = await old.talk()
        waiting = await old.arrive()
        old.perform(
            Remember(waiting, ChannelId(waiting), SectorId("travail"), 1234.5),
            StartMusic(waiting, ChannelId(waiting)),
        )
        reader = await old.arrive()
        page = FicheId("F1234")
        old.perform(Remember(reader, ChannelId(reader), SectorId("travail"), 5678.5, fiche=page))
        fresh = await old.arrive()
        await old.settled()
    async with Bench(asterisk) as new:
        found = {event.call: event for event in new.events if isinstance(event, CallFound)}
        assert found == {
            talking: CallFound(talking, agent=AgentId("lea"), leg=leg, bridge=bridge),
            waiting: CallFound(waiting, SectorId("travail"), 1234.5),
            reader: CallFound(reader, SectorId("travail"), 5678.5, fiche=page),
            fresh: CallFound(fresh),
        }
        await phone.hang_up()
        assert (await new.expect(LegEnded, call=talking, leg=leg)).reason is LegEnd.HUNG_UP


async def test_a_new_router_clears_what_nobody_owns(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        call, leg, bridge, phone = await old.talk()
        other = await old.ready_phone("max")
        second = await old.arrive()
        ringing = old.ring(second, "max")
        await other.rings()
        await old.caller.hang_up()
        await old.expect(CallLeft, call=second)
        old.perform(Part(call, bridge))  # the informateur is alone now
        spare = BridgeId(old.new_id())
        old.perform(Join(call, spare, ()))
        await old.settled()
    async with Bench(asterisk) as new:
        await new.expect(CallFound, call=call)
        await new.until_held(channels={call}, bridges=set())
        assert leg not in new.legs
        assert ringing not in new.legs
        assert phone is not other


async def test_a_second_router_is_refused_and_the_first_goes_on(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as first:
        await first.arrive()
        second = Bench(asterisk)
        with pytest.raises(InUse) as refused:
            async with asyncio.timeout(PATIENCE_S):
                await second.link.run()
        await second.link.close()
        told = str(refused.value)
        assert asterisk.app in told
        assert asterisk.url in told
        assert "--take-over" in told
        await first.arrive()
        assert first.link.counts.connections == 1


async def test_a_second_router_takes_over_on_purpose_and_the_first_stops(
    asterisk: AsteriskFace,
) -> None:
    async with Bench(asterisk) as first:
        call = await first.arrive()
        async with Bench(asterisk, take_over=True) as second:
            assert first.running is not None
            await asyncio.wait({first.running})
            assert isinstance(first.running.exception(), AriReplaced)
            assert not first.link.connected
            await second.expect(CallFound, call=call)
