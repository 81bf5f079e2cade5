"""Between the engine's words and Asterisk's: commands -> requests, messages -> events.

No I/O. `Translator` remembers only what is under way: whose leg a channel is, whose
playback an id is, and which phones are there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import assert_never

from router.ari.messages import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    EndpointStateChange,
    Message,
    PlaybackFinished,
    Request,
    StasisEnd,
    StasisStart,
)
from router.core.commands import (
    Command,
    HangUp,
    Join,
    Noted,
    Part,
    Play,
    Remember,
    Ring,
    StartMusic,
    StopMusic,
    StopPlaying,
)
from router.core.events import (
    CallArrived,
    CallLeft,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
)
from router.core.ids import AgentId, CallId, ChannelId, PlaybackId

#: Where a caller waits, written on the channel for a router that starts anew.
SECTOR_VARIABLE = "ALLO_SECTOR"
JOINED_VARIABLE = "ALLO_JOINED_AT"

#: First argument of Stasis(): on an informateur's leg, with agent and call after it; and on
#: a caller's channel (asterisk-conf/extensions.conf).
AGENT_ARGUMENT = "agent"
CALLER_ARGUMENT = "caller"

#: A bridge's name, then the id of the call in it: how a new router recognises its own.
BRIDGE_NAME = "allo:"

ENDPOINT = "agent-"

#: What an informateur's phone shows. The service's short number, never the caller's.
_CALLER_ID = '"Allô Service Public" <3939>'

#: ITU-T Q.850 causes of a leg that nobody picked up. 480 comes as 19, 486 as 17, 603 as 21;
#: 16 is ours: the caller left, so the phone stopped ringing. All others: no phone there.
_UNANSWERED = {
    16: LegEnd.HUNG_UP,
    17: LegEnd.BUSY,
    18: LegEnd.NO_ANSWER,
    19: LegEnd.NO_ANSWER,
    21: LegEnd.REJECTED,
}

#: Causes of an answered leg that mean a deliberate goodbye. Asterisk gives 0 for a BYE
#: that crosses its ACK. 44 (no RTP), 38, 41 and the like: the phone died.
_GOODBYES = frozenset({0, 16, 31})


#: Commands with a request that may block; all others are one that cannot.
BLOCKING = (Remember, Join, Part)


@dataclass(slots=True)
class _Leg:
    call: CallId
    agent: AgentId
    answered: bool = False


class Translator:
    """Turns commands into requests and messages into events, for one application."""

    def __init__(self, app: str, agents: Collection[AgentId]) -> None:
        self.app = app
        self.agents = frozenset(agents)
        self._legs: dict[ChannelId, _Leg] = {}
        self._playing: dict[PlaybackId, tuple[CallId, ChannelId]] = {}
        self._online: set[AgentId] = set()

    # --- commands -> requests --------------------------------------------------------------

    def requests(self, command: Command) -> tuple[Request, ...]:
        """Return what to ask Asterisk, in order; nothing for a note.

        Registers the leg of a `Ring` and the playback of a `Play`, so that an event that
        overtakes the answer is understood.
        """
        match command:
            case Play():
                self._playing[command.playback] = (command.call, command.channel)
                return (_play(command),)
            case StopPlaying():
                path = f"playbacks/{command.playback}"
                return (Request("stop playing", "DELETE", path, gone_is_fine=True),)
            case StartMusic():
                return (_music("POST", "start music", command.channel),)
            case StopMusic():
                return (_music("DELETE", "stop music", command.channel),)
            case Remember():
                return (_remember(command),)
            case Ring():
                self._legs[command.leg] = _Leg(command.call, command.agent)
                return (self._ring(command),)
            case Join():
                return _join(command)
            case Part():
                return _part(command)
            case HangUp():
                return (hang_up(command.channel),)
            case Noted():
                return ()
            case _:
                assert_never(command)

    def _ring(self, command: Ring) -> Request:
        return Request(
            "ring",
            "POST",
            f"channels/{command.leg}",
            {
                "endpoint": f"PJSIP/{ENDPOINT}{command.agent}",
                "app": self.app,
                "appArgs": f"{AGENT_ARGUMENT},{command.agent},{command.call}",
                "timeout": str(command.timeout_s),
                "callerId": _CALLER_ID,
                # Offers the caller's own codec first: no transcoding (measured).
                "originator": command.call,
            },
            channel=command.leg,
        )

    # --- messages -> events ----------------------------------------------------------------

    def event(self, message: Message) -> Event | None:
        """Return the event that `message` means to the engine, if any."""
        match message:
            case ChannelDtmfReceived(channel, digit):
                return None if channel in self._legs else KeyPressed(CallId(channel), digit)
            case PlaybackFinished(playback, channel):
                call, _ = self._playing.pop(playback, (self.call_of(channel), channel))
                return PromptEnded(call, playback)
            case StasisStart(channel, (first,)) if first == CALLER_ARGUMENT:
                return CallArrived(CallId(channel))
            case StasisStart(channel, (first, agent, call)) if first == AGENT_ARGUMENT:
                return self.adopt_leg(channel, CallId(call), AgentId(agent))
            case StasisStart():
                return None
            case StasisEnd(channel):
                # A caller's ChannelDestroyed is not sent to us (measured); a leg's is.
                return None if channel in self._legs else CallLeft(CallId(channel))
            case ChannelDestroyed(channel, cause):
                leg = self._legs.pop(channel, None)  # comes twice, see EndpointStateChange
                if leg is None:
                    return None
                return LegEnded(leg.call, channel, _leg_end(leg.answered, cause))
            case EndpointStateChange(endpoint, online):
                agent_id = agent_of(endpoint)
                if agent_id is None or agent_id not in self.agents:
                    return None
                return self.seen(agent_id, online)
            case ApplicationReplaced():
                return None
            case _:
                assert_never(message)

    def seen(self, agent: AgentId, online: bool) -> Event | None:
        """Note an informateur's phone; return the event if that is news.

        Asterisk repeats the state whenever a call of that phone begins or ends.
        """
        if online == (agent in self._online):
            return None
        if online:
            self._online.add(agent)
            return PhoneAppeared(agent)
        self._online.discard(agent)
        return PhoneVanished(agent)

    # --- what is under way -------------------------------------------------------------------

    def call_of(self, channel: ChannelId) -> CallId:
        leg = self._legs.get(channel)
        return leg.call if leg else CallId(channel)

    def adopt_leg(self, channel: ChannelId, call: CallId, agent: AgentId) -> LegAnswered:
        """Note that a leg is answered, dialled by us or by the router before us."""
        self._legs[channel] = _Leg(call, agent, answered=True)
        return LegAnswered(call, channel)

    def drop_leg(self, channel: ChannelId) -> CallId | None:
        """Forget a leg; its late events mean nothing. Returns its call if it was known."""
        leg = self._legs.pop(channel, None)
        return leg.call if leg else None

    def playing(self) -> list[tuple[PlaybackId, CallId]]:
        """The playbacks whose end was not seen yet."""
        return [(playback, call) for playback, (call, _) in self._playing.items()]

    def drop_playback(self, playback: PlaybackId) -> None:
        self._playing.pop(playback, None)


def agent_of(endpoint: str) -> AgentId | None:
    """The informateur whose phone is the PJSIP endpoint `endpoint`, "agent-101" -> "101"."""
    return AgentId(endpoint.removeprefix(ENDPOINT)) if endpoint.startswith(ENDPOINT) else None


def hang_up(channel: ChannelId) -> Request:
    return Request("hang up", "DELETE", f"channels/{channel}", channel=channel, gone_is_fine=True)


def remove_bridge(bridge: str) -> Request:
    return Request("remove bridge", "DELETE", f"bridges/{bridge}", gone_is_fine=True)


def _play(command: Play) -> Request:
    # In the body: a query holds 127 media at most, the body as many as a frame (measured).
    return Request(
        "play",
        "POST",
        f"channels/{command.channel}/play/{command.playback}",
        body={"media": [f"sound:allo/{prompt}" for prompt in command.prompts]},
        channel=command.channel,
    )


def _music(method: str, operation: str, channel: ChannelId) -> Request:
    path = f"channels/{channel}/moh"
    return Request(operation, method, path, channel=channel, gone_is_fine=True)


def _remember(command: Remember) -> Request:
    variables = {SECTOR_VARIABLE: command.sector, JOINED_VARIABLE: repr(command.joined_at)}
    return Request(
        "remember",
        "POST",
        f"channels/{command.channel}/variables",
        body={"variables": variables},
        channel=command.channel,
        may_block=True,
        gone_is_fine=True,
    )


def _join(command: Join) -> tuple[Request, ...]:
    bridge = f"bridges/{command.bridge}"
    name = {"type": "mixing", "name": f"{BRIDGE_NAME}{command.call}"}
    add = (
        Request(
            "join",
            "POST",
            f"{bridge}/addChannel",
            {"channel": channel},
            channel=channel,
            may_block=True,
        )
        for channel in command.channels
    )
    return (Request("bridge", "POST", bridge, name), *add)


def _part(command: Part) -> tuple[Request, ...]:
    """Take the caller out first, and wait until that is done.

    A prompt asked for while its channel is on the way out of a bridge that was removed is
    not played, and holds the channel up for ten minutes (measured: one in ten; Asterisk's
    bridge_channel.c, PLAYBACK_TIMEOUT).
    """
    take_out = Request(
        "part",
        "POST",
        f"bridges/{command.bridge}/removeChannel",
        {"channel": command.call},
        may_block=True,
        gone_is_fine=True,
    )
    return (take_out, remove_bridge(command.bridge))


def _leg_end(answered: bool, cause: int) -> LegEnd:
    if answered:
        return LegEnd.HUNG_UP if cause in _GOODBYES else LegEnd.LOST
    return _UNANSWERED.get(cause, LegEnd.UNREACHABLE)
