"""Commands in order within a call, side by side across calls; refusals become events."""

import asyncio
from typing import Any

import pytest
import structlog

from router.ari.messages import Request
from router.ari.orders import Hush, Order
from router.ari.performer import AGAIN_S, Performer
from router.ari.to_requests import Requests
from router.ari.underway import Underway
from router.core.commands import (
    DialOut,
    ForAsterisk,
    HangUp,
    Join,
    Part,
    Play,
    PutIn,
    Remember,
    Ring,
    Snoop,
    StartMusic,
    StopMusic,
    StopPlaying,
    TakeOut,
    Verify,
)
from router.core.events import CommandFailed, Event, LegEnd, LegEnded
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PlaybackId, PromptId, SectorId
from router.errors import AriError, AriGone, AriRejected, AriUnreachable
from tests.contract.bench import ENTRY, PLAN
from tests.patience import PATIENCE_S

CALL, OTHER = CallId("1"), CallId("2")
CHANNEL, LEG = ChannelId(CALL), ChannelId("leg")
BRIDGE = BridgeId("b")
RING = Ring(CALL, AgentId("lea"), LEG, 15)
REMEMBER = Remember(CALL, CHANNEL, SectorId("travail"), 1.0)
GONE = AriGone(404, "-", "not found")
REFUSED = AriRejected(500, "operation", "0639980001")


def play(call: CallId, name: str) -> Play:
    return Play(call, ChannelId(call), PlaybackId(name), (PromptId("one"),))


class Asterisk:
    """Takes requests; `hold` keeps one from being answered, `errors` refuses some."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.errors: dict[str, AriError] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.submitted: list[Event] = []
        self.dropped: list[Order] = []
        self.underway = Underway(PLAN)
        self.performer = Performer(
            Requests("allo", PLAN, self.underway),
            self.underway,
            self.ask,
            self.send,
            self.submitted.append,
            self.dropped.append,
            structlog.get_logger(),
        )

    async def send(self, request: Request) -> asyncio.Future[Any]:
        answer = asyncio.ensure_future(self.ask(request))
        await asyncio.sleep(0)  # on its way
        return answer

    async def ask(self, request: Request) -> Any:
        name = f"{request.method} {request.path}"
        self.asked.append(name)
        if name in self.held:
            await self.held[name].wait()
        await asyncio.sleep(0)
        if name in self.errors:
            raise self.errors[name]

    def hold(self, name: str) -> asyncio.Event:
        self.held[name] = asyncio.Event()
        return self.held[name]

    async def idle(self, busy: int = 0) -> None:
        """Give everything that can go on the time to."""
        for _ in range(100):
            await asyncio.sleep(0)
        assert self.performer.busy == busy


@pytest.fixture
def asterisk() -> Asterisk:
    return Asterisk()


async def test_commands_of_a_call_keep_their_order(asterisk: Asterisk) -> None:
    asterisk.performer.perform([play(CALL, "p1"), StartMusic(CALL, CHANNEL)])
    asterisk.performer.perform([StopMusic(CALL, CHANNEL), play(CALL, "p2")])
    await asterisk.idle()
    assert asterisk.asked == [
        "POST channels/1/play/p1",
        "POST channels/1/moh",
        "DELETE channels/1/moh",
        "POST channels/1/play/p2",
    ]


async def test_what_cannot_block_is_sent_without_waiting_for_answers(asterisk: Asterisk) -> None:
    first = asterisk.hold("DELETE playbacks/p0")
    asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p0")), play(CALL, "p1")])
    await asterisk.idle(busy=1)
    assert asterisk.asked == ["DELETE playbacks/p0", "POST channels/1/play/p1"]
    first.set()
    await asterisk.idle()


async def test_what_may_block_is_sent_when_all_before_it_is_answered(asterisk: Asterisk) -> None:
    first = asterisk.hold("POST channels/1/play/p1")
    asterisk.performer.perform([play(CALL, "p1"), REMEMBER, StartMusic(CALL, CHANNEL)])
    await asterisk.idle(busy=1)
    assert asterisk.asked == ["POST channels/1/play/p1"]
    first.set()
    await asterisk.idle()
    assert asterisk.asked[1:] == ["POST channels/1/variables", "POST channels/1/moh"]


async def test_silence_is_sent_unless_the_next_prompt_is_on_its_way(asterisk: Asterisk) -> None:
    asterisk.performer.perform([Hush(CALL, CHANNEL)])
    await asterisk.idle()
    asterisk.performer.perform([play(CALL, "p1"), Hush(CALL, CHANNEL)])
    await asterisk.idle()
    assert asterisk.asked == ["POST channels/1/silence", "POST channels/1/play/p1"]


async def test_a_slow_call_delays_no_other(asterisk: Asterisk) -> None:
    slow = asterisk.hold("POST channels/1/variables")
    asterisk.performer.perform([REMEMBER, play(CALL, "p1"), play(OTHER, "p2")])
    await asterisk.idle(busy=1)
    assert asterisk.asked == ["POST channels/1/variables", "POST channels/2/play/p2"]
    slow.set()
    await asterisk.idle()
    assert asterisk.asked[2:] == ["POST channels/1/play/p1"]


async def test_performing_sends_nothing_by_itself(asterisk: Asterisk) -> None:
    asterisk.performer.perform([play(CALL, "p1")])
    assert asterisk.asked == []
    await asterisk.idle()


async def test_what_ends_a_prompt_overtakes_what_waits_for_it(asterisk: Asterisk) -> None:
    blocked = asterisk.hold("POST channels/1/variables")
    asterisk.performer.perform([REMEMBER])
    await asterisk.idle(busy=1)
    asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p0"))])
    asterisk.performer.perform([HangUp(CALL, CHANNEL), play(CALL, "p1")])
    await asterisk.idle(busy=1)
    assert asterisk.asked[1:] == ["DELETE playbacks/p0", "DELETE channels/1"]
    asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p1"))])  # not before its Play
    blocked.set()
    await asterisk.idle()
    assert asterisk.asked[3:] == ["POST channels/1/play/p1", "DELETE playbacks/p1"]


async def test_nothing_overtakes_what_is_only_slow(asterisk: Asterisk) -> None:
    slow = asterisk.hold("POST channels/1/play/p1")
    asterisk.performer.perform([play(CALL, "p1")])
    await asterisk.idle(busy=1)
    asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p1"))])
    await asterisk.idle(busy=1)
    assert len(asterisk.asked) == 1
    slow.set()
    await asterisk.idle()
    assert asterisk.asked[1:] == ["DELETE playbacks/p1"]


async def test_a_caller_who_has_left_is_told_and_what_follows_goes_on(asterisk: Asterisk) -> None:
    asterisk.errors["POST channels/1/play/p1"] = GONE
    asterisk.performer.perform([play(CALL, "p1"), StartMusic(CALL, CHANNEL)])
    await asterisk.idle()
    assert asterisk.submitted == [CommandFailed(CALL, CHANNEL)]
    assert asterisk.asked[-1] == "POST channels/1/moh"
    assert asterisk.underway.playing() == []
    assert asterisk.performer.refused == 1


@pytest.mark.parametrize(
    ("command", "requests"),
    [
        (StopPlaying(CALL, PlaybackId("p")), ["DELETE playbacks/p"]),
        (HangUp(CALL, CHANNEL), ["DELETE channels/1"]),
        (TakeOut(CALL, BRIDGE, LEG), ["POST bridges/b/removeChannel"]),
        (Part(CALL, BRIDGE), ["DELETE bridges/b"]),
    ],
)
async def test_what_is_away_already_is_no_failure(
    asterisk: Asterisk, command: ForAsterisk, requests: list[str]
) -> None:
    asterisk.errors |= dict.fromkeys(requests, GONE)
    asterisk.performer.perform([command])
    await asterisk.idle()
    assert asterisk.asked == requests
    assert asterisk.submitted == []


@pytest.mark.parametrize(
    ("refused", "channel"),
    [("POST bridges/b", LEG), ("POST bridges/b/addChannel", CHANNEL)],
)
async def test_a_join_stops_where_it_fails(
    asterisk: Asterisk, refused: str, channel: ChannelId
) -> None:
    asterisk.errors[refused] = GONE
    asterisk.performer.perform([Join(CALL, BRIDGE, (CHANNEL, LEG))])
    await asterisk.idle()
    assert asterisk.asked[-1] == refused
    assert asterisk.submitted == [CommandFailed(CALL, channel)]


@pytest.mark.parametrize("command", [RING, DialOut(CALL, ENTRY, LEG, 15)])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (REFUSED, LegEnded(CALL, LEG, LegEnd.UNREACHABLE)),
        (GONE, CommandFailed(CALL, CHANNEL)),  # the caller has left: no informateur's fault
    ],
)
async def test_a_phone_that_cannot_be_rung_is_told(
    asterisk: Asterisk, error: AriError, told: Event, command: ForAsterisk
) -> None:
    asterisk.errors["POST channels/leg"] = error
    asterisk.performer.perform([command])
    await asterisk.idle()
    assert asterisk.submitted == [told]
    assert asterisk.underway.leg(LEG) is None


@pytest.mark.parametrize("error", [GONE, REFUSED])
async def test_an_ear_that_cannot_be_opened_says_nothing_of_the_leg(
    asterisk: Asterisk, error: AriError
) -> None:
    asterisk.errors["POST channels/leg/snoop/ear"] = error
    asterisk.performer.perform([Snoop(CALL, LEG, ChannelId("ear"), whisper=False)])
    await asterisk.idle()
    assert asterisk.submitted == [CommandFailed(CALL, ChannelId("ear"))]


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, []), (REFUSED, []), (GONE, [CommandFailed(CALL, LEG)])],
)
async def test_only_a_leg_that_asterisk_does_not_know_has_gone(
    asterisk: Asterisk, error: AriError | None, told: list[Event]
) -> None:
    if error is not None:
        asterisk.errors["GET channels/leg"] = error
    asterisk.performer.perform([Verify(CALL, LEG)])
    await asterisk.idle()
    assert asterisk.asked == ["GET channels/leg"]
    assert asterisk.submitted == told


async def test_who_cannot_be_put_in_has_gone(asterisk: Asterisk) -> None:
    asterisk.errors["POST bridges/b/addChannel"] = GONE
    asterisk.performer.perform([PutIn(CALL, BRIDGE, LEG)])
    await asterisk.idle()
    assert asterisk.submitted == [CommandFailed(CALL, LEG)]


async def test_music_on_hold_begins_when_the_caller_is_out(asterisk: Asterisk) -> None:
    out = asterisk.hold("POST bridges/b/removeChannel")
    asterisk.performer.perform([TakeOut(CALL, BRIDGE, CHANNEL), StartMusic(CALL, CHANNEL)])
    await asterisk.idle(busy=1)
    assert asterisk.asked == ["POST bridges/b/removeChannel"]
    out.set()
    await asterisk.idle()
    assert asterisk.asked[1:] == ["POST channels/1/moh"]


async def test_a_refusal_is_logged_by_call_operation_and_status_alone(asterisk: Asterisk) -> None:
    refused = AriRejected(403, "operation", "0639980001")
    asterisk.errors["POST channels/1/moh"] = refused
    with structlog.testing.capture_logs() as logs:
        asterisk.performer.perform([StartMusic(CALL, CHANNEL)])
        await asterisk.idle()
    assert logs == [
        {
            "event": "asterisk refused",
            "log_level": "warning",
            "call": CALL,
            "operation": "operation",
            "status": 403,
        }
    ]
    assert asterisk.submitted == [CommandFailed(CALL, CHANNEL)]


async def test_a_prompt_that_cannot_be_stopped_yet_is_stopped_again(asterisk: Asterisk) -> None:
    stop = "DELETE playbacks/p1"
    asterisk.errors[stop] = REFUSED
    with structlog.testing.capture_logs() as logs:
        asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p1")), StartMusic(CALL, CHANNEL)])
        await asterisk.idle()
        assert asterisk.asked == [stop, "POST channels/1/moh"]
        del asterisk.errors[stop]
        async with asyncio.timeout(PATIENCE_S):
            while asterisk.asked.count(stop) < 2:
                await asyncio.sleep(0)
        await asyncio.sleep(0.2)
    assert asterisk.asked.count(stop) == 2
    assert (logs, asterisk.submitted) == ([], [])


async def test_a_prompt_that_cannot_be_stopped_at_all_is_a_failure(asterisk: Asterisk) -> None:
    asterisk.errors["DELETE playbacks/p1"] = REFUSED
    asterisk.performer.perform([StopPlaying(CALL, PlaybackId("p1"))])
    async with asyncio.timeout(PATIENCE_S):
        while not asterisk.submitted:
            await asyncio.sleep(0.01)
    assert asterisk.submitted == [CommandFailed(CALL, CHANNEL)]


async def test_a_leg_that_asterisk_would_not_hang_up_is_hung_up_again(
    asterisk: Asterisk,
) -> None:
    hang_up = "DELETE channels/leg"
    asterisk.errors[hang_up] = REFUSED
    asterisk.performer.perform([HangUp(CALL, LEG), StartMusic(CALL, CHANNEL)])
    await asterisk.idle()
    assert asterisk.asked == [hang_up, "POST channels/1/moh"]
    asterisk.errors[hang_up] = GONE
    async with asyncio.timeout(PATIENCE_S):
        while asterisk.asked.count(hang_up) < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.6)  # longer than the next pause
    assert asterisk.asked.count(hang_up) == 2
    assert asterisk.submitted == []


async def test_a_leg_that_asterisk_never_hangs_up_is_a_failure(
    asterisk: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(AGAIN_S, HangUp, (0.01, 0.01))
    asterisk.errors["DELETE channels/leg"] = REFUSED
    asterisk.performer.perform([HangUp(CALL, LEG)])
    async with asyncio.timeout(PATIENCE_S):
        while not asterisk.submitted:
            await asyncio.sleep(0.01)
    assert asterisk.asked.count("DELETE channels/leg") == 3
    assert asterisk.submitted == [CommandFailed(CALL, LEG)]


async def test_what_a_call_waits_for_is_asked_again_before_what_follows(
    asterisk: Asterisk,
) -> None:
    music, prompt = "POST channels/1/moh", "POST channels/1/play/p1"
    asterisk.errors[music] = REFUSED
    asterisk.performer.perform([StartMusic(CALL, CHANNEL)])
    await asterisk.idle(busy=1)
    asterisk.performer.perform([play(CALL, "p1")])
    del asterisk.errors[music]
    async with asyncio.timeout(PATIENCE_S):
        while prompt not in asterisk.asked:
            await asyncio.sleep(0.01)
    assert asterisk.asked == [music, music, prompt]
    assert asterisk.submitted == []


async def test_what_finds_no_asterisk_the_second_time_is_made_up_for(asterisk: Asterisk) -> None:
    hang_up = "DELETE channels/leg"
    asterisk.errors[hang_up] = REFUSED
    asterisk.performer.perform([HangUp(CALL, LEG)])
    await asterisk.idle()
    asterisk.errors[hang_up] = AriUnreachable("http://localhost", "down")
    async with asyncio.timeout(PATIENCE_S):
        while not asterisk.dropped:
            await asyncio.sleep(0.01)
    assert asterisk.dropped == [HangUp(CALL, LEG)]
    assert asterisk.submitted == []


async def test_without_asterisk_commands_are_dropped_not_failed(asterisk: Asterisk) -> None:
    asterisk.errors["POST channels/1/moh"] = AriUnreachable("http://localhost", "down")
    asterisk.performer.perform([StartMusic(CALL, CHANNEL), play(CALL, "p1")])
    await asterisk.idle()
    assert asterisk.dropped == [StartMusic(CALL, CHANNEL)]
    assert asterisk.submitted == []
    assert asterisk.asked[-1] == "POST channels/1/play/p1"


async def test_closing_gives_up_what_is_under_way(asterisk: Asterisk) -> None:
    asterisk.hold("POST channels/1/variables")
    asterisk.performer.perform([REMEMBER, play(CALL, "p1")])
    await asterisk.idle(busy=1)
    await asterisk.performer.close()
    assert asterisk.performer.busy == 0
    assert asterisk.asked == ["POST channels/1/variables"]


async def test_a_note_refused_on_a_leaving_callers_channel_is_no_failure(
    asterisk: Asterisk,
) -> None:
    asterisk.errors["POST channels/1/variables"] = AriRejected(400, "remember")
    with structlog.testing.capture_logs() as logs:
        asterisk.performer.perform([REMEMBER])
        await asterisk.idle()
    assert asterisk.asked == ["POST channels/1/variables"]
    assert asterisk.submitted == []
    assert logs == []
