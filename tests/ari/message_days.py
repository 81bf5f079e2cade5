"""A random day as the websocket tells of it: every event is Asterisk's message first.

So what the translation remembers (whose a leg is, what plays, which keys were reported) lives
through the day as well, with messages that come late, twice, out of order or never; and in the end
nothing of it is left.
"""

from itertools import chain, count

from router.ari.messages import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelStateChange,
    ChannelTalkingFinished,
    EndpointStateChange,
    Message,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from router.ari.naming import (
    AGENT_ARGUMENT,
    CALLER_ARGUMENT,
    DESK_ARGUMENT,
    ENDPOINT,
    OUTSIDE_ARGUMENT,
    SNOOP_ARGUMENT,
)
from router.core.commands import DialOut, ForAsterisk, Play
from router.core.events import (
    CallArrived,
    CallerSpoke,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
)
from router.core.ids import CallId, ChannelId, PlaybackId
from tests.ari.translation import Translation
from tests.asterisk_model import Kind
from tests.core.days import Day

#: Q.850: what a leg's end is told by.
_CAUSES = {
    LegEnd.HUNG_UP: 16,
    LegEnd.BUSY: 17,
    LegEnd.NO_ANSWER: 19,
    LegEnd.REJECTED: 21,
}
_UNREACHABLE = 20
#: How long a key is pressed, and how long after the last one at least.
_PRESSED_MS, _APART_MS = 100, 250


class MessageDay(Day):
    """A day of which the engine hears by messages."""

    def __init__(self, seed: int) -> None:
        self._translation: Translation | None = None
        #: The message of each event: told again, it is the same one.
        self._messages: dict[int, tuple[Event, Message]] = {}
        self._channels: dict[PlaybackId, ChannelId] = {}
        self._outside: set[ChannelId] = set()
        self._clock_ms = count(1_000_000, _APART_MS)
        self._reading = False
        super().__init__(seed)

    @property
    def translation(self) -> Translation:
        if self._translation is None:
            self._translation = Translation(self.plan)
        return self._translation

    def handle(self, event: Event) -> None:
        message = None if self._reading else self._message_of(event)
        if message is None:
            self._account_for(event)
            super().handle(event)
            return
        heard = self.translation.events.of(message)
        if heard is not None:
            super().handle(heard)
        if isinstance(message, PlaybackFinished):
            self.translation.events.hush(message)
        if isinstance(message, ChannelDestroyed):
            self.tell_of_the_end(message.channel)

    def tell_of_the_end(self, leg: ChannelId) -> None:
        """A leg that was in the application has left it as well; that may be heard of later."""
        known = self.asterisk.channels.get(leg)
        if known is not None and known.answered:
            end = self.translation.events.of(StasisEnd(leg))
            assert end is None or isinstance(end, CallLeft)
            if end is not None:
                super().handle(end)

    def read_anew(self) -> None:
        self._reading = True
        try:
            super().read_anew()
        finally:
            self._reading = False
        there = {channel.id for channel in self.asterisk.channels.values() if channel.alive}
        known = {*there, *chain.from_iterable(self.engine.known())}
        self.translation.events.forget_all_but(known)

    def obey(self, command: ForAsterisk) -> None:
        match command:
            case Play():
                self._channels[command.playback] = command.channel
            case DialOut():
                self._outside.add(command.leg)
        self.translation.requests.of(command)
        super().obey(command)

    def close(self) -> None:
        super().close()
        for ear in self.asterisk.of(Kind.SNOOP):  # the model tells of none of their ends
            self.translation.events.of(StasisEnd(ear.id))
        underway = self.translation.underway
        assert underway.playing() == [], "a prompt is remembered for ever"
        for channel in self.asterisk.channels:
            assert underway.leg(channel) is None, f"{channel} is remembered for ever"
            assert underway.bridge_of(channel) is None, f"{channel} is believed in a bridge"
            assert underway.hears_nothing(channel), f"{channel} is believed to hear something"

    def _account_for(self, event: Event) -> None:
        """Have the translation learn what no message says, as link and performer do."""
        underway = self.translation.underway
        underway.learn(event)
        if isinstance(event, CommandFailed):
            underway.drop_leg(event.channel)
            for playback, channel in self._channels.items():
                if channel == event.channel:
                    underway.drop_playback(playback)

    def _message_of(self, event: Event) -> Message | None:
        """Return the message that Asterisk sends of it; None: it sends none."""
        if id(event) not in self._messages:
            message = self._new_message(event)
            if message is None:
                return None
            self._messages[id(event)] = event, message
        return self._messages[id(event)][1]

    def _new_message(self, event: Event) -> Message | None:
        match event:
            case CallArrived(call):
                return StasisStart(ChannelId(call), (CALLER_ARGUMENT,))
            case DeskCalled(call, phone, code):
                return StasisStart(ChannelId(call), (DESK_ARGUMENT, f"{ENDPOINT}{phone}", code))
            case LegAnswered(call, leg):
                kind = OUTSIDE_ARGUMENT if leg in self._outside else AGENT_ARGUMENT
                return StasisStart(leg, (kind, "somebody", call))
            case SnoopStarted(call, snoop):
                return StasisStart(snoop, (SNOOP_ARGUMENT, call))
            case CallLeft(call):
                return StasisEnd(ChannelId(call))
            case LegRang(_, leg):
                return ChannelStateChange(leg, "Ringing")
            case LegEnded(_, leg, why):
                return ChannelDestroyed(leg, _CAUSES.get(why, _UNREACHABLE))
            case KeyPressed(call, key):
                return self._key(ChannelId(call), key)
            case LegKeyPressed(_, leg, key):
                return self._key(leg, key)
            case CallerSpoke(call, seconds):
                return ChannelTalkingFinished(ChannelId(call), round(seconds * 1000))
            case PromptEnded(call, playback) | PromptFailed(call, playback):
                heard = isinstance(event, PromptEnded)
                return PlaybackFinished(playback, self._hearer(call, playback), heard)
            case PhoneAppeared(phone) | PhoneVanished(phone):
                return EndpointStateChange(f"{ENDPOINT}{phone}", isinstance(event, PhoneAppeared))
        return None

    def _key(self, channel: ChannelId, key: str) -> Message:
        return ChannelDtmfReceived(channel, key, next(self._clock_ms), _PRESSED_MS)

    def _hearer(self, call: CallId, playback: PlaybackId) -> ChannelId:
        return self._channels.get(playback, ChannelId(call))
