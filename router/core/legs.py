"""Every channel that the engine knows, and whose it is.

One look-up says what a channel is for and which life it belongs to: a call's, a ticket's, or
that of an informateur's call to the desk. A channel that we have sent away stays known as
DISMISSED until Asterisk reports its end, so a late answer is never mistaken for news.
"""

from collections.abc import ItemsView, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from router.core.ids import AgentId, ChannelId, PlaybackId


class Role(StrEnum):
    """What a channel is for."""

    CALLER = "caller"
    CALLED = "called"  # whoever a ticket calls back, until the two are joined
    DESK = "desk"  # an informateur who dialled the desk
    INFORMATEUR = "informateur"  # rung for the owner, or talking
    COLLEAGUE = "colleague"  # an informateur who is consulted
    REFERRAL = "referral"  # a service of the directory
    SUPERVISOR = "supervisor"
    SNOOP = "snoop"  # the supervisor's ear
    DISMISSED = "dismissed"  # nobody's: only its end is awaited


class Said(StrEnum):
    """To whom something is being said; each hears one sentence at a time."""

    CALLER = "caller"  # or whoever else the owner's own channel is
    INFORMATEUR = "informateur"  # the whisper
    COLLEAGUE = "colleague"  # the whisper of a consultation
    WATCHED_CALLER = "watched caller"  # that a supervisor takes part
    WATCHED_INFORMATEUR = "watched informateur"


class Owner(Protocol):
    """A life that has channels: a call, a ticket, a call to the desk."""

    said: dict[Said, PlaybackId]


@dataclass(slots=True, eq=False)
class Leg:
    """One channel. `agent`: the informateur whose phone it is, if it is one's."""

    role: Role
    owner: Owner
    agent: AgentId | None = None


#: The owner's own channel, which has the same id as its call.
OWN = frozenset({Role.CALLER, Role.CALLED, Role.DESK})
#: Of these Asterisk reports the end otherwise than of a leg.
NOT_LEGS = OWN | {Role.SNOOP}


class Legs:
    """The registry, by channel."""

    def __init__(self) -> None:
        self._legs: dict[ChannelId, Leg] = {}
        self.get = self._legs.get

    def __contains__(self, channel: object) -> bool:
        return channel in self._legs

    def items(self) -> ItemsView[ChannelId, Leg]:
        """Return every channel that is known, with what it is."""
        return self._legs.items()

    def add(
        self, channel: ChannelId, role: Role, owner: Owner, agent: AgentId | None = None
    ) -> None:
        """Register a channel, or say whose it is from now on."""
        self._legs[channel] = Leg(role, owner, agent)

    def dismiss(self, channel: ChannelId) -> None:
        """Await nothing but the channel's end, if it has not ended already."""
        leg = self._legs.get(channel)
        if leg is not None:
            leg.role = Role.DISMISSED

    def pop(self, channel: ChannelId) -> Leg | None:
        """Forget a channel that is gone; return what it was."""
        return self._legs.pop(channel, None)

    def dialled(self) -> Iterator[ChannelId]:
        """Yield the channels that we dialled and that have not ended."""
        return (channel for channel, leg in self._legs.items() if leg.role not in NOT_LEGS)
