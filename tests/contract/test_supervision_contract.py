"""A supervisor who listens, whispers or joins."""

import pytest

from router.core.commands import HangUp, Part, PutIn, Snoop
from router.core.events import CommandFailed, LegEnded, LegKeyPressed, SnoopStarted
from router.core.ids import ChannelId
from tests.contract.bench import Bench, kinds
from tests.contract.faces import SUPERVISOR

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("whisper", [False, True])
async def test_a_supervisor_listens_and_may_whisper(bench: Bench, whisper: bool) -> None:
    call, leg, bridge, phone = await bench.talk()
    supervisor, supervisors_phone = await bench.answered(call, SUPERVISOR)
    snoop = ChannelId(bench.new_id())
    bench.perform(Snoop(call, leg, snoop, whisper))
    await bench.expect(SnoopStarted, call=call, snoop=snoop)
    watching = await bench.join(call, snoop, supervisor)
    assert await bench.inside(watching) == {snoop, supervisor}
    assert await bench.inside(bridge) == {call, leg}
    hears = bench.asterisk.hears
    assert await hears(supervisors_phone, bench.caller)
    assert await hears(supervisors_phone, phone)
    assert await hears(phone, supervisors_phone) is whisper
    assert not await hears(bench.caller, supervisors_phone)
    assert await hears(bench.caller, phone)
    phone.press("1")
    await bench.expect(LegKeyPressed, leg=leg)
    bench.perform(HangUp(call, snoop), HangUp(call, supervisor), Part(call, watching))
    await bench.expect(LegEnded, leg=supervisor)
    await bench.settled()
    assert await hears(bench.caller, phone)
    assert kinds(bench.events).count("LegKeyPressed") == 1
    assert "CallLeft" not in kinds(bench.events)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_supervisor_joins(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    supervisor, supervisors_phone = await bench.answered(call, SUPERVISOR)
    bench.perform(PutIn(call, bridge, supervisor))
    await bench.settled()
    assert await bench.inside(bridge) == {call, leg, supervisor}
    assert await bench.asterisk.hears(bench.caller, supervisors_phone)
    assert await bench.asterisk.hears(phone, supervisors_phone)
    phone.press("1")  # among three, too
    await bench.expect(LegKeyPressed, leg=leg)


async def test_the_ear_goes_with_the_leg(bench: Bench) -> None:
    call, leg, bridge, phone = await bench.talk()
    snoop = ChannelId(bench.new_id())
    bench.perform(Snoop(call, leg, snoop, whisper=False))
    await bench.expect(SnoopStarted)
    watching = await bench.join(call, snoop)
    await phone.hang_up()
    await bench.expect(LegEnded, leg=leg)
    await bench.until_held(channels={call}, bridges={bridge, watching})
    assert "CallLeft" not in kinds(bench.events)


async def test_no_ear_on_a_leg_that_has_gone(bench: Bench) -> None:
    call, leg, _, phone = await bench.talk()
    await phone.hang_up()
    await bench.expect(LegEnded)
    snoop = ChannelId(bench.new_id())
    bench.perform(Snoop(call, leg, snoop, whisper=False))
    assert (await bench.expect(CommandFailed)).channel == snoop
