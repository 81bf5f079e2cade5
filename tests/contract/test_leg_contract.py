"""Informateurs' phones and the legs to them, on the fake and on the real Asterisk alike."""

import pytest

from router.core.commands import HangUp, Join, Part, Play
from router.core.events import (
    CallLeft,
    CommandFailed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import BridgeId, ChannelId, PlaybackId, PromptId
from router.errors import AriGone
from tests.contract.bench import Bench, kinds

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
