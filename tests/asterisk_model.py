"""Asterisk as the engine knows it, in memory: channels, what they hear, who shares a bridge.

Two drivers stand on it. `Exchange` (tests/exchange.py) passes events to the engine when a test
says so; `World` (tests/world.py) passes them on late, twice or never. The model itself calls
nobody: each method returns the events that Asterisk would send.

A command for a channel that is gone or was not picked up is answered by `CommandFailed`, as it
is by Asterisk. What is never right is an assertion: two sentences at once, a
channel in two bridges, a request that would wait for the end of a prompt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from router.core.commands import (
    DialOut,
    ForAsterisk,
    HangUp,
    Join,
    Listen,
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
from router.core.events import (
    CallLeft,
    CommandFailed,
    Event,
    LegEnd,
    LegEnded,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
)
from router.core.ids import BridgeId, CallId, ChannelId, PhoneId, PlaybackId, PromptId

#: Announces a supervisor to the caller, in the middle of the talk.
ANNOUNCEMENT = (PromptId("watch-caller"),)


class Kind(Enum):
    """Whose channel it is."""

    CALLER = auto()  # of the public: called in, or is called back
    DESK = auto()  # an informateur who called the desk
    LEG = auto()  # dialled by us: an informateur, a supervisor, an entry of the directory
    SNOOP = auto()  # an ear on another channel


@dataclass(eq=False, slots=True)
class Channel:
    """One channel, while it is there and afterwards."""

    id: ChannelId
    #: The call that it is part of; a caller's own.
    call: CallId
    kind: Kind
    #: Who is dialled: the informateur, or the entry of the directory; a snoop's is "snoop".
    name: str = ""
    #: The phone that is dialled; None: not one of the service.
    phone: PhoneId | None = None
    rang: bool = False
    answered: bool = False
    alive: bool = True
    #: Whether it went because the engine hung it up.
    hung_up: bool = False
    music: bool = False
    bridge: BridgeId | None = None
    #: What is said on it, in the order in which it was asked for.
    speech: list[Play] = field(default_factory=list)
    remembered: Remember | None = None
    #: Whether the engine wants to know when the caller speaks.
    listened_to: bool = False

    @property
    def is_of_a_person_who_called(self) -> bool:
        return self.kind in (Kind.CALLER, Kind.DESK)

    @property
    def playback(self) -> PlaybackId | None:
        """The playback asked for last; None: nothing is said."""
        return self.speech[-1].playback if self.speech else None

    @property
    def prompts(self) -> tuple[PromptId, ...]:
        """What that playback says."""
        return self.speech[-1].prompts if self.speech else ()


class AsteriskModel:
    """Every channel and bridge, from one start of Asterisk to its end."""

    def __init__(self) -> None:
        #: All that ever were, in the order in which they came: ids are given once.
        self.channels: dict[ChannelId, Channel] = {}
        #: Those that exist, with the channels in them.
        self.bridges: dict[BridgeId, set[ChannelId]] = {}
        #: Whatever is being said, in the order in which it began.
        self.playing: dict[PlaybackId, Play] = {}
        #: Phones that are registered.
        self.phones: set[PhoneId] = set()

    # What is there.

    def of(self, *kinds: Kind) -> Iterator[Channel]:
        """Yield the channels of these kinds, those that are gone too."""
        return (channel for channel in self.channels.values() if channel.kind in kinds)

    def takes_commands(self, channel: ChannelId) -> bool:
        """Return whether the channel is there and picked up."""
        one = self.channels.get(channel)
        return one is not None and one.alive and one.answered

    def bridge_of(self, channel: ChannelId) -> BridgeId | None:
        """Return the bridge that the channel is in."""
        one = self.channels.get(channel)
        return None if one is None else one.bridge

    # What people do.

    def enter(self, channel: Channel) -> Channel:
        """A channel comes into being; return it."""
        assert channel.id not in self.channels, f"{channel.id} is there already"
        self.channels[channel.id] = channel
        return channel

    def call_in(self, call: CallId, kind: Kind = Kind.CALLER) -> Channel:
        """A call comes in and is answered."""
        return self.enter(Channel(ChannelId(call), call, kind, answered=True))

    def picked_up_since_before(
        self, call: Channel, leg: ChannelId, name: str, phone: PhoneId | None
    ) -> Channel:
        """Have a leg that another run of the router dialled for a caller; return it."""
        return self.enter(Channel(leg, call.call, Kind.LEG, name, phone, answered=True))

    def talk_since_before(
        self, call: Channel, leg: ChannelId, bridge: BridgeId, name: str, phone: PhoneId | None
    ) -> Channel:
        """Join a caller with a leg that another run of the router dialled; return the leg."""
        other = self.picked_up_since_before(call, leg, name, phone)
        self.bridges[bridge] = {call.id, leg}
        call.bridge = other.bridge = bridge
        return other

    def put_on_hold_since_before(self, call: Channel) -> None:
        """Take the caller out of the bridge: another run of the router has given them music."""
        assert call.bridge is not None
        self.bridges[call.bridge].remove(call.id)
        call.bridge, call.music = None, True

    def end_prompt(
        self, playback: PlaybackId, how: type[PromptEnded | PromptFailed] = PromptEnded
    ) -> list[PromptEnded | PromptFailed]:
        """What is said comes to its end, or breaks off; nothing if it has ended already."""
        play = self.playing.pop(playback, None)
        if play is None:
            return []
        self.channels[play.channel].speech.remove(play)
        return [how(play.call, playback)]

    def drop(self, channel: Channel) -> list[PromptEnded | PromptFailed]:
        """The channel is gone: it is in no bridge, and what it heard breaks off.

        Its own end is the caller's to add: only the caller knows why.
        """
        channel.alive = False
        channel.music = False
        self._leave_bridge(channel)
        broken: list[PromptEnded | PromptFailed] = []
        for play in list(channel.speech):
            broken += self.end_prompt(play.playback, PromptFailed)
        return broken

    def fall_silent(self) -> None:
        """Nothing is said or played any more; nobody tells it."""
        self.playing.clear()
        for channel in self.channels.values():
            channel.speech.clear()
            channel.music = False

    # Commands.

    def carry_out(self, command: ForAsterisk) -> list[Event]:
        """Do what the engine wants; return the events that follow."""
        match command:
            case StopPlaying():
                return [*self.end_prompt(command.playback)]
            case StopMusic():
                if (channel := self.channels.get(command.channel)) is not None:
                    channel.music = False
                return []
            case Ring():
                phone = command.phone or PhoneId(command.agent)
                return self._dial(
                    Channel(command.leg, command.call, Kind.LEG, command.agent, phone)
                )
            case DialOut():
                return self._dial(Channel(command.leg, command.call, Kind.LEG, command.entry))
            case Join():
                return self._join(command)
            case Part():
                return self._part(command)
            case HangUp():
                return self._hang_up(command)
            case Snoop() | Verify():
                at = command.leg
            case PutIn():
                assert command.bridge in self.bridges, f"{command.bridge} is not there"
                at = command.channel
            case _:
                at = command.channel
        if not self.takes_commands(at):
            return [CommandFailed(command.call, at)]
        return self._on_channel(command, self.channels[at])

    def _on_channel(self, command: ForAsterisk, channel: Channel) -> list[Event]:
        """Carry out what only needs a channel that is there."""
        match command:
            case Play():
                self._play(command, channel)
            case StartMusic():
                assert not channel.speech, f"{channel.id} hears music over speech"
                assert not channel.music, f"{channel.id} hears music twice"
                channel.music = True
            case Listen():
                assert not channel.speech, "would wait for the prompt's end"
                channel.listened_to = True
            case Remember():
                assert not channel.speech, "would wait for the prompt's end"
                channel.remembered = command
            case PutIn(_, bridge, _):
                self._put_in(bridge, channel)
            case TakeOut(_, bridge, _):
                assert not channel.speech, "would wait for the prompt's end"
                assert channel.bridge == bridge, f"{channel.id} is not in that bridge"
                self._leave_bridge(channel)
            case Snoop():
                self.enter(Channel(command.snoop, command.call, Kind.SNOOP, "snoop", answered=True))
                return [SnoopStarted(command.call, command.snoop)]
        return []

    def _play(self, command: Play, channel: Channel) -> None:
        assert command.prompts, "nothing to play"
        if channel.is_of_a_person_who_called:
            assert not channel.speech, f"{channel.id} hears two sentences at once"
            assert not channel.music, f"{channel.id} hears speech over music"
            announced = command.prompts == ANNOUNCEMENT
            talks = channel.bridge is not None and len(self.bridges[channel.bridge]) > 1
            assert not talks or announced, f"{channel.id} is spoken to while talking"
        channel.speech.append(command)
        self.playing[command.playback] = command

    def _dial(self, leg: Channel) -> list[Event]:
        busy = leg.phone is not None and any(
            other.alive and other.phone == leg.phone for other in self.channels.values()
        )
        self.enter(leg)
        if leg.phone is None or (leg.phone in self.phones and not busy):
            return []
        leg.alive = False
        return [LegEnded(leg.call, leg.id, LegEnd.BUSY if busy else LegEnd.UNREACHABLE)]

    def _join(self, command: Join) -> list[Event]:
        assert command.bridge not in self.bridges, f"{command.bridge} is there already"
        self.bridges[command.bridge] = set()
        failed: list[Event] = []
        for channel in command.channels:
            if self.takes_commands(channel):
                self._put_in(command.bridge, self.channels[channel])
            else:
                failed.append(CommandFailed(command.call, channel))
        return failed

    def _put_in(self, bridge: BridgeId, channel: Channel) -> None:
        assert channel.bridge is None, f"{channel.id} is in a bridge already"
        if channel.is_of_a_person_who_called:
            assert not channel.music, f"{channel.id} is joined with music"
            assert not channel.speech, "would wait for the prompt's end"
        self.bridges[bridge].add(channel.id)
        channel.bridge = bridge

    def _leave_bridge(self, channel: Channel) -> None:
        if channel.bridge is not None:
            self.bridges[channel.bridge].discard(channel.id)
            channel.bridge = None

    def _part(self, command: Part) -> list[Event]:
        assert command.bridge in self.bridges, f"{command.bridge} is not there"
        self.remove_bridge(command.bridge)
        return []

    def remove_bridge(self, bridge: BridgeId) -> None:
        """The bridge is gone; the channels stay."""
        for channel in self.bridges.pop(bridge):
            self.channels[channel].bridge = None

    def _hang_up(self, command: HangUp) -> list[Event]:
        channel = self.channels.get(command.channel)
        if channel is None or not channel.alive:
            return [CommandFailed(command.call, command.channel)]
        channel.hung_up = True
        broken = self.drop(channel)
        if channel.is_of_a_person_who_called:
            return [*broken, CallLeft(command.call)]
        if channel.kind is Kind.LEG:
            return [*broken, LegEnded(command.call, channel.id, LegEnd.HUNG_UP)]
        return [*broken]
