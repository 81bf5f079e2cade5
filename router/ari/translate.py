"""Between the engine's words and Asterisk's: commands -> requests, messages -> events.

No I/O. `Translator` remembers only what is under way: whose leg a channel is, whose
playback an id is, and which phones are there.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, assert_never

from router.ari.causes import called_end, leg_end
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
    Request,
    StasisEnd,
    StasisStart,
)
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
from router.core.ids import BridgeId, CallId, ChannelId, PhoneId, PlaybackId
from router.core.plan import Plan

#: Where a caller waits, written on the channel for a router that starts anew; and the page
#: whose code was typed, if any.
SECTOR_VARIABLE = "ALLO_SECTOR"
JOINED_VARIABLE = "ALLO_JOINED_AT"
FICHE_VARIABLE = "ALLO_FICHE"

#: Asterisk's function that tells who speaks (func_talkdetect.c).
TALK_DETECTION, NO_TALK_DETECTION = "TALK_DETECT(set)", "TALK_DETECT(remove)"

#: First argument of Stasis(): on a caller's channel and on a phone that dialled the desk
#: (asterisk-conf/extensions.conf), with phone and code after it; on a phone's leg, with
#: agent and call; on a leg outside, with entry and call; on an ear, with its call.
CALLER_ARGUMENT = "caller"
DESK_ARGUMENT = "desk"
AGENT_ARGUMENT = "agent"
OUTSIDE_ARGUMENT = "outside"
#: On the channel of somebody who is called back, with its own id after it.
CALLBACK_ARGUMENT = "callback"
#: How the ids of such channels begin (core/tickets.py).
CALLBACK_CHANNEL = "callback-"
SNOOP_ARGUMENT = "snoop"

#: A bridge's name, then the id of the call in it: how a new router recognises its own.
BRIDGE_NAME = "allo:"

ENDPOINT = "agent-"
TRUNK = "trunk"

#: What would end a name that is shown on a phone.
_NOT_IN_A_NAME = re.compile(r'["<>\\]')

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
BLOCKING = (Remember, Listen, Join, TakeOut, PutIn, Part)

#: Copies of one key come within milliseconds; few other keys can come between.
_KEYS_REMEMBERED = 64


@dataclass(slots=True)
class Leg:
    """A channel that we dialled, and how far it got."""

    call: CallId
    rang: bool = False
    answered: bool = False
    #: On the public network.
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Hush:
    """Let whoever is on `channel` hear silence, unless by now something is played there.

    Asterisk sends no packet at all while it plays nothing: people take the line for dead, and
    jitter buffers and NAT lose their hold of it. Not the engine's concern.
    """

    call: CallId
    channel: ChannelId


#: What the performer carries out.
Order = ForAsterisk | Hush


class Private(Protocol):
    """Takes what the engine must not know of a caller who types a number. Nothing may block."""

    def digit(self, call: CallId, key: str) -> None:
        """Take a key."""

    def played(self, call: CallId, playback: PlaybackId, *, heard: bool) -> None:
        """Hear that something the engine did not play has ended, and whether it was heard."""


class Translator:
    """Turns commands into requests and messages into events, for one application."""

    def __init__(self, app: str, plan: Plan) -> None:
        self.app = app
        self.agents = frozenset(plan.agents)
        #: Every phone of the service: each informateur's own, and the supervisors'.
        self.phones = frozenset(PhoneId(agent) for agent in plan.agents) | frozenset(
            plan.desk.supervisor_phones
        )
        self._numbers = {entry.id: entry.number for entry in plan.directory.values()}
        #: What an informateur's phone and a referral show: the service, never the caller.
        self._caller_id = f'"{_NOT_IN_A_NAME.sub("", plan.name)}" <{plan.number}>'
        self._longest_call_s = plan.targets.longest_call_s
        self._legs: dict[ChannelId, Leg] = {}
        self._snoops: set[ChannelId] = set()
        #: Who is in which bridge, or on the way there.
        self._inside: dict[ChannelId, BridgeId] = {}
        self._playing: dict[PlaybackId, CallId] = {}
        #: What was asked for last on a channel and has not ended; None: music.
        self._sounding: dict[ChannelId, PlaybackId | None] = {}
        self._keys: deque[ChannelDtmfReceived] = deque(maxlen=_KEYS_REMEMBERED)
        self._keyboards: dict[ChannelId, Keys] = {}
        self._online: set[PhoneId] = set()
        #: Callers who type a number: where their keys go instead, and the ends of what they hear.
        self._private: dict[ChannelId, Private] = {}

    # --- commands -> requests --------------------------------------------------------------

    def requests(self, command: Order) -> tuple[Request, ...]:
        """Return what to ask Asterisk, in order.

        Registers the leg of a `Ring` or `DialOut`, the ear of a `Snoop` and the playback of
        a `Play`, so that an event that overtakes the answer is understood.
        """
        match command:
            case Play():
                self._playing[command.playback] = command.call
                self._sounding[command.channel] = command.playback
                return (_play(command),)
            case StopPlaying():
                path = f"playbacks/{command.playback}"
                return (Request("stop playing", "DELETE", path, gone_is_fine=True),)
            case StartMusic():
                self._sounding[command.channel] = None
                return (_music("POST", "start music", command.channel),)
            case StopMusic():
                self._sounding.pop(command.channel, None)
                return (_music("DELETE", "stop music", command.channel),)
            case Remember():
                return (_remember(command),)
            case Listen():
                # Speech begins at once and ends with 2.5 s of silence, as Asterisk has it.
                return (_set_variables("listen", command.channel, {TALK_DETECTION: ""}),)
            case Ring():
                endpoint = f"PJSIP/{ENDPOINT}{command.phone or command.agent}"
                return (self._dial("ring", command, endpoint, AGENT_ARGUMENT, command.agent),)
            case DialOut():
                number = self._numbers.get(command.entry)
                assert number is not None, "the directory has no number for that entry"
                endpoint = f"PJSIP/{number}@{TRUNK}"
                return (self._dial("dial out", command, endpoint, OUTSIDE_ARGUMENT, command.entry),)
            case Snoop():
                self._snoops.add(command.snoop)
                return (self._snoop(command),)
            case Join():
                return (_new_bridge(command), *self._put_in(command, *command.channels))
            case TakeOut():
                removal = self._take_out(command, command.channel)
                return (removal, *map(_send_silence, self._alone_in(command.bridge)))
            case PutIn():
                return self._put_in(command, command.channel)
            case Part():
                return self._part(command)
            case Verify():
                path = f"channels/{command.leg}"
                return (Request("verify", "GET", path, channel=command.leg),)
            case HangUp():
                return (hang_up(command.channel),)
            case Hush(_, channel):
                return (_send_silence(channel),) if self._hears_nothing(channel) else ()
            case _:
                assert_never(command)

    def _dial(
        self, operation: str, command: Ring | DialOut, endpoint: str, kind: str, who: str
    ) -> Request:
        self._legs[command.leg] = Leg(command.call, outside=kind == OUTSIDE_ARGUMENT)
        query = {
            "endpoint": endpoint,
            "app": self.app,
            "appArgs": f"{kind},{who},{command.call}",
            "timeout": str(command.timeout_s),
            "callerId": self._caller_id,
        }
        if not command.call.startswith(CALLBACK_CHANNEL):  # nobody is on the line yet
            # Offers the caller's own codec first: no transcoding (measured).
            query["originator"] = command.call
        return Request(
            operation,
            "POST",
            f"channels/{command.leg}",
            query,
            # While the router is away a caller may leave; then nothing else ends the leg.
            # Dialling clears what the endpoint's set_var would have set (measured).
            body={"variables": {"TIMEOUT(absolute)": str(self._longest_call_s)}},
            channel=command.leg,
        )

    def _snoop(self, command: Snoop) -> Request:
        return Request(
            "snoop",
            "POST",
            f"channels/{command.leg}/snoop/{command.snoop}",
            {
                "spy": "both",
                "whisper": "out" if command.whisper else "none",
                "app": self.app,
                "appArgs": f"{SNOOP_ARGUMENT},{command.call}",
            },
            # Not the leg: that it has gone is told by its own end.
            channel=command.snoop,
        )

    def _put_in(self, command: Join | PutIn, *channels: ChannelId) -> tuple[Request, ...]:
        """Put channels together; none of them may hear silence any more.

        Asterisk writes nothing else to a channel to which it sends silence (main/channel.c,
        __ast_write): it would hear nobody in the bridge.
        """
        wakened = (*self._alone_in(command.bridge), *channels)
        self._inside |= dict.fromkeys(channels, command.bridge)
        return (
            *map(_stop_silence, wakened),
            *(_add_channel(command, channel) for channel in channels),
        )

    def _alone_in(self, bridge: BridgeId) -> tuple[ChannelId, ...]:
        """Return who is in `bridge` if it is one."""
        inside = tuple(channel for channel, its in self._inside.items() if its == bridge)
        return inside if len(inside) == 1 else ()

    def _hears_nothing(self, channel: ChannelId) -> bool:
        if channel in self._sounding:
            return False
        bridge = self._inside.get(channel)
        return bridge is None or self._alone_in(bridge) == (channel,)

    def _take_out(self, command: TakeOut | Part, channel: ChannelId) -> Request:
        self._inside.pop(channel, None)
        return _remove_channel(command, channel)

    def _part(self, command: Part) -> tuple[Request, ...]:
        """Take the caller out first, if in it, and wait until that is done.

        A prompt asked for while its channel is on the way out of a bridge that was removed is
        not played, and holds the channel up for ten minutes (measured: one in ten; Asterisk's
        bridge_channel.c, PLAYBACK_TIMEOUT).
        """
        removal = remove_bridge(command.bridge)
        caller = ChannelId(command.call)
        if self._inside.get(caller) != command.bridge:
            return (removal,)
        return (self._take_out(command, caller), removal)

    # --- messages -> events ----------------------------------------------------------------

    def event(self, message: Message) -> Event | None:
        """Return the event that `message` means to the engine, if any."""
        match message:
            case ChannelDtmfReceived():
                return self._key(message)
            case ChannelTalkingFinished(channel, spoke_ms):
                if channel in self._legs or channel in self._private:
                    return None
                return CallerSpoke(CallId(channel), spoke_ms / 1000)
            case PlaybackFinished(playback, channel, heard):
                call = self._playing.pop(playback, None)
                if call is None:
                    if channel in self._private:
                        self._private[channel].played(CallId(channel), playback, heard=heard)
                    return None
                return (PromptEnded if heard else PromptFailed)(call, playback)
            case StasisStart(channel, args):
                return self._started(channel, args)
            case StasisEnd(channel):
                self._inside.pop(channel, None)
                self._sounding.pop(channel, None)
                self._keyboards.pop(channel, None)
                self._private.pop(channel, None)
                if channel in self._snoops:
                    self._snoops.remove(channel)
                    return None
                # A caller's ChannelDestroyed is not sent to us (measured); a leg's is.
                return None if channel in self._legs else CallLeft(CallId(channel))
            case ChannelStateChange(channel, state):
                leg = self._legs.get(channel)
                if state != "Ringing" or leg is None or leg.rang:
                    return None
                leg.rang = True
                return LegRang(leg.call, channel)
            case ChannelDestroyed(channel, cause, status, rang):
                leg = self._legs.pop(channel, None)
                if leg is None and channel.startswith(CALLBACK_CHANNEL):
                    # Known to the engine only if nobody has picked up.
                    return CalledEnded(CallId(channel), called_end(status, cause, rang=rang))
                if leg is None:
                    return None
                if leg.outside and not leg.answered:
                    why = leg_end(called_end(status, cause, rang=rang or leg.rang))
                else:
                    why = _leg_end(leg.answered, cause)
                return LegEnded(leg.call, channel, why)
            case EndpointStateChange(endpoint, online):
                phone = phone_of(endpoint)
                event = None if phone is None else self.news(phone, online)
                if event is not None:
                    self.learn(event)
                return event
            case ApplicationReplaced():
                return None
            case _:
                assert_never(message)

    def _key(self, message: ChannelDtmfReceived) -> Event | None:
        """A phone's key comes twice: from its channel, and from the phone (measured)."""
        if message in self._keys:
            return None
        self._keys.append(message)
        keys = self._keyboards.setdefault(message.channel, Keys())
        if not keys.pressed(message.digit, message.at_ms, message.lasted_ms):
            return None
        private = self._private.get(message.channel)
        if private is not None:
            private.digit(CallId(message.channel), message.digit)
            return None
        leg = self._legs.get(message.channel)
        if leg is None:
            return KeyPressed(CallId(message.channel), message.digit)
        return LegKeyPressed(leg.call, message.channel, message.digit)

    def _started(self, channel: ChannelId, args: tuple[str, ...]) -> Event | None:
        event: Event
        match args:
            case (kind,) if kind == CALLER_ARGUMENT:
                return CallArrived(CallId(channel))
            case (kind, endpoint, code) if kind == DESK_ARGUMENT:
                phone = phone_of(endpoint)
                return None if phone is None else DeskCalled(CallId(channel), phone, code)
            case (kind, _, call) if kind in (AGENT_ARGUMENT, OUTSIDE_ARGUMENT):
                event = LegAnswered(CallId(call), channel)
                self.learn(event)
                return event
            case (kind, _) if kind == CALLBACK_ARGUMENT:
                return CalledAnswered(CallId(channel))
            case (kind, call) if kind == SNOOP_ARGUMENT:
                self._snoops.add(channel)
                return SnoopStarted(CallId(call), channel)
            case _:
                return None

    def hush(self, message: PlaybackFinished) -> Hush | None:
        """Return what is to be done, after the event, because a playback has ended.

        One that broke off ended with its channel, as a rule: nobody is there to hear silence.
        """
        channel = message.channel
        if self._sounding.get(channel) == message.playback:
            del self._sounding[channel]
        if not message.heard or not self._hears_nothing(channel):
            return None
        leg = self._legs.get(channel)
        return Hush(CallId(channel) if leg is None else leg.call, channel)

    def divert(self, call: CallId, private: Private | None) -> None:
        """Send a caller's keys to `private` instead of the engine; None: to the engine again."""
        if private is None:
            self._private.pop(ChannelId(call), None)
        else:
            self._private[ChannelId(call)] = private

    # --- what is under way -------------------------------------------------------------------

    def learn(self, event: Event) -> None:
        """Take note of what `event` says, whether a message told it or a look at Asterisk."""
        match event:
            case LegAnswered(call, channel):
                self._legs[channel] = Leg(call, rang=True, answered=True)
            case CallFound(call, leg=leg, bridge=bridge) if leg is not None and bridge is not None:
                self._legs[leg] = Leg(call, rang=True, answered=True)
                self._inside |= {ChannelId(call): bridge, leg: bridge}
            case LegEnded(_, channel):
                self.drop_leg(channel)
            case PromptEnded(_, playback) | PromptFailed(_, playback):
                self.drop_playback(playback)
            case PhoneAppeared(phone):
                self._online.add(phone)
            case PhoneVanished(phone):
                self._online.discard(phone)

    def news(self, phone: PhoneId, online: bool) -> Event | None:
        """Return what it means that `phone` is `online`: nothing if that is known.

        Asterisk repeats the state whenever a call of that phone begins or ends.
        """
        if phone not in self.phones or online == (phone in self._online):
            return None
        return PhoneAppeared(phone) if online else PhoneVanished(phone)

    def leg(self, channel: ChannelId) -> Leg | None:
        """Return what is known of a leg that is under way."""
        return self._legs.get(channel)

    def drop_leg(self, channel: ChannelId) -> None:
        """Forget a leg; its late events mean nothing."""
        self._legs.pop(channel, None)

    def playing(self) -> list[tuple[PlaybackId, CallId]]:
        """The playbacks whose end was not seen yet."""
        return list(self._playing.items())

    def drop_playback(self, playback: PlaybackId) -> None:
        self._playing.pop(playback, None)
        for channel in [one for one, its in self._sounding.items() if its == playback]:
            del self._sounding[channel]


def phone_of(endpoint: str) -> PhoneId | None:
    """The phone that is the PJSIP endpoint `endpoint`, "agent-101" -> "101"."""
    return PhoneId(endpoint.removeprefix(ENDPOINT)) if endpoint.startswith(ENDPOINT) else None


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


def _send_silence(channel: ChannelId) -> Request:
    path = f"channels/{channel}/silence"
    return Request("send silence", "POST", path, channel=channel, gone_is_fine=True)


def _stop_silence(channel: ChannelId) -> Request:
    path = f"channels/{channel}/silence"
    return Request("stop silence", "DELETE", path, channel=channel, gone_is_fine=True)


def _remember(command: Remember) -> Request:
    variables = {SECTOR_VARIABLE: command.sector, JOINED_VARIABLE: repr(command.joined_at)}
    if command.fiche is not None:
        variables[FICHE_VARIABLE] = command.fiche
    if command.stop_listening:
        variables[NO_TALK_DETECTION] = ""
    return _set_variables("remember", command.channel, variables)


def _set_variables(operation: str, channel: ChannelId, variables: Mapping[str, str]) -> Request:
    return Request(
        operation,
        "POST",
        f"channels/{channel}/variables",
        body={"variables": variables},
        channel=channel,
        may_block=True,
        gone_is_fine=True,
    )


def _new_bridge(command: Join) -> Request:
    # `dtmf_events`: else two phones with one codec hand their packets on without Asterisk
    # looking at them, and no key of the conversation is seen (native_rtp, measured).
    query = {"type": "mixing,dtmf_events", "name": f"{BRIDGE_NAME}{command.call}"}
    return Request("bridge", "POST", f"bridges/{command.bridge}", query)


def _add_channel(command: Join | PutIn, channel: ChannelId) -> Request:
    query: dict[str, str] = {"channel": channel}
    if channel != ChannelId(command.call):
        # An informateur's keys are for us. A caller's go on to a referral's own menu.
        query["absorbDTMF"] = "true"
    path = f"bridges/{command.bridge}/addChannel"
    return Request("join", "POST", path, query, channel=channel, may_block=True)


def _remove_channel(command: TakeOut | Part, channel: ChannelId) -> Request:
    return Request(
        "part",
        "POST",
        f"bridges/{command.bridge}/removeChannel",
        {"channel": channel},
        may_block=True,
        gone_is_fine=True,
    )


def _leg_end(answered: bool, cause: int) -> LegEnd:
    if answered:
        return LegEnd.HUNG_UP if cause in _GOODBYES else LegEnd.LOST
    return _UNANSWERED.get(cause, LegEnd.UNREACHABLE)
