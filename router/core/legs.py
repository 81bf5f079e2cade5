"""Every channel that the engine knows, and whose it is.

One look-up says what a channel is for and to what it belongs: a call, a ticket, or an informateur's
call to the desk. A channel that we have hung up stays registered as DISMISSED until Asterisk
reports its end, so that a late event is not taken for a new one.
"""

from collections.abc import Callable, ItemsView, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from router.core.ids import AgentId, CallId, ChannelId, PlaybackId


class Role(StrEnum):
    """What a channel is for."""

    CALLER = "caller"
    CALLED = "called"  # the person called back, until they press 1
    DESK = "desk"  # an informateur who dialled the desk
    INFORMATEUR = "informateur"  # being rung, or talking
    COLLEAGUE = "colleague"  # an informateur who is consulted
    REFERRAL = "referral"  # an entry of the directory
    SUPERVISOR = "supervisor"
    SNOOP = "snoop"  # through which a supervisor listens
    DISMISSED = "dismissed"  # hung up by us: only its end is awaited


class Said(StrEnum):
    """Who else is hearing a prompt of a call or a ticket; each of them hears one at a time."""

    INFORMATEUR = "informateur"  # the whisper
    COLLEAGUE = "colleague"  # the whisper of a consultation
    WATCHED_CALLER = "watched caller"  # being told of the supervisor
    WATCHED_INFORMATEUR = "watched informateur"


class Owner(Protocol):
    """What has channels: a call, a ticket, or a call to the desk."""

    #: What is being played on its own channel; None: nothing is.
    playback: PlaybackId | None


@dataclass(slots=True, eq=False)
class Nobody:
    """Owns what was left over by a router that is gone."""

    playback: PlaybackId | None = None


@dataclass(slots=True, eq=False)
class Leg:
    """One channel."""

    role: Role
    owner: Owner
    #: The informateur whose phone it is, if it is an informateur's.
    agent: AgentId | None = None


#: Roles of an owner's own channel, which has the same id as the owner.
OWN = frozenset({Role.CALLER, Role.CALLED, Role.DESK})
#: The end of these is not reported as that of a leg (`LegEnded`).
NOT_LEGS = OWN | {Role.SNOOP}


class Legs:
    """The registry of channels."""

    def __init__(self) -> None:
        #: By channel; a caller's own has the same text as the call.
        self._legs: dict[Any, Leg] = {}
        #: Returns what a channel is, or None.
        self.get: Callable[[ChannelId | CallId], Leg | None] = self._legs.get

    def __contains__(self, channel: object) -> bool:
        return channel in self._legs

    def items(self) -> ItemsView[ChannelId, Leg]:
        """Return every registered channel, with what it is."""
        return self._legs.items()

    def add(
        self, channel: ChannelId, role: Role, owner: Owner, agent: AgentId | None = None
    ) -> None:
        """Register a channel, or change whose it is."""
        self._legs[channel] = Leg(role, owner, agent)

    def dismiss(self, channel: ChannelId) -> None:
        """Await only the channel's end, if it has not ended already."""
        leg = self._legs.get(channel)
        if leg is not None:
            leg.role = Role.DISMISSED

    def pop(self, channel: ChannelId) -> Leg | None:
        """Forget a channel that is gone, and return what it was, if it was known."""
        return self._legs.pop(channel, None)

    def dialled(self) -> Iterator[ChannelId]:
        """Yield the legs that we dialled and that have not ended."""
        return (channel for channel, leg in self._legs.items() if leg.role not in NOT_LEGS)
