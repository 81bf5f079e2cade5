"""What is under way in Asterisk, as far as the router has asked for it or heard of it.

Whose leg a channel is, whose a playback, who is in which bridge, who hears something, and which
phones are registered. Kept by both directions of translation; no I/O.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from router.ari.naming import TRUNK
from router.core.commands import Play
from router.core.events import (
    CallFound,
    CallLeft,
    Event,
    LegAnswered,
    LegEnded,
    LegFound,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId
from router.core.plan import Plan


@dataclass(slots=True)
class Leg:
    """A channel that the router dialled, and how far it got."""

    call: CallId
    rang: bool = False
    answered: bool = False
    #: On the public network.
    outside: bool = False


class Underway:
    """What is under way in one Asterisk. It only keeps account, and asks Asterisk nothing."""

    def __init__(self, plan: Plan, ways_out: Sequence[str] = (TRUNK,)) -> None:
        self.agents: frozenset[AgentId] = frozenset(plan.agents)
        #: Every phone of the service: each informateur's own, on the desk and in the browser, and
        #: the supervisors'.
        self.phones = frozenset((*plan.phones, *plan.browsers))
        self._legs: dict[ChannelId, Leg] = {}
        #: Supervisors' ears.
        self._snoops: set[ChannelId] = set()
        #: Who is in which bridge, or on the way into it.
        self._inside: dict[ChannelId, BridgeId] = {}
        self._playing: dict[PlaybackId, CallId] = {}
        #: What was asked for last on a channel and has not ended; None: music.
        self._sounding: dict[ChannelId, PlaybackId | None] = {}
        #: Who may hear music that we have not asked for: the fallback gives it to those whom we
        #: leave alone (fallback/watch.py).
        self._left_alone: set[ChannelId] = set()
        self._online: set[PhoneId] = set()
        #: The carriers' endpoints, in the order in which calls go out to them.
        self._ways_out = tuple(ways_out)
        self._away: frozenset[str] = frozenset()

    def change_plan(self, plan: Plan, ways_out: Sequence[str]) -> None:
        """Keep account of the phones of this plan, and of these carriers, from now on."""
        self._ways_out = tuple(ways_out)
        self.agents = frozenset(plan.agents)
        self.phones = frozenset((*plan.phones, *plan.browsers))
        self._online &= self.phones

    # Legs and ears.

    def dial(self, channel: ChannelId, call: CallId, *, outside: bool) -> None:
        """Note a leg that is about to be dialled."""
        self._legs[channel] = Leg(call, outside=outside)

    def snoop(self, channel: ChannelId) -> None:
        """Note an ear that is asked for, or is there."""
        self._snoops.add(channel)

    def leg(self, channel: ChannelId) -> Leg | None:
        """Return what is known of a leg; None if the channel is none, or none any more."""
        return self._legs.get(channel)

    def drop_leg(self, channel: ChannelId) -> Leg | None:
        """Forget a leg, and return it: what is heard of it later means nothing."""
        self._forget(channel)
        return self._legs.pop(channel, None)

    def leave(self, channel: ChannelId) -> bool:
        """Note that a channel has left the application; return whether it was a caller's."""
        was_an_ear = channel in self._snoops
        self._forget(channel)
        return not was_an_ear and channel not in self._legs

    def _forget(self, channel: ChannelId) -> None:
        """Forget where a channel is and what it hears: it is gone."""
        self._inside.pop(channel, None)
        self._sounding.pop(channel, None)
        self._left_alone.discard(channel)
        self._snoops.discard(channel)

    def forget_all_but(self, channels: Collection[str]) -> None:
        """Forget what is gone: whatever is none of these, after a look at all that there is."""
        known = {*self._legs, *self._inside, *self._sounding, *self._snoops, *self._left_alone}
        for channel in known.difference(channels):
            self.drop_leg(channel)

    # Bridges.

    def put_in(self, bridge: BridgeId, *channels: ChannelId) -> None:
        """Note that channels are put into a bridge."""
        for channel in channels:
            self._inside[channel] = bridge

    def take_out(self, channel: ChannelId) -> None:
        """Note that a channel is taken out of its bridge."""
        self._inside.pop(channel, None)

    def bridge_of(self, channel: ChannelId) -> BridgeId | None:
        """Return the bridge that the channel is in; None: in none."""
        return self._inside.get(channel)

    def alone_in(self, bridge: BridgeId) -> tuple[ChannelId, ...]:
        """Return the one channel in `bridge`; none if there is nobody or company."""
        inside = tuple(channel for channel, its in self._inside.items() if its == bridge)
        return inside if len(inside) == 1 else ()

    # Sound.

    def play(self, command: Play) -> None:
        """Note a playback that is about to be asked for."""
        self._playing[command.playback] = command.call
        self._sounding[command.channel] = command.playback

    def play_music(self, channel: ChannelId) -> None:
        """Note that the channel is to hear music."""
        self._sounding[channel] = None

    def stop_music(self, channel: ChannelId) -> None:
        """Note that the channel is to hear no music any more."""
        self._sounding.pop(channel, None)

    def leave_alone(self, channels: Iterable[ChannelId]) -> None:
        """Note that these have been left alone for a while, and may hear music."""
        self._left_alone.update(channels)

    def see_to(self, channel: ChannelId) -> bool:
        """Return whether a channel may hear music that we have not asked for; it is stopped now."""
        was_alone = channel in self._left_alone
        self._left_alone.discard(channel)
        return was_alone

    def playing(self) -> list[tuple[PlaybackId, CallId]]:
        """Return the playbacks whose end has not been heard of, with their calls."""
        return list(self._playing.items())

    def end_playback(self, playback: PlaybackId) -> CallId | None:
        """Note that a playback is over; return its call, None if it is not the router's."""
        return self._playing.pop(playback, None)

    def fall_silent(self, channel: ChannelId, playback: PlaybackId) -> None:
        """Note that a channel hears nothing, if that playback was what it heard last."""
        if self._sounding.get(channel) == playback:
            del self._sounding[channel]

    def drop_playback(self, playback: PlaybackId) -> None:
        """Forget a playback that never began, or whose end went unheard."""
        self._playing.pop(playback, None)
        for channel in [one for one, its in self._sounding.items() if its == playback]:
            del self._sounding[channel]

    def hears_nothing(self, channel: ChannelId) -> bool:
        """Return whether nothing plays on the channel, and nobody is in a bridge with it."""
        if channel in self._sounding:
            return False
        bridge = self._inside.get(channel)
        return bridge is None or self.alone_in(bridge) == (channel,)

    # Phones.

    def news(self, phone: PhoneId, online: bool) -> Event | None:
        """Return the event that `phone` is `online`, or not; None if that is known.

        Asterisk repeats the state whenever a call of that phone begins or ends.
        """
        if phone not in self.phones or online == (phone in self._online):
            return None
        return PhoneAppeared(phone) if online else PhoneVanished(phone)

    # Carriers.

    def carriers_away(self, endpoints: Iterable[str]) -> None:
        """Note which carriers are away."""
        self._away = frozenset(endpoints)

    def ways_out(self) -> tuple[str, ...]:
        """Return the endpoints that a call may go out by: those that are there, then the others."""
        return tuple(sorted(self._ways_out, key=self._away.__contains__))

    # All of it.

    def learn(self, event: Event) -> None:
        """Note what `event` says, whether a message said it or a look at Asterisk."""
        match event:
            case LegAnswered(_, channel):
                # One that has ended, or of a router before this one, is hung up: it is no leg.
                if (leg := self._legs.get(channel)) is not None:
                    leg.rang = leg.answered = True
            case CallLeft(call):
                self._forget(ChannelId(call))
            case CallFound(call, leg=leg, bridge=bridge, apart=apart) if leg is not None:
                self._legs[leg] = Leg(call, rang=True, answered=True)
                if bridge is not None:
                    self.put_in(bridge, *(() if apart else (ChannelId(call),)), leg)
            case LegFound(call, leg):
                self._legs[leg] = Leg(call, rang=True, answered=True)
            case LegEnded(_, channel):
                self.drop_leg(channel)
            case PromptEnded(_, playback) | PromptFailed(_, playback):
                self.drop_playback(playback)
            case PhoneAppeared(phone):
                self._online.add(phone)
            case PhoneVanished(phone):
                self._online.discard(phone)
