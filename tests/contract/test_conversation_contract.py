"""What happens during a conversation: keys, hold, consultation, referral."""

import asyncio

import pytest

from router.core.commands import (
    HangUp,
    Part,
    PutIn,
    Ring,
    Snoop,
    StartMusic,
    StopMusic,
    StopPlaying,
    TakeOut,
    Verify,
)
from router.core.events import (
    CallFound,
    CommandFailed,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PhoneAppeared,
    PromptEnded,
    SnoopStarted,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId
from tests.contract.bench import Bench, kinds
from tests.contract.faces import SUPERVISOR, AsteriskFace, Phone, RealFace

pytestmark = pytest.mark.asyncio(loop_scope="session")


# Ringing.


async def test_a_phone_that_rings_says_so_once(bench: Bench) -> None:
    phone = await bench.ready_phone()
    await bench.expect(PhoneAppeared)
    call = await bench.arrive()
    leg = bench.ring(call)
    await bench.expect(LegRang, call=call, leg=leg)
    phone.answer()
    await bench.expect(LegAnswered, leg=leg)
    assert kinds(bench.events).count("LegRang") == 1


async def test_the_phone_need_not_be_the_informateurs_own(bench: Bench) -> None:
    phone = await bench.ready_phone("max")
    call = await bench.arrive()
    leg = ChannelId(bench.new_id())
    bench.perform(Ring(call, AgentId("lea"), leg, 20, PhoneId("max")))
    await phone.rings()
    phone.answer()
    await bench.expect(LegAnswered, call=call, leg=leg)


# Keys.


async def test_an_informateurs_keys_are_reported_once_and_not_heard(bench: Bench) -> None:
    call, leg, _, phone = await bench.talk()
    phone.press("*11")
    keys = [(await bench.expect(LegKeyPressed, call=call, leg=leg)).key for _ in range(3)]
    assert keys == ["*", "1", "1"]
    bench.caller.press("5")  # is passed on, for example to the menu of a referral
    await bench.until(lambda: phone.heard_keys == "5")
    assert bench.caller.heard_keys == ""
    await bench.expect(KeyPressed, call=call, key="5")
    assert kinds(bench.events).count("LegKeyPressed") == 3
    assert kinds(bench.events).count("KeyPressed") == 1


async def test_an_informateur_has_keys_before_and_after_the_conversation(bench: Bench) -> None:
    call = await bench.arrive()
    leg, phone = await bench.answered(call, "lea")
    phone.press("1")
    assert (await bench.expect(LegKeyPressed, call=call, leg=leg)).key == "1"
    bridge = await bench.join(call, ChannelId(call), leg)
    bench.perform(Part(call, bridge))
    await bench.settled()
    phone.press("2")
    assert (await bench.expect(LegKeyPressed, call=call, leg=leg)).key == "2"


# Hold.


async def test_hold_with_music_and_back(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    caller = ChannelId(call)
    assert await bench.asterisk.hears(bench.caller, phone)
    bench.perform(TakeOut(call, bridge, caller), StartMusic(call, caller))
    await bench.settled()
    assert await bench.inside(bridge) == {leg}
    assert await bench.asterisk.hears_sound(bench.caller)
    phone.press("*")  # alone in the bridge
    await bench.expect(LegKeyPressed, leg=leg)
    bench.perform(StopMusic(call, caller), PutIn(call, bridge, caller))
    await bench.settled()
    assert await bench.inside(bridge) == {call, leg}
    assert await bench.asterisk.hears(bench.caller, phone)
    phone.press("1")
    await bench.expect(LegKeyPressed, leg=leg)
    bench.caller.press("2")  # so that everything before it has arrived
    await bench.expect(KeyPressed)
    assert bench.caller.heard_keys == ""
    assert "CommandFailed" not in kinds(bench.events)


async def test_taking_out_a_channel_that_is_not_in_is_no_failure(bench: Bench) -> None:
    call, leg, bridge, _ = await bench.talk()
    bench.perform(TakeOut(call, bridge, leg), TakeOut(call, bridge, leg))
    await bench.settled()
    assert await bench.inside(bridge) == {call}
    assert "CommandFailed" not in kinds(bench.events)


async def test_putting_in_a_channel_that_has_gone_fails(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    bench.perform(TakeOut(call, bridge, leg))
    await bench.settled()
    await phone.hang_up()
    await bench.expect(LegEnded)
    bench.perform(PutIn(call, bridge, leg))
    assert (await bench.expect(CommandFailed)).channel == leg


async def test_a_prompt_in_a_conversation_is_heard_by_one(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    playback = await bench.play(call, "hour", channel=leg)
    await bench.settled()
    assert await bench.asterisk.hears_sound(phone)
    assert not await bench.asterisk.hears_sound(bench.caller)
    # What concerns the caller does not wait for the informateur's prompt.
    bench.perform(TakeOut(call, bridge, ChannelId(call)))
    await bench.settled()
    assert await bench.inside(bridge) == {leg}
    bench.perform(StopPlaying(call, playback))
    await bench.expect(PromptEnded, call=call, playback=playback)
    assert kinds(bench.events).count("PromptEnded") == 1


async def test_a_channel_that_hears_a_prompt_is_taken_out_at_its_end(bench: Bench) -> None:
    call, leg, bridge, _ = await bench.talk()
    playback = await bench.play(call, "hour", channel=leg)
    await bench.settled()
    bench.perform(TakeOut(call, bridge, leg))
    await asyncio.sleep(0)  # it is under way
    bench.perform(StopPlaying(call, playback))  # overtakes what waits for the prompt's end
    await bench.settled()
    assert await bench.inside(bridge) == {call}


# Consultation.


async def consult(bench: Bench) -> tuple[CallId, BridgeId, ChannelId, ChannelId, Phone, Phone]:
    """The caller is on hold, two informateurs talk."""
    call, leg, bridge, phone = await bench.talk("lea")
    bench.perform(TakeOut(call, bridge, ChannelId(call)), StartMusic(call, ChannelId(call)))
    other, other_phone = await bench.answered(call, "max")
    bench.perform(PutIn(call, bridge, other))
    await bench.settled()
    return call, bridge, leg, other, phone, other_phone


async def test_two_informateurs_consult_while_the_caller_waits(bench: Bench) -> None:
    call, bridge, leg, other, phone, other_phone = await consult(bench)
    assert await bench.inside(bridge) == {leg, other}
    assert await bench.asterisk.hears(other_phone, phone)
    assert await bench.asterisk.hears(phone, other_phone)
    assert await bench.asterisk.hears_sound(bench.caller)
    # Completed: the caller goes on with the other one.
    bench.perform(
        HangUp(call, leg),
        StopMusic(call, ChannelId(call)),
        PutIn(call, bridge, ChannelId(call)),
    )
    await bench.expect(LegEnded, leg=leg)
    await bench.settled()
    assert await bench.inside(bridge) == {call, other}
    assert await bench.asterisk.hears(bench.caller, other_phone)
    other_phone.press("*")
    await bench.expect(LegKeyPressed, call=call, leg=other)


async def test_a_consultation_in_a_bridge_of_its_own(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk("lea")
    bench.perform(TakeOut(call, bridge, ChannelId(call)))
    other, other_phone = await bench.answered(call, "max")
    second = await bench.join(call, leg, other)  # leaves the first by itself
    assert await bench.inside(bridge) == set()
    assert await bench.inside(second) == {leg, other}
    assert await bench.asterisk.hears(phone, other_phone)
    bench.perform(PutIn(call, bridge, other), PutIn(call, bridge, ChannelId(call)))
    bench.perform(Part(call, second))  # the caller is not in it
    await bench.settled()
    assert await bench.inside(bridge) == {call, other}
    assert "CommandFailed" not in kinds(bench.events)


# Referral.


async def test_a_caller_is_referred_through_the_trunk(bench: Bench) -> None:
    carrier = await bench.asterisk.carrier()
    call, leg, bridge, _ = await bench.talk()
    bench.perform(TakeOut(call, bridge, ChannelId(call)), StartMusic(call, ChannelId(call)))
    outside = bench.dial_out(call)
    await bench.expect(LegRang, call=call, leg=outside)
    carrier.answer()
    await bench.expect(LegAnswered, call=call, leg=outside)
    bench.perform(
        HangUp(call, leg),
        StopMusic(call, ChannelId(call)),
        PutIn(call, bridge, outside),
        PutIn(call, bridge, ChannelId(call)),
    )
    await bench.expect(LegEnded, leg=leg)
    await bench.settled()
    assert await bench.inside(bridge) == {call, outside}
    assert await bench.asterisk.hears(carrier, bench.caller)
    assert await bench.asterisk.hears(bench.caller, carrier)
    bench.caller.press("3")  # the menu over there
    await bench.until(lambda: carrier.heard_keys == "3")
    await carrier.hang_up()
    ended = await bench.expect(LegEnded, call=call, leg=outside)
    assert ended.reason is LegEnd.HUNG_UP


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, LegEnd.BUSY),
        (600, LegEnd.BUSY),
        (603, LegEnd.REJECTED),
        (480, LegEnd.NO_ANSWER),
        (403, LegEnd.UNREACHABLE),
        (404, LegEnd.UNREACHABLE),
        (408, LegEnd.UNREACHABLE),
        (503, LegEnd.UNREACHABLE),
    ],
)
async def test_a_referral_that_fails_says_why(bench: Bench, status: int, reason: LegEnd) -> None:
    carrier = await bench.asterisk.carrier()
    carrier.on_invite = status
    call = await bench.arrive()
    leg = bench.dial_out(call)
    assert (await bench.expect(LegEnded, call=call, leg=leg)).reason is reason


async def test_a_referral_that_nobody_answers(bench: Bench) -> None:
    await bench.asterisk.carrier()
    call = await bench.arrive()
    leg = bench.dial_out(call, timeout_s=1)
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.NO_ANSWER


@pytest.mark.real
async def test_a_carrier_that_answers_nothing_is_not_there(running: RealFace) -> None:
    """It is distinguished from an unanswered phone before any time-out of ours."""
    async with Bench(running) as bench:
        call = await bench.arrive()
        leg = bench.dial_out(call)
        assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.UNREACHABLE
    await running.clear()


async def test_a_referral_whose_tone_comes_as_sound_does_not_ring(bench: Bench) -> None:
    """183, as most carriers send: no ringing is reported, only whether it is answered."""
    carrier = await bench.asterisk.carrier()
    carrier.on_invite = 183
    call = await bench.arrive()
    leg = bench.dial_out(call)
    await carrier.rings()
    carrier.answer()
    await bench.expect(LegAnswered, leg=leg)
    assert "LegRang" not in kinds(bench.events)


async def test_a_referral_is_given_up(bench: Bench) -> None:
    carrier = await bench.asterisk.carrier()
    call = await bench.arrive()
    leg = bench.dial_out(call)
    await carrier.rings()
    bench.perform(HangUp(call, leg))
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.HUNG_UP


# Whether a leg is there.


async def test_a_leg_that_is_there_is_nothing_to_tell(bench: Bench) -> None:
    call, leg, _, phone = await bench.talk()
    bench.perform(Verify(call, leg))
    await bench.settled()
    assert "CommandFailed" not in kinds(bench.events)
    await phone.hang_up()
    await bench.expect(LegEnded)
    bench.perform(Verify(call, leg))
    await bench.expect(CommandFailed, call=call, channel=leg)


# A router that starts again.


async def test_a_new_router_finds_who_talks_with_a_referral(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        carrier = await asterisk.carrier()
        call = await old.arrive()
        outside = old.dial_out(call)
        await carrier.rings()
        carrier.answer()
        await old.expect(LegAnswered)
        bridge = await old.join(call, ChannelId(call), outside)
    async with Bench(asterisk) as new:
        found = await new.expect(CallFound)
        assert found == CallFound(call, leg=outside, bridge=bridge)
        await carrier.hang_up()
        assert (await new.expect(LegEnded, leg=outside)).reason is LegEnd.HUNG_UP


async def test_a_new_router_finds_the_informateur_and_not_the_supervisor(
    asterisk: AsteriskFace,
) -> None:
    async with Bench(asterisk) as old:
        call, leg, bridge, _ = await old.talk()
        supervisor, _ = await old.answered(call, SUPERVISOR)
        old.perform(PutIn(call, bridge, supervisor))
        snoop = ChannelId(old.new_id())
        old.perform(Snoop(call, leg, snoop, whisper=True))
        await old.expect(SnoopStarted)
        await old.join(call, snoop)
    async with Bench(asterisk) as new:
        found = await new.expect(CallFound)
        lea = AgentId("lea")
        assert found == CallFound(call, agent=lea, leg=leg, bridge=bridge, phone=PhoneId(lea))
        await new.until_held(channels={call, leg}, bridges={bridge})


async def test_a_new_router_gives_a_held_caller_back(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        call, bridge, leg, other, phone, _ = await consult(old)
        outside = await asterisk.carrier()
        old.dial_out(call)
        await outside.rings()
    async with Bench(asterisk) as new:
        found = await new.expect(CallFound)
        lea = AgentId("lea")
        assert found == CallFound(
            call, agent=lea, leg=leg, bridge=bridge, apart=True, phone=PhoneId(lea)
        )
        await new.expect(LegEnded, leg=other)
        await new.until_held(channels={call, leg}, bridges={bridge})
        new.perform(StopMusic(call, ChannelId(call)), PutIn(call, bridge, ChannelId(call)))
        await new.settled()
        assert await asterisk.hears(phone, old.caller)
