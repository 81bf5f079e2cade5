"""The connection: lost, made again, taken over; and a router that starts again."""

import asyncio

import pytest

from router.ari.messages import Request
from router.core.commands import Join, Part, Remember, StartMusic
from router.core.events import (
    CallFound,
    CallLeft,
    KeyPressed,
    LegEnd,
    LegEnded,
    LegFound,
    PromptEnded,
)
from router.core.ids import AgentId, BridgeId, ChannelId, FicheId, PhoneId, SectorId
from router.errors import AriRejected, AriReplaced, InUse
from tests.contract.bench import Bench, kinds
from tests.contract.faces import AsteriskFace
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_wrong_password_is_reported(asterisk: AsteriskFace) -> None:
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


async def test_ends_that_were_missed_are_reported_afterwards(asterisk: AsteriskFace) -> None:
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


async def test_a_new_router_finds_callers_in_talks_and_in_the_queue(asterisk: AsteriskFace) -> None:
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
        served = await old.arrive()
        old.perform(
            Remember(served, ChannelId(served), SectorId("travail"), 1.0),
            Remember(served, ChannelId(served), None, 2.0),
        )
        fresh = await old.arrive()
        await old.settled()
    async with Bench(asterisk) as new:
        found = {event.call: event for event in new.events if isinstance(event, CallFound)}
        assert found == {
            talking: CallFound(
                talking, agent=AgentId("lea"), leg=leg, bridge=bridge, phone=PhoneId("lea")
            ),
            waiting: CallFound(waiting, SectorId("travail"), 1234.5),
            reader: CallFound(reader, SectorId("travail"), 5678.5, fiche=page),
            served: CallFound(served, served=True),
            fresh: CallFound(fresh),
        }
        await phone.hang_up()
        assert (await new.expect(LegEnded, call=talking, leg=leg)).reason is LegEnd.HUNG_UP


async def test_music_that_the_fallback_gave_keeps_nobody_from_hearing(
    asterisk: AsteriskFace,
) -> None:
    async with Bench(asterisk) as bench:
        call, leg, bridge, phone = await bench.talk()
        bench.perform(Part(call, bridge))
        await bench.settled()
        await bench.pause()
        await bench.ask("POST", f"channels/{call}/moh")
        bench.resume()
        await bench.until(lambda: bench.link.counts.connections == 2)
        await bench.join(call, ChannelId(call), leg)
        assert not await asterisk.hears_sound(bench.caller)
        assert await asterisk.hears(bench.caller, phone)
        assert await asterisk.hears(phone, bench.caller)


async def test_a_new_router_clears_what_nobody_owns(asterisk: AsteriskFace) -> None:
    async with Bench(asterisk) as old:
        call, leg, bridge, phone = await old.talk()
        caller = old.caller
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
        found = CallFound(call, agent=AgentId("lea"), leg=leg, phone=PhoneId("lea"))
        assert await new.expect(CallFound) == found
        await new.until_held(channels={call, leg}, bridges=set())
        left = await new.expect(LegFound)
        assert (left.leg, left.phone) == (ringing, PhoneId("max"))
        await new.expect(LegEnded, leg=ringing)
        # Both can be joined: neither was left in a bridge that is gone.
        await new.join(call, ChannelId(call), leg)
        assert await asterisk.hears(phone, caller)


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
