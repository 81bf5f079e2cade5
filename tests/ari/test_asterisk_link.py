"""The link with an Asterisk that comes, goes and forgets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from router.ari.asterisk_link import Backoff
from router.ari.client import AriClient, presence
from router.ari.messages import Request
from router.core.commands import HangUp, Join, Remember, StartMusic, TakeOut
from router.core.events import (
    CallArrived,
    CallFound,
    CallLeft,
    DeskCalled,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegFound,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import BridgeId, CallId, ChannelId, SectorId
from router.errors import AriGone, AriUnreachable
from tests.ari.ari_fake import FakeAsterisk
from tests.ari.ari_people import APP, Channel
from tests.ari.ari_wire import PASSWORD, USER
from tests.contract.bench import Bench, kinds
from tests.contract.faces import PHONES, FakeFace
from tests.patience import PATIENCE_S


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        for name in PHONES:
            fake.phone(name)
        yield fake


@pytest.fixture
async def bench(fake: FakeAsterisk) -> AsyncIterator[Bench]:
    async with Bench(FakeFace(fake)) as bench:
        yield bench


def test_waits_double_up_to_a_bound() -> None:
    longest = Backoff(spread=lambda: 1.0)
    assert [longest.delay_s(attempt) for attempt in range(6)] == pytest.approx(
        [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    )
    shortest = Backoff(spread=lambda: 0.0)
    assert shortest.delay_s(0) == pytest.approx(0.1)
    assert shortest.delay_s(10_000) == pytest.approx(1.0)


async def test_asterisk_may_come_later(fake: FakeAsterisk) -> None:
    await fake.refuse()
    bench = Bench(FakeFace(fake))
    with structlog.testing.capture_logs() as logs:
        bench.resume()
        await bench.until(lambda: bench.link.last_error is not None)
        assert isinstance(bench.link.last_error, AriUnreachable)
        assert not bench.link.connected
        await fake.accept()
        await bench.until(lambda: bench.link.connected)
    assert bench.link.last_error is None
    assert [log["event"] for log in logs] == ["no connection to asterisk", "asterisk connected"]
    await bench.pause()
    await bench.link.close()


async def test_a_crash_of_asterisk_ends_every_call_and_every_presence(
    fake: FakeAsterisk, bench: Bench
) -> None:
    await fake.phone("lea").register()
    await bench.expect(PhoneAppeared, phone="lea")
    call = await bench.arrive()
    leg = bench.ring(call)
    await fake.phone("lea").rings()
    await fake.refuse()
    fake.wipe()
    await fake.accept()
    await bench.expect(CallLeft, call=call)
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.LOST
    await bench.expect(PhoneVanished, phone="lea")
    await fake.phone("lea").register()  # the subscription is made anew
    await bench.expect(PhoneAppeared, phone="lea")


async def test_until_when_all_was_known_is_kept_once_asterisk_is_away(
    fake: FakeAsterisk, bench: Bench
) -> None:
    clock = asyncio.get_running_loop().time
    assert bench.link.known_until is None
    before = clock()
    await fake.refuse()
    await bench.until(lambda: not bench.link.connected)
    known_until = bench.link.known_until
    assert known_until is not None
    assert before <= known_until <= clock()
    await bench.until(lambda: bench.link.last_error is not None)
    await asyncio.sleep(0.05)  # further attempts fail
    assert bench.link.known_until == known_until


async def test_who_waits_for_a_later_connection_is_woken_by_it(bench: Bench) -> None:
    link, connection = bench.link, bench.link.counts.connections
    async with asyncio.timeout(PATIENCE_S):
        await link.resynced_after(connection - 1)  # there already
    waiting = [asyncio.create_task(link.resynced_after(connection)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    await bench.pause()
    bench.resume()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*waiting)
    assert link.counts.connections == connection + 1


async def test_commands_without_asterisk_are_dropped_and_counted(
    fake: FakeAsterisk, bench: Bench
) -> None:
    call = await bench.arrive()
    await bench.pause()
    playback = await bench.play(call, "hour")
    bench.perform(StartMusic(call, ChannelId(call)))
    await bench.until(lambda: not bench.link.busy)
    assert bench.link.counts.commands_dropped == 2
    bench.resume()
    # A prompt that never began is over, so that the call goes on.
    await bench.expect(PromptEnded, playback=playback)
    assert "CommandFailed" not in kinds(bench.events)


async def test_a_goodbye_is_made_good_afterwards(fake: FakeAsterisk, bench: Bench) -> None:
    call = await bench.arrive()
    await bench.pause()
    bench.perform(HangUp(call, ChannelId(call)))
    bench.calls.discard(call)  # the engine has done with it
    await bench.until(lambda: not bench.link.busy)
    bench.resume()
    await bench.expect(CallLeft, call=call)
    assert fake.channels == {}
    assert "CallFound" not in kinds(bench.events)


async def test_a_join_that_was_lost_gives_the_caller_back(fake: FakeAsterisk, bench: Bench) -> None:
    phone = fake.phone("lea")
    await phone.register()
    call = await bench.arrive()
    leg = bench.ring(call)
    await phone.rings()
    phone.answer()
    await bench.expect(LegAnswered)
    await bench.pause()
    bench.perform(Join(call, BridgeId("b"), (ChannelId(call), leg)))
    await bench.until(lambda: not bench.link.busy)
    bench.resume()
    assert (await bench.expect(LegEnded, leg=leg)).reason is LegEnd.LOST
    await bench.until(lambda: leg not in fake.channels)
    assert call in fake.channels


async def test_a_hold_that_was_lost_is_made_good(fake: FakeAsterisk, bench: Bench) -> None:
    call, leg, bridge, _ = await bench.talk()
    await bench.pause()
    bench.perform(TakeOut(call, bridge, ChannelId(call)), StartMusic(call, ChannelId(call)))
    await bench.settled()
    assert await bench.inside(bridge) == {call, leg}
    bench.resume()
    await bench.until(lambda: fake.channels[call].bridge is None)
    assert await bench.inside(bridge) == {leg}
    assert "CallLeft" not in kinds(bench.events)


async def test_a_request_lost_on_a_living_connection_is_looked_into(
    fake: FakeAsterisk, bench: Bench
) -> None:
    call = await bench.arrive()
    fake.refusals["POST", f"channels/{call}/variables"] = None
    bench.perform(Remember(call, ChannelId(call), SectorId("travail"), 1.0))
    await bench.until(lambda: bench.link.counts.connections == 2 and bench.link.connected)
    assert bench.link.counts.commands_dropped == 1
    playback = await bench.play(call, "one")
    await bench.expect(PromptEnded, playback=playback)


async def test_what_happens_during_the_resync_comes_after_it(fake: FakeAsterisk) -> None:
    """The call is in the list that is read and its keys come while reading."""
    bench = Bench(FakeFace(fake))
    caller = await fake.call()  # handed over as soon as the websocket is there
    fake.on_request["GET bridges"] = lambda: caller.press("12")
    bench.resume()
    await bench.until(lambda: bench.link.connected)
    await bench.expect(KeyPressed, key="2")
    order = [kind for kind in kinds(bench.events) if kind != "CallFound"]
    assert order == ["CallArrived", "KeyPressed", "KeyPressed"]
    assert kinds(bench.events)[0] == "CallFound"
    await bench.pause()
    await bench.link.close()


async def test_asterisk_dies_during_the_resync(fake: FakeAsterisk) -> None:
    fake.refusals["GET", "bridges"] = None
    bench = Bench(FakeFace(fake))
    bench.resume()
    await bench.until(lambda: fake.connections >= 2)
    assert not bench.link.connected
    fake.refusals.clear()
    await bench.until(lambda: bench.link.connected)
    assert bench.link.counts.connections == 1
    await bench.pause()
    await bench.link.close()


async def test_a_handshake_of_ours_that_comes_late_is_no_other_router(fake: FakeAsterisk) -> None:
    """Asterisk hung; it now takes up an attempt that we had given up."""
    bench = Bench(FakeFace(fake))
    await fake.refuse()
    bench.resume()
    await bench.until(lambda: bench.link.last_error is not None)
    await fake.accept()
    await bench.until(lambda: bench.link.connected)
    past = AriClient(fake.url, USER, PASSWORD, APP, lambda event: None)
    await past.open()
    await bench.until(lambda: bench.link.counts.connections == 2)
    assert bench.running is not None
    assert not bench.running.done()
    await bench.arrive()
    await past.close()
    await bench.pause()
    await bench.link.close()


async def test_a_router_that_has_just_died_is_waited_for(fake: FakeAsterisk) -> None:
    """Asterisk sees a moment later that its connection is gone."""
    dead = AriClient(fake.url, USER, PASSWORD, APP, lambda event: None)
    await dead.open()
    bench = Bench(FakeFace(fake))
    bench.resume()
    asked = f"GET applications/{presence(APP)}"
    await bench.until(lambda: fake.requests.count(asked) >= 2)
    assert not bench.link.connected
    await dead.close()
    await bench.until(lambda: bench.link.connected)
    await bench.pause()
    await bench.link.close()


async def test_who_had_the_application_asks_nobody_after_a_cut(
    fake: FakeAsterisk, bench: Bench
) -> None:
    """Asterisk may not have seen the cut yet, and take our own past for another router."""
    asked = fake.requests.count(f"GET applications/{presence(APP)}")
    bench.link.client.drop()
    await bench.until(lambda: bench.link.counts.connections == 2)
    assert fake.requests.count(f"GET applications/{presence(APP)}") == asked == 1


async def test_a_malformed_message_is_counted_and_passed_over(
    fake: FakeAsterisk, bench: Bench
) -> None:
    fake.send_text('{"type": "StasisStart", "channel": {"number": "0639980001"}}')
    with structlog.testing.capture_logs() as logs:
        await bench.arrive()
    assert bench.link.counts.malformed == 1
    assert "0639980001" not in repr(logs)
    assert kinds(bench.events) == ["CallArrived"]


async def test_closing_leaves_calls_up(fake: FakeAsterisk) -> None:
    async with Bench(FakeFace(fake)) as bench:
        call = await bench.arrive()
        await bench.play(call, "hour")
        await bench.until(lambda: not bench.link.busy)
        bench.perform(Remember(call, ChannelId(call), SectorId("travail"), 1.0))
        await asyncio.sleep(0)
    assert call in fake.channels
    assert bench.link.busy == 0
    assert isinstance(bench.events[0], CallArrived)


# Events that never came.


@pytest.fixture
async def watchful(fake: FakeAsterisk) -> AsyncIterator[Bench]:
    """A link that looks again all the time."""
    async with Bench(FakeFace(fake), look_every_s=0.01) as bench:
        yield bench


@contextmanager
def unseen(fake: FakeAsterisk) -> Iterator[None]:
    """What happens meanwhile is not told."""
    allowed, fake.allowed = fake.allowed, {"RESTResponse"}
    yield
    fake.allowed = allowed


async def test_what_ended_unseen_is_found_out(fake: FakeAsterisk, watchful: Bench) -> None:
    call, leg, _, phone = await watchful.talk()
    await fake.phone("max").call("11")
    await watchful.expect(DeskCalled)
    with unseen(fake):
        await watchful.caller.hang_up()
        await phone.hang_up()
        await fake.phone("max").hang_up()
    await watchful.expect(CallLeft, call=call)
    assert (await watchful.expect(LegEnded, leg=leg)).reason is LegEnd.LOST
    await watchful.expect(CallLeft)
    assert not watchful.calls
    assert watchful.link.counts.connections == 1


async def test_what_began_unseen_is_found_out(fake: FakeAsterisk, watchful: Bench) -> None:
    phone = fake.phone("lea")
    call = await watchful.arrive()
    with unseen(fake):
        await phone.register()
        leg = watchful.ring(call)
        await phone.rings()
        phone.answer()
        await fake.call()
    await watchful.expect(PhoneAppeared, phone="lea")
    await watchful.expect(LegAnswered, leg=leg)
    await watchful.expect(CallFound)


async def test_what_nobody_owns_is_cleared(fake: FakeAsterisk, watchful: Bench) -> None:
    call, leg, bridge, _ = await watchful.talk()
    watchful.legs.discard(leg)  # the engine has done with both
    watchful.calls.discard(call)
    await watchful.expect(CallFound, call=call)
    assert bridge in fake.bridges
    watchful.legs.discard(leg)
    await watchful.caller.hang_up()
    await watchful.expect(LegFound, leg=leg)
    await watchful.until(lambda: leg not in fake.channels and bridge not in fake.bridges)


async def test_each_look_says_when_it_was(watchful: Bench) -> None:
    first = watchful.link.compared_at
    assert first is not None, "at the connection"
    await watchful.until(lambda: (watchful.link.compared_at or 0.0) > first)


async def test_what_one_look_saw_is_not_believed(fake: FakeAsterisk, watchful: Bench) -> None:
    """The caller comes and goes while Asterisk is being read."""
    call = await watchful.arrive()
    looks = [0]

    def hide() -> None:
        looks[0] += 1
        fake.on_request["GET channels"] = show
        hidden[call] = fake.channels.pop(call)

    def show() -> None:
        looks[0] += 1
        fake.on_request["GET channels"] = hide
        fake.channels |= hidden
        hidden.clear()

    hidden: dict[str, Channel] = {}
    fake.on_request["GET channels"] = hide
    await watchful.until(lambda: looks[0] > 6)
    assert kinds(watchful.events) == ["CallArrived"]


@pytest.mark.parametrize(
    ("said", "is_silent"),
    [
        ({"value": ""}, True),
        ({"value": "as7d2e"}, False),
        (AriGone(404, "silence", "Channel not found"), False),
        (AriUnreachable("http://127.0.0.1:8088/ari", "disconnected"), False),
    ],
)
async def test_a_carrier_is_silent_that_has_not_tagged_the_call(
    fake: FakeAsterisk, bench: Bench, said: Any, is_silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In doubt it is not."""
    asked: list[Request] = []

    async def ask_http(request: Request) -> Any:
        asked.append(request)
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(bench.link.client, "ask_http", ask_http)
    assert await bench.link.is_silent(CallId("callback-1")) is is_silent
    [request] = asked
    assert (request.method, request.path) == ("GET", "channels/callback-1/variable")
    assert request.query == {"variable": "CHANNEL(pjsip,remote_tag)"}
