"""An INVITE with Replaces (RFC 3891) takes nobody's call, though it names it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.commands import StopPlaying
from router.core.events import PromptEnded
from tests.contract.bench import Bench, kinds
from tests.contract.faces import RealFace
from tests.contract.sip_phone import SipPhone

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.real]

#: As whoever is not known to Asterisk at all.
REFUSED = 401


@pytest_asyncio.fixture(loop_scope="session")
async def bench(running: RealFace) -> AsyncIterator[Bench]:
    async with Bench(running) as bench:
        yield bench
    await running.clear()


async def another(running: RealFace, who: str) -> SipPhone:
    """Whoever sends it: through the trunk, or an informateur's phone with its password."""
    if who == "trunk":
        return await running.outsider()
    phone = await running.phone("max")
    assert isinstance(phone, SipPhone)
    assert await phone.register() == 200
    return phone


@pytest.mark.parametrize("spelt", ["replaces", "Replaces", "REPLACES "])
@pytest.mark.parametrize(("who", "number"), [("trunk", "3939"), ("phone", "11")])
async def test_a_caller_who_listens_is_not_replaced(
    running: RealFace, bench: Bench, who: str, number: str, spelt: str
) -> None:
    call = await bench.arrive()
    playback = await bench.play(call, "hour")
    await bench.settled()
    stranger = await another(running, who)
    assert isinstance(bench.caller, SipPhone)
    _, dialog = bench.caller.replaces
    await stranger.call(number, (spelt, dialog))

    assert stranger.failed_status == REFUSED
    bench.perform(StopPlaying(call, playback))
    await bench.expect(PromptEnded, call=call, playback=playback)
    assert set(kinds(bench.events)) <= {"CallArrived", "PhoneAppeared", "PromptEnded"}
    assert [one["id"] for one in await bench.ask("GET", "channels")] == [call]
    assert not bench.caller.ended.is_set()


@pytest.mark.parametrize("side", ["caller", "informateur"])
async def test_of_two_who_talk_neither_is_replaced(
    running: RealFace, bench: Bench, side: str
) -> None:
    call, leg, bridge, phone = await bench.talk()
    replaced = bench.caller if side == "caller" else phone
    assert isinstance(replaced, SipPhone)
    stranger = await running.outsider()
    await stranger.call("3939", replaced.replaces)

    assert stranger.failed_status == REFUSED
    assert await bench.inside(bridge) == {call, leg}
    assert await running.hears(bench.caller, phone)


async def test_who_names_nobody_s_call_is_refused_alike(running: RealFace, bench: Bench) -> None:
    stranger = await running.outsider()
    await stranger.call("3939", ("replaces", "nobody;to-tag=1;from-tag=2"))

    assert stranger.failed_status == REFUSED
    assert bench.events == []
