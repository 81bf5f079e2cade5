"""What really happens, at random, and an engine that is told of it: badly, if the line is bad.

`World` is a light model of Asterisk: which channels live, what they hear, which share a
bridge. It refuses what no state of affairs makes right: two sentences at once, a channel in
two bridges, a bridge that is not there. What the engine is told may be lost, late, repeated
or out of order; every 30 s, as after each reconnection, it is told what it believes wrongly.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Any

from router.core.commands import (
    Command,
    Counted,
    DeskChanged,
    DialOut,
    HangUp,
    Join,
    Listen,
    Noted,
    Part,
    Play,
    PutIn,
    Remember,
    Ring,
    Snoop,
    StartMusic,
    Step,
    StopMusic,
    StopPlaying,
    TakeOut,
    Told,
    Verify,
)
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    CallArrived,
    CallerSpoke,
    CallFound,
    CallLeft,
    CommandFailed,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
    TimePassed,
)
from router.core.facts import CallFact, VoteFact
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId, SectorId
from router.core.plan import Plan
from tests.service_plan import code_book

RESYNC_S = 30.0
#: Shares of events lost, late and repeated.
LINES = ((0.0, 0.0, 0.0), (0.03, 0.0, 0.0), (0.0, 0.25, 0.05), (0.02, 0.1, 0.05))
LATENESS_S = (0.0, 0.3, 1.0, 4.0, 12.0)


class Leg:
    """A channel that we dialled, or a snoop."""

    __slots__ = ("alive", "answered", "call", "phone", "rang")

    def __init__(self, call: CallId, phone: PhoneId | None) -> None:
        self.call = call
        self.phone = phone
        self.rang = self.answered = False
        self.alive = True


class World:
    """Everything as it is, from one seed. `check` is called after each event."""

    def __init__(
        self,
        plan: Plan,
        now: float,
        random: Random,
        pins: dict[AgentId, str],
        phones: list[PhoneId],
    ) -> None:
        self.plan = plan
        self.now = now
        self.random = random
        self.lost, self.late, self.repeated = random.choice(LINES)
        self.engine = Engine(plan, code_book(plan), "run", Pins(pins))
        self.board = self.engine.board
        #: Callers, and informateurs who call the desk: whether the channel lives.
        self.callers: dict[CallId, bool] = {}
        self.desk_calls: dict[CallId, bool] = {}
        self.legs: dict[ChannelId, Leg] = {}
        self.snoops: dict[ChannelId, Leg] = {}
        self.bridges: dict[BridgeId, set[ChannelId]] = {}
        self.bridged: dict[ChannelId, BridgeId] = {}
        self.playing: dict[PlaybackId, tuple[CallId, ChannelId]] = {}
        self.music: set[ChannelId] = set()
        self.remembered: dict[CallId, tuple[SectorId, float]] = {}
        #: Every phone, and those registered.
        self.all_phones = phones
        self.phones: set[PhoneId] = set()
        #: Playbacks that ended since the last resync.
        self.ended: list[PromptEnded | PromptFailed] = []
        #: When, in which order, what happens or is told then.
        self.pending: list[tuple[float, int, Callable[[], None]]] = []
        self.serial = 0
        #: Questions of HTTP without an answer yet.
        self.asked: set[int] = set()
        #: Calls that the engine was told of, and those it has ended.
        self.told_of: set[CallId] = set()
        self.over: Counter[CallId] = Counter()
        self.facts: list[CallFact] = []
        self.questions = self.votes = 0
        self.question_prompts = {question.prompt for question in plan.questions}
        self.log: list[tuple[float, Event]] = []
        self.schedule(RESYNC_S, self.read_anew)

    def check(self) -> None:
        """Assert what must hold after every event."""

    # What the engine is told.

    def number(self) -> int:
        self.serial += 1
        return self.serial

    def schedule(self, after_s: float, happen: Callable[[], None]) -> None:
        heappush(self.pending, (self.now + after_s, self.number(), happen))

    def tell(self, event: Event, *, by_itself: bool = True) -> None:
        """Have it handled now, later, twice or never; never now if it answers a command."""
        luck = self.random.random()
        if luck < self.lost:
            return
        handle = partial(self.handle, event)
        if luck > 1.0 - self.late:
            self.schedule(self.random.choice(LATENESS_S), handle)
            return
        if luck > 1.0 - self.late - self.repeated:
            self.schedule(self.random.choice(LATENESS_S), handle)
        if by_itself:
            self.handle(event)
        else:
            self.schedule(0.0, handle)

    def handle(self, event: Event) -> None:
        if isinstance(event, CallArrived | CallFound):
            if event.call in self.over:
                return  # Asterisk gives no id twice
            self.told_of.add(event.call)
        self.log.append((self.now, event))
        for command in self.engine.handle(event, self.now):
            self.carry_out(command)
        self.check()

    def wait(self, seconds: float) -> None:
        """Let time pass; what was held back happens when its time has come."""
        end = self.now + seconds
        while True:
            due_at = self.engine.next_deadline()
            if self.pending and (due_at is None or self.pending[0][0] <= due_at):
                if self.pending[0][0] > end:
                    break
                at, _, happen = heappop(self.pending)
                self.now = max(self.now, at)
                happen()
            elif due_at is not None and due_at <= end:
                self.now = max(self.now, due_at)
                self.handle(TimePassed())
            else:
                break
        self.now = end

    def read_anew(self) -> None:
        """Tell what the engine believes wrongly, as the link does after a reconnection."""
        self.schedule(RESYNC_S, self.read_anew)
        calls, legs = self.engine.known()
        for call in sorted(calls):
            if not (self.callers.get(call) or self.desk_calls.get(call)):
                self.handle(CallLeft(call))
        for channel in sorted(legs):
            leg = self.legs[channel]
            if not leg.alive:
                self.handle(LegEnded(leg.call, channel, LegEnd.LOST))
            elif leg.answered and channel not in self.bridged:
                self.handle(LegAnswered(leg.call, channel))
        ended, self.ended = self.ended, []
        for event in ended:
            self.handle(event)
        for call, alive in list(self.callers.items()):
            if alive and call not in calls and call not in self.over:
                self.handle(CallFound(call, *self.remembered.get(call, ())))
        calls, legs = self.engine.known()
        for call in self.desk_calls:
            if call not in calls:
                self.drop_caller(call)
        for channel, leg in self.legs.items():
            if leg.alive and channel not in legs:
                self.drop_leg(channel)
        for phone in self.all_phones:
            known = phone in self.board.roster.phones
            if phone in self.phones and not known:
                self.handle(PhoneAppeared(phone))
            elif phone not in self.phones and known:
                self.handle(PhoneVanished(phone))

    # Channels.

    def alive(self, channel: ChannelId) -> bool:
        call = CallId(channel)
        if call in self.callers:
            return self.callers[call]
        if call in self.desk_calls:
            return self.desk_calls[call]
        leg = self.legs.get(channel) or self.snoops.get(channel)
        return leg is not None and leg.alive and leg.answered

    def hears_speech(self, channel: ChannelId) -> bool:
        return any(other == channel for _, other in self.playing.values())

    def drop_caller(self, call: CallId) -> None:
        (self.callers if call in self.callers else self.desk_calls)[call] = False
        self.silence(ChannelId(call))

    def drop_leg(self, channel: ChannelId) -> None:
        self.legs[channel].alive = False
        self.silence(channel)

    def silence(self, channel: ChannelId) -> None:
        """A channel that is gone is in no bridge and hears nothing."""
        self.leave_bridge(channel)
        self.music.discard(channel)
        for playback in [one for one, (_, other) in self.playing.items() if other == channel]:
            self.end_prompt(playback, PromptFailed)

    def end_prompt(
        self, playback: PlaybackId, how: type[PromptEnded | PromptFailed] = PromptEnded
    ) -> None:
        if playback in self.playing:
            call, _ = self.playing.pop(playback)
            ended = how(call, playback)
            self.ended.append(ended)
            self.tell(ended, by_itself=False)

    def leave_bridge(self, channel: ChannelId) -> None:
        bridge = self.bridged.pop(channel, None)
        if bridge is not None:
            self.bridges[bridge].discard(channel)

    # Commands.

    def carry_out(self, command: Command) -> None:
        _CARRY_OUT[type(command)](self, command)

    def fail(self, call: CallId, channel: ChannelId) -> None:
        self.tell(CommandFailed(call, channel), by_itself=False)

    def play(self, command: Play) -> None:
        call, channel = command.call, command.channel
        if self.question_prompts.intersection(command.prompts):
            self.questions += command.prompts[0] != "vote-invalid"
        if not self.alive(channel):
            self.fail(call, channel)
            return
        if CallId(channel) in self.callers:
            assert not self.hears_speech(channel), f"{channel} hears two sentences at once"
            assert channel not in self.music, f"{channel} hears speech over music"
        self.playing[command.playback] = call, channel

    def start_music(self, command: StartMusic) -> None:
        channel = command.channel
        if not self.alive(channel):
            self.fail(command.call, channel)
            return
        assert not self.hears_speech(channel), f"{channel} hears music over speech"
        self.music.add(channel)

    def listen(self, command: Listen) -> None:
        if not self.alive(command.channel):
            self.fail(command.call, command.channel)
        elif self.random.random() < 0.5:
            self.tell(CallerSpoke(command.call, 20 * self.random.random()), by_itself=False)

    def remember(self, command: Remember) -> None:
        if self.alive(command.channel):
            self.remembered[command.call] = command.sector, command.joined_at
        else:
            self.fail(command.call, command.channel)

    def ring(self, command: Ring) -> None:
        phone = command.phone or PhoneId(command.agent)
        leg = Leg(command.call, phone)
        busy = any(other.alive and other.phone == phone for other in self.legs.values())
        if busy or phone not in self.phones:
            leg.alive = False
            why = LegEnd.BUSY if busy else LegEnd.UNREACHABLE
            self.tell(LegEnded(command.call, command.leg, why), by_itself=False)
        self.dial(command.leg, leg, command.timeout_s)

    def dial(self, channel: ChannelId, leg: Leg, timeout_s: float) -> None:
        assert channel not in self.legs, f"{channel} is there already"
        self.legs[channel] = leg
        self.schedule(timeout_s, partial(self.give_up, channel))

    def give_up(self, channel: ChannelId) -> None:
        """Asterisk's own time-out."""
        leg = self.legs[channel]
        if leg.alive and not leg.answered:
            self.drop_leg(channel)
            self.tell(LegEnded(leg.call, channel, LegEnd.NO_ANSWER))

    def dial_out(self, command: DialOut) -> None:
        self.dial(command.leg, Leg(command.call, None), command.timeout_s)

    def snoop(self, command: Snoop) -> None:
        if self.alive(command.leg):
            snoop = self.snoops[command.snoop] = Leg(command.call, None)
            snoop.answered = True
            self.tell(SnoopStarted(command.call, command.snoop), by_itself=False)
        else:
            self.fail(command.call, command.leg)

    def join(self, command: Join) -> None:
        assert command.bridge not in self.bridges, f"{command.bridge} is there already"
        self.bridges[command.bridge] = set()
        for channel in command.channels:
            self.into(command.call, command.bridge, channel)

    def put_in(self, command: PutIn) -> None:
        self.into(command.call, command.bridge, command.channel)

    def into(self, call: CallId, bridge: BridgeId, channel: ChannelId) -> None:
        assert bridge in self.bridges, f"{bridge} is not there"
        if not self.alive(channel):
            self.fail(call, channel)
            return
        assert channel not in self.bridged, f"{channel} is in a bridge already"
        if CallId(channel) in self.callers:
            assert channel not in self.music, f"{channel} is joined with music"
            assert not self.hears_speech(channel), "would wait for the prompt's end"
        self.bridges[bridge].add(channel)
        self.bridged[channel] = bridge

    def take_out(self, command: TakeOut) -> None:
        channel = command.channel
        if not self.alive(channel):
            self.fail(command.call, channel)
            return
        assert not self.hears_speech(channel), "would wait for the prompt's end"
        assert self.bridged.get(channel) == command.bridge, f"{channel} is not in that bridge"
        self.leave_bridge(channel)

    def part(self, command: Part) -> None:
        assert command.bridge in self.bridges, f"{command.bridge} is not there"
        for channel in self.bridges.pop(command.bridge):
            del self.bridged[channel]

    def verify(self, command: Verify) -> None:
        if not self.alive(command.leg):
            self.fail(command.call, command.leg)

    def hang_up(self, command: HangUp) -> None:
        channel = command.channel
        if self.callers.get(CallId(channel)) or self.desk_calls.get(CallId(channel)):
            self.drop_caller(CallId(channel))
            self.tell(CallLeft(CallId(channel)), by_itself=False)
        elif channel in self.legs and self.legs[channel].alive:
            self.drop_leg(channel)
            self.tell(LegEnded(command.call, channel, LegEnd.HUNG_UP), by_itself=False)
        elif channel in self.snoops and self.snoops[channel].alive:
            self.snoops[channel].alive = False
            self.silence(channel)
        else:
            self.fail(command.call, channel)

    def note(self, command: Noted) -> None:
        if command.step is Step.ENDED:
            self.over[command.call] += 1

    def count(self, command: Counted) -> None:
        if isinstance(command.fact, CallFact):
            self.facts.append(command.fact)
        elif isinstance(command.fact, VoteFact):
            self.votes += 1


_CARRY_OUT: dict[type, Callable[[World, Any], None]] = {
    Play: World.play,
    StopPlaying: lambda world, command: world.end_prompt(command.playback),
    StartMusic: World.start_music,
    StopMusic: lambda world, command: world.music.discard(command.channel),
    Listen: World.listen,
    Remember: World.remember,
    Ring: World.ring,
    DialOut: World.dial_out,
    Snoop: World.snoop,
    Join: World.join,
    TakeOut: World.take_out,
    PutIn: World.put_in,
    Part: World.part,
    Verify: World.verify,
    HangUp: World.hang_up,
    Noted: World.note,
    Told: lambda world, command: world.asked.remove(command.ask),
    DeskChanged: lambda world, command: None,
    Counted: World.count,
}
