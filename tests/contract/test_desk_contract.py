"""An informateur's phone dials the desk's short codes."""

import pytest

from router.core.commands import HangUp
from router.core.events import (
    CallLeft,
    DeskCalled,
    KeyPressed,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
)
from router.core.ids import CallId, ChannelId, PhoneId
from tests.contract.bench import Bench, kinds
from tests.contract.faces import SUPERVISOR, AsteriskFace

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def dialled(bench: Bench, code: str = "11") -> CallId:
    phone = await bench.ready_phone()
    await bench.asterisk.dial(phone, code)
    return (await bench.expect(DeskCalled, phone="lea", code=code)).call


@pytest.mark.parametrize("code", ["1", "11", "*13", "#", "123456"])
async def test_a_short_code_calls_the_desk(bench: Bench, code: str) -> None:
    await dialled(bench, code)
    assert kinds(bench.events).count("DeskCalled") == 1
    assert "CallArrived" not in kinds(bench.events)


@pytest.mark.parametrize("number", ["0199001234", "1234567", "1a", "11,caller"])
async def test_nothing_else_can_be_dialled(bench: Bench, number: str) -> None:
    phone = await bench.ready_phone()
    await phone.call(number)
    assert phone.failed_status == 404
    assert "DeskCalled" not in kinds(bench.events)


async def test_keys_are_told_once(bench: Bench) -> None:
    phone = await bench.ready_phone()
    await bench.expect(PhoneAppeared)
    await bench.asterisk.dial(phone, "11")
    call = (await bench.expect(DeskCalled)).call
    phone.press("1122#")
    keys = [(await bench.expect(KeyPressed, call=call)).key for _ in range(5)]
    assert "".join(keys) == "1122#"
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, call=call, playback=playback)
    await phone.hang_up()
    await bench.expect(CallLeft, call=call)
    events = kinds(bench.events)
    assert events.count("KeyPressed") == 5
    assert events.count("PromptEnded") == events.count("CallLeft") == 1
    assert "LegEnded" not in events


async def test_a_prompt_is_cut_short_and_we_hang_up(bench: Bench) -> None:
    call = await dialled(bench)
    playback = await bench.play(call, "hour")
    bench.perform(HangUp(call, ChannelId(call)))
    await bench.expect(CallLeft, call=call)
    await bench.expect(PromptFailed, call=call, playback=playback)


async def test_a_supervisors_phone_appears_and_vanishes(bench: Bench) -> None:
    phone = await bench.ready_phone(SUPERVISOR)
    await bench.expect(PhoneAppeared, phone=SUPERVISOR)
    await phone.register(0)
    await bench.expect(PhoneVanished, phone=SUPERVISOR)


async def test_a_new_router_begins_anew_with_who_dialled_the_desk(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        call = await dialled(old, "13")
    async with Bench(asterisk) as new:
        assert await new.expect(DeskCalled) == DeskCalled(call, PhoneId("lea"), "13")
        new.perform(HangUp(call, ChannelId(call)))
        await new.expect(CallLeft, call=call)
