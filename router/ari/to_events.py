"""Messages -> events: what Asterisk says, as the engine hears it. No I/O."""

from collections import deque
from collections.abc import Collection
from math import isfinite
from typing import Protocol, assert_never

from router.ari.causes import called_end, leg_end, leg_end_by_cause
from router.ari.keys import Keys
from router.ari.messages import (
    ApplicationReplaced,
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
    CALLBACK_ARGUMENT,
    CALLBACK_CHANNEL,
    CALLER_ARGUMENT,
    DESK_ARGUMENT,
    NO_FICHE,
    OUTSIDE_ARGUMENT,
    PROBE_DOOR,
    SNOOP_ARGUMENT,
    WAITING_DOOR,
    phone_of,
)
from router.ari.orders import Hush
from router.ari.underway import Underway
from router.core.events import (
    CallArrived,
    CalledAnswered,
    CalledEnded,
    CallerSpoke,
    CallFound,
    CallLeft,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegKeyPressed,
    LegRang,
    ProbeArrived,
    PromptEnded,
    PromptFailed,
    SnoopStarted,
)
from router.core.ids import CallId, ChannelId, FicheId, PlaybackId, SectorId

#: Copies of one key come within milliseconds; few other keys can come in between.
_KEYS_REMEMBERED = 64
_ASKED_ALREADY = (CALLER_ARGUMENT, WAITING_DOOR)


class Private(Protocol):
    """Takes what the engine must not know of a caller who types a number. Nothing may block."""

    def digit(self, call: CallId, key: str) -> None:
        """Take a key."""

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """Hear that something the engine did not play has ended, and whether it was heard."""


class Events:
    """The event of each message, if it means any; `underway` learns of it."""

    def __init__(self, underway: Underway) -> None:
        self._underway = underway
        #: The latest keys, as they were reported.
        self._reported: deque[ChannelDtmfReceived] = deque(maxlen=_KEYS_REMEMBERED)
        self._keyboards: dict[ChannelId, Keys] = {}
        #: Callers who type a number: where their keys go instead, and the ends of what they hear.
        self._private: dict[ChannelId, Private] = {}

    def divert(self, call: CallId, private: Private | None) -> None:
        """Send a caller's keys to `private` instead of the engine; None: to the engine again."""
        if private is None:
            self._private.pop(ChannelId(call), None)
        else:
            self._private[ChannelId(call)] = private

    def forget_all_but(self, channels: Collection[str]) -> None:
        """Forget what is gone: whatever is none of these, after a look at all that there is."""
        for gone in self._keyboards.keys() - set(channels):
            del self._keyboards[gone]
        self._underway.forget_all_but(channels)

    def of(self, message: Message) -> Event | None:
        """Return the event that `message` means to the engine, if any."""
        underway = self._underway
        match message:
            case ChannelDtmfReceived():
                return self._key(message)
            case ChannelTalkingFinished(channel, spoke_ms):
                if underway.leg(channel) is not None or channel in self._private:
                    return None
                return CallerSpoke(CallId(channel), spoke_ms / 1000)
            case PlaybackFinished():
                return self._playback_finished(message)
            case StasisStart(channel, args):
                return self._started(channel, args)
            case StasisEnd(channel):
                self._keyboards.pop(channel, None)
                self._private.pop(channel, None)
                # A caller's ChannelDestroyed is not sent to us (measured); a leg's is.
                return CallLeft(CallId(channel)) if underway.leave(channel) else None
            case ChannelStateChange(channel, state):
                leg = underway.leg(channel)
                if state != "Ringing" or leg is None or leg.rang:
                    return None
                leg.rang = True
                return LegRang(leg.call, channel)
            case ChannelDestroyed():
                return self._destroyed(message)
            case EndpointStateChange(endpoint, online):
                phone = phone_of(endpoint)
                event = None if phone is None else underway.news(phone, online)
                if event is not None:
                    underway.learn(event)
                return event
            case ApplicationReplaced():
                return None
            case _:
                assert_never(message)

    def hush(self, message: PlaybackFinished) -> Hush | None:
        """Return what is to be done, after the event, because a playback has ended.

        One that broke off has usually ended with its channel: nobody is there to hear silence.
        """
        channel = message.channel
        self._underway.fall_silent(channel, message.playback)
        if not message.heard or not self._underway.hears_nothing(channel):
            return None
        leg = self._underway.leg(channel)
        return Hush(CallId(channel) if leg is None else leg.call, channel)

    def _key(self, message: ChannelDtmfReceived) -> Event | None:
        """A phone's key comes twice: from its channel, and from the phone (measured)."""
        if message in self._reported:
            return None
        self._reported.append(message)
        channel, key = message.channel, message.digit
        keys = self._keyboards.setdefault(channel, Keys())
        if not keys.pressed(key, message.at_ms, message.lasted_ms):
            return None
        private = self._private.get(channel)
        if private is not None:
            private.digit(CallId(channel), key)
            return None
        leg = self._underway.leg(channel)
        if leg is None:
            return KeyPressed(CallId(channel), key)
        return LegKeyPressed(leg.call, channel, key)

    def _playback_finished(self, message: PlaybackFinished) -> Event | None:
        playback, heard = message.playback, message.heard
        call = self._underway.end_playback(playback)
        if call is not None:
            return PromptEnded(call, playback) if heard else PromptFailed(call, playback)
        private = self._private.get(message.channel)
        if private is not None:
            private.played(CallId(message.channel), playback, heard=heard)
        return None

    def _started(self, channel: ChannelId, args: tuple[str, ...]) -> Event | None:
        match args:
            case (kind,) if kind == CALLER_ARGUMENT:
                return CallArrived(CallId(channel))
            case (kind, door) if kind == CALLER_ARGUMENT and door == PROBE_DOOR:
                return ProbeArrived(CallId(channel))
            case (kind, door, sector, joined_at, fiche) if (kind, door) == _ASKED_ALREADY:
                return _taken_over(CallId(channel), sector, joined_at, fiche)
            case (kind, endpoint, code) if kind == DESK_ARGUMENT:
                phone = phone_of(endpoint)
                return None if phone is None else DeskCalled(CallId(channel), phone, code)
            case (kind, _, call) if kind in (AGENT_ARGUMENT, OUTSIDE_ARGUMENT):
                event = LegAnswered(CallId(call), channel)
                self._underway.learn(event)
                return event
            case (kind, _) if kind == CALLBACK_ARGUMENT:
                return CalledAnswered(CallId(channel))
            case (kind, call) if kind == SNOOP_ARGUMENT:
                self._underway.snoop(channel)
                return SnoopStarted(CallId(call), channel)
            case _:
                return None

    def _destroyed(self, message: ChannelDestroyed) -> Event | None:
        channel, cause = message.channel, message.cause
        leg = self._underway.drop_leg(channel)
        if leg is None and channel.startswith(CALLBACK_CHANNEL):
            # Known to the engine only if nobody has picked up.
            end = called_end(message.status, cause, rang=message.rang)
            return CalledEnded(CallId(channel), end)
        if leg is None:
            return None
        if leg.outside and not leg.answered:
            end = called_end(message.status, cause, rang=message.rang or leg.rang)
            return LegEnded(leg.call, channel, leg_end(end))
        return LegEnded(leg.call, channel, leg_end_by_cause(cause, answered=leg.answered))


def _taken_over(call: CallId, sector: str, joined_at: str, fiche: str) -> CallFound | CallArrived:
    """A caller of the fallback's is as one found after a restart; if unreadable, a new one."""
    try:
        since = float(joined_at)
    except ValueError:
        return CallArrived(call)
    if not isfinite(since):
        return CallArrived(call)
    read = None if fiche == NO_FICHE else FicheId(fiche)
    return CallFound(call, SectorId(sector), since, fiche=read)
